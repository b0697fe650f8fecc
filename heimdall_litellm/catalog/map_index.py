"""Looking a deployment up in LiteLLM's price map.

OpenRouter and other resellers are missing from most of the map; they sell at about the maker's price, so the
maker's entry of the same model stands in, or that of the median host where its maker sells none. Of several
releases, windows and speeds of a model the very one counts, and any only where that one isn't listed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Final

from heimdall_litellm.background import give_way
from heimdall_litellm.catalog.identity import Identity, identify
from heimdall_litellm.catalog.price_map import PriceMap
from heimdall_litellm.catalog.sources.litellm_map import number, with_first_tier

Facts = Mapping[str, object]
_Model = str | tuple[str, str, str]
"""A canonical name, or that with release and offer."""

CHAT_MODES: Final = frozenset({"chat", "completion", "responses"})
_RESELLERS: Final = frozenset({"openrouter", "vercel_ai_gateway", "litellm_proxy"})
# Whose prices a reseller passes on, in this order.
# fmt: off
_MAKERS: Final = (
    "openai", "anthropic", "gemini", "deepseek", "xai", "mistral", "moonshot", "zai", "minimax", "meta_llama",
    "dashscope", "cohere_chat", "perplexity", "amazon_nova", "vercel_ai_gateway",
)
# fmt: on


class MapIndex:
    """The price map, also by canonical model name; that part is built when first asked."""

    def __init__(self, price_map: PriceMap) -> None:
        self.price_map = price_map

    def find(self, upstream: str, provider: str) -> tuple[str, Facts]:
        """Return the entry that speaks for a deployment, with its name; empty if none does."""
        price_map = self.price_map
        names = [upstream, f"{provider}/{upstream}", upstream.removeprefix(f"{provider}/")]
        # LiteLLM's router registers every deployment in its live map; what it knows nothing of stands
        # there empty, and must not hide what is known elsewhere.
        listed = [(name, price_map[name]) for name in names if name in price_map]
        found = next((each for each in listed if _has_price(each[1])), None)
        if found is None and provider in _RESELLERS:
            found = self._find(identify(upstream))
        return found or next(iter(listed), ("", {}))

    def by_model(self, upstream: str) -> Facts | None:
        """Return the maker's entry of a model, or that of the median host where its maker sells none."""
        found = self._find(identify(upstream))
        return None if found is None else found[1]

    def _find(self, wanted: Identity) -> tuple[str, Facts] | None:
        exactly = (wanted.canonical, wanted.release, wanted.offer)
        return self._best.get(exactly) or self._best.get(wanted.canonical)

    @cached_property
    def _best(self) -> dict[_Model, tuple[str, Facts]]:
        made: dict[_Model, tuple[int, int, str]] = {}
        hosted: dict[_Model, list[tuple[float, str]]] = {}
        for name, facts in list(self.price_map.items()):
            give_way()
            price = number(with_first_tier(facts).get("output_cost_per_token"))
            if not price or facts.get("mode") not in CHAT_MODES:
                continue
            found, provider = identify(name), str(facts.get("litellm_provider", ""))
            for model in (found.canonical, (found.canonical, found.release, found.offer)):
                if provider in _MAKERS:
                    candidate = (_MAKERS.index(provider), len(name), name)
                    made[model] = min(made.get(model, candidate), candidate)
                else:
                    hosted.setdefault(model, []).append((price, name))
        median = {model: sorted(hosts)[len(hosts) // 2][1] for model, hosts in hosted.items()}
        best = median | {model: name for model, (_, _, name) in made.items()}
        return {model: (name, self.price_map[name]) for model, name in best.items()}


def _has_price(facts: Facts) -> bool:
    priced = with_first_tier(facts)
    return priced.get("input_cost_per_token") is not None or priced.get("output_cost_per_token") is not None
