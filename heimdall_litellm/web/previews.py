"""Previews that are kept for a while, and never made twice at a time.

A preview is of its whole sample or of nothing: what a busy machine has no time for is gone on with when it is
asked for again. Another α is decided on the same sample, and that α alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from heimdall_litellm.bundle import Bundle
from heimdall_litellm.journal.store import Page
from heimdall_litellm.report.preview import SAMPLE, Preview, Rehearsal
from heimdall_litellm.web.archive import Archive
from heimdall_litellm.web.problems import Problem

ALPHAS: Final = tuple(step / 10 for step in range(11))
KEPT_S: Final = 60.0
_MOST: Final = 64
_PATIENCE_S: Final = 8.0
_Known = tuple[object, ...]


class Previews:
    """The latest previews, by what was asked."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[_Known, tuple[float, Rehearsal]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def of(
        self, archive: Archive, bundle: Bundle, page: Page, since: str, alpha: float | None
    ) -> Preview:
        """Return the preview of a page's period, which was asked for as `since`. Raises Problem."""
        alphas = tuple(sorted({*ALPHAS, *([] if alpha is None else [round(alpha, 3)])}))
        known: _Known = (archive, bundle.manifest_sha256, page.requested, page.key, since)
        try:
            async with asyncio.timeout(_PATIENCE_S), self._one_at_a_time:
                self._forget()
                if known not in self._kept:
                    # At once, so that whoever asks again finds what there was time for.
                    begun = Rehearsal(bundle, replace(page, limit=SAMPLE))
                    self._kept[known] = (self._clock() + KEPT_S, begun)
                made = self._kept[known][1]
                while not await archive.ask(lambda store: made.go_on(store, alphas)):
                    pass
                return made.preview(alphas)
        except TimeoutError:
            raise Problem(503, "heimdall_busy", "The preview is still being made. Try again soon.") from None

    def _forget(self) -> None:
        now = self._clock()
        fresh = [(known, kept) for known, kept in self._kept.items() if kept[0] > now]
        self._kept = dict(fresh[-_MOST:])
