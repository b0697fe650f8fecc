"""From the request's path to the store: a bounded queue, and one thread that empties it.

Whoever has something to record hands over how to make it, and goes on: making it, turning it into JSON and
writing it are the thread's business. Where the queue is full, what comes is dropped and counted; nobody ever
waits. Where the store fails, it is tried again, ever less often; what comes meanwhile is made and waits, for
what it is made from may hold whole prompts and answers. A process that is killed loses what came since the
last flush and no more; one that ends flushes first.

An item that can't be made or isn't taken is lost alone. What comes of each is counted, in items: one that was
never made counts as one. Whoever watches (`tell`) sees all that is made, whether the store takes it or not.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final, Protocol

from heimdall_litellm.background import BRIEF_S, give_way, hurry
from heimdall_litellm.errors import JournalError
from heimdall_litellm.journal.record import Item

Maker = Callable[[], Sequence[Item]]
"""Makes what is to be written; it may come to nothing."""
Observer = Callable[[Sequence[Item]], None]
"""Sees items once each, when they are made, on the writer's thread."""

BATCH: Final = 500
"""How many items are written at once."""
_LONGEST_PAUSE_S: Final = 60.0
_AT_EXIT_S: Final = 3.0

logger = logging.getLogger("heimdall_litellm")


class Sink(Protocol):
    """Where items are kept. All methods raise JournalError, and are called by one thread."""

    def open(self) -> None:
        """Make ready to write; called until it succeeds, and again after each failure."""
        ...

    def write(self, items: Sequence[Item]) -> int:
        """Keep items, all or none, but for those that can never be kept; returns the number of those.

        The same items may come again.
        """
        ...

    def tend(self) -> None:
        """Do what is to be done now and then, such as throwing away what is too old."""
        ...


class Meter(Protocol):
    """Counts what becomes of items: `written`, or `dropped` with a cause.

    Causes: `full`, the queue was; `unmade`, it couldn't be put together; `refused`, the store can't hold it;
    `unwritable`, the store failed until the process ended.
    """

    def written(self, count: int) -> None:
        """Count items that were kept."""
        ...

    def dropped(self, cause: str, count: int = 1) -> None:
        """Count items that were lost."""
        ...

    def waiting(self, count: int) -> None:
        """Show how many items wait."""
        ...


