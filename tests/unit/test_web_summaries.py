"""Summaries are made once for all who ask, and kept the longer the more they cost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, cast

import pytest

from heimdall_litellm.errors import JournalError
from heimdall_litellm.journal.store import Store
from heimdall_litellm.report.figures import Summary
from heimdall_litellm.web.archive import Archive
from heimdall_litellm.web.problems import Problem
from heimdall_litellm.web.summaries import SHARE, Summaries

STORE = cast(Store, object())
ASKED = ("7d", None, None, None, 48)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def made(name: str) -> Summary:
    return cast(Summary, name)


def archive() -> Archive:
    return Archive(lambda: STORE)


async def test_what_is_asked_for_by_many_at_once_is_made_once() -> None:
    summaries, asked, go = Summaries(Clock()), archive(), threading.Event()
    calls: list[Store] = []

    def ask(store: Store) -> Summary:
        calls.append(store)
        assert go.wait(20)
        return made("one")

    waiting = [asyncio.create_task(summaries.of(asked, ASKED, ask)) for _ in range(5)]
    await asyncio.sleep(0)
    go.set()
    assert await asyncio.gather(*waiting) == ["one"] * 5
    assert calls == [STORE]


async def test_what_took_long_is_kept_long_and_what_took_nothing_is_made_anew() -> None:
    clock = Clock()
    summaries, asked = Summaries(clock), archive()

    def taking(seconds: float, name: str) -> Callable[[Store], Summary]:
        def ask(_: Store) -> Summary:
            clock.now += seconds
            return made(name)

        return ask

    assert await summaries.of(asked, ASKED, taking(0.0, "quick")) == "quick"
    assert await summaries.of(asked, ASKED, taking(2.0, "slow")) == "slow"
    clock.now += 2.0 * SHARE - 0.1
    assert await summaries.of(asked, ASKED, taking(0.0, "other")) == "slow"
    assert await summaries.of(asked, ("24h", *ASKED[1:]), taking(0.0, "another")) == "another"
    clock.now += 0.2
    assert await summaries.of(asked, ASKED, taking(0.0, "other")) == "other"


async def test_who_would_wait_too_long_finds_it_made_when_they_come_again() -> None:
    summaries, asked, go = Summaries(patience_s=0.01), archive(), threading.Event()

    def ask(_: Store) -> Summary:
        assert go.wait(20)
        return made("late")

    with pytest.raises(Problem) as refused:
        await summaries.of(asked, ASKED, ask)
    assert (refused.value.status, refused.value.code) == (503, "heimdall_busy")
    patient = Summaries()
    patient._making = summaries._making
    go.set()
    assert await patient.of(asked, ASKED, lambda _: made("made again")) == "late"


async def test_a_failure_is_told_and_not_kept() -> None:
    summaries, asked = Summaries(), archive()

    def fail(_: Store) -> Any:
        raise JournalError("gone")

    with pytest.raises(Problem) as failed:
        await summaries.of(asked, ASKED, fail)
    assert failed.value.status == 503
    assert await summaries.of(asked, ASKED, lambda _: made("well")) == "well"
