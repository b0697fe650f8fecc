"""Abilities of models from what is published of them, on one scale.

Each column of figures (source, category, date) has a scale of its own. On the logit scale a figure is

    logit(score[m, col]) = easiness[col] + slope[col]·ability[m, kinds of col] + knacks + noise
    ability[m, kind]     = base[b] + step[e] + step[e, kind] + departure[b, kind] + odd[m]

b is the model that m is, e the effort that it is asked for. So what is known of a model at one effort speaks
for it at every other, and columns are linked by the models in them whatever efforts those have. *base* is
drawn to what models of its age, size and price are like (`lines.py`). Knacks are what a model is better at
in one source, in one category of it and in one release of it than its ability says: figures of one source
repeat each other and share their prompts, so however many they are, they tell only so much. Columns differ
in how far they tell models apart (`slope`, drawn to 1), and in how far they agree with the others (the
variance of the noise, beside that of counting `_PROMPTS` answers).

All effects are normal, with the standard deviations of `Scatter`. Given slopes and variances they are the
solution of one sparse linear system; slopes and variances are estimated in turn with it. Makers seldom
release what is worse than what it follows, or than its smaller sister: where the estimate says so of two at
the same effort, they are drawn together by `Scatter.order`. How it is measured: `figures.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix, diags
from scipy.sparse.linalg import splu
from scipy.special import logit

from training.kinds import KINDS
from training.lines import pairs_of, traits
from training.priors import Figure
from training.verbosity import output_ratio

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_Part = tuple[Ints, Ints | int, Floats]
"""Rows, columns and values of a part of a sparse matrix."""

_TURNS: Final = 5
_CLIP: Final = 0.02
_PROMPTS: Final = 100.0
_NOISE, _NOISE_WORTH = 0.15, 4.0
"""Variance of a column of which little is known, and how many figures that is worth."""
_SLOPES: Final = (0.3, 3.0)
_FREE: Final = 3.0
_STEP: Final = 1.0
_TRAIT: Final = 1.0
_MIN_COLUMNS: Final = 2
_UNASKED: Final = "unasked"
"""The effort of a name without one, if the model isn't known to think unasked."""
_EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", _UNASKED)


@dataclass(frozen=True, slots=True)
class Published:
    """Ability of `models` by kind on the logit scale, (models, kinds).

    `sd` is how unsure a model's ability overall is, (models,).
    """

    models: tuple[str, ...]
    values: Floats
    sd: Floats


@dataclass(frozen=True, slots=True)
class Scatter:
    """Standard deviations of the effects above, in logits; `slope` is of slopes about 1."""

    base: float = 0.7
    odd: float = 0.15
    step_by_kind: float = 0.15
    departure: float = 0.25
    source: float = 0.15
    category: float = 0.15
    release: float = 0.1
    slope: float = 0.3
    order: float = 0.1


USUAL = Scatter()


def fit_published(
    figures: Sequence[Figure], names: Iterable[str] = (), scatter: Scatter = USUAL
) -> Published:
    """Fit the formulas above.

    Told of are the models with figures in two columns or more, and `names`, whatever is published of them.
    Nothing is told where there are no figures at all.
    """
    if not figures:
        return Published((), np.zeros((0, len(KINDS))), np.zeros(0))
    columns: dict[str, set[str]] = defaultdict(set)
    for figure in figures:
        columns[figure.model].add(figure.column)
    told = sorted({*names, *(model for model, found in columns.items() if len(found) >= _MIN_COLUMNS)})
    fitted = Fit(figures, told, scatter)
    at = [fitted.index[name] for name in told]
    return Published(tuple(told), fitted.values()[at], fitted.sd()[at])


