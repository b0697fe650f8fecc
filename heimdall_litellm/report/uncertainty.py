"""How unsure a saving is. There are two kinds of it, and what is unsure about them differs.

**Against what the baseline would have cost** (`reckoned`). Of that, input and prices are known; what is
guessed is how many tokens it would have written. The bundle expects so many of each model, and the ratio of
two models' is off by a factor that is about the same for all requests of that pair: more traffic doesn't
average it out. With the logarithm of that factor normal with deviation `SIGMA`, half of its variance due to
the baseline, so common to all its pairs, and half to the model that answered,

    variance = SIGMA² · (½ + ½ · Σ (guessed of a pair / all that is guessed)²)

**By a draw** (`Moments`). Nothing is guessed there, but the two arms hold different requests, so it is a
difference of means over samples. Requests of one conversation are alike and go to one arm, so conversations
are what is counted: of a weighted mean m = Σ w·y / Σ w the variance is, linearised and robust to clusters,

    n/(n−1) · Σ u² / (Σ w)²    with u = Σ w·(y − m) over a conversation, of which there are n

and those of two arms add up. The weights are inverse probabilities of having gone to that arm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, sqrt
from typing import Final

from heimdall_litellm.report.figures import Estimate, Interval

Z: Final = 1.959964
"""Of the normal distribution, for 95 %."""
SIGMA: Final = 0.57
"""Measured by `python -m training lengths`: 0.50 for models that just answer, on prompts that are like no
training prompt (0.25 on such as are), and 0.57 where one of a pair thinks. Which do isn't known here, so the
larger."""
FEWEST: Final = 30
"""Conversations in an arm below which no interval is given: the formula is for many."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums over the conversations of an arm: of w, of w·y, and of their squares and products.

    `conversations` are those with any weight, `values` the values y in them.
    """

    conversations: int
    values: int
    w: float
    y: float
    ww: float
    wy: float
    yy: float

    @property
    def mean(self) -> float:
        """The weighted mean."""
        return self.y / self.w

    @property
    def variance(self) -> float | None:
        """The variance of the mean; None where there are too few."""
        if self.conversations < FEWEST:
            return None
        squares = max(0.0, self.yy - 2 * self.mean * self.wy + self.mean**2 * self.ww)
        return self.conversations / (self.conversations - 1) * squares / self.w**2

    @property
    def share_variance(self) -> float | None:
        """The same for values from 0 to 1, and never 0: as though one more value were 0, and one 1."""
        variance = self.variance
        if variance is None:
            return None
        smoothed = (self.mean * self.values + 1) / (self.values + 2)
        return max(variance, smoothed * (1 - smoothed) / (self.values + 2))


def estimate(value: float, variance: float | None, low: float = -1e300, high: float = 1e300) -> Estimate:
    """Return a value with its interval, within bounds."""
    if variance is None:
        return Estimate(value)
    off = Z * sqrt(variance)
    return Estimate(value, Interval(max(low, value - off), min(high, value + off)))


def difference(
    one: Moments | None, other: Moments | None, variances: tuple[float | None, float | None]
) -> Estimate | None:
    """Return the difference of two means."""
    if one is None or other is None:
        return None
    of_one, of_other = variances
    known = None if of_one is None or of_other is None else of_one + of_other
    return estimate(one.mean - other.mean, known)


def ratio_saved(routed: Moments, held_out: Moments) -> Estimate | None:
    """Return what share of the held-out arm's mean cost the routed arm saves, by the delta method."""
    if held_out.mean <= 0:
        return None
    ratio, of_routed, of_held_out = routed.mean / held_out.mean, routed.variance, held_out.variance
    if of_routed is None or of_held_out is None:
        return Estimate(1 - ratio)
    return estimate(1 - ratio, (of_routed + ratio**2 * of_held_out) / held_out.mean**2)


def reckoned(
    paid: float, baseline: float, guessed: Sequence[float], sigma: float = SIGMA
) -> tuple[Estimate, Estimate | None]:
    """Return what was saved against a reckoned baseline, in USD and as a share of it.

    `guessed` is the guessed part of `baseline` for each pair of a baseline and a model that answered.
    """
    total = sum(guessed)
    concentration = sum(part**2 for part in guessed) / total**2 if total > 0 else 1.0
    off = Z * sigma * sqrt(0.5 + 0.5 * concentration)
    low, high = (baseline - total + total * exp(sign * off) for sign in (-1, 1))
    saved = Estimate(baseline - paid, Interval(low - paid, high - paid))
    if low <= 0:
        return saved, None
    return saved, Estimate(1 - paid / baseline, Interval(1 - paid / low, 1 - paid / high))
