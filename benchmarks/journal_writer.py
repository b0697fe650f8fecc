"""How many requests a second the journal's writer keeps, and what is lost beyond that.

    python -m benchmarks.journal_writer [--requests N] [--seconds S] [--steady PER_S]
        [--postgres URL] [--json]

The hooks decide too slowly to bring the writer to its limit. So they decide N requests once, and what they
hand over is handed over again and again under new ids, without them. First as fast as it is kept: that is the
writer's rate, and what it takes of a processor. Then at shares of that rate for S seconds each, with a short
queue, so that it is soon full. Each time what was handed over must be what was kept and what was lost, to the
item. And, where asked for, at a steady rate with the default queue, until 100,000 requests are through.
Nobody else uses the interpreter meanwhile; in a proxy the hooks do.

Last, what a request feels of it: decisions are due at 100 a second, and what is timed is from then until each
is made, without a journal, with one that takes in a record and an outcome for each of them, and with one
whose writer never rests (`background.py`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import count
from math import inf
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from benchmarks.decision import Figures, figures, heimdall, paced
from benchmarks.journal import Count, Hooks, Stored, deployments, journal_at, stored, texts
from benchmarks.prompts import body, prompts
from heimdall_litellm import background
from heimdall_litellm.background import WORK_S
from heimdall_litellm.config import JournalSettings
from heimdall_litellm.journal.record import Document, Item
from heimdall_litellm.journal.sink import NoMeter, NoSink
from heimdall_litellm.journal.writer import Maker, Writer
from heimdall_litellm.observe.traffic import Traffic

SHARES: Final = (0.5, 0.8, 1.2, 2.0, 4.0)
"""Of the writer's own rate."""
STEADY: Final = 100_000
"""How many requests are offered at the steady rate."""
QUEUE: Final = 1_000
BURST: Final = QUEUE // 2
"""How many requests are handed over at once while the writer's rate is measured: they fit into the queue."""
FLUSH_S: Final = 300.0
FELT_EACH_S: Final = 0.01
FELT: Final = 3_000
"""How many decisions are made at that pace."""


class Taken(Writer):
    """Takes what the hooks hand over, and writes nothing."""

    def __init__(self) -> None:
        super().__init__(NoSink(), NoMeter())
        self.makers: list[Maker] = []

    def submit(self, make: Maker) -> bool:
        """Take it."""
        self.makers.append(make)
        return True


Requests = Iterator[tuple[Maker, Maker]]
"""For each request how its record is made, and how its outcome is."""


async def _requests(models: Sequence[Mapping[str, Any]], wanted: int) -> Requests:
    """Have the hooks decide some requests, and give them without end."""
    taken = Taken()
    hooks = Hooks(models, lambda _: taken)
    for text in texts(wanted):
        await hooks.serve(text)
    pairs = list(zip(taken.makers[::2], taken.makers[1::2], strict=True))

    def endless() -> Requests:
        for number in count():
            made, ended = pairs[number % len(pairs)]
            yield _again(made, number), _again(ended, number)

    return endless()


def _again(make: Maker, number: int) -> Maker:
    """Return what makes the same items under another id."""

    def made() -> Sequence[Item]:
        return [item if isinstance(item, Document) else replace(item, id=f"{number:032x}") for item in make()]

    return made


@dataclass(frozen=True, slots=True)
class Offer:
    """What came of offering requests at a rate: `asked_per_s` as meant, `offered_per_s` as it came out."""

    asked_per_s: float
    offered_per_s: float
    requests: int
    whole: int
    """Requests whose record and outcome are both in the database."""
    lost_items: int