class Fit:
    """The estimate for the models of `figures` and for `names` besides; `index` says which row is whose."""

    def __init__(self, figures: Sequence[Figure], names: Iterable[str], scatter: Scatter) -> None:
        models = sorted({*(figure.model for figure in figures), *names})
        self.index = {name: i for i, name in enumerate(models)}
        self._scatter = scatter
        split = [_base_and_effort(model) for model in models]
        bases = sorted({base for base, _ in split})
        at = {base: i for i, base in enumerate(bases)}
        self._base = np.array([at[base] for base, _ in split], np.int64)
        self._effort = np.array([_EFFORTS.index(effort) for _, effort in split], np.int64)
        self._traits = traits(bases, _first_seen(figures))
        self._pairs = [(self.index[worse], self.index[better]) for worse, better in pairs_of(models)]
        self._columns = {name: i for i, name in enumerate(sorted({figure.column for figure in figures}))}
        self._knacks = self._knacks_of(figures)
        self._start, self._precision = self._lay_out()
        self._solve(figures)

    def values(self) -> Floats:
        """Ability by model and kind, (models, kinds)."""
        every = np.arange(len(self.index))
        by_kind = [self._abilities(every, [[k]] * len(every)) @ self._effects for k in range(len(KINDS))]
        return np.stack(by_kind, axis=1)

    def sd(self) -> Floats:
        """Posterior standard deviation of each model's ability overall, (models,)."""
        solved = self._factor.solve(self._overall.T.toarray()).T
        variance: Floats = np.asarray(self._overall.multiply(solved).sum(axis=1), np.float64).ravel()
        return np.sqrt(variance)

    def logit_of(self, figure: Figure) -> float | None:
        """What to expect of a figure, on the logit scale; None for a column that nothing is known of."""
        column = self._columns.get(figure.column)
        if column is None:
            return None
        row = self._abilities(np.array([self.index[figure.model]]), [_kinds(figure)])
        ability = float((row @ self._effects)[0])
        return float(self._effects[self._start["column"] + column] + self._slope[column] * ability)

    def _knacks_of(self, figures: Sequence[Figure]) -> dict[str, Ints]:
        """The number of each figure's knack of source, category and release."""
        keys: dict[str, list[Hashable]] = {"source": [], "category": [], "release": []}
        for figure in figures:
            base = int(self._base[self.index[figure.model]])
            category, _, release = figure.column.rpartition("/")
            source = figure.column.split("/")[0]
            keys["source"].append((base, source))
            keys["category"].append((base, category))
            keys["release"].append((base, source, release))
        return {name: _numbered(found) for name, found in keys.items()}

    def _lay_out(self) -> tuple[dict[str, int], Floats]:
        """Where each kind of effect starts in the vector of all, and how strongly each is drawn to 0."""
        s, bases, kinds = self._scatter, len(self._traits), len(KINDS)
        sizes = {
            "column": (len(self._columns), _FREE),
            "trait": (self._traits.shape[1], _TRAIT),
            "base": (bases, s.base),
            "step": (len(_EFFORTS), _STEP),
            "step_by_kind": (len(_EFFORTS) * kinds, s.step_by_kind),
            "departure": (bases * kinds, s.departure),
            "odd": (len(self.index), s.odd),
            **{name: (int(group.max()) + 1, getattr(s, name)) for name, group in self._knacks.items()},
        }
        ends = np.cumsum([size for size, _ in sizes.values()])
        start = dict(zip(sizes, (ends - [size for size, _ in sizes.values()]).tolist(), strict=True))
        return start, np.concatenate([np.full(size, sd**-2.0) for size, sd in sizes.values()])

    def _abilities(self, model: Ints, kinds: Sequence[Sequence[int]]) -> csr_matrix:
        """Rows whose product with the effects is a model's mean ability over `kinds`; overall for none."""
        at, base, effort, start = np.arange(len(model)), self._base[model], self._effort[model], self._start
        one = np.ones(len(model))
        parts: list[_Part] = [
            (at, start["trait"] + j, self._traits[base, j]) for j in range(self._traits.shape[1])
        ]
        parts += [
            (at, start[name] + who, one) for name, who in (("base", base), ("step", effort), ("odd", model))
        ]
        sizes = np.array([len(row) for row in kinds])
        of, kind = np.repeat(at, sizes), np.array([k for row in kinds for k in row], np.int64)
        share = np.repeat(1 / np.maximum(sizes, 1), sizes)
        parts += [
            (of, start[name] + who[of] * len(KINDS) + kind, share)
            for name, who in (("step_by_kind", effort), ("departure", base))
        ]
        return self._sparse(parts, len(model))

    def _sparse(self, parts: Sequence[_Part], rows: int) -> csr_matrix:
        spread = [np.broadcast_arrays(*part) for part in parts]
        row, column, value = (np.concatenate(each) for each in zip(*spread, strict=True))
        return coo_matrix((value, (row, column)), (rows, len(self._precision))).tocsr()

    def _solve(self, figures: Sequence[Figure]) -> None:
        score = np.clip([figure.score for figure in figures], _CLIP, 1 - _CLIP)
        y, counting = logit(score), 1 / (_PROMPTS * score * (1 - score))
        model = np.array([self.index[figure.model] for figure in figures], np.int64)
        column = np.array([self._columns[figure.column] for figure in figures], np.int64)
        row, one = np.arange(len(figures)), np.ones(len(figures))
        able = self._abilities(model, [_kinds(figure) for figure in figures])
        easy = self._sparse([(row, self._start["column"] + column, one)], len(figures))
        knack = self._sparse(
            [(row, self._start[name] + group, one) for name, group in self._knacks.items()], len(figures)
        )
        self._overall = self._abilities(np.arange(len(self.index)), [()] * len(self.index))
        worse, better = np.array(self._pairs, np.int64).reshape(-1, 2).T
        gaps = self._overall[better] - self._overall[worse]
        crossed = np.zeros(len(worse), bool)
        self._slope, variance = np.ones(len(self._columns)), np.full(len(self._columns), _NOISE)
        for turn in range(_TURNS):
            weight: Floats = 1 / (variance[column] + counting)
            if turn:
                told = able @ self._effects, y - knack @ self._effects
                self._slope = _slopes(*told, column, weight, self._scatter.slope)
                crossed |= gaps @ self._effects < 0
            design = easy + diags(self._slope[column]) @ able + knack
            together = gaps[np.flatnonzero(crossed)] / self._scatter.order
            system = design.T @ diags(weight) @ design + diags(self._precision) + together.T @ together
            self._factor = splu(
                system.tocsc(),
                permc_spec="MMD_AT_PLUS_A",
                diag_pivot_thresh=0.0,
                options={"SymmetricMode": True},
            )
            self._effects: Floats = self._factor.solve(design.T @ (weight * y))
            square = np.maximum(np.square(y - design @ self._effects) - counting / 2, 0.0)
            variance = _variances(square, column, len(self._columns))


