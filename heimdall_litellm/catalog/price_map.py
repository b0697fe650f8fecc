"""LiteLLM's price map, as the installed package carries it.

It is read by path: importing LiteLLM would cost seconds and 300 MB.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from heimdall_litellm.errors import CatalogError

PriceMap = Mapping[str, Mapping[str, object]]

logger = logging.getLogger("heimdall_litellm")

FILE_NAME: Final = "model_prices_and_context_window_backup.json"

SAMPLE: Final = "sample_spec"
"""An entry of LiteLLM's map that explains the others, and is no model."""


def bundled_price_map_path() -> Path:
    """Return where the installed LiteLLM keeps its price map. Raises CatalogError without LiteLLM."""
    spec = find_spec("litellm")
    if spec is None or not spec.submodule_search_locations:
        raise CatalogError(
            "LiteLLM is not installed, so its price map cannot be read; run pip install litellm"
        )
    return Path(spec.submodule_search_locations[0]) / FILE_NAME


def load_price_map(path: str | Path | None = None) -> dict[str, Mapping[str, object]]:
    """Read a price map: the given file, or else the one of the installed LiteLLM.

    What is no model (the sample, generalisation rules) is left out. Raises CatalogError.
    """
    file = bundled_price_map_path() if path is None else Path(path)
    try:
        parsed = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise CatalogError(f"the price map {file} cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise CatalogError(f"the price map {file} is not valid JSON ({error})") from error
    if not isinstance(parsed, dict):
        raise CatalogError(f"the price map {file} must be an object from model name to its properties")
    return {
        name: facts
        for name, facts in parsed.items()
        if isinstance(facts, dict) and "litellm_provider" in facts and name != SAMPLE
    }


def as_loaded(live: Mapping[str, object], written: PriceMap, by_hand: PriceMap) -> PriceMap:
    """Copy a price map of a running LiteLLM, without what its routers have written into it.

    `written` holds by name the fields that were written since it was loaded; they come from the installed
    LiteLLM's file, if it has them. Those that the user has registered `by_hand` stay.
    """
    carried: PriceMap = {}
    if written:
        try:
            carried = load_price_map()
        except CatalogError as error:
            logger.warning("What deployments state of models is left out of the price map: %s", error)
    found = {}
    for name, facts in live.items():
        if isinstance(facts, Mapping) and name != SAMPLE:
            fields, whole = written.get(name, {}), carried.get(name, {})
            kept = {key: value for key, value in facts.items() if key not in fields}
            kept |= {key: whole[key] for key in fields if key in whole} | dict(by_hand.get(name, {}))
            if kept:
                found[name] = kept
    return found
