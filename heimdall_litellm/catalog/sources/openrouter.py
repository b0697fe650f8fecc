"""OpenRouter's public list: prices, windows, modalities and parameters of the models it sells on.

Its figures are OpenRouter's own offer. What they say of the same model elsewhere, `merge.py` decides.

A price of "0" counts where the model is marked free (`:free`); elsewhere it is what models show that have
no price yet, or are priced otherwise. "-1" is a router's, whose price depends on what it chooses. Prices
above a prompt of some length (`overrides`) are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from heimdall_litellm.catalog.sources.reading import Collector, items, mapping, names, per_mtok
from heimdall_litellm.catalog.sources.source import Page, Rank

_PRICES: Final = {
    "prompt": "input_usd_per_mtok",
    "completion": "output_usd_per_mtok",
    "input_cache_read": "cache_read_usd_per_mtok",
    "input_cache_write": "cache_write_usd_per_mtok",
}
_FREE: Final = ":free"

_FEWEST_TOKENS: Final = 256


class OpenRouter:
    """A public list that needs no key."""

    name = "openrouter"
    rank = Rank.RESELLER
    url = "https://openrouter.ai/api/v1/models"
    hosts = frozenset({"openrouter.ai"})

    def credentials(self, environ: Mapping[str, str]) -> Mapping[str, str]:  # noqa: ARG002 - a public list
        """No key is sent: the list is the same for everybody."""
        return {}

    def read(self, answer: object) -> Page:
        """Read `{"data": [{"id": …, "pricing": {…}, …}]}`."""
        found = Collector()
        for item in items(answer, "data"):
            model = mapping(item)
            # `~maker/model-latest` points at another model of the list, whichever is newest.
            if str(model.get("id", "")).startswith("~"):
                found.skip()
            elif _writes_text(model):
                found.add("openrouter", model.get("id"), _facts(model))
        return Page(found.listings, found.skipped)


def _writes_text(model: Mapping[str, object]) -> bool:
    """Say whether it is a model to chat with; where nothing is said of its output, it is."""
    written = names(mapping(model.get("architecture")).get("output_modalities"))
    return not written or "text" in written


def _facts(model: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    pricing, top = mapping(model.get("pricing")), mapping(model.get("top_provider"))
    is_free = str(model.get("id")).endswith(_FREE)
    for key, name in _PRICES.items():
        price = per_mtok(pricing.get(key))
        if price is not None and (price > 0 or is_free):
            yield name, price
    yield "max_input_tokens", _enough(_least(model.get("context_length"), top.get("context_length")))
    yield "max_output_tokens", _enough(top.get("max_completion_tokens"))
    taken = mapping(model.get("architecture")).get("input_modalities")
    if isinstance(taken, list):
        yield "has_vision", "image" in taken
        yield "has_audio", "audio" in taken
        yield "has_files", "file" in taken
    known = model.get("supported_parameters")
    if isinstance(known, list):
        yield "has_tools", "tools" in known
        yield "has_json", bool({"response_format", "structured_outputs"} & names(known))
        yield "is_reasoning", bool({"reasoning", "include_reasoning"} & names(known))
    yield "display_name", model.get("name")
    yield "created", model.get("created")
    yield "retires", model.get("expiration_date")


def _least(*values: object) -> int | None:
    """Return the smallest of those that are counts of tokens."""
    counts = [v for v in values if isinstance(v, int) and not isinstance(v, bool) and v > 0]
    return min(counts, default=None)


def _enough(tokens: object) -> object:
    """Leave out what no model can be, such as a window of ten tokens."""
    return tokens if not isinstance(tokens, (int, float)) or tokens >= _FEWEST_TOKENS else None
