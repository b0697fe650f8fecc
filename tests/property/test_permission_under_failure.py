"""Permission is never widened by a failure, whatever fails: the real hooks, walked as LiteLLM does."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import patch

import litellm
from hypothesis import given, settings
from hypothesis import strategies as st
from litellm.proxy._types import LitellmUserRoles, ProxyException, UserAPIKeyAuth

from heimdall_litellm.config import load_settings
from heimdall_litellm.plugin import seams
from heimdall_litellm.plugin.handler import HeimdallHandler
from heimdall_litellm.plugin.runtime import Runtime
from heimdall_litellm.plugin.shield import Failures
from heimdall_litellm.plugin.simulated import SimulatedProvider
from tests.fakes.engine import FakeEngine
from tests.support import QUIET

MODELS = ["a", "b", "c", "d", "e"]
SETTINGS = load_settings(
    {
        **QUIET,
        "router": {"cheap_candidates": ["a", "b"], "mid_candidates": ["c", "d"], "hard_candidates": ["e"]},
    }
)
GROUPS = [
    {
        "model_name": name,
        "litellm_params": {"model": f"openai/{upstream}", "api_key": "x"},
        "model_info": {"id": f"id-{name}"},
    }
    for name, upstream in [("heimdall", "default"), ("plain", "default"), *((m, f"up-{m}") for m in MODELS)]
]
WHO: dict[str, Any] = {"llm_provider": "openai", "model": "m"}
ERRORS = [
    litellm.RateLimitError("x", **WHO),
    litellm.ServiceUnavailableError("x", **WHO),
    litellm.AuthenticationError("x", **WHO),
    litellm.NotFoundError("x", **WHO),
    litellm.ContextWindowExceededError("x", **WHO),
    litellm.ContentPolicyViolationError("x", **WHO),
    litellm.BadRequestError("x", **WHO),
    litellm.Timeout("x", **WHO),
    ValueError("odd"),
]


async def _walk(hook: HeimdallHandler, token: UserAPIKeyAuth, errors: list[Any], bucket: str) -> list[str]:
    """Play LiteLLM's router: the first model, then the request's own list, until an attempt succeeds."""
    data: dict[str, Any] = {
        "model": "heimdall",
        "messages": [{"role": "user", "content": "hi"}],
        "metadata": {"heimdall": {"bucket": bucket}},
    }
    try:
        routed = await hook.async_pre_call_hook(token, None, data, "acompletion")
    except ProxyException:
        return []
    assert routed is not None
    fallbacks = next(iter(routed["fallbacks"][0].values())) if routed.get("fallbacks") else []
    model, at, called = routed["model"], 0, []
    while len(called) < 20:
        metadata = {**routed["metadata"], "model_group": model, "model_info": {"id": f"id-{model}"}}
        kwargs = {"model": "openai/x", "metadata": metadata}
        deployment = next(group for group in GROUPS if group["model_name"] == model)
        if await hook.async_filter_deployments(model, [deployment], None, kwargs):
            await hook.async_pre_call_deployment_hook(kwargs, "acompletion")
            called.append(model)
            error = errors[(len(called) - 1) % len(errors)]
            if error is None:
                return called
            await hook.async_post_call_failure_deployment_hook(kwargs, error, "acompletion")
        if at >= len(fallbacks):
            return called
        model, at = fallbacks[at], at + 1
    raise AssertionError("it never ended")


@settings(max_examples=150, deadline=None)
@given(
    st.sets(st.sampled_from([*MODELS, "plain"])),
    st.lists(st.sampled_from([*ERRORS, None]), min_size=1, max_size=8),
    st.sampled_from(["cheap", "mid", "hard"]),
    st.integers(1, 3),
)
def test_whatever_fails_nobody_reaches_what_they_may_not_call_by_name(
    allowed: set[str], errors: list[Any], bucket: str, rounds: int
) -> None:
    router = litellm.Router(model_list=GROUPS)
    with patch.object(seams, "proxy_router", lambda: router):
        runtime = Runtime(SETTINGS, Failures(), make=FakeEngine, watch=lambda *_: None)
        hook = HeimdallHandler(runtime, SimulatedProvider())
        token = UserAPIKeyAuth(
            api_key="sk-x", models=["heimdall", *sorted(allowed)], user_role=LitellmUserRoles.INTERNAL_USER
        )
        for _ in range(rounds):
            called = asyncio.run(_walk(hook, token, errors, bucket))
            assert set(called) <= allowed | ({"heimdall"} if "plain" in allowed else set())
            assert len(called) == len(set(called))
