"""What is counted of requests, from the journal's items."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest
from prometheus_client import REGISTRY

from heimdall_litellm.errors import JournalError
from heimdall_litellm.journal.record import Baseline, Item, JournalRecord, Outcome, Signal, Try, now
from heimdall_litellm.journal.sink import NoMeter, NoSink
from heimdall_litellm.journal.writer import BATCH, Writer
from heimdall_litellm.observe import traffic as module
from heimdall_litellm.observe.traffic import MOST_MODELS, Known, Told, Traffic
from tests.fakes.traffic import traffic as made_up

GROUPS = {"small", "large", "base"}
RECORD = JournalRecord(
    id="1",
    at=now(),
    requested="heimdall",
    call="acompletion",
    mode="route",
    arm="chosen",
    cause="triage",
    reason="",
    propensity=1.0,
    model="small",
    decided="small",
    bucket="cheap",
    cost_usd=0.25,
    baseline=Baseline("base", 2.0, 100.0, 0.9, 1.0, 4.0),
    duration_us=400,
    spent_us=(100.0, 20.0, 60.0),
)
OUTCOME = Outcome("1", now(), "answered", "small", latency_s=2.0, cost_usd=0.5, baseline_usd=3.0)
SIGNAL = Signal("1", now(), "feedback", 0.5, 1.0)


def value(name: str, **labels: str) -> float:
    """Return the value of one series; 0 where it isn't there."""
    return REGISTRY.get_sample_value(f"heimdall_{name}", labels) or 0.0


class Since:
    """What series have grown by since they were first looked at."""

    def __init__(self) -> None:
        self._before = {
            (s.name, tuple(sorted(s.labels.items()))): s.value for m in REGISTRY.collect() for s in m.samples
        }

    def __call__(self, name: str, **labels: str) -> float:
        before = self._before.get((f"heimdall_{name}", tuple(sorted(labels.items()))), 0.0)
        return value(name, **labels) - before

    def of(self, name: str) -> dict[tuple[str, ...], float]:
        """Return how much the series of a name have grown, by the values of their labels, sorted by name."""
        found = {}
        for metric in REGISTRY.collect():
            for s in metric.samples:
                grown = s.value - self._before.get((s.name, tuple(sorted(s.labels.items()))), 0.0)
                if s.name == f"heimdall_{name}" and grown:
                    found[tuple(v for _, v in sorted(s.labels.items()))] = grown
        return found


@pytest.fixture
def since() -> Since:
    return Since()


@pytest.fixture
def count() -> Traffic:
    return Traffic(lambda: GROUPS)


def test_a_decision_is_counted_with_its_time_its_parts_and_what_it_expects(
    count: Traffic, since: Since
) -> None:
    count([RECORD, replace(RECORD, id="2", is_remembered=True, spent_us=(0.0, 0.0, 0.0))])
    assert since("decisions_total", bucket="cheap", model="small", cause="triage", mode="route") == 2
    assert since("decision_seconds_count") == 2
    assert since("decision_seconds_bucket", le="0.0005") == 2
    assert since("decision_seconds_bucket", le="0.00035") == 0
    assert since("decision_stage_seconds_count", stage="embedding") == 1
    assert since("decision_stage_seconds_sum", stage="triage") == pytest.approx(60e-6)
    assert since("decision_cache_total", outcome="hit") == since("decision_cache_total", outcome="miss") == 1
    assert since("estimated_cost_usd_total", model="small", mode="route") == 0.5
    assert since("estimated_baseline_cost_usd_total", mode="route") == 4.0


def test_a_request_that_nothing_was_decided_on_has_no_decision_time(count: Traffic, since: Since) -> None:
    undecided = replace(RECORD, cause="default", model="base", decided=None, bucket=None, cost_usd=None)
    count([undecided])
    assert since("decisions_total", bucket="none", model="base", cause="default", mode="route") == 1
    assert since("decision_seconds_count") == 0
    assert since("decision_cache_total", outcome="miss") == 0


def test_in_shadow_mode_the_decision_is_counted_where_it_would_have_gone_and_the_cost_where_it_went(
    count: Traffic, since: Since
) -> None:
    count([replace(RECORD, mode="shadow", model="base", decided="small"), replace(OUTCOME, model="base")])
    assert since("decisions_total", bucket="cheap", model="small", cause="triage", mode="shadow") == 1
    paid = {"model": "base", "arm": "chosen", "mode": "shadow"}
    assert since("cost_usd_total", compared="yes", **paid) == 0.5
    assert since("baseline_cost_usd_total", **paid) == 3.0