class Load:
    """A writer under load, with all that was handed over to it."""

    def __init__(self, url: str, requests: Requests, settings: JournalSettings) -> None:
        self._url, self._requests = url, requests
        self._meter, self._base = Count(), stored(url)
        self._writer = journal_at(url, self._meter)(settings)
        traffic = Traffic(lambda: ("heimdall",))
        self._made = self._documents = self._turned_away = 0

        def see(items: Sequence[Item]) -> None:
            self._made += len(items)
            self._documents += sum(isinstance(item, Document) for item in items)
            traffic(items)

        self._writer.tell(see)

    def offer(self, requests: int) -> None:
        """Hand over requests as the recorder does: where a record finds no room, no outcome follows."""
        for _ in range(requests):
            record, outcome = next(self._requests)
            if not self._writer.submit(record) or not self._writer.submit(outcome):
                self._turned_away += 1

    def rate(self, requests: int) -> tuple[float, float]:
        """Return how many requests a second are kept, and the microseconds of a processor that each takes."""
        started, busy = time.perf_counter(), time.process_time()
        for first in range(0, requests, BURST):
            self.offer(min(BURST, requests - first))
            self._flush()
        spent, busy = time.perf_counter() - started, time.process_time() - busy
        return requests / spent, busy / requests * 1e6

    def at(self, per_s: float, seconds: float) -> Offer:
        """Offer requests at a rate. Raises SystemExit where one is neither kept nor counted."""
        before, lost = stored(self._url), self._meter.lost
        started, sent = time.perf_counter(), 0
        while (spent := time.perf_counter() - started) < seconds:
            due = round(spent * per_s) - sent
            self.offer(due)
            sent += due
            time.sleep(0.01)
        self._flush()
        after = stored(self._url)
        self._check(after)
        whole = after.joined - before.joined
        return Offer(per_s, sent / spent, sent, whole, self._meter.lost - lost)

    def felt(self) -> dict[str, Figures]:
        """Return what decisions take alone, beside this journal, and if its writer never rested."""
        decide, bodies = heimdall(), [body(text) for text in prompts(500, 200)]

        def decided(number: int) -> None:
            decide(bodies[number % len(bodies)])

        def kept(number: int) -> None:
            decided(number)
            self.offer(1)

        paced(decided, len(bodies), 0.0)
        found = {"alone": figures(paced(decided, FELT, FELT_EACH_S))}
        for name, work_s in {"beside it": WORK_S, "beside it without rests": inf}.items():
            with patch.object(background, "WORK_S", work_s):
                found[name] = figures(paced(kept, FELT, FELT_EACH_S))
                self._flush()
        return found

    def close(self) -> None:
        """End the writer."""
        self._writer.close()

    def _flush(self) -> None:
        if not self._writer.flush(FLUSH_S):
            raise SystemExit("The journal couldn't be written.")

    def _check(self, found: Stored) -> None:
        handed_over, counted = self._made + self._turned_away, self._meter.kept + self._meter.lost
        if handed_over != counted:
            raise SystemExit(f"{handed_over:,} items were handed over, but {counted:,} are accounted for.")
        new = found.records + found.outcomes - self._base.records - self._base.outcomes
        if (kept := self._meter.kept - self._documents) != new:
            raise SystemExit(f"{kept:,} items were counted as kept, but there is {found}.")


@dataclass(frozen=True, slots=True)
class Found:
    """The rate at which a journal keeps requests, the processor's time for one, and what other rates lose."""

    kept_per_s: float
    restless_per_s: float
    """The same where the writer never rests."""
    busy_us: float
    offers: tuple[Offer, ...]
    steady: Offer | None
    felt: Mapping[str, Figures]


def measure(url: str, requests: Requests, wanted: int, seconds: float, steady: float | None) -> Found:
    """Return the figures of an empty journal at `url`."""
    load = Load(url, requests, JournalSettings(queue_size=QUEUE))
    try:
        load.rate(BURST)  # the tables are made, and what is imported late
        per_s, busy_us = load.rate(wanted)
        with patch.object(background, "WORK_S", inf):
            restless_per_s, _ = load.rate(wanted)
        felt = load.felt()
        offers = tuple(load.at(share * per_s, seconds) for share in SHARES)
    finally:
        load.close()
    return Found(per_s, restless_per_s, busy_us, offers, _steady(url, requests, steady), felt)


def _steady(url: str, requests: Requests, per_s: float | None) -> Offer | None:
    if per_s is None:
        return None
    load = Load(url, requests, JournalSettings())
    try:
        return load.at(per_s, STEADY / per_s)
    finally:
        load.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--steady", type=float, help="a rate at which 100,000 requests are offered")
    parser.add_argument("--postgres", help="URL of an empty PostgreSQL database; without, SQLite alone")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    requests = asyncio.run(_requests(deployments(), 2_000))
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        urls = {"sqlite": f"sqlite:///{Path(folder)}/journal.sqlite", "postgresql": given.postgres}
        for name, url in urls.items():
            if url is not None:
                found[name] = measure(url, requests, given.requests, given.seconds, given.steady)
                if not given.json:
                    print(f"{name}: {_in_words(found[name])}", flush=True)
    if given.json:
        json.dump({name: asdict(each) for name, each in found.items()}, sys.stdout, indent=2)


def _in_words(found: Found) -> str:
    rates = f"{found.kept_per_s:,.0f} requests/s kept ({found.restless_per_s:,.0f} without rests)"
    lines = [f"{rates}, {found.busy_us:.0f} µs of our processor each"]
    lines += [
        f"offered {offer.offered_per_s:,.0f}/s: of {offer.requests:,} requests {offer.whole:,} are whole in "
        f"the database, {offer.lost_items:,} items lost and counted"
        for offer in (*found.offers, found.steady)
        if offer is not None
    ]
    lines += [
        f"a decision {name}: {taken['p50_us'] / 1e3:.2f} ms p50, {taken['p99_us'] / 1e3:.2f} ms p99"
        for name, taken in found.felt.items()
    ]
    return "\n  ".join(lines)


if __name__ == "__main__":
    main()
