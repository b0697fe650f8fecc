"""Sums of the time that is over, so that a report of many requests reads few rows.

Time is cut into parts of half an hour. A part that is over is *closed*: its requests are added up by every
trait that reports tell apart (`SUMS`), and it gets a row in `PARTS`. Whatever is written or thrown away of a
closed part opens it again, in the same transaction: sums are right, or not there. Where a part is open, a
report reads the requests themselves.

Whoever closes a part is alone with the journal's writers: in SQLite there is one at any time; in PostgreSQL a
lock on `PARTS` waits for all who have begun to write, and for a moment keeps out who would. Nobody who reads
waits for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Float,
    FromClause,
    Select,
    String,
    and_,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
)
from sqlalchemy.engine import Connection

from heimdall_litellm.journal.tables import IN_AN_ARM, PARTS, RECORDS, SIGNALS, SUMS, microseconds

PART_US: Final = 30 * 60 * 1_000_000
"""How long a part is. Parts begin at its multiples in Unix time."""
SETTLED: Final = timedelta(minutes=15)
"""How long after its end a part is closed: by then most of what joins its requests has come."""
DOUBTED: Final = 0.5
"""A signal below this doubts the answer."""
_R, _S = RECORDS.c, SIGNALS.c

_IS_OF_OLDER: Final = SUMS.c.would_guessed_usd.is_(None)
"""Whether a row is of a process of an older version, which doesn't know this column."""


