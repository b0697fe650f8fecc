"""What was read last, in SQLite: so that a restart starts warm, and one process of a machine reads for all.

It is a cache, and never in the way: a file that is damaged, locked, read-only or of a newer version is left
as it is, said once, and done without. Connections last for one call, so that any thread and any process may
use it at any time; writers wait for each other for a moment.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Final, TypeVar

from platformdirs import user_cache_path

from heimdall_litellm.catalog.facts import Drift, Listing
from heimdall_litellm.catalog.readings import listings_from_json, listings_to_json

VERSION: Final = 1
MOST_DRIFT: Final = 500
_KEPT_S: Final = 60 * 86_400.0
_LATEST: Final = 1e11
"""Unix times beyond are no times."""
_KINDS: Final = ("price", "window", "appeared", "vanished")
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS reading (
  source TEXT NOT NULL, asked TEXT NOT NULL, read_at REAL, tried_at REAL NOT NULL, failures INTEGER NOT NULL,
  error TEXT, etag TEXT, last_modified TEXT, listings TEXT, PRIMARY KEY (source, asked)
);
CREATE TABLE IF NOT EXISTS drift (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, change TEXT NOT NULL
);
"""

logger = logging.getLogger("heimdall_litellm")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kept:
    """How one source is doing, and when it was last read well. Times are Unix times."""

    tried_at: float
    read_at: float | None = None
    failures: int = 0
    error: str | None = None
    etag: str | None = None
    last_modified: str | None = None


def default_path() -> Path:
    """Say where the store is if the settings name no place."""
    return user_cache_path("heimdall") / "catalog.sqlite"


class Store:
    """One file. No method raises for what is wrong with it; `is_usable` says whether it is in use."""

    def __init__(self, path: Path, busy_s: float = 2.0) -> None:
        self.path = path
        self._busy_s = busy_s
        self._has_complained = False

    @cached_property
    def is_usable(self) -> bool:
        """Whether the file is in use; it is opened, or made, when first asked."""
        return self._try(self._prepare, False)

    def kept(self, source: str, asked: str) -> Kept | None:
        """Return the state of a source, without its listings."""

        def read() -> Kept | None:
            with self._open() as file:
                row = file.execute(
                    "SELECT tried_at, read_at, failures, error, etag, last_modified FROM reading"
                    " WHERE source = ? AND asked = ?",
                    (source, asked),
                ).fetchone()
            return None if row is None else _kept(*row)

        return self._try(read, None) if self.is_usable else None

    def listings(self, source: str, asked: str) -> tuple[Listing, ...]:
        """Return the last good listings of a source; none if there are none."""

        def read() -> tuple[Listing, ...]:
            with self._open() as file:
                row = file.execute(
                    "SELECT listings FROM reading WHERE source = ? AND asked = ?", (source, asked)
                ).fetchone()
            return listings_from_json(row[0]) if row is not None and row[0] else ()

        return self._try(read, ()) if self.is_usable else ()

    def put(self, source: str, asked: str, kept: Kept, listings: Sequence[Listing] | None = None) -> None:
        """Keep the state of a source; without `listings` those that are kept stay."""

        def write() -> None:
            text = None if listings is None else listings_to_json(listings)
            with self._open() as file:
                file.execute(
                    "INSERT INTO reading VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
                    " ON CONFLICT (source, asked) DO UPDATE SET read_at = excluded.read_at,"
                    " tried_at = excluded.tried_at, failures = excluded.failures, error = excluded.error,"
                    " etag = excluded.etag, last_modified = excluded.last_modified,"
                    " listings = coalesce(excluded.listings, listings)",
                    (
                        *(source, asked, kept.read_at, kept.tried_at, kept.failures, kept.error),
                        *(kept.etag, kept.last_modified, text),
                    ),
                )
                file.execute("DELETE FROM reading WHERE tried_at < ?", (kept.tried_at - _KEPT_S,))

        if self.is_usable:
            self._try(write, None)

    def add_drift(self, changes: Sequence[Drift]) -> None:
        """Keep changes, and of all changes the latest."""

        def write() -> None:
            with self._open() as file:
                file.executemany(
                    "INSERT INTO drift (at, change) VALUES (?, ?)",
                    [(change.at.timestamp(), _to_json(change)) for change in changes],
                )
                file.execute("DELETE FROM drift WHERE id <= (SELECT max(id) FROM drift) - ?", (MOST_DRIFT,))

        if self.is_usable and changes:
            self._try(write, None)

    def drift(self) -> tuple[Drift, ...]:
        """Return the latest changes, newest first."""

        def read() -> tuple[Drift, ...]:
            with self._open() as file:
                rows = file.execute("SELECT at, change FROM drift ORDER BY id DESC").fetchall()
            return tuple(drift for row in rows if (drift := _from_json(*row)) is not None)

        return self._try(read, ()) if self.is_usable else ()

    def _prepare(self) -> bool:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        with self._open() as file:
            (version,) = file.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise ValueError(f"it is of version {version}, newer than this program's {VERSION}")
            file.execute("PRAGMA journal_mode = WAL")
        with self._open() as file:
            file.executescript(f"BEGIN IMMEDIATE;{_TABLES}PRAGMA user_version = {VERSION};COMMIT;")
        return True

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open the file for one transaction."""
        with closing(sqlite3.connect(self.path, timeout=self._busy_s)) as file, file:
            yield file

    def _try(self, work: Callable[[], T], otherwise: T) -> T:
        try:
            return work()
        except (sqlite3.Error, OSError, ValueError, TypeError) as error:
            if not self._has_complained:
                self._has_complained = True
                logger.warning(
                    "The catalog's store %s cannot be used, so a restart will start cold: %s",
                    self.path,
                    error,
                )
            return otherwise


def _kept(*row: object) -> Kept:
    """Check a row. Raises ValueError if it makes no sense."""
    tried_at, read_at, failures, error, etag, last_modified = row
    for at in (tried_at, read_at):
        if at is not None and not (isinstance(at, (int, float)) and 0 <= at < _LATEST):
            raise ValueError("a time in it is none")
    texts = (error, etag, last_modified)
    if (
        tried_at is None
        or not isinstance(failures, int)
        or not all(t is None or isinstance(t, str) for t in texts)
    ):
        raise ValueError("a row in it makes no sense")
    return Kept(tried_at, read_at, failures, *texts)  # type: ignore[arg-type]  # checked above


def _to_json(drift: Drift) -> str:
    return json.dumps(
        [drift.kind, drift.provider, drift.model, drift.source, drift.field, drift.before, drift.after]
    )


def _from_json(at: float, change: str) -> Drift | None:
    try:
        kind, provider, model, source, name, before, after = json.loads(change)
        moment = datetime.fromtimestamp(at, UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None
    is_sound = kind in _KINDS and all(isinstance(text, str) for text in (provider, model, source))
    if not is_sound or not all(_is_value(value) for value in (name, before, after)):
        return None
    return Drift(moment, kind, provider, model, source, name, before, after)


def _is_value(value: object) -> bool:
    return value is None or isinstance(value, (int, float, str))
