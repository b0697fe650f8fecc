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
    """Arrays `mean`, `count`, `prior` and `tokens`, (models, clusters), as in `core.quality.QualityTable`."""

    models: tuple[str, ...]
    arrays: dict[str, Matrix]


def bundle_tables(found: Worth, written: Floats, kappa: float) -> Tables:
    """Lay out what was fitted; `written` are expected output tokens, (models, clusters)."""
    named = {"mean": found.mean, "count": found.count, "prior": found.prior, "tokens": written}
    arrays = {name: values.astype(np.float32) for name, values in named.items()}
    _order_efforts(found.models, arrays, kappa)
    return Tables(found.models, arrays)


def _order_efforts(models: Sequence[str], arrays: Mapping[str, Matrix], kappa: float) -> None:
    """Let no model be expected to do worse by thinking harder. (It writes more by `verbosity.py`.)

    Efforts of one model are often known from different sources, and the noise is larger than what the effort
    does. A name without an effort stands for medium if the model thinks unasked, for none if it doesn't.
    Where the higher effort looks worse, its own evidence gives way to that of the lower.
    """
    families: dict[str, list[tuple[int, int]]] = {}
    for i, name in enumerate(models):
        base, _, effort = name.partition("@")
        unasked = "medium" if output_ratio(base) > 1 else "none"
        families.setdefault(base, []).append((_LADDER.index(effort or unasked), i))
    for members in families.values():
        floor = np.zeros(arrays["prior"].shape[1], np.float32)
        for _, i in sorted(members):
            count, mean = arrays["count"][i], arrays["mean"][i]
            quality = (count * mean + kappa * arrays["prior"][i]) / (count + kappa)
            worse = quality < floor
            arrays["count"][i][worse] = 0.0
            arrays["prior"][i][worse] = floor[worse]
            floor = np.maximum(floor, quality)
