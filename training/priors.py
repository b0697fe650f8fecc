"""Published figures: what they say of a model that nobody has outcomes of.

Scores are on many scales: each column (source, category, date) has its own. `published.py` puts them on one,
and `abilities.py` puts that on the scale of the outcomes.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from heimdall_litellm.errors import ConfigError
from training.kinds import kinds_of_category

_REMARK: Final = re.compile(r"\s*\([^)]*\)$")
_MIN_COLUMNS = 2


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

    Scores above 1 are percentages. Of a model that was asked in several ways, told apart by a remark in
    brackets ("(FC)", "(Prompt)"), the best figure counts: nobody asks in the worse way. Raises ConfigError
    if the file is not of this form.
    """
    best: dict[tuple[str, str, str], Figure] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                kinds = kinds_of_category(row["category"])
                if not kinds:
                    continue
                column = f"{row['source']}/{row['category']}/{row['date']}"
                name = row["model"]
                figure = Figure(canonical(name), column, kinds, float(row["score"]), row["date"])
                key = figure.model, column, _REMARK.sub("", name)
                best[key] = max(best.get(key, figure), figure, key=lambda one: one.score)
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise ConfigError(
            f"Can't read priors from '{path}': {error}; wanted model, source, category, score, date."
        ) from error
    rows = list(best.values())
    percent = {row.column for row in rows if row.score > 1.0}
    scaled = [replace(row, score=row.score / 100) if row.column in percent else row for row in rows]
    return [row for row in scaled if 0.0 <= row.score <= 1.0]


def evidence(rows: Sequence[Figure]) -> dict[str, Evidence]:
    """Say of each model with figures in two columns or more how much is published of it."""
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
