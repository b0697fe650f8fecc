"""What the counters say of attempts, circuits, failures, the catalog and the bundle."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from prometheus_client import REGISTRY

from heimdall_litellm.config import load_settings
from heimdall_litellm.core.failover import Hop
from heimdall_litellm.health import PAUSES, Failure, Health, own_key
from heimdall_litellm.observe.metrics import BundleMeter, CatalogMeter
from heimdall_litellm.plugin.attempts import Course
from heimdall_litellm.plugin.runtime import Runtime
from heimdall_litellm.plugin.shield import Failures
from tests.fakes.engine import FakeEngine
from tests.support import QUIET


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


def test_failures_are_counted_by_stage_and_cause_and_causes_are_bounded() -> None:
    before = [_value("heimdall_failures_total", stage="test", cause=c) for c in ("KeyError", "other")]
    failures = Failures(max_causes=1)
    failures.record("test", KeyError("a prompt"))
    failures.record("test", KeyError())
    failures.record("test", ValueError())
    assert _value("heimdall_failures_total", stage="test", cause="KeyError") == before[0] + 2
    assert _value("heimdall_failures_total", stage="test", cause="other") == before[1] + 1


def test_the_bundle_that_decides_is_1_and_the_one_before_0() -> None:
    meter, created = BundleMeter(), datetime(2026, 1, 2, tzinfo=UTC)
    meter.serves("first", "a" * 64, created)
    assert _value("heimdall_bundle_info", bundle="first", digest="a" * 12) == 1
    assert _value("heimdall_bundle_created_timestamp_seconds") == created.timestamp()
    meter.serves("second", "b" * 64, datetime(2026, 1, 3, tzinfo=UTC))
    assert REGISTRY.get_sample_value("heimdall_bundle_info", {"bundle": "first", "digest": "a" * 12}) == 0
    assert _value("heimdall_bundle_info", bundle="second", digest="b" * 12) == 1
    assert _value("heimdall_bundle_created_timestamp_seconds") == created.timestamp() + 86_400


def _models() -> list[dict[str, Any]]:
    params = {"model": "openai/gpt-5", "api_key": "sk-x"}
    return [
        {"model_name": name, "litellm_params": params, "model_info": {"id": f"id-of-{name}"}}
        for name in ("heimdall", "a")
    ]


def test_a_deployment_shows_until_when_it_is_set_aside_and_0_once_it_is_well() -> None:
    lists = {f"{bucket}_candidates": ["a"] for bucket in ("cheap", "mid", "hard")}
    runtime = Runtime(
        load_settings({"router": lists, **QUIET}), Failures(), make=FakeEngine, watch=lambda *_: None
    )
    runtime.build(_models())
    health, named = runtime.health, {"provider": "openai", "model": "a", "deployment": "id-of-a"}
    name = "heimdall_set_aside_until_timestamp_seconds"
    health.fail(own_key("openai", "1"), Failure("rate-limited"), PAUSES["rate-limited"])
    assert REGISTRY.get_sample_value(name, named) is None
    health.fail("id-of-a", Failure("refused"), PAUSES["refused"])
    assert 200 < _value(name, **named) - time.time() < 400
    health.recover(["id-of-a"])
    assert REGISTRY.get_sample_value(name, named) == 0
    assert all("own:" not in str(s.labels) for m in REGISTRY.collect() if m.name == name for s in m.samples)
