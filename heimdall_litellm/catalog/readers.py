"""Threads that read several sources at once, so that none waits for another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

_MOST_AT_ONCE: Final = 8


class Readers:
    """One daemon thread for each source that is being read, and no second one for it; eight work at once.

    One thread at a time may call `begin`; any may wait, or ask what is being read.
    """

    def __init__(self) -> None:
        self._threads: dict[str, threading.Thread] = {}
        self._room = threading.BoundedSemaphore(_MOST_AT_ONCE)

    def begin(self, name: str, work: Callable[[], None]) -> None:
        """Begin to read a source, unless it is being read."""
        if self.is_reading(name):
            return

        def run() -> None:
            with self._room:
                work()

        thread = threading.Thread(target=run, name=f"heimdall-catalog-{name}", daemon=True)
        thread.start()
        self._threads[name] = thread  # only now, as nobody can wait for one that has not begun

    def is_reading(self, name: str) -> bool:
        """Whether a source is being read."""
        thread = self._threads.get(name)
        return thread is not None and thread.is_alive()

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait for all sources that are being read, and no longer than so long for all together."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        for thread in list(self._threads.values()):
            thread.join(None if deadline is None else max(0.0, deadline - time.monotonic()))
