"""What the counters say of attempts."""

from __future__ import annotations

from prometheus_client import REGISTRY

from heimdall_litellm.core.failover import Hop
from heimdall_litellm.health import Failure, Health
from heimdall_litellm.observe.metrics import CatalogMeter
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


def test_the_catalog_shows_what_is_known_since_when_and_what_changed() -> None:
    meter, source = CatalogMeter(), {"source": "test-source"}
    meter.state("test-source", 0, None)
    assert REGISTRY.get_sample_value("heimdall_catalog_age_seconds", source) is None
    meter.state("test-source", 12, 30.5)
    assert _value("heimdall_catalog_age_seconds", **source) == 30.5
    assert _value("heimdall_catalog_models", **source) == 12
    before = _value("heimdall_catalog_drift_total", kind="price")
    meter.read("test-source", "fetched")
    meter.drift("price")
    assert _value("heimdall_catalog_reads_total", outcome="fetched", **source) == 1
    assert _value("heimdall_catalog_drift_total", kind="price") == before + 1
