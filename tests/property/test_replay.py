"""A recorded decision made again is the same, from what the journal holds and the bundle alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heimdall_litellm.bundle import Bundle, load_bundle
from heimdall_litellm.config import load_settings
from heimdall_litellm.core.request import read_request
from heimdall_litellm.core.types import CatalogEntry, Overrides, Standing
from heimdall_litellm.engine import Heimdall
from heimdall_litellm.errors import JournalError, NoCandidate
from heimdall_litellm.journal.record import Document, Item, JournalRecord, from_json, now, to_json
from heimdall_litellm.plugin.reckoning import Prices
from heimdall_litellm.plugin.recording import Choice, Recorder
from heimdall_litellm.plugin.records import Record
from heimdall_litellm.replay import candidates_from, differences, replay
from tests.support import QUIET

MODELS = ("weak-a", "weak-b", "middling-a", "strong-a", "stranger")
price = st.none() | st.floats(0.01, 60)
unit = st.floats(0, 1)


class Now:
    """A writer that makes everything at once."""

    def __init__(self) -> None:
        self.items: list[Item] = []

    def submit(self, make: Any) -> bool:
        self.items += make()
        return True


@pytest.fixture(scope="session")
def bundle(small_bundle: Path) -> Bundle:
    return load_bundle(small_bundle)


@st.composite
def engines(draw: st.DrawFn) -> tuple[dict[str, Any], list[CatalogEntry]]:
    """Settings of any policy, and a catalog."""
    entries = [
        CatalogEntry(
            name,
            name,
            draw(st.sampled_from(["openai", "anthropic"])),
            draw(price),
            draw(price),
            draw(st.sampled_from([None, 300, 100_000])),
            has_vision=draw(st.booleans()),
            missing_credential=draw(st.sampled_from([None, None, "SOME_KEY"])),
            quality_override=draw(st.none() | unit),
        )
        for name in MODELS
    ]
    lists = {
        f"{bucket}_candidates": draw(st.lists(st.sampled_from(MODELS), min_size=1, max_size=4, unique=True))
        for bucket in ("cheap", "mid", "hard")
    }
    router = {
        **lists,
        "policy": draw(st.sampled_from(["triage", "alpha", "bucket"])),
        "alpha": draw(unit),
        "max_fallbacks": draw(st.integers(0, 4)),
    }
    return {**QUIET, "router": router}, entries


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """A chat request of any form that decisions look at."""
    words = st.sampled_from(["tiny", "nasty", "sums", "write", "poem", "code", "houses", "é", "\ud83d", "7"])
    text = st.lists(words, min_size=1, max_size=30).map(" ".join)
    body: dict[str, Any] = {"messages": [{"role": "user", "content": draw(text)}]}
    if draw(st.booleans()):
        body["messages"] += [{"role": "assistant", "content": draw(text)}, {"role": "user", "content": "go"}]
    if draw(st.booleans()):
        body["max_tokens"] = draw(st.integers(1, 9_000))
    if draw(st.booleans()):
        body["tools"] = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    return body


overrides = st.builds(
    Overrides,
    st.none() | unit,
    st.sampled_from([None, "cheap", "mid", "hard"]),
    st.none() | st.floats(1e-6, 1.0),
    st.just(("a note",)),
)
standings = st.builds(
    Standing,
    st.frozensets(st.sampled_from(["openai", "anthropic"])),
    st.dictionaries(st.sampled_from(MODELS), st.just("rate-limited"), max_size=3),
)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(
    made=engines(),
    body=requests(),
    asked=overrides,
    standing=standings,
    latencies=st.dictionaries(st.sampled_from((*MODELS, "unknown")), st.floats(0, 100)),
    permitted=st.frozensets(st.sampled_from(MODELS), min_size=1),
    alpha=unit,
)
def test_a_decision_made_again_is_the_same_to_the_last_bit(
    bundle: Bundle,
    made: Any,
    body: Any,
    asked: Overrides,
    standing: Standing,
    latencies: Any,
    permitted: frozenset[str],
    alpha: float,
) -> None:
    engine = Heimdall(load_settings(made[0]), made[1], bundle)
    facts = read_request(body)
    for _ in range(2):  # the second time it is remembered
        try:
            decision = engine.decide_facts(
                facts, permitted=permitted, overrides=asked, standing=standing, latencies=latencies
            )
        except NoCandidate:
            return
        told, settings_, catalog = _recorded(
            Choice(facts, decision, engine.snapshot, permitted, asked, standing), body
        )
        candidates = candidates_from(settings_, catalog, bundle)
        assert differences(told, replay(told, candidates, bundle)) == []
        latencies.clear()  # what is measured goes on changing, and what was recorded doesn't
    assert told.is_remembered
    assert replay(told, candidates, bundle, alpha=alpha).alpha == alpha


def _recorded(choice: Choice, body: Any) -> tuple[JournalRecord, Document, Document]:
    """Write a decision down, and read all of it back from its JSON."""
    writer = Now()
    recorder = Recorder(writer, lambda _: Prices())  # type: ignore[arg-type]
    record = Record("heimdall", "why", call="acompletion")
    record.note(choice, "why")
    recorder.decided(record, body)
    told = next(item for item in writer.items if isinstance(item, JournalRecord))
    papers = {item.digest: item for item in writer.items if isinstance(item, Document)}
    again = from_json(JournalRecord, to_json(told))
    assert again == told
    assert again.digests is not None
    return again, papers[again.digests.settings], papers[again.digests.catalog]


@pytest.fixture
def choice(bundle: Bundle) -> Choice:
    given_ = {**QUIET, "router": {f"{b}_candidates": list(MODELS) for b in ("cheap", "mid", "hard")}}
    entries = [CatalogEntry(name, name, "openai", 1.0, 4.0) for name in MODELS]
    engine = Heimdall(load_settings(given_), entries, bundle)
    facts = read_request({"messages": [{"role": "user", "content": "A nasty one"}]})
    decision = engine.decide_facts(facts)
    return Choice(facts, decision, engine.snapshot, frozenset(MODELS), Overrides(), Standing())


def test_what_differs_is_named(choice: Choice, bundle: Bundle) -> None:
    told, settings_, catalog = _recorded(choice, {})
    candidates = candidates_from(settings_, catalog, bundle)
    other = replay(told, candidates, bundle, alpha=0.0 if told.alpha else 1.0)
    assert "alpha" in differences(told, other)


def test_what_was_never_decided_cannot_be_made_again(choice: Choice, bundle: Bundle) -> None:
    told, settings_, catalog = _recorded(choice, {})
    refused = JournalRecord(
        "r", told.at, "heimdall", "acompletion", "route", "chosen", "refused", "not allowed", 1.0
    )
    with pytest.raises(JournalError, match=r"r can't be replayed: nothing was decided \(not allowed\)"):
        replay(refused, candidates_from(settings_, catalog, bundle), bundle)


def _kinds(items: Sequence[Item]) -> list[str]:
    return [getattr(item, "kind", type(item).__name__) for item in items]


def test_documents_are_written_once_and_again_after_half_a_day(
    choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: Iterator[int] = iter([0, 1, 11, 12, 13])
    start = now()
    monkeypatch.setattr("heimdall_litellm.plugin.recording.now", lambda: start + timedelta(hours=next(times)))
    writer = Now()
    recorder = Recorder(writer, lambda _: Prices())  # type: ignore[arg-type]
    written = []
    for _ in range(5):
        record = Record("heimdall", "why")
        record.note(choice, "why")
        recorder.decided(record, {})
        written.append(_kinds(writer.items))
        writer.items.clear()
    papers = ["catalog", "settings", "JournalRecord"]
    assert written == [papers, ["JournalRecord"], ["JournalRecord"], papers, ["JournalRecord"]]


def test_documents_come_with_the_next_record_where_one_could_not_be_made(
    choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Now()
    recorder = Recorder(writer, lambda _: 1 / 0)  # type: ignore[arg-type]
    record = Record("heimdall", "why")
    record.note(choice, "why")
    with pytest.raises(ZeroDivisionError):
        recorder.decided(record, {})
    monkeypatch.setattr(recorder, "_prices_of", lambda _: Prices())
    record = Record("heimdall", "why")
    record.note(choice, "why")
    recorder.decided(record, {})
    assert _kinds(writer.items) == ["catalog", "settings", "JournalRecord"]


def test_where_there_is_no_room_for_a_record_there_is_none_for_its_outcome(choice: Choice) -> None:
    class Full:
        def submit(self, make: Any) -> bool:
            assert not hasattr(self, "asked"), "an outcome of nothing"
            self.asked = True
            return False

    recorder = Recorder(Full(), lambda _: Prices())  # type: ignore[arg-type]
    record = Record("heimdall", "why")
    record.note(choice, "why")
    recorder.decided(record, {})
    recorder.ended(record, "failed")
