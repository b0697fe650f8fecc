"""What a report asks of the tables, in words that SQLite and PostgreSQL answer alike.

All that can be added up comes from `cells`, as sums by every trait that a report tells apart; who reads them
folds them. Of time that is over they are kept (`journal/sums.py`), of the rest they are made of the requests.
Percentiles can't be added up: they come from a sample of bounded size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Subquery, func, or_, select
from sqlalchemy.engine import Connection

from heimdall_litellm.journal.sums import (
    PART_US,
    TRAITS,
    added,
    closed,
    of_parts,
    of_requests,
    said_of,
    total,
)
from heimdall_litellm.journal.tables import (
    CONVERSATION,
    FEW,
    IN_AN_ARM,
    IS_LOW,
    IS_LOW_IN_ARM,
    RECORDS,
    SUMS,
    microseconds,
)

SAMPLE: Final = 50_000
"""Of about how many requests percentiles are taken, and arms compared, where there are more."""
_R: Final = RECORDS.c
_WIDTHS_S: Final = (
    *(1, 2, 5, 10, 15, 20, 30),
    *(minutes * 60 for minutes in (1, 2, 5, 10, 15, 20, 30)),
    *(hours * 3_600 for hours in (1, 2, 3, 4, 6, 8, 12)),
)
_DAY_S: Final = 86_400
_EPOCH: Final = datetime.fromtimestamp(0, UTC)


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

    @property
    def end_us(self) -> int:
        """Where it ends, in microseconds."""
        return microseconds(self.until)

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Yield the conditions on records."""
        yield from self.between(self.start_us, self.end_us)

    def between(self, start_us: int, end_us: int) -> Iterator[ColumnElement[bool]]:
        """Yield the conditions on the records of another period."""
        yield _R.at_us >= start_us
        yield _R.at_us < end_us
        if self.key is not None:
            yield or_(_R.alias == self.key, _R.key == self.key)
        if self.requested is not None:
            yield _R.requested == self.requested


@dataclass(frozen=True, slots=True)
class Slots:
    """The parts of a timeline: `count` of them, each `width_us` long, the first from `first` times that.

    They begin at whole minutes, hours or days of UTC, so that a chart stands still while its period moves.
    """

    first: int
    width_us: int
    count: int

    def of(self, at_us: ColumnElement[int]) -> ColumnElement[int]:
        """Return which part a moment is in."""
        return at_us // self.width_us - self.first

    def begins(self, at: int) -> datetime:
        """Return when a part begins."""
        return _EPOCH + timedelta(microseconds=(self.first + at) * self.width_us)


def slots_of(scope: Scope, most: int) -> Slots:
    """Cut a period into `most` whole parts at most, and what is left of it at both ends."""
    least = (scope.end_us - scope.start_us) / most / 1e6
    width_s = next((width for width in _WIDTHS_S if width >= least), ceil(least / _DAY_S) * _DAY_S)
    width_us = width_s * 1_000_000
    first = scope.start_us // width_us
    return Slots(first, width_us, max(1, ceil(scope.end_us / width_us) - first))


