"""One deployment of LiteLLM's `model_list`, checked, and what its owner says of the model.

The user's word is strict, as it is a configuration: a number that makes no sense is an error that names group
and key. `litellm_params` come before `model_info`, as LiteLLM bills by them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from heimdall_litellm.catalog.credentials import (
    ADDRESS_VARIABLES,
    ENVIRON_PREFIX,
    KEY_VARIABLES,
    provider_of,
)
from heimdall_litellm.catalog.facts import Value
from heimdall_litellm.catalog.price_map import PriceMap
from heimdall_litellm.catalog.sources.anthropic import Anthropic
from heimdall_litellm.catalog.sources.google import Google
from heimdall_litellm.catalog.sources.litellm_map import (
    CLAIM_KEYS,
    PRICE_KEYS,
    WINDOW_KEYS,
    number,
    with_first_tier,
)
from heimdall_litellm.catalog.sources.openai import OpenAI
from heimdall_litellm.catalog.sources.openrouter import OpenRouter
from heimdall_litellm.catalog.sources.reading import usd_per_mtok
from heimdall_litellm.errors import CatalogError

Facts = Mapping[str, object]

_OWN_KEYS: Final = ("quality",)
_OWN_HOSTS: Final = {
    "anthropic": Anthropic.hosts,
    "gemini": Google.hosts,
    "openai": OpenAI.hosts,
    "openrouter": OpenRouter.hosts,
}
_BILLED: Final = "_cost_per_token"
_TIERS: Final = "tiered_pricing"
_LENIENT: Final = ("cache_read_input_token_cost", "cache_creation_input_token_cost")


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment as the configuration has it; `provider` in LiteLLM's spelling, "" if nothing tells it.

    `address` is the host it is served at, where that isn't its provider's own; "" for what is no URL.
    """

    group: str
    upstream: str
    provider: str
    params: Facts
    info: Facts
    address: str | None = None

    @property
    def bare(self) -> str:
        """The model's name as its provider has it."""
        return self.upstream.removeprefix(f"{self.provider}/")

    @property
    def has_own_key(self) -> bool:
        """Whether it is called with another key than the provider's variable holds."""
        given = self.params.get("api_key")
        named = given.removeprefix(ENVIRON_PREFIX) if isinstance(given, str) else given
        return bool(
            self.params.get("litellm_credential_name")
            or (given and named not in KEY_VARIABLES.get(self.provider, ()))
        )


def read_deployment(
    deployment: Mapping[str, object],
    position: int,
    price_map: PriceMap,
    environ: Mapping[str, str] = MappingProxyType({}),
) -> Deployment:
    """Check one item of a `model_list`. Raises CatalogError naming it."""
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
    info = info or {}
    base = info.get("base_model") or params.get("base_model")
    provider = provider_of(params, price_map)
    address = _address(params, provider, environ)
    return Deployment(name, str(base or params["model"]), provider, params, info, address)


def stated(deployment: Deployment) -> dict[str, Value | None]:
    """Return what the user says of a model; None stands for a claim that makes no sense, and hides others'.

    Raises CatalogError naming the group and the key.
    """
    params, info = deployment.params, deployment.info
    billed = {key: value for key, value in params.items() if key.endswith(_BILLED) or key == _TIERS}
    said = with_first_tier({**info, **billed})
    found: dict[str, Value | None] = {}
    for key, name in (*PRICE_KEYS.items(), *WINDOW_KEYS.items()):
        if key in _LENIENT:
            value = number(params.get(key, info.get(key)))
        elif said.get(key) is not None:
            value = _strict(deployment.group, key, said[key])
        else:
            continue
        if value is not None:
            found[name] = usd_per_mtok(value) if key in PRICE_KEYS else int(value)
    for key, name in CLAIM_KEYS.items():
        if (claim := said.get(key)) is not None:
            found[name] = claim if isinstance(claim, bool) else None
    return found


def stated_quality(deployment: Deployment) -> float | None:
    """Return `model_info.heimdall.quality`. Raises CatalogError."""
    group, own = deployment.group, deployment.info.get("heimdall")
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


def _address(params: Facts, provider: str, environ: Mapping[str, str]) -> str | None:
    """Find the host that LiteLLM would call, if it isn't the provider's own.

    The deployment's word counts, or else any of the variables: which comes first, differs by endpoint.
    """
    stated = str(params.get("api_base") or params.get("base_url") or "")
    if stated.startswith(ENVIRON_PREFIX):
        stated = environ.get(stated.removeprefix(ENVIRON_PREFIX), "")
    given = [stated] if stated else [environ.get(name, "") for name in ADDRESS_VARIABLES.get(provider, ())]
    hosts = [_host(base) for base in given if base]
    return next((host for host in hosts if host not in _OWN_HOSTS.get(provider, ())), None)


def _host(base: str) -> str:
    try:
        return (urlsplit(base).hostname or "").lower()
    except ValueError:
        return ""


def _strict(group: str, key: str, value: object) -> float:
    try:
        read = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else -1.0
    except (ValueError, OverflowError):
        read = -1.0
    if not isfinite(read) or read < 0:
        raise CatalogError(f"model group {group}: {key} is {value!r}; it must be a number, 0 or more")
    return read
