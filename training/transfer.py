"""What carries over to prompts like none in training: a tilt along four plain features.

Every learned router tried falls to chance on a benchmark that was left out of its training: which word
or which cluster means "hard" differs from one to the next. What keeps its meaning is how much there is to
read, and how plainly it is put: within nearly every source a longer prompt of shorter, recurring words
is where a better model gains something (numbers and rules to work through), and a short one of long, rare
words is where it doesn't (one knows or one doesn't).

The weights are a ridge regression of the gain on these features, all centred *within* each source, so that
nothing is learnt from what one source is beside another; every source counts about the same. The tilt
shifts the trees' scores towards hard or cheap by half of it each (`core/triage.py`). It is added to them
rather than learnt by them: trees that start from it learn it away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from heimdall_litellm.core.features import FEATURES
from heimdall_litellm.core.triage import Tilt

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]

CARRIES_OVER: Final = ("log_input_words", "log_words", "word_length", "distinct_words")
STRENGTH: Final = 1.6
"""Logits of the odds hard : cheap per standard deviation, before the bound."""
_RIDGE: Final = 1.0
_SMALL_SOURCE: Final = 200


def fit_tilt(features: Matrix, gain: Floats, sources: Sequence[str]) -> Tilt:
    """Fit on features (n, features), gain (n,) and each prompt's source, by the rule above."""
    columns = [FEATURES.index(name) for name in CARRIES_OVER]
    x = features[:, columns].astype(np.float64)
    centre, spread = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-6)
    x = (x - centre) / spread
    within, y, weight = x.copy(), np.zeros(len(x)), np.zeros(len(x))
    names, which = np.unique(np.array(sources), return_inverse=True)
    for s in range(len(names)):
        rows = which == s
        within[rows] -= x[rows].mean(axis=0)
        y[rows] = (gain[rows] - gain[rows].mean()) / max(float(gain[rows].std()), 1e-6)
        weight[rows] = 1 / max(int(rows.sum()), _SMALL_SOURCE)
    weight /= weight.sum()
    normal = within.T @ (weight[:, None] * within) + _RIDGE * np.eye(len(columns))
    slope = np.linalg.solve(normal, within.T @ (weight * y))
    slope *= STRENGTH / max(float((x @ slope).std()), 1e-9)
    return Tilt.of(dict(zip(CARRIES_OVER, np.round(slope / spread, 6).tolist(), strict=True)), _at(centre))


def _at(centre: Floats) -> dict[str, float]:
    return dict(zip(CARRIES_OVER, np.round(centre, 6).tolist(), strict=True))
