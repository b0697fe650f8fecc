"""What a report asks of the tables, in words that SQLite and PostgreSQL answer alike.

All that can be added up comes from one pass (`cells`), as sums by every trait that a report tells apart; who
reads them folds them. Percentiles can't be added up: they come from a sample of bounded size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.engine import Connection

from heimdall_litellm.journal.tables import RECORDS, SIGNALS, microseconds

SAMPLE: Final = 50_000
"""Of about how many requests percentiles are taken, where there are more."""
DOUBTED: Final = 0.5
"""A signal below this doubts the answer."""
_R, _S = RECORDS.c, SIGNALS.c
_SERVED: Final = func.coalesce(_R.served, _R.model)
"""The model group that answered, or else where the request was sent first."""
_STATUS: Final = func.coalesce(_R.status, case((_R.cause == "refused", "refused"), else_="unknown"))


@dataclass(frozen=True, slots=True)
class Scope:
    """Which requests are told of: of a period, half open, and of a key (alias or hash) and a virtual name."""

    since: datetime
    until: datetime
    key: str | None = None
    requested: str | None = None

    @property
    def start_us(self) -> int:
        """Where it begins, in microseconds."""
        return microseconds(self.since)

    def slot_us(self, slots: int) -> int:
        """Return the length of one of `slots` equal parts, in microseconds."""
        return max(1, -(-(microseconds(self.until) - self.start_us) // slots))

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield the conditions on records."""
        yield _R.at_us >= self.start_us
        yield _R.at_us < microseconds(self.until)
        if self.key is not None:
            yield or_(_R.alias == self.key, _R.key == self.key)
        if self.requested is not None:
            yield _R.requested == self.requested


class Cell(NamedTuple):
    """Sums over requests that have their first seven traits in common; money in USD.

    `paid`, `baseline` and `guessed` are over the `compared`, whose cost and whose baseline's are known;
    `foreseen` were answered by the model decided on, at the cost `fulfilled`; `watched` are those of shadow
    mode that can be compared with what following the decision would have cost (`Shadow`).
    """

    slot: int
    mode: str
    cause: str
    bucket: str | None
    model: str | None
    baseline: str | None
    status: str
    requests: int
    remembered: int
    priced: int
    spend_usd: float
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    compared: int
    paid_usd: float
    baseline_usd: float
    guessed_usd: float
    foreseen: int
    foreseen_usd: float
    fulfilled_usd: float
    watched: int
    watched_usd: float
    would_usd: float