def test_what_was_paid_without_a_known_baseline_is_told_apart(count: Traffic, since: Since) -> None:
    count([replace(RECORD, arm="holdout"), replace(OUTCOME, baseline_usd=None)])
    labels = {"model": "small", "arm": "holdout", "mode": "route"}
    assert since("cost_usd_total", compared="no", **labels) == 0.5
    assert since("cost_usd_total", compared="yes", **labels) == 0
    assert since.of("baseline_cost_usd_total") == {}


def test_a_baseline_below_nothing_counts_as_nothing(count: Traffic, since: Since) -> None:
    count([RECORD, replace(OUTCOME, baseline_usd=-0.1)])
    assert since("cost_usd_total", model="small", arm="chosen", mode="route", compared="yes") == 0.5
    assert since.of("baseline_cost_usd_total") == {}


def test_times_are_those_of_answers_and_of_streams_the_first_token_too(count: Traffic, since: Since) -> None:
    stream = replace(OUTCOME, first_token_s=0.3)
    count([RECORD, OUTCOME, replace(stream, status="failed"), stream])
    assert since("latency_seconds_count", model="small") == 2
    assert since("first_token_seconds_count", model="small") == 1
    assert since("first_token_seconds_bucket", model="small", le="0.35") == 1
    assert since("first_token_seconds_bucket", model="small", le="0.2") == 0


def test_failovers_are_counted_by_what_the_first_failed_with_and_what_came_of_it(
    count: Traffic, since: Since
) -> None:
    first, second = Try("small", "a", "rate-limited", 429), Try("large", "b", "ok")
    served = replace(OUTCOME, model="large", tries=(first, second), escalated_from="a")
    count(
        [RECORD, served, replace(served, status="failed", tries=(first, replace(second, outcome="broken")))]
    )
    assert since("failovers_total", cause="rate-limited", status="answered") == 1
    assert since("failovers_total", cause="rate-limited", status="failed") == 1
    assert since("escalations_total", provider="a") == 2
    count([replace(OUTCOME, tries=(first,), status="failed")])
    assert sum(since.of("failovers_total").values()) == 2
    assert since("requests_total", model="large", status="answered", arm="chosen", mode="route") == 1


def test_a_signal_counts_for_the_model_that_answered_and_the_arm(count: Traffic, since: Since) -> None:
    count(
        [
            *(replace(RECORD, arm="holdout"), replace(OUTCOME, model="large")),
            *(SIGNAL, replace(SIGNAL, source="empty", score=0.4)),
        ]
    )
    labels = {"model": "large", "arm": "holdout", "mode": "route"}
    assert since("signals_total", verdict="good", source="feedback", **labels) == 1
    assert since("signals_total", verdict="bad", source="empty", **labels) == 1


def test_a_signal_counts_for_the_model_that_it_is_about(count: Traffic, since: Since) -> None:
    count([RECORD, replace(OUTCOME, model="large"), replace(SIGNAL, source="provider-error", model="small")])
    assert (
        since(
            "signals_total",
            verdict="good",
            source="provider-error",
            model="small",
            arm="chosen",
            mode="route",
        )
        == 1
    )


def test_of_feedback_that_comes_again_the_first_counts_even_where_minds_have_changed(since: Since) -> None:
    journal = {"rated": Known(Told("base", "chosen", "route"), is_rated=True)}
    count = Traffic(lambda: GROUPS, journal.get)
    count([RECORD, OUTCOME, SIGNAL, SIGNAL])
    count([replace(SIGNAL, score=0.0)])
    count([replace(SIGNAL, id="rated")])
    assert since.of("signals_total") == {("chosen", "route", "small", "feedback", "good"): 1}
    journal["1"] = Known(Told("small", "chosen", "route"), is_rated=True)
    Traffic(lambda: GROUPS, journal.get)([RECORD, OUTCOME, SIGNAL])  # another worker
    assert sum(since.of("signals_total").values()) == 1


def test_a_signal_on_a_request_of_another_worker_is_looked_up(since: Since) -> None:
    count = Traffic(lambda: GROUPS, {"far": Known(Told("base", "holdout", "route"))}.get)
    count([replace(SIGNAL, id="far"), replace(SIGNAL, id="nobody's")])
    of = {"source": "feedback", "verdict": "good", "mode": "route"}
    assert since("signals_total", model="base", arm="holdout", **of) == 1
    assert since("signals_total", model="other", arm="chosen", **of) == 1


