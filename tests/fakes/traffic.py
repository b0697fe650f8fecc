"""A journal of made-up traffic: the decisions and the records are real, the answers are drawn.

`python -m tests.fakes.traffic sqlite:////tmp/journal.sqlite 5000` writes one, to look at pages and reports.
With a share after that, so much of it is in shadow mode, where the baseline answers everything.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from heimdall_litellm.core.conversation import Conversations
from heimdall_litellm.core.failover import Hop
from heimdall_litellm.core.request import read_request
from heimdall_litellm.core.types import NO_OVERRIDES, NO_STANDING
from heimdall_litellm.engine import Heimdall
from heimdall_litellm.health import Failure
from heimdall_litellm.journal.database import Database, parse_url
from heimdall_litellm.journal.record import Caller, Document, Item, Signal
from heimdall_litellm.journal.store import Store
from heimdall_litellm.plugin.attempts import Attempt, Course
from heimdall_litellm.plugin.reckoning import Prices
from heimdall_litellm.plugin.recording import Choice, Recorder
from heimdall_litellm.plugin.records import Record

ROOT = Path(__file__).parents[2]
ASKS = (
    "hi there, how are you?",
    "Translate 'good morning' into French, please.",
    "What is the capital of Peru?",
    "Summarise this mail in two sentences: the meeting moves to Tuesday, bring the figures for Q3.",
    "Write a Python function that merges overlapping intervals, with tests.",
    "Prove that every bounded sequence of real numbers has a convergent subsequence.",
    "Our service deadlocks under load: two goroutines wait on each other's channel. Find the bug and fix it.",
    "Design a database schema for a hospital with audit trails, and explain the trade-offs.",
)
KEYS = (("app-web", "team-a"), ("batch", "team-b"), ("alice", "team-a"))
_CAUSES = ("rate-limited", "unavailable", "timeout")


class _Writer:
    """Makes items at once and keeps them."""

    def __init__(self) -> None:
        self.items: list[Item] = []

    def submit(self, make: Callable[[], Sequence[Item]]) -> bool:
        self.items += make()
        return True


def traffic(
    count: int,
    *,
    days: float = 7.0,
    holdout: float = 0.1,
    shadow: float = 0.0,
    seed: int = 0,
    engine: Heimdall | None = None,
) -> Iterator[Item]:
    """Yield the items of `count` requests over the last `days`, oldest first."""
    rng = random.Random(seed)
    engine = engine or Heimdall.from_yaml(ROOT / "litellm_config.yaml", environ={}, is_caching=False)
    writer = _Writer()
    recorder = Recorder(writer, lambda _: Prices(cache_read=0.25))  # type: ignore[arg-type]
    conversations = Conversations(b"secret")
    start = datetime.now(UTC) - timedelta(days=days)
    for at in range(count):
        when = start + timedelta(days=days * (at + rng.random()) / count)
        is_watched = bool(shadow) and rng.random() < shadow
        _one(rng, engine, recorder, conversations, 0.0 if is_watched else holdout, is_watched=is_watched)
        for item in writer.items:
            moved = when + timedelta(seconds=2) if not hasattr(item, "requested") else when
            yield item if isinstance(item, Document) else replace(item, at=moved)
        writer.items.clear()


def _one(
    rng: random.Random,
    engine: Heimdall,
    recorder: Recorder,
    conversations: Conversations,
    holdout: float,
    *,
    is_watched: bool,
) -> None:
    body = {"messages": [{"role": "user", "content": f"{rng.choice(ASKS)} ({rng.randrange(40)})"}]}
    facts = read_request(body)
    snapshot = engine.snapshot
    decision = engine.decide_facts(facts)
    alias, team = rng.choice(KEYS)
    record = Record("heimdall", decision.reasons[0], call="acompletion")
    record.caller = Caller(alias.ljust(64, "0"), alias, team, None, "user")
    record.call_id = f"call-{record.id}"
    conversation = conversations.identity(facts, alias)
    record.follows = conversations.follow(conversation, record.id, facts, rng.random() * 1e6)
    choice = Choice(
        facts, decision, snapshot, frozenset(engine.candidate_names("heimdall")), NO_OVERRIDES, NO_STANDING
    )
    goes_to = decision.model
    if holdout and choice.baseline != decision.model:
        is_out = rng.random() < holdout
        choice = replace(
            choice, arm="holdout" if is_out else "chosen", propensity=holdout if is_out else 1 - holdout
        )
        goes_to = choice.baseline if is_out else goes_to
    record.note(choice, record.reason)
    if is_watched:
        record.mode, goes_to = "shadow", choice.baseline
    record.goes_to, record.duration_us = goes_to, int(rng.lognormvariate(6.4, 0.4))
    hops = [Hop(name, snapshot.entries[name].provider) for name in (goes_to, *decision.fallbacks)]
    record.course = Course(hops)
    _served(rng, record, hops)
    recorder.decided(record, body)
    recorder.ended(record, "answered", _logged(rng, engine, record, decision))
    if rng.random() < 0.1:
        score = float(rng.random() < 0.85)
        recorder._writer.items.append(  # type: ignore[union-attr]
            Signal(record.id, datetime.now(UTC), "feedback", score, 1.0)
        )


def _served(rng: random.Random, record: Record, hops: Sequence[Hop]) -> None:
    for hop in hops:
        attempt = Attempt(hop, deployment=f"id-{hop.model}", is_over=True)
        record.course.attempts.append(attempt)
        record.served = hop.model
        if rng.random() > 0.03:
            return
        attempt.failure = Failure(rng.choice(_CAUSES), 429)  # type: ignore[arg-type]


def _logged(rng: random.Random, engine: Heimdall, record: Record, decision: Any) -> dict[str, Any]:
    entry = engine.snapshot.entries[record.served or ""]
    read = 20 + rng.randrange(400)
    expected = next(c.output_tokens for c in decision.candidates if c.model == record.served)
    written = max(1, int(expected * rng.lognormvariate(0, 0.5)))
    cost = (read * (entry.input_usd_per_mtok or 0) + written * (entry.output_usd_per_mtok or 0)) / 1e6
    begun, finish = 1e9, "length" if rng.random() < 0.02 else "stop"
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "response_cost": cost,
        "stream": True,
        "startTime": begun,
        "completionStartTime": begun + rng.lognormvariate(-0.5, 0.5),
        "endTime": begun + 2 + written / 80,
        "metadata": {"usage_object": {}},
        "response": {"choices": [{"message": {"content": "An answer."}, "finish_reason": finish}]},
    }


def fill(url: str, count: int, **how: Any) -> Store:
    """Write made-up traffic into a journal."""
    database = Database(parse_url(url))
    database.prepare()
    store, batch = Store(database), list[Item]()
    for item in traffic(count, **how):
        batch.append(item)
        if len(batch) >= 1_000:
            store.write(batch)
            batch.clear()
    if batch:
        store.write(batch)
    return store


if __name__ == "__main__":
    fill(sys.argv[1], int(sys.argv[2]), shadow=float(sys.argv[3]) if len(sys.argv) > 3 else 0.0)
