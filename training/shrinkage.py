"""How far to trust a few outcomes of a model: hide all its others, and predict them.

Of models that answered `_MANY` prompts or more, on two benchmarks or more, a fold in turn loses all outcomes
(at every effort) but those on `FEW` random prompts of one random benchmark, and all figures that were
published of the benchmarks themselves: they would give the hidden scores away. What is left is a model as new
ones are, known by a handful of prompts and by what is published elsewhere. The tables' scale is fitted
(`abilities.py`), and the mean score of each of its models on each benchmark that it was hidden on predicted.

The error is the mean over models of |predicted − true mean score|, benchmarks of a model weighing the same;
intervals by bootstrap over models. *None kept* leaves no outcome at all: what published figures alone say,
which a few outcomes should not make worse. Only training outcomes are used.

`training shrinkage` prints the grid; `abilities.py` holds the constants that were read off it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np

from heimdall_litellm.bundle import Bundle
from training.abilities import Spread, predicted_scores
from training.data import Example
from training.fit import Asked, canonical_with_effort, read_inputs, with_unscored
from training.fit_clusters import Clusters, assign
from training.measures import Estimate
from training.priors import Figure, load_priors
from training.published import fit_published

FEW: Final = 34
FOLDS: Final = 4
DRAWS: Final = 1_000
GRID: Final = (
    Spread(ability=0.7, knack=1e-3, benchmark=1e-3),
    *(Spread(ability, knack) for ability, knack in product((0.15, 0.25, 0.5), (0.3, 0.5))),
)
"""The first is without knacks and common hardness, as the tables once were."""
_MANY: Final = 200
_LEAST: Final = 30
_THEIR_OWN: Final = ("zeroeval", "livecodebench", "bfcl", "evalplus", "trustedrouter")


@dataclass(frozen=True, slots=True)
class Tried:
    """One point of the grid: error with `FEW` outcomes kept, and with none."""

    spread: Spread
    few: Estimate
    none: Estimate


@dataclass(frozen=True, slots=True)
class _World:
    asked: Asked
    clusters: Clusters
    figures: Sequence[Figure]
    names: Mapping[str, str]
    folds: Sequence[frozenset[str]]
    """Hidden models of each fold."""


def measure(
    bundle: Bundle,
    examples: Sequence[Example],
    priors: Path,
    progress: Callable[[str], None] = print,
    grid: Sequence[Spread] = GRID,
) -> list[Tried]:
    """Try every point of the grid, with a bundle's embedding and clusters."""
    embedding = bundle.knowledge.embedding
    asked = with_unscored(examples, read_inputs(examples, embedding).vectors, embedding)
    clusters = assign(bundle.knowledge.centroids, asked.vectors, asked.examples, asked.weights)
    names = {name: canonical_with_effort(name) for example in examples for name in example.outcomes}
    world = _World(
        asked, clusters, load_priors(priors, canonical_with_effort), names, _folds(examples, names)
    )
    found = []
    for spread in grid:
        found.append(Tried(spread, _error(world, spread, FEW), _error(world, spread, 0)))
        progress(_line(found[-1]))
    return found


def _folds(examples: Sequence[Example], names: Mapping[str, str]) -> list[frozenset[str]]:
    prompts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for example in examples:
        for name in example.outcomes:
            prompts[names[name]][example.source] += 1
    tried = [
        model
        for model, of in prompts.items()
        if sum(of.values()) >= _MANY and sum(n >= _LEAST for n in of.values()) > 1
    ]
    bases = sorted({model.partition("@")[0] for model in tried})
    order = np.random.default_rng(0).permutation(len(bases))
    fold = {bases[at]: i % FOLDS for i, at in enumerate(order.tolist())}
    return [
        frozenset(model for model in prompts if fold.get(model.partition("@")[0]) == i) for i in range(FOLDS)
    ]


def _error(world: _World, spread: Spread, few: int) -> Estimate:
    by_model: dict[str, list[float]] = defaultdict(list)
    for number, hidden in enumerate(world.folds):
        for (model, _), gap in _gaps(world, spread, hidden, few, number).items():
            by_model[model].append(abs(gap))
    errors = np.array([np.mean(gaps) for gaps in by_model.values()])
    rng = np.random.default_rng(0)
    drawn = errors[rng.integers(0, len(errors), (DRAWS, len(errors)))].mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Estimate(float(errors.mean()), float(low), float(high), len(errors))


def _gaps(
    world: _World, spread: Spread, hidden: frozenset[str], few: int, seed: int
) -> dict[tuple[str, str], float]:
    """Predicted less true mean score, by hidden model and benchmark."""
    answered: dict[str, dict[str, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    for i, example in enumerate(world.asked.examples):
        for name, outcome in example.outcomes.items():
            if world.names[name] in hidden:
                answered[world.names[name]][example.source][i] = outcome.score
    kept = _kept(answered, few, np.random.default_rng(seed))
    examples = [
        replace(
            example,
            outcomes={
                name: outcome
                for name, outcome in example.outcomes.items()
                if world.names[name] not in hidden or i in kept.get(world.names[name], ("", set()))[1]
            },
        )
        for i, example in enumerate(world.asked.examples)
    ]
    figures = [
        figure
        for figure in world.figures
        if figure.model not in hidden or not figure.column.startswith(_THEIR_OWN)
    ]
    names = [[world.names[name] for name in example.outcomes] for example in examples]
    wanted = {
        (model, source): np.array(list(scores))
        for model, of in answered.items()
        for source, scores in of.items()
        if len(scores) >= _LEAST and source != kept.get(model, ("", set()))[0]
    }
    predicted = predicted_scores(
        examples,
        world.clusters,
        names,
        fit_published(figures, sorted(set(world.names.values()))),
        world.asked.hardness,
        spread,
        wanted,
    )
    return {
        (model, source): mean - float(np.mean(list(answered[model][source].values())))
        for (model, source), mean in predicted.items()
    }


def _kept(
    answered: Mapping[str, Mapping[str, Mapping[int, float]]], few: int, rng: np.random.Generator
) -> dict[str, tuple[str, set[int]]]:
    """Which prompts of which benchmark each hidden model keeps."""
    kept = {}
    for model in sorted(answered) if few else ():
        sources = [source for source, scores in sorted(answered[model].items()) if len(scores) >= _LEAST]
        if sources:
            source = sources[rng.integers(len(sources))]
            rows = sorted(answered[model][source])
            kept[model] = source, set(rng.choice(rows, min(few, len(rows)), replace=False).tolist())
    return kept


def _line(tried: Tried) -> str:
    spread = tried.spread
    return (
        f"ability {spread.ability:g}, knack {spread.knack:g}, benchmark {spread.benchmark:g}: "
        f"{FEW} kept {_cell(tried.few)}, none kept {_cell(tried.none)}"
    )


def _cell(found: Estimate) -> str:
    return f"{found.value:.4f} [{found.low:.4f}, {found.high:.4f}] of {found.prompts}"


def render(found: Sequence[Tried]) -> str:
    """Lay the grid out for people, the best first."""
    return "\n".join(_line(tried) for tried in sorted(found, key=lambda tried: tried.few.value))
