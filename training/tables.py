"""The tables of a bundle: quality and expected output tokens, by model and cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.abilities import Worth
from training.verbosity import output_ratio

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]

_LADDER = ("none", "minimal", "low", "medium", "high", "xhigh")


@dataclass(frozen=True, slots=True)
class Tables:
    """Arrays `mean`, `count`, `prior` and `tokens`, (models, clusters), as in `core.quality.QualityTable`.

    `by_kind` (models, kinds) is quality by kind of task, `outcomes` (models,) how many stand behind it.
    """

    models: tuple[str, ...]
    arrays: dict[str, Matrix]
    by_kind: Matrix
    outcomes: NDArray[np.int32]


def bundle_tables(found: Worth, written: Floats, kappa: float) -> Tables:
    """Lay out what was fitted; `written` are expected output tokens, (models, clusters)."""
    named = {"mean": found.mean, "count": found.count, "prior": found.prior, "tokens": written}
    arrays = {name: values.astype(np.float32) for name, values in named.items()}
    _order_efforts(found.models, arrays, kappa)
    by_kind = found.by_kind.astype(np.float32)
    for members in _ladders(found.models):
        by_kind[members] = np.maximum.accumulate(by_kind[members], axis=0)
    return Tables(found.models, arrays, by_kind, found.count.sum(axis=1).astype(np.int32))


def _ladders(models: Sequence[str]) -> list[list[int]]:
    """Rows of each model's efforts, in the order of how hard it thinks."""
    families: dict[str, list[tuple[int, int]]] = {}
    for i, name in enumerate(models):
        base, _, effort = name.partition("@")
        unasked = "medium" if output_ratio(base) > 1 else "none"
        families.setdefault(base, []).append((_LADDER.index(effort or unasked), i))
    return [[i for _, i in sorted(members)] for members in families.values()]


def _order_efforts(models: Sequence[str], arrays: Mapping[str, Matrix], kappa: float) -> None:
    """Let no model be expected to do worse by thinking harder. (It writes more by `verbosity.py`.)

    Efforts of one model are often known from different sources, and the noise is larger than what the effort
    does. A name without an effort stands for medium if the model thinks unasked, for none if it doesn't.
    Where the higher effort looks worse, its own evidence gives way to that of the lower.
    """
    for members in _ladders(models):
        floor = np.zeros(arrays["prior"].shape[1], np.float32)
        for i in members:
            count, mean = arrays["count"][i], arrays["mean"][i]
            quality = (count * mean + kappa * arrays["prior"][i]) / (count + kappa)
            worse = quality < floor
            arrays["count"][i][worse] = 0.0
            arrays["prior"][i][worse] = floor[worse]
            floor = np.maximum(floor, quality)
