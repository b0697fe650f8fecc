"""Callers' own credentials: taken out of the request, and presented to their owner only.

What a caller brings is taken out of everything LiteLLM would copy, forward or log before the request is
routed (`without`), kept beside the request's record, and put on an attempt (`attached`) only where that
attempt goes to the provider that owns it, at one of that provider's own hosts. The address is then stated
too, so that neither a deployment's `api_base` nor one from the environment is followed with it. The next
attempt begins with LiteLLM's own copy of the request again, which never held it.

LiteLLM would send a Claude subscription's token to whatever `api_base` a deployment named `anthropic/…` has.
That holds for requests that aren't routed too, so where the adapter is on, `scoped` takes it off those
attempts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, log2
from typing import Any, Final

from heimdall_litellm.auth.adapter import Adapter, Attachment, Incoming
from heimdall_litellm.auth.hosts import leads_to
from heimdall_litellm.auth.secret import Secret
from heimdall_litellm.health import own_key
from heimdall_litellm.plugin import seams
from heimdall_litellm.plugin.translate import without_scoped_bearer

ORIGINAL_ID: Final = "original_model_id"
"""LiteLLM's name for the id of the deployment that one with a caller's credential was made from."""
STORED_TIMEOUT_S: Final = 15.0
"""How long an attempt waits for the proxy's own login to be renewed."""
_SCOPED_OWNER: Final = "anthropic"
"""Whose OAuth bearer it is that LiteLLM keeps by provider."""
_BY_HTTPX: Final = frozenset({"anthropic", "gemini", "openrouter"})
"""Whom LiteLLM calls with a client of its own. Anthropic's and Google's keys no redirect would take off."""


_OPENED_LATE: Final = frozenset({"anthropic_messages", "aresponses"})
"""The calls whose streams from Gemini LiteLLM opens while they are being read."""
_LONGEST_S: Final = 6000.0


@dataclass(frozen=True, slots=True)
class Brought:
    """A credential that the caller brings, with the adapter that recognised it."""

    adapter: Adapter
    secret: Secret = field(repr=False)

    @property
    def own(self) -> str:
        """The key of its circuit."""
        return own_key(self.adapter.provider, self.secret.digest)


