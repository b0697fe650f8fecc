"""The store as the writer knows it: opened late, and pruned now and then; or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from heimdall_litellm.config import JournalSettings
from heimdall_litellm.errors import JournalError
from heimdall_litellm.journal.record import Item, now
from heimdall_litellm.journal.writer import Meter, Sink

if TYPE_CHECKING:
    from heimdall_litellm.journal.store import Entry, Store


class DatabaseSink(Sink):
    """Keeps items where the settings say. The database is looked at when first written to."""

    def __init__(self, settings: JournalSettings, clock: Callable[[], datetime] = now) -> None:
        self._settings, self._clock = settings, clock
        self._store: Store | None = None

    def open(self) -> None:
        """Make the database ready."""
        # Late: a proxy that writes no journal needs none of it, and starts sooner.
        from heimdall_litellm.journal.opening import open_store

        self._store = open_store(self._settings)

    def write(self, items: Sequence[Item]) -> None:
        """Keep items."""
        if self._store is not None:
            self._store.write(items)

    def tend(self) -> None:
        """Throw away what is too old or too much."""
        if self._store is not None:
            self._store.prune(self._clock(), self._settings.keep_days, round(self._settings.max_mb * 1e6))

    def find(self, known_as: str) -> Entry | None:
        """Return what is kept of a request; None where that is nothing, or can't be told now."""
        try:
            return self._store.get(known_as) if self._store is not None else None
        except JournalError:
            return None


class NoSink(Sink):
    """Keeps nothing."""

    def open(self) -> None:
        """Make nothing ready."""

    def write(self, items: Sequence[Item]) -> None:
        """Let items go."""

    def tend(self) -> None:
        """Do nothing."""


class NoMeter(Meter):
    """Counts nothing."""

    def written(self, count: int) -> None:
        """Count nothing."""

    def dropped(self, cause: str, count: int = 1) -> None:
        """Count nothing."""

    def waiting(self, count: int) -> None:
        """Show nothing."""
