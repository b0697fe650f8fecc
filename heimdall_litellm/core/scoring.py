"""The α-score: one number per candidate, its parts kept.

    score[m] = α·Q[m] − (1−α)·C[m] − penalties[m]

after Avengers-Pro (arXiv 2508.12631). Q is quality 0..1 (`quality.py`). C is the expected cost
(`cost.py`) divided by the largest cost among the eligible candidates that are not dominated;
one is dominated if another is at least as good, as cheap and as little penalised, and better in
one of these. Dividing by that largest cost, and not by the range, keeps C a ratio of dollars:
currency and token units cancel, a candidate 1 % dearer is 1 % worse and not "the worst", and
adding a dominated candidate changes nothing.

Invariants (tests/property): α = 1 chooses the best predicted quality and α = 0 the cheapest, up
to penalties; without penalties, raising α never lowers the chosen quality or cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from heimdall_litellm.core.types import CatalogEntry, FloatArray, Penalties, RequestFacts

_CROWDED = 0.8


def penalties(
    entries: Sequence[CatalogEntry],
    eligible: NDArray[np.bool_],
    facts: RequestFacts,
    output_tokens: FloatArray,
    weights: Penalties,
    latencies: Mapping[str, float] | None,
) -> FloatArray:
    """What is subtracted from each candidate's score; shape (rows,), 0 or more.

    `latencies` maps a model's name to its recent mean latency in seconds.
    """
    total = np.zeros(len(entries), np.float32)
    for i, (entry, answer) in enumerate(zip(entries, output_tokens.tolist(), strict=True)):
        window = entry.max_input_tokens
        if window and facts.input_tokens + answer > _CROWDED * window:
            total[i] = weights.ctx_over_80pct
    if latencies and weights.latency_sd:
        known = {i: latencies[e.name] for i, e in enumerate(entries) if eligible[i] and e.name in latencies}
        values = list(known.values())
        spread = float(np.std(values)) if len(values) > 1 else 0.0
        if spread > 0:
            mean = float(np.mean(values))
            for i, seconds in known.items():
                total[i] += weights.latency_sd * max(0.0, (seconds - mean) / spread)
    return total


def alpha_scores(
    alpha: float, quality: FloatArray, cost: FloatArray, penalty: FloatArray, eligible: NDArray[np.bool_]
) -> FloatArray:
    """Score all candidates by the formula above; shape (rows,). Ineligible ones get −inf."""
    scale = _cost_scale(quality, cost, penalty, eligible)
    scores: FloatArray = alpha * quality - (1 - alpha) * (cost / scale) - penalty
    return np.where(eligible, scores, np.float32(-np.inf))


def _cost_scale(
    quality: FloatArray, cost: FloatArray, penalty: FloatArray, eligible: NDArray[np.bool_]
) -> float:
    """Largest cost among eligible candidates that no other dominates; 1 where all are free."""
    at = np.flatnonzero(eligible)
    if not len(at):
        return 1.0
    q, c, p = quality[at], cost[at], penalty[at]
    no_worse = (q[None] >= q[:, None]) & (c[None] <= c[:, None]) & (p[None] <= p[:, None])
    dominated = (no_worse & ~no_worse.T).any(axis=1)
    largest = float(c[~dominated].max())
    return largest if largest > 0 else 1.0
