"""Routing against the baseline, where a part of the traffic goes there by a draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Subquery, case, func, select
from sqlalchemy.engine import Connection

from heimdall_litellm.journal.sums import total
from heimdall_litellm.report.figures import ArmLine, Measured
from heimdall_litellm.report.queries import SAMPLE, Scope, of_conversations
from heimdall_litellm.report.uncertainty import (
    FEWEST,
    Moments,
    difference,
    positive,
    saved_share,
    share,
    times,
)

_MEASURES: Final = (("n", "cost"), ("told", "score"), ("n", "doubted"))


class _Arm:
    """What is told of one arm, from its row of `_moments`."""

    def __init__(self, requests: int, signals: int, *sums: float) -> None:
        cost, score, doubted = (_of(sums[at * 6 : at * 6 + 6]) for at in range(3))
        self.judged = score.conversations if score is not None else 0
        self.line = ArmLine(
            requests,
            cost.conversations if cost is not None else 0,
            signals,
            positive(cost) if cost is not None else None,
            share(replace(score, values=signals)) if score is not None else None,
            share(replace(doubted, values=requests)) if doubted is not None else None,
        )


def _of(sums: Sequence[float]) -> Moments | None:
    conversations, *rest = sums
    return Moments(int(conversations), 0, *map(float, rest)) if conversations else None


def measure(connection: Connection, scope: Scope, requests: Mapping[str, int]) -> Measured | None:
    """Compare the arms, which have so many `requests`; None where nothing was held out."""
    if not requests["holdout"]:
        return None
    shares = {arm: SAMPLE / count for arm, count in requests.items() if count}
    rows = connection.execute(_moments(of_conversations(scope, shares))).all()
    known = {row[0]: _Arm(*tuple(row)[1:]) for row in rows}
    nobody = _Arm(0, 0, *([0] * 18))
    arm, other = (known.get(name, nobody) for name in ("chosen", "holdout"))
    routed, held_out = arm.line, other.line
    cost = difference(routed.cost_usd, held_out.cost_usd)
    return Measured(
        routed,
        held_out,
        cost,
        difference(routed.score, held_out.score),
        difference(routed.doubted, held_out.doubted),
        times(cost, -requests["chosen"]) if cost is not None else None,
        saved_share(routed.cost_usd, held_out.cost_usd),
        _note(arm, other),
    )


def _moments(conversations: Subquery) -> Any:
    c = conversations.c
    columns: list[ColumnElement[Any]] = [total(c.requests), total(c.signals)]
    for w, y in _MEASURES:
        columns.append(func.count(case((c[w] > 0, 1))))
        columns += [func.sum(c[w]), func.sum(c[y])]
        columns += [func.sum(c[w] * c[w]), func.sum(c[w] * c[y]), func.sum(c[y] * c[y])]
    return select(c.arm, *columns).group_by(c.arm)


def _note(routed: _Arm, held_out: _Arm) -> str | None:
    fewest = min(arm.line.conversations for arm in (routed, held_out))
    if fewest < FEWEST:
        return (
            f"Too few to say: {fewest} conversations in the smaller arm, where it takes {FEWEST}. "
            "Wait, or raise holdout.share."
        )
    judged = min(arm.judged for arm in (routed, held_out))
    if judged < FEWEST:
        return (
            f"Too few signals to say anything of quality: {judged} conversations with one in the smaller "
            f"arm, where it takes {FEWEST}."
        )
    return None
