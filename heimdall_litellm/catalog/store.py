"""What was read last, in SQLite: so that a restart starts warm, and one process of a machine reads for all.

It is a cache, and never in the way: a file that is damaged, locked, read-only or of a newer version is left
as it is, said once, done without, and tried again a minute later. Where somebody deletes or replaces the file
it is made anew, or taken as it is, by the next call. Connections last for one call, so that any thread and
any process may use it at any time; writers wait for each other for a moment.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

from platformdirs import user_cache_path

from heimdall_litellm.catalog.drift import Compared
from heimdall_litellm.catalog.facts import Drift, Listing
from heimdall_litellm.catalog.readings import listings_from_json, listings_to_json
from heimdall_litellm.sqlite_file import make_private

VERSION: Final = 2
MOST_DRIFT: Final = 500
"""How many changes of each source are kept, beside those of its latest reading."""
SHOWN_DRIFT: Final = 1000
"""How many changes of all sources are read back."""
REST_S: Final = 60.0
"""How long a file that can't be used is left alone."""
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
  id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, change TEXT NOT NULL,
  source TEXT NOT NULL DEFAULT '', is_told INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE IF NOT EXISTS told (
  source TEXT NOT NULL, asked TEXT NOT NULL, at REAL NOT NULL, listings TEXT NOT NULL,
  PRIMARY KEY (source, asked)
);
"""
_UPGRADES: Final = {
    1: """
