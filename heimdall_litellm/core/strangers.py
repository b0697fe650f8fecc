"""What to expect of a candidate, and how that is known: from the most certain source to the least.

    user         what the configuration states
    outcomes     measured in training, on prompts that this model answered
    published    published figures of this model
    family       an older version of the same family and tier stands for it
    price-class  the lower part of the known models that cost about as much
    unknown      the lower third of all known models

What a model nobody knows costs is the one thing always known of it, and it tells a good deal: what people pay
more for is better on the whole. A bundle holds what to expect by price and cluster, never less for a higher
price. Beyond the prices it was fitted on it stays flat, so that neither giving a model away nor asking an
absurd price buys an extreme verdict; a price of 0 counts as the lowest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Final

import numpy as np

from heimdall_litellm.core.quality import QualityTable
from heimdall_litellm.core.types import Basis, CatalogEntry, FloatArray

GUESSED: Final[Mapping[Basis, str]] = {
    "user": "as the configuration states",
    "family": "from an older version of its family",
    "price-class": "from its price class",
    "unknown": "a guess: neither it nor its price is known",
}
"""Where a quality that isn't this model's own comes from, in words."""

_UNKNOWN_QUANTILE: Final = 0.3
"""A model of which not even the price is known is taken for one in the lower third: caution, not contempt."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What to expect of a candidate: `quality` and output `tokens` by cluster, (clusters,) each."""

    quality: FloatArray
    tokens: FloatArray
    basis: Basis


@dataclass(frozen=True, slots=True)
class Expectations:
    """A quality table, made ready to be asked. `of_table` makes one."""

    table: QualityTable
    shrunk: FloatArray
    unknown: FloatArray
    usual_tokens: FloatArray
    index: Mapping[str, int]

    @classmethod
    def of_table(cls, table: QualityTable) -> Expectations:
        """Work out what is asked for again and again."""
        shrunk = table.shrunk()
        return cls(
            table,
            shrunk,
            np.quantile(shrunk, _UNKNOWN_QUANTILE, axis=0).astype(np.float32),
            np.median(table.tokens, axis=0).astype(np.float32),
            {name: i for i, name in enumerate(table.models)},
        )

    def of(self, entry: CatalogEntry, known_as: str | None, kin: str | None) -> Expected:
        """Say what to expect of a model.

        `known_as` is the table's name for it, `kin` its name for an older version; None where it has none.
        """
        basis = self.basis_of(entry, known_as, kin)
        at = next(
            (self.index[name] for name in (known_as, kin) if name is not None and name in self.index), None
        )
        tokens = self.usual_tokens if at is None else self.table.tokens[at]
        classes, usd = self.table.price_classes, entry.output_usd_per_mtok
        if basis == "user":
            return Expected(np.full_like(self.unknown, entry.quality_override), tokens, basis)
        if at is not None:
            return Expected(self.shrunk[at], tokens, basis)
        if basis == "price-class" and classes is not None and usd is not None:
            return Expected(classes.at(usd), tokens, basis)
        return Expected(self.unknown, tokens, basis)

    def basis_of(self, entry: CatalogEntry, known_as: str | None, kin: str | None) -> Basis:
        """Say how the quality of a model is known; arguments as for `of`."""
        if entry.quality_override is not None:
            return "user"
        if known_as is not None and known_as in self.index:
            return "outcomes" if self.table.count[self.index[known_as]].any() else "published"
        if kin in self.index:
            return "family"
        usd = entry.output_usd_per_mtok
        is_priced = usd is not None and isfinite(usd) and usd >= 0
        return "price-class" if is_priced and self.table.price_classes is not None else "unknown"