def total(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the sum of whole numbers as one, which in PostgreSQL is a decimal by itself."""
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def added(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the sum of other numbers, 0 of none."""
    return func.coalesce(func.sum(column), 0.0)


def said_of(requests: FromClause, *conditions: ColumnElement[bool]) -> FromClause:
    """Return, as `said`, what signals say of each of the requests (by their `id`) that has any.

    Only signals count that meet the conditions.
    `signals` is how many, `told` the sum of their weights, `score` that of their scores, weighted; `doubted`
    is 1 where one of them doubts the answer.
    """
    # An expression: to group by a column that has an index, SQLite may walk all of it.
    name = cast(requests.c.id, String)
    return (
        select(
            name.label("id"),
            func.count().label("signals"),
            added(_S.weight).label("told"),
            added(_S.weight * _S.score).label("score"),
            func.max(case((_S.score < DOUBTED, 1.0), else_=0.0)).label("doubted"),
        )
        .select_from(requests.join(SIGNALS, _S.id == requests.c.id))
        .where(*conditions)
        .group_by(name)
        .subquery("said")
    )


def _flag(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _count(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((and_(*conditions), 1)))


_IS_WATCHED: Final = and_(_R.mode == "shadow", _R.cost_usd.is_not(None), _R.paid_usd.is_not(None))
_IS_HELD: Final = and_(_R.baseline_usd > 0, _R.reckoned_usd.is_not(None))
# In shadow mode somebody is called all the same.
_IS_REFUSED: Final = and_(_R.cause == "refused", _R.model.is_(None))
_OFF: Final = case((_IS_HELD, _R.reckoned_usd / _R.baseline_usd), else_=1.0)
# The second where the tokens weren't told, or by a version that didn't reckon it.
_WOULD: Final = func.coalesce(
    _R.would_usd, case((_R.served == _R.decided, _R.paid_usd), else_=_R.cost_usd * _OFF)
)
# What isn't told apart may all be a guess.
_WOULD_GUESSED: Final = func.coalesce(_R.would_guessed_usd, case((_R.paid_usd == _WOULD, 0.0), else_=_WOULD))

# Those that differ most come first, since SQLite sorts by them.
TRAITS: Final[dict[str, ColumnElement[Any]]] = {
    "model": func.coalesce(_R.served, _R.model),
    "bucket": _R.bucket,
    "cause": _R.cause,
    "status": func.coalesce(_R.status, case((_IS_REFUSED, "refused"), else_="unknown")),
    "mode": _R.mode,
    "baseline": _R.baseline,
    "failed_with": _R.failed_with,
    "is_priced": _flag(_R.paid_usd.is_not(None)),
    "is_reckoned": _flag(_R.reckoned_usd.is_not(None)),
    "is_as_decided": _flag(and_(_R.served == _R.decided, _R.cost_usd.is_not(None))),
    "decided": case((_R.mode == "shadow", _R.decided)),
}
"""What reports tell requests apart by, beside their time and the name they asked for: columns of `SUMS`."""
ADDED: Final[dict[str, ColumnElement[Any]]] = {
    "requests": func.count(),
    "remembered": _count(_R.is_remembered),
    "paid_usd": added(_R.paid_usd),
    "baseline_usd": added(_R.reckoned_usd),
    "guessed_usd": added(_R.guessed_usd),
    "expected_usd": added(_R.cost_usd),
    "input_tokens": total(_R.input_tokens),
    "output_tokens": total(_R.output_tokens),
    "cached_tokens": total(_R.cached_tokens),
    "signals": total(literal_column("said.signals")),
    "told": added(literal_column("said.told")),
    "score": added(literal_column("said.score")),
    "chosen": _count(*IN_AN_ARM, _R.arm == "chosen"),
    "held_out": _count(*IN_AN_ARM, _R.arm == "holdout"),
    "watched": _count(_IS_WATCHED),
    "watched_usd": added(case((_IS_WATCHED, _R.paid_usd))),
    "would_usd": added(case((_IS_WATCHED, _WOULD))),
    "would_guessed_usd": added(case((_IS_WATCHED, _WOULD_GUESSED))),
}
"""What is added up: more columns of `SUMS`."""
_OF_SIGNALS: Final[dict[str, ColumnElement[Any]]] = {
    "signals": func.count(),
    "told": added(_S.weight),
    "score": added(_S.weight * _S.score),
}
_FAILED: Final = "provider-error"
# The first that failed is the one that was asked first.
_IS_BLAMED_ON: Final = _flag(and_(_R.failed_with.is_not(None), _R.model != _R.served))


def _none(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return cast(literal_column("0"), column.type)


def of_requests(
    first: Iterable[ColumnElement[Any]], conditions: Iterable[ColumnElement[bool]]
) -> CompoundSelect[Any]:
    """Return the sums of the requests that meet the conditions, by `first` and all traits.

    What speaks against a model that failed, so that another one answered, is summed beside them, as of no
    request, under the model that failed.
    """
    first, conditions = tuple(first), tuple(conditions)
    those = select(_R.id, _IS_BLAMED_ON.label("elsewhere")).where(*conditions).subquery("those")
    said = said_of(those, or_(those.c.elsewhere == 0, _S.source != _FAILED))
    traits = (*first, *TRAITS.values())
    of_answers = (
        select(*traits, *ADDED.values())
        .select_from(RECORDS.outerjoin(said, said.c.id == _R.id))
        .where(*conditions)
        .group_by(*_positions(len(traits)))
    )
    blamed = (*first, *(TRAITS | {"model": _R.model}).values())
    of_failures = (
        select(*blamed, *(_OF_SIGNALS.get(name, _none(column)) for name, column in ADDED.items()))
        .select_from(RECORDS.join(SIGNALS, and_(_S.id == _R.id, _S.source == _FAILED)))
        .where(*conditions, _IS_BLAMED_ON == 1)
        .group_by(*_positions(len(blamed)))
    )
    return of_answers.union_all(of_failures)


def of_parts(first: Iterable[ColumnElement[Any]], conditions: Iterable[ColumnElement[bool]]) -> Select[Any]:
    """Return the same of closed parts (`closed`); `first` and the conditions are of `SUMS`."""
    traits = (*first, *(SUMS.c[name] for name in TRAITS))
    sums = ((added if isinstance(SUMS.c[name].type, Float) else total)(SUMS.c[name]) for name in ADDED)
    return select(*traits, *sums).where(*conditions, ~_IS_OF_OLDER).group_by(*_positions(len(traits)))


def _positions(count: int) -> Iterator[ColumnElement[Any]]:
    return (literal_column(str(at + 1)) for at in range(count))


def part_of(at_us: int) -> int:
    """Return where the part begins that a moment is in."""
    return at_us - at_us % PART_US


def closed(connection: Connection, start_us: int, end_us: int) -> list[int]:
    """Return where those closed parts begin that lie whole in the period, oldest first.

    Not those that a process of an older version has added up, which may still run: it knows fewer columns.
    """
    lies_in = (PARTS.c.at_us >= start_us, PARTS.c.at_us <= end_us - PART_US)
    of_older = exists().where(SUMS.c.at_us == PARTS.c.at_us, _IS_OF_OLDER)
    found = select(PARTS.c.at_us).where(*lies_in, ~of_older).order_by(PARTS.c.at_us)
    return list(connection.execute(found).scalars())


def to_close(connection: Connection, now: datetime) -> list[int]:
    """Return which parts are over and open, the newest first: they are asked for most."""
    oldest = connection.execute(select(func.min(_R.at_us))).scalar()
    if oldest is None:
        return []
    start, end = part_of(oldest), part_of(microseconds(now - SETTLED))
    known = set(closed(connection, start, end))
    return [at for at in range(end - PART_US, start - 1, -PART_US) if at not in known]


def close(connection: Connection, part_us: int) -> None:
    """Add a part up, in a transaction that has just begun."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE parts IN SHARE ROW EXCLUSIVE MODE")
    if closed(connection, part_us, part_us + PART_US):
        return
    _open(connection, PARTS.c.at_us == part_us)
    connection.execute(insert(PARTS).values(at_us=part_us))
    lies_in = (_R.at_us >= part_us, _R.at_us < part_us + PART_US)
    names = ("at_us", "requested", *TRAITS, *ADDED)
    added_up = of_requests((_R.at_us - _R.at_us % PART_US, _R.requested), lies_in)
    connection.execute(insert(SUMS).from_select(names, added_up))


def reopen(connection: Connection, moments: Iterable[int], ids: Collection[str]) -> None:
    """Open the parts of requests of these moments, and of these ids, before anything of them is written."""
    _lock(connection)
    parts = {part_of(at_us) for at_us in moments}
    if ids:
        found = connection.execute(select(_R.at_us).where(_R.id.in_(ids))).scalars()
        parts.update(map(part_of, found))
    _open(connection, PARTS.c.at_us.in_(parts))


def reopen_until(connection: Connection, at_us: int) -> None:
    """Open all parts that begin no later than a moment."""
    _lock(connection)
    _open(connection, PARTS.c.at_us <= at_us)


def _lock(connection: Connection) -> None:
    """Keep parts from being closed from now on."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE parts IN ROW EXCLUSIVE MODE")


def _open(connection: Connection, which: ColumnElement[bool]) -> None:
    if connection.execute(delete(PARTS).where(which)).rowcount:
        connection.execute(delete(SUMS).where(SUMS.c.at_us.not_in(select(PARTS.c.at_us))))