def test_models_that_nobody_configured_share_a_label_and_so_do_too_many(since: Since) -> None:
    count = Traffic(lambda: {f"m{at}" for at in range(1_000)})
    count([replace(RECORD, id="0", model="typed by somebody", decided="typed by somebody")])
    count([replace(RECORD, id=f"{at}", model=f"m{at}", decided=f"m{at}") for at in range(1_000)])
    models = {labels[3] for labels in since.of("decisions_total")}
    assert len(models) == MOST_MODELS + 1
    assert since("decisions_total", bucket="cheap", model="other", cause="triage", mode="route") == (
        1 + 1_000 - MOST_MODELS
    )


def test_what_is_remembered_of_requests_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_REMEMBERED", 3)
    count = Traffic(lambda: GROUPS)
    count([replace(RECORD, id=f"{at}") for at in range(10)])
    assert list(count._told) == ["7", "8", "9"]


def test_sums_are_those_of_the_journal(since: Since) -> None:
    items = list(made_up(60, days=1.0, holdout=0.2))
    models = {item.model for item in items if isinstance(item, JournalRecord) and item.model}
    Traffic(lambda: models | {item.model for item in items if isinstance(item, Outcome) and item.model})(
        items
    )
    outcomes = [item for item in items if isinstance(item, Outcome)]
    assert sum(since.of("decisions_total").values()) == len(outcomes) == 60
    assert sum(since.of("cost_usd_total").values()) == pytest.approx(sum(o.cost_usd or 0 for o in outcomes))
    assert sum(since.of("baseline_cost_usd_total").values()) == pytest.approx(
        sum(o.baseline_usd or 0 for o in outcomes)
    )
    assert sum(since.of("signals_total").values()) == sum(isinstance(item, Signal) for item in items)


class _Sink(NoSink):
    """Fails until it is told not to."""

    def __init__(self) -> None:
        self.is_failing, self.calls = True, 0
        self.kept: list[Item] = []

    def write(self, items: Sequence[Item]) -> int:
        self.calls += 1
        if self.is_failing:
            raise JournalError("no room")
        self.kept += items
        return 0


class _Meter(NoMeter):
    def __init__(self) -> None:
        self.lost = 0

    def dropped(self, cause: str, count: int = 1) -> None:
        assert cause == "full"
        self.lost += count


def test_items_are_seen_once_each_while_the_store_is_down_and_beyond_what_can_be_kept() -> None:
    sink, meter, seen, enough = _Sink(), _Meter(), list[Item](), threading.Event()
    writer = Writer(sink, meter, size=100, flush_s=0.01)

    def observe(items: Sequence[Item]) -> None:
        seen.extend(items)
        if len(seen) == 300:
            enough.set()

    writer.tell(observe)
    writer.submit(lambda: (SIGNAL,))
    assert not writer.flush(0.2)
    turned_away = 0
    for at in range(299):
        while not writer.submit(lambda at=at: (replace(SIGNAL, id=f"s{at}"),)):  # type: ignore[misc]
            turned_away += 1
            enough.wait(0.01)
    assert enough.wait(20)
    sink.is_failing = False
    assert writer.flush(20)
    writer.close()
    assert len(seen) == len({item.id for item in seen}) == 300  # type: ignore[union-attr]
    assert len(sink.kept) == 100
    assert meter.lost - turned_away == 200


def test_much_that_comes_in_does_not_have_a_failing_store_asked_again() -> None:
    sink, seen = _Sink(), threading.Semaphore(0)
    writer = Writer(sink, NoMeter(), size=10 * BATCH, flush_s=60.0)
    writer.tell(lambda items: [seen.release() for _ in items] and None)
    writer.submit(lambda: (SIGNAL,))
    writer.flush(0.5)
    asked = sink.calls
    assert asked >= 1
    for _ in range(2 * BATCH):
        writer.submit(lambda: (SIGNAL,))
    assert all(seen.acquire(timeout=20) for _ in range(BATCH))
    assert sink.calls == asked
    sink.is_failing = False
    writer.close()
    assert len(sink.kept) == 2 * BATCH + 1


def test_an_observer_that_fails_loses_no_item() -> None:
    sink = _Sink()
    sink.is_failing = False
    writer = Writer(sink, NoMeter(), flush_s=0.01)

    def observe(_: Sequence[Item]) -> None:
        raise ZeroDivisionError

    writer.tell(observe)
    writer.submit(lambda: (SIGNAL,))
    assert writer.flush(20)
    writer.close()
    assert sink.kept == [SIGNAL]
