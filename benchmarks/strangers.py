"""What routing loses when a third of the models are strangers, and what guessing gets back.

    python -m benchmarks.strangers --train FILE --priors FILE [--json]

Cross-fitted on the training file alone: tables are fitted without a fifth of the prompts (near-duplicates
together) and choose on that fifth. A random third of each pool's models is hidden, `HIDES` times, drawn from
those that LiteLLM's price map still lists, as a stranger in a user's configuration is one that is sold: for
tables, price curves and families they don't exist. Then the dial is swept with the hidden models

- *known* as they are;
- *absent*, no candidates;
- *constant*: at the lower third of all known models, whatever they cost (as before there were price classes);
- *price q*: at the quantile q of the known models that cost about as much (`training/price_class.py`);
- *family, price q*: by a relative (`catalog/families.py`), where there is one, or the price where that speaks
  for more; else by price;
- *cross-fitted*: the last with, for each pool, the q that was best on the mean of the pools that share no
  source with it. What is reported of a pool has no part in what was chosen for it.

The figure is the mean score over the costs from the cheapest single model's to the best one's, along the hull
of the dial's points (`training/cost_quality.py`), in points of 100. (The share recovered of the gap to an
oracle, which other tables show, divides by next to nothing on single benchmarks.) The choice is the α-score's
by clusters alone, as in `left_out.py`. Intervals are by bootstrap over prompts, paired for the differences to
*constant*.

*Wins* is how often a guess beats all known models outright: at the end of the dial where only quality counts,
the share of prompts that a hidden model is chosen for under *family, price 0.4*, and by how many points its
score there differs from that of the model that is chosen when the hidden ones are absent.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import isnan
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.left_out import Choices, Fitted, Floats, attention, fitted, prices_of, sweep
from heimdall_litellm.bundle import load_bundle
from heimdall_litellm.catalog import canonical
from heimdall_litellm.catalog.families import relative
from training.cost_quality import Pool, area, make_pool, single_choices, trace
from training.data import Example, load_outcomes
from training.fit import canonical_with_effort, cluster, models_of, read_inputs, with_unscored
from training.leakage import folds, group_duplicates
from training.measures import Estimate
from training.pools import FEWEST_PROMPTS, pool_sources
from training.price_class import QUANTILE, curves, knots, list_prices, priced
from training.priors import load_priors
from training.published import fit_published

FOLDS: Final = 5
HIDES: Final = 8
DRAWS: Final = 100
QUANTILES: Final = (0.2, 0.3, 0.4, 0.5)
UNKNOWN: Final = 0.3
_HIDDEN: Final = 1 / 3
_USUAL: Final = f"family, price {QUANTILE:g}"


@dataclass(frozen=True, slots=True)
class Report:
    """One pool, or the mean of all: points by method, and how many more than under `constant`."""

    pool: str
    prompts: int
    models: int
    points: Mapping[str, Estimate]
    gain: Mapping[str, Estimate]
    wins: float
    worth: float
    """Points of 100 that a win gains; NaN where there is none."""


@dataclass(frozen=True, slots=True)
class Fold:
    """Tables fitted without the prompts `rows`; `seen` (rows, clusters) is what these are near."""

    rows: NDArray[np.intp]
    seen: Floats
    table: Fitted


def guesses(table: Fitted, hidden: Sequence[str], usd: Mapping[str, float]) -> dict[str, Fitted]:
    """The table as it is under each method, with the rows of the `hidden` models replaced by guesses."""
    gone = {canonical(name) for name in hidden}
    is_gone = np.array([canonical(name) in gone for name in table.models])
    kept = [name for name, out in zip(table.models, is_gone, strict=True) if not out]
    known = priced(table.models, list_prices(table.models)).without(is_gone)
    at = knots(known)
    tokens = table.tokens.copy()
    rows = {name: table.models.index(name) for name in hidden}
    tokens[list(rows.values())] = np.median(table.tokens[~is_gone], axis=0)
    unknown = np.quantile(table.quality[~is_gone], UNKNOWN, axis=0)

    def with_rows(by_name: Mapping[str, Floats], kin: Mapping[str, str]) -> Fitted:
        quality, written = table.quality.copy(), tokens.copy()
        for name, row in by_name.items():
            quality[rows[name]] = row
        for name, other in kin.items():
            at = table.models.index(other)
            quality[rows[name]] = np.maximum(table.quality[at], by_name[name])
            written[rows[name]] = table.tokens[at]
        return replace(table, quality=quality, tokens=written)

    found = {"known": table, "constant": with_rows(dict.fromkeys(rows, unknown), {})}
    older = {name: kin for name in hidden if (kin := relative(name, kept)) is not None}
    for quantile in QUANTILES:
        curve = curves(known, table.quality, at, quantile)
        by_price = {name: _at(usd[name], at, curve) if len(at) else unknown for name in hidden}
        found[f"price {quantile:g}"] = with_rows(by_price, {})
        found[f"family, price {quantile:g}"] = with_rows(by_price, older)
    return found


def _at(usd: float, at: Floats, curve: Floats) -> Floats:
    where = np.interp(np.log(usd), np.log(at), np.arange(len(at)))
    low = min(int(where), len(at) - 2)
    row: Floats = curve[low] + (where - low) * (curve[low + 1] - curve[low])
    return row


def choices_of(
    pool: Pool,
    parts: Sequence[Fold],
    examples: Sequence[Example],
    usd: Mapping[str, tuple[float, float]],
    seed: int,
) -> tuple[dict[str, Choices], NDArray[np.bool_]]:
    """Choices by method and setting of the dial, (settings, n), and the random third hidden, (models,)."""
    bases = sorted({canonical(name) for name in list_prices(pool.models)})
    count = max(1, round(_HIDDEN * len({canonical(name) for name in pool.models})))
    drawn = np.random.default_rng(seed).permutation(len(bases))[:count]
    out = {bases[i] for i in drawn.tolist()}
    hidden = [name for name in pool.models if canonical(name) in out]
    staying = np.array([j for j, name in enumerate(pool.models) if name not in hidden])
    output_usd = {name: usd[name][1] for name in pool.models}
    prices = np.array([usd[name] for name in pool.models])
    read = np.array([len(examples[i].text) / 4 for i in pool.rows.tolist()])
    found: dict[str, Choices] = {}
    place = {row: at for at, row in enumerate(pool.rows.tolist())}
    for part in parts:
        mine = [(place[row], at) for at, row in enumerate(part.rows.tolist()) if row in place]
        if not mine:
            continue
        to, of = np.array(mine).T
        for method, table in guesses(part.table, hidden, output_usd).items():
            chosen = sweep(pool, table, part.seen[of], read[to], prices)
            _place(found, method, to, chosen, len(pool.rows))
        smaller = replace(pool, models=tuple(pool.models[j] for j in staying))
        fewer = staying[sweep(smaller, part.table, part.seen[of], read[to], prices[staying])]
        _place(found, "absent", to, fewer, len(pool.rows))
    return found, np.array([name in hidden for name in pool.models])


def _place(found: dict[str, Choices], method: str, to: NDArray[np.intp], chosen: Choices, n: int) -> None:
    whole = found.setdefault(method, np.zeros((len(chosen), n), np.intp))
    whole[:, to] = chosen


def wins(pool: Pool, hides: Sequence[tuple[Mapping[str, Choices], NDArray[np.bool_]]]) -> tuple[float, float]:
    """How often a guess wins where only quality counts, and by how many points; by the rule above."""
    guessed = np.array([choices[_USUAL][0] for choices, _ in hides])
    known = np.array([choices["absent"][0] for choices, _ in hides])
    is_win = np.array([is_hidden[one] for (_, is_hidden), one in zip(hides, guessed, strict=True)])
    rows = np.arange(guessed.shape[1])
    differs = 100 * (pool.score[rows, guessed] - pool.score[rows, known])
    return float(is_win.mean()), float(differs[is_win].mean()) if is_win.any() else float("nan")


def cross_fitted(drawn: Mapping[str, dict[str, Floats]], sources: Mapping[str, Sequence[str]]) -> None:
    """Add *cross-fitted* to the points of each pool; by the rule above."""
    usual = [f"family, price {q:g}" for q in QUANTILES]
    best = {}
    for name in drawn:
        others = [other for other in drawn if not set(sources[other]) & set(sources[name])] or [name]
        best[name] = max(usual, key=lambda method: float(np.mean([drawn[o][method][0] for o in others])))
    for name, got in drawn.items():
        got["cross-fitted"] = got[best[name]]


def points(pool: Pool, chosen: Sequence[Mapping[str, Choices]], draws: int = DRAWS) -> dict[str, Floats]:
    """Points by method, the mean over what was hidden, (1 + draws,): first as it is, then drawn anew."""
    n = len(pool.rows)
    rng = np.random.default_rng(0)
    weights = np.array(
        [np.full(n, 1 / n), *(np.bincount(rng.integers(0, n, n), minlength=n) / n for _ in range(draws))]
    ).T
    usd, score = _weighed(pool, single_choices(pool), weights)
    best = np.argmax(score, axis=0)
    total: dict[str, Floats] = {}
    for hide in chosen:
        for method, choices in hide.items():
            cost, quality = _weighed(pool, choices, weights)
            got = np.array(
                [
                    _height(cost[:, d], quality[:, d], usd[:, d], score[:, d], at)
                    for d, at in enumerate(best.tolist())
                ]
            )
            total[method] = total.get(method, np.zeros(len(got))) + 100 * got / len(chosen)
    return total


def _weighed(pool: Pool, choices: Choices, weights: Floats) -> tuple[Floats, Floats]:
    """Mean cost and score of each choice under each of the `weights` (n, draws)."""
    cost, score = trace(pool, choices)
    return cost @ weights, score @ weights


def _height(cost: Floats, quality: Floats, usd: Floats, score: Floats, best: int) -> float:
    """Mean quality along the hull, from the cheapest single model's cost to that of the `best` one."""
    cheapest = int(np.argmin(usd))
    low, high = float(usd[cheapest]), float(usd[best])
    if high <= low:
        return float(quality.max())
    return area(np.append(cost, usd[cheapest]), np.append(quality, score[cheapest]), low, high)


