"""Writing items, reading them back, and throwing the oldest away.

Items may come twice, when nobody knows whether a batch was kept: the second time changes nothing. A signal of
a source that has spoken already replaces what it said, and a document that comes again is as good as new.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    JSON,
    ColumnElement,
    Select,
    Table,
    Text,
    Update,
    and_,
    case,
    cast,
    column,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from heimdall_litellm.background import BRIEF_S, give_way
from heimdall_litellm.errors import JournalError
from heimdall_litellm.journal import sums
from heimdall_litellm.journal.database import Database, cause_of
from heimdall_litellm.journal.record import (
    DOCUMENTS_EVERY,
    Document,
    Item,
    JournalRecord,
    Outcome,
    Signal,
    from_json,
)
from heimdall_litellm.journal.rows import Row, row_of
from heimdall_litellm.journal.tables import CAME_OF_IT, DOCUMENTS, OUTCOMES, RECORDS, SIGNALS
from heimdall_litellm.journal.tables import microseconds as _us

_AT_A_TIME: Final = 500
_CHUNK: Final = 2_000
"""How many records are thrown away before other writers get their turn."""


_UNFIT: Final = (DataError, IntegrityError, OverflowError)


class _UnfitError(JournalError):
    """A value is such that no further try will help."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which records are wanted: newest first, at most `limit`, older than the record `before`.

    Times are half open, [since, until). `key` is a caller's, `alias` that key's; None asks for everybody's.
    """

    limit: int = 100
    before: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    requested: str | None = None
    model: str | None = None
    bucket: str | None = None
    cause: str | None = None
    key: str | None = None
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A record with all that has joined it."""

    record: JournalRecord
    outcome: Outcome | None
    signals: tuple[Signal, ...]


