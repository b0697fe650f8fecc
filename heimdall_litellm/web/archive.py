"""The journal as the HTTP API reads it: on threads of its own, a few at a time, and never for long.

A database that is slow or gone must keep neither the event loop nor the threads that others need. So a
question waits for a bounded time and then ends with a problem document; its thread may take longer, but there
are few of those, and whoever asks while all are taken and some wait is refused at once.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from heimdall_litellm.errors import JournalError
from heimdall_litellm.journal.store import Store
from heimdall_litellm.web.problems import Problem

THREADS: Final = 4
WAITING: Final = 32
"""How many questions may wait or be answered at a time."""
PATIENCE_S: Final = 5.0

T = TypeVar("T")


class Archive:
    """Asks the store that `open_` opens, when first asked."""

    def __init__(self, open_: Callable[[], Store], *, patience_s: float = PATIENCE_S) -> None:
        self._open, self._patience_s = open_, patience_s
        self._store: Store | None = None
        self._opening = threading.Lock()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="heimdall-archive")
        self._room = threading.BoundedSemaphore(WAITING)

    async def ask(self, question: Callable[[Store], T], *, patience_s: float | None = None) -> T:
        """Return the store's answer. Raises Problem where it doesn't come, or not in time."""
        if not self._room.acquire(blocking=False):
            raise Problem(503, "heimdall_busy", "The journal is being asked too much. Try again later.")
        job = self._threads.submit(self._answer, question)
        job.add_done_callback(lambda _: self._room.release())
        try:
            async with asyncio.timeout(self._patience_s if patience_s is None else patience_s):
                return await asyncio.wrap_future(job)
        except TimeoutError:
            raise _unavailable("didn't answer in time") from None
        except JournalError:
            raise _unavailable("can't be read now") from None

    def _answer(self, question: Callable[[Store], T]) -> T:
        with self._opening:
            if self._store is None:
                self._store = self._open()
        return question(self._store)


def no_journal() -> Problem:
    """Make the problem of what needs a journal, where none is written."""
    return Problem(
        404,
        "heimdall_no_journal",
        "No journal is written here, so there is nothing to show. Set journal.enabled to true.",
    )


def _unavailable(how: str) -> Problem:
    return Problem(
        503,
        "heimdall_journal_unavailable",
        f"The journal's database {how}. Requests are routed all the same; try again later.",
    )
