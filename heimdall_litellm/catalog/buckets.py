"""Proposing the three candidate lists from price and prior quality.

Used where the settings leave a list out. The rule, over all models with a credential (or all,
if none has one):

- *cheap*: the cheapest third by price, a blend of three input tokens to one output token;
- *hard*: the best third by prior quality;
- *mid*: what is neither, and those of *hard* that cost no more than it does. Where nothing is
  neither, all: the score then decides between the cheap and the good.

A third is rounded up, so that no bucket is empty. A model may stand in several: one that is
cheap and good should be asked for easy and for hard things. Models without a credential are
sorted in by the same limits, so that a key set later changes no list. A price nobody knows
counts as the dearest, a quality nobody knows as the median of those known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, inf
from statistics import median
from types import MappingProxyType
from typing import Final

from heimdall_litellm.core.types import Bucket, CatalogEntry

_NEUTRAL_QUALITY: Final = 0.5


def blended_usd_per_mtok(entry: CatalogEntry) -> float:
    """Return the price of three input tokens to one output token, USD per million; infinite if unknown."""
    if entry.input_usd_per_mtok is None or entry.output_usd_per_mtok is None:
        return inf
    return (3 * entry.input_usd_per_mtok + entry.output_usd_per_mtok) / 4


def propose_buckets(
    entries: Sequence[CatalogEntry], quality: Mapping[str, float]
) -> Mapping[Bucket, tuple[str, ...]]:
    """Sort model groups into buckets; `quality` is the prior, 0..1, by group name.

    Each list is in order of price, then of name. Every entry is in at least one list.
    """
    stated = {e.name: e.quality_override for e in entries if e.quality_override is not None}
    known = {e.name: quality[e.name] for e in entries if e.name in quality} | stated
    unknown = median(known.values()) if known else _NEUTRAL_QUALITY
    good = {entry.name: known.get(entry.name, unknown) for entry in entries}
    price = {entry.name: blended_usd_per_mtok(entry) for entry in entries}
    in_order = sorted(good, key=lambda name: (price[name], name))
    callable_now = [e.name for e in entries if e.missing_credential is None] or list(good)

    third = ceil(len(callable_now) / 3)
    cheap_limit = sorted(price[name] for name in callable_now)[:third][-1:]
    hard_limit = sorted((good[name] for name in callable_now), reverse=True)[:third][-1:]
    cheap = [name for name in in_order if [price[name]] <= cheap_limit]
    hard = [name for name in in_order if [good[name]] >= hard_limit]
    neither = [name for name in in_order if name not in cheap and name not in hard]
    if any(name in callable_now for name in neither):
        dearest = max(price[name] for name in neither)
        mid = [name for name in in_order if name in neither or (name in hard and price[name] <= dearest)]
    else:
        mid = in_order
    return MappingProxyType({"cheap": tuple(cheap), "mid": tuple(mid), "hard": tuple(hard)})
