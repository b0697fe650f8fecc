"""Fit the triage: LightGBM over `core`'s features and the embedding, three calibrated classes.

Out-of-fold scores (groups of near-duplicates kept whole) serve twice: to fit the calibration
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
ROUNDS = 120
PARAMETERS: dict[str, object] = {
    "objective": "multiclass",
    "num_class": 3,
    "num_leaves": 15,
    "learning_rate": 0.08,
    "feature_fraction": 0.4,
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
class TriageFit:
    """The model's text, its calibration, and its calibrated out-of-fold probabilities (n, 3)."""

    model: bytes
    calibration: Calibration
    out_of_fold: Floats


@dataclass(frozen=True, slots=True)
class MoreRows:
    """Rows to learn from, never to measure on: `inputs` (m, features), `classes` and `weights` (m,)."""

    inputs: Matrix
    classes: NDArray[np.int64]
    weights: Floats


def no_more(columns: int) -> MoreRows:
    """No further rows."""
    return MoreRows(np.zeros((0, columns), np.float32), np.zeros(0, np.int64), np.zeros(0))


def fit_triage(
    inputs: Matrix,
    classes: NDArray[np.int64],
    weights: Floats,
    folds: NDArray[np.int64],
    seed: int,
    progress: Callable[[str], None],
    more: MoreRows | None = None,
) -> TriageFit:
    """Fit on (n, features) inputs and class numbers (n,), and on `more` in every fold.

    The same seed gives the same trees.
    """
    more = more or no_more(inputs.shape[1])

    def train(rows: NDArray[np.bool_]) -> lightgbm.Booster:
        return _train(
            np.vstack((inputs[rows], more.inputs)),
            np.concatenate((classes[rows], more.classes)),
            np.concatenate((weights[rows], more.weights)),
            seed,
        )

    raw = np.zeros((len(inputs), 3))
    for fold in np.unique(folds):
        held = folds == fold
        raw[held] = train(~held).predict(inputs[held], raw_score=True)
        progress(f"triage: fold {int(fold) + 1} of {len(np.unique(folds))}")
    calibration = calibrate(raw, classes, weights)
    booster = train(np.ones(len(inputs), bool))
    progress("triage: fitted on all prompts")
    return TriageFit(booster.model_to_string().encode(), calibration, probabilities(raw, calibration))


def _train(inputs: Matrix, classes: NDArray[np.int64], weights: Floats, seed: int) -> lightgbm.Booster:
    data = lightgbm.Dataset(inputs, classes, weight=weights, params={"verbosity": -1, "max_bin": 63})
    return lightgbm.train({**PARAMETERS, "seed": seed}, data, num_boost_round=ROUNDS)


def probabilities(raw: Floats, calibration: Calibration) -> Floats:
    """Vectorised form of `core.triage.triage` for raw scores (n, 3); tested equal to it."""
    z = raw * np.array(calibration.scale) + np.array(calibration.shift)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    result: Floats = e / e.sum(axis=1, keepdims=True)
    return result


def calibrate(raw: Floats, classes: NDArray[np.int64], weights: Floats) -> Calibration:
    """Fit vector scaling by weighted log-loss on held-out raw scores."""
    rows = np.arange(len(raw))

    def loss(theta: Floats) -> float:
        p = probabilities(raw, _calibration(theta))[rows, classes]
        return float(-(weights * np.log(np.maximum(p, 1e-12))).sum() / weights.sum())

    start = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    return _calibration(np.round(minimize(loss, start, method="L-BFGS-B").x, 6))


def _calibration(theta: Floats) -> Calibration:
    a, b, c, d, e, f = theta.tolist()
    return Calibration((a, b, c), (d, e, f))


def expected_calibration_error(
    p: Floats, classes: NDArray[np.int64], weights: Floats, bins: int = 15
) -> float:
    """Mean over the three classes of |confidence − frequency|, weighted by how many fall in a bin.

    Classwise ECE (Kull et al. 2019), bins of equal width.
    """
    total = 0.0
    for c in range(3):
        at = np.minimum((p[:, c] * bins).astype(int), bins - 1)
        for b in range(bins):
            inside = at == b
            mass = weights[inside].sum()
            if mass > 0:
                confidence = (weights[inside] * p[inside, c]).sum() / mass
                frequency = (weights[inside] * (classes[inside] == c)).sum() / mass
                total += mass / weights.sum() * abs(confidence - frequency)
    return total / 3
