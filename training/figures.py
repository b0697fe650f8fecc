"""How well published figures of a model are predicted from what other sources publish of it.

Of every model with figures in two sources or more, each source in turn is hidden with all its figures, at
every effort. `published.py` is fitted to the rest, and the hidden figures predicted. The error is the mean
over models of |predicted − published|, figures of a model weighing the same; intervals by bootstrap over
models. *Saved* is against the first row, paired.

`training figures` prints it for the effects of `Scatter` with and without. No outcomes are used.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from training.measures import Estimate
from training.priors import Figure
from training.published import USUAL, Fit, Scatter

Floats = NDArray[np.float64]

FOLDS: Final = 4
DRAWS: Final = 1_000
VARIANTS: Final[Mapping[str, Scatter]] = {
    "each effort alone, one slope": replace(
        USUAL, base=1e-3, odd=1.0, source=1e-3, category=1e-3, release=1e-3, slope=1e-3, order=inf
    ),
    "efforts linked": replace(USUAL, source=1e-3, category=1e-3, release=1e-3, slope=1e-3, order=inf),
    "slopes": replace(USUAL, source=1e-3, category=1e-3, release=1e-3, order=inf),
    "knacks": replace(USUAL, order=inf),
    "lines in order": USUAL,
}
"""Each with one more effect than the one before it."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """Error of one variant, and what it saves against the first."""

    name: str
    error: Estimate
    saved: Estimate


def measure(
    figures: Sequence[Figure],
    progress: Callable[[str], None] = print,
    variants: Mapping[str, Scatter] = VARIANTS,
) -> list[Predicted]:
    """Hide and predict with each variant."""
    fold = _folds(figures)
    errors = {}
    for name, scatter in variants.items():
        errors[name] = _errors(figures, fold, scatter)
        progress(name)
    first = next(iter(errors.values()))
    return [Predicted(name, _estimate(error), _estimate(first - error)) for name, error in errors.items()]


def _folds(figures: Sequence[Figure]) -> dict[tuple[str, str], int]:
    """In which fold each model's source is hidden."""
    sources: dict[str, set[str]] = defaultdict(set)
    for figure in figures:
        base, source = _hidden_as(figure)
        sources[base].add(source)
    rng = np.random.default_rng(0)
    return {
        (base, source): at % FOLDS
        for base, found in sorted(sources.items())
        if len(found) > 1
        for at, source in enumerate(rng.permutation(sorted(found)).tolist())
    }


def _hidden_as(figure: Figure) -> tuple[str, str]:
    return figure.model.partition("@")[0], figure.column.split("/")[0]


def _errors(figures: Sequence[Figure], fold: Mapping[tuple[str, str], int], scatter: Scatter) -> Floats:
    """Mean absolute error of each model."""
    found: dict[str, list[float]] = defaultdict(list)
    for number in range(FOLDS):
        hidden = [figure for figure in figures if fold.get(_hidden_as(figure)) == number]
        kept = [figure for figure in figures if fold.get(_hidden_as(figure)) != number]
        fitted = Fit(kept, {figure.model for figure in hidden}, scatter)
        for figure in hidden:
            expected = fitted.logit_of(figure)
            if expected is not None:
                found[_hidden_as(figure)[0]].append(abs(float(expit(expected)) - figure.score))
    return np.array([np.mean(errors) for _, errors in sorted(found.items())])


def _estimate(values: Floats) -> Estimate:
    rng = np.random.default_rng(0)
    drawn = values[rng.integers(0, len(values), (DRAWS, len(values)))].mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Estimate(float(values.mean()), float(low), float(high), len(values))


def render(found: Sequence[Predicted]) -> str:
    """Lay the figures out as Markdown."""
    lines = ["| | error | saved |", "|---|---|---|"]
    lines += [f"| {one.name} | {_cell(one.error)} | {_cell(one.saved)} |" for one in found]
    return "\n".join([*lines, "", f"{found[0].error.prompts} models with two sources or more."])


def _cell(found: Estimate) -> str:
    return f"{found.value:.4f} [{found.low:.4f}, {found.high:.4f}]"