class Writer:
    """The queue and its thread, which starts with the first item. Safe to use from any thread."""

    def __init__(
        self,
        sink: Sink,
        meter: Meter,
        *,
        size: int = 10_000,
        flush_s: float = 1.0,
        tend_s: float = 600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sink, self._meter, self._clock = sink, meter, clock
        self._size, self._flush_s, self._tend_s = size, flush_s, tend_s
        self._observer: Observer = lambda _: None
        self._reset()
        atexit.register(self.close)

    def tell(self, observer: Observer) -> None:
        """Show all items to `observer` from now on, whether they can be kept or not."""
        self._observer = observer

    def _reset(self) -> None:
        self._queue: deque[Maker] = deque()
        self._kept: deque[Item] = deque()
        self._submitted = self._settled = self._failures = 0
        self._is_closing = self._is_open = self._has_complained = self._is_urgent = False
        self._next_tending = self._retry_at = float("-inf")
        self._thread: threading.Thread | None = None
        self._wake, self._changed = threading.Event(), threading.Condition()
        self._pid = os.getpid()

    def submit(self, make: Maker) -> bool:
        """Have an item made and kept; False where it was dropped instead."""
        if self._pid != os.getpid():
            self._reset()  # no thread survives a fork, and what waited is the parent's to write
        with self._changed:
            cause = self._why_not()
            if cause is None:
                self._queue.append(make)
                self._submitted += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="heimdall-journal", daemon=True)
                self._thread.start()
        if cause is not None:
            self._meter.dropped(cause)
        elif len(self._queue) >= BATCH:
            self._wake.set()
        return cause is None

    def flush(self, timeout_s: float) -> bool:
        """Wait until all that was handed over is kept or lost; False where that took too long."""
        with self._changed:
            wanted = self._submitted
            self._is_urgent = True
            self._wake.set()
            return self._changed.wait_for(lambda: self._settled >= wanted, timeout_s)

    def close(self) -> None:
        """Flush, and end the thread; what can't be kept within a few seconds is lost and counted."""
        thread = self._thread
        if thread is None or self._pid != os.getpid() or self._is_closing:
            return
        self._is_closing = True
        self._wake.set()
        thread.join(_AT_EXIT_S)
        if left := len(self._queue) + len(self._kept):
            self._meter.dropped("unwritable", left)
            # The counter ends with the process, so that nobody may ever see it.
            logger.warning("Heimdall's journal: %d items that waited when the process ended are lost.", left)

    def _why_not(self) -> str | None:
        if self._is_closing:
            return "unwritable"
        waiting = len(self._queue) + (0 if self._failures else len(self._kept))
        return "full" if waiting >= self._size else None

    def _run(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._is_closing
            if is_last or self._is_urgent or self._clock() >= self._retry_at:
                self._is_urgent = False
                if self._empty():
                    self._tend()
            else:
                self._make(self._size)
            if not is_last:
                left = self._retry_at - self._clock()
                self._wake.wait(max(0.0, left) if self._failures else self._flush_s)
                self._wake.clear()

    def _empty(self) -> bool:
        """Write all that waits; False where the store failed."""
        while self._queue or self._kept:
            self._make(BATCH)
            self._meter.waiting(len(self._queue) + len(self._kept))
            batch = list(islice(self._kept, BATCH))
            try:
                self._write(batch)
            except Exception as error:  # noqa: BLE001 - the supervisor of a background task
                self._failures = min(self._failures + 1, 16)
                self._is_open = False
                self._retry_at = self._clock() + min(_LONGEST_PAUSE_S, self._flush_s * 2**self._failures)
                self._complain("%s What comes meanwhile waits until the queue is full.", _words(error))
                return False
            for _ in batch:
                self._kept.popleft()
            if self._failures:
                logger.warning("Heimdall's journal is written again.")
            self._failures, self._has_complained, self._retry_at = 0, False, float("-inf")
            self._settle()
        self._meter.waiting(0)
        return True

    def _write(self, batch: Sequence[Item]) -> None:
        if not batch:
            return
        if not self._is_open:
            self._sink.open()
            self._is_open = True
        refused = self._sink.write(batch)
        self._meter.written(len(batch) - refused)
        if refused:
            self._meter.dropped("refused", refused)

    def _make(self, most: int) -> None:
        """Make items of what waits until there are `most`."""
        # What can't be kept any more is made all the same where the store fails, for who watches.
        while self._queue and (len(self._kept) < most or self._failures):
            hurry(self._is_closing or len(self._queue) >= BATCH)  # in the store as well
            give_way(BRIEF_S)
            try:
                made = self._queue[0]()
            except Exception as error:  # noqa: BLE001 - one item that can't be made takes no other along
                made = ()
                self._meter.dropped("unmade")
                self._complain("A journal record can't be made (%s); it is lost.", type(error).__name__)
            self._show(made)
            # In this order, for what is in neither would be taken for settled.
            room = max(0, self._size - len(self._kept)) if self._failures else len(made)
            self._kept.extend(made[:room])
            self._queue.popleft()
            if lost := len(made[room:]):
                self._meter.dropped("full", lost)

    def _show(self, items: Sequence[Item]) -> None:
        try:
            self._observer(items)
        except Exception as error:  # noqa: BLE001 - what watches is no part of what is written
            self._complain("A journal record can't be counted (%s).", type(error).__name__)

    def _settle(self) -> None:
        """Say so where nothing waits that had been handed over by now."""
        with self._changed:
            if not self._kept:
                self._settled = self._submitted - len(self._queue)
            self._changed.notify_all()

    def _tend(self) -> None:
        if self._clock() < self._next_tending or not self._is_open:
            return
        self._next_tending = self._clock() + self._tend_s
        try:
            self._sink.tend()
        except Exception as error:  # noqa: BLE001 - the supervisor of a background task
            self._complain("%s", _words(error))

    def _complain(self, words: str, *values: object) -> None:
        if not self._has_complained:
            logger.warning(f"Heimdall: {words} Further failures are counted, not logged.", *values)
            self._has_complained = True


def _words(error: Exception) -> str:
    return (
        str(error) if isinstance(error, JournalError) else f"The journal failed with {type(error).__name__}."
    )
