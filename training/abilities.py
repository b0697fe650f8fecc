"""What each model is worth in each cluster: outcomes and published figures on one scale.

Two models are seldom tried on the same prompts, and scores of different sources are on different scales: the
plain mean of one that was tried on the hard half alone makes it look worse than one that wasn't. So scores
are taken apart as in item response theory (Rasch 1960, with a departure by cluster):

    E[score[i, m]] = σ(θ[m] + δ[m, c(i)] − b[i])

b is how hard a prompt is, θ the ability of a model, δ what it is better or worse at. All three are maxima a
posteriori, by Newton steps in turn. What is published of a model (`priors.py`: a[m, kind], also logits) says
where to expect it,

    θ[m] ~ N(s·ā[m] + t, _ABILITY_SD²)    δ[m, c] ~ N(s·_KINDS·(a[m, c] − ā[m]), _DEPARTURE_SD²)

with s and t from the models that have both; a[m, c] weighs a model's kinds as the cluster holds them. Then

    prior[m, c] = mean over the prompts i in c of σ(θ[m] + E[δ[m, c]] − b[i])
    mean[m, c]  = the same with the δ that the cell's own outcomes say

so every model is judged on the same prompts, and the bundle's shrinkage weighs the two by the number of
outcomes (`core/quality.py`). A model known by published figures alone has its prior.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from training.data import Example
from training.fit_clusters import Clusters
from training.priors import Published

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SWEEPS = 25
_DIFFICULTY_SD = 2.0
_ABILITY_SD = 0.7
_UNPUBLISHED_SD = 1.5
_DEPARTURE_SD = 0.35
_OWN_SD = 2.0
"""Of a departure that only the cell's own outcomes speak for: next to no bound."""
_KINDS = 0.5
_FEWEST_IN_BOTH = 5
_SLOPE = 0.7
"""s where too few models have both to fit it."""


@dataclass(frozen=True, slots=True)
class Worth:
    """Quality of `models` by cluster, all (models, k): `mean` and number of outcomes, and `prior`."""

    models: tuple[str, ...]
    mean: Floats
    count: Floats
    prior: Floats


@dataclass(frozen=True, slots=True)
class _Outcomes:
    """One element per outcome: which prompt, model and cell (model · k + cluster), what score."""

    prompt: Ints
    model: Ints
    cell: Ints
    score: Floats


@dataclass(slots=True)
class _Scale:
    """θ (models,), δ (models · k,) and b (prompts,) with the means they are drawn to."""

    ability: Floats
    departure: Floats
    hardness: Floats
    expected_ability: Floats
    ability_sd: Floats
    expected_departure: Floats


def worth(
    examples: Sequence[Example],
    clusters: Clusters,
    names: Sequence[Sequence[str]],
    published: Published,
) -> Worth:
    """Fit the formulas above; `names[i]` are the canonical models of `examples[i].outcomes`, in order."""
    models = sorted({*(name for row in names for name in row), *published.models})
    k = len(clusters.centroids)
    seen = _outcomes(examples, clusters, names, models)
    told = _published_logits(published, models, clusters)
    scale = _Scale(
        np.zeros(len(models)),
        np.zeros(len(models) * k),
        np.zeros(len(examples)),
        np.zeros(len(models)),
        np.full(len(models), _UNPUBLISHED_SD),
        np.zeros(len(models) * k),
    )
    _fit(scale, seen, _DEPARTURE_SD)
    _expect(scale, seen, told, np.asarray(clusters.share, np.float64))
    _fit(scale, seen, _DEPARTURE_SD)
    expected = scale.expected_departure.reshape(len(models), k)
    prior = _quality(scale.ability[:, None] + expected, scale.hardness, clusters)
    for _ in range(_SWEEPS):
        _step_departure(scale, seen, _OWN_SD)
    own = _quality(scale.ability[:, None] + scale.departure.reshape(len(models), k), scale.hardness, clusters)
    count = np.bincount(seen.cell, minlength=len(models) * k)
    return Worth(tuple(models), own, count.reshape(len(models), k).astype(float), prior)


