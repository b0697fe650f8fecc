"""Heimdall for a plain `litellm.Router`, without the proxy.

    router = litellm.Router(model_list=[...])           # with a group named "heimdall"
    HeimdallRoutingStrategy.install(router, {"router": {"alpha": 0.6}})
    await router.acompletion(model="heimdall", messages=[...])

LiteLLM lets a strategy replace a router's whole choice of a deployment. This one decides which
model group a virtual name means, and leaves the choice within that group to the router's own method, so
that cooldowns, tags, teams, health checks and load balancing all go on. Every other name goes there
directly. A retry or a fallback asks again: groups this request has tried already, and groups
with nothing available, are passed over for the next best. If Heimdall fails, or nothing is left,
the router serves the virtual name's own deployment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import openai
from litellm.types.router import CustomRoutingStrategyBase

from heimdall_litellm.config import CatalogSettings, Settings, load_settings
from heimdall_litellm.core.request import read_request
from heimdall_litellm.engine import Heimdall
from heimdall_litellm.plugin import seams
from heimdall_litellm.plugin.runtime import Runtime
from heimdall_litellm.plugin.shield import Failures, shield_now
from heimdall_litellm.plugin.translate import LITELLM_METADATA, METADATA

TRIED_KEY: Final = "heimdall_tried"
"""Where a request's metadata holds the groups it was sent to: retries share that dictionary."""

_MADE_UP: Final = ("prompt", "default text")

# What the router raises where a group has no deployment to offer: it says so with a ValueError, or with one
# of its provider errors where a deployment is paused or the group is gone.
_NOTHING_AVAILABLE: Final = (ValueError, openai.OpenAIError)


class HeimdallRoutingStrategy(CustomRoutingStrategyBase):  # type: ignore[misc]  # LiteLLM is untyped here
    """Decides for the virtual names of a router; see the module's docstring.

    `settings` are `Settings`, the mapping they are made from, or a finished `Heimdall`. Raises
    ConfigError where settings and the router's models don't fit together.
    """

    def __init__(self, router: Any, settings: Settings | Mapping[str, object] | Heimdall) -> None:
        self._router = router
        self.failures = Failures()
        self._heimdall = settings if isinstance(settings, Heimdall) else self._built(settings)

    def _built(self, settings: Settings | Mapping[str, object]) -> Heimdall:
        checked = settings if isinstance(settings, Settings) else load_settings(settings)
        # Nobody keeps up with a plain router, so it gets the price map as it is, and no thread of its own.
        still = CatalogSettings(sources=(), refresh_seconds=0)
        checked = checked.model_copy(update={"catalog": still})
        return Runtime(checked, self.failures).build(seams.models_of(self._router))

    @classmethod
    def install(
        cls, router: Any, settings: Settings | Mapping[str, object] | Heimdall
    ) -> HeimdallRoutingStrategy:
        """Make a strategy and hand it to the router, under whichever name its release has for that."""
        strategy = cls(router, settings)
        register = getattr(router, "register_plugin", None) or router.set_custom_routing_strategy
        register(strategy)
        return strategy

    async def async_get_available_deployment(
        self,
        model: str,
        messages: Any = None,
        input: Any = None,  # noqa: A002 - LiteLLM's name
        specific_deployment: bool | None = False,
        request_kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Return the deployment to call."""
        select = type(self._router).async_get_available_deployment
        # LiteLLM's own method takes no None here, though its strategies' interface does.
        rest = {
            "messages": messages,
            "input": input,
            "request_kwargs": {} if request_kwargs is None else request_kwargs,
        }
        if not specific_deployment:
            for group in self._groups(model, messages, input, request_kwargs):
                try:
                    found = await select(self._router, model=group, **rest)
                except _NOTHING_AVAILABLE:
                    continue
                _note_tried(request_kwargs, group)
                return found
        return await select(self._router, model=model, specific_deployment=specific_deployment, **rest)

    def get_available_deployment(
        self,
        model: str,
        messages: Any = None,
        input: Any = None,  # noqa: A002 - LiteLLM's name
        specific_deployment: bool | None = False,
        request_kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Return the deployment to call; for synchronous calls."""
        select = type(self._router).get_available_deployment
        rest = {
            "messages": messages,
            "input": input,
            "request_kwargs": {} if request_kwargs is None else request_kwargs,
        }
        if not specific_deployment:
            for group in self._groups(model, messages, input, request_kwargs):
                try:
                    found = select(self._router, model=group, **rest)
                except _NOTHING_AVAILABLE:
                    continue
                _note_tried(request_kwargs, group)
                return found
        return select(self._router, model=model, specific_deployment=specific_deployment, **rest)

    def _groups(
        self,
        model: str,
        messages: Any,
        input: Any,  # noqa: A002 - as in the methods above
        request_kwargs: Mapping[str, Any] | None,
    ) -> Iterator[str]:
        """Yield the groups to ask for, best first; none for other names, or if no decision can be made."""
        if model not in self._heimdall.names or not _is_conversation(messages, request_kwargs or {}):
            return
        body = dict(request_kwargs or {})
        body.update({k: v for k, v in {"messages": messages, "input": input}.items() if v is not None})
        decision = shield_now(
            self.failures,
            "strategy",
            lambda: self._heimdall.decide_facts(read_request(body), name=model),
            None,
        )
        if decision is None:
            return
        tried = _tried(request_kwargs)
        yield from (g for g in (decision.model, *decision.fallbacks) if g not in tried)


def _is_conversation(messages: Any, request_kwargs: Mapping[str, Any]) -> bool:
    """Whether the call has a prompt: the router makes one up for images, files and the like.

    An embedding's input comes as an argument only, that of Responses among the request's too.
    """
    if messages:
        content = messages[0].get("content") if isinstance(messages[0], Mapping) else None
        return not (isinstance(content, str) and (content in _MADE_UP or content.endswith("-fake-text")))
    return any(request_kwargs.get(key) for key in ("input", "contents", "prompt"))


def _metadata(request_kwargs: Mapping[str, Any] | None) -> dict[str, Any]:
    for name in (LITELLM_METADATA, METADATA):
        found = (request_kwargs or {}).get(name)
        if isinstance(found, dict):
            return found
    return {}


def _tried(request_kwargs: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the groups this request was sent to.

    The dictionary is the caller's own and may serve many requests; before a request's first retry whatever
    stands in it is another's.
    """
    metadata = _metadata(request_kwargs)
    return tuple(metadata.get(TRIED_KEY) or ()) if metadata.get("attempted_retries") else ()


def _note_tried(request_kwargs: Mapping[str, Any] | None, group: str) -> None:
    _metadata(request_kwargs)[TRIED_KEY] = [*_tried(request_kwargs), group]
