"""The engine as a command wants it: from a configuration, or from the bundle's models alone."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from heimdall_litellm.bundle import Bundle, default_path, load_bundle
from heimdall_litellm.catalog import load_price_map, match
from heimdall_litellm.catalog.entries import entries_from_names
from heimdall_litellm.config import Settings
from heimdall_litellm.core.types import CatalogEntry
from heimdall_litellm.engine import Heimdall
from heimdall_litellm.errors import ConfigError

DEFAULT_CONFIG: Final = Path("litellm_config.yaml")


@dataclass(frozen=True, slots=True)
class Session:
    """An engine to ask, and which candidates to ask it about; None = all."""

    engine: Heimdall
    source: str
    permitted: frozenset[str] | None = None


def open_session(
    config: str | None, bundle_dir: str | None, models: Sequence[str] | None, *, use_default: bool
) -> Session:
    """Build an engine that remembers no decision.

    With a configuration, `models` restricts its candidates; without one, `models` (or all models of
    the bundle) are the candidates, and no credentials are asked for. `use_default` takes the
    `litellm_config.yaml` of the current directory where neither is given. Raises HeimdallError.
    """
    if config is None and models is None and use_default and DEFAULT_CONFIG.is_file():
        config = str(DEFAULT_CONFIG)
    if config is None:
        bundle = load_bundle(bundle_dir)
        engine = Heimdall(Settings().without_cache(), bundle_entries(bundle, models), bundle)
        return Session(
            engine, f"the models of bundle {bundle.id}; no configuration, no credentials asked for"
        )
    engine = Heimdall.from_yaml(config, bundle=bundle_dir, is_caching=False)
    if models is None:
        return Session(engine, config)
    known = {name for virtual in engine.names for name in engine.candidate_names(virtual)}
    for name in models:
        if name not in known:
            raise _unknown(
                name, sorted(known), f"candidate of {config}", f"heimdall check {shlex.quote(config)}"
            )
    return Session(engine, config, frozenset(models))


def bundle_entries(bundle: Bundle, models: Sequence[str] | None) -> tuple[CatalogEntry, ...]:
    """Return catalog entries for models of a bundle, at the prices of LiteLLM's price map, else the bundle's.

    Other spellings of a name will do. Raises ConfigError for a model that the bundle doesn't know.
    """
    names = list(dict.fromkeys(bundle.models if models is None else models))
    for name in models or ():
        if match(name, bundle.models) is None:
            given = "" if bundle.path == default_path() else f" {shlex.quote(str(bundle.path))}"
            listing = f"heimdall bundle show{given}"
            raise _unknown(name, bundle.models, f"model of bundle {bundle.id}", listing)
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


def _unknown(name: str, known: Sequence[str], what: str, listing: str) -> ConfigError:
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else f"`{listing}` lists {len(known)}"
    return ConfigError(f"{name!r} is no {what}; {hint}")