def _outcomes(
    examples: Sequence[Example], clusters: Clusters, names: Sequence[Sequence[str]], models: Sequence[str]
) -> _Outcomes:
    index = {name: i for i, name in enumerate(models)}
    prompt = np.array([i for i, row in enumerate(names) for _ in row], np.int64)
    model = np.array([index[name] for row in names for name in row], np.int64)
    outcomes = [outcome for example in examples for outcome in example.outcomes.values()]
    return _Outcomes(
        prompt,
        model,
        model * len(clusters.centroids) + clusters.of_prompt[prompt],
        np.array([outcome.score for outcome in outcomes]),
    )


def _published_logits(published: Published, models: Sequence[str], clusters: Clusters) -> Floats:
    """a[m, c], (models, k); rows of NaN where nothing is published."""
    told = np.full((len(models), len(clusters.centroids)), np.nan)
    index = {name: i for i, name in enumerate(models)}
    told[[index[name] for name in published.models]] = published.values @ clusters.kinds.T
    return told


def _fit(scale: _Scale, seen: _Outcomes, departure_sd: float) -> None:
    for _ in range(_SWEEPS):
        scale.hardness = _newton(scale, seen, seen.prompt, scale.hardness, 0.0, _DIFFICULTY_SD, -1.0)
        scale.ability = _newton(
            scale, seen, seen.model, scale.ability, scale.expected_ability, scale.ability_sd, 1.0
        )
        _step_departure(scale, seen, departure_sd)


def _step_departure(scale: _Scale, seen: _Outcomes, sd: float) -> None:
    scale.departure = _newton(scale, seen, seen.cell, scale.departure, scale.expected_departure, sd, 1.0)


def _newton(
    scale: _Scale,
    seen: _Outcomes,
    group: Ints,
    value: Floats,
    expected: Floats | float,
    sd: Floats | float,
    sign: float,
) -> Floats:
    """One bounded step for the parameters of one kind; `sign` is that of the parameter in the formula."""
    p = expit(scale.ability[seen.model] + scale.departure[seen.cell] - scale.hardness[seen.prompt])
    slope = sign * np.bincount(group, seen.score - p, len(value)) - (value - expected) / np.square(sd)
    curve = np.bincount(group, p * (1 - p), len(value)) + 1 / np.square(sd)
    step: Floats = value + np.clip(slope / curve, -1.0, 1.0)
    return step


def _expect(scale: _Scale, seen: _Outcomes, told: Floats, share: Floats) -> None:
    """Say from what is published where abilities and departures are expected."""
    overall = told @ share
    known = np.isfinite(overall)
    tried = np.bincount(seen.model, minlength=len(overall)) > 0
    both = known & tried
    slope, base = _SLOPE, 0.0
    if both.sum() >= _FEWEST_IN_BOTH:
        slope, base = np.polyfit(overall[both], scale.ability[both], 1)
        slope = float(np.clip(slope, 0.2, 2.0))
        base = float((scale.ability[both] - slope * overall[both]).mean())
    elif tried.any():
        base = float(scale.ability[tried].mean())
    scale.expected_ability = np.where(known, slope * overall + base, 0.0)
    scale.ability_sd = np.where(known, _ABILITY_SD, _UNPUBLISHED_SD)
    scale.ability = np.where(tried, scale.ability, scale.expected_ability)
    departure = np.where(known[:, None], _KINDS * slope * (told - overall[:, None]), 0.0)
    scale.expected_departure = departure.ravel()
    scale.departure = scale.expected_departure.copy()


def _quality(logits: Floats, hardness: Floats, clusters: Clusters) -> Floats:
    """Mean of σ(logits[m, c] − b[i]) over the prompts of each cluster; over all of them for an empty one."""
    quality = np.empty_like(logits)
    for c in range(logits.shape[1]):
        inside = clusters.of_prompt == c
        b = hardness[inside] if inside.any() else hardness
        quality[:, c] = expit(logits[:, c, None] - b[None, :]).mean(axis=1)
    return quality
