"""`/metrics` and the journal of two workers, and LiteLLM's traces, after real traffic."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from heimdall_litellm.config import JournalSettings
from heimdall_litellm.journal.opening import open_store
from heimdall_litellm.journal.store import Entry
from tests.e2e import configs
from tests.e2e.conftest import _directory, _with_keys
from tests.e2e.proxy import Proxy, running
from tests.fakes.providers import FakeProviders

APART = {"heimdall-bucket": "mid", "connection": "close"}
"""A connection of its own, so that whichever worker is free takes it."""
WITHIN_S = 20.0
"""Within which what a worker has made is counted and written: a second, and a slow machine."""

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def _scrape(proxy: Proxy) -> Samples:
    with httpx.Client(trust_env=False, follow_redirects=True) as client:
        answer = client.get(f"{proxy.url}/metrics", timeout=30, headers={"authorization": "Bearer sk-master"})
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name.startswith("heimdall_")
    }


def _sum(samples: Samples, name: str, **labels: str) -> float:
    wanted = labels.items()
    return sum(value for (found, has), value in samples.items() if found == name and wanted <= set(has))


def _until(true: Callable[[], bool], within_s: float = WITHIN_S) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if true():
            return True
        threading.Event().wait(0.2)
    return False


@pytest.fixture(scope="module")
def workers(
    provider_server: FakeProviders, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Proxy, Path]]:
    """Two workers behind one port, with LiteLLM's `prometheus` callback and a journal."""
    directory = _directory(tmp_path_factory, "workers")
    given = configs.settings(
        failover={"circuit_breaker": True},
        journal={"url": f"sqlite:///{directory}/journal.sqlite", "flush_seconds": 0.2},
        baseline={"model": "claude"},
    )
    router = {"disable_cooldowns": True}
    config = _with_keys(configs.config(provider_server.url, given, router_settings=router))
    config["litellm_settings"]["callbacks"] = ["prometheus", "heimdall_litellm.heimdall"]
    env = {
        "NUM_WORKERS": "2",
        "PROMETHEUS_MULTIPROC_DIR": str(directory / "prometheus"),
        # A slow machine takes longer to start a worker than uvicorn waits for one.
        "TIMEOUT_WORKER_HEALTHCHECK": "120",
    }
    with running(directory, config, env, within_s=240) as started:
        yield started, directory


def _ask_all(proxy: Proxy) -> list[httpx.Response]:
    return [
        proxy.chat(f"{bucket} {at}: what then?", headers={"heimdall-bucket": bucket, "connection": "close"})
        for at in range(8)
        for bucket in ("cheap", "mid", "hard")
    ]


@pytest.mark.timeout(360)  # two workers start at once
def test_the_sums_of_two_workers_are_those_of_the_traffic(
    workers: tuple[Proxy, Path], fakes: FakeProviders
) -> None:
    proxy, directory = workers
    answers = _ask_all(proxy)
    assert {answer.status_code for answer in answers} == {200}
    before = time.time()
    fakes.script(gpt_5_mini="503")
    failed_over = [
        proxy.chat(f"more {at}", headers={"heimdall-bucket": "cheap", "connection": "close"})
        for at in range(4)
    ]
    assert {answer.status_code for answer in failed_over} == {200}
    refused = proxy.chat(headers={"heimdall-bucket": "unheard-of", "connection": "close"})
    assert refused.status_code == 400
    asked = len(answers) + len(failed_over)
    assert _until(lambda: _sum(_scrape(proxy), "heimdall_requests_total") == asked + 1)
    found = _scrape(proxy)

    writers = {path.stem.rpartition("_")[2] for path in (directory / "prometheus").glob("counter_*.db")}
    assert len(writers) >= 2
    assert all("pid" not in dict(labels) for _, labels in found)
    assert _sum(found, "heimdall_decisions_total") == asked + 1
    assert _sum(found, "heimdall_decisions_total", cause="refused", model="none", bucket="none") == 1
    for bucket, model in configs.CHOSEN.items():
        assert _sum(found, "heimdall_decisions_total", bucket=bucket, model=model) >= 8
    assert _sum(found, "heimdall_decision_seconds_count") == asked
    assert _sum(found, "heimdall_decision_cache_total") == asked
    assert _sum(found, "heimdall_requests_total", status="answered") == asked
    assert _sum(found, "heimdall_requests_total", status="refused", model="none") == 1
    assert _sum(found, "heimdall_attempts_total", outcome="ok") == asked
    assert _sum(found, "heimdall_latency_seconds_count") == asked

    broken = _sum(found, "heimdall_attempts_total", outcome="unavailable")
    assert 1 <= broken <= 2  # one for each worker, and none once it is set aside
    assert _sum(found, "heimdall_failovers_total", cause="unavailable", status="answered") == broken
    assert _sum(found, "heimdall_set_aside_total", cause="unavailable") == broken
    # One deployment, however many workers; for how long depends on how well it was.
    until = [v for (name, _), v in found.items() if name == "heimdall_set_aside_until_timestamp_seconds"]
    assert [value > before for value in until] == [True]
    assert _sum(found, "heimdall_signals_total", source="provider-error", verdict="bad") == broken

    assert _sum(found, "heimdall_cost_usd_total", compared="yes") > 0
    cheap = _sum(found, "heimdall_cost_usd_total", model="gpt-mini")
    assert 0 < cheap < _sum(found, "heimdall_baseline_cost_usd_total", model="gpt-mini")
    # The baseline itself, but asked to think hard: unasked it would have written less.
    at_baseline = _sum(found, "heimdall_cost_usd_total", model="claude")
    assert 0 < _sum(found, "heimdall_baseline_cost_usd_total", model="claude") < at_baseline
    assert _sum(found, "heimdall_estimated_cost_usd_total", mode="route") > 0
    assert _sum(found, "heimdall_bundle_info") == 1
    assert _sum(found, "heimdall_failures_total") == 0
    assert _until(lambda: _sum(_scrape(proxy), "heimdall_journal_items_total", outcome="written") > 2 * asked)


