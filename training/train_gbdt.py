"""Fit the triage: LightGBM over `core`'s features and the embedding, three calibrated classes.

The labels are probabilities (`labels.py`). Each prompt stands three times among the rows, once for each
class, weighted by that class's probability: minimising log-loss over these minimises cross-entropy with the
labels. Out-of-fold scores (groups of near-duplicates kept whole) serve twice: to fit the calibration
(vector scaling, see `core/triage.py`), and to measure; the shipped trees are fitted on all rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from heimdall_litellm.core.triage import Calibration

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]

FOLDS = 5
ROUNDS = 150
_NOTHING = 1e-4
PARAMETERS: dict[str, object] = {
    "objective": "multiclass",
    "num_class": 3,
    "num_leaves": 15,
    "learning_rate": 0.05,
    "feature_fraction": 0.15,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "min_data_in_leaf": 40,
    "lambda_l2": 5.0,
    "max_bin": 63,
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
}


@dataclass(frozen=True, slots=True)
class Rows:
    """What is learnt from: `inputs` (n, features + d), `labels` (n, 3), `weights` and `tilts` (n,)."""

    inputs: Matrix
    labels: Floats
    weights: Floats
    tilts: Floats

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, chosen: NDArray[np.bool_]) -> Rows:
        """Keep some of the rows."""
        return Rows(self.inputs[chosen], self.labels[chosen], self.weights[chosen], self.tilts[chosen])

    def and_also(self, other: Rows) -> Rows:
        """Put two sets of rows together."""
        return Rows(
            np.vstack((self.inputs, other.inputs)),
            np.vstack((self.labels, other.labels)),
            np.concatenate((self.weights, other.weights)),
            np.concatenate((self.tilts, other.tilts)),
        )


def no_rows(columns: int) -> Rows:
    """No rows."""
    return Rows(np.zeros((0, columns), np.float32), np.zeros((0, 3)), np.zeros(0), np.zeros(0))


@dataclass(frozen=True, slots=True)
class TriageFit:
    """The model's text, its calibration, and its calibrated out-of-fold probabilities (n, 3)."""

    model: bytes
    calibration: Calibration
    out_of_fold: Floats


def fit_triage(
    rows: Rows, folds: NDArray[np.int64], seed: int, progress: Callable[[str], None], more: Rows | None = None
) -> TriageFit:
    """Fit on `rows`, each in one of `folds` (n,); `more` is learnt from in every fold and never measured on.

    The same seed gives the same trees.
    """
    more = no_rows(rows.inputs.shape[1]) if more is None else more
    raw = np.zeros((len(rows), 3))
    for fold in np.unique(folds):
        held = folds == fold
        raw[held] = _train(rows.where(~held).and_also(more), seed).predict(rows.inputs[held], raw_score=True)
        progress(f"triage: fold {int(fold) + 1} of {len(np.unique(folds))}")
    raw += _tilted(rows.tilts)
    calibration = calibrate(raw, rows.labels, rows.weights)
    booster = _train(rows.and_also(more), seed)
    progress("triage: fitted on all prompts")
    return TriageFit(booster.model_to_string().encode(), calibration, probabilities(raw, calibration))


def predict(fitted: TriageFit, inputs: Matrix, tilts: Floats) -> Floats:
    """Calibrated probabilities (n, 3) of other prompts: inputs (n, features + d), tilts (n,)."""
    booster = lightgbm.Booster(model_str=fitted.model.decode())
    raw = booster.predict(inputs, raw_score=True) + _tilted(tilts)
    return probabilities(raw, fitted.calibration)


def _tilted(tilts: Floats) -> Floats:
    shift: Floats = tilts[:, None] * np.array([-0.5, 0.0, 0.5])
    return shift


def _train(rows: Rows, seed: int) -> lightgbm.Booster:
    weight = (rows.labels * rows.weights[:, None]).T.ravel()
    classes = np.repeat(np.arange(3), len(rows))
    kept = weight > _NOTHING
    inputs = np.vstack([rows.inputs] * 3)[kept]
    data = lightgbm.Dataset(
        inputs, classes[kept], weight=weight[kept], params={"verbosity": -1, "max_bin": 63}
    )
    return lightgbm.train({**PARAMETERS, "seed": seed}, data, num_boost_round=ROUNDS)


def probabilities(raw: Floats, calibration: Calibration) -> Floats:
    """Vectorised form of `core.triage.triage` for raw scores (n, 3); tested equal to it."""
    z = raw * np.array(calibration.scale) + np.array(calibration.shift)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    result: Floats = e / e.sum(axis=1, keepdims=True)
    return result


def calibrate(raw: Floats, labels: Floats, weights: Floats) -> Calibration:
    """Fit vector scaling by weighted cross-entropy between held-out raw scores and labels, both (n, 3)."""

    def loss(theta: Floats) -> float:
        p = probabilities(raw, _calibration(theta))
        return cross_entropy(p, labels, weights)

    start = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    return _calibration(np.round(minimize(loss, start, method="L-BFGS-B").x, 6))


def cross_entropy(p: Floats, labels: Floats, weights: Floats) -> float:
    """Weighted mean cross-entropy of probabilities with labels, both (n, 3), in nats."""
    each = -(labels * np.log(np.maximum(p, 1e-12))).sum(axis=1)
    return float((weights * each).sum() / weights.sum())


def _calibration(theta: Floats) -> Calibration:
    a, b, c, d, e, f = theta.tolist()
    return Calibration((a, b, c), (d, e, f))


def expected_calibration_error(p: Floats, labels: Floats, weights: Floats, bins: int = 15) -> float:
    """Mean over the three classes of |confidence − frequency|, weighted by how many fall in a bin.

    Classwise ECE (Kull et al. 2019), bins of equal width; the frequency is the mean label.
    """
    total = 0.0
    for c in range(3):
        at = np.minimum((p[:, c] * bins).astype(int), bins - 1)
        mass = np.bincount(at, weights, bins)
        away = np.bincount(at, weights * p[:, c], bins) - np.bincount(at, weights * labels[:, c], bins)
        total += float(np.abs(away).sum() / mass.sum())
    return total / 3
