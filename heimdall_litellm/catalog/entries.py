"""Catalog entries: what decisions are made from. They are the entries of the cards that `merge` makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from heimdall_litellm.catalog.listings_index import ListingsIndex
from heimdall_litellm.catalog.map_index import MapIndex
from heimdall_litellm.catalog.merge import NO_LISTINGS, card_of, merge
from heimdall_litellm.catalog.price_map import PriceMap
from heimdall_litellm.core.types import CatalogEntry


def entries_from_model_list(
    model_list: Sequence[Mapping[str, object]],
    price_map: PriceMap,
    environ: Mapping[str, str],
    *,
    assume_credentials: bool = False,
    listings: ListingsIndex = NO_LISTINGS,
) -> tuple[CatalogEntry, ...]:
    """Return one entry for each chat model group, in the order in which the groups first appear.

    Without `listings` from live sources the price map alone stands behind what the user says. Wildcard groups
    and groups for embeddings, images and the like are left out. With `assume_credentials` none is missing.
    Raises CatalogError naming the group and the key.
    """
    merged = merge(model_list, price_map, environ, listings=listings, assume_credentials=assume_credentials)
    return tuple(card.entry for card in merged.cards.values())


def entries_from_names(names: Iterable[str], price_map: PriceMap) -> list[CatalogEntry]:
    """Return entries for models known by name alone, at the maker's price or the median host's."""
    by_map = MapIndex(price_map)
    return [replace(card_of(name, price_map, by_map).entry, name=name) for name in names]
