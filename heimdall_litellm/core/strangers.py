"""What to expect of a candidate, and how that is known: from the most certain source to the least.

    user         what the configuration states
    outcomes     measured in training, on prompts that this model answered
    published    published figures of this model
    family       a relative stands for it, if its price doesn't speak for more
    price-class  the lower part of the known models that cost about as much
    unknown      the lower third of all known models

What a model nobody knows costs is the one thing always known of it, and it tells a good deal: what people pay
more for is better on the whole. A bundle holds what to expect by price and cluster, never less for a higher
price. Beyond the prices it was fitted on it stays flat, so that neither giving a model away nor asking an
absurd price buys an extreme verdict; a price of 0 counts as the lowest.

A relative is an older version of the same family and tier, or the plain sister of a *pro*. New versions are
seldom worse, but what is known of an old one may rest on little: so it counts at least as much as the price.

A model that was only tried while it thought harder than it will be asked to is expected to do worse, by what
its thinking is worth in models that were tried both ways, on the scale of log-odds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Final, TypeGuard

import numpy as np

from heimdall_litellm.core.quality import QualityTable
from heimdall_litellm.core.types import Basis, CatalogEntry, Effort, FloatArray

GUESSED: Final[Mapping[Basis, str]] = {
    "user": "as the configuration states",
    "family": "from a relative of its family",
    "price-class": "from its price class",
    "unknown": "a guess: neither it nor its price is known",
}
"""Where a quality that isn't this model's own comes from, in words."""

_THOUGHT: Final[Mapping[str, float]] = {
    "none": 0.0,
    "minimal": 0.23,
    "low": 0.35,
    "medium": 0.58,
    "high": 0.69,
    "xhigh": 0.84,
}
"""Log-odds that thinking adds, by effort: `python -m training strangers` measures the steps."""

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

    def of(
        self, entry: CatalogEntry, known_as: str | None, kin: str | None, effort: Effort | None = None
    ) -> Expected:
        """Say what to expect of a model asked to think at an `effort`, None for as it does unasked.

        `known_as` is the table's name for it, `kin` its name for a relative; None where it has none.
        """
        basis = self.basis_of(entry, known_as, kin)
        name = next((name for name in (known_as, kin) if name in self.index), None)
        at = None if name is None else self.index[name]
        tokens = self.usual_tokens if at is None else self.table.tokens[at]
        classes, usd = self.table.price_classes, entry.output_usd_per_mtok
        if basis == "user":
            return Expected(np.full_like(self.unknown, entry.quality_override), tokens, basis)
        by_price = classes.at(usd) if classes is not None and is_price(usd) else None
        if name is not None and at is not None:
            quality = at_effort(self.shrunk[at], name, effort)
            if basis == "family" and by_price is not None:
                quality = np.maximum(quality, by_price)
            return Expected(quality, tokens, basis)
        return Expected(self.unknown if by_price is None else by_price, tokens, basis)

    def basis_of(self, entry: CatalogEntry, known_as: str | None, kin: str | None) -> Basis:
        """Say how the quality of a model is known; arguments as for `of`."""
        if entry.quality_override is not None:
            return "user"
        if known_as is not None and known_as in self.index:
            return "outcomes" if self.table.count[self.index[known_as]].any() else "published"
        if kin in self.index:
            return "family"
        is_priced = is_price(entry.output_usd_per_mtok)
        return "price-class" if is_priced and self.table.price_classes is not None else "unknown"


def is_price(usd: float | None) -> TypeGuard[float]:
    """Whether a price says anything of a model's class."""
    return usd is not None and isfinite(usd) and usd >= 0


def at_effort(quality: FloatArray, name: str, effort: Effort | None) -> FloatArray:
    """Quality of a model at an effort, from that of the table's row `name`, which may state a higher one."""
    stated = name.partition("@")[2]
    less = _THOUGHT.get(stated, 0.0) - _THOUGHT[effort or "medium"]
    if less <= 0.0:
        return quality
    odds = np.exp(-less) * quality
    lower: FloatArray = (odds / (1 - quality + odds)).astype(np.float32)
    return lower
