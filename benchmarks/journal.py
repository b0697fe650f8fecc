"""How many requests the journal keeps up with, and what it adds to each.

    python -m benchmarks.journal [--requests N] [--postgres URL] [--json]

Requests go through the callback's own hooks (`async_pre_call_hook`, `async_log_success_event`) with the
shipped bundle, in one process, without a proxy around them. All prompts differ, so every request is decided
anew. The journal is on and off by turns, and both are compared within one run: that is what it adds.
Then as many requests as can be are sent at once: what is kept a second, and what is dropped. The writer's
thread shares the interpreter with the hooks.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import litellm
from litellm.proxy._types import LitellmUserRoles, UserAPIKeyAuth

from benchmarks.prompts import prompts
from heimdall_litellm.config import load_settings
from heimdall_litellm.journal.sink import DatabaseSink, NoMeter, NoSink
from heimdall_litellm.journal.writer import Writer
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


class Hooks:
    """The callback as a proxy would call it, with a journal at `url` or none."""

    def __init__(self, url: str | None, models: Sequence[dict[str, Any]], queue: int = 10_000) -> None:
        self.meter = Count()
        self.writer: Writer | None = None
        settings = load_settings(
            {
                "catalog": {"sources": ["litellm"], "refresh_seconds": 0},
                "journal": {"enabled": url is not None, "url": url, "queue_size": queue},
                "baseline": {"model": "claude"},
                "router": {f"{bucket}_candidates": list(MODELS)[1:] for bucket in ("cheap", "mid", "hard")},
            }
        )
        runtime = Runtime(settings, Failures(), writer=self._writer, watch=lambda *_: None)
        runtime.build(models)
        self.handler = HeimdallHandler(runtime, SimulatedProvider())

    def _writer(self, settings: Any, _groups: Any) -> tuple[Writer, None]:
        if not settings.enabled:
            return Writer(NoSink(), NoMeter()), None
        sink = DatabaseSink(settings)
        self.writer = Writer(sink, self.meter, size=settings.queue_size, flush_s=settings.flush_seconds)
        return self.writer, None

    async def serve(self, text: str) -> None:
        """Route one request, and log its answer."""
        data = {
            "model": "heimdall",
            "messages": [{"role": "user", "content": text}],
            "metadata": {},
            "litellm_call_id": str(id(text)),
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


async def _added_us(on: Hooks, off: Hooks, texts: Sequence[str]) -> tuple[float, float]:
    """Return the median microseconds of one request with the journal and without."""
    spent: dict[bool, list[float]] = {True: [], False: []}
    for at in range(0, len(texts), TURN):
        for is_on, hooks in ((True, on), (False, off)):
            for text in texts[at : at + TURN]:
                started = time.perf_counter()
                await hooks.serve(text)
                spent[is_on].append((time.perf_counter() - started) * 1e6)
        _flushed(on)
    return statistics.median(spent[True]), statistics.median(spent[False])


def _flushed(hooks: Hooks) -> None:
    if hooks.writer is None or not hooks.writer.flush(120):
        raise SystemExit("The journal couldn't be written.")


async def measure(url: str, models: Sequence[dict[str, Any]], texts: Sequence[str]) -> dict[str, float]:
    """Return the figures of a journal at `url`: rates in requests a second, each a record and an outcome."""
    on, off = Hooks(url, models), Hooks(None, models)
    for text in texts[:20]:
        await on.serve(text)
        await off.serve(text)
    with_us, without_us = await _added_us(on, off, texts[: min(len(texts), 4 * TURN)])
    before = on.meter.kept
    started = time.perf_counter()
    for text in texts:
        await on.serve(text)
    sent_s = time.perf_counter() - started
    _flushed(on)
    kept_s = time.perf_counter() - started
    kept, lost = on.meter.kept - before, on.meter.lost
    if kept + lost < 2 * len(texts):
        raise SystemExit(f"{2 * len(texts) - kept - lost} items are neither kept nor counted as lost.")
    return {
        "requests": len(texts),
        "sent_per_s": len(texts) / sent_s,
        "kept_per_s": kept / 2 / kept_s,
        "lost_items": lost,
        "with_us": with_us,
        "without_us": without_us,
        "queue_bytes_each": await _queued_bytes(models, texts[:1_000]),
    }


async def _queued_bytes(models: Sequence[dict[str, Any]], texts: Sequence[str]) -> float:
    """Return the memory that a waiting item takes, of a journal that can't be reached."""
    hooks = Hooks("postgresql://nobody@127.0.0.1:1/none", models)
    await hooks.serve("warm up")
    tracemalloc.start()
    for text in texts:
        await hooks.serve(text)
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return grown / (2 * len(texts))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--postgres", help="URL of an empty PostgreSQL database; without, SQLite alone")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    models = [
        {"model_name": g, "litellm_params": {"model": m, "api_key": "x"}, "model_info": {"id": f"id-{g}"}}
        for g, m in MODELS.items()
    ]
    router = litellm.Router(model_list=models)
    seams.proxy_router = lambda: router
    stems = list(prompts(100, 200))
    texts = [f"{stems[at % len(stems)]} ({at})" for at in range(given.requests)]
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        urls = {"sqlite": f"sqlite:///{Path(folder)}/journal.sqlite", "postgresql": given.postgres}
        for name, url in urls.items():
            if url is not None:
                found[name] = asyncio.run(measure(url, models, texts))
                if not given.json:
                    print(f"{name}: {_in_words(found[name])}", flush=True)
    if given.json:
        json.dump(found, sys.stdout, indent=2)


def _in_words(figures: dict[str, float]) -> str:
    return (
        f"{figures['requests']:,.0f} requests, sent {figures['sent_per_s']:,.0f}/s, "
        f"kept {figures['kept_per_s']:,.0f}/s, {figures['lost_items']:,.0f} items lost; a request takes "
        f"{figures['with_us']:.0f} µs with the journal and {figures['without_us']:.0f} without "
        f"(× {figures['with_us'] / figures['without_us']:.2f}); "
        f"an item that waits takes {figures['queue_bytes_each'] / 1e3:.1f} kB"
    )


if __name__ == "__main__":
    main()
