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

The weights are inverse probabilities of having gone to that arm. Costs are skewed, so their interval is made
of the logarithm of the mean. That of a difference comes from those of the two means (Zou and Donner 2008,
"MOVER"),

    low = d − √((m₁ − low₁)² + (high₂ − m₂)²)    high = d + √((high₁ − m₁)² + (m₂ − low₂)²)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, hypot, log, sqrt
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
    def off(self) -> float | None:
        """Half the width of the mean's interval; None where there are too few."""
        if self.conversations < FEWEST:
            return None
        degrees = self.conversations - 1
        squares = max(0.0, self.yy - 2 * self.mean * self.wy + self.mean**2 * self.ww)
        variance = self.conversations / degrees * squares / self.w**2
        return (Z + (Z**3 + Z) / (4 * degrees)) * sqrt(variance)  # Student's t, expanded


def positive(found: Moments) -> Estimate:
    """Return the mean of amounts with its interval."""
    mean, off = found.mean, found.off
    if off is None or mean <= 0:
        return Estimate(mean)
    return Estimate(mean, Interval(mean * exp(-off / mean), mean * exp(off / mean)))


def share(found: Moments) -> Estimate:
    """Return the mean of values from 0 to 1 with its interval.

    That is never empty: it is at least as wide as though one more value were 0, and one 1.
    """
    mean, off = found.mean, found.off
    if off is None:
        return Estimate(mean)
    more = found.values + 2
    smoothed = (mean * found.values + 1) / more
    off = max(off, Z * sqrt(smoothed * (1 - smoothed) / more))
    return Estimate(mean, Interval(max(0.0, mean - off), min(1.0, mean + off)))


def difference(one: Estimate | None, other: Estimate | None) -> Estimate | None:
    """Return the difference of two means."""
    if one is None or other is None:
        return None
    value = one.value - other.value
    if one.interval is None or other.interval is None:
        return Estimate(value)
    below = hypot(one.value - one.interval.low, other.interval.high - other.value)
    above = hypot(one.interval.high - one.value, other.value - other.interval.low)
    return Estimate(value, Interval(value - below, value + above))


def times(found: Estimate, factor: float) -> Estimate:
    """Return a multiple."""
    if found.interval is None:
        return Estimate(found.value * factor)
    low, high = sorted((found.interval.low * factor, found.interval.high * factor))
    return Estimate(found.value * factor, Interval(low, high))


def saved_share(routed: Estimate | None, held_out: Estimate | None) -> Estimate | None:
    """Return what share of the held-out arm's mean cost the routed arm saves."""
    if routed is None or held_out is None or min(routed.value, held_out.value) <= 0:
        return None
    ratio = routed.value / held_out.value
    if routed.interval is None or held_out.interval is None:
        return Estimate(1 - ratio)
    off = hypot(*(log(each.interval.high / each.value) for each in (routed, held_out) if each.interval))
    return Estimate(1 - ratio, Interval(1 - ratio * exp(off), 1 - ratio * exp(-off)))


def reckoned(
    paid: float, baseline: float, guessed: Sequence[float], sigma: float = SIGMA
) -> tuple[Estimate, Estimate | None]:
    """Return what was saved against a reckoned baseline, in USD and as a share of it.

    `guessed` is the guessed part of `baseline` for each pair of a baseline and a model that answered.
    """
    low, high = _around(baseline, guessed, sigma)
    saved = Estimate(baseline - paid, Interval(low - paid, high - paid))
    if low <= 0:
        return saved, None
    return saved, Estimate(1 - paid / baseline, Interval(1 - paid / low, 1 - paid / high))


def foregone(
    paid: float, would: float, guessed: Sequence[float], sigma: float = SIGMA
) -> tuple[Estimate, Estimate | None]:
    """Return what following shadow mode would have saved, in USD and as a share of what was paid.

    `guessed` is the guessed part of `would` for each pair of a model decided on and one that answered.
    """
    low, high = _around(would, guessed, sigma)
    saved = Estimate(paid - would, Interval(paid - high, paid - low))
    if paid <= 0:
        return saved, None
    return saved, Estimate(1 - would / paid, Interval(1 - high / paid, 1 - low / paid))


def _around(whole: float, guessed: Sequence[float], sigma: float) -> tuple[float, float]:
    """Return between what a cost lies of which a part is guessed, for each pair of models so much."""
    total = sum(guessed)
    concentration = sum(part**2 for part in guessed) / total**2 if total > 0 else 1.0
    off = Z * sigma * sqrt(0.5 + 0.5 * concentration)
    return whole - total + total * exp(-off), whole - total + total * exp(off)
