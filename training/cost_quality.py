"""How good a choice among many models is: quality bought per dollar, beside mixing models blindly.

A router with a dial (alpha) traces points (mean cost, mean quality); mixing two settings at random gives the
line between them, so a router is worth the non-decreasing concave hull of its points (RouterBench, arXiv
2403.12031). It is averaged over the costs from the cheapest single model's to that of the best one:

    recovered = (router − blind mix) / (oracle − blind mix)

*Blind mix* is the hull of the single models: what one gets without reading any prompt. The *oracle* knows
every score and cost. Below 0 a router is worse than not looking. The dial is swept on the measured prompts,
as RouterBench does, which flatters every router a little.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.data import Example
from training.measures import DRAWS, Estimate
from training.verbosity import TYPICAL_TOKENS, output_ratio

Floats = NDArray[np.float64]
Choices = NDArray[np.intp]

_GRID = 400
_COVERAGE = 0.9
_CHARS_PER_TOKEN = 4.0
_FEWEST_MODELS = 3


@dataclass(frozen=True, slots=True)
class Pool:
    """Prompts that all of `models` answered: `score` and `cost` (n, m), USD; `rows` index the examples."""

    name: str
    models: tuple[str, ...]
    rows: NDArray[np.intp]
    score: Floats
    cost: Floats


@dataclass(frozen=True, slots=True)
class CostQuality:
    """Figures of one router on one pool.

    `recovered` as above; `cost_at` is the share of the best single model's cost needed for 100, 99 and 95 %
    of its quality (NaN where not reached); `gained` the quality beyond the best single model's for no more
    than its cost, as a share of it.
    """

    recovered: Estimate
    cost_at: tuple[float, float, float]
    gained: float
    best_model: str
    prompts: int
    models: int


def make_pool(
    name: str,
    sources: Sequence[str],
    examples: Sequence[Example],
    names: Sequence[Sequence[str]],
    prices: Mapping[str, tuple[float, float]],
    *,
    with_thinking: bool = True,
) -> Pool | None:
    """Put the prompts of some sources together, with the models that have a price and answered nearly all.

    `names[i]` are the canonical models of `examples[i].outcomes`, prices USD per million tokens of input and
    output. Output tokens are the counted ones, a model's mean where nobody counted; outcome files count
    visible text, so what a model thinks comes on top (`verbosity.py`) unless `with_thinking` is off. None
    where fewer than three models are left.
    """
    rows = [i for i, example in enumerate(examples) if example.source in sources]
    tried: dict[str, int] = {}
    for i in rows:
        for model in names[i]:
            tried[model] = tried.get(model, 0) + 1
    models = tuple(
        sorted(m for m, n in tried.items() if n >= _COVERAGE * len(rows) and sum(prices.get(m, (0, 0))) > 0)
    )
    if len(models) < _FEWEST_MODELS:
        return None
    score, written = outcome_table([examples[i] for i in rows], [names[i] for i in rows], models)
    whole = np.isfinite(score).all(axis=1)
    kept = np.array(rows, np.intp)[whole]
    cost = costs(
        [examples[i] for i in kept.tolist()], written[whole], models, prices, with_thinking=with_thinking
    )
    return Pool(name, models, kept, score[whole], cost)


def outcome_table(
    examples: Sequence[Example], names: Sequence[Sequence[str]], models: Sequence[str]
) -> tuple[Floats, Floats]:
    """Score and counted output tokens by prompt and model, (n, m) each; NaN where not tried or counted."""
    at = {model: j for j, model in enumerate(models)}
    score, written = np.full((2, len(examples), len(models)), np.nan)
    for r, example in enumerate(examples):
        for model, outcome in zip(names[r], example.outcomes.values(), strict=True):
            if model in at:
                score[r, at[model]] = outcome.score
                written[r, at[model]] = outcome.output_tokens or np.nan
    return score, written


def costs(
    examples: Sequence[Example],
    written: Floats,
    models: Sequence[str],
    prices: Mapping[str, tuple[float, float]],
    *,
    with_thinking: bool,
) -> Floats:
    """USD by prompt and model, (n, m), by the rules of `make_pool`."""
    counted = np.isfinite(written)
    mean = np.where(counted, written, 0.0).sum(axis=0) / np.maximum(counted.sum(axis=0), 1)
    mean[mean == 0] = mean[mean > 0].mean() if (mean > 0).any() else TYPICAL_TOKENS
    written = np.where(counted, written, mean)
    if with_thinking:
        written = written * np.array([output_ratio(model) for model in models])
    read = np.array([len(example.text) / _CHARS_PER_TOKEN for example in examples])
    price = np.array([prices[model] for model in models])
    usd: Floats = (read[:, None] * price[:, 0] + written * price[:, 1]) / 1e6
    return usd


def hull(cost: Floats, quality: Floats) -> tuple[Floats, Floats]:
    """Corners of the non-decreasing concave hull of points, by rising cost."""
    corners: list[tuple[float, float]] = []
    for c, q in sorted(zip(cost.tolist(), quality.tolist(), strict=True), key=lambda p: (p[0], -p[1])):
        if corners and q <= corners[-1][1]:
            continue
        while len(corners) > 1 and _is_under(corners[-2], corners[-1], (c, q)):
            corners.pop()
        corners.append((c, q))
    return np.array([c for c, _ in corners]), np.array([q for _, q in corners])


def _is_under(left: tuple[float, float], middle: tuple[float, float], right: tuple[float, float]) -> bool:
    rise = (right[1] - left[1]) * (middle[0] - left[0])
    return (middle[1] - left[1]) * (right[0] - left[0]) <= rise


def area(cost: Floats, quality: Floats, low: float, high: float) -> float:
    """Mean height of the hull over the costs from `low` to `high`; flat beyond its ends."""
    corners = hull(cost, quality)
    return float(np.interp(np.linspace(low, high, _GRID), *corners).mean())


def oracle_choices(pool: Pool) -> Choices:
    """The best choice for every prompt at many exchange rates of quality for dollars, (rates, n)."""
    return trade(pool.score, pool.cost)


def single_choices(pool: Pool) -> Choices:
    """Each model for all prompts, (m, n)."""
    return np.tile(np.arange(len(pool.models))[:, None], (1, len(pool.rows)))


def trade(quality: Floats, cost: Floats) -> Choices:
    """The model with the most quality − rate · cost, both (n, m), at many rates; (rates, n)."""
    rates = np.concatenate(([0.0], np.logspace(-4, 4, 80))) / cost.mean()
    return np.array([np.argmax(quality - rate * cost, axis=1) for rate in rates])


def measure(pool: Pool, choices: Choices, seed: int = 0, draws: int = DRAWS) -> CostQuality:
    """Measure a router by the index of the model it chose, (settings of its dial, n)."""
    n = len(pool.rows)
    traces = [trace(pool, which) for which in (choices, single_choices(pool), oracle_choices(pool))]
    even = np.full(n, 1 / n)
    rng = np.random.default_rng(seed)
    drawn = [_recovered(traces, np.bincount(rng.integers(0, n, n), minlength=n) / n) for _ in range(draws)]
    low, high = np.nanquantile(drawn, (0.025, 0.975)) if np.isfinite(drawn).any() else (np.nan, np.nan)
    cost, quality = (part @ even for part in traces[0])
    single_cost, single_quality = (part @ even for part in traces[1])
    best = int(np.argmax(single_quality))
    most = single_cost[best]

    def cost_at(share: float) -> float:
        enough = quality >= share * single_quality[best] - 1e-12
        return float(cost[enough].min() / most) if enough.any() else float("nan")

    affordable = quality[cost <= most * (1 + 1e-9)]
    gained = float(affordable.max() / single_quality[best] - 1) if len(affordable) else float("nan")
    return CostQuality(
        Estimate(_recovered(traces, even), float(low), float(high), n),
        (cost_at(1.0), cost_at(0.99), cost_at(0.95)),
        gained,
        pool.models[best],
        n,
        len(pool.models),
    )


def trace(pool: Pool, choices: Choices) -> tuple[Floats, Floats]:
    """Cost in USD and score of each choice, both (settings, n)."""
    at = np.arange(choices.shape[1])
    return pool.cost[at, choices], pool.score[at, choices]


def _recovered(traces: Sequence[tuple[Floats, Floats]], weight: Floats) -> float:
    """The formula above for prompts weighted so; NaN where the oracle itself gains nothing."""
    (cost, quality), single, oracle = [(c @ weight, q @ weight) for c, q in traces]
    low, high = single[0].min(), single[0][int(np.argmax(single[1]))]
    if high <= low:
        return float("nan")
    blind, best = area(*single, low, high), area(*oracle, low, high)
    # A router may always fall back to the cheapest model.
    cheapest = int(np.argmin(single[0]))
    mine = area(np.append(cost, single[0][cheapest]), np.append(quality, single[1][cheapest]), low, high)
    return (mine - blind) / (best - blind) if best > blind else float("nan")
