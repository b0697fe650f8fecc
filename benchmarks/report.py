"""Time of a report of seven days, on a made-up journal of so many requests.

    python -m benchmarks.report sqlite:////tmp/made-up.sqlite [--requests N]

The journal is made where the address says, unless it holds something already. Its rows are drawn, its bodies
are as long as real ones and mean nothing: no report reads them. The first report finds nothing added up, the
others what the proxy would have added up meanwhile (`journal/sums.py`). A second of the processor's time is
shown beside one on the clock, since other work slows the one down less; PostgreSQL's own isn't known here.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import insert

from heimdall_litellm.journal.database import Database, parse_url
from heimdall_litellm.journal.record import now
from heimdall_litellm.journal.store import Store
from heimdall_litellm.journal.tables import RECORDS, SIGNALS, microseconds
from heimdall_litellm.report.summary import summarise

MODELS = ("gpt-5", "gpt-5-mini", "claude-haiku", "claude-sonnet", "gemini-flash", "gemini-pro", "qwen", "r1")
BODY_CHARS = 4_700
_AT_A_TIME = 2_000


def main() -> None:
    """Fill a journal, and time reports of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--requests", type=int, default=200_000)
    given = parser.parse_args()
    database = Database(parse_url(given.url))
    database.prepare()
    store = Store(database)
    if not store.count():
        _fill(database, given.requests)
    print(f"{store.count():,} requests, {store.size_bytes() / 1e6:,.0f} MB")
    with _timed("7 days, nothing added up"):
        _report(store, days=7)
    before = _memory_mb()
    with _timed("adding up"):
        store.add_up(now(), at_most_s=float("inf"))
    for words, days, key in (("7 days", 7, None), ("1 day", 1, None), ("7 days of a key", 7, "alice")) * 2:
        with _timed(words):
            _report(store, days, key)
    print(
        f"the most memory held: {_memory_mb():,.0f} MB, {before:,.0f} MB of it before anything was added up"
    )
    database.close()


def _report(store: Store, days: int, key: str | None = None) -> None:
    until = now()
    summarise(store, until - timedelta(days=days), until, key=key)


@contextmanager
def _timed(words: str) -> Iterator[None]:
    clock, used = time.perf_counter(), time.process_time()
    yield
    clock, used = time.perf_counter() - clock, time.process_time() - used
    print(f"{words:24} {clock:6.2f} s, {used:6.2f} s of our processor", flush=True)


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _fill(database: Database, count: int) -> None:
    rng, end, made = random.Random(0), microseconds(now()), 0
    bodies = ["".join(rng.choices("0123456789abcdef", k=BODY_CHARS)) for _ in range(50)]
    step = timedelta(days=7) // timedelta(microseconds=1) // count
    while made < count:
        some = range(made, min(count, made + _AT_A_TIME))
        rows = [_row(rng, end - (count - at) * step, rng.choice(bodies)) for at in some]
        with database.begin() as connection:
            connection.execute(insert(RECORDS), rows)
            connection.execute(insert(SIGNALS), list(_signals(rng, rows)))
        made += len(rows)


def _row(rng: random.Random, at_us: int, body: str) -> dict[str, Any]:
    is_out, has_failed = rng.random() < 0.1, rng.random() < 0.03
    decided, cost = rng.choice(MODELS[1:]), rng.lognormvariate(-7, 1)
    model = MODELS[0] if is_out else decided
    return {
        "id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        "at_us": at_us,
        "requested": "heimdall",
        "mode": "route",
        "arm": "holdout" if is_out else "chosen",
        "cause": "holdout" if is_out else "triage",
        "bucket": rng.choice(("cheap", "mid", "hard")),
        "model": model,
        "decided": decided,
        "propensity": 0.1 if is_out else 0.9,
        "conversation": f"{hash((rng.randrange(1 << 18), is_out)) & (1 << 64) - 1:016x}",
        "key": "k" * 64,
        "alias": rng.choice(("app-web", "batch", "alice")),
        "cost_usd": cost,
        "baseline": MODELS[0],
        "baseline_usd": 5 * cost,
        "duration_us": int(rng.lognormvariate(6.4, 0.4)),
        "is_remembered": rng.random() < 0.2,
        "status": "answered" if rng.random() < 0.98 else "failed",
        "served": model,
        "latency_s": rng.lognormvariate(1, 0.6),
        "first_token_s": rng.lognormvariate(-0.5, 0.5),
        "input_tokens": rng.randrange(2_000),
        "output_tokens": rng.randrange(900),
        "cached_tokens": 0,
        "paid_usd": cost,
        "reckoned_usd": 4 * cost,
        "guessed_usd": 3 * cost,
        "failed_with": "rate-limited" if has_failed else None,
        "body": body,
    }


def _signals(rng: random.Random, rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        if rng.random() < 0.1:
            score = float(rng.random() < 0.85)
            told = {"source": "feedback", "score": score, "weight": 1.0, "body": "{}"}
            yield {"id": row["id"], "at_us": row["at_us"], **told}


if __name__ == "__main__":
    main()
