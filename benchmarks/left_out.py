"""How much of the saving is left when a model is known by its published figures alone.

    python -m benchmarks.left_out --train FILE --test FILE --priors FILE [--json]

Users route between models that nobody has scored prompt by prompt. So each model that matters, in turn, loses
all its outcomes (those of its other efforts too), the tables are fitted again, and the dial is swept over the
test prompts that all models of a pool answered. With q a share of the best single model's quality,

    saving = mean over q in 95 … 99 % of (1 − least cost for that quality / cost of the best single model)

along the concave hull of the dial's points; where the hull doesn't reach q, one has to take the best model
for everything, and nothing is saved. The figure is the saving without the model's outcomes over the saving
with them; beside it `absent`, the same where the model isn't a candidate at all. The models that matter are
those whose absence lowers the router's area (`training/cost_quality.py`) most, at most ten a pool. They are
picked on the prompts that are measured, so they are the ones that do better there than one would think.

The choice is the α-score's, by clusters alone: what the triage adds doesn't depend on the model left out.
Real costs are those of `make_pool`; the router knows prices, and expects the lengths that were fitted. A pool
without counted lengths costs as if every answer were equally long but for thinking.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from heimdall_litellm.bundle import load_bundle
from heimdall_litellm.catalog.entries import entries_from_names
from heimdall_litellm.catalog.price_map import load_price_map
from heimdall_litellm.core.quality import nearest
from training.abilities import KAPPA
from training.cost_quality import Pool, area, hull, make_pool
from training.data import Example, load_outcomes
from training.fit import (
    TEMPERATURE,
    Asked,
    canonical_with_effort,
    cluster,
    learn_tables,
    models_of,
    read_inputs,
    with_unscored,
)
from training.fit_clusters import Clusters
from training.measures import DRAWS, Estimate
from training.prices import Price, fallback_price
from training.priors import evidence, load_priors
from training.published import Published, fit_published

Floats = NDArray[np.float64]
Choices = NDArray[np.intp]

POOLS: Mapping[str, tuple[str, ...]] = {
    "zeroeval": ("zeroeval_gsm", "zeroeval_crux", "zeroeval_mathl5", "zeroeval_mmluredux"),
    "mmlu_pro": ("mmlu_pro",),
    "bfcl": ("bfcl_v1_2024_08",),
    "arena": ("arena_bench_v1",),
    "evalperf": ("evalperf",),
    "livecodebench": ("livecodebench",),
}
MOST_MODELS = 10
_TARGETS = (0.95, 0.96, 0.97, 0.98, 0.99)
_RATES = np.concatenate(([0.0], np.logspace(-4, 3, 70)))
"""Quality that the dearest worthwhile candidate must gain to be chosen over a free one: the dial."""
_LEAST_LOSS = 1e-4
_TOP_P = 3


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One model of a pool: savings with its outcomes, without them, and without the model."""

    model: str
    known: float
    unknown: float
    absent: float
    kept: Estimate


@dataclass(frozen=True, slots=True)
class Report:
    """One pool: its models that matter, and `kept`, the mean over them."""

    pool: str
    prompts: int
    kept: Estimate
    models: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class Fitted:
    """Expected quality and tokens by model and cluster, (models, k) each."""

    models: tuple[str, ...]
    quality: Floats
    tokens: Floats


def fitted(asked: Asked, clusters: Clusters, published: Published) -> Fitted:
    """Fit the bundle's tables."""
    tables = learn_tables(asked, clusters, published)
    part = {name: values.astype(np.float64) for name, values in tables.arrays.items()}
    quality = (part["count"] * part["mean"] + KAPPA * part["prior"]) / (part["count"] + KAPPA)
    return Fitted(tables.models, quality, part["tokens"])


def without(examples: Sequence[Example], model: str) -> list[Example]:
    """The examples without any outcome of a model at whatever effort."""
    base = model.partition("@")[0]
    return [
        replace(e, outcomes={m: o for m, o in e.outcomes.items() if not _is_of(m, base)}) for e in examples
    ]


def _is_of(name: str, base: str) -> bool:
    return canonical_with_effort(name).partition("@")[0] == base


