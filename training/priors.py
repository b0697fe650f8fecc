"""What is known of a model without any outcome: published figures per category.

Published scores are on many scales: each column (source, category, date) has its own. On the
logit scale a score is a model's ability plus the column's easiness (a Rasch model), and a
model's ability in a kind of task departs a little from its ability overall:

    logit(score[m, col]) = θ[m] + easiness[col] + δ[m, kind of col] + noise

θ and easiness come from alternating ridge fits. Columns differ in how much they agree with the others (a
share of tool calls rightly not made says little of a model), so each counts by the inverse of its variance.
δ is the mean residual of the model's columns of that kind, shrunk by n / (n + 3). `abilities.py` puts them
on the scale of the outcomes.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from heimdall_litellm.errors import ConfigError
from training.kinds import KINDS, kinds_of_category

Floats = NDArray[np.float64]

_SWEEPS = 50
_RIDGE, _COLUMN_RIDGE, _DELTA_SHRINK = 0.3, 0.1, 3.0
_NOISE, _NOISE_SHRINK = 0.3, 4.0
"""Variance of a column of which little is known, and how many scores that is worth."""
_MIN_COLUMNS = 2


@dataclass(frozen=True, slots=True)
class Published:
    """Ability per model and kind on the logit scale, (models, kinds)."""

    models: tuple[str, ...]
    values: Floats


@dataclass(frozen=True, slots=True)
class Figure:
    """One published score, 0..1, of a model in a column that is about some `kinds` of task.

    `day` is its date as the file has it, ISO if it is one.
    """

    model: str
    column: str
    kinds: tuple[str, ...]
    score: float
    day: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """How much is published of a model: the number of columns, and the newest one's date, if any has one."""

    columns: int
    latest: date | None


def load_priors(path: Path, canonical: Callable[[str], str]) -> list[Figure]:
    """Read `model, source, category, score, date`; what is about no kind of task is left out.

    Scores above 1 are percentages. Raises ConfigError if the file is not of this form.
    """
    rows = []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                kinds = kinds_of_category(row["category"])
                if not kinds:
                    continue
                column = f"{row['source']}/{row['category']}/{row['date']}"
                rows.append(Figure(canonical(row["model"]), column, kinds, float(row["score"]), row["date"]))
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise ConfigError(
            f"Can't read priors from '{path}': {error}; wanted model, source, category, score, date."
        ) from error
    percent = {row.column for row in rows if row.score > 1.0}
    scaled = [replace(row, score=row.score / 100) if row.column in percent else row for row in rows]
    return [row for row in scaled if 0.0 <= row.score <= 1.0]


def evidence(rows: Sequence[Figure]) -> dict[str, Evidence]:
    """Say of each model that `fit_published` keeps how much is published of it."""
    columns: dict[str, set[str]] = defaultdict(set)
    latest: dict[str, date] = {}
    for row in rows:
        columns[row.model].add(row.column)
        with suppress(ValueError):
            day = date.fromisoformat(row.day)
            latest[row.model] = max(latest.get(row.model, day), day)
    return {
        model: Evidence(len(found), latest.get(model))
        for model, found in columns.items()
        if len(found) >= _MIN_COLUMNS
    }


def fit_published(rows: Sequence[Figure]) -> Published:
    """Fit θ and δ by the formula above. Models seen in fewer than two columns are left out."""
    columns_of: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        columns_of[row.model].add(row.column)
    rows = [row for row in rows if len(columns_of[row.model]) >= _MIN_COLUMNS]
    models = sorted({row.model for row in rows})
    columns = sorted({row.column for row in rows})
    m_at = {name: i for i, name in enumerate(models)}
    c_at = {name: i for i, name in enumerate(columns)}
    m = np.array([m_at[row.model] for row in rows], int)
    c = np.array([c_at[row.column] for row in rows], int)
    y = logit(np.clip([row.score for row in rows], 0.02, 0.98))
    theta, easiness, weight = np.zeros(len(models)), np.zeros(len(columns)), np.ones(len(rows))
    for _ in range(_SWEEPS):
        easiness = _group_mean(y - theta[m], c, len(columns), _COLUMN_RIDGE, weight)
        theta = _group_mean(y - easiness[c], m, len(models), _RIDGE, weight)
        square = np.square(y - theta[m] - easiness[c])
        count = np.bincount(c, minlength=len(columns))
        variance = (np.bincount(c, square, len(columns)) + _NOISE_SHRINK * _NOISE) / (count + _NOISE_SHRINK)
        weight = _NOISE / variance[c]
    kinds = [(i, KINDS.index(kind)) for i, row in enumerate(rows) for kind in row.kinds]
    at, kind = np.array(kinds, int).reshape(-1, 2).T
    residual = (y - theta[m] - easiness[c])[at]
    cells = len(models) * len(KINDS)
    delta = _group_mean(residual, m[at] * len(KINDS) + kind, cells, _DELTA_SHRINK, weight[at])
    return Published(tuple(models), theta[:, None] + delta.reshape(len(models), len(KINDS)))


def _group_mean(values: Floats, group: NDArray[np.int64], count: int, ridge: float, weight: Floats) -> Floats:
    total = np.bincount(group, weights=values * weight, minlength=count)
    result: Floats = total / (np.bincount(group, weights=weight, minlength=count) + ridge)
    return result
