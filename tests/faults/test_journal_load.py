"""The journal under more than it can keep, and through the real hooks: each item is accounted for."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from benchmarks.journal import Count, Hooks, Stored, deployments, journal_at, stored, texts
from heimdall_litellm.config.settings import JournalSettings
from heimdall_litellm.journal.writer import Writer
from heimdall_litellm.plugin import seams
from tests.fakes.journal import outcome, record

LONG_S = 60.0
STATED_PER_S = 200
"""The rate up to which docs/journal.md says that nothing is lost."""
REQUESTS = 6_000
"""Two items each: more than the queue of 10,000 holds, so that all are lost that aren't written meanwhile."""
DIFFERENT = 100
"""How many are decided anew; that would take most of the time, and the journal is what is tried."""


def _offer(writer: Writer, first: int, count: int) -> None:
    for number in range(first, first + count):
        known_as = str(number)
        if writer.submit(lambda known_as=known_as: (record(known_as),)):  # type: ignore[misc]
            writer.submit(lambda known_as=known_as: (outcome(known_as),))  # type: ignore[misc]


def test_beyond_what_a_database_keeps_up_with_every_loss_is_counted(journal_url: str) -> None:
    meter = Count()
    writer = journal_at(journal_url, meter)(JournalSettings(queue_size=200, keep_days=10_000))
    writer.submit(lambda: (record("first"),))
    assert writer.flush(LONG_S)
    taken = [True]
    real, lock = writer.submit, threading.Lock()

    def submit(make: Any) -> bool:
        is_taken = real(make)
        with lock:
            taken.append(is_taken)
        return is_taken

    writer.submit = submit  # type: ignore[method-assign]
    threads = [threading.Thread(target=_offer, args=(writer, n * 10_000, 5_000)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert writer.flush(LONG_S)
    writer.close()
    found = stored(journal_url)
    assert meter.lost > 0
    assert meter.kept + meter.lost == len(taken)
    assert meter.kept == sum(taken) == found.records + found.outcomes


@pytest.mark.timeout(600)  # at that rate it takes a while
async def test_at_the_rate_that_is_stated_each_request_is_there_once_with_its_outcome(
    journal_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seams, "proxy_router", seams.proxy_router)  # put back afterwards
    meter = Count()
    hooks = Hooks(deployments(), journal_at(journal_url, meter))
    few, began = list(texts(DIFFERENT)), time.monotonic()
    for number in range(REQUESTS):
        await asyncio.sleep(max(0.0, began + number / STATED_PER_S - time.monotonic()))
        await hooks.serve(few[number % DIFFERENT])
    hooks.flush()
    hooks.writer.close()
    assert stored(journal_url) == Stored(REQUESTS, REQUESTS, REQUESTS)
    assert meter.lost == 0