@pytest.mark.timeout(360)
def test_two_workers_write_one_journal_and_take_feedback_for_each_other(
    workers: tuple[Proxy, Path], fakes: FakeProviders
) -> None:
    proxy, directory = workers
    store = open_store(JournalSettings(url=SecretStr(f"sqlite:///{directory}/journal.sqlite")))
    before, written = store.count(), _written(proxy)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda at: proxy.chat(f"{at}: and then?", headers=APART), range(120)))
    assert {answer.status_code for answer in answers} == {200}
    known = [answer.headers["heimdall-decision-id"] for answer in answers]
    assert len(set(known)) == len(known)
    assert _until(lambda: all(_is_over(store.get(one)) for one in known))
    assert store.count() == before + len(known)
    # A record and an outcome each; documents may come along.
    assert _until(lambda: _written(proxy) - written >= 2 * len(known))

    # Of many, about half reach the worker that knows nothing of the request but what the journal says.
    rated = known[:24]
    for one in rated:
        body = {"decision_id": one, "score": 0.25}
        said = proxy.post("/heimdall/v1/feedback", body, headers={"connection": "close"})
        assert (said.status_code, said.json()["decision_id"]) == (202, one)
    assert _until(lambda: all(_scores(store.get(one)) == [0.25] for one in rated))
    found = _scrape(proxy)
    assert _sum(found, "heimdall_signals_total", source="feedback", verdict="bad") == len(rated)
    assert _sum(found, "heimdall_journal_items_total") == _written(proxy)  # nothing was lost
    assert "locked" not in proxy.output
    store.database.close()


def _written(proxy: Proxy) -> float:
    return _sum(_scrape(proxy), "heimdall_journal_items_total", outcome="written")


def _is_over(entry: Entry | None) -> bool:
    return entry is not None and entry.outcome is not None and entry.outcome.status == "answered"


def _scores(entry: Entry | None) -> list[float]:
    return [signal.score for signal in entry.signals] if entry is not None else []


def _spans(output: str) -> list[Mapping[str, Any]]:
    """Return the spans that OpenTelemetry's console exporter has printed, one JSON object after another."""
    found, decoder, at = [], json.JSONDecoder(), 0
    while (at := output.find("{\n", at)) >= 0:
        try:
            span, at = decoder.raw_decode(output, at)
        except ValueError:
            at += 1
            continue
        if isinstance(span, dict) and "context" in span:
            found.append(span)
    return found


def test_a_decision_is_a_span_below_litellms_own(
    provider_server: FakeProviders, fakes: FakeProviders, tmp_path_factory: pytest.TempPathFactory
) -> None:
    config = configs.config(provider_server.url, configs.settings(journal={"enabled": False}))
    config["litellm_settings"]["callbacks"] = ["otel", "heimdall_litellm.heimdall"]
    secret = "what nobody but the model may read"
    with running(
        _directory(tmp_path_factory, "traced"),
        config,
        {"OTEL_EXPORTER": "console", "OTEL_BSP_SCHEDULE_DELAY": "100"},
    ) as proxy:
        answer = proxy.chat(secret, headers={"heimdall-bucket": "hard"})
        assert answer.status_code == 200
        assert _until(lambda: "Received Proxy Server Request" in proxy.output)
    spans = _spans(proxy.output)
    decided = [span for span in spans if span["name"] == "heimdall.decide"]
    assert len(decided) == 1
    [span] = decided
    parents = {other["context"]["span_id"]: other["name"] for other in spans}
    assert parents[span["parent_id"]] == "Received Proxy Server Request"
    told = span["attributes"]
    assert told["heimdall.decision_id"] == answer.headers["heimdall-decision-id"]
    assert told["gen_ai.request.model"] == "claude-sonnet-4-5"
    assert told["gen_ai.provider.name"] == "anthropic"
    assert told["heimdall.bucket"] == "hard"
    assert told["heimdall.cause"] == "asked" or told["heimdall.candidates"] == 1
    assert secret not in json.dumps(span)
