"""The store as the writer knows it: opened late, and pruned now and then; or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from heimdall_litellm.config import JournalSettings
from heimdall_litellm.errors import JournalError
from heimdall_litellm.journal.record import Document, Item, now
from heimdall_litellm.journal.writer import Meter, Sink

if TYPE_CHECKING:
    from heimdall_litellm.journal.store import Entry, Store

_DOCUMENTS: Final = 100
"""How many of the latest documents are written once more where the journal may be a new one."""


class DatabaseSink(Sink):
    """Keeps items where the settings say. The database is looked at when first written to."""

    def __init__(self, settings: JournalSettings, clock: Callable[[], datetime] = now) -> None:
        self._settings, self._clock = settings, clock
        self._store: Store | None = None
        self._documents: dict[str, Document] = {}
        self._has_documents = True

    def open(self) -> None:
        """Make the database ready; one that was opened before may be another one by now."""
        # Late: a proxy that writes no journal needs none of it, and starts sooner.
        from heimdall_litellm.journal.opening import open_store

        if self._store is not None:
            self._store.database.close()
            self._has_documents = False
        self._store = open_store(self._settings)

    def write(self, items: Sequence[Item]) -> int:
        """Keep items, and what they refer to."""
        for item in items:
            if isinstance(item, Document):
                self._documents.pop(item.digest, None)
                self._documents[item.digest] = item
        for digest in list(self._documents)[:-_DOCUMENTS]:
            del self._documents[digest]
        again = () if self._has_documents else self._documents.values()
        refused = self._ready().write([*again, *items])
        self._has_documents = True
        return refused

    def tend(self) -> None:
        """Throw away what is too old or too much, and add up what is over."""
        store, now_ = self._ready(), self._clock()
        store.prune(now_, self._settings.keep_days, self._settings.max_mb * 1e6)
        store.add_up(now_)

    def find(self, known_as: str) -> Entry | None:
        """Return what is kept of a request; None where that is nothing, or can't be told now."""
        try:
            return self._store.get(known_as) if self._store is not None else None
        except JournalError:
            return None

    def _ready(self) -> Store:
        if self._store is None:
            raise JournalError("The journal was never opened.")
        return self._store


class NoSink(Sink):
    """Keeps nothing."""

    def open(self) -> None:
        """Make nothing ready."""

    def write(self, items: Sequence[Item]) -> int:  # noqa: ARG002 - as the others take them
        """Let items go."""
        return 0

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
