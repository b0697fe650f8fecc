"""How far a guess is off: models of a bundle hidden from it, and guessed by their family and by their price.

Each model in turn (with all its efforts and dates) is hidden: price curves and families are made without
it. The truth is what the bundle expects of it by cluster, from its own outcomes and published figures; its
guess is that of

- *constant*: the lower third of all models of the bundle, whatever they cost;
- *price q*: the quantile q of the models that cost about as much (`price_class.py`);
- *relative*: an older version of the same family and tier, or a pro's plain sister (`catalog/families.py`);
- *family*: the same, or the price class where that speaks for more, as in `core/strangers.py`.

Nothing is chosen by these figures.

The error is the mean over the clusters, by their share, of |guess − truth|; `bias` is its signed mean, `over`
the share of models guessed too high overall. Models weigh 1 each, efforts of one share that. Intervals are by
bootstrap over families, since versions of one family are alike; differences are paired.

Two sets: the models with a list price (*priced*), and those of them with an older version in the bundle
(*with family*), on which family and price are compared.

*Thinking* is what the next higher effort adds, in log-odds of quality over all clusters: the mean over the
models that the bundle knows at both efforts and that have outcomes or figures of their own at each. *Known
harder* is how far a model is off at an effort if it is known at a higher one alone, as it stands there and
less what thinking is worth; the steps are fitted without the model's family.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from heimdall_litellm.bundle import Bundle
from heimdall_litellm.catalog import canonical
from heimdall_litellm.catalog.families import kin_of, relative
from training.measures import Estimate
from training.price_class import QUANTILE, curves, knots, list_prices, priced

Floats = NDArray[np.float64]

QUANTILES: Final = (0.2, 0.3, 0.4, 0.5)
UNKNOWN: Final = 0.3
DRAWS: Final = 1_000
LADDER: Final = ("none", "minimal", "low", "medium", "high", "xhigh")
_USUAL_STEP: Final = 0.25


@dataclass(frozen=True, slots=True)
class Guess:
    """One way of guessing: mean absolute error, bias, and share of models guessed too high."""

    error: Estimate
    bias: float
    over: float


@dataclass(frozen=True, slots=True)
class Report:
    """Guesses by set and method; `gain` is the error of the first method less that of the second."""

    bundle: str
    guesses: Mapping[str, Mapping[str, Guess]]
    gain: Mapping[str, Estimate]
    thinking: Mapping[str, Estimate]
    known_harder: Mapping[str, Estimate]

    def as_dict(self) -> dict[str, object]:
        """Give it as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Hidden:
    """One hidden name: its family, weight, and guess − truth by method, (clusters,) each."""

    family: str
    weight: float
    errors: Mapping[str, Floats]


def measure(bundle: Bundle, draws: int = DRAWS) -> Report:
    """Hide every model that has a list price, guess it, and compare."""
    table = bundle.knowledge.table
    share = table.share.astype(np.float64)
    hidden = _guess_all(table.models, table.shrunk().astype(np.float64))
    related = [one for one in hidden if "family" in one.errors]
    chosen = f"price {QUANTILE:g}"
    sets = {"priced": hidden, "with family": related}
    return Report(
        bundle.id,
        {name: _guesses(found, share, draws) for name, found in sets.items()},
        {
            f"{chosen} over constant, priced": _gain(hidden, "constant", chosen, share, draws),
            f"{chosen} over constant, with family": _gain(related, "constant", chosen, share, draws),
            "family over constant": _gain(related, "constant", "family", share, draws),
            f"family over {chosen}": _gain(related, chosen, "family", share, draws),
            "family over relative": _gain(related, "relative", "family", share, draws),
            "family over price 0.5": _gain(related, "price 0.5", "family", share, draws),
        },
        *_thinking(table.models, table.shrunk().astype(np.float64) @ share, draws),
    )


def _guess_all(models: Sequence[str], quality: Floats) -> list[_Hidden]:
    """Guess every model that has a list price; without its own outcomes nobody learns more of the others."""
    names = np.array([canonical(model) for model in models])
    known = priced(models, list_prices(models))
    found = []
    for row, usd, weight in zip(known.rows.tolist(), known.usd.tolist(), known.weight.tolist(), strict=True):
        is_gone = names == names[row]
        kept = [model for model, out in zip(models, is_gone, strict=True) if not out]
        rest = known.without(is_gone)
        at = knots(rest)
        guesses = {"constant": np.quantile(quality[~is_gone], UNKNOWN, axis=0)}
        for quantile in QUANTILES if len(at) else ():
            curve = curves(rest, quality, at, quantile)
            guesses[f"price {quantile:g}"] = np.array(
                [np.interp(np.log(usd), np.log(at), column) for column in curve.T]
            )
        older = relative(models[row], kept)
        if older is not None:
            guesses["relative"] = quality[models.index(older)]
            by_price = guesses.get(f"price {QUANTILE:g}", guesses["relative"])
            guesses["family"] = np.maximum(guesses["relative"], by_price)
        errors = {method: guess - quality[row] for method, guess in guesses.items()}
        found.append(_Hidden(_family_of(str(names[row])), weight, errors))
    return found