def _mean_of_known(values: Sequence[float]) -> float:
    """Give the mean of those that are numbers; nan where none is."""
    known = [value for value in values if not isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def measure(train: Sequence[Example], priors: Path) -> list[Report]:
    """Cross-fit, hide, and measure every pool of the training file, and the mean of all."""
    embedding = load_bundle().knowledge.embedding
    inputs = read_inputs(train, embedding)
    published = fit_published(load_priors(priors, canonical_with_effort), models_of(train))
    split = folds(group_duplicates([example.text for example in train]), FOLDS, 0)
    parts = []
    for fold in range(FOLDS):
        kept, rows = np.flatnonzero(split != fold), np.flatnonzero(split == fold)
        asked = with_unscored([train[i] for i in kept.tolist()], inputs.vectors[kept], embedding)
        clusters = cluster(asked)
        parts.append(
            Fold(rows, attention(inputs.vectors[rows], clusters), fitted(asked, clusters, published))
        )
        print(f"fitted without fold {fold + 1} of {FOLDS}", file=sys.stderr)
    names = [[canonical_with_effort(model) for model in example.outcomes] for example in train]
    usd = prices_of(sorted({name for row in names for name in row}))
    drawn: dict[str, dict[str, Floats]] = {}
    won: dict[str, tuple[float, float]] = {}
    sizes: dict[str, tuple[int, int]] = {}
    for name, sources in pool_sources(train).items():
        pool = make_pool(name, sources, train, names, usd)
        if pool is None or len(pool.rows) < FEWEST_PROMPTS or not list_prices(pool.models):
            continue
        hides = [choices_of(pool, parts, train, usd, seed) for seed in range(HIDES)]
        drawn[name] = points(pool, [choices for choices, _ in hides])
        won[name] = wins(pool, hides)
        sizes[name] = len(pool.rows), len(pool.models)
        print(f"measured {name}", file=sys.stderr)
    cross_fitted(drawn, pool_sources(train))
    reports = [_report(name, *sizes[name], got, *won[name]) for name, got in drawn.items()]
    mean = {method: np.mean([got[method] for got in drawn.values()], axis=0) for method in reports[0].points}
    prompts = sum(report.prompts for report in reports)
    often, much = (_mean_of_known([each[i] for each in won.values()]) for i in (0, 1))
    return [*reports, _report(f"mean of {len(drawn)}", prompts, 0, mean, often, much)]


def _report(
    name: str, prompts: int, models: int, got: Mapping[str, Floats], often: float, much: float
) -> Report:
    gain = {method: values - got["constant"] for method, values in got.items() if method != "constant"}
    return Report(name, prompts, models, _estimates(got, prompts), _estimates(gain, prompts), often, much)


def _estimates(drawn: Mapping[str, Floats], prompts: int) -> dict[str, Estimate]:
    found = {}
    for method, values in drawn.items():
        low, high = np.quantile(values[1:], (0.025, 0.975))
        found[method] = Estimate(float(values[0]), float(low), float(high), prompts)
    return found


def render(reports: Sequence[Report]) -> str:
    """Lay the figures out as Markdown: points, and then the gain over `constant`."""
    methods = list(reports[0].points)
    lines = [f"| points | {' | '.join(methods)} |", "|---" * (len(methods) + 1) + "|"]
    lines += [
        f"| {r.pool} ({r.prompts:,} prompts{f', {r.models} models' if r.models else ''}) | "
        f"{' | '.join(f'{r.points[m].value:.2f}' for m in methods)} |"
        for r in reports
    ]
    others = [m for m in methods if m != "constant"]
    lines += ["", f"| more than constant | {' | '.join(others)} |", "|---" * (len(others) + 1) + "|"]
    lines += [f"| {r.pool} | {' | '.join(_cell(r.gain[m]) for m in others)} |" for r in reports]
    lines += ["", "| guesses that win | share of prompts | points gained by it |", "|---" * 3 + "|"]
    lines += [f"| {r.pool} | {r.wins:.1%} | {r.worth:+.2f} |" for r in reports]
    return "\n".join(lines)


def _cell(found: Estimate) -> str:
    return f"{found.value:+.2f} [{found.low:+.2f}, {found.high:+.2f}]"


def main() -> None:
    """Measure and print: Markdown for people, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--priors", type=Path, required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    reports = measure(load_outcomes([options.train]), options.priors)
    print(json.dumps([asdict(report) for report in reports], indent=2) if options.json else render(reports))


if __name__ == "__main__":
    main()