@dataclass(frozen=True, slots=True)
class Credentials:
    """The enabled adapters."""

    adapters: Sequence[Adapter] = ()

    def brought(self, data: Mapping[str, Any]) -> dict[str, Brought]:
        """Return what the caller of a request brings, by provider."""
        if not self.adapters:
            return {}
        incoming = Incoming(_raw_headers(data), _text(data.get("api_key")))
        found: dict[str, Brought] = {}
        for adapter in self.adapters:
            if (secret := adapter.brought(incoming)) is not None:
                found[adapter.provider] = Brought(adapter, secret)
        return found

    @property
    def stored(self) -> frozenset[str]:
        """The providers that the proxy itself is logged in with."""
        return frozenset(adapter.provider for adapter in self.adapters if adapter.is_stored)

    def dedicated(
        self, deployment: Mapping[str, Any], brought: Mapping[str, Brought]
    ) -> Mapping[str, Any] | None:
        """Return a deployment as one of the caller's own, where their credential would serve it, else None.

        LiteLLM cools a deployment down when a call of it fails. Under an id of its own, as LiteLLM gives
        client-side credentials too, one caller's limit or wrong key touches nobody else.
        """
        params = deployment.get("litellm_params") or {}
        adapter = self._adapter_of(params) if brought else None
        mine = brought.get(adapter.provider) if adapter is not None else None
        if mine is None:
            return None
        info = deployment.get("model_info") or {}
        own = {"id": f"{info.get('id')}-{mine.secret.digest}", ORIGINAL_ID: info.get("id")}
        return {**deployment, "model_info": {**info, **own}}

    def owner_of(self, params: Mapping[str, Any]) -> str | None:
        """Return the provider whose credential would serve a deployment with these parameters, if any."""
        adapter = self._adapter_of(params)
        return adapter.provider if adapter is not None else None

    def _adapter_of(self, params: Mapping[str, Any]) -> Adapter | None:
        """Return the adapter for an attempt, or for a deployment's parameters, if these lead to its hosts."""
        provider = seams.provider_and_model(str(params.get("model")), params.get("custom_llm_provider"))[0]
        adapter = next((a for a in self.adapters if a.provider == provider), None)
        return adapter if adapter is not None and _is_at_home(params, adapter) else None

    async def attached(
        self, kwargs: Mapping[str, Any], brought: Mapping[str, Brought]
    ) -> tuple[dict[str, Any], Brought | str] | None:
        """Return an attempt's arguments with the credential that fits it, and whose that is.

        The latter is the caller's `Brought`, or the name of the adapter whose stored login serves. None where
        the proxy's own key is to serve, or nobody's.
        """
        adapter = self._adapter_of(kwargs)
        if adapter is None:
            return None
        mine = brought.get(adapter.provider)
        if mine is not None:
            return _presented(kwargs, adapter, adapter.attach(mine.secret)), mine
        async with asyncio.timeout(STORED_TIMEOUT_S):
            login = await adapter.stored() if adapter.is_stored else None
        if login is None:
            return None
        return _presented(kwargs, adapter, adapter.attach(login)), adapter.name

    def scoped(self, kwargs: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return an attempt whose scoped bearer goes to its owner or to nobody; None if it does already."""
        if not any(adapter.provider == _SCOPED_OWNER for adapter in self.adapters):
            return None
        stripped = without_scoped_bearer(kwargs)
        if stripped is None:
            return None
        adapter = self._adapter_of(kwargs)
        if adapter is None or adapter.provider != _SCOPED_OWNER:
            return stripped
        return {**kwargs, "api_base": adapter.api_base} if _base(kwargs) is None else None


def held(kwargs: dict[str, Any], call: str) -> dict[str, Any]:
    """Return an attempt that no redirect takes to another host, where LiteLLM lets one see to that.

    It doesn't for OpenAI's chat completions: their client is the vendor's own. That one takes the key off.
    """
    provider = seams.provider_and_model(str(kwargs.get("model")), kwargs.get("custom_llm_provider"))[0]
    is_own_client = kwargs.get("client") is not None or kwargs.get("ssl_verify") is not None
    if is_own_client or not (provider in _BY_HTTPX or (provider == "openai" and call == "aresponses")):
        return kwargs
    is_lazy = provider == "gemini" and call in _OPENED_LATE and bool(kwargs.get("stream"))
    return {**kwargs, "client": seams.steadfast_client(provider, _limit_s(kwargs), is_lazy=is_lazy)}


def _limit_s(kwargs: Mapping[str, Any]) -> float | None:
    """Return the time limit of an attempt, rounded up so that there are few clients."""
    stated = kwargs.get("stream_timeout") if kwargs.get("stream") else None
    limit = stated if stated is not None else kwargs.get("timeout")
    if isinstance(limit, bool) or not isinstance(limit, (int, float)) or not 0 < limit <= _LONGEST_S:
        return None
    return float(2 ** max(0, ceil(log2(limit))))


def _is_at_home(kwargs: Mapping[str, Any], adapter: Adapter) -> bool:
    base = _base(kwargs)
    return base is None or leads_to(base, adapter.hosts)


def _base(kwargs: Mapping[str, Any]) -> str | None:
    bases = [str(kwargs[name]) for name in ("api_base", "base_url") if kwargs.get(name)]
    # Two that differ are nobody's home.
    return None if not bases else bases[0] if len(set(bases)) == 1 else "ambiguous"


def _presented(kwargs: Mapping[str, Any], adapter: Adapter, attachment: Attachment) -> dict[str, Any]:
    changed = without_scoped_bearer(kwargs) or dict(kwargs)
    changed.pop("base_url", None)
    changed["api_base"] = adapter.api_base
    headers = dict(attachment.headers)
    if attachment.api_key is not None:
        changed["api_key"] = attachment.api_key.masked()
    if attachment.bearer is not None:
        changed["api_key"] = seams.PLACEHOLDER_KEY
        headers["authorization"] = attachment.bearer.masked("Bearer ")
    if headers:
        changed["extra_headers"] = {**(changed.get("extra_headers") or {}), **headers}
    return changed


def _raw_headers(data: Mapping[str, Any]) -> dict[str, str]:
    fields = data.get("secret_fields")
    raw = fields.get("raw_headers") if isinstance(fields, Mapping) else getattr(fields, "raw_headers", None)
    given = raw if isinstance(raw, Mapping) else {}
    return {str(name).lower(): value for name, value in given.items() if isinstance(value, str)}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
