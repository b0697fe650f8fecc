"""Fit the triage: LightGBM over `core`'s features and the embedding, a weight per word, three classes.

The labels (`labels.py`) are what a better model gained, with its luck and its losses: a prompt that the
cheap model happened to win has a negative share of "hard". LightGBM's own objectives take no such label; the
gradient of the softmax's cross-entropy, p − y, does, and leads to the mean label all the same. Clipping the
losses away instead costs .01 to .04 of APGR where there are only two models to learn from.

Out-of-fold scores (groups of near-duplicates kept whole) serve twice: to fit what the words are worth beside
the trees and the calibration (vector scaling, see `core/triage.py`), and to measure; what ships is fitted on
all rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from heimdall_litellm.core.triage import Calibration
from heimdall_litellm.core.wordscore import WordScore
from training.word_weights import fit_words, rarities, score_words

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]

FOLDS = 5
ROUNDS = 150
PARAMETERS: dict[str, object] = {
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
_HESSIAN = 1.5
"""Of the softmax with K classes: K / (K − 1), as LightGBM's own objective has it."""
_SIDES = np.array([-0.5, 0.0, 0.5])
_LEAST_SCALE, _MOST_SCALE = 0.2, 3.0
"""Bounds of the calibration's scales: with few labels chance would turn a class around."""
_MOST_WORTH = 20.0


@dataclass(frozen=True, slots=True)
class Rows:
    """What the trees learn from: `inputs` (n, features + d), `labels` (n, 3) and `weights` (n,).

    `leans` (n,) is what will lean on their scores and they are to make up for.
    """

    inputs: Matrix
    labels: Floats
    weights: Floats
    leans: Floats

    def __len__(self) -> int:
        return len(self.labels)

    def where(self, chosen: NDArray[np.bool_]) -> Rows:
        """Keep some of the rows."""
        return Rows(self.inputs[chosen], self.labels[chosen], self.weights[chosen], self.leans[chosen])

    def and_also(self, other: Rows | None) -> Rows:
        """Put two sets of rows together."""
        if other is None:
            return self
        return Rows(
            np.vstack((self.inputs, other.inputs)),
            np.vstack((self.labels, other.labels)),
            np.concatenate((self.weights, other.weights)),
            np.concatenate((self.leans, other.leans)),
        )


@dataclass(frozen=True, slots=True)
class Prompts:
    """Labelled prompts: their `rows`, the `tokens` in each (n, V), tilts and sources' numbers, (n,)."""

    rows: Rows
    tokens: csr_matrix
    tilts: Floats
    sources: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class TriageFit:
    """The model's text, the words' weights, the calibration, and the probabilities out of fold (n, 3)."""

    model: bytes
    words: WordScore
    calibration: Calibration
    out_of_fold: Floats


def fit_triage(
    prompts: Prompts,
    folds: NDArray[np.int64],
    seed: int,
    progress: Callable[[str], None],
    more: Rows | None = None,
) -> TriageFit:
    """Fit on `prompts`, each in one of `folds` (n,); trees learn from `more` too, in every fold.

    The same seed gives the same trees.
    """
    rows = prompts.rows
    raw, said = np.zeros((len(rows), 3)), np.zeros(len(rows))
    rarity = rarities(prompts.tokens)
    for fold in np.unique(folds):
        held = folds == fold
        raw[held] = _train(rows.where(~held).and_also(more), seed).predict(rows.inputs[held], raw_score=True)
        said[held] = score_words(_words(prompts, ~held, rarity), prompts.tokens[held])
        progress(f"triage: fold {int(fold) + 1} of {len(np.unique(folds))}")
    worth, calibration = calibrate(raw, prompts.tilts, said, rows.labels, rows.weights)
    if max(calibration.scale) >= _MOST_SCALE:
        progress("triage: the calibration ran to its bounds; too few or too noisy outcomes to rely on it")
    booster = _train(rows.and_also(more), seed)
    words = _words(prompts, np.full(len(rows), fill_value=True), rarity)
    progress("triage: fitted on all prompts")
    p = probabilities(raw, prompts.tilts + worth * said, calibration)
    words = WordScore(words.pull * np.float32(worth), words.rarity)
    return TriageFit(booster.model_to_string().encode(), words, calibration, p)


