"""What each model is worth in each cluster: outcomes and published figures on one scale.

Two models are seldom tried on the same prompts, and scores of different sources are on different scales: the
plain mean of one that was tried on the hard half alone makes it look worse than one that wasn't. So scores
are taken apart as in item response theory (Rasch 1960, with a departure by cluster and one by benchmark):

    E[score[i, m]] = σ(θ[m] + δ[m, c(i)] + ε[m, s(i)] − b[i])

b is how hard a prompt is, θ the ability of a model, δ what it is better or worse at, ε its knack of one
benchmark s, which says nothing of others. All are maxima a posteriori, by Newton steps in turn. Prompts of a
benchmark are hard together: b is drawn to their common mean, which is nearly free. The knack bounds what one
benchmark can tell: however many of its prompts a model answered, θ is left open by about `Spread.knack`; by
more on a benchmark whose models have larger knacks (its variance is estimated, drawn to the usual one). What
is published of a model (`published.py`: a[m, kind], also logits) says where to expect it,

    x[m, c] = ā[m] + _KINDS·(a[m, c] − ā[m])       a[m, c] weighs a model's kinds as the cluster holds them
    E[θ[m] + δ[m, c]] = base[c] + slope[c]·x[m, c]

with a line for each cluster, because tasks differ in how much a better model gains on them: fitted to the
models that have both, each by what its outcomes tell (1 / variance), and drawn to one line common to all
clusters. Models stray from it by `Spread.ability` in θ, besides by how unsure the published ability is, and
by _DEPARTURE_SD in δ; how far, was chosen by hiding models' outcomes and predicting them (`shrinkage.py`).
Then

    prior[m, c] = mean over the prompts i in c of σ(E[δ[m, c]] + θ[m] + ε[m, s(i)] − b[i])
    mean[m, c]  = the same with the δ that the cell's own outcomes say

so every model is judged on the same prompts, and the bundle's shrinkage weighs the two by the number of
outcomes (`core/quality.py`). A model known by published figures alone has its prior.

Quality by kind of task is the same over the prompts i of one kind instead of one cluster, with the published
ability in that very kind in place of a[m, c]. Of a kind that no prompt is of, outcomes say nothing but θ, and
it is judged on all prompts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from training.data import Example
from training.fit_clusters import Clusters
from training.kinds import KINDS, kind_of_task
from training.published import Published

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KAPPA = 60.0
"""Outcomes that a prior is worth."""
_SWEEPS = 25
_DIFFICULTY_SD = 2.0
_UNPUBLISHED_SD = 1.5
_DEPARTURE_SD = 0.25
_UNTOLD_DEPARTURE_SD = 0.7
"""Of departures while nothing published is looked at."""
_OWN_SD = 2.0
"""Of a departure that only the cell's own outcomes speak for: next to no bound."""
_KINDS = 0.5
_KNACK_WORTH = 5.0
"""Models that what is usual of knacks is worth beside a benchmark's own."""
_POOLED = 5.0
"""What the line common to all clusters is worth in each of them, in information (1 / logit²)."""
_SLOPES = (0.2, 3.0)
_FEWEST_IN_BOTH = 5
_SLOPE = 0.7
"""s where too few models have both to fit it."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard deviations: of a model's `ability` about what is published of it, of its `knack` of a
    benchmark, and of what a `benchmark`'s prompts have in common in hardness (next to no bound).
    """

    ability: float = 0.15
    knack: float = 0.3
    benchmark: float = 3.0


USUAL = Spread()


@dataclass(frozen=True, slots=True)
class Worth:
    """Quality of `models` by cluster, all (models, k): `mean` and number of outcomes, and `prior`.

    `by_kind` (models, kinds) is quality by kind of task.
    """

    models: tuple[str, ...]
    mean: Floats
    count: Floats
    prior: Floats
    by_kind: Floats


@dataclass(frozen=True, slots=True)
class _Outcomes:
    """One element per outcome: which prompt, model, cell (model · k + cluster), benchmark (model · sources +
    source), and what score.
    """

    prompt: Ints
    model: Ints
    cell: Ints
    benchmark: Ints
    score: Floats


@dataclass(slots=True)
class _Scale:
    """θ (models,), δ (models · k,) and b (prompts,) with the means they are drawn to."""

    ability: Floats
    departure: Floats
    knack: Floats
    hardness: Floats
    expected_ability: Floats
    ability_sd: Floats
    expected_departure: Floats
    expected_hardness: Floats

    def chance(self, seen: _Outcomes) -> Floats:
        """Expected score of every outcome."""
        able = self.ability[seen.model] + self.departure[seen.cell] + self.knack[seen.benchmark]
        chance: Floats = expit(able - self.hardness[seen.prompt])
        return chance

    def gains(self, source: Ints) -> NDArray[np.float32]:
        """ε[m, s(i)] − b[i], (models, prompts)."""
        knack = self.knack.reshape(len(self.ability), -1)
        gains: NDArray[np.float32] = (knack[:, source] - self.hardness[None, :]).astype(np.float32)
        return gains

    @property
    def logits(self) -> Floats:
        """θ + δ, (models, k)."""
        return self.ability[:, None] + self.departure.reshape(len(self.ability), -1)


