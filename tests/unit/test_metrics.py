"""What the counters say of attempts."""

from __future__ import annotations

from prometheus_client import REGISTRY

from heimdall_litellm.core.failover import Hop
from heimdall_litellm.health import Failure, Health
from heimdall_litellm.plugin.attempts import Course


def _value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_attempts_and_circuits_are_counted_by_provider_outcome_and_adapter() -> None:
    limited = {"provider": "test-vendor", "outcome": "rate-limited", "credential": "anthropic-oauth"}
    served = {"provider": "other-vendor", "outcome": "ok", "credential": "proxy"}
    opened = {"provider": "test-vendor", "cause": "rate-limited", "scope": "own"}
    before = [_value("heimdall_attempts_total", **limited), _value("heimdall_set_aside_total", **opened)]
    health = Health()
    for _ in range(2):
        course = Course([Hop("a", "test-vendor"), Hop("b", "other-vendor")], limit=1)
        first = course.begin("a", health)
        first.adapter, first.own = "anthropic-oauth", "own:test-vendor:1"
        course.fail(first, Failure("rate-limited", 429), health)
        course.fail(first, Failure("rate-limited", 429), health)
        second = course.begin("b", health)
        course.succeed(second, health)
        course.succeed(second, health)
    assert _value("heimdall_attempts_total", **limited) == before[0] + 2
    assert _value("heimdall_attempts_total", **served) == 2
    assert _value("heimdall_set_aside_total", **opened) == before[1] + 1
