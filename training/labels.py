"""What the triage learns: which bucket a prompt belonged in, seen from its outcomes.

Sources tested different models in different years, so "the weak ones failed" means something else in each.
A Rasch model puts them on one scale, linked by the models they share:

    P(model m succeeds on prompt i) = σ(ability[m] + easiness[i])

with easiness shrunk towards the mean of its source (variance 5, so that a prompt with two outcomes is not
taken at its word). Three reference abilities stand for the buckets: the 50th, 75th and 97th percentile of
the models seen. A prompt's label is the first reference whose chance of success comes within `SLACK` of
the best one's:

    cheap   a middling model does about as well as any (also where nobody succeeds: nothing is gained)
    mid     a good one does, a middling one doesn't
    hard    only the best do
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from training.data import Example

Floats = NDArray[np.float64]

SLACK = 0.2
REFERENCES = (0.50, 0.75, 0.97)
_EASINESS_VARIANCE = 5.0
_ABILITY_RIDGE = 0.05
_SOURCE_RIDGE = 0.02
_MAX_SWEEPS = 500
_CONVERGED = 1e-4


@dataclass(frozen=True, slots=True)
class Rasch:
    """Ability by model, and the easiness of each prompt (n,), on one logit scale."""

    ability: dict[str, float]
    easiness: Floats


def fit_rasch(examples: Sequence[Example], canonical: Callable[[str], str]) -> Rasch:
    """Fit the model above by penalised maximum likelihood; scores between 0 and 1 count in part.

    Newton steps for all easinesses, then for all abilities, in turn until nothing moves.
    """
    models: dict[str, int] = {}
    rows = [
        (models.setdefault(canonical(model), len(models)), i, outcome.score)
        for i, example in enumerate(examples)
        for model, outcome in example.outcomes.items()
    ]
    m, i, y = (np.array(column) for column in zip(*rows, strict=True))
    sources = sorted({example.source for example in examples})
    s = np.array([sources.index(example.source) for example in examples])
    ability, easiness, mean = np.zeros(len(models)), np.zeros(len(examples)), np.zeros(len(sources))
    for _ in range(_MAX_SWEEPS):
        away = (easiness - mean[s]) / _EASINESS_VARIANCE
        moved = _newton(easiness, i, ability[m] + easiness[i], y, away, 1 / _EASINESS_VARIANCE)
        moved = max(
            moved, _newton(ability, m, ability[m] + easiness[i], y, _ABILITY_RIDGE * ability, _ABILITY_RIDGE)
        )
        counts = np.bincount(s, minlength=len(sources)) / _EASINESS_VARIANCE
        mean = np.bincount(s, easiness, len(sources)) / _EASINESS_VARIANCE / (counts + _SOURCE_RIDGE)
        if moved < _CONVERGED:
            break
    return Rasch(dict(zip(models, ability.tolist(), strict=True)), easiness)


def _newton(
    values: Floats, group: NDArray[np.int64], z: Floats, y: Floats, pull: Floats, stiffness: float
) -> float:
    """Take one damped Newton step for each of `values`, in place; give the largest move.

    `z` are the logits and `y` the scores of the outcomes, `group` says whose they are; `pull` and
    `stiffness` are first and second derivative of the penalty.
    """
    p = expit(z)
    slope = np.bincount(group, y - p, len(values)) - pull
    curvature = np.bincount(group, p * (1 - p), len(values)) + stiffness
    step = np.clip(slope / curvature, -1.0, 1.0)
    values += step
    return float(np.abs(step).max())


def labels(rasch: Rasch) -> NDArray[np.int64]:
    """Give 0 cheap, 1 mid, 2 hard for each prompt, by the rule above."""
    references = np.quantile(list(rasch.ability.values()), REFERENCES, method="nearest")
    success = expit(references + rasch.easiness[:, None])
    enough = success >= success.max(axis=1, keepdims=True) - SLACK
    first: NDArray[np.int64] = np.argmax(enough, axis=1)
    return first


def weights(sources: Sequence[str], cap: int) -> Floats:
    """Weigh prompts so that no source counts for more than `cap` of them."""
    names, counts = np.unique(np.array(sources), return_counts=True)
    each = dict(zip(names.tolist(), np.minimum(1.0, cap / counts).tolist(), strict=True))
    return np.array([each[source] for source in sources])
