"""`priors.npz`: quality by kind of task, what it rests on, and what to expect of a model by its price.

    by_kind        (models, kinds)     quality 0..1 on the scale of the outcomes; the manifest names the kinds
    outcomes       (models,)           prompts it answered in training
    published      (models,)           columns of published figures
    latest         (models,)           date of the newest of these as a number, YYYYMMDD; 0 for none
    usd            (prices,)           rising, USD per million output tokens; none where too few have a price
    price_quality  (prices, clusters)  what to expect at that price, never less than at a lower one
    price_by_kind  (prices, kinds)     the same by kind of task

Models are in the order of `models.json`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import cast

import numpy as np
from numpy.typing import NDArray

from heimdall_litellm.bundle.layout import PRIORS
from heimdall_litellm.bundle.verify import Arrays, VerifiedFiles, read_arrays, take
from heimdall_litellm.core.quality import PriceClasses
from heimdall_litellm.core.types import FloatArray
from heimdall_litellm.errors import BundleDamaged

_SHARES = (0.0, 1.0 + 1e-4)
_COUNTS = (0, 10**9)
_USD = (1e-6, 1e6)
_MOST_PRICES = 1_000

Counts = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class PriorTable:
    """Quality by kind of task, and what stands behind a model's figures; rows as in `QualityTable.models`."""

    kinds: tuple[str, ...]
    by_kind: FloatArray
    outcomes: Counts
    published: Counts
    latest: Counts
    price_classes: PriceClasses | None
    """By kind of task."""

    def kinds_for(self, usd: float) -> dict[str, float]:
        """Quality by kind to expect at a price, USD per million output tokens; empty where nobody knows."""
        return {} if self.price_classes is None else self.named(self.price_classes.at(usd))

    def latest_at(self, at: int) -> date | None:
        """Date of the newest published figure of the model in a row."""
        found = int(self.latest[at])
        return date(found // 10_000, found // 100 % 100, found % 100) if found else None

    def named(self, values: FloatArray) -> dict[str, float]:
        """Name the values (kinds,) of a model's row or of a price."""
        return dict(zip(self.kinds, np.clip(values, 0.0, 1.0).tolist(), strict=True))


def read_priors(files: VerifiedFiles) -> tuple[PriorTable | None, PriceClasses | None]:
    """Read the table of priors, and what to expect by price and cluster. Raises BundleDamaged.

    Both are None for a bundle of a format that has no such file, and the second where it has no prices.
    """
    if PRIORS not in files.contents:
        return None, None
    manifest, arrays = files.manifest, read_arrays(files, PRIORS)
    models, kinds = (manifest.models,), len(manifest.kinds)
    usd = cast(FloatArray, take(arrays, "usd", (None,), np.float32, _USD))
    if len(usd) > _MOST_PRICES or not (np.diff(usd) > 0).all():
        raise BundleDamaged(f"The bundle's array 'usd' must hold at most {_MOST_PRICES} rising prices.")
    by_cluster = _classes(arrays, "price_quality", usd, manifest.clusters)
    by_kind = _classes(arrays, "price_by_kind", usd, kinds)
    table = PriorTable(
        manifest.kinds,
        cast(FloatArray, take(arrays, "by_kind", (*models, kinds), np.float32, _SHARES)),
        cast(Counts, take(arrays, "outcomes", models, np.int32, _COUNTS)),
        cast(Counts, take(arrays, "published", models, np.int32, _COUNTS)),
        _dates(cast(Counts, take(arrays, "latest", models, np.int32))),
        by_kind,
    )
    return table, by_cluster


def _classes(arrays: Arrays, name: str, usd: FloatArray, columns: int) -> PriceClasses | None:
    quality = cast(FloatArray, take(arrays, name, (len(usd), columns), np.float32, _SHARES))
    if not (np.diff(quality, axis=0) >= 0).all():
        raise BundleDamaged(f"The bundle's array '{name}' must not fall as the price rises.")
    return PriceClasses(usd, quality) if len(usd) else None


def _dates(latest: Counts) -> Counts:
    try:
        for number in np.unique(latest[latest != 0]).tolist():
            date(number // 10_000, number // 100 % 100, number % 100)
    except ValueError as error:
        raise BundleDamaged(f"The bundle's array 'latest' holds what is no date: {error}.") from error
    return latest