def predict(fitted: TriageFit, inputs: Matrix, tokens: csr_matrix, tilts: Floats) -> Floats:
    """Calibrated probabilities (n, 3) of other prompts.

    Shapes: inputs (n, features + d), tokens (n, V), tilts (n,).
    """
    raw = np.asarray(lightgbm.Booster(model_str=fitted.model.decode()).predict(inputs, raw_score=True))
    return probabilities(raw, tilts + score_words(fitted.words, tokens), fitted.calibration)


def _words(prompts: Prompts, chosen: NDArray[np.bool_], rarity: Floats) -> WordScore:
    rows = prompts.rows
    gain = rows.labels[chosen] @ (_SIDES + 0.5)
    return fit_words(prompts.tokens[chosen], gain, rows.weights[chosen], prompts.sources[chosen], rarity)


def _train(rows: Rows, seed: int) -> lightgbm.Booster:
    each = rows.weights[:, None]
    share = np.maximum((each * rows.labels).sum(axis=0), 1e-3 * rows.weights.sum())
    start = np.log(share / share.sum()) + rows.leans[:, None] * _SIDES

    def gradient(scores: Floats, _data: lightgbm.Dataset) -> tuple[Floats, Floats]:
        p = _softmax(scores)
        return (p - rows.labels) * each, _HESSIAN * p * (1 - p) * each

    # Of few prompts no feature could split a leaf; unfiltered, they make trees without a split, not an error.
    reading = {"verbosity": -1, "max_bin": PARAMETERS["max_bin"], "feature_pre_filter": False}
    data = lightgbm.Dataset(rows.inputs, np.zeros(len(rows)), init_score=start, params=reading)
    return lightgbm.train({**PARAMETERS, "seed": seed, "objective": gradient}, data, num_boost_round=ROUNDS)


def _softmax(scores: Floats) -> Floats:
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: Floats = e / e.sum(axis=1, keepdims=True)
    return result


def probabilities(raw: Floats, lean: Floats, calibration: Calibration) -> Floats:
    """Vectorised form of `core.triage.triage` for raw scores (n, 3) and leans (n,); tested equal to it."""
    leaning = raw + lean[:, None] * _SIDES
    return _softmax(leaning * np.array(calibration.scale) + np.array(calibration.shift))


def calibrate(
    raw: Floats, tilts: Floats, said: Floats, labels: Floats, weights: Floats
) -> tuple[float, Calibration]:
    """Fit what the words' score `said` (n,) is worth in logits, and the vector scaling.

    By weighted cross-entropy between held-out raw scores and labels, both (n, 3).
    """

    def loss(theta: Floats) -> float:
        p = probabilities(raw, tilts + theta[6] * said, _calibration(theta))
        return cross_entropy(p, labels, weights)

    start = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0])
    bounds = [(_LEAST_SCALE, _MOST_SCALE)] * 3 + [(None, None)] * 3 + [(0.0, _MOST_WORTH)]
    theta = np.round(minimize(loss, start, method="L-BFGS-B", bounds=bounds).x, 6)
    return float(theta[6]), _calibration(theta)


def cross_entropy(p: Floats, labels: Floats, weights: Floats) -> float:
    """Weighted mean cross-entropy of probabilities with labels, both (n, 3), in nats."""
    each = -(labels * np.log(np.maximum(p, 1e-12))).sum(axis=1)
    return float((weights * each).sum() / weights.sum())


def _calibration(theta: Floats) -> Calibration:
    a, b, c, d, e, f = theta[:6].tolist()
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