def attention(vectors: NDArray[np.float32], clusters: Clusters) -> Floats:
    """How much each cluster speaks for each prompt, (n, k): `core.quality.nearest` as a matrix."""
    found = np.zeros((len(vectors), len(clusters.centroids)))
    for i, vector in enumerate(vectors):
        near = nearest(vector, clusters.centroids, _TOP_P, TEMPERATURE)
        found[i] = (1 - near.trust) * clusters.share
        found[i, near.ids] += near.trust * near.weights
    return found


def sweep(pool: Pool, fitted: Fitted, seen: Floats, read: Floats, prices: Floats) -> Choices:
    """Choices by setting of the dial, (settings, n); `read` (n,) tokens of input, prices (models, 2)."""
    at = [fitted.models.index(model) for model in pool.models]
    quality = seen @ fitted.quality[at].T
    cost = read[:, None] * prices[:, 0] + (seen @ fitted.tokens[at].T) * prices[:, 1]
    cost = cost / _dearest_worthwhile(quality, cost)[:, None]
    chosen = [np.argmax(quality - rate * cost, axis=1) for rate in _RATES]
    return np.array([*chosen, np.argmin(cost, axis=1)])


def _dearest_worthwhile(quality: Floats, cost: Floats) -> Floats:
    """The largest cost among the candidates that none cheaper is as good as, by prompt."""
    order = np.argsort(cost, axis=1)
    by_cost = np.take_along_axis(quality, order, axis=1)
    best = np.maximum.accumulate(by_cost, axis=1)
    rises = np.column_stack([np.ones(len(cost), bool), by_cost[:, 1:] > best[:, :-1]])
    worthwhile: Floats = np.where(rises, np.take_along_axis(cost, order, axis=1), 0.0).max(axis=1)
    return worthwhile


def saving(pool: Pool, choices: Choices, weight: Floats) -> float:
    """The formula above, with the prompts weighted by `weight` (n,), which sums to 1."""
    at = np.arange(len(pool.rows))
    return _saving(pool, pool.cost[at, choices] @ weight, pool.score[at, choices] @ weight, weight)


def _saving(pool: Pool, cost: Floats, quality: Floats, weight: Floats) -> float:
    single_cost, single_quality = pool.cost.T @ weight, pool.score.T @ weight
    best = int(np.argmax(single_quality))
    corners = hull(cost, quality)
    needed = np.interp(np.array(_TARGETS) * single_quality[best], corners[1], corners[0])
    reached = np.array(_TARGETS) * single_quality[best] <= corners[1][-1]
    return float(np.where(reached, np.maximum(0.0, 1 - needed / single_cost[best]), 0.0).mean())


def area_of(pool: Pool, choices: Choices) -> float:
    """Mean quality over the costs from the cheapest single model's to the best one's."""
    at = np.arange(len(pool.rows))
    single_cost, single_quality = pool.cost.mean(axis=0), pool.score.mean(axis=0)
    low, high = single_cost.min(), single_cost[int(np.argmax(single_quality))]
    cost, quality = pool.cost[at, choices].mean(axis=1), pool.score[at, choices].mean(axis=1)
    return area(cost, quality, low, high) if high > low else float(quality.max())


def pick(
    pool: Pool, table: Fitted, seen: Floats, read: Floats, prices: Floats, published: Container[str]
) -> list[str]:
    """The models with published figures whose absence lowers the router's area most, at most ten."""
    full = area_of(pool, sweep(pool, table, seen, read, prices))
    known = [model for model in pool.models if model in published]
    loss = {m: full - area_of(pool, absent(pool, m, table, seen, read, prices)) for m in known}
    return sorted((m for m in known if loss[m] > _LEAST_LOSS), key=lambda m: -loss[m])[:MOST_MODELS]


def absent(pool: Pool, model: str, table: Fitted, seen: Floats, read: Floats, prices: Floats) -> Choices:
    """Choices where one model is no candidate, as indices of all of the pool's."""
    others = np.array([j for j, name in enumerate(pool.models) if name != model])
    smaller = replace(
        pool,
        models=tuple(pool.models[j] for j in others),
        score=pool.score[:, others],
        cost=pool.cost[:, others],
    )
    chosen: Choices = others[sweep(smaller, table, seen, read, prices[others])]
    return chosen


