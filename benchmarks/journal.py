"""How many requests the journal keeps up with, and what it adds to each.

    python -m benchmarks.journal [--requests N] [--postgres URL] [--only sqlite|postgresql] [--json]

Requests go through the callback's own hooks (`async_pre_call_hook`, `async_log_success_event`) with the
shipped bundle, in one process, without a proxy around them. All prompts differ, so every request is decided
anew. The journal is on and off by turns, and both are compared within one run: that is what it adds.
Then as many requests as can be are sent at once: what is kept a second, and what is dropped. The writer's
thread shares the interpreter with the hooks. In the end the database is asked: each request must be there
once, with its outcome, or be counted as lost.

`benchmarks/journal_writer.py` leaves the hooks out, and finds the rate from which on something is lost.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import litellm
from litellm.proxy._types import LitellmUserRoles, UserAPIKeyAuth
from pydantic import SecretStr
from sqlalchemy import func, select

from benchmarks.prompts import prompts
from heimdall_litellm.config import JournalSettings, load_settings
from heimdall_litellm.journal.opening import open_store
from heimdall_litellm.journal.sink import DatabaseSink, NoMeter, NoSink
from heimdall_litellm.journal.tables import OUTCOMES, RECORDS
from heimdall_litellm.journal.writer import Writer
from heimdall_litellm.observe.traffic import Traffic
from heimdall_litellm.plugin import seams
from heimdall_litellm.plugin.handler import HeimdallHandler
from heimdall_litellm.plugin.runtime import Runtime
from heimdall_litellm.plugin.shield import Failures
from heimdall_litellm.plugin.simulated import SimulatedProvider

MODELS: Final = {
    "heimdall": "openai/gpt-4.1",
    "mini": "openai/gpt-5-mini",
    "gemini": "gemini/gemini-2.5-pro",
    "claude": "anthropic/claude-sonnet-4-5",
}
ADMIN: Final = UserAPIKeyAuth(api_key="sk-bench", user_role=LitellmUserRoles.PROXY_ADMIN)
TURN: Final = 250
"""How many requests are sent with the journal on, then off."""
FLUSH_S: Final = 120.0
"""How long what waits may take to be written in the end."""

MakeWriter = Callable[[JournalSettings], Writer]


class Count:
    """Counts what becomes of items."""

    def __init__(self) -> None:
        self.kept, self.lost = 0, 0

    def written(self, count: int) -> None:
        """Count items that were kept."""
        self.kept += count

    def dropped(self, _cause: str, count: int = 1) -> None:
        """Count items that were lost."""
        self.lost += count

    def waiting(self, _count: int) -> None:
        """See how many wait."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a journal holds: records, outcomes, and records whose outcome has joined them."""

    records: int
    outcomes: int
    joined: int


def at(url: str) -> JournalSettings:
    """Return the settings of a journal at an address."""
    return JournalSettings(url=SecretStr(url))


def stored(url: str) -> Stored:
    """Count what a journal holds."""
    store = open_store(at(url), statement_s=300)
    joined = select(func.count()).select_from(RECORDS).join(OUTCOMES, RECORDS.c.id == OUTCOMES.c.id)
    try:
        with store.reading() as connection:
            records, outcomes = (
                connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (RECORDS, OUTCOMES)
            )
            known = RECORDS.c.status.is_not(None)
            return Stored(records, outcomes, connection.execute(joined.where(known)).scalar_one())
    finally:
        store.database.close()


def journal_at(url: str, meter: Count) -> MakeWriter:
    """Return what makes the writer of a journal that throws nothing away meanwhile."""

    def make(settings: JournalSettings) -> Writer:
        sink = DatabaseSink(settings.model_copy(update={"url": at(url).url, "max_mb": 1e6}))
        return Writer(sink, meter, size=settings.queue_size, flush_s=settings.flush_seconds)

    return make


def no_journal(_settings: JournalSettings) -> Writer:
    """Make a writer that keeps nothing."""
    return Writer(NoSink(), NoMeter())


class Hooks:
    """The callback as a proxy would call it, with the journal that `make` makes."""

    def __init__(self, models: Sequence[Mapping[str, Any]], make: MakeWriter) -> None:
        settings = load_settings(
            {
                "catalog": {"sources": ["litellm"], "refresh_seconds": 0},
                "baseline": {"model": "claude"},
                "router": {f"{bucket}_candidates": list(MODELS)[1:] for bucket in ("cheap", "mid", "hard")},
            }
        )
        self.served = 0
        self.writer = make(settings.journal)
        self.writer.tell(Traffic(lambda: MODELS))
        runtime = Runtime(settings, Failures(), writer=lambda *_: (self.writer, None), watch=lambda *_: None)
        runtime.build(models)
        self.handler = HeimdallHandler(runtime, SimulatedProvider())

    async def serve(self, text: str) -> None:
        """Route one request, and log its answer."""
        self.served += 1
        data = {
            "model": "heimdall",
            "messages": [{"role": "user", "content": text}],
            "metadata": {},
            "litellm_call_id": f"call-{self.served}",
        }
        routed: dict[str, Any] = (
            await self.handler.async_pre_call_hook(ADMIN, None, data, "acompletion") or data
        )
        model = str(routed["model"])
        metadata = {**routed["metadata"], "model_group": model}
        deployments = [{"model_name": model, "model_info": {"id": f"id-{model}"}}]
        await self.handler.async_filter_deployments(model, deployments, None, routed)
        now = datetime.now(UTC)
        logged = _logged(model)
        kwargs = {"standard_logging_object": logged, "litellm_params": {"metadata": metadata}}
        await self.handler.async_log_success_event(kwargs, None, now - timedelta(seconds=1), now)

    def flush(self) -> None:
        """Wait until all that was handed over is kept or lost. Raises SystemExit where it can't be."""
        if not self.writer.flush(FLUSH_S):
            raise SystemExit("The journal couldn't be written.")