def worth(
    examples: Sequence[Example],
    clusters: Clusters,
    names: Sequence[Sequence[str]],
    published: Published,
    hardness: Floats | None = None,
    weights: Floats | None = None,
) -> Worth:
    """Fit the formulas above; `names[i]` are the canonical models of `examples[i].outcomes`, in order.

    `hardness` (n,) is how hard the prompts are expected to be in standard deviations, 0 for all without it:
    what a prompt without outcomes keeps. `weights` (n,) are those of the prompts within a kind of task.
    """
    models = sorted({*(name for row in names for name in row), *published.models})
    k = len(clusters.centroids)
    seen = _outcomes(examples, clusters, names, models)
    told = _published_logits(published, models, clusters)
    scale, line = _placed(examples, clusters, seen, told, _unsure(published, models), hardness, USUAL)
    source = _sources(examples)
    expected = scale.expected_departure.reshape(len(models), k)
    gains = scale.gains(source)
    prior = _quality(scale.ability[:, None] + expected, gains, clusters)
    for _ in range(_SWEEPS):
        _step_departure(scale, seen, _OWN_SD)
    own = _quality(scale.logits, gains, clusters)
    count = np.bincount(seen.cell, minlength=len(models) * k).reshape(len(models), k).astype(float)
    each = np.ones(len(examples)) if weights is None else weights
    kinds = np.array([KINDS.index(kind_of_task(example.task)) for example in examples], np.int64)
    at_kinds = _expected_at_kinds(
        scale, line, _values_of(published, models), told @ np.asarray(clusters.share, np.float64)
    )
    by_kind = _by_kind(scale, at_kinds, gains, count, clusters, kinds, each)
    return Worth(tuple(models), own, count, prior, by_kind)


def predicted_scores(
    examples: Sequence[Example],
    clusters: Clusters,
    names: Sequence[Sequence[str]],
    published: Published,
    hardness: Floats,
    spread: Spread,
    wanted: Mapping[tuple[str, str], Ints],
) -> dict[tuple[str, str], float]:
    """Mean score to expect of models on some prompts, by the key of each of `wanted`: model, then anything.

    The values of `wanted` are indices of `examples`; models that nothing is known of are left out.
    """
    models = sorted({*(name for row in names for name in row), *published.models})
    seen = _outcomes(examples, clusters, names, models)
    told = _published_logits(published, models, clusters)
    scale, _ = _placed(examples, clusters, seen, told, _unsure(published, models), hardness, spread)
    index = {name: i for i, name in enumerate(models)}
    return {
        (model, what): float(
            expit(scale.logits[index[model], clusters.of_prompt[rows]] - scale.hardness[rows]).mean()
        )
        for (model, what), rows in wanted.items()
        if model in index
    }


def _placed(
    examples: Sequence[Example],
    clusters: Clusters,
    seen: _Outcomes,
    told: Floats,
    unsure: Floats,
    hardness: Floats | None,
    spread: Spread,
) -> tuple[_Scale, tuple[Floats, Floats]]:
    """Place models and prompts on one scale; also slope and base of each cluster's line, (k,)."""
    models, k = told.shape
    source = _sources(examples)
    scale = _Scale(
        np.zeros(models),
        np.zeros(models * k),
        np.zeros(models * (source.max(initial=0) + 1)),
        np.zeros(len(examples)),
        np.zeros(models),
        np.full(models, _UNPUBLISHED_SD),
        np.zeros(models * k),
        _DIFFICULTY_SD * (np.zeros(len(examples)) if hardness is None else hardness),
    )
    _fit(scale, seen, source, _UNTOLD_DEPARTURE_SD, spread)
    line = _expect(scale, seen, told, unsure, spread, np.asarray(clusters.share, np.float64))
    _fit(scale, seen, source, _DEPARTURE_SD, spread)
    return scale, line


def _outcomes(
    examples: Sequence[Example], clusters: Clusters, names: Sequence[Sequence[str]], models: Sequence[str]
) -> _Outcomes:
    index = {name: i for i, name in enumerate(models)}
    prompt = np.array([i for i, row in enumerate(names) for _ in row], np.int64)
    model = np.array([index[name] for row in names for name in row], np.int64)
    outcomes = [outcome for example in examples for outcome in example.outcomes.values()]
    source = _sources(examples)
    return _Outcomes(
        prompt,
        model,
        model * len(clusters.centroids) + clusters.of_prompt[prompt],
        model * (source.max(initial=0) + 1) + source[prompt],
        np.array([outcome.score for outcome in outcomes]),
    )


