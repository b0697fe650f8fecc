"""The store as the writer knows it: opened late, and pruned now and then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from heimdall_litellm.config import JournalSettings
from heimdall_litellm.journal.record import Item, now
from heimdall_litellm.journal.writer import Sink


class DatabaseSink(Sink):
    """Keeps items where the settings say. The database is looked at when first written to."""

    def __init__(self, settings: JournalSettings, clock: Callable[[], datetime] = now) -> None:
        self._settings, self._clock = settings, clock

    def open(self) -> None:
        """Make the database ready."""
        # Late: a proxy that writes no journal needs none of it, and starts sooner.
        from heimdall_litellm.journal.opening import open_store

        self._store = open_store(self._settings)

    def write(self, items: Sequence[Item]) -> None:
        """Keep items."""
        self._store.write(items)

    def tend(self) -> None:
        """Throw away what is too old or too much."""
        self._store.prune(self._clock(), self._settings.keep_days, round(self._settings.max_mb * 1e6))
