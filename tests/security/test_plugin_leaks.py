"""Nothing secret gets out by way of the plugin: planted canaries, searched for in every sink."""

from __future__ import annotations

import logging
import pickle
from typing import Any

import litellm
import pytest
from litellm.proxy._types import LitellmUserRoles, ProxyException, UserAPIKeyAuth

from heimdall_litellm.config import load_settings
from heimdall_litellm.plugin import access, apply, form, routing, seams, translate
from heimdall_litellm.plugin.handler import HeimdallHandler
from heimdall_litellm.plugin.runtime import Runtime
from heimdall_litellm.plugin.shield import Failures
from heimdall_litellm.plugin.simulated import SimulatedProvider
from tests.fakes.engine import FakeEngine
from tests.support import QUIET

KEY, PROMPT, HEADER = "sk-canary-key", "canary-prompt", "canary-header"
SETTINGS = {
    **QUIET,
    "router": {"cheap_candidates": ["a"], "mid_candidates": ["a"], "hard_candidates": ["a"]},
}
ADMIN = UserAPIKeyAuth(api_key=KEY, user_role=LitellmUserRoles.PROXY_ADMIN)
STAGES = [
    (translate, "asked"),
    (translate, "consume"),
    (form, "is_well_formed"),
    (routing, "read_request"),
    (seams, "access_checks"),
    (FakeEngine, "decide_facts"),
    (apply, "redirect"),
    (apply, "stamp"),
    (access, "may_use_default"),
]


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> HeimdallHandler:
    models = [
        {"model_name": n, "litellm_params": {"model": "openai/gpt-5", "api_key": KEY}}
        for n in ("heimdall", "a")
    ]
    router = litellm.Router(model_list=models)
    monkeypatch.setattr(seams, "proxy_router", lambda: router)
    runtime = Runtime(load_settings(SETTINGS), Failures(), make=FakeEngine, watch=lambda *_: None)
    return HeimdallHandler(runtime, SimulatedProvider())


def _request() -> dict[str, Any]:
    return {
        "model": "heimdall",
        "messages": [{"role": "user", "content": PROMPT}],
        "api_key": KEY,
        "metadata": {"headers": {"x-thing": HEADER}},
        "proxy_server_request": {"headers": {"x-thing": HEADER}},
    }


@pytest.mark.parametrize(("owner", "name"), STAGES, ids=lambda part: getattr(part, "__name__", part))
async def test_no_failure_logs_or_answers_with_what_it_was_working_on(
    hook: HeimdallHandler,
    owner: Any,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise ValueError(f"{KEY} {PROMPT} {HEADER}")

    monkeypatch.setattr(owner, name, broken)
    with caplog.at_level(logging.DEBUG, "heimdall_litellm"):
        routed = await hook.async_pre_call_hook(ADMIN, None, _request(), "acompletion")
    assert routed is not None
    headers = await hook.async_post_call_response_headers_hook(routed, ADMIN, None)
    said = caplog.text + str(headers) + str(hook.failures.counts())
    assert not [canary for canary in (KEY, PROMPT, HEADER) if canary in said]


async def test_what_is_remembered_of_a_request_holds_neither_prompt_nor_key(hook: HeimdallHandler) -> None:
    routed = await hook.async_pre_call_hook(ADMIN, None, _request(), "acompletion")
    assert routed is not None
    record = hook.records.of(routed)
    assert record is not None
    ours = {k: v for k, v in routed["metadata"].items() if k != "headers"}
    kept = repr(record) + repr(ours)
    assert not [canary for canary in (KEY, PROMPT, HEADER) if canary in kept]
    assert pickle.loads(pickle.dumps(ours)) == ours  # noqa: S301 - our own, made one line above


async def test_a_malformed_override_is_not_echoed(hook: HeimdallHandler) -> None:
    data = {**_request(), "metadata": {"heimdall-alpha": KEY}}
    with pytest.raises(ProxyException) as refusal:
        await hook.async_pre_call_hook(ADMIN, None, data, "acompletion")
    assert KEY not in str(refusal.value)
    assert refusal.value.__cause__ is None


async def test_a_clients_key_is_dropped_on_the_way(hook: HeimdallHandler) -> None:
    routed = await hook.async_pre_call_hook(ADMIN, None, _request(), "acompletion")
    assert routed is not None
    assert "api_key" not in routed


@pytest.mark.parametrize("forged", ["x", "00000000-0000-0000-0000-000000000000", "", None, {}, "a" * 10_000])
async def test_a_forged_record_id_names_nobodys_record(hook: HeimdallHandler, forged: object) -> None:
    other = await hook.async_pre_call_hook(ADMIN, None, _request(), "acompletion")
    assert other is not None
    request = {"metadata": {apply.HANDLE_KEY: forged}}
    assert hook.records.of(request) is None
    assert await hook.async_post_call_response_headers_hook(request, ADMIN, None) is None
    mine = await hook.async_pre_call_hook(
        ADMIN, None, {**_request(), "metadata": {apply.HANDLE_KEY: forged}}, "acompletion"
    )
    assert mine is not None
    assert mine["metadata"][apply.HANDLE_KEY] not in (forged, other["metadata"][apply.HANDLE_KEY])


async def test_the_public_id_of_a_decision_names_no_record(hook: HeimdallHandler) -> None:
    other = await hook.async_pre_call_hook(ADMIN, None, _request(), "acompletion")
    assert other is not None
    headers = await hook.async_post_call_response_headers_hook(other, ADMIN, None)
    assert headers is not None
    handle = other["metadata"][apply.HANDLE_KEY]
    assert handle not in str(headers) + str(other["metadata"]["spend_logs_metadata"])
    assert handle not in repr(hook.records.of(other))
    for key in (apply.HANDLE_KEY, "heimdall_decision_id"):
        assert hook.records.of({"metadata": {key: headers["heimdall-decision-id"]}}) is None