class Store:
    """The journal in a database that is up to date (`Database.prepare`). All methods raise JournalError."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def write(self, items: Sequence[Item]) -> int:
        """Keep items, all or none, but for those that no database could hold; returns the number of those.

        Where there are such, it takes several transactions: items that come twice change nothing.
        """
        try:
            return self._write(items)
        except _UnfitError:  # which one it was isn't said
            middle = len(items) // 2
            return self.write(items[:middle]) + self.write(items[middle:]) if middle else 1

    def _write(self, items: Sequence[Item]) -> int:
        rows: dict[Table, list[Row]] = {RECORDS: [], OUTCOMES: [], SIGNALS: [], DOCUMENTS: []}
        refused = 0
        for item in items:
            give_way(BRIEF_S)
            try:
                table, row = row_of(item)
            except ValueError:
                refused += 1
                continue
            rows[table].append(row)
        moments = {row["at_us"] for row in rows[RECORDS]}
        joining = {row["id"] for table in (OUTCOMES, SIGNALS) for row in rows[table]}
        with self._transaction() as connection:
            if moments or joining:
                sums.reopen(connection, moments, joining - {row["id"] for row in rows[RECORDS]})
            for table, wanted in rows.items():
                if wanted:
                    self._insert_all(connection, table, wanted)
            ids = {row["id"] for table in (RECORDS, OUTCOMES) for row in rows[table]}
            if ids:
                connection.execute(_tell_records(ids))
        return refused

    def get(self, known_as: str, *, key: str | None = None) -> Entry | None:
        """Return a record by its own id or by LiteLLM's of the call; with a `key`, one of that caller's.

        Clients may choose the id of a call, so it may stand for several: its own id comes first, then the
        latest.
        """
        is_it = or_(RECORDS.c.id == known_as, RECORDS.c.call_id == known_as)
        wanted = select(RECORDS.c.id, RECORDS.c.body).where(is_it, *_conditions(Page(key=key)))
        is_own = case((RECORDS.c.id == known_as, 0), else_=1)
        with self._transaction(is_reading=True) as connection:
            found = _entries(connection, wanted.order_by(is_own, RECORDS.c.at_us.desc()).limit(1))
            return next(found, None)

    def sample(self, page: Page) -> list[JournalRecord]:
        """Return some of the decisions that are wanted, `limit` at most, drawn fairly and the same each time.

        Ids are drawn at random, so the first ones in their order are a fair sample, and so are the first of
        these.
        """
        some = select(RECORDS.c.id).where(*_conditions(page), RECORDS.c.decided.is_not(None))
        chosen = some.order_by(RECORDS.c.id).limit(page.limit)
        with self._transaction(is_reading=True) as connection:
            wanted = select(RECORDS.c.body).where(RECORDS.c.id.in_(chosen)).order_by(RECORDS.c.id)
            bodies = connection.execute(wanted).scalars()
            return [from_json(JournalRecord, body) for body in bodies]

    def records(self, ids: Sequence[str]) -> list[JournalRecord]:
        """Return the records of these ids that there are."""
        with self._transaction(is_reading=True) as connection:
            return list(_joined(connection, RECORDS, JournalRecord, ids))

    def latest(self, page: Page) -> list[Entry]:
        """Return records, newest first."""
        with self._transaction(is_reading=True) as connection:
            where = list(_conditions(page))
            if page.before is not None:
                last = connection.execute(
                    select(RECORDS.c.at_us, RECORDS.c.id).where(
                        RECORDS.c.id == page.before, *_conditions(Page(key=page.key))
                    )
                ).first()
                if last is None:
                    return []
                where.append(
                    or_(RECORDS.c.at_us < last[0], and_(RECORDS.c.at_us == last[0], RECORDS.c.id < last[1]))
                )
            wanted = (
                select(RECORDS.c.id, RECORDS.c.body)
                .where(*where)
                .order_by(RECORDS.c.at_us.desc(), RECORDS.c.id.desc())
                .limit(page.limit)
            )
            return list(_entries(connection, wanted))

    def walk(self, page: Page) -> Iterator[Entry]:
        """Yield all records that are wanted, oldest first, whatever the page's limit; new ones too."""
        after = (-1, "")
        while True:
            with self._transaction(is_reading=True) as connection:
                beyond = or_(
                    RECORDS.c.at_us > after[0], and_(RECORDS.c.at_us == after[0], RECORDS.c.id > after[1])
                )
                wanted = (
                    select(RECORDS.c.id, RECORDS.c.body)
                    .where(*_conditions(page), beyond)
                    .order_by(RECORDS.c.at_us, RECORDS.c.id)
                    .limit(_AT_A_TIME)
                )
                found = list(_entries(connection, wanted))
            yield from found
            if len(found) < _AT_A_TIME:
                return
            after = (_us(found[-1].record.at), found[-1].record.id)

    def document(self, digest: str) -> Document | None:
        """Return what records share under a digest."""
        with self._transaction(is_reading=True) as connection:
            row = connection.execute(select(DOCUMENTS).where(DOCUMENTS.c.digest == digest)).mappings().first()
        return None if row is None else Document(row["digest"], row["kind"], _time(row["at_us"]), row["body"])

    def count(self) -> int:
        """Return the number of records."""
        with self._transaction(is_reading=True) as connection:
            return connection.execute(select(func.count()).select_from(RECORDS)).scalar_one()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection for queries of one's own, all of which see the same state."""
        with self._transaction(is_reading=True) as connection:
            if not self.database.is_sqlite:
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                # So that sums of a million rows stay in memory.
                connection.exec_driver_sql("SET LOCAL work_mem TO '64MB'")
            yield connection

    def add_up(
        self, now: datetime, *, at_most_s: float = 2.0, clock: Callable[[], float] = time.monotonic
    ) -> int:
        """Add up what is over (`sums.py`), in about `at_most_s`. Returns how many parts were closed.

        Other writers wait for a part at a time.
        """
        end = clock() + at_most_s
        with self._transaction(is_reading=True) as connection:
            parts = sums.to_close(connection, now)
        for count, part in enumerate(parts):
            if clock() >= end:
                return count
            with self._transaction() as connection:
                sums.close(connection, part)
        return len(parts)

    def size_bytes(self) -> int:
        """Return about how much room the journal takes: a file's pages in use, a schema's tables."""
        with self._transaction(is_reading=True) as connection:
            return self._size(connection)

    def prune(self, now: datetime, keep_days: float, max_bytes: float) -> int:
        """Throw away what is too old, and the oldest of what is too much. Returns the number of records.

        Both may be of any size: a million days, or infinity, keep all there is.
        """
        gone = self._drop_before(round(max(0.0, _us(now) - keep_days * _us_of(timedelta(days=1)))))
        while (over := self._surplus(max_bytes)) > 0:
            with self._transaction(is_reading=True) as connection:
                edge = connection.execute(
                    select(RECORDS.c.at_us).order_by(RECORDS.c.at_us).offset(over).limit(1)
                ).scalar()
            if edge is None or not (dropped := self._drop_before(edge)):
                break
            gone += dropped
        self._drop_documents(_us(now))
        if gone:
            self._tidy()
        return gone

    def _surplus(self, max_bytes: float) -> int:
        """Return how many records are too many, a tenth at most: sizes are known roughly."""
        with self._transaction(is_reading=True) as connection:
            size = self._size(connection)
            if size <= max_bytes:
                return 0
            count = connection.execute(select(func.count()).select_from(RECORDS)).scalar_one()
        return min(count - 1, max(1, count // 10)) if count > 1 else 0

    def _size(self, connection: Connection) -> int:
        if self.database.is_sqlite:
            pages, free, each = (
                connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
                for name in ("page_count", "freelist_count", "page_size")
            )
            return int((pages - free) * each)
        # What PostgreSQL holds on disk doesn't shrink before it is vacuumed: what lives in it does.
        total = 0
        for table in (RECORDS, OUTCOMES, SIGNALS, DOCUMENTS):
            length = func.coalesce(func.sum(func.pg_column_size(table.c.body)), 0)
            total += connection.execute(select(length + 200 * func.count())).scalar_one()
        return int(total)

    def _drop_before(self, edge_us: int) -> int:
        gone = 0
        while True:
            with self._transaction() as connection:
                some = (
                    select(RECORDS.c.id)
                    .where(RECORDS.c.at_us < edge_us)
                    .order_by(RECORDS.c.at_us)
                    .limit(_CHUNK)
                )
                ids = list(connection.execute(some).scalars())
                if ids:
                    sums.reopen_until(connection, edge_us)
                for table in (OUTCOMES, SIGNALS, RECORDS) if ids else ():
                    connection.execute(delete(table).where(table.c.id.in_(ids)))
            gone += len(ids)
            if len(ids) < _CHUNK:
                break
        with self._transaction() as connection:
            # What joined nobody, for its record was lost.
            for table in (OUTCOMES, SIGNALS):
                orphan = ~select(RECORDS.c.id).where(RECORDS.c.id == table.c.id).exists()
                connection.execute(delete(table).where(table.c.at_us < edge_us, orphan))
        return gone

    def _drop_documents(self, now_us: int) -> None:
        """Throw away documents that no record refers to: who writes records writes theirs again in time."""
        with self._transaction() as connection:
            oldest = connection.execute(select(func.min(RECORDS.c.at_us))).scalar()
            edge = (now_us if oldest is None else oldest) - _us_of(2 * DOCUMENTS_EVERY)
            connection.execute(delete(DOCUMENTS).where(DOCUMENTS.c.at_us < edge))

    def _tidy(self) -> None:
        if self.database.is_sqlite:
            with self.database.engine.connect() as connection:
                raw = connection.connection.driver_connection
                if raw is not None:
                    # As a script, for a statement that gives no rows is stepped once, which frees one page.
                    raw.executescript("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)")

    def _insert_all(self, connection: Connection, table: Table, rows: list[Row]) -> None:
        if self.database.is_sqlite or table not in (RECORDS, OUTCOMES):
            connection.execute(self._insert(table), rows)
            return
        # PostgreSQL would parse and plan the statement for each row. As one value they are one statement.
        told = cast(literal(json.dumps(rows, ensure_ascii=False), Text), JSON)
        columns = [column(name, table.c[name].type) for name in rows[0]]
        given = func.json_to_recordset(told).table_valued(*columns, name="given")
        chosen = select(given.render_derived(with_types=True))
        connection.execute(self._insert(table).from_select(list(rows[0]), chosen))

    def _insert(self, table: Table) -> Any:
        insert = (sqlite if self.database.is_sqlite else postgresql).insert(table)
        if table is SIGNALS:
            said = {name: insert.excluded[name] for name in ("at_us", "score", "weight", "body")}
            return insert.on_conflict_do_update(index_elements=["id", "source"], set_=said)
        if table is DOCUMENTS:
            return insert.on_conflict_do_update(
                index_elements=["digest"],
                set_={"at_us": insert.excluded["at_us"]},
                where=DOCUMENTS.c.at_us < insert.excluded["at_us"],
            )
        return insert.on_conflict_do_nothing()

    @contextmanager
    def _transaction(self, *, is_reading: bool = False) -> Iterator[Connection]:
        try:
            with self.database.begin(is_reading=is_reading) as connection:
                yield connection
        except (SQLAlchemyError, OSError, OverflowError) as error:
            if isinstance(error, _UNFIT) and not is_reading:
                raise _UnfitError(
                    f"The journal {self.database.place} can't hold this: {cause_of(error)}."
                ) from None
            verb = "read" if is_reading else "written"
            raise JournalError(
                f"The journal {self.database.place} can't be {verb}: {cause_of(error)}."
            ) from None


def _tell_records(ids: Iterable[str]) -> Update:
    """Return what writes into records what came of them, whichever of the two came first."""
    values = {name: OUTCOMES.c[of_outcome] for name, of_outcome in CAME_OF_IT.items()}
    are_new = and_(RECORDS.c.id == OUTCOMES.c.id, RECORDS.c.id.in_(ids), RECORDS.c.status.is_(None))
    return update(RECORDS).values(values).where(are_new)


def _conditions(page: Page) -> Iterator[ColumnElement[bool]]:
    if page.since is not None:
        yield RECORDS.c.at_us >= _us(page.since)
    if page.until is not None:
        yield RECORDS.c.at_us < _us(page.until)
    for name in ("requested", "model", "bucket", "cause", "key", "alias"):
        if (value := getattr(page, name)) is not None:
            yield RECORDS.c[name] == value


def _entries(connection: Connection, wanted: Select[Any]) -> Iterator[Entry]:
    rows = connection.execute(wanted).all()
    ids = [row[0] for row in rows]
    outcomes = {found.id: found for found in _joined(connection, OUTCOMES, Outcome, ids)}
    signals: dict[str, list[Signal]] = {}
    for signal in _joined(connection, SIGNALS, Signal, ids):
        signals.setdefault(signal.id, []).append(signal)
    for known_as, body in rows:
        record = from_json(JournalRecord, body)
        said = sorted(signals.get(known_as, ()), key=lambda signal: signal.at)
        yield Entry(record, outcomes.get(known_as), tuple(said))


def _joined(connection: Connection, table: Table, kind: type[Any], ids: Sequence[str]) -> Iterable[Any]:
    if not ids:
        return ()
    bodies = connection.execute(select(table.c.body).where(table.c.id.in_(ids))).scalars()
    return [from_json(kind, body) for body in bodies]


def _us_of(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


def _time(at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us / 1e6, UTC)
