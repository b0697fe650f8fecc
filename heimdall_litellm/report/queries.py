"""What a report asks of the tables, in words that SQLite and PostgreSQL answer alike.

All that can be added up comes from one pass (`cells`), as sums by every trait that a report tells apart; who
reads them folds them. Percentiles can't be added up: they come from a sample of bounded size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
"""Of about how many requests percentiles are taken, and arms compared, where there are more."""
DOUBTED: Final = 0.5
"""A signal below this doubts the answer."""
_R, _S = RECORDS.c, SIGNALS.c
_SERVED: Final = func.coalesce(_R.served, _R.model)
"""The model group that answered, or else where the request was sent first."""
_STATUS: Final = func.coalesce(_R.status, case((_R.cause == "refused", "refused"), else_="unknown"))

_CONVERSATION: Final = func.coalesce(_R.conversation, _R.id)
_IN_AN_ARM: Final = (_R.mode == "route", _R.propensity < 1, _R.paid_usd.is_not(None))


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
    """Sums over requests that have all traits up to `is_as_decided` in common; money in USD.

    `is_priced`: what was paid is known; `is_reckoned`: so is what the baseline would have cost;
    `is_as_decided`: the model decided on has answered, at the cost that was `expected_usd` of it.
    """

    slot: int
    model: str | None
    bucket: str | None
    cause: str
    status: str
    mode: str
    baseline: str | None
    failed_with: str | None
    is_priced: int
    is_reckoned: int
    is_as_decided: int
    requests: int
    remembered: int
    paid_usd: float
    baseline_usd: float
    guessed_usd: float
    expected_usd: float
    input_tokens: int
    output_tokens: int
    cached_tokens: int

    @property
    def is_compared(self) -> bool:
        """Whether it is known what these cost, and what they would have cost without routing."""
        return (
            self.mode == "route" and bool(self.is_priced and self.is_reckoned) and self.baseline is not None
        )

    @property
    def is_foreseen(self) -> bool:
        """Whether these cost what was expected, or should have."""
        return (
            self.mode == "route" and self.status == "answered" and bool(self.is_priced and self.is_as_decided)
        )


def cells(connection: Connection, scope: Scope, slots: int) -> list[Cell]:
    """Return the sums of everything, of `slots` parts of the period.

    The traits that differ most come first, since SQLite sorts by them.
    """
    traits = (
        ((_R.at_us - scope.start_us) // scope.slot_us(slots)).label("slot"),
        _SERVED.label("answering"),
        _R.bucket,
        _R.cause,
        _STATUS.label("became"),
        _R.mode,
        _R.baseline,
        _R.failed_with,
        _flag(_R.paid_usd.is_not(None)),
        _flag(_R.reckoned_usd.is_not(None)),
        _flag(and_(_R.served == _R.decided, _R.cost_usd.is_not(None))),
    )
    sums = (
        func.count(),
        func.count(case((_R.is_remembered, 1))),
        *map(_sum, (_R.paid_usd, _R.reckoned_usd, _R.guessed_usd, _R.cost_usd)),
        *map(total, (_R.input_tokens, _R.output_tokens, _R.cached_tokens)),
    )
    found = connection.execute(
        select(*traits, *sums)
        .where(*scope.conditions())
        .group_by(*(literal_column(str(at + 1)) for at in range(len(traits))))
    )
    return [Cell(*row) for row in found]


def _flag(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def total(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the sum of whole numbers as one, which in PostgreSQL is a decimal by itself."""
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def _sum(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(column), 0.0)


class Watched(NamedTuple):
    """Requests in shadow mode that can be compared with what following the decision would have cost."""

    requests: int
    paid_usd: float
    would_usd: float


def watched(connection: Connection, scope: Scope) -> Watched:
    """Return what shadow mode's requests cost, and would have cost (`Shadow`)."""
    is_known = and_(_R.baseline_usd > 0, _R.reckoned_usd.is_not(None))
    off = case((is_known, _R.reckoned_usd / _R.baseline_usd), else_=1.0)
    known = (_R.cost_usd.is_not(None), _R.paid_usd.is_not(None))
    wanted = select(func.count(), _sum(_R.paid_usd), _sum(_R.cost_usd * off))
    return Watched(*connection.execute(wanted.where(*scope.conditions(), _R.mode == "shadow", *known)).one())


class Timing(NamedTuple):
    """One request of the sample."""

    model: str | None
    duration_us: int
    latency_s: float | None
    first_token_s: float | None


def sample(connection: Connection, scope: Scope, count: int) -> list[Timing]:
    """Return all of `count` requests, or about `SAMPLE` of them: those whose ids, being drawn, are low."""
    wanted = select(_SERVED, _R.duration_us, _R.latency_s, _R.first_token_s)
    if count > SAMPLE:
        wanted = wanted.where(_is_low(_R.id, SAMPLE / count))
    return [Timing(*row) for row in connection.execute(wanted.where(*scope.conditions()))]


class Judged(NamedTuple):
    """What signals say of a model: the sum of their weights, and of their scores, weighted."""

    model: str | None
    signals: int
    weight: float
    score: float


def judged(connection: Connection, scope: Scope) -> list[Judged]:
    """Return the signals by the model that answered."""
    said = select(_S.id, _S.weight, _S.score).where(_S.at_us >= scope.start_us).subquery("said")
    c = said.c
    wanted = (
        select(_SERVED.label("answering"), func.count(), _sum(c.weight), _sum(c.weight * c.score))
        .select_from(said.join(RECORDS, c.id == _R.id))
        .where(*scope.conditions())
        .group_by(literal_column("1"))
    )
    return [Judged(*row) for row in connection.execute(wanted)]


def of_conversations(scope: Scope, sampled: Mapping[str, float]) -> Subquery:
    """Return, for each conversation and arm, what it takes part with in the comparison of the arms.

    Only requests that a draw could have sent either way, whose cost is known; each counts by the inverse of
    the probability with which it went where it went. Of a measure y with weights w they are the sums of w and
    w·y: `n`, `cost`; `n`, `doubted`; and, over signals, `told`, `score`. `sampled` is the share of
    conversations to take by arm.
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
    return (
        select(
            _CONVERSATION.label("conversation"),
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
        .where(*scope.conditions(), *_IN_AN_ARM, *_sampled(sampled))
        .group_by(_CONVERSATION, _R.arm)
        .subquery("conversations")
    )


def arms(connection: Connection, scope: Scope) -> dict[str, int]:
    """Return how many requests there are by arm, of those that a draw could have sent either way."""
    wanted = select(_R.arm, func.count()).where(*scope.conditions(), *_IN_AN_ARM).group_by(_R.arm)
    return {row[0]: row[1] for row in connection.execute(wanted)}


def _sampled(shares: Mapping[str, float]) -> Iterator[ColumnElement[bool]]:
    """Yield the condition to be among the sampled conversations, whose names are drawn."""
    for arm, share in shares.items():
        if share < 1:
            yield or_(_R.arm != arm, _is_low(_CONVERSATION, share))


def _is_low(drawn: ColumnElement[Any], share: float) -> ColumnElement[bool]:
    """Say whether a name that begins with eight drawn hexadecimal digits is among the lowest `share`."""
    return func.substr(drawn, 1, 8) < f"{int(share * 16**8):08x}"
