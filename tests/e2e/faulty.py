"""Heimdall with planted faults; the proxy under test loads a copy of this file as its callback.

A prompt that begins with `BREAK <stage> <how>` makes that stage of its own request misbehave: "raise",
"nonsense" (an object of no meaning) or "slow" (longer than anything we wait for).
"""

from __future__ import annotations

import asyncio
import json
import time
from contextvars import ContextVar
from typing import Any

from heimdall_litellm.plugin import access, apply, effort, form, handler, routing, seams, translate

SLOW_S = 0.2
FOREVER_S = 3600.0
_fault: ContextVar[tuple[str, str]] = ContextVar("fault", default=("", ""))


def _misbehave(how: str) -> Any:
    if how == "raise":
        raise ValueError("planted: sk-canary-in-an-exception")
    if how == "slow":
        time.sleep(SLOW_S)
    return object()


def _plant(owner: Any, name: str, stage: str) -> None:
    real = getattr(owner, name)

    def planted(*args: Any, **kwargs: Any) -> Any:
        at, how = _fault.get()
        if at != stage:
            return real(*args, **kwargs)
        made = _misbehave(how)
        return real(*args, **kwargs) if how == "slow" else made

    setattr(owner, name, planted)


def _plant_awaited(owner: Any, name: str, stage: str) -> None:
    real = getattr(owner, name)

    async def planted(*args: Any, **kwargs: Any) -> Any:
        at, how = _fault.get()
        if at != stage:
            return await real(*args, **kwargs)
        if how == "slow":
            await asyncio.sleep(FOREVER_S)
        return _misbehave(how)

    setattr(owner, name, planted)


def _plant_awaiting(owner: Any, name: str, stage: str) -> None:
    """Plant what `_plant` does in a function that is awaited, but waits for nothing."""
    real = getattr(owner, name)

    async def planted(*args: Any, **kwargs: Any) -> Any:
        at, how = _fault.get()
        made = _misbehave(how) if at == stage else None
        return made if at == stage and how != "slow" else await real(*args, **kwargs)

    setattr(owner, name, planted)


def _slow_checks() -> Any:
    checks = _real_checks()
    at, how = _fault.get()
    if at != "access":
        return checks

    async def check(**_: Any) -> Any:
        if how == "slow":
            await asyncio.sleep(FOREVER_S)
        return _misbehave(how)

    return (check,)


heimdall = handler.build()

_real_checks = seams.access_checks
seams.access_checks = _slow_checks
access.TIMEOUT_S = SLOW_S
_engine = heimdall.runtime._engine
_plant(translate, "asked", "asked")
_plant(translate, "consume", "consume")
_plant(form, "is_well_formed", "form")
_plant(routing, "read_request", "facts")
_plant(_engine, "candidate_names", "candidates")
_plant(_engine, "decide_facts", "engine")
_plant(apply, "redirect", "route")
_plant(apply, "stamp", "stamp")
_plant_awaited(heimdall.runtime, "engine", "runtime")
_plant_awaited(heimdall._admission, "filtered", "filter")
_plant(effort, "fitted", "effort")
_plant_awaiting(heimdall._fitting, "fitted", "attempt")
_plant(heimdall._outcomes, "failed", "failure")
_plant(heimdall._outcomes, "said", "error")
_plant(heimdall._fitting, "simulated", "simulate")
_plant(heimdall, "_headers", "headers")
_plant(heimdall._outcomes, "observe", "log")

_routed = handler.HeimdallHandler.async_pre_call_hook


async def async_pre_call_hook(
    self: Any, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
) -> Any:
    words = json.dumps(data.get("messages") or data.get("input") or "").split("BREAK ")[1:]
    if words:
        stage, how = words[0].split('"')[0].split()[:2]
        _fault.set((stage, how))
    return await _routed(self, user_api_key_dict, cache, data, call_type)


handler.HeimdallHandler.async_pre_call_hook = async_pre_call_hook