def _logged(model: str) -> dict[str, Any]:
    return {
        "prompt_tokens": 120,
        "completion_tokens": 80,
        "response_cost": 0.001,
        "stream": True,
        "startTime": 1e9,
        "completionStartTime": 1e9 + 0.4,
        "endTime": 1e9 + 2,
        "model_group": model,
        "metadata": {"usage_object": {}},
        "response": {"choices": [{"message": {"content": "An answer."}, "finish_reason": "stop"}]},
    }


def deployments() -> list[dict[str, Any]]:
    """Return the models, and let the plugin find a router of them."""
    models = [
        {"model_name": g, "litellm_params": {"model": m, "api_key": "x"}, "model_info": {"id": f"id-{g}"}}
        for g, m in MODELS.items()
    ]
    router = litellm.Router(model_list=models)
    seams.proxy_router = lambda: router
    return models


def texts(count: int) -> Iterator[str]:
    """Give so many prompts of about 100 tokens, all different, made as they are asked for."""
    stems = list(prompts(100, 200))
    return (f"{stems[n % len(stems)]} ({n})" for n in range(count))


async def _added_us(on: Hooks, off: Hooks, wanted: Sequence[str]) -> tuple[float, float]:
    """Return the median microseconds of one request with the journal and without."""
    spent: dict[bool, list[float]] = {True: [], False: []}
    for first in range(0, len(wanted), TURN):
        for is_on, hooks in ((True, on), (False, off)):
            for text in wanted[first : first + TURN]:
                started = time.perf_counter()
                await hooks.serve(text)
                spent[is_on].append((time.perf_counter() - started) * 1e6)
        on.flush()
    return statistics.median(spent[True]), statistics.median(spent[False])


async def measure(
    url: str, models: Sequence[Mapping[str, Any]], count: int, say: Callable[[str], None]
) -> dict[str, float]:
    """Return the figures of an empty journal at `url`: rates are requests a second, each of two items.

    Raises SystemExit where something is neither kept nor counted as lost.
    """
    meter = Count()
    on, off = Hooks(models, journal_at(url, meter)), Hooks(models, no_journal)
    few = list(texts(4 * TURN))
    for text in few[:20]:
        await on.serve(text)
        await off.serve(text)
    with_us, without_us = await _added_us(on, off, few)
    resident = _resident_mb()
    started = time.perf_counter()
    for sent, text in enumerate(texts(count), 1):
        await on.serve(text)
        if sent % 10_000 == 0:
            say(f"{sent:,} sent, {sent / (time.perf_counter() - started):,.0f}/s, {meter.lost:,} lost")
    sent_s = time.perf_counter() - started
    on.flush()
    kept_s = time.perf_counter() - started
    on.writer.close()
    found = stored(url)
    # A record that is dropped takes its outcome along, uncounted.
    if min(found.records, found.joined) + meter.lost < on.served or found.records > on.served:
        raise SystemExit(f"{on.served:,} were sent and {meter.lost:,} items lost, but there is {found}.")
    return {
        "requests": count,
        "sent_per_s": count / sent_s,
        "kept_per_s": (count - meter.lost) / kept_s,
        "lost_items": meter.lost,
        "missing_requests": on.served - found.joined,
        "with_us": with_us,
        "without_us": without_us,
        "grown_mb": _resident_mb() - resident,
        "queue_bytes_each": await _queued_bytes(models, few),
    }


def _resident_mb() -> float:
    """Return the most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


async def _queued_bytes(models: Sequence[Mapping[str, Any]], wanted: Sequence[str]) -> float:
    """Return the memory that a waiting item takes, of a journal that can't be reached."""
    hooks = Hooks(models, journal_at("postgresql://nobody@127.0.0.1:1/none", Count()))
    await hooks.serve("warm up")
    tracemalloc.start()
    for text in wanted:
        await hooks.serve(text)
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return grown / (2 * len(wanted))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--postgres", help="URL of an empty PostgreSQL database; without, SQLite alone")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="measure only this")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    models = deployments()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        urls = {"sqlite": f"sqlite:///{Path(folder)}/journal.sqlite", "postgresql": given.postgres}
        for name, url in urls.items():
            if url is not None and given.only in (None, name):

                def say(words: str, name: str = name) -> None:
                    print(f"{name}: {words}", file=sys.stderr, flush=True)

                found[name] = asyncio.run(measure(url, models, given.requests, say))
                if not given.json:
                    print(f"{name}: {_in_words(found[name])}", flush=True)
    if given.json:
        json.dump(found, sys.stdout, indent=2)


def _in_words(figures: dict[str, float]) -> str:
    return (
        f"{figures['requests']:,.0f} requests, sent {figures['sent_per_s']:,.0f}/s, "
        f"kept {figures['kept_per_s']:,.0f}/s, {figures['lost_items']:,.0f} items lost, "
        f"{figures['missing_requests']:,.0f} requests without record or outcome; a request takes "
        f"{figures['with_us']:.0f} µs with the journal and {figures['without_us']:.0f} without "
        f"(× {figures['with_us'] / figures['without_us']:.2f}); memory grew by {figures['grown_mb']:.0f} MB; "
        f"an item that waits takes {figures['queue_bytes_each'] / 1e3:.1f} kB"
    )


if __name__ == "__main__":
    main()
