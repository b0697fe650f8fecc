"""How the journal is doing, as its writer meets it: what is kept, what is lost, and what fails now."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from heimdall_litellm.journal.record import Item, now
from heimdall_litellm.journal.writer import Meter, Sink

_SEE_LOG: Final = "see the proxy's log"


@dataclass(frozen=True, slots=True)
class Standing:
    """How the journal is doing, since this process began.

    Items: `waiting`, `written` and `dropped` by cause, as a `Meter` counts them. `failing` says in a few
    words why it can't be written now, and `failed` why it couldn't when that was last so; neither names a
    place, nor holds anything of a request. `wrote_at` is when items were last kept.
    """

    waiting: int
    written: int
    dropped: Mapping[str, int]
    failing: str | None
    failed: str | None
    wrote_at: datetime | None


class Ledger(Sink, Meter):
    """Stands between a writer and its sink and meter, and takes note of both. Safe to use from any thread."""

    def __init__(self, sink: Sink, meter: Meter, clock: Callable[[], datetime] = now) -> None:
        self._sink, self._meter, self._clock = sink, meter, clock
        self._lock = threading.Lock()
        self._waiting = self._written = 0
        self._dropped: Counter[str] = Counter()
        self._failing: str | None = None
        self._failed: str | None = None
        self._wrote_at: datetime | None = None

    def standing(self) -> Standing:
        """Return how the journal is doing."""
        with self._lock:
            return Standing(
                self._waiting, self._written, dict(self._dropped), self._failing, self._failed, self._wrote_at
            )

    def open(self) -> None:
        """Make ready to write."""
        try:
            self._sink.open()
        except Exception as error:
            self._fails(error)
            raise

    def write(self, items: Sequence[Item]) -> int:
        """Keep items."""
        try:
            refused = self._sink.write(items)
        except Exception as error:
            self._fails(error)
            raise
        with self._lock:
            self._failing, self._wrote_at = None, self._clock()
        return refused

    def tend(self) -> None:
        """Do what is to be done now and then."""
        self._sink.tend()

    def written(self, count: int) -> None:
        """Count items that were kept."""
        with self._lock:
            self._written += count
        self._meter.written(count)

    def dropped(self, cause: str, count: int = 1) -> None:
        """Count items that were lost."""
        with self._lock:
            self._dropped[cause] += count
        self._meter.dropped(cause, count)

    def waiting(self, count: int) -> None:
        """Show how many items wait."""
        with self._lock:
            self._waiting = count
        self._meter.waiting(count)

    def _fails(self, error: Exception) -> None:
        with self._lock:
            self._failing = self._failed = in_few_words(error)


def in_few_words(error: BaseException) -> str:
    """Say what failed without where, and without anything that a database repeats of what it was given."""
    # Our own errors name the place; what they were made of stands behind them.
    behind = error.__context__ or error
    cause = getattr(behind, "orig", None) or behind
    if isinstance(cause, OSError) and cause.errno is not None:
        return os.strerror(cause.errno)
    if isinstance(cause, sqlite3.OperationalError):
        return str(cause)[:100]
    state = getattr(cause, "sqlstate", None)
    return f"{type(cause).__name__}{f' ({state})' if state else ''}; {_SEE_LOG}"
