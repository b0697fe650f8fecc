"""Probabilities of cheap, mid and hard, and the rule that makes a bucket of them.

The tree model gives raw class scores z (LightGBM multiclass, before its softmax). They are
calibrated by vector scaling (Guo et al. 2017, "On Calibration of Modern Neural Networks",
section 4.2): softmax(a ∘ z + b), with a and b fitted on held-out folds.

The rule, in this order: p_hard > thresholds.hard → hard; p_cheap > thresholds.cheap → cheap;
else mid. Difficulty, for ranking, is 0.5·p_mid + p_hard.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, isfinite

from heimdall_litellm.core.types import Bucket, FloatArray


@dataclass(frozen=True, slots=True)
class Calibration:
    """Vector scaling of three raw scores: `scale` and `shift`, each of length 3."""

    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)


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


def triage(raw: FloatArray, calibration: Calibration) -> Triage:
    """Turn raw class scores (3,) into calibrated probabilities.

    Scores that are not finite say nothing: they give equal probabilities.
    """
    z = [
        score * scale + shift
        for score, scale, shift in zip(raw.tolist(), calibration.scale, calibration.shift, strict=True)
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