def _sources(examples: Sequence[Example]) -> Ints:
    """The number of each example's source."""
    return np.unique([example.source for example in examples], return_inverse=True)[1].astype(np.int64)


def _published_logits(published: Published, models: Sequence[str], clusters: Clusters) -> Floats:
    """a[m, c], (models, k); rows of NaN where nothing is published."""
    told = np.full((len(models), len(clusters.centroids)), np.nan)
    told[_rows_of(published, models)] = published.values @ clusters.kinds.T
    return told


def _unsure(published: Published, models: Sequence[str]) -> Floats:
    """Standard deviations of what is published, (models,); 0 where nothing is."""
    unsure = np.zeros(len(models))
    unsure[_rows_of(published, models)] = published.sd
    return unsure


def _rows_of(published: Published, models: Sequence[str]) -> list[int]:
    index = {name: i for i, name in enumerate(models)}
    return [index[name] for name in published.models]


def _values_of(published: Published, models: Sequence[str]) -> Floats:
    """a[m, kind], (models, kinds); rows of NaN where nothing is published."""
    told = np.full((len(models), len(KINDS)), np.nan)
    told[_rows_of(published, models)] = published.values
    return told


def _fit(scale: _Scale, seen: _Outcomes, source: Ints, departure_sd: float, spread: Spread) -> None:
    tried = np.bincount(seen.prompt, minlength=len(source)) > 0
    size = np.bincount(source, tried) + (_DIFFICULTY_SD / spread.benchmark) ** 2
    knack_sd = np.full(len(scale.knack), spread.knack)
    for _ in range(_SWEEPS):
        rise = np.bincount(source, np.where(tried, scale.hardness, 0.0)) / size
        scale.expected_hardness[tried] = rise[source[tried]]
        scale.hardness = _newton(
            scale, seen, seen.prompt, scale.hardness, scale.expected_hardness, _DIFFICULTY_SD, -1.0
        )
        scale.ability = _newton(
            scale, seen, seen.model, scale.ability, scale.expected_ability, scale.ability_sd, 1.0
        )
        scale.knack = _newton(scale, seen, seen.benchmark, scale.knack, 0.0, knack_sd, 1.0)
        _centre_knacks(scale, seen, source)
        knack_sd = _knack_sd(scale, seen, knack_sd, spread.knack)
        _step_departure(scale, seen, departure_sd)


def _centre_knacks(scale: _Scale, seen: _Outcomes, source: Ints) -> None:
    """What all models are better at on a benchmark is its easiness, not theirs."""
    knack = scale.knack.reshape(len(scale.ability), -1)
    met = (np.bincount(seen.benchmark, minlength=knack.size) > 0).reshape(knack.shape)
    common = (knack * met).sum(axis=0) / np.maximum(met.sum(axis=0), 1)
    knack -= np.where(met, common, 0.0)
    scale.hardness = scale.hardness - common[source]


def _knack_sd(scale: _Scale, seen: _Outcomes, sd: Floats, usual: float) -> Floats:
    """How far knacks of each benchmark stray, by its own models and what is usual, (models · sources,)."""
    models = len(scale.ability)
    p = scale.chance(seen)
    told = np.bincount(seen.benchmark, p * (1 - p), len(sd))
    met = (np.bincount(seen.benchmark, minlength=len(sd)) > 0).reshape(models, -1)
    square = np.where(met, (np.square(scale.knack) + 1 / (told + sd**-2.0)).reshape(models, -1), 0.0)
    variance = (square.sum(axis=0) + _KNACK_WORTH * usual**2) / (met.sum(axis=0) + _KNACK_WORTH)
    found: Floats = np.tile(np.sqrt(variance), models)
    return found


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
    p = scale.chance(seen)
    slope = sign * np.bincount(group, seen.score - p, len(value)) - (value - expected) / np.square(sd)
    curve = np.bincount(group, p * (1 - p), len(value)) + 1 / np.square(sd)
    step: Floats = value + np.clip(slope / curve, -1.0, 1.0)
    return step


