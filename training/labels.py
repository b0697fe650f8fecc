"""What the triage learns: which bucket a prompt belonged in, seen from its outcomes.

Within each source the models are ranked by their mean score and cut into three equal parts,
weak, middle and strong (two models make a weak and a strong part). A prompt's label is the
weakest part whose mean score comes within `SLACK` of the best part's:

    cheap   the weak models do about as well as any (also: nobody can do it, so nothing is
            gained by paying more)
    mid     the middle ones do, the weak ones don't
    hard    only the strong ones do

Parts are cut per source because sources test models of different years; a bucket is relative.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.data import Example

SLACK = 0.15
_MIN_COVERAGE = 0.3


def tiers(examples: Sequence[Example]) -> dict[str, tuple[set[str], ...]]:
    """Cut each source's models into parts, weakest first; models seen on few prompts are left out."""
    scores: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for example in examples:
        for model, outcome in example.outcomes.items():
            scores[example.source][model].append(outcome.score)
    parts = {}
    for source, by_model in scores.items():
        most = max(map(len, by_model.values()))
        kept = [m for m, values in by_model.items() if len(values) >= _MIN_COVERAGE * most]
        ranked = sorted(kept, key=lambda m: (float(np.mean(by_model[m])), m))
        pieces = np.array_split(np.array(ranked), min(3, len(ranked)))
        parts[source] = tuple(set(piece.tolist()) for piece in pieces)
    return parts


def tier_scores(examples: Sequence[Example]) -> NDArray[np.float64]:
    """Mean score of the weak, middle and strong models on each prompt, (n, 3); NaN where none answered."""
    parts = tiers(examples)
    table = np.full((len(examples), 3), np.nan)
    for i, example in enumerate(examples):
        pieces = parts[example.source]
        columns = {1: (0,), 2: (0, 2), 3: (0, 1, 2)}[len(pieces)]
        for column, members in zip(columns, pieces, strict=True):
            values = [o.score for m, o in example.outcomes.items() if m in members]
            if values:
                table[i, column] = np.mean(values)
    return table


def labels(table: NDArray[np.float64]) -> NDArray[np.int64]:
    """Turn tier scores (n, 3) into 0 cheap, 1 mid, 2 hard by the rule above."""
    filled = np.where(np.isnan(table), -1.0, table)
    best = filled.max(axis=1, keepdims=True)
    weakest: NDArray[np.int64] = np.argmax(filled >= best - SLACK, axis=1).astype(np.int64)
    return weakest


def weights(sources: Sequence[str], cap: int) -> NDArray[np.float64]:
    """Weigh prompts so that no source counts for more than `cap` of them."""
    names, counts = np.unique(np.array(sources), return_counts=True)
    each = dict(zip(names.tolist(), np.minimum(1.0, cap / counts).tolist(), strict=True))
    return np.array([each[source] for source in sources])
