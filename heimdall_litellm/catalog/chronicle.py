"""What has changed in the lists, each change noticed and told once for the machine.

Whoever takes a list in, fetched or adopted, has it compared with what was last told of its source. That is
kept in the store, and compared in one transaction, so of all processes of the machine the first one finds
what has changed. Telling (a line in the log, a count) is apart from finding: the command line finds changes
too, and a process of the proxy tells them.

Without a store, or while it can't be used, each process does this for itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime

from heimdall_litellm.catalog.drift import Compared, compare
from heimdall_litellm.catalog.facts import Drift, Listing
from heimdall_litellm.catalog.store import SHOWN_DRIFT, Store


class Chronicle:
    """Finds changes and keeps them. One thread at a time may call it."""

    def __init__(self, store: Store | None) -> None:
        self._store = store
        self._told: dict[tuple[str, str], Sequence[Listing]] = {}
        self._own: deque[Drift] = deque(maxlen=SHOWN_DRIFT)
        self._untold: list[Drift] = []

    def notice(self, source: str, asked: str, listings: Sequence[Listing], at: float, now: float) -> None:
        """Compare a list that was read at `at` with what was last told of it. Times are Unix times."""
        mine = self._told.get((source, asked))

        def work(told: Sequence[Listing] | None, lately: Sequence[Drift]) -> Compared:
            # A new file knows nothing; this process may.
            moment = datetime.fromtimestamp(at, UTC)
            return compare(source, mine if told is None else told, listings, lately, moment)

        told = None if self._store is None else self._store.notice(source, asked, at, now, work)
        if told is None:
            compared = work(mine, [drift for drift in reversed(self._own) if drift.source == source])
            told = compared.told
            self._own.extend(compared.changes)
            self._untold.extend(compared.changes)
        self._told[source, asked] = told

    def take_untold(self) -> Sequence[Drift]:
        """Return the changes that nobody has told yet, the oldest first: from now on they count as told."""
        stored = () if self._store is None else self._store.take_untold()
        own, self._untold = self._untold, []
        return (*stored, *own)

    def latest(self) -> Sequence[Drift]:
        """Return the latest changes, newest first."""
        stored = () if self._store is None else self._store.drift()
        found = sorted((*stored, *reversed(self._own)), key=lambda drift: drift.at, reverse=True)
        return tuple(found[:SHOWN_DRIFT])