def cells(connection: Connection, scope: Scope, slots: int) -> list[Cell]:
    """Return the sums of everything, of `slots` parts of the period."""
    traits = (
        ((_R.at_us - scope.start_us) // scope.slot_us(slots)).label("slot"),
        _R.mode,
        _R.cause,
        _R.bucket,
        _SERVED.label("served"),
        _R.baseline,
        _STATUS.label("became"),
    )
    found = connection.execute(
        select(*traits, *_sums())
        .where(*scope.conditions())
        .group_by(*(literal_column(str(at + 1)) for at in range(len(traits))))
    )
    return [Cell(*row) for row in found]


def _sums() -> Iterator[ColumnElement[Any]]:
    """Yield the sums, in the order of `Cell`."""
    is_compared = and_(_R.paid_usd.is_not(None), _R.reckoned_usd.is_not(None))
    is_foreseen = and_(
        _R.mode == "route", _R.status == "answered", _R.served == _R.decided, _R.cost_usd + _R.paid_usd >= 0
    )
    is_watched = and_(_R.mode == "shadow", _R.cost_usd + _R.paid_usd >= 0)
    is_off = and_(_R.baseline_usd > 0, _R.reckoned_usd.is_not(None))
    off = case((is_off, _R.reckoned_usd / _R.baseline_usd), else_=1.0)
    yield func.count()
    yield _count(_R.is_remembered)
    yield func.count(_R.paid_usd)
    yield _sum(_R.paid_usd)
    yield from (total(column) for column in (_R.input_tokens, _R.output_tokens, _R.cached_tokens))
    yield _count(is_compared)
    yield from (_sum(column, is_compared) for column in (_R.paid_usd, _R.reckoned_usd, _R.guessed_usd))
    yield _count(is_foreseen)
    yield from (_sum(column, is_foreseen) for column in (_R.cost_usd, _R.paid_usd))
    yield _count(is_watched)
    yield from (_sum(column, is_watched) for column in (_R.paid_usd, _R.cost_usd * off))


def _count(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.count(case((condition, 1)))


def total(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the sum of whole numbers as one, which in PostgreSQL is a decimal by itself."""
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def _sum(column: ColumnElement[Any], condition: ColumnElement[bool] | None = None) -> ColumnElement[Any]:
    counted = column if condition is None else case((condition, column))
    return func.coalesce(func.sum(counted), 0.0)


class Failing(NamedTuple):
    """Requests whose first failure was of a kind, by what became of them."""

    cause: str
    status: str
    requests: int


def failing(connection: Connection, scope: Scope) -> list[Failing]:
    """Return the requests of which at least one attempt failed."""
    wanted = (
        select(_R.failed_with, _R.status, func.count())
        .where(*scope.conditions(), _R.failed_with.is_not(None))
        .group_by(_R.failed_with, _R.status)
    )
    return [Failing(*row) for row in connection.execute(wanted)]


class Timing(NamedTuple):
    """One request of the sample."""

    model: str | None
    duration_us: int
    latency_s: float | None
    first_token_s: float | None


def sample(connection: Connection, scope: Scope, total: int) -> list[Timing]:
    """Return all of `total` requests, or about `SAMPLE` of them: those whose ids, being drawn, are low."""
    wanted = select(_SERVED, _R.duration_us, _R.latency_s, _R.first_token_s)
    if total > SAMPLE:
        wanted = wanted.where(func.substr(_R.id, 1, 8) < f"{int(SAMPLE / total * 16**8):08x}")
    return [Timing(*row) for row in connection.execute(wanted.where(*scope.conditions()))]


class Judged(NamedTuple):
    """What signals say of a model: the sum of their weights, and of their scores, weighted."""

    model: str | None
    signals: int
    weight: float
    score: float


def judged(connection: Connection, scope: Scope) -> list[Judged]:
    """Return the signals by the model that answered."""
    wanted = (
        select(_SERVED.label("served"), func.count(), _sum(_S.weight), _sum(_S.weight * _S.score))
        .select_from(RECORDS.join(SIGNALS, _S.id == _R.id))
        .where(*scope.conditions())
        .group_by(literal_column("1"))
    )
    return [Judged(*row) for row in connection.execute(wanted)]


def of_conversations(scope: Scope) -> Subquery:
    """Return, for each conversation and arm, what it takes part with in the comparison of the arms.

    Only requests that a draw could have sent either way, whose cost is known; each counts by the inverse of
    the probability with which it went where it went. Of a measure y with weights w they are the sums of w and
    w·y: `n`, `cost`; `n`, `doubted`; and, over signals, `told`, `score`.
    """
    said = (
        select(
            _S.id,
            func.count().label("signals"),
            _sum(_S.weight).label("told"),
            _sum(_S.weight * _S.score).label("score"),
            func.max(case((_S.score < DOUBTED, 1.0), else_=0.0)).label("doubted"),
        )
        .where(_S.at_us >= scope.start_us)
        .group_by(_S.id)
        .subquery("said")
    )
    weight = 1.0 / _R.propensity
    conversation = func.coalesce(_R.conversation, _R.id)
    return (
        select(
            conversation.label("conversation"),
            _R.arm.label("arm"),
            func.count().label("requests"),
            total(said.c.signals).label("signals"),
            func.sum(weight).label("n"),
            func.sum(weight * _R.paid_usd).label("cost"),
            _sum(weight * said.c.doubted).label("doubted"),
            _sum(weight * said.c.told).label("told"),
            _sum(weight * said.c.score).label("score"),
        )
        .select_from(RECORDS.outerjoin(said, said.c.id == _R.id))
        .where(*scope.conditions(), _R.mode == "route", _R.propensity < 1, _R.paid_usd.is_not(None))
        .group_by(conversation, _R.arm)
        .subquery("conversations")
    )