ALTER TABLE drift ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE drift ADD COLUMN is_told INTEGER NOT NULL DEFAULT 1;
""",
}
"""What makes a file of a version one of the next."""

logger = logging.getLogger("heimdall_litellm")
T = TypeVar("T")
Compare = Callable[[Sequence[Listing] | None, Sequence[Drift]], Compared]
"""Compares a reading with what was last told of its source, None at first, and its changes, newest first."""


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
    """One file. No method raises for what is wrong with it; `is_usable` says whether it is in use.

    `clock` gives seconds that never go back.
    """

    def __init__(self, path: Path, busy_s: float = 2.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.path = path.absolute()
        self._busy_s, self._clock = busy_s, clock
        self._ready: tuple[int, int] | None = None
        self._rests_until = float("-inf")
        self._complained_of: object = self

    @property
    def is_usable(self) -> bool:
        """Whether the file is in use; it is opened, or made, when first asked."""
        return self._use(lambda: True, False)

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

        return self._use(read, None)

    def listings(self, source: str, asked: str) -> tuple[Listing, ...]:
        """Return the last good listings of a source; none if there are none."""

        def read() -> tuple[Listing, ...]:
            with self._open() as file:
                row = file.execute(
                    "SELECT listings FROM reading WHERE source = ? AND asked = ?", (source, asked)
                ).fetchone()
            return listings_from_json(row[0]) if row is not None and row[0] else ()

        return self._use(read, ())

    def put(self, source: str, asked: str, kept: Kept, listings: Sequence[Listing] | None = None) -> None:
        """Keep the state of a source; without `listings` those that are kept stay."""
        text = None if listings is None else listings_to_json(listings)

        def write() -> None:
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
                file.execute("DELETE FROM told WHERE at < ?", (kept.tried_at - _KEPT_S,))

        self._use(write, None)

    def notice(
        self, source: str, asked: str, at: float, now: float, compare: Compare
    ) -> Sequence[Listing] | None:
        """Compare a reading of the time `at` with what was last told, and keep what has changed.

        Of many processes one finds a change: it is kept only where what was told is still what the reading
        was compared with; else it is compared again. Nobody waits meanwhile. Where somebody has compared this
        reading or a later one, nothing is. Returns what is told from now on; None if the file is of no use.
        """

        def write() -> Sequence[Listing]:
            told = None
            while told is None:
                told = attempt()
            return told

        def attempt() -> Sequence[Listing] | None:
            with self._open() as file:
                file.execute("BEGIN")
                row, lately = _told_row(file, source, asked), _drift_in(file, source)
            told = None if row is None else _told(row[1])
            if row is not None and told is not None and at <= row[0] <= now:
                return told
            compared = compare(told, lately)
            written = listings_to_json(compared.told)
            with self._open() as file:
                file.execute("BEGIN IMMEDIATE")
                if _told_row(file, source, asked) != row:
                    return None
                # Before the new ones come in, of which none is lost untold.
                file.execute(
                    "DELETE FROM drift WHERE source = ?1 AND id NOT IN"
                    " (SELECT id FROM drift WHERE source = ?1 ORDER BY id DESC LIMIT ?2)",
                    (source, MOST_DRIFT),
                )
                file.executemany(
                    "INSERT INTO drift (at, change, source, is_told) VALUES (?, ?, ?, 0)",
                    [(each.at.timestamp(), _to_json(each), source) for each in compared.changes],
                )
                file.execute("REPLACE INTO told VALUES (?, ?, ?, ?)", (source, asked, at, written))
            return compared.told

        return self._use(write, None)

    def take_untold(self) -> tuple[Drift, ...]:
        """Return the changes that nobody has told yet, the oldest first; each goes to one process only."""

        def take() -> tuple[Drift, ...]:
            untold = "FROM drift WHERE is_told = 0"
            with self._open() as file:
                if file.execute(f"SELECT 1 {untold} LIMIT 1").fetchone() is None:
                    return ()
                file.commit()
                file.execute("BEGIN IMMEDIATE")
                rows = file.execute(f"SELECT at, change {untold} ORDER BY id").fetchall()
                file.execute("UPDATE drift SET is_told = 1 WHERE is_told = 0")
            return _sound(rows)

        return self._use(take, ())

    def drift(self) -> tuple[Drift, ...]:
        """Return the latest changes, newest first."""

        def read() -> tuple[Drift, ...]:
            with self._open() as file:
                return _drift_in(file)

        return self._use(read, ())

    def _use(self, work: Callable[[], T], otherwise: T) -> T:
        """Work on the file, if need be after it was opened anew; say once of a file that it is no use."""
        if self._clock() < self._rests_until:
            return otherwise
        try:
            return self._work(work)
        except (sqlite3.Error, OSError, ValueError, TypeError) as error:
            self._complain(error)
            return otherwise

    def _work(self, work: Callable[[], T]) -> T:
        for is_second in (False, True):
            try:
                if self._ready is None or self._identity() != self._ready:
                    self._prepare()
            except Exception:
                self._rest()
                raise
            try:
                return work()
            except sqlite3.Error as error:
                if _is_busy(error):
                    raise
                if is_second:
                    self._rest()
                    raise
                self._ready = None  # the file may have gone meanwhile
        raise AssertionError("unreachable")

    def _rest(self) -> None:
        self._ready = None
        self._rests_until = self._clock() + REST_S

    def _identity(self) -> tuple[int, int] | None:
        """Say which file there is: a deleted and a replaced one aren't the one that was prepared."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _prepare(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_private(self.path)
        identity = self._identity()
        with self._open() as file:
            (version,) = file.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise ValueError(f"it is of version {version}, newer than this program's {VERSION}")
            file.execute("PRAGMA journal_mode = WAL")
        with self._open() as file:
            file.execute("BEGIN IMMEDIATE")
            (version,) = file.execute("PRAGMA user_version").fetchone()
            for statement in (_UPGRADES.get(version, "") + _TABLES).split(";"):
                file.execute(statement)
            file.execute(f"PRAGMA user_version = {VERSION}")
        self._ready = identity

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open the file, which is not made here, for one transaction."""
        uri = f"{self.path.as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, timeout=self._busy_s, uri=True)) as file, file:
            yield file

    def _complain(self, error: Exception) -> None:
        if self._complained_of != (identity := self._identity()):
            self._complained_of = identity
            logger.warning(
                "The catalog's store %s cannot be used, so a restart will start cold: %s", self.path, error
            )


def _is_busy(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _drift_in(file: sqlite3.Connection, source: str | None = None) -> tuple[Drift, ...]:
    """Return the latest changes of one source or of all, newest first."""
    return _sound(
        file.execute(
            "SELECT at, change FROM drift WHERE ?1 IS NULL OR source = ?1 ORDER BY at DESC, id DESC LIMIT ?2",
            (source, SHOWN_DRIFT),
        ).fetchall()
    )


def _sound(rows: Sequence[tuple[float, str]]) -> tuple[Drift, ...]:
    return tuple(drift for row in rows if (drift := _from_json(*row)) is not None)


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


def _told_row(file: sqlite3.Connection, source: str, asked: str) -> tuple[float, str] | None:
    """Return what was last told of a source, as it is written, and the time of that reading."""
    found: tuple[float, str] | None = file.execute(
        "SELECT at, listings FROM told WHERE source = ? AND asked = ?", (source, asked)
    ).fetchone()
    return found


def _told(written: str) -> tuple[Listing, ...] | None:
    """Read what was last told; None for what makes no sense, so that it is begun anew."""
    try:
        return listings_from_json(written)
    except (ValueError, TypeError):
        return None


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