def _expect(
    scale: _Scale, seen: _Outcomes, told: Floats, unsure: Floats, spread: Spread, share: Floats
) -> tuple[Floats, Floats]:
    """Say from what is published where abilities and departures are expected; give slope and base, (k,)."""
    overall = told @ share
    known = np.isfinite(overall)
    tried = np.bincount(seen.model, minlength=len(overall)) > 0
    x = np.where(known[:, None], overall[:, None] + _KINDS * (told - overall[:, None]), 0.0)
    if (known & tried).sum() >= _FEWEST_IN_BOTH:
        slope, base = _lines(x, scale.logits, _information(scale, seen, known, unsure, spread))
    else:
        slope, base = np.array(_SLOPE), np.array(scale.ability[tried].mean() if tried.any() else 0.0)
    expected = base + slope * x
    scale.expected_ability = np.where(known, expected @ share, 0.0)
    usual = np.broadcast_to(slope, share.shape) @ share
    scale.ability_sd = np.where(known, np.hypot(spread.ability, usual * unsure), _UNPUBLISHED_SD)
    scale.ability = np.where(tried, scale.ability, scale.expected_ability)
    departure = np.where(known[:, None], expected - scale.expected_ability[:, None], 0.0)
    scale.expected_departure = departure.ravel()
    scale.departure = scale.expected_departure.copy()
    return np.broadcast_to(slope, share.shape), np.broadcast_to(base, share.shape)


def _information(
    scale: _Scale, seen: _Outcomes, known: NDArray[np.bool_], unsure: Floats, spread: Spread
) -> Floats:
    """What each cell's outcomes tell of the line, (models, k): 1 / (their own variance + that about it)."""
    p = scale.chance(seen)
    told = np.bincount(seen.cell, p * (1 - p), len(scale.departure)).reshape(len(known), -1)
    about = (spread.ability**2 + spread.knack**2 + np.square(_SLOPE * unsure))[:, None]
    information: Floats = np.where(known[:, None], told / (1 + told * about), 0.0)
    return information


def _lines(x: Floats, y: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Slope and base of the weighted line of y on x in each cluster, (k,) each, drawn to one line for all."""
    total = weight.sum()
    centre, height = (weight * x).sum() / total, (weight * y).sum() / total
    x = x - centre
    common = np.clip((weight * x * (y - height)).sum() / (weight * x**2).sum(), *_SLOPES)
    mean_x, mean_y = (
        ((weight * v).sum(axis=0) + _POOLED * at) / (weight.sum(axis=0) + _POOLED)
        for v, at in ((x, 0.0), (y, height))
    )
    rise = (weight * (x - mean_x) * (y - mean_y)).sum(axis=0) + _POOLED * common
    run = (weight * (x - mean_x) ** 2).sum(axis=0) + _POOLED
    slope: Floats = np.clip(rise / run, *_SLOPES)
    base: Floats = mean_y - slope * (mean_x + centre)
    return slope, base


def _quality(logits: Floats, gains: NDArray[np.float32], clusters: Clusters) -> Floats:
    """Mean of σ(logits[m, c] + gains[m, i]) over the prompts of each cluster; over all for an empty one."""
    quality = np.empty_like(logits)
    for c in range(logits.shape[1]):
        inside = clusters.of_prompt == c
        gained = gains[:, inside] if inside.any() else gains
        quality[:, c] = expit(logits[:, c, None] + gained).mean(axis=1)
    return quality


def _expected_at_kinds(
    scale: _Scale, line: tuple[Floats, Floats], told: Floats, overall: Floats
) -> Sequence[Floats]:
    """θ + E[δ] of each kind of task, a matrix (models, k) each; `told` is a[m, kind], `overall` ā."""
    slope, base = line
    known = np.isfinite(overall)
    found = []
    for kind in range(len(KINDS)):
        x = np.where(known, overall + _KINDS * (told[:, kind] - overall), 0.0)
        departure = base + slope * x[:, None] - scale.expected_ability[:, None]
        found.append(scale.ability[:, None] + np.where(known[:, None], departure, 0.0))
    return found


def _by_kind(
    scale: _Scale,
    expected: Sequence[Floats],
    gains: NDArray[np.float32],
    count: Floats,
    clusters: Clusters,
    kinds: Ints,
    weights: Floats,
) -> Floats:
    """Quality by kind, (models, kinds), over the prompts of each, weighted; over all where there is none."""
    quality = np.zeros((len(count), len(KINDS)))
    for kind in range(len(KINDS)):
        is_met = bool((kinds == kind).any())
        inside = kinds == kind if is_met else np.ones(len(kinds), bool)
        for c in np.unique(clusters.of_prompt[inside]).tolist():
            rows = inside & (clusters.of_prompt == c)
            gained, weight = gains[:, rows], weights[rows]
            prior = expit(expected[kind][:, c, None] + gained) @ weight
            own = expit(scale.logits[:, c, None] + gained) @ weight
            n = count[:, c] if is_met else np.zeros(len(count))
            quality[:, kind] += (n * own + KAPPA * prior) / (n + KAPPA)
        quality[:, kind] /= weights[inside].sum()
    return quality
