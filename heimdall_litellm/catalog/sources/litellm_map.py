"""LiteLLM's price map: bundled with it, works offline, and is what all else is laid over."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Final

from heimdall_litellm.catalog.facts import Value
from heimdall_litellm.catalog.price_map import SAMPLE
from heimdall_litellm.catalog.sources.reading import Collector, day, mapping, usd_per_mtok
from heimdall_litellm.catalog.sources.source import Page, Rank

PRICE_KEYS: Final = {
    "input_cost_per_token": "input_usd_per_mtok",
    "output_cost_per_token": "output_usd_per_mtok",
    "cache_read_input_token_cost": "cache_read_usd_per_mtok",
    "cache_creation_input_token_cost": "cache_write_usd_per_mtok",
}
WINDOW_KEYS: Final = {"max_input_tokens": "max_input_tokens", "max_output_tokens": "max_output_tokens"}
CLAIM_KEYS: Final = {
    "supports_vision": "has_vision",
    "supports_audio_input": "has_audio",
    "supports_pdf_input": "has_files",
    "supports_function_calling": "has_tools",
    "supports_response_schema": "has_json",
    "supports_reasoning": "is_reasoning",
}
_CHAT_MODES: Final = frozenset({"chat", "completion", "responses"})


def facts_of(raw: Mapping[str, object]) -> dict[str, Value]:
    """Return what an entry of the price map says, in the catalog's own words.

    The map is LiteLLM's own and its zeros are meant: it leaves out what it doesn't know.
    """
    facts: dict[str, Value] = {}
    priced = with_first_tier(raw)
    for key, name in PRICE_KEYS.items():
        if (price := number(priced.get(key))) is not None:
            facts[name] = usd_per_mtok(price)
    for key, name in WINDOW_KEYS.items():
        if (tokens := number(raw.get(key))) is not None:
            facts[name] = int(tokens)
    for key, name in CLAIM_KEYS.items():
        if isinstance(claim := raw.get(key), bool):
            facts[name] = claim
    if (retires := day(raw.get("deprecation_date"))) is not None:
        facts["retires"] = retires
    return facts


def with_first_tier(raw: Mapping[str, object]) -> Mapping[str, object]:
    """Return an entry with the prices of its first tier, where it has prices by the size of the input.

    LiteLLM bills a whole request, its answer too, at the tier of its input, and tiers come before flat
    prices. The first tier holds the shortest inputs, as most are.
    """
    tiers = raw.get("tiered_pricing")
    found = [
        (start, tier)
        for tier in (tiers if isinstance(tiers, (list, tuple)) else ())
        if "input_cost_per_token" in mapping(tier) and (start := _start(tier.get("range"))) is not None
    ]
    if not found:
        return raw
    _, first = min(found, key=lambda pair: pair[0])
    return {**raw, **{key: first[key] for key in PRICE_KEYS if key in first}}


def _start(span: object) -> float | None:
    return number(span[0]) if isinstance(span, (list, tuple)) and len(span) == 2 else None


def named(name: str, raw: Mapping[str, object]) -> tuple[str, str] | None:
    """Return the provider of an entry and the model's name there; None for what is no model.

    The router registers deployments in the live map too, with their ids.
    """
    provider = raw.get("litellm_provider")
    if not isinstance(provider, str) or name == SAMPLE or "id" in raw:
        return None
    return provider, name.removeprefix(f"{provider}/")


def number(value: object) -> float | None:
    """Return a number that is 0 or more, else None."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value < inf else None


class LiteLLMMap:
    """The map as a source among others. What is merged is the map itself, looked up model by model."""

    name = "litellm"
    rank = Rank.PRICE_MAP
    url = None
    hosts: frozenset[str] = frozenset()

    def credentials(self, environ: Mapping[str, str]) -> Mapping[str, str]:  # noqa: ARG002 - asks nobody
        """Nothing is asked, so nothing is needed."""
        return {}

    def read(self, answer: object) -> Page:
        """Read a price map: an object from a model's name to its properties."""
        if not isinstance(answer, Mapping):
            raise ValueError("a price map is an object from model name to its properties")
        found = Collector()
        for model, raw in answer.items():
            name = named(model, mapping(raw))
            if name is None:
                found.skip()
            elif mapping(raw).get("mode") in _CHAT_MODES:
                found.add(*name, facts_of(mapping(raw)).items())
        return Page(found.listings, found.skipped)
