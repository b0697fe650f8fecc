"""What is recorded of a decision and of what came of it, from real decisions on the shipped bundle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from heimdall_litellm.core.conversation import Follows
from heimdall_litellm.core.cost import expected_output_tokens
from heimdall_litellm.core.failover import Hop
from heimdall_litellm.core.request import read_request
from heimdall_litellm.core.types import NO_STANDING, Bucket, CatalogEntry, Overrides
from heimdall_litellm.engine import Heimdall
from heimdall_litellm.health import Failure
from heimdall_litellm.journal.record import Item, JournalRecord, Outcome, Signal, Status
from heimdall_litellm.plugin import recording
from heimdall_litellm.plugin.attempts import Attempt, Course
from heimdall_litellm.plugin.reckoning import Prices, caches
from heimdall_litellm.plugin.recording import READ, Choice, Recorder
from heimdall_litellm.plugin.records import Record

ROOT = Path(__file__).parents[2]
BODY = {"messages": [{"role": "user", "content": "Prove that e is irrational"}]}


@dataclass(slots=True)
class Now:
    """A writer that makes everything at once."""

    items: list[Item] = field(default_factory=list)

    def submit(self, make: Callable[[], Sequence[Item]]) -> bool:
        self.items += make()
        return True

    def record(self) -> JournalRecord:
        """Return the latest record."""
        return next(item for item in reversed(self.items) if isinstance(item, JournalRecord))

    def outcome(self) -> Outcome:
        """Return the latest outcome."""
        return next(item for item in reversed(self.items) if isinstance(item, Outcome))


@pytest.fixture(scope="module")
def engine() -> Heimdall:
    return Heimdall.from_yaml(ROOT / "litellm_config.yaml", environ={}, is_caching=False)


def logged(cost: float | None = 0.04, read: int = 100, written: int = 4_000, **usage: Any) -> dict[str, Any]:
    """What LiteLLM logs of an answer."""
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "response_cost": cost,
        "metadata": {"usage_object": usage},
        "response": {},
    }


def decided(engine: Heimdall, bucket: Bucket | None = None, *models: str) -> Choice:
    """Decide on a request as the handler does, among these models or all."""
    facts, overrides = read_request(BODY), Overrides(bucket=bucket)
    names = frozenset(models or engine.candidate_names("heimdall"))
    decision = engine.decide_facts(facts, overrides=overrides, permitted=names)
    return Choice(facts, decision, engine.snapshot, names, overrides, NO_STANDING)


def answered(recorder: Recorder, choice: Choice, answer: dict[str, Any], *models: str) -> Record:
    """Record a request that went to the models decided on, or to others, of which the last one answered."""
    record = Record("heimdall", "why", call="acompletion")
    record.note(choice, "why")
    hops = [Hop(name) for name in models or (choice.decision.model,)]
    record.goes_to, record.served = hops[0].model, hops[-1].model
    record.course = Course(hops)
    record.course.attempts += [Attempt(hop, is_over=True, added_effort=True) for hop in hops]
    recorder.decided(record, BODY)
    recorder.ended(record, "answered", answer)
    return record


@pytest.mark.parametrize(("bucket", "effort"), [("hard", "high"), ("mid", "medium")])
def test_of_a_model_in_several_buckets_that_row_counts_which_was_chosen(
    engine: Heimdall, bucket: Bucket, effort: str
) -> None:
    writer = Now()
    choice = decided(engine, bucket, "gpt-5", "gemini-2.5-pro")
    record = answered(Recorder(writer, lambda _: Prices()), choice, logged())  # type: ignore[arg-type]
    told, model = writer.record(), choice.decision.model
    rows = {c.bucket: c for c in told.candidates if c.model == model}
    assert len({row.cost_usd for row in rows.values()}) > 1, "a model with one row shows nothing"
    assert (told.decided_in, told.effort, told.chosen) == (bucket, effort, rows[bucket])
    assert told.cost_usd == rows[bucket].cost_usd
    assert record.reckoning.expected_tokens[model] == rows[bucket].output_tokens


def test_a_record_that_names_no_row_tells_it_by_the_effort(engine: Heimdall) -> None:
    writer = Now()
    answered(Recorder(writer, lambda _: Prices()), decided(engine, "hard"), logged())  # type: ignore[arg-type]
    told = writer.record()
    assert replace(told, decided_in=None).chosen == told.chosen
    assert replace(told, decided=None).chosen is None


OPEN = Prices(input=1.0, output=4.0)


@pytest.mark.parametrize(
    ("cost", "prices", "usage", "paid"),
    [
        (0.04, Prices(), {}, 0.04),  # LiteLLM's own figure
        (0.0, Prices(), {}, None),  # it says 0 of what it doesn't know
        (None, Prices(), {}, None),
        (0.0, Prices(input=1.0), {}, None),
        (0.0, Prices(0.0, 0.0), {}, 0.0),  # a local model, as its owner states
        (0.0, OPEN, {}, (1_000 * 1.0 + 500 * 4.0) / 1e6),  # a stream that LiteLLM reckons at nothing
        (None, OPEN, {}, (1_000 * 1.0 + 500 * 4.0) / 1e6),
        (0.0, OPEN, {"cache_read_input_tokens": 400}, (1_000 * 1.0 + 500 * 4.0) / 1e6),
        (
            0.0,
            Prices(1.0, 4.0, 0.1, 1.25),
            {"cache_read_input_tokens": 400, "cache_creation_input_tokens": 200},
            (400 * 1.0 + 400 * 0.1 + 200 * 1.25 + 500 * 4.0) / 1e6,
        ),
    ],
)
def test_a_cost_is_litellms_or_the_catalogs_and_otherwise_unknown(
    engine: Heimdall, cost: float | None, prices: Prices, usage: dict[str, int], paid: float | None
) -> None:
    writer = Now()
    answer = logged(cost, 1_000, 500, **usage)
    answered(Recorder(writer, lambda _: prices), decided(engine), answer)  # type: ignore[arg-type]
    found = writer.outcome()
    assert found.cost_usd == pytest.approx(paid)
    assert (found.baseline_usd is None) == (paid is None), "what isn't priced can't be compared"


def test_of_a_model_whose_price_nobody_knows_nothing_is_expected(engine: Heimdall) -> None:
    choice, writer = decided(engine), Now()
    answered(Recorder(writer, lambda _: Prices()), choice, logged())  # type: ignore[arg-type]
    assert writer.record().cost_usd is not None
    assert writer.record().baseline is not None
    unpriced = {
        name: replace(entry, input_usd_per_mtok=None)
        if name in (choice.decision.model, choice.baseline)
        else entry
        for name, entry in engine.snapshot.entries.items()
    }
    other = Heimdall(engine.settings, tuple(unpriced.values()), engine.snapshot.bundle)
    facts, names = read_request(BODY), frozenset(other.candidate_names("heimdall"))
    decision = other.decide_facts(facts, permitted={choice.decision.model, choice.baseline})
    again = replace(choice, decision=decision, snapshot=other.snapshot, permitted=names)
    answered(Recorder(writer, lambda _: Prices()), again, logged())  # type: ignore[arg-type]
    assert (writer.record().cost_usd, writer.record().baseline) == (None, None)
    assert (writer.outcome().cost_usd, writer.outcome().baseline_usd) == (0.04, None)


def _turns(engine: Heimdall, *models: str, body: dict[str, Any] = BODY) -> list[Outcome]:
    """Record a conversation whose turns these models answered, for a dollar each."""
    writer, outcomes, earlier = Now(), list[Outcome](), None
    recorder = Recorder(writer, lambda _: Prices(cache_read=0.01))  # type: ignore[arg-type]
    for model in models:
        record = Record("heimdall", "why", call="acompletion")
        record.note(decided(engine), "why")
        record.follows = Follows("c", 5_000 if earlier else 0, earlier)
        record.goes_to = record.served = model
        record.course = Course([Hop(model)])
        record.course.attempts.append(Attempt(Hop(model), is_over=True))
        recorder.decided(record, body)
        recorder.ended(record, "answered", logged(1.0, 6_000, 100))
        outcomes.append(writer.outcome())
        earlier = record.id
    return outcomes


def test_the_baseline_costs_what_was_paid_where_nothing_went_elsewhere(engine: Heimdall) -> None:
    baseline = decided(engine).baseline
    for turn in _turns(engine, baseline, baseline, baseline):
        assert (turn.baseline_usd, turn.guessed_usd) == (1.0, 0.0)


def _marked(where: str) -> dict[str, Any]:
    mark = {"cache_control": {"type": "ephemeral"}}
    text = {"type": "text", "text": "Prove that e is irrational"}
    message = {"role": "user", "content": [{**text, **(mark if where == "part" else {})}]}
    body: dict[str, Any] = {"messages": [*[{"role": "user", "content": "hm"}] * 40, message]}
    if where == "message":
        message.update(mark)
    if where == "tool":
        body["tools"] = [{"type": "function", "function": {"name": "f", **mark}}]
    if where == "system":
        body["system"] = [{**text, **mark}]
    return body | mark if where == "body" else body


@pytest.mark.parametrize("where", ["part", "message", "tool", "system", "body", ""])
def test_claude_keeps_what_the_request_marks_and_others_by_themselves(where: str) -> None:
    claude = CatalogEntry("c", "anthropic/claude-sonnet-4-5", "anthropic")
    assert caches(claude, _marked(where)) == bool(where)
    assert caches(replace(claude, provider="openrouter"), _marked(where)) == bool(where)
    assert caches(CatalogEntry("g", "openai/gpt-5", "openai"), _marked(where))


@pytest.mark.parametrize("where", ["part", ""])
def test_a_colder_cache_counts_where_an_earlier_turn_went_elsewhere_and_would_have_been_kept(
    engine: Heimdall, where: str
) -> None:
    baseline = decided(engine).baseline
    entry = engine.snapshot.entries[baseline]
    other = next(name for name in engine.candidate_names("heimdall") if name != baseline)
    body = _marked(where)
    first, second = _turns(engine, other, baseline, body=body)
    assert second.baseline_usd is not None
    kept = caches(entry, body)
    assert (second.baseline_usd < 1.0) == kept
    assert ((entry.input_usd_per_mtok or 0) - 0.01) * 5_000 / 1e6 * kept == pytest.approx(
        1.0 - second.baseline_usd
    )
    assert first.baseline_usd is not None


def test_the_baseline_that_was_asked_to_think_harder_would_have_written_less(engine: Heimdall) -> None:
    writer, choice = Now(), decided(engine, "hard")
    choice = replace(choice, decision=replace(choice.decision, model=choice.baseline))
    row = choice.decision.rows[choice.baseline]
    unasked = engine.snapshot.baselines["heimdall"]
    assert row.effort == "high"
    answered(Recorder(writer, lambda _: Prices()), choice, logged(1.0, 100, 4_000))  # type: ignore[arg-type]
    told, found = writer.record().baseline, writer.outcome()
    assert told is not None
    assert told.output_tokens < row.output_tokens
    less = 4_000 * (1 - told.output_tokens / row.output_tokens) * unasked.output_usd[0]
    assert found.baseline_usd == pytest.approx(1.0 - less)


def _watched(engine: Heimdall, served: str | None, **given_: Any) -> tuple[Choice, Outcome]:
    """Record a request in shadow mode that a model answered for a dollar, or else the one decided on."""
    writer, body = Now(), {**BODY, **given_}
    facts, names = read_request(body), frozenset(engine.candidate_names("heimdall"))
    overrides = Overrides(bucket="hard")
    decision = engine.decide_facts(facts, overrides=overrides)
    record = Record("some", "left alone", call="acompletion", mode="shadow")
    record.choice = choice = Choice(facts, decision, engine.snapshot, names, overrides, NO_STANDING)
    record.goes_to = record.served = served or decision.model
    recorder = Recorder(writer, lambda _: Prices())  # type: ignore[arg-type]
    recorder.decided(record, body)
    recorder.ended(record, "answered", logged(1.0, 1_000, 4_000) | {"model_group": record.served})
    return choice, writer.outcome()


def _unasked(engine: Heimdall, choice: Choice, model: str) -> float:
    """Return the tokens that a model is expected to write which nobody asks to think harder or less."""
    alone = engine.snapshot.unasked(model, engine.snapshot.baselines["heimdall"].policy)
    assert alone is not None
    assert choice.decision.near is not None
    return expected_output_tokens(alone, choice.facts, choice.decision.near)[0]


def test_following_a_decision_that_changes_nothing_costs_what_was_paid(engine: Heimdall) -> None:
    _, found = _watched(engine, None, reasoning_effort="high")
    assert (found.would_usd, found.would_guessed_usd) == (1.0, 0.0)


def test_following_it_to_the_same_model_and_another_effort_costs_what_it_writes_more(
    engine: Heimdall,
) -> None:
    choice, found = _watched(engine, None)
    row, entry = choice.decision.rows[choice.decision.model], engine.snapshot.entries[choice.decision.model]
    unasked = _unasked(engine, choice, row.model)
    assert row.output_tokens > unasked
    more = 4_000 * (row.output_tokens / unasked - 1) * (entry.output_usd_per_mtok or 0) / 1e6
    assert found.would_usd == pytest.approx(1.0 + more)


def test_following_it_elsewhere_costs_the_same_tokens_at_other_prices(engine: Heimdall) -> None:
    chosen = decided(engine, "hard").decision.model
    other = next(name for name in engine.candidate_names("heimdall") if name != chosen)
    choice, found = _watched(engine, other)
    row, entry = choice.decision.rows[chosen], engine.snapshot.entries[chosen]
    ratio = min(10.0, row.output_tokens / _unasked(engine, choice, other))
    written = 4_000 * ratio * (entry.output_usd_per_mtok or 0)
    assert found.would_usd == pytest.approx((1_000 * (entry.input_usd_per_mtok or 0) + written) / 1e6)
    assert found.would_guessed_usd == pytest.approx(written / 1e6)


@pytest.mark.parametrize("is_renewed", [False, True])
def test_following_it_away_from_the_default_model_goes_by_what_that_is_expected_to_write(
    engine: Heimdall, is_renewed: bool
) -> None:
    if is_renewed:
        engine.replace_bundle(engine.snapshot.bundle)
    choice, found = _watched(engine, "heimdall")
    expected = _unasked(engine, choice, "heimdall")
    row = choice.decision.rows[choice.decision.model]
    entry = engine.snapshot.entries[row.model]
    assert row.output_tokens != expected
    ratio = min(10.0, max(0.1, row.output_tokens / expected))
    assert found.would_guessed_usd == pytest.approx(4_000 * ratio * (entry.output_usd_per_mtok or 0) / 1e6)


@pytest.mark.parametrize(
    ("status", "after", "sources"),
    [
        ("answered", READ, ["regenerated"]),
        ("answered", READ - timedelta(milliseconds=1), []),
        ("failed", READ, []),
        (None, READ, []),
    ],
)
def test_only_an_answer_that_somebody_can_have_read_is_doubted(
    engine: Heimdall,
    monkeypatch: pytest.MonkeyPatch,
    status: Status | None,
    after: timedelta,
    sources: list[str],
) -> None:
    at = datetime.now(UTC)
    monkeypatch.setattr(recording, "now", lambda: at)
    writer = Now()
    recorder = Recorder(writer, lambda _: Prices())  # type: ignore[arg-type]
    choice, record = decided(engine), Record("heimdall", "why", call="acompletion")
    record.note(choice, "why")
    record.goes_to = record.served = choice.decision.model
    recorder.decided(record, BODY)
    if status is not None:
        recorder.ended(record, status, logged())
    at += after
    recorder.doubted(Follows("c", 0, record.id, "regenerated"))
    assert [item.source for item in writer.items if isinstance(item, Signal)] == sources


def test_what_is_routed_is_followed_anyway(engine: Heimdall) -> None:
    writer = Now()
    answered(Recorder(writer, lambda _: Prices()), decided(engine), logged())  # type: ignore[arg-type]
    assert writer.outcome().would_usd is None


def _signalled(engine: Heimdall, *attempts: Attempt) -> list[tuple[str, str | None]]:
    writer, choice = Now(), decided(engine)
    recorder = Recorder(writer, lambda _: Prices())  # type: ignore[arg-type]
    record = Record("heimdall", "why", call="acompletion")
    record.note(choice, "why")
    record.goes_to, record.served = "first", "second"
    record.course = Course([Hop("first"), Hop("second")])
    record.course.attempts += attempts
    recorder.decided(record, BODY)
    recorder.ended(record, "answered" if attempts[-1].failure is None else "failed", logged())
    assert writer.outcome().model == "second"
    return [(signal.source, signal.model) for signal in writer.items if isinstance(signal, Signal)]


def test_a_failure_is_signalled_of_the_model_that_failed(engine: Heimdall) -> None:
    failed = Attempt(Hop("first"), is_over=True, failure=Failure("unavailable", 500))
    took_over = Attempt(Hop("second"), is_over=True)
    assert _signalled(engine, failed, took_over) == [("provider-error", "first")]


def test_what_no_model_is_to_blame_for_is_signalled_of_none(engine: Heimdall) -> None:
    assert _signalled(engine, Attempt(Hop("first"), is_over=True, failure=Failure("client", 400))) == []
    assert _signalled(engine, Attempt(Hop("first"))) == []  # its client was gone before it was over
