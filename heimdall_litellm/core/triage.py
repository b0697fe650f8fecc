"""Probabilities of cheap, mid and hard, and the rule that makes a bucket of them.

The tree model gives raw class scores z (LightGBM, before its softmax). Two more witnesses shift them by
what they add up to, l: z_hard + l/2, z_cheap − l/2.

- The *tilt* is a weighted sum of a few features that mean the same on any text, bounded so that the trees
  can always outvote it. On prompts like those of the training it matters little; on prompts like none of
  them it is what still holds (`training/transfer.py`).
- The *words* have a weight each (`wordscore.py`).

The sum is calibrated by vector scaling (Guo et al. 2017, "On Calibration of Modern Neural Networks", section
4.2): softmax(a ∘ z + b), with a and b fitted on held-out folds.

The rule, in this order: p_hard > thresholds.hard → hard; p_cheap > thresholds.cheap → cheap;
else mid. Difficulty, for ranking, is 0.5·p_mid + p_hard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, isfinite, tanh
from typing import Self

import numpy as np

from heimdall_litellm.core.features import FEATURES, N_FEATURES
from heimdall_litellm.core.types import Bucket, FloatArray

MOST_TILT = 1.2


@dataclass(frozen=True, slots=True)
class Calibration:
    """Vector scaling of three raw scores: `scale` and `shift`, each of length 3."""

    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Tilt:
    """The tilt by feature, `weights` and `centre`, both (N_FEATURES,).

    t = MOST_TILT · tanh(s / MOST_TILT) with s = weights · (features − centre).
    """

    weights: FloatArray
    centre: FloatArray

    @classmethod
    def of(cls, weights: Mapping[str, float], centre: Mapping[str, float]) -> Self:
        """Make one from features' names; the others count nothing. Raises KeyError for an unknown name."""
        index = {name: at for at, name in enumerate(FEATURES)}
        arrays = np.zeros((2, N_FEATURES), np.float32)
        for row, given in zip(arrays, (weights, centre), strict=True):
            for name, value in given.items():
                row[index[name]] = value
        return cls(arrays[0], arrays[1])

    def of_request(self, features: FloatArray) -> float:
        """Give t for one request's features, within ±MOST_TILT."""
        return MOST_TILT * tanh(float(self.weights @ (features - self.centre)) / MOST_TILT)

    def by_feature(self, features: FloatArray) -> FloatArray:
        """Share t out among the features, (N_FEATURES,), for explanations."""
        parts = self.weights * (features - self.centre)
        total = float(parts.sum())
        return parts * np.float32(self.of_request(features) / total) if total else parts

    def named(self) -> dict[str, tuple[float, float]]:
        """Give (weight, centre) by feature, where there is a weight."""
        return {
            name: (round(float(w), 6), round(float(c), 6))
            for name, w, c in zip(FEATURES, self.weights, self.centre, strict=True)
            if w
        }


LEVEL = Tilt.of({}, {})
"""No tilt at all."""


@dataclass(frozen=True, slots=True)
class Triage:
    """Calibrated class probabilities of one request; they sum to 1."""

    p_cheap: float
    p_mid: float
    p_hard: float

    @property
    def difficulty(self) -> float:
        """How hard the request is, 0..1, for ranking."""
        return 0.5 * self.p_mid + self.p_hard


def triage(raw: FloatArray, calibration: Calibration, lean: float = 0.0) -> Triage:
    """Turn raw class scores (3,), leaning towards hard by tilt and words, into calibrated probabilities.

    Scores that are not finite say nothing: they give equal probabilities.
    """
    cheap, mid, hard = raw.tolist()
    leaning = (cheap - lean / 2, mid, hard + lean / 2)
    z = [
        score * scale + shift
        for score, scale, shift in zip(leaning, calibration.scale, calibration.shift, strict=True)
    ]
    if not all(map(isfinite, z)):
        return Triage(1 / 3, 1 / 3, 1 / 3)
    top = max(z)
    cheap, mid, hard = (exp(value - top) for value in z)
    total = cheap + mid + hard
    return Triage(cheap / total, mid / total, hard / total)


def choose_bucket(result: Triage, cheap_threshold: float, hard_threshold: float) -> Bucket:
    """Apply the rule above."""
    if result.p_hard > hard_threshold:
        return "hard"
    if result.p_cheap > cheap_threshold:
        return "cheap"
    return "mid"
