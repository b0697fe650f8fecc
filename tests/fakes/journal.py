"""Items of a journal, for tests that care for no decision."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from heimdall_litellm.journal.record import Caller, Digests, Document, JournalRecord, Outcome, Signal

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """Return a time, seconds after the start."""
    return START + timedelta(seconds=seconds)


def record(known_as: str, seconds: float = 0.0, **rest: Any) -> JournalRecord:
    """A record of a routed request."""
    values: dict[str, Any] = {
        "requested": "heimdall",
        "call": "acompletion",
        "mode": "route",
        "arm": "chosen",
        "cause": "triage",
        "reason": "it is easy",
        "propensity": 1.0,
        "call_id": f"call-{known_as}",
        "model": "a",
        "bucket": "cheap",
        "caller": Caller("k" * 64, "alias", "team"),
        "digests": Digests("s" * 64, "c" * 64, "b" * 64),
        **rest,
    }
    return JournalRecord(known_as, at(seconds), **values)


def outcome(known_as: str, seconds: float = 1.0, **rest: Any) -> Outcome:
    """The outcome of a request that was answered."""
    return Outcome(known_as, at(seconds), **{"status": "answered", "model": "a", "cost_usd": 0.5, **rest})


def signal(known_as: str, seconds: float = 2.0, score: float = 1.0, **rest: Any) -> Signal:
    """What somebody said of an answer."""
    return Signal(known_as, at(seconds), **{"source": "feedback", "score": score, "weight": 1.0, **rest})


def document(digest: str, seconds: float = 0.0) -> Document:
    """Something that records share."""
    return Document(digest, "catalog", at(seconds), f'["{digest}"]')


def assert_alike(one: Any, other: Any) -> None:
    """Assert that two summaries, as JSON's types, say the same, but for how their figures are rounded."""
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for name, value in one.items():
            assert_alike(value, other[name])
    elif isinstance(one, list):
        assert len(one) == len(other)
        for each, its in zip(one, other, strict=True):
            assert_alike(each, its)
    elif isinstance(one, float):
        assert one == pytest.approx(other, rel=1e-9, abs=1e-12)
    else:
        assert one == other


class Meter:
    """Counts what becomes of items."""

    def __init__(self) -> None:
        self.kept, self.lost, self.waits = 0, dict[str, int](), 0

    def written(self, count: int) -> None:
        self.kept += count

    def dropped(self, cause: str, count: int = 1) -> None:
        self.lost[cause] = self.lost.get(cause, 0) + count

    def waiting(self, count: int) -> None:
        self.waits = count
