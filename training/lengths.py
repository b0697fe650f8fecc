"""How far the ratio of two models' expected output tokens is off: what a reckoned saving rests on.

A saving is reckoned from what the model that answered wrote, scaled by the ratio that the bundle expects of
the baseline and it (`heimdall_litellm/journal/savings.py`). Here both have answered the same prompts, so that
what the baseline wrote is known. For a pair a, b and the prompts i of a source that both answered,

    off = ln Σ written[a, i] · expected[b, i] / expected[a, i] − ln Σ written[b, i]

both ways round. The deviation is the root of the mean of off² over the pairs of a source, and then over the
sources, each the same.

- *other sources*: lengths were fitted without that source, as for traffic that is like no training prompt.
- *same sources*: fitted on every other prompt of all of them, as for traffic that is like these.
- *shipped*: the bundle's own lengths, on outcomes that it wasn't fitted on; for reporting.
- *thinking*: those are models that just answer, for of the others the counts leave out what they think. How
  far that is off, published costs of whole datasets tell: what a model that thinks costs on one, relative to
  DeepSeek-V3, beside the geometric mean over the others.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import permutations
from math import sqrt
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from heimdall_litellm.bundle import Bundle
from training.data import Example
from training.fit import canonical_with_effort, read_inputs
from training.fit_clusters import assign
from training.verbosity import expected_tokens, output_ratio

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEWEST: Final = 30
"""Prompts that both models of a pair have answered, for it to count."""
_REFERENCE: Final = "DeepSeek-V3"
_THINKS: Final = ("DeepSeek-R1", "GPT-5", "Gemini-2.5-Flash", "Gemini-2.5-Pro", "Qwen3-235B-Thinking")
_COSTED: Final = ("AIME", "LiveMathBench", "LiveCodeBench", "GPQA", "MMLU-Pro", "SimpleQA", "ArenaHard")


@dataclass(frozen=True, slots=True)
class Deviation:
    """Of the logarithm of a factor: root mean square, all in all and by source, and of how many pairs."""

    sigma: float
    pairs: int
    by_source: Mapping[str, float]

    def as_dict(self) -> dict[str, object]:
        """Give it as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Counted:
    """Prompts, the canonical models that answered each, their vectors (n, d) and clusters (n,)."""

    examples: Sequence[Example]
    names: list[list[str]]
    vectors: NDArray[np.float32]
    clusters: Ints


def across_sources(bundle: Bundle, examples: Sequence[Example]) -> Deviation:
    """Fit without each source in turn, and compare there."""
    sources = np.array([example.source for example in examples])
    held = {source: sources == source for source in dict.fromkeys(sources.tolist())}
    return _measured(bundle, examples, held)


def within_sources(bundle: Bundle, examples: Sequence[Example]) -> Deviation:
    """Fit on every other prompt, and compare on the rest."""
    odd = np.arange(len(examples)) % 2 == 1
    return _measured(bundle, examples, {"": odd})


def as_shipped(bundle: Bundle, examples: Sequence[Example]) -> Deviation:
    """Compare with the bundle's own lengths."""
    table = bundle.knowledge.table
    rows = {name: at for at, name in enumerate(table.models)}
    counted = _read(bundle, examples)
    return _summed(_offs(counted, np.arange(len(examples)), rows, table.tokens.astype(np.float64)))


def thinking(costs: Path) -> Deviation:
    """Compare each model that thinks on each dataset with what the other datasets say of it."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    with costs.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["cost_usd_whole_dataset"]:
                found[row["model"]][row["dataset"]] = float(row["cost_usd_whole_dataset"])
    reference = found[_REFERENCE]
    offs: dict[str, list[float]] = defaultdict(list)
    for model in _THINKS:
        costed = [name for name in _COSTED if name in found[model]]
        logs = {name: np.log(found[model][name] / reference[name]) for name in costed}
        for name, value in logs.items():
            others = [other for known, other in logs.items() if known != name]
            offs[name].append(float(value - np.mean(others)))
    return _summed(offs)


def _measured(
    bundle: Bundle, examples: Sequence[Example], held: Mapping[str, NDArray[np.bool_]]
) -> Deviation:
    counted = _read(bundle, examples)
    offs: dict[str, list[float]] = defaultdict(list)
    for is_held in held.values():
        for source, values in _held_out(bundle, counted, is_held).items():
            offs[source] += values
    return _summed(offs)


def _held_out(bundle: Bundle, counted: _Counted, is_held: NDArray[np.bool_]) -> dict[str, list[float]]:
    rest, held = np.flatnonzero(~is_held), np.flatnonzero(is_held)
    examples = [counted.examples[i] for i in rest.tolist()]
    clusters = assign(bundle.knowledge.centroids, counted.vectors[rest], examples, np.ones(len(rest)))
    models = tuple(dict.fromkeys(name for names in counted.names for name in names))
    written = expected_tokens(examples, clusters, [counted.names[i] for i in rest.tolist()], models)
    return _offs(counted, held, {name: at for at, name in enumerate(models)}, written)


def _read(bundle: Bundle, examples: Sequence[Example]) -> _Counted:
    vectors = read_inputs(examples, bundle.knowledge.embedding).vectors
    clusters = np.argmax(vectors @ bundle.knowledge.centroids.T, axis=1).astype(np.int64)
    return _Counted(
        examples, [[canonical_with_effort(m) for m in e.outcomes] for e in examples], vectors, clusters
    )


def _offs(counted: _Counted, at: Ints, rows: Mapping[str, int], expected: Floats) -> dict[str, list[float]]:
    """Return `off` of all pairs by source, over the prompts `at`; `expected` is (models, clusters)."""
    totals: dict[tuple[str, str, str], list[tuple[float, float]]] = defaultdict(list)
    for i in at.tolist():
        example, cluster = counted.examples[i], counted.clusters[i]
        written = {
            name: (outcome.output_tokens, expected[rows[name], cluster])
            for name, outcome in zip(counted.names[i], example.outcomes.values(), strict=True)
            if outcome.output_tokens and name in rows and output_ratio(name) == 1.0
        }
        for a, b in permutations(written, 2):
            scaled = written[a][0] * written[b][1] / written[a][1]
            totals[example.source, a, b].append((float(scaled), float(written[b][0])))
    found: dict[str, list[float]] = defaultdict(list)
    for (source, _, _), pairs in totals.items():
        if len(pairs) >= FEWEST:
            reckoned, written_b = np.sum(pairs, axis=0)
            found[source].append(float(np.log(reckoned / written_b)))
    return found


def _summed(offs: Mapping[str, Sequence[float]]) -> Deviation:
    squares = {source: float(np.mean(np.square(values))) for source, values in sorted(offs.items()) if values}
    return Deviation(
        sqrt(float(np.mean(list(squares.values())))) if squares else 0.0,
        sum(map(len, offs.values())),
        {source: sqrt(square) for source, square in squares.items()},
    )


def render(found: Mapping[str, Deviation]) -> str:
    """Write the deviations as a table."""
    lines = [f"{'lengths of':14} {'pairs':>6} {'deviation':>9}  by source"]
    for name, each in found.items():
        by_source = ", ".join(f"{source} {value:.2f}" for source, value in each.by_source.items())
        lines.append(f"{name:14} {each.pairs:6} {each.sigma:9.3f}  {by_source}")
    return "\n".join(lines)
