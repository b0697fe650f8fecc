"""What is known of a model without any outcome: published figures per category.

Published scores are on many scales: each column (source, category, date) has its own. On the
logit scale a score is a model's ability plus the column's easiness (a Rasch model), and a
model's ability in a kind of task departs a little from its ability overall:

    logit(score[m, col]) = θ[m] + easiness[col] + δ[m, kind(col)] + noise

θ and easiness come from alternating ridge fits; δ is the mean residual of the model's columns of
that kind, shrunk by n / (n + 3). `abilities.py` puts them on the scale of the outcomes.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from heimdall_litellm.errors import ConfigError
from training.kinds import KINDS, kind_of_category

Floats = NDArray[np.float64]

_SWEEPS = 50
_RIDGE = 1.0
_DELTA_SHRINK = 3.0
_MIN_COLUMNS = 2


@dataclass(frozen=True, slots=True)
class Published:
    """Ability per model and kind on the logit scale, (models, kinds)."""

    models: tuple[str, ...]
    values: Floats


def load_priors(path: Path, canonical: Callable[[str], str]) -> list[tuple[str, str, str, float]]:
    """Read `model, source, category, score, date` as (model, column, kind, score 0..1).

    Scores above 1 are percentages. Raises ConfigError if the file is not of this form.
    """
    rows = []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                kind = kind_of_category(row["category"])
                if kind is None:
                    continue
                score = float(row["score"])
                column = f"{row['source']}/{row['category']}/{row['date']}"
                rows.append((canonical(row["model"]), column, kind, score))
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise ConfigError(
            f"Can't read priors from '{path}': {error}; wanted model, source, category, score, date."
        ) from error
    percent = {column for _, column, _, score in rows if score > 1.0}
    scaled = [(m, c, k, s / 100 if c in percent else s) for m, c, k, s in rows]
    return [row for row in scaled if 0.0 <= row[3] <= 1.0]


def fit_published(rows: Sequence[tuple[str, str, str, float]]) -> Published:
    """Fit θ and δ by the formula above. Models seen in fewer than two columns are left out."""
    columns_of: dict[str, set[str]] = defaultdict(set)
    for model, column, _, _ in rows:
        columns_of[model].add(column)
    rows = [row for row in rows if len(columns_of[row[0]]) >= _MIN_COLUMNS]
    models = sorted({row[0] for row in rows})
    columns = sorted({row[1] for row in rows})
    m_at = {name: i for i, name in enumerate(models)}
    c_at = {name: i for i, name in enumerate(columns)}
    m = np.array([m_at[row[0]] for row in rows], int)
    c = np.array([c_at[row[1]] for row in rows], int)
    k = np.array([KINDS.index(row[2]) for row in rows], int)
    y = logit(np.clip([row[3] for row in rows], 0.02, 0.98))
    theta, easiness = np.zeros(len(models)), np.zeros(len(columns))
    for _ in range(_SWEEPS):
        easiness = _group_mean(y - theta[m], c, len(columns), 0.1)
        theta = _group_mean(y - easiness[c], m, len(models), _RIDGE)
    residual = y - theta[m] - easiness[c]
    delta = _group_mean(residual, m * len(KINDS) + k, len(models) * len(KINDS), _DELTA_SHRINK)
    return Published(tuple(models), theta[:, None] + delta.reshape(len(models), len(KINDS)))


def _group_mean(values: Floats, group: NDArray[np.int64], count: int, ridge: float) -> Floats:
    total = np.bincount(group, weights=values, minlength=count)
    result: Floats = total / (np.bincount(group, minlength=count) + ridge)
    return result
