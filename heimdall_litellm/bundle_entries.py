"""Catalog entries for the models of a bundle: what there is to choose from without a configuration."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Sequence
from dataclasses import replace

from heimdall_litellm.bundle import Bundle, default_path
from heimdall_litellm.catalog import load_price_map, match
from heimdall_litellm.catalog.entries import entries_from_names
from heimdall_litellm.core.types import CatalogEntry
from heimdall_litellm.errors import ConfigError


def bundle_entries(bundle: Bundle, models: Sequence[str] | None) -> tuple[CatalogEntry, ...]:
    """Return catalog entries for models of a bundle, at the prices of LiteLLM's price map, else the bundle's.

    Other spellings of a name will do. Raises ConfigError for a model that the bundle doesn't know.
    """
    names = list(dict.fromkeys(bundle.models if models is None else models))
    for name in models or ():
        if match(name, bundle.models) is None:
            given = "" if bundle.path == default_path() else f" {shlex.quote(str(bundle.path))}"
            listing = f"heimdall bundle show{given}"
            raise unknown_model(name, bundle.models, f"model of bundle {bundle.id}", listing)
    parts = [name.partition("@") for name in names]
    found = entries_from_names([model for model, _, _ in parts], load_price_map())
    # A name with an effort stands for that effort in every bucket.
    return tuple(
        replace(
            _priced(entry, bundle), name=name, upstream=name, is_reasoning=entry.is_reasoning and not effort
        )
        for name, entry, (_, _, effort) in zip(names, found, parts, strict=True)
    )


def _priced(entry: CatalogEntry, bundle: Bundle) -> CatalogEntry:
    """Price a model that the price map no longer lists as the bundle does."""
    known = match(entry.name, bundle.prices)
    if known is None or (entry.input_usd_per_mtok is not None and entry.output_usd_per_mtok is not None):
        return entry
    input_usd, output_usd = bundle.prices[known]
    return replace(entry, input_usd_per_mtok=input_usd, output_usd_per_mtok=output_usd)


def unknown_model(name: str, known: Sequence[str], what: str, listing: str) -> ConfigError:
    """The error for a name that is not among `known`, with the closest ones; `listing` shows them all."""
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else f"`{listing}` lists {len(known)}"
    return ConfigError(f"{name!r} is no {what}; {hint}")
