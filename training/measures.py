"""How good a ranking of prompts by difficulty is: APGR, with intervals.

A router that ranks prompts sends a growing share of them, hardest first, to the premium model. What it has
recovered of the gap between cheap and premium after share x is PGR(x); the area under it over all shares is
APGR (RouteLLM, arXiv 2406.18665): a random order gives .5, a perfect one depends on the source.

    PGR(x) = Σ gains of the first x·n prompts / Σ gains of all      gain = premium score − cheap score

*Pooled* puts the first 400 prompts of each source, in file order, into one ranking: what a router needs
for it is mostly to know which kind of task gains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from training.data import Example
from training.pairs import PAIRS

Floats = NDArray[np.float64]

POOLED_CAP = 400
DRAWS = 200


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval over bootstrap draws of prompts, and how many prompts there were."""

    value: float
    low: float
    high: float
    prompts: int


def gains(examples: Sequence[Example], pairs: Mapping[str, tuple[str, str]] = PAIRS) -> Floats:
    """Premium score minus cheap score by prompt, (n,); NaN where the source's pair has no outcome."""
    found = np.full(len(examples), np.nan)
    for i, example in enumerate(examples):
        scores = example.outcomes_by_model
        cheap, premium = pairs.get(example.source, ("", ""))
        if cheap in scores and premium in scores:
            found[i] = scores[premium] - scores[cheap]
    return found


def pgr(difficulty: Floats, gain: Floats, rng: np.random.Generator) -> Floats:
    """PGR after 0, 1, … n prompts of a ranking by `difficulty`, ties in random order, (n + 1,).

    NaN if nothing is gained at all.
    """
    total = float(gain.sum())
    if total <= 0:
        return np.full(len(gain) + 1, np.nan)
    order = np.lexsort((rng.random(len(gain)), -difficulty))
    recovered: Floats = np.concatenate(([0.0], np.cumsum(gain[order]))) / total
    return recovered


def apgr(difficulty: Floats, gain: Floats, rng: np.random.Generator) -> float:
    """Area under PGR for a ranking by `difficulty`, ties in random order; NaN if nothing is gained at all."""
    return float(np.trapezoid(pgr(difficulty, gain, rng), dx=1 / max(len(gain), 1)))


def pooled_pgr(
    difficulty: Floats, examples: Sequence[Example], pairs: Mapping[str, tuple[str, str]] = PAIRS
) -> Floats:
    """PGR of the pooled ranking at 0, 1, … 100 % of the calls to premium, (101,); NaN without any gain."""
    gain = gains(examples, pairs)
    rows = pooled_rows([example.source for example in examples], gain)
    found = pgr(difficulty[rows], gain[rows], np.random.default_rng(0))
    at: Floats = np.interp(np.linspace(0, len(rows), 101), np.arange(len(rows) + 1), found)
    return at


def estimate(difficulty: Floats, gain: Floats, seed: int = 0, draws: int = DRAWS) -> Estimate:
    """APGR with its interval, over the prompts whose gain is known."""
    known = np.isfinite(gain)
    d, g = difficulty[known], gain[known]
    rng = np.random.default_rng(seed)
    value = apgr(d, g, rng) if len(g) else float("nan")
    samples = (rng.integers(0, len(g), len(g)) for _ in range(draws)) if len(g) else ()
    drawn = [apgr(d[rows], g[rows], rng) for rows in samples]
    low, high = np.nanquantile(drawn, (0.025, 0.975)) if np.isfinite(drawn).any() else (np.nan, np.nan)
    return Estimate(value, float(low), float(high), len(g))


def pooled_rows(sources: Sequence[str], gain: Floats, cap: int = POOLED_CAP) -> NDArray[np.intp]:
    """The first `cap` prompts with a known gain of each source."""
    names = np.array(sources)
    firsts = [np.flatnonzero((names == source) & np.isfinite(gain))[:cap] for source in sorted(set(sources))]
    return np.concatenate(firsts) if firsts else np.zeros(0, np.intp)


def estimates(
    difficulty: Floats, examples: Sequence[Example], pairs: Mapping[str, tuple[str, str]] = PAIRS
) -> dict[str, Estimate]:
    """APGR of each source with a pair, the `mean` over these sources, and `pooled`."""
    sources = [example.source for example in examples]
    gain = gains(examples, pairs)
    names = np.array(sources)
    each = {
        source: estimate(difficulty[names == source], gain[names == source])
        for source in sorted(set(sources))
        if np.isfinite(gain[names == source]).any()
    }
    rows = pooled_rows(sources, gain)
    values = [e.value for e in each.values() if np.isfinite(e.value)]
    # The sources are independent samples, so the variances of their errors add up.
    spread = [(e.high - e.low) / 2 for e in each.values() if np.isfinite(e.value)]
    half = float(np.sqrt(np.sum(np.square(spread)))) / max(len(values), 1)
    mean = float(np.mean(values)) if values else float("nan")
    return {
        **each,
        "mean": Estimate(mean, mean - half, mean + half, int(np.isfinite(gain).sum())),
        "pooled": estimate(difficulty[rows], gain[rows]),
    }


def json_values(figure: object) -> object:
    """Give figures, in whatever they are held, as JSON values; what is not finite becomes None."""
    if is_dataclass(figure) and not isinstance(figure, type):
        return json_values(asdict(figure))
    if isinstance(figure, Mapping):
        return {key: json_values(value) for key, value in figure.items()}
    if isinstance(figure, tuple | list):
        return [json_values(value) for value in figure]
    return None if isinstance(figure, float) and not isfinite(figure) else figure
