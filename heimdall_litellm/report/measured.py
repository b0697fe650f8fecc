"""Routing against the baseline, where a part of the traffic goes there by a draw."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Subquery, case, func, select
from sqlalchemy.engine import Connection

from heimdall_litellm.report.figures import ArmLine, Estimate, Interval, Measured
from heimdall_litellm.report.queries import Scope, of_conversations
from heimdall_litellm.report.uncertainty import FEWEST, Moments, difference, estimate, ratio_saved

_MEASURES: Final = (("n", "cost"), ("told", "score"), ("n", "doubted"))


class _Arm:
    """The moments of one arm, and what is told of it."""

    def __init__(self, row: tuple[Any, ...]) -> None:
        self.requests, self.signals, *sums = row
        counts = (self.requests, self.signals, self.requests)
        found = [
            Moments(sums[at * 6], count, *map(float, sums[at * 6 + 1 : at * 6 + 6])) if sums[at * 6] else None
            for at, count in enumerate(counts)
        ]
        self.cost, self.score, self.doubted = found

    @property
    def line(self) -> ArmLine:
        cost, score, doubted = self.cost, self.score, self.doubted
        return ArmLine(
            self.requests,
            cost.conversations if cost is not None else 0,
            self.signals,
            estimate(cost.mean, cost.variance, low=0.0) if cost is not None else None,
            estimate(score.mean, score.share_variance, 0.0, 1.0) if score is not None else None,
            estimate(doubted.mean, doubted.share_variance, 0.0, 1.0) if doubted is not None else None,
        )


def measure(connection: Connection, scope: Scope) -> Measured | None:
    """Compare the arms; None where nothing was held out."""
    rows = connection.execute(_moments(of_conversations(scope))).all()
    arms = {row[0]: _Arm(tuple(row)[1:]) for row in rows}
    if "holdout" not in arms:
        return None
    nobody = _Arm((0, 0, *([0] * 18)))
    routed, held_out = arms.get("chosen", nobody), arms["holdout"]
    cost = difference(routed.cost, held_out.cost, _variances(routed.cost, held_out.cost))
    saved = share = None
    if cost is not None and routed.cost is not None and held_out.cost is not None:
        saved = _times(cost, -routed.requests)
        share = ratio_saved(routed.cost, held_out.cost)
    return Measured(
        routed.line,
        held_out.line,
        cost,
        difference(routed.score, held_out.score, _share_variances(routed.score, held_out.score)),
        difference(routed.doubted, held_out.doubted, _share_variances(routed.doubted, held_out.doubted)),
        saved,
        share,
        _note(routed, held_out),
    )


def _moments(conversations: Subquery) -> Any:
    c = conversations.c
    columns: list[ColumnElement[Any]] = [func.sum(c.requests), func.sum(c.signals)]
    for w, y in _MEASURES:
        columns.append(func.count(case((c[w] > 0, 1))))
        columns += [func.sum(c[w]), func.sum(c[y])]
        columns += [func.sum(c[w] * c[w]), func.sum(c[w] * c[y]), func.sum(c[y] * c[y])]
    return select(c.arm, *columns).group_by(c.arm)


def _variances(one: Moments | None, other: Moments | None) -> tuple[float | None, float | None]:
    return (one.variance if one is not None else None, other.variance if other is not None else None)


def _share_variances(one: Moments | None, other: Moments | None) -> tuple[float | None, float | None]:
    return (
        one.share_variance if one is not None else None,
        other.share_variance if other is not None else None,
    )


def _times(found: Estimate, factor: float) -> Estimate:
    if found.interval is None:
        return Estimate(found.value * factor)
    ends = sorted((found.interval.low * factor, found.interval.high * factor))
    return Estimate(found.value * factor, Interval(*ends))


def _note(routed: _Arm, held_out: _Arm) -> str | None:
    fewest = min(arm.cost.conversations if arm.cost is not None else 0 for arm in (routed, held_out))
    if fewest < FEWEST:
        return (
            f"Too few to say: {fewest} conversations in the smaller arm, where it takes {FEWEST}. "
            "Wait, or raise holdout.share."
        )
    judged = min(arm.score.conversations if arm.score is not None else 0 for arm in (routed, held_out))
    if judged < FEWEST:
        return (
            f"Too few signals to say anything of quality: {judged} conversations with one in the smaller "
            f"arm, where it takes {FEWEST}."
        )
    return None