def compare(
    pool: Pool, known: Choices, unknown: Mapping[str, Choices], gone: Mapping[str, Choices]
) -> Report:
    """Measure one pool by the choices with all outcomes, without a model's, and without the model."""
    n = len(pool.rows)
    even = np.full(n, 1 / n)
    rng = np.random.default_rng(0)
    draws = [even, *(np.bincount(rng.integers(0, n, n), minlength=n) / n for _ in range(DRAWS))]
    full = np.array([saving(pool, known, weight) for weight in draws])
    kept = {
        m: np.array([saving(pool, choices, w) for w in draws]) / np.maximum(full, 1e-9)
        for m, choices in unknown.items()
    }
    models = tuple(
        LeftOut(
            m,
            float(full[0]),
            saving(pool, unknown[m], even),
            saving(pool, gone[m], even),
            _estimate(kept[m], n),
        )
        for m in unknown
    )
    mean = np.mean(list(kept.values()), axis=0)
    return Report(pool.name, n, _estimate(mean, n), models)


def _estimate(drawn: Floats, prompts: int) -> Estimate:
    """The first is the figure, the rest are draws."""
    low, high = np.quantile(drawn[1:], (0.025, 0.975))
    return Estimate(float(drawn[0]), float(low), float(high), prompts)


def prices_of(models: Sequence[str]) -> dict[str, Price]:
    """List prices, USD per million tokens: LiteLLM's map, else `training/prices.py`, else nothing."""
    entries = entries_from_names([model.partition("@")[0] for model in models], load_price_map())
    found = {}
    for model, entry in zip(models, entries, strict=True):
        listed = entry.input_usd_per_mtok, entry.output_usd_per_mtok
        price = (listed[0], listed[1]) if listed[0] is not None and listed[1] is not None else None
        price = price or fallback_price(model)
        if price is not None:
            found[model] = price
    return found


def measure(train: Sequence[Example], test: Sequence[Example], priors: Path) -> list[Report]:
    """Fit, leave out, and measure every pool that the test prompts hold."""
    embedding = load_bundle().knowledge.embedding
    asked = with_unscored(train, read_inputs(train, embedding).vectors, embedding)
    clusters = cluster(asked)
    figures = load_priors(priors, canonical_with_effort)
    published = fit_published(figures, models_of([*train, *test]))
    names = [[canonical_with_effort(model) for model in example.outcomes] for example in test]
    prices = prices_of(sorted({name for row in names for name in row}))
    pools = [make_pool(name, sources, test, names, prices) for name, sources in POOLS.items()]
    vectors = read_inputs(test, embedding).vectors
    table = fitted(asked, clusters, published)
    tables: dict[str, Fitted] = {}
    reports = []
    for pool in pools:
        if pool is None or not set(pool.models) <= set(table.models):
            continue
        seen = attention(vectors[pool.rows], clusters)
        read = np.array([len(test[i].text) / 4 for i in pool.rows.tolist()])
        usd = np.array([prices[model] for model in pool.models])
        unknown, gone = {}, {}
        for model in pick(pool, table, seen, read, usd, evidence(figures)):
            base = model.partition("@")[0]
            if base not in tables:
                less = replace(asked, examples=tuple(without(asked.examples, model)))
                tables[base] = fitted(less, clusters, published)
                print(f"without {base}", file=sys.stderr)
            unknown[model] = sweep(pool, tables[base], seen, read, usd)
            gone[model] = absent(pool, model, table, seen, read, usd)
        if unknown:
            reports.append(compare(pool, sweep(pool, table, seen, read, usd), unknown, gone))
    return reports


def render(reports: Sequence[Report]) -> str:
    """Lay the figures out as Markdown."""
    lines = [
        "| pool | model left out | saving known | by its priors | absent | kept |",
        "|---|---|---|---|---|---|",
    ]
    for report in reports:
        lines += [
            f"| {report.pool} | {found.model} | {found.known:.3f} | {found.unknown:.3f} "
            f"| {found.absent:.3f} | {_cell(found.kept)} |"
            for found in report.models
        ]
        lines.append(f"| {report.pool} | mean of {len(report.models)} | | | | {_cell(report.kept)} |")
    mean = np.mean([report.kept.value for report in reports]) if reports else float("nan")
    return "\n".join([*lines, f"| all pools | mean | | | | {mean:.3f} |"])


def _cell(found: Estimate) -> str:
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"


def main() -> None:
    """Measure and print: Markdown for people, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--priors", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    reports = measure(load_outcomes([options.train]), load_outcomes([options.test]), options.priors)
    print(json.dumps([asdict(report) for report in reports], indent=2) if options.json else render(reports))


if __name__ == "__main__":
    main()
