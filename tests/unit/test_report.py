"""What a report makes of a journal, in both databases."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from math import exp, sqrt
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from heimdall_litellm.config import JournalSettings
from heimdall_litellm.journal.opening import open_store
from heimdall_litellm.journal.record import Baseline, Caller, Item, Try
from heimdall_litellm.journal.store import Store
from heimdall_litellm.report import queries
from heimdall_litellm.report.figures import ArmLine, Counts, Failover, Interval, Summary, to_data
from heimdall_litellm.report.page import to_html
from heimdall_litellm.report.summary import summarise
from heimdall_litellm.report.uncertainty import FEWEST, SIGMA, Moments, Z, positive, reckoned, share
from heimdall_litellm.report.words import money, percent, sparkline
from tests.fakes.journal import START, assert_alike, at, outcome, record, signal
from tests.fakes.traffic import traffic
from tests.servers import Postgres

HOUR = timedelta(hours=1)
BASELINE = Baseline("big", 2.0, 100.0, 0.9, 1.0, 10.0)


@pytest.fixture
def store(journal_url: str) -> Iterator[Store]:
    """An empty journal."""
    made = open_store(JournalSettings(url=journal_url))
    yield made
    made.database.close()


def _summary(store: Store, **how: Any) -> Summary:
    return summarise(store, START, START + HOUR, **how)


def test_a_journal_without_requests_has_nothing_to_tell(store: Store) -> None:
    found = _summary(store, slots=3)
    assert found.requests == Counts()
    assert (found.saving, found.measured, found.shadow, found.estimated) == (None, None, None, None)
    assert (found.spend_usd, found.models, found.decision_us) == (0.0, (), None)
    assert [slot.at for slot in found.timeline] == [START, START + HOUR / 3, START + 2 * HOUR / 3]
    assert json.dumps(to_data(found), allow_nan=False)


def test_requests_are_counted_by_what_became_of_them(store: Store) -> None:
    statuses = ("answered", "answered", "cached", "failed", "left")
    for name, status in enumerate(statuses):
        store.write([record(f"{name}"), outcome(f"{name}", status=status)])
    store.write([record("u"), record("r", cause="refused", model=None), record("d", cause="default")])
    found = _summary(store)
    assert found.requests == Counts(8, 2, 1, 1, 0 + 1, 1, 2)
    assert found.failed_open == 1
    assert {row.name: row.requests for row in found.causes} == {"triage": 6, "refused": 1, "default": 1}
    assert {line.model: line.requests for line in found.models} == {"a": 7, "nobody": 1}


def test_only_the_period_the_key_and_the_name_asked_for_are_told_of(store: Store) -> None:
    key = Caller("h" * 64, "batch")
    store.write([record("early", -0.001), record("first"), record("late", 3599.9), record("after", 3600)])
    store.write([record("theirs", 5, caller=key), record("other", 6, requested="cheap")])
    assert _summary(store).requests.total == 4
    assert _summary(store, key="batch").requests.total == 1
    assert _summary(store, key="h" * 64).requests.total == 1
    assert _summary(store, key="nobody").requests.total == 0
    assert _summary(store, requested="cheap").requests.total == 1
    first, second = _summary(store, slots=2).timeline
    assert (first.requests, second.requests) == (3, 1)
    assert first.models == {"a": 3}


@pytest.mark.parametrize("is_late", [False, True])
def test_what_came_of_a_request_counts_whichever_is_written_first(store: Store, is_late: bool) -> None:
    items: list[Item] = [record("r"), outcome("r", cost_usd=0.25, model="b")]
    for item in reversed(items) if is_late else items:
        store.write([item])
    store.write([outcome("r", cost_usd=9.0), record("r", requested="twice")])
    found = _summary(store)
    assert (found.requests.total, found.requests.answered, found.spend_usd) == (1, 1, 0.25)
    assert [line.model for line in found.models] == ["b"]


def test_spend_and_tokens_are_added_up_by_model_and_bucket(store: Store) -> None:
    store.write([record("1"), outcome("1", cost_usd=1.0, input_tokens=10, output_tokens=5, cached_tokens=3)])
    store.write([record("2"), outcome("2", cost_usd=2.0, input_tokens=20, output_tokens=6)])
    hard = record("3", bucket="hard", model="b", is_remembered=True)
    store.write([hard, outcome("3", model="b", cost_usd=None, latency_s=2.0, first_token_s=0.5)])
    found = _summary(store)
    assert (found.spend_usd, found.unpriced, found.remembered) == (3.0, 1, 1)
    a, b = found.models
    assert (a.model, a.requests, a.share, a.spend_usd) == ("a", 2, pytest.approx(2 / 3), 3.0)
    assert (a.input_tokens, a.output_tokens, a.cached_tokens, a.latency_s) == (30, 11, 3, None)
    assert b.latency_s is not None
    assert (b.latency_s.p50, b.latency_s.p95, b.latency_s.sampled) == (2.0, 2.0, 1)
    assert [(row.name, row.requests, row.spend_usd) for row in found.buckets] == [
        ("cheap", 2, 3.0),
        ("hard", 1, 0.0),
    ]


def test_a_model_whose_price_nobody_knows_has_no_spend_and_one_that_is_free_has_none_to_pay(
    store: Store,
) -> None:
    store.write([record("1"), outcome("1", model="secret", cost_usd=None)])
    store.write([record("2"), outcome("2", model="local", cost_usd=0.0)])
    store.write([record("3"), outcome("3", model="mixed", cost_usd=None)])
    store.write([record("4"), outcome("4", model="mixed", cost_usd=0.5)])
    found = _summary(store)
    assert {line.model: line.spend_usd for line in found.models} == {
        "secret": None,
        "local": 0.0,
        "mixed": 0.5,
    }
    assert (found.unpriced, found.spend_usd) == (2, 0.5)
    assert "–" in to_html(found)


def test_failovers_are_told_by_their_first_failure(store: Store) -> None:
    limited, dead = Try("a", "p", "rate-limited", 429), Try("b", "p", "unavailable", 503)
    store.write([record("1"), outcome("1", tries=(limited, dead, Try("c", "q", "ok")))])
    store.write([record("2"), outcome("2", tries=(limited,), status="failed", cost_usd=None)])
    store.write([record("3"), outcome("3", tries=(dead, Try("c", "q", "ok")))])
    assert _summary(store).failovers == (Failover("rate-limited", 2, 1), Failover("unavailable", 1, 1))


def test_scores_are_means_of_the_signals_by_their_weights(store: Store) -> None:
    store.write([record("1"), outcome("1"), signal("1", score=1.0), signal("1", score=0.0, source="empty")])
    store.write([record("2"), outcome("2", model="b"), signal("2", score=0.5, weight=0.2)])
    scores = {line.model: (line.score, line.signals) for line in _summary(store).models}
    assert scores == {"a": (0.5, 2), "b": (pytest.approx(0.5), 1)}


def test_a_failure_speaks_against_the_model_that_failed_and_not_the_one_that_answered(store: Store) -> None:
    failed = {"source": "provider-error", "score": 0.0, "weight": 0.2, "model": "a"}
    tries = (Try("a", "x", "unavailable", 500), Try("b", "y", "ok"))
    store.write([record("1"), outcome("1", model="b", tries=tries), signal("1", **failed), signal("1")])
    store.write([record("2"), outcome("2", status="failed", tries=tries[:1]), signal("2", **failed)])
    store.write([record("3"), outcome("3", model="a"), signal("3")])
    found = _summary(store)
    lines = {line.model: (line.score, line.signals, line.requests) for line in found.models}
    assert lines == {"a": (pytest.approx(1.0 / 1.4), 3, 2), "b": (1.0, 1, 1)}
    assert (found.requests.total, found.spend_usd) == (3, 1.5)
    # Also where nothing came from it in the end.
    store.write([record("4", 10, model="c"), outcome("4", model="b", tries=tries)])
    store.write([signal("4", **{**failed, "model": "c"})])
    line = next(line for line in _summary(store).models if line.model == "c")
    assert (line.score, line.signals, line.requests) == (0.0, 1, 0)


def test_a_saving_is_reckoned_over_what_can_be_compared_and_may_be_a_loss(store: Store) -> None:
    def routed(name: str, **came: Any) -> None:
        store.write([record(name, baseline=BASELINE), outcome(name, **came)])

    routed("1", cost_usd=1.0, baseline_usd=4.0, guessed_usd=3.0)
    routed("2", cost_usd=2.0, baseline_usd=1.0, guessed_usd=0.0, model="big")
    routed("3", cost_usd=7.0, baseline_usd=None)
    store.write([record("4", mode="shadow", baseline=BASELINE), outcome("4", cost_usd=5.0, baseline_usd=9.0)])
    found = _summary(store).saving
    assert found is not None
    assert (found.baselines, found.requests) == (("big",), 2)
    assert (found.paid_usd, found.baseline_usd, found.guessed_usd) == (3.0, 5.0, 3.0)
    assert found.saved_usd.value == pytest.approx(2.0)
    factor = exp(Z * SIGMA)  # one pair alone is guessed: nothing averages out
    assert found.saved_usd.interval == Interval(
        pytest.approx(2.0 + 3.0 / factor - 3.0), pytest.approx(2.0 + 3.0 * factor - 3.0)
    )
    routed("5", cost_usd=20.0, baseline_usd=1.0)
    lost = _summary(store).saving
    assert lost is not None
    assert lost.saved_share is not None
    assert (lost.saved_usd.value, lost.saved_share.value) == (pytest.approx(-17.0), pytest.approx(-17 / 6))


def test_guesses_of_several_pairs_average_out_only_as_far_as_they_have_no_baseline_in_common() -> None:
    one, _ = reckoned(1.0, 10.0, [8.0])
    four, _ = reckoned(1.0, 10.0, [2.0] * 4)
    assert one.interval is not None
    assert four.interval is not None
    assert one.interval.high - 9.0 == pytest.approx(8 * (exp(Z * SIGMA) - 1))
    assert four.interval.high - 9.0 == pytest.approx(8 * (exp(Z * SIGMA * sqrt(0.5 + 0.5 / 4)) - 1))


def test_shadow_mode_says_what_following_would_have_cost(store: Store) -> None:
    watched = record("1", mode="shadow", decided="a", model="big", cost_usd=0.5, baseline=BASELINE)
    # The baseline cost half as much again as expected: so would what was decided.
    store.write([watched, outcome("1", model="big", cost_usd=3.0, baseline_usd=3.0)])
    store.write([record("2", mode="shadow", cost_usd=1.0), outcome("2", cost_usd=4.0)])
    store.write([record("3", mode="shadow", cost_usd=1.0), outcome("3", cost_usd=None)])
    found = _summary(store)
    assert found.shadow is not None
    assert (found.shadow.requests, found.shadow.compared) == (3, 2)
    assert found.shadow.paid_usd == pytest.approx(7.0)
    assert found.shadow.would_usd == pytest.approx(0.75 + 1.0)
    assert found.shadow.saved_usd.value == pytest.approx(5.25)
    # Of what isn't told apart, all may be a guess.
    assert found.shadow.guessed_usd == pytest.approx(1.75)
    told = record("4", mode="shadow", decided="a", model="a", cost_usd=9.0, baseline=BASELINE)
    store.write([told, outcome("4", cost_usd=2.0, baseline_usd=8.0)])  # changed nothing
    store.write([replace(told, id="5"), outcome("5", cost_usd=2.0, baseline_usd=8.0, would_usd=3.0)])
    again = _summary(store).shadow
    assert again is not None
    assert again.would_usd - found.shadow.would_usd == pytest.approx(2.0 + 3.0)
    # What was paid is known; that the same model would have cost more, because it thinks harder, is a guess.
    assert again.guessed_usd - found.shadow.guessed_usd == pytest.approx(3.0)
    assert found.saving is None


def _followed(
    known_as: str, answered: str, decided: str, paid: float, would: float, guessed: float
) -> list[Any]:
    watched = record(known_as, mode="shadow", decided=decided, model=answered, cost_usd=1.0)
    came = outcome(known_as, model=answered, cost_usd=paid, would_usd=would, would_guessed_usd=guessed)
    return [watched, came]


def test_shadow_mode_says_where_requests_would_have_gone_and_what_that_would_have_saved(
    store: Store,
) -> None:
    store.write([item for at in range(3) for item in _followed(f"a{at}", "big", "small", 4.0, 1.0, 0.8)])
    store.write(_followed("b", "big", "big", 4.0, 4.0, 0.0))
    unpriced = record("c", mode="shadow", decided="small", model="odd", cost_usd=1.0)
    store.write([unpriced, outcome("c", model="odd", cost_usd=None)])
    refused = record("d", mode="shadow", cause="refused", decided=None, model="big", cost_usd=None)
    store.write([refused, outcome("d", model="big", cost_usd=4.0)])
    found = _summary(store)
    shadow = found.shadow
    assert shadow is not None
    assert [
        (flow.answered, flow.decided, flow.requests, flow.compared, flow.paid_usd, flow.would_usd)
        for flow in shadow.flows
    ] == [
        ("big", "small", 3, 3, 12.0, 3.0),
        ("big", "big", 1, 1, 4.0, 4.0),
        ("odd", "small", 1, 0, 0.0, 0.0),
    ]
    assert (shadow.requests, shadow.compared, shadow.refused) == (6, 4, 1)
    assert (found.failed_open, found.requests.refused, found.requests.answered) == (0, 0, 6)
    assert (shadow.paid_usd, shadow.would_usd) == (16.0, 7.0)
    assert shadow.guessed_usd == pytest.approx(2.4)
    assert shadow.saved_usd.value == pytest.approx(9.0)
    assert shadow.saved_usd.interval is not None
    # One pair alone was guessed at, so nothing averages out.
    assert shadow.saved_usd.interval.low == pytest.approx(9.0 + 2.4 - 2.4 * exp(Z * SIGMA))
    assert shadow.saved_usd.interval.high == pytest.approx(9.0 + 2.4 - 2.4 * exp(-Z * SIGMA))
    assert shadow.saved_share is not None
    assert shadow.saved_share.value == pytest.approx(9 / 16)
    assert shadow.saved_share.interval is not None
    assert shadow.saved_share.interval.low == pytest.approx(shadow.saved_usd.interval.low / 16)


def test_a_request_that_shadow_mode_would_refuse_and_nobody_heard_of_is_unknown(store: Store) -> None:
    store.write([record("a", mode="shadow", cause="refused", decided=None, model="big", cost_usd=None)])
    store.write([record("b", cause="refused", decided=None, model=None, cost_usd=None)])
    # Nor may this key use the default model, which LiteLLM itself refuses it.
    store.write([record("c", mode="shadow", cause="refused", decided=None, model=None, cost_usd=None)])
    found = _summary(store)
    assert (found.requests.unknown, found.requests.refused) == (1, 2)
    assert found.shadow is not None
    assert (found.shadow.requests, found.shadow.refused) == (2, 1)


def test_estimates_are_held_against_what_the_decided_model_cost(store: Store) -> None:
    store.write([record("1", decided="a", cost_usd=1.0), outcome("1", cost_usd=1.5)])
    store.write([record("2", decided="a", cost_usd=9.0), outcome("2", cost_usd=1.0, model="b")])
    found = _summary(store).estimated
    assert found is not None
    assert (found.requests, found.expected_usd, found.actual_usd) == (1, 1.0, 1.5)


def _arms(store: Store, conversations: int, seed: int = 0) -> list[tuple[str, str, float, float, float]]:
    """Write both arms; return (conversation, arm, weight, cost, score) of each request."""
    rng, rows, items = np.random.default_rng(seed), [], list[Item]()
    for chat in range(conversations):
        arm, share = ("holdout", 0.2) if chat % 4 == 0 else ("chosen", 0.8)
        level = rng.lognormal()
        for turn in range(1 + chat % 3):
            name = f"{chat}-{turn}"
            cost, score = float(level * rng.lognormal()), float(rng.random() < 0.7)
            told = {"arm": arm, "propensity": share, "conversation": f"c{chat}", "baseline": BASELINE}
            items += [record(name, chat, **told), outcome(name, chat, cost_usd=cost)]
            items.append(signal(name, chat + 1, score))
            rows.append((f"c{chat}", arm, 1 / share, cost, score))
    store.write(items)
    return rows


def test_the_arms_are_compared_by_conversation(store: Store) -> None:
    rows = _arms(store, 160)
    found = _summary(store).measured
    assert found is not None

    def by_hand(arm: str, column: int) -> tuple[float, float]:
        mine = [row for row in rows if row[1] == arm]
        w, y = np.array([row[2] for row in mine]), np.array([row[column] for row in mine])
        mean = float((w * y).sum() / w.sum())
        chats = {row[0] for row in mine}
        u = [sum(r[2] * (r[column] - mean) for r in mine if r[0] == chat) for chat in chats]
        n = len(chats)
        return mean, float(n / (n - 1) * np.square(u).sum() / w.sum() ** 2)

    (routed, of_routed), (held, of_held) = by_hand("chosen", 3), by_hand("holdout", 3)
    assert (found.routed.conversations, found.held_out.conversations) == (120, 40)
    assert found.routed.requests + found.held_out.requests == len(rows)
    assert found.routed.cost_usd is not None
    assert found.routed.cost_usd.value == pytest.approx(routed)
    assert found.cost_usd is not None
    assert found.cost_usd.value == pytest.approx(routed - held)
    # Student's t of 119 and 39 degrees, around the logarithms of the means.
    (low, high), (held_low, held_high) = (
        (mean * exp(-t * sqrt(variance) / mean), mean * exp(t * sqrt(variance) / mean))
        for mean, variance, t in ((routed, of_routed, 1.9801), (held, of_held, 2.0227))
    )
    assert found.cost_usd.interval == Interval(
        pytest.approx(routed - held - sqrt((routed - low) ** 2 + (held_high - held) ** 2), rel=1e-3),
        pytest.approx(routed - held + sqrt((high - routed) ** 2 + (held - held_low) ** 2), rel=1e-3),
    )
    assert found.score is not None
    assert found.score.value == pytest.approx(by_hand("chosen", 4)[0] - by_hand("holdout", 4)[0])
    assert found.saved_usd is not None
    assert found.saved_usd.value == pytest.approx((held - routed) * found.routed.requests)
    assert found.note is None


def test_requests_that_no_draw_could_move_are_in_no_arm(store: Store) -> None:
    _arms(store, 160)
    before = _summary(store).measured
    store.write([record("same", baseline=BASELINE, arm="holdout"), outcome("same", cost_usd=1e6)])
    store.write([record("asked", baseline=BASELINE, cause="asked"), outcome("asked", cost_usd=1e6)])
    assert _summary(store).measured == before


def test_unequal_probabilities_are_made_up_for(store: Store) -> None:
    # Cheap ones were held out rarely, dear ones often: without weights the baseline would look dear.
    for at_all in range(200):
        is_dear, is_out = at_all % 2 == 0, at_all % 10 in (0, 2, 4, 1)
        share = 0.6 if is_dear else 0.2
        told = {"arm": "holdout" if is_out else "chosen", "propensity": share if is_out else 1 - share}
        cost = 10.0 if is_dear else 1.0
        store.write([record(f"{at_all}", **told), outcome(f"{at_all}", cost_usd=cost)])
    found = _summary(store).measured
    assert found is not None
    assert found.held_out.cost_usd is not None
    assert found.cost_usd is not None
    assert found.held_out.cost_usd.value == pytest.approx(5.5)
    assert found.cost_usd.value == pytest.approx(0.0)


def test_of_few_conversations_nothing_is_said_but_that_they_are_few(store: Store) -> None:
    _arms(store, 4 * (FEWEST - 1))
    found = _summary(store).measured
    assert found is not None
    assert found.cost_usd is not None
    assert found.cost_usd.interval is None
    assert found.saved_share is not None
    assert found.saved_share.interval is None
    assert found.note is not None
    assert "29 conversations" in found.note
    assert "holdout.share" in found.note


def test_an_arm_that_is_empty_leaves_nothing_to_compare(store: Store) -> None:
    store.write([record("1", arm="holdout", propensity=0.1), outcome("1")])
    found = _summary(store).measured
    assert found is not None
    assert found.routed == ArmLine(0, 0, 0, None, None, None)
    assert (found.cost_usd, found.saved_usd, found.saved_share) == (None, None, None)


def test_intervals_hold_what_they_are_about_about_as_often_as_they_say() -> None:
    rng, truth, hits, draws = np.random.default_rng(1), exp(0.49), 0, 400
    for _ in range(draws):
        w, y = np.empty(100), np.empty(100)
        for chat in range(100):
            w[chat] = rng.integers(1, 5)
            y[chat] = rng.lognormal(0, 0.7) * rng.lognormal(0, 0.7, int(w[chat])).sum()
        sums = ((w * w).sum(), (w * y).sum(), (y * y).sum())
        interval = positive(Moments(100, 0, w.sum(), y.sum(), *map(float, sums))).interval
        assert interval is not None
        hits += int(interval.low <= truth <= interval.high)
    # Costs are skewed: the fewer the conversations, the more often it misses.
    assert 0.90 <= hits / draws <= 0.98


def test_a_share_that_is_0_so_far_is_not_0_for_sure() -> None:
    found = share(Moments(40, 40, 40.0, 0.0, 40.0, 0.0, 0.0))
    assert found.value == 0.0
    assert found.interval is not None
    assert 0.03 < found.interval.high < 0.1


@pytest.mark.parametrize(
    ("hours", "slots", "width", "begins"),
    [(24, 48, HOUR / 2, 12.5), (24, 47, HOUR, 12), (168, 48, 4 * HOUR, 12), (24 * 90, 48, 48 * HOUR, -24)],
)
def test_a_timeline_has_whole_parts_so_that_it_stands_still(
    store: Store, hours: float, slots: int, width: timedelta, begins: float
) -> None:
    store.write([record("1", 2_700), record("2", 3 * 3_600)])
    for late in (timedelta(0), timedelta(minutes=20)):
        since = START + timedelta(minutes=35) + late
        timeline = summarise(store, since, since + hours * HOUR, slots=slots).timeline
        assert timeline[0].at == START.replace(hour=0) + begins * HOUR
        assert {b.at - a.at for a, b in pairwise(timeline)} == {width}
        assert timeline[-1].at < since + hours * HOUR <= timeline[-1].at + width
        assert len(timeline) <= slots + 1
        assert sum(slot.requests for slot in timeline) == 2 - (late > timedelta(0))


def test_of_many_requests_a_sample_tells_the_percentiles(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    ids = [str(UUID(bytes=rng.bytes(16), version=4)) for _ in range(2_000)]
    store.write([record(name, duration_us=at_all) for at_all, name in enumerate(ids)])
    whole = _summary(store).decision_us
    assert whole is not None
    assert (whole.sampled, whole.p50) == (2_000, 999.5)
    monkeypatch.setattr(queries, "SAMPLE", 500)
    part = _summary(store).decision_us
    assert part is not None
    assert 400 < part.sampled < 600
    assert part.p95 == pytest.approx(1_900, abs=60)


@pytest.fixture(scope="module")
def real() -> list[Item]:
    """Real decisions and records, and what is drawn to have come of them."""
    return list(traffic(150, holdout=0.3))


def test_both_databases_tell_the_same(real: list[Item], tmp_path: Path, postgres: Postgres) -> None:
    told = []
    for url in (f"sqlite:///{tmp_path}/journal.sqlite", postgres.url(postgres.database())):
        store = open_store(JournalSettings(url=url))
        store.write(real)
        last = max(item.at for item in real)
        told.append(to_data(summarise(store, last - timedelta(days=8), last, slots=12)))
        store.database.close()
    assert told[0]["requests"]["total"] > 140
    assert told[0]["measured"]["held_out"]["requests"] > 10
    assert_alike(told[0], told[1])


def test_money_has_the_digits_that_it_takes() -> None:
    shown = [money(value) for value in (0.0, 1234.5, 0.0946, 0.00336, -0.0123, 1.2e-7)]
    assert shown == ["$0.00", "$1,234.50", "$0.0946", "$0.00336", "−$0.0123", "$0.000000120"]
    assert [percent(value) for value in (0.241, -0.5, -0.00001)] == ["24.1%", "−50.0%", "0.0%"]
    assert sparkline([0, 1, 8]) == " ▂█"
    assert sparkline([0, 0]) == "  "


def test_a_time_of_the_period_may_be_anywhere_in_the_world(store: Store) -> None:
    from datetime import timezone

    store.write([record("1", 10)])
    east = timezone(timedelta(hours=9))
    found = summarise(store, START.astimezone(east), at(20).astimezone(east))
    assert found.requests.total == 1
    assert replace(found, since=START, until=at(20)) == summarise(store, START, at(20))


def test_the_documented_queries_run(store: Store) -> None:
    page = (Path(__file__).parents[2] / "docs" / "journal.md").read_text()
    queries_shown = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    assert len(queries_shown) == 4
    store.write([record("1"), outcome("1", tries=(Try("a", "p", "timeout"),), baseline_usd=2.0)])
    store.write([signal("1", score=0.0)])
    with store.reading() as connection:
        for statement in queries_shown:
            assert len(connection.exec_driver_sql(statement).all()) == 1
