"""The choice among many models: what part of the gap between a blind mix and an oracle is recovered.

On every pool of the test file (`training/pools.py`), each router with its dial swept over the measured
prompts:

- *heimdall triage, alpha, bucket*: the engine under each `router.policy`, bundle fitted on the training file;
- *random, litellm heuristic, heuristic_v2*: prompts above a threshold of the score go to the dearer of two
  models, the others to the cheaper, over all thresholds and all pairs on the hull of the single models. Both
  are picked on the test file, which flatters: by how much, the random order shows;
- *knn minilm, clusters minilm*: mean quality and cost of each model among the 40 nearest prompts, or in the
  prompt's cluster of 64 after Avengers-Pro; quality − rate · cost is maximised over rates.

With the pool's families left out, kNN has no prompt that all models answered; clusters go by what is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from benchmarks.quality import rivals
from benchmarks.quality.world import Floats, Part, World, say
from heimdall_litellm.core.types import CatalogEntry, RouterPolicy
from training.cost_quality import (
    Choices,
    CostQuality,
    Pool,
    costs,
    hull,
    measure,
    outcome_table,
    single_choices,
    trace,
    trade,
)
from training.fit import SOURCE_CAP
from training.labels import weights
from training.pairs import family
from training.pools import (
    canonical_names,
    heimdall_choices,
    make_pools,
    pool_sources,
    priced_entries,
    prices_of,
)

POLICIES: tuple[RouterPolicy, ...] = ("triage", "alpha", "bucket")
THRESHOLDS = 21

Found = dict[str, dict[str, CostQuality]]
"""By pool, then router."""


@dataclass(frozen=True, slots=True)
class ManyModels:
    """`tables` by question; and for plots the pools, thinking priced, with what each router chose."""

    tables: dict[str, Found]
    drawn: list[tuple[Pool, dict[str, Choices]]]


def measure_many(world: World, scores: Mapping[str, Floats]) -> ManyModels:
    """All pools; `scores` of the test prompts, by scorer, are what thresholds are put on."""
    names = canonical_names(world.test.examples)
    entries = priced_entries(world.bundle(), names)
    tables: dict[str, Found] = {}
    drawn = []
    chosen: dict[tuple[str, bool], dict[str, Choices]] = {}
    for with_thinking in (True, False):
        pools = make_pools(world.test.examples, names, prices_of(entries), with_thinking=with_thinking)
        for pool in pools:
            for is_known in (True, False):
                key = (pool.name, is_known)
                if key not in chosen:  # Heimdall doesn't know how the outcomes are priced
                    chosen[key] = _heimdall(world, pool, entries, is_known=is_known)
                routers = {**_rivals(world, pool, entries, scores, is_known, with_thinking), **chosen[key]}
                question = f"{'in distribution' if is_known else 'families left out'}, " + (
                    "thinking priced" if with_thinking else "tokens as counted"
                )
                found = {name: measure(pool, choices) for name, choices in routers.items()}
                tables.setdefault(question, {})[pool.name] = found
                if is_known and with_thinking:
                    drawn.append((pool, routers))
            say(f"{pool.name}, {'thinking priced' if with_thinking else 'as counted'}")
    return ManyModels(tables, drawn)


def _families(world: World, pool: Pool) -> set[str]:
    return {family(source) for source in pool_sources(world.test.examples)[pool.name]}


def _heimdall(
    world: World, pool: Pool, entries: Mapping[str, CatalogEntry], *, is_known: bool
) -> dict[str, Choices]:
    bundle = world.bundle(() if is_known else _families(world, pool))
    examples = world.test.examples
    return {f"heimdall {p}": heimdall_choices(bundle, entries, pool, examples, p) for p in POLICIES}


def _rivals(
    world: World,
    pool: Pool,
    entries: Mapping[str, CatalogEntry],
    scores: Mapping[str, Floats],
    is_known: bool,
    with_thinking: bool,
) -> dict[str, Choices]:
    found = {name: threshold_choices(pool, score[pool.rows]) for name, score in scores.items()}
    if world.train.minilm is None:
        return found
    prices = prices_of(entries)
    asked = world.test.rows(pool.rows)
    if is_known:
        sources = pool_sources(world.test.examples)[pool.name]
        known = world.train.rows(np.flatnonzero([e.source in sources for e in world.train.examples]))
        tried = _Tried(known, pool.models, prices, with_thinking)
        found["knn minilm"] = tried.knn(asked)
    else:
        tried = _Tried(world.train.without(_families(world, pool)), pool.models, prices, with_thinking)
    found["clusters minilm"] = tried.clusters(asked)
    return found


class _Tried:
    """Training prompts with the scores and costs of a pool's models, (n, m) each; NaN where not tried."""

    def __init__(
        self,
        known: Part,
        models: tuple[str, ...],
        prices: Mapping[str, tuple[float, float]],
        with_thinking: bool,
    ) -> None:
        names = canonical_names(known.examples)
        score, written = outcome_table(known.examples, names, models)
        some = np.flatnonzero(np.isfinite(score).any(axis=1))
        self.known = known.rows(some)
        self.score = score[some]
        self.cost = costs(self.known.examples, written[some], models, prices, with_thinking=with_thinking)
        self.each = weights([example.source for example in self.known.examples], SOURCE_CAP)

    def knn(self, asked: Part) -> Choices:
        near = rivals.nearest(rivals.vectors_of(self.known), rivals.vectors_of(asked))
        overall = rivals.shrunk_means(self.score, self.each, np.zeros(len(self.each), np.intp), 1)[0]
        score = self.score[near]
        tried = np.isfinite(score).sum(axis=1)
        mean = np.where(tried > 0, np.nansum(score, axis=1) / np.maximum(tried, 1), overall)
        return trade(mean, self.cost[near].mean(axis=1))

    def clusters(self, asked: Part) -> Choices:
        vectors = rivals.vectors_of(self.known)
        centroids = rivals.kmeans(vectors, self.each, rivals.CLUSTERS)
        at, there = rivals.closest(vectors, centroids), rivals.closest(rivals.vectors_of(asked), centroids)
        quality, cost = (
            rivals.shrunk_means(values, self.each, at, len(centroids))[there]
            for values in (self.score, self.cost)
        )
        return trade(quality, cost)


def threshold_choices(pool: Pool, score: Floats) -> Choices:
    """All that thresholds of one score can choose between two models of the singles' hull, (settings, n)."""
    cost, quality = (part.mean(axis=1) for part in trace(pool, single_choices(pool)))
    corners = zip(*hull(cost, quality), strict=True)
    on_hull = [int(np.flatnonzero((cost == c) & (quality == q))[0]) for c, q in corners]
    rank = np.argsort(np.argsort(-score, kind="stable"), kind="stable") / len(score)
    settings = [
        np.where(rank < share, dearer, cheaper)
        for cheaper, dearer in combinations(on_hull, 2)
        for share in np.linspace(0, 1, THRESHOLDS)
    ]
    return np.array(settings or [np.full(len(score), on_hull[0])], np.intp)
