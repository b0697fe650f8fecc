"""LiteLLM's `model_list` and price map, turned into catalog entries.

For each fact of a deployment the user's word comes first (`litellm_params`, then `model_info`),
then the price map. OpenRouter and other resellers are missing from the map; they sell at about
the maker's price, so the maker's entry of the same model stands in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from math import isfinite
from typing import Final, TypeVar

from heimdall_litellm.catalog.credentials import missing_credential, provider_of
from heimdall_litellm.catalog.identity import canonical
from heimdall_litellm.catalog.price_map import PriceMap
from heimdall_litellm.core.types import CatalogEntry
from heimdall_litellm.errors import CatalogError

Facts = Mapping[str, object]
N = TypeVar("N", int, float)

_CHAT_MODES: Final = frozenset({"chat", "completion", "responses"})
_RESELLERS: Final = frozenset({"openrouter", "vercel_ai_gateway", "litellm_proxy"})
# Whose prices a reseller passes on, in this order.
# fmt: off
_MAKERS: Final = (
    "openai", "anthropic", "gemini", "deepseek", "xai", "mistral", "moonshot", "zai", "minimax", "meta_llama",
    "dashscope", "cohere_chat", "perplexity", "amazon_nova", "vercel_ai_gateway",
)
# fmt: on
_OWN_KEYS: Final = ("quality",)


def entries_from_model_list(
    model_list: Sequence[Mapping[str, object]],
    price_map: PriceMap,
    environ: Mapping[str, str],
    *,
    assume_credentials: bool = False,
) -> tuple[CatalogEntry, ...]:
    """Return one entry for each chat model group, in the order in which the groups first appear.

    Wildcard groups and groups for embeddings, images and the like are left out. With
    `assume_credentials` none is missing. Raises CatalogError naming the group and the key.
    """
    by_model = _ByModel(price_map)
    groups: dict[str, list[CatalogEntry]] = {}
    for position, deployment in enumerate(model_list):
        name, params, info = _parts(deployment, position)
        if "*" in name:
            continue
        facts = _facts(params, info, price_map, by_model)
        mode = info.get("mode") or facts.get("mode")
        if mode is not None and mode not in _CHAT_MODES:
            continue
        entry = _entry(name, params, info, facts, provider_of(params, price_map))
        missing = None if assume_credentials else missing_credential(params, entry.provider, environ)
        groups.setdefault(name, []).append(replace(entry, missing_credential=missing))
    return tuple(_merged(deployments) for deployments in groups.values())


def entries_from_names(names: Iterable[str], price_map: PriceMap) -> list[CatalogEntry]:
    """Return entries for models known by name alone, at the maker's price or the median host's."""
    by_model = _ByModel(price_map)
    return [
        _entry(
            name,
            {"model": name},
            {},
            price_map.get(name) or by_model.find(name) or {},
            provider_of({"model": name}, price_map),
        )
        for name in names
    ]


class _ByModel:
    """The price map by canonical model name; built when first asked."""

    def __init__(self, price_map: PriceMap) -> None:
        self.price_map = price_map

    def find(self, upstream: str) -> Facts | None:
        """Return the maker's entry of a model, or that of the median host where its maker sells none."""
        return self._facts.get(canonical(upstream))

    @cached_property
    def _facts(self) -> dict[str, Facts]:
        made: dict[str, tuple[int, int, str]] = {}
        hosted: dict[str, list[tuple[float, str]]] = {}
        for name, facts in self.price_map.items():
            price = _lenient(facts.get("output_cost_per_token"))
            if not price or facts.get("mode") not in _CHAT_MODES:
                continue
            model, provider = canonical(name), str(facts.get("litellm_provider", ""))
            if provider in _MAKERS:
                candidate = (_MAKERS.index(provider), len(name), name)
                made[model] = min(made.get(model, candidate), candidate)
            else:
                hosted.setdefault(model, []).append((price, name))
        median = {model: sorted(hosts)[len(hosts) // 2][1] for model, hosts in hosted.items()}
        best = median | {model: name for model, (_, _, name) in made.items()}
        return {model: self.price_map[name] for model, name in best.items()}


def _parts(deployment: Mapping[str, object], position: int) -> tuple[str, Facts, Facts]:
    where = f"model_list[{position}]"
    name = deployment.get("model_name")
    if not isinstance(name, str) or not name:
        raise CatalogError(f"{where}: model_name is missing or not a text")
    params = deployment.get("litellm_params")
    if not isinstance(params, Mapping) or not isinstance(params.get("model"), str) or not params["model"]:
        raise CatalogError(f"{where} ({name}): litellm_params.model is missing or not a text")
    info = deployment.get("model_info")
    if info is not None and not isinstance(info, Mapping):
        raise CatalogError(f"{where} ({name}): model_info must be a mapping")
    return name, params, info or {}


def _upstream(params: Facts, info: Facts) -> str:
    base = info.get("base_model") or params.get("base_model")
    return str(base or params["model"])


def _facts(params: Facts, info: Facts, price_map: PriceMap, by_model: _ByModel) -> Facts:
    """Find what the price map says of a deployment; empty if nothing."""
    upstream, provider = _upstream(params, info), provider_of(params, price_map)
    names = [upstream, f"{provider}/{upstream}", upstream.removeprefix(f"{provider}/")]
    # LiteLLM's router registers every deployment in its live map; what it knows nothing of stands
    # there empty, and must not hide what is known elsewhere.
    listed = [price_map[name] for name in names if name in price_map]
    found = next((facts for facts in listed if _has_price(facts)), None)
    if found is None and provider in _RESELLERS:
        found = by_model.find(upstream)
    return found or next(iter(listed), {})


def _has_price(facts: Facts) -> bool:
    return facts.get("input_cost_per_token") is not None or facts.get("output_cost_per_token") is not None


def _entry(name: str, params: Facts, info: Facts, facts: Facts, provider: str) -> CatalogEntry:
    said = {**info, **{key: value for key, value in params.items() if key.endswith("_cost_per_token")}}

    def number(key: str) -> float | None:
        return _number(name, key, said[key]) if said.get(key) is not None else _lenient(facts.get(key))

    def claim(key: str, unknown: bool) -> bool:
        value = said.get(key) if said.get(key) is not None else facts.get(key)
        return value if isinstance(value, bool) else unknown

    input_price, output_price = number("input_cost_per_token"), number("output_cost_per_token")
    window, longest = number("max_input_tokens"), number("max_output_tokens")
    # The map lists what a model can do; of a model that is not in it, nobody knows.
    has_tools = claim("supports_function_calling", not facts)
    return CatalogEntry(
        name=name,
        upstream=_upstream(params, info),
        provider=provider,
        input_usd_per_mtok=None if input_price is None else input_price * 1e6,
        output_usd_per_mtok=None if output_price is None else output_price * 1e6,
        max_input_tokens=None if window is None else int(window),
        max_output_tokens=None if longest is None else int(longest),
        has_vision=claim("supports_vision", False),
        has_audio=claim("supports_audio_input", False),
        has_files=claim("supports_pdf_input", False),
        has_tools=has_tools,
        has_json=claim("supports_response_schema", has_tools),
        is_reasoning=claim("supports_reasoning", False),
        quality_override=_quality(name, info.get("heimdall")),
    )


def _merged(deployments: Sequence[CatalogEntry]) -> CatalogEntry:
    """Keep what is true of all deployments of a group; a number unknown for one is taken from the others."""
    first = deployments[0]
    missing = [d.missing_credential for d in deployments]
    return replace(
        first,
        input_usd_per_mtok=max(_known(d.input_usd_per_mtok for d in deployments), default=None),
        output_usd_per_mtok=max(_known(d.output_usd_per_mtok for d in deployments), default=None),
        max_input_tokens=min(_known(d.max_input_tokens for d in deployments), default=None),
        max_output_tokens=min(_known(d.max_output_tokens for d in deployments), default=None),
        has_vision=all(d.has_vision for d in deployments),
        has_audio=all(d.has_audio for d in deployments),
        has_files=all(d.has_files for d in deployments),
        has_tools=all(d.has_tools for d in deployments),
        has_json=all(d.has_json for d in deployments),
        is_reasoning=all(d.is_reasoning for d in deployments),
        missing_credential=missing[0] if all(missing) else None,
        quality_override=min(_known(d.quality_override for d in deployments), default=None),
    )


def _known(values: Iterable[N | None]) -> list[N]:
    return [value for value in values if value is not None]


def _number(group: str, key: str, value: object) -> float:
    try:
        number = (
            float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else -1.0
        )
    except ValueError:
        number = -1.0
    if not isfinite(number) or number < 0:
        raise CatalogError(f"model group {group}: {key} is {value!r}; it must be a number, 0 or more")
    return number


def _lenient(value: object) -> float | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    return float(value) if isfinite(value) and value >= 0 else None


def _quality(group: str, own: object) -> float | None:
    if own is None:
        return None
    if not isinstance(own, Mapping):
        raise CatalogError(f"model group {group}: model_info.heimdall must be a mapping with the key quality")
    unknown = [str(key) for key in own if key not in _OWN_KEYS]
    if unknown:
        raise CatalogError(
            f"model group {group}: model_info.heimdall.{unknown[0]} is unknown; the only key is quality"
        )
    value = own.get("quality")
    if value is None:
        return None
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= 1:
        raise CatalogError(
            f"model group {group}: model_info.heimdall.quality is {value!r}; it must be from 0 to 1"
        )
    return float(value)