def _base_and_effort(model: str) -> tuple[str, str]:
    base, _, effort = model.partition("@")
    return base, effort or ("medium" if output_ratio(base) > 1 else _UNASKED)


def _first_seen(figures: Sequence[Figure]) -> dict[str, float]:
    """The year, with its fraction, of the first dated figure of each model, whatever its effort."""
    first: dict[str, float] = {}
    for figure in figures:
        base, year, month = figure.model.partition("@")[0], figure.day[:4], figure.day[5:7]
        if year.isdigit():
            when = int(year) + (int(month) if month.isdigit() else 6) / 12
            first[base] = min(when, first.get(base, when))
    return first


def _kinds(figure: Figure) -> list[int]:
    return [KINDS.index(kind) for kind in figure.kinds]


def _numbered(keys: Sequence[Hashable]) -> Ints:
    index: dict[Hashable, int] = {}
    return np.array([index.setdefault(key, len(index)) for key in keys], np.int64)


def _slopes(ability: Floats, y: Floats, column: Ints, weight: Floats, sd: float) -> Floats:
    """Slope of y on ability in each column, drawn to 1."""
    total = np.bincount(column, weight)
    run, rise = (
        np.bincount(column, weight * (ability - (np.bincount(column, weight * ability) / total)[column]) * v)
        for v in (ability, y)
    )
    slopes: Floats = np.clip((rise + sd**-2.0) / (run + sd**-2.0), *_SLOPES)
    return slopes


def _variances(square: Floats, column: Ints, columns: int) -> Floats:
    count = np.bincount(column, minlength=columns)
    variance: Floats = (np.bincount(column, square, columns) + _NOISE_WORTH * _NOISE) / (count + _NOISE_WORTH)
    return variance
