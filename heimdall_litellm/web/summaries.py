"""Summaries of periods, each made once at a time and kept for a while: the longer it took, the longer.

A page that is left open asks every few seconds, and a summary of a large journal takes seconds itself. So all
who ask the same get the same, and what took t seconds is kept for `SHARE` times that: by however many one
period is asked for, summing it up takes a small part of one core. Whoever would wait too long is told to come
again, and finds it made.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from heimdall_litellm.journal.store import Store
from heimdall_litellm.report.figures import Summary
from heimdall_litellm.web.archive import PATIENCE_S, Archive
from heimdall_litellm.web.problems import Problem

SHARE: Final = 20.0
_MOST: Final = 64
_LONGEST_S: Final = 120.0
_Known = tuple[object, ...]


class Summaries:
    """The latest summaries, by what was asked."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, patience_s: float = PATIENCE_S) -> None:
        self._clock, self._patience_s = clock, patience_s
        self._kept: dict[_Known, tuple[float, Summary]] = {}
        self._making: dict[_Known, asyncio.Task[Summary]] = {}

    async def of(self, archive: Archive, asked: _Known, ask: Callable[[Store], Summary]) -> Summary:
        """Return the summary that was `asked` for, and is made by `ask`. Raises Problem."""
        known = (archive, *asked)
        kept = self._kept.get(known)
        if kept is not None and kept[0] > self._clock():
            return kept[1]
        making = self._making.get(known)
        if making is None:
            making = self._making[known] = asyncio.create_task(self._make(archive, known, ask))
            # Where nobody waits any more, nobody else would look at what it failed with.
            making.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            async with asyncio.timeout(self._patience_s):
                return await asyncio.shield(making)
        except TimeoutError:
            raise Problem(
                503, "heimdall_busy", "The period is still being summed up. Ask again in a moment."
            ) from None

    async def _make(self, archive: Archive, known: _Known, ask: Callable[[Store], Summary]) -> Summary:
        began = self._clock()
        try:
            made = await archive.ask(ask, patience_s=_LONGEST_S)
            now = self._clock()
            fresh = [(name, kept) for name, kept in self._kept.items() if kept[0] > now and name != known]
            self._kept = dict(fresh[1 - _MOST :])
            self._kept[known] = (now + SHARE * (now - began), made)
            return made
        finally:
            del self._making[known]
