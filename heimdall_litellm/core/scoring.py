"""The α-score: one number per candidate, its parts kept.

    score[m] = α·Q[m] − (1−α)·C[m] − penalties[m]

after Avengers-Pro (arXiv 2508.12631). Q is quality 0..1 (`quality.py`). C is a tenth of the expected
cost (`cost.py`) over the largest cost among the eligible rivals that are not dominated; one is
dominated if another is at least as good, as cheap and as little penalised, and better in one of
these. Dividing by that largest cost, and not by the range, keeps C a ratio of dollars:
currency and token units cancel, a candidate 1 % dearer is 1 % worse and not "the worst", and
adding a dominated candidate changes nothing. A tenth, because models differ by much less than 1 in
quality: at α = 0.5 the dearest is worth its price over a free one if it is expected to do 0.1 better.

Invariants (tests/property): α = 1 chooses the best predicted quality and α = 0 the cheapest, up
to penalties; without penalties, raising α never lowers the chosen quality or cost.

Plain floats and not arrays: candidates are few, and each numpy call costs as much as scoring ten of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from statistics import fmean, pstdev

from heimdall_litellm.core.types import CatalogEntry, Penalties, RequestFacts

_CROWDED = 0.8
_DEAREST = 0.1
"""C of the dearest candidate."""


def penalties(
    entries: Sequence[CatalogEntry],
    eligible: Sequence[bool],
    facts: RequestFacts,
    output_tokens: Sequence[float],
    weights: Penalties,
    latencies: Mapping[str, float] | None,
) -> list[float]:
    """What is subtracted from each candidate's score, 0 or more; all sequences are by candidate.

    `latencies` maps a model's name to its recent mean latency in seconds.
    """
    total = [
        weights.ctx_over_80pct
        if entry.max_input_tokens and facts.input_tokens + answer > _CROWDED * entry.max_input_tokens
        else 0.0
        for entry, answer in zip(entries, output_tokens, strict=True)
    ]
    if latencies and weights.latency_sd:
        known = {i: latencies[e.name] for i, e in enumerate(entries) if eligible[i] and e.name in latencies}
        spread = pstdev(known.values()) if len(known) > 1 else 0.0
        if spread > 0:
            mean = fmean(known.values())
            for i, seconds in known.items():
                total[i] += weights.latency_sd * max(0.0, (seconds - mean) / spread)
    return total


def alpha_scores(
    alpha: float,
    quality: Sequence[float],
    cost: Sequence[float],
    penalty: Sequence[float],
    eligible: Sequence[bool],
    rivals: Sequence[object],
) -> list[float]:
    """Score all candidates by the formula above. Ineligible ones get −inf.

    `rivals` says who competes with whom (by bucket, or all with all): costs are scaled among rivals.
    """
    candidates = list(zip(quality, cost, penalty, strict=True))
    competing: dict[object, list[tuple[float, float, float]]] = {}
    for candidate, is_in, group in zip(candidates, eligible, rivals, strict=True):
        if is_in:
            competing.setdefault(group, []).append(candidate)
    scale = {group: _cost_scale(members) for group, members in competing.items()}
    return [
        alpha * q - (1 - alpha) * (c / scale[group]) - p if is_in else -inf
        for (q, c, p), is_in, group in zip(candidates, eligible, rivals, strict=True)
    ]


def _cost_scale(eligible: Sequence[tuple[float, float, float]]) -> float:
    """What costs are divided by; members are (quality, cost, penalty). 1 where all are free."""
    dearest_first = sorted(eligible, key=lambda candidate: -candidate[1])
    undominated = (c[1] for c in dearest_first if not any(_dominates(other, c) for other in eligible))
    return (next(undominated, 1.0) or 1.0) / _DEAREST


def _dominates(other: tuple[float, float, float], mine: tuple[float, float, float]) -> bool:
    return other[0] >= mine[0] and other[1] <= mine[1] and other[2] <= mine[2] and other != mine
