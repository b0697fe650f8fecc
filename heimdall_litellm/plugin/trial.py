"""What would become of a request, without any of it.

The request goes the way of every other (`routing.py`), on trial: the record is one that no hook will find, no
decision is remembered, and nothing goes on to LiteLLM's router, where probes are claimed and models called.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from heimdall_litellm.plugin import access, seams, translate
from heimdall_litellm.plugin.guard import Guard
from heimdall_litellm.plugin.records import Record
from heimdall_litellm.plugin.routing import Routing
from heimdall_litellm.plugin.runtime import Runtime
from heimdall_litellm.plugin.shield import Failures
from heimdall_litellm.web.backend import Caller, Endpoint, Outcome
from heimdall_litellm.web.problems import Problem, no_such_model

_CALLS: Final[Mapping[Endpoint, str]] = {
    "chat": "acompletion",
    "completions": "atext_completion",
    "messages": "anthropic_messages",
    "responses": "aresponses",
    "gemini": "agenerate_content",
}

_METADATA: Final = (translate.METADATA, translate.LITELLM_METADATA)


class Trial:
    """Tries requests out. `names` are the virtual names that are routed."""

    def __init__(self, runtime: Runtime, names: frozenset[str]) -> None:
        self._runtime, self._names = runtime, names

    async def outcome(
        self, caller: Caller, endpoint: Endpoint, body: Mapping[str, Any], headers: Mapping[str, str]
    ) -> Outcome:
        """Say what would become of a request.

        Raises RequestError where it would be refused, and Problem where its model isn't there for this
        caller, or where Heimdall leaves it alone.
        """
        name = body.get("model") or self._runtime.settings.name
        await self._check(name, caller)
        data = _as_received(body, name, headers)
        # Whether or not the request comes to a decision: who asks here wants to know of it.
        translate.overrides(translate.asked(data), self._runtime.settings)
        draft = Record(requested=name, reason="")
        # Its own, for what fails on trial has failed no request.
        failures = Failures(is_logging=False)
        guard = Guard(self._runtime, self._names, failures)
        routing = Routing(self._runtime, guard, failures, is_trial=True)
        routed = await routing.route(draft, data, _CALLS[endpoint], caller.token)
        decision = draft.choice.decision if draft.choice is not None else None
        seen = draft.allowed if draft.allowed is not None else frozenset[str]()
        return Outcome(
            requested=name,
            model=str(routed.get("model")),
            reason=draft.reason,
            fallbacks=tuple(draft.course.fallbacks),
            decision=decision,
            seen=seen,
            failed=tuple(failures.counts()),
        )

    async def _check(self, name: str, caller: Caller) -> None:
        router = seams.proxy_router()
        allowed = await access.permitted([name], caller.token, router, self._runtime.failures)
        known = name in self._runtime.settings.names or self._runtime.entry(name) is not None
        if not (known and allowed):
            raise no_such_model()
        if name not in self._names:
            raise Problem(
                422,
                "heimdall_not_virtual",
                "Heimdall decides nothing here: this is no virtual name, or Heimdall is bypassed.",
            )


def _as_received(body: Mapping[str, Any], name: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return a request as LiteLLM hands it to the first hook, as far as that is looked at."""
    ours = {key: value for key, value in headers.items() if key.startswith("heimdall-")}
    return {
        **{key: value for key, value in body.items() if key not in _METADATA},
        **_metadata(body),
        "model": name,
        "proxy_server_request": {"method": "POST", "headers": ours, "body": dict(body)},
        "secret_fields": {"raw_headers": dict(headers)},
    }


def _metadata(body: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return a request's metadata as objects: LiteLLM reads their text too, and hands on nothing else."""
    found = {name: _read(body[name]) for name in _METADATA if name in body}
    return {name: given for name, given in found.items() if isinstance(given, dict)}


def _read(given: object) -> object:
    try:
        return json.loads(given) if isinstance(given, str) else given
    except (ValueError, RecursionError):
        return None