def _thinking(
    models: Sequence[str], quality: Floats, draws: int
) -> tuple[dict[str, Estimate], dict[str, Estimate]]:
    """What each step of effort adds, and what knowing it saves; `quality` (models,) over all clusters."""
    pairs = _adjacent_efforts(models)
    if not pairs:
        return {}, {}
    at = {model: i for i, model in enumerate(models)}
    odds = logit(quality)
    lower = np.array([at[f"{base}@{low}"] for base, low, _ in pairs])
    higher = np.array([at[f"{base}@{high}"] for base, _, high in pairs])
    gaps = odds[higher] - odds[lower]
    spans = np.array(
        [
            [LADDER.index(low) <= step < LADDER.index(high) for step in range(len(LADDER) - 1)]
            for _, low, high in pairs
        ],
        dtype=np.float64,
    )
    families = [_family_of(base) for base, _, _ in pairs]
    names, which = np.unique(families, return_inverse=True)
    rng = np.random.default_rng(0)
    times = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), draws)
    steps = _steps(spans, gaps, np.ones(len(gaps)))
    drawn = np.array([_steps(spans, gaps, each[which].astype(np.float64)) for each in times])
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    thinking = {
        f"{one} to {other}": Estimate(float(steps[i]), float(low[i]), float(high[i]), int(spans[:, i].sum()))
        for i, (one, other) in enumerate(pairwise(LADDER))
    }
    # Without the model's own family.
    left = np.array(
        [
            span @ _steps(spans, gaps, (which != own).astype(np.float64))
            for span, own in zip(spans, which, strict=True)
        ]
    )
    truth = quality[lower]
    rows = [_Hidden(family, 1.0, {}) for family in families]
    return thinking, {
        "as it stands": _estimate(rows, np.abs(quality[higher] - truth), draws),
        "less what thinking is worth": _estimate(rows, np.abs(expit(odds[higher] - left) - truth), draws),
    }


def _adjacent_efforts(models: Sequence[str]) -> list[tuple[str, str, str]]:
    """Each model with two of its efforts, the lower first, between which the bundle knows none."""
    efforts: dict[str, list[str]] = defaultdict(list)
    for model in models:
        base, _, effort = model.partition("@")
        if effort in LADDER:
            efforts[base].append(effort)
    return [
        (base, low, high)
        for base, stated in efforts.items()
        for low, high in pairwise(sorted(stated, key=LADDER.index))
    ]


def _steps(spans: Floats, gaps: Floats, weight: Floats) -> Floats:
    """Least squares of gaps on the steps that each spans, (steps,), drawn to a usual one by one pair."""
    normal = spans.T @ (weight[:, None] * spans) + np.eye(spans.shape[1])
    right: Floats = spans.T @ (weight * gaps) + _USUAL_STEP
    found: Floats = np.asarray(np.linalg.solve(normal, right), np.float64)
    return found


def _family_of(base: str) -> str:
    kin = kin_of(base)
    return "-".join(kin.family) if kin else base


def _guesses(hidden: Sequence[_Hidden], share: Floats, draws: int) -> dict[str, Guess]:
    if not hidden:
        return {}
    methods = [m for m in hidden[0].errors if all(m in one.errors for one in hidden)]
    weight = np.array([one.weight for one in hidden])
    weight /= weight.sum()
    found = {}
    for method in methods:
        overall = np.array([one.errors[method] @ share for one in hidden])
        found[method] = Guess(
            _estimate(hidden, _absolute(hidden, method, share), draws),
            float(weight @ overall),
            float(weight @ (overall > 0)),
        )
    return found


def _gain(hidden: Sequence[_Hidden], before: str, after: str, share: Floats, draws: int) -> Estimate:
    if not all(before in one.errors and after in one.errors for one in hidden) or not hidden:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    return _estimate(hidden, _absolute(hidden, before, share) - _absolute(hidden, after, share), draws)


def _absolute(hidden: Sequence[_Hidden], method: str, share: Floats) -> Floats:
    return np.array([np.abs(one.errors[method]) @ share for one in hidden])


def _estimate(hidden: Sequence[_Hidden], values: Floats, draws: int) -> Estimate:
    """Weighted mean with a bootstrap over families; `prompts` counts the names."""
    weight = np.array([one.weight for one in hidden])
    families = np.unique([one.family for one in hidden], return_inverse=True)[1]
    total = np.bincount(families, weight * values)
    size = np.bincount(families, weight)
    rng = np.random.default_rng(0)
    times = rng.multinomial(len(size), np.full(len(size), 1 / len(size)), draws)
    low, high = np.quantile(times @ total / (times @ size), (0.025, 0.975))
    return Estimate(float(total.sum() / size.sum()), float(low), float(high), len(hidden))


def render(report: Report) -> str:
    """Lay the figures out for people."""
    lines = [f"bundle {report.bundle}", "", "guess − truth: mean absolute error [95 % interval], bias, over"]
    for name, guesses in report.guesses.items():
        for method, guess in guesses.items():
            e = guess.error
            lines.append(
                f"  {name:12s} {method:10s} {e.value:.3f} [{e.low:.3f}, {e.high:.3f}]  "
                f"{guess.bias:+.3f}  {guess.over:.0%}  {e.prompts} names"
            )
    for title, figures in (
        ("error saved, paired", report.gain),
        ("thinking, log-odds", report.thinking),
        ("known harder, mean absolute error", report.known_harder),
    ):
        lines += ["", f"{title} [95 % interval]"]
        lines += [
            f"  {name:38s} {e.value:+.3f} [{e.low:+.3f}, {e.high:+.3f}]  {e.prompts}"
            for name, e in figures.items()
        ]
    return "\n".join(lines)