class Cell(NamedTuple):
    """Sums over requests that have all traits up to `decided` in common; money in USD.

    `model` is what answered, or else where the request was sent first. `is_priced`: what was paid is known;
    `is_reckoned`: so is what the baseline would have cost; `is_as_decided`: the model decided on has
    answered, at the cost that was `expected_usd` of it. `decided` is told of shadow mode alone. Signals: how
    many, the sum of their weights (`told`), and of their scores, weighted. `chosen` and `held_out` are
    requests that a draw could have sent either way, by where it did. `watched` are those of shadow mode that
    can be compared with what following the decision would have cost (`figures.Shadow`).
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
    decided: str | None
    requests: int
    remembered: int
    paid_usd: float
    baseline_usd: float
    guessed_usd: float
    expected_usd: float
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    signals: int
    told: float
    score: float
    chosen: int
    held_out: int
    watched: int
    watched_usd: float
    would_usd: float
    would_guessed_usd: float

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


def cells(connection: Connection, scope: Scope, slots: Slots) -> list[Cell]:
    """Return the sums of everything."""
    parts = _usable(connection, scope, slots)
    found = []
    for start_us, end_us in _between(parts, scope):
        of_open = of_requests([slots.of(_R.at_us)], scope.between(start_us, end_us))
        found += [Cell(*row) for row in connection.execute(of_open)]
    if parts:
        conditions = [SUMS.c.at_us >= parts[0], SUMS.c.at_us <= parts[-1]]
        if scope.requested is not None:
            conditions.append(SUMS.c.requested == scope.requested)
        of_closed = of_parts([slots.of(SUMS.c.at_us)], conditions)
        found += [Cell(*row) for row in connection.execute(of_closed)]
    return found


def _usable(connection: Connection, scope: Scope, slots: Slots) -> Sequence[int]:
    """Return the closed parts whose sums say what is asked: they tell no keys apart, and are cut nowhere."""
    if scope.key is not None or slots.width_us % PART_US:
        return ()
    return closed(connection, scope.start_us, scope.end_us)


def _between(parts: Sequence[int], scope: Scope) -> Iterator[tuple[int, int]]:
    """Yield what of a period lies in none of these parts."""
    ends = (scope.start_us, *(part + PART_US for part in parts))
    for begin, end in zip(ends, (*parts, scope.end_us), strict=True):
        if begin < end:
            yield begin, end


class Timing(NamedTuple):
    """One request of the sample."""

    model: str | None
    duration_us: int
    latency_s: float | None
    first_token_s: float | None


def sample(connection: Connection, scope: Scope, count: int) -> list[Timing]:
    """Return all of `count` requests, or about `SAMPLE` of them: those whose ids, being drawn, are low."""
    wanted = select(TRAITS["model"], _R.duration_us, _R.latency_s, _R.first_token_s)
    if count > SAMPLE:
        wanted = wanted.where(_is_low(_R.id, SAMPLE / count))
    if count * FEW >= SAMPLE:
        wanted = wanted.where(IS_LOW)
    return [Timing(*row) for row in connection.execute(wanted.where(*scope.conditions()))]


def of_conversations(scope: Scope, sampled: Mapping[str, float]) -> Subquery:
    """Return, for each conversation and arm, what it takes part with in the comparison of the arms.

    Only requests that a draw could have sent either way, whose cost is known; each counts by the inverse of
    the probability with which it went where it went. Of a measure y with weights w they are the sums of w and
    w·y: `n`, `cost`; `n`, `doubted`; and, over signals, `told`, `score`. `sampled` is the share of
    conversations to take by arm.
    """
    drawn = (
        select(
            _R.id, CONVERSATION.label("conversation"), _R.arm, _R.paid_usd, (1.0 / _R.propensity).label("w")
        )
        .where(*scope.conditions(), *IN_AN_ARM, *_sampled(sampled))
        .cte("drawn")
    )
    d, said = drawn.c, said_of(drawn)
    return (
        select(
            d.conversation,
            d.arm,
            func.count().label("requests"),
            total(said.c.signals).label("signals"),
            func.sum(d.w).label("n"),
            func.sum(d.w * d.paid_usd).label("cost"),
            added(d.w * said.c.doubted).label("doubted"),
            added(d.w * said.c.told).label("told"),
            added(d.w * said.c.score).label("score"),
        )
        .select_from(drawn.outerjoin(said, said.c.id == d.id))
        .group_by(d.conversation, d.arm)
        .subquery("conversations")
    )


def _sampled(shares: Mapping[str, float]) -> Iterator[ColumnElement[bool]]:
    """Yield the condition to be among the sampled conversations, whose names are drawn."""
    if shares.get("chosen", 1.0) <= FEW:
        yield IS_LOW_IN_ARM
    for arm, share in shares.items():
        if share < 1:
            yield or_(_R.arm != arm, _is_low(CONVERSATION, share))


def _is_low(drawn: ColumnElement[Any], share: float) -> ColumnElement[bool]:
    """Say whether a name that begins with eight drawn hexadecimal digits is among the lowest `share`."""
    return func.substr(drawn, 1, 8) < f"{int(share * 16**8):08x}"
