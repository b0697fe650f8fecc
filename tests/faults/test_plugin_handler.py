"""The hooks, one by one, when what they stand on misbehaves."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import litellm
import pytest
from fastapi import HTTPException
from litellm.integrations.custom_guardrail import is_guardrail_intervention
from litellm.proxy._types import LitellmUserRoles, ProxyException, UserAPIKeyAuth
from litellm.types.utils import CallTypes

from heimdall_litellm.config import load_settings
from heimdall_litellm.core.types import Decision
from heimdall_litellm.plugin import effort, handler, outcomes, seams
from heimdall_litellm.plugin.handler import HeimdallHandler
from heimdall_litellm.plugin.records import Record
from heimdall_litellm.plugin.runtime import Runtime
from heimdall_litellm.plugin.shield import Failures
from heimdall_litellm.plugin.simulated import SimulatedProvider
from tests.fakes.engine import FakeEngine
from tests.support import QUIET

SETTINGS: dict[str, Any] = {
    **QUIET,
    "router": {"cheap_candidates": ["a", "b"], "mid_candidates": ["b"], "hard_candidates": ["c"]},
}
GROUPS = {"heimdall": "openai/gpt-4.1", "plain": "openai/gpt-4.1", "a": "openai/gpt-5", "b": "m", "c": "m"}
ADMIN = UserAPIKeyAuth(api_key="sk-m", user_role=LitellmUserRoles.PROXY_ADMIN)
HI = [{"role": "user", "content": "hi"}]


def _token(*models: str) -> UserAPIKeyAuth:
    return UserAPIKeyAuth(api_key="sk-x", models=list(models), user_role=LitellmUserRoles.INTERNAL_USER)


@pytest.fixture(autouse=True)
def _router(monkeypatch: pytest.MonkeyPatch) -> litellm.Router:
    models = [
        {"model_name": g, "litellm_params": {"model": m, "api_key": "x", "custom_llm_provider": "openai"}}
        for g, m in GROUPS.items()
    ]
    router = litellm.Router(model_list=models)
    monkeypatch.setattr(seams, "proxy_router", lambda: router)
    return router


@pytest.fixture
def make() -> Callable[..., HeimdallHandler]:
    def made(**more: Any) -> HeimdallHandler:
        settings = load_settings({**SETTINGS, **more.pop("settings", {})})
        engine = more.pop("engine", FakeEngine)
        runtime = Runtime(settings, Failures(), make=engine, watch=lambda *_: None)
        return HeimdallHandler(runtime, SimulatedProvider(), **more)

    return made


async def _pre(hook: HeimdallHandler, token: Any = ADMIN, call: str = "acompletion", **data: Any) -> Any:
    given = {"model": "heimdall", "messages": HI, "metadata": {}, **data}
    before = copy.deepcopy(given)
    routed = await hook.async_pre_call_hook(token, None, given, call)
    assert given == before
    return routed


@pytest.mark.parametrize(
    ("model", "call"),
    [("a", "acompletion"), ("a,b", "acompletion"), ("a", "acreate_batch"), (["odd"], "aembedding")],
)
async def test_what_is_not_ours_is_not_touched(make: Any, model: Any, call: str) -> None:
    assert await _pre(make(), call=call, model=model) is None


async def test_a_model_name_of_an_odd_type_is_left_to_litellm(make: Any) -> None:
    assert await _pre(make(), model=["heimdall"]) is None


async def test_a_bypassed_handler_touches_nothing(make: Any) -> None:
    hook = make(is_bypassed=True)
    assert await _pre(hook) is None
    assert await hook.async_filter_deployments("heimdall", ["d"], None, {}) == ["d"]


async def test_a_request_is_routed_with_its_record(make: Any) -> None:
    hook = make()
    routed = await _pre(hook, metadata={"heimdall": {"bucket": "hard", "alpha": 0.2}})
    assert routed["model"] == "c"
    record = hook.records.of(routed)
    assert (record.bucket, record.alpha) == ("hard", 0.2)
    assert routed["metadata"]["spend_logs_metadata"]["heimdall"]["requested"] == "heimdall"


async def test_spend_metadata_and_headers_can_be_switched_off(make: Any) -> None:
    hook = make(settings={"features": {"spend_metadata": False, "response_headers": False}})
    routed = await _pre(hook)
    assert "spend_logs_metadata" not in routed["metadata"]
    assert await hook.async_post_call_response_headers_hook(routed, ADMIN, None) is None


@pytest.mark.parametrize("result", [None, "nonsense", 7])
async def test_a_nonsensical_decision_leaves_the_default_model(make: Any, result: object) -> None:
    class Nonsense(FakeEngine):
        def decide_facts(self, *_: Any, **__: Any) -> Any:
            return result

    hook = make(engine=Nonsense)
    assert (await _pre(hook))["model"] == "heimdall"
    assert hook.failures.counts() == {("decide", "HeimdallError"): 1}


async def test_a_decision_for_a_model_that_is_not_permitted_is_never_followed(make: Any) -> None:
    class Smuggler(FakeEngine):
        def decide_facts(self, facts: Any, **more: Any) -> Any:
            return super().decide_facts(facts, **{**more, "permitted": None})

    hook = make(engine=Smuggler)
    routed = await _pre(hook, _token("heimdall", "b"))
    assert routed["model"] == "b"
    assert "fallbacks" not in routed
    assert hook.records.of(routed).allowed == {"b"}


async def test_a_key_that_may_use_nothing_is_refused(make: Any) -> None:
    with pytest.raises(ProxyException) as refusal:
        await make().async_pre_call_hook(
            _token("heimdall"), None, {"model": "heimdall", "messages": HI}, "acompletion"
        )
    assert refusal.value.code == "403"


async def test_an_undecided_request_of_a_key_without_the_default_model_is_refused(make: Any) -> None:
    data = {"model": "heimdall", "messages": []}
    with pytest.raises(ProxyException, match="default model"):
        await make().async_pre_call_hook(_token("heimdall"), None, data, "acompletion")


async def test_if_even_the_default_fails_only_an_admin_goes_on(make: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(handler.access, "may_use_default", lambda *_: 1 // 0)
    hook = make()
    assert (await _pre(hook, messages=[]))["model"] == "heimdall"
    with pytest.raises(ProxyException):
        await hook.async_pre_call_hook(_token(), None, {"model": "heimdall", "messages": []}, "acompletion")


async def test_a_request_that_is_cancelled_stays_cancelled(make: Any, monkeypatch: Any) -> None:
    async def forever(**_: Any) -> bool:
        await asyncio.Event().wait()
        return True

    monkeypatch.setattr(seams, "access_checks", lambda: (forever,))
    task = asyncio.create_task(_pre(make()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_every_request_stays_small_however_often_it_is_routed(make: Any) -> None:
    hook, data = make(), {"model": "heimdall", "messages": HI, "metadata": {}}
    sizes = set()
    for _ in range(20):
        routed = await hook.async_pre_call_hook(ADMIN, None, data, "acompletion")
        sizes.add(len(str(routed["metadata"])))
        data = {**routed, "model": "heimdall"}
    assert len(sizes) == 1


async def _filter(hook: HeimdallHandler, model: str, request: Any) -> list[Any]:
    return await hook.async_filter_deployments(
        model, [{"litellm_params": {"model": "m", "api_key": "k"}}], None, request
    )


async def test_an_attempt_outside_what_was_allowed_gets_no_deployment(make: Any) -> None:
    hook = make()
    routed = await _pre(hook, _token("heimdall", "a"))
    assert await _filter(hook, "a", routed)
    assert await _filter(hook, "c", routed) == []
    assert await _filter(hook, "c", {"metadata": {}})


async def test_counting_tokens_gets_a_deployment_that_cannot_be_called(make: Any) -> None:
    (counted,) = await _filter(make(), "heimdall", {})
    assert counted["litellm_params"] == {"model": "heimdall-counting/none"}


async def test_a_virtual_name_that_skipped_the_first_hook_is_still_held_to_the_key(make: Any) -> None:
    hook = make()

    async def reached(*models: str) -> list[str]:
        request = {"metadata": {"user_api_key_auth": _token(*models)}}
        return [d["litellm_params"]["model"] for d in await _filter(hook, "heimdall", request)]

    assert await reached("heimdall", "plain") == ["m"]
    for models in (("heimdall",), ("heimdall", "a")):
        with pytest.raises(HTTPException) as refused:
            await reached(*models)
        assert refused.value.status_code == 403
        # After any other exception LiteLLM's router would go on to its own fallbacks.
        assert is_guardrail_intervention(refused.value)
    assert len(await _filter(hook, "heimdall", {"metadata": {"tags": []}})) == 1


async def test_a_filter_that_breaks_before_anything_was_decided_fails_closed(
    make: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(handler.access, "may_use_default", lambda *_: 1 // 0)
    request = {"metadata": {"user_api_key_auth": _token()}}
    with pytest.raises(HTTPException):
        await _filter(make(), "heimdall", request)


async def test_after_a_refusal_no_attempt_of_the_request_gets_a_deployment(make: Any) -> None:
    hook, request = make(), {"metadata": {"user_api_key_auth": _token("heimdall", "a")}}
    # The other one is a fallback, whose metadata is a copy.
    for model in ("heimdall", "a"):
        with pytest.raises(HTTPException) as refusal:
            await _filter(hook, model, request)
        assert (refusal.value.status_code, "heimdall" in refusal.value.detail) == (403, True)
        request = copy.copy(request) | {"metadata": dict(request["metadata"])}
    assert len(hook.records) == 1


async def _borrow(hook: HeimdallHandler, **attempt: Any) -> Any:
    return await hook.async_pre_call_deployment_hook(attempt, CallTypes.acreate_file)


async def test_credentials_of_the_default_model_are_borrowed_by_who_may_use_it(make: Any) -> None:
    hook, model = make(), "openai/gpt-4.1"
    noted = {"litellm_metadata": {"user_api_key_auth": _token("heimdall", "plain")}}
    assert (await _borrow(hook, model=model, **noted))["model"] == model
    assert (await _borrow(hook, model=model))["model"] == model
    for given in (model, "heimdall"):
        with pytest.raises(HTTPException):
            await _borrow(hook, model=given, user_api_key_dict=_token("heimdall", "a"))
    assert await _borrow(hook, model="openai/gpt-5", user_api_key_dict=_token("a"))


@pytest.mark.parametrize(("token", "is_served"), [(ADMIN, True), (_token(), False)])
async def test_if_that_cannot_be_told_it_fails_closed(
    make: Any, monkeypatch: Any, token: Any, is_served: bool
) -> None:
    monkeypatch.setattr(handler.access, "may_use_default", lambda *_: 1 // 0)
    hook, data = make(), {"model": "heimdall"}
    if is_served:
        assert await hook.async_pre_call_hook(token, None, data, "acreate_batch") == data
    else:
        with pytest.raises(HTTPException):
            await hook.async_pre_call_hook(token, None, data, "acreate_batch")


async def test_effort_that_breaks_leaves_the_simulated_provider_in_place(make: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(effort, "fitted", lambda *_: 1 // 0)
    hook = make(settings={"simulation": {"mode": "always"}})
    routed = await _pre(hook)
    attempt = {"model": "openai/gpt-5", "metadata": {**routed["metadata"], "model_group": "a"}}
    changed = await hook.async_pre_call_deployment_hook(attempt, CallTypes.acompletion)
    assert changed["model"] == "heimdall-sim/openai/gpt-5"
    assert hook.failures.counts() == {("effort", "ZeroDivisionError"): 1}


async def test_what_is_kept_of_a_decision_is_small(make: Any) -> None:
    hook = make()
    record = hook.records.of(await _pre(hook))
    held = [getattr(record, name) for name in record.__slots__]
    assert not [value for value in held if isinstance(value, Decision)]


async def test_an_attempt_gets_the_effort_of_its_own_model(make: Any) -> None:
    hook = make()
    routed = await _pre(hook, metadata={"heimdall": {"bucket": "hard"}})
    attempt = {"model": "openai/gpt-5", "metadata": {**routed["metadata"], "model_group": "a"}}
    fitted = await hook.async_pre_call_deployment_hook(attempt, CallTypes.acompletion)
    assert fitted is not None
    assert fitted["reasoning_effort"] == "high"
    assert "reasoning_effort" not in attempt
    assert hook.records.of(routed).served == "a"


async def test_an_attempt_of_anothers_request_is_left_as_it_is(make: Any) -> None:
    attempt = {"model": "openai/gpt-5", "metadata": {"model_group": "a"}}
    assert await make().async_pre_call_deployment_hook(attempt, CallTypes.acompletion) == attempt


async def test_an_undecided_attempt_gets_no_effort(make: Any) -> None:
    hook = make()
    routed = await _pre(hook, messages=[])
    attempt = {"model": "openai/gpt-5", "metadata": {**routed["metadata"], "model_group": "heimdall"}}
    assert await hook.async_pre_call_deployment_hook(attempt, None) == attempt


async def _log(hook: HeimdallHandler, group: object, **more: Any) -> None:
    start = datetime(2026, 1, 1)  # noqa: DTZ001 - LiteLLM's times are naive
    kwargs = {"standard_logging_object": {"model_group": group}, **more}
    await hook.async_log_success_event(kwargs, None, start, start + timedelta(seconds=2))


async def test_latency_is_learnt_from_answers_that_a_model_gave(make: Any) -> None:
    hook = make()
    await _log(hook, "a")
    await _log(hook, "b", cache_hit=True)
    await _log(hook, "heimdall")
    await _log(hook, None)
    await hook.async_log_success_event({}, None, None, None)
    assert hook.runtime.latencies == {"a": 2.0}
    await hook.async_log_success_event({"standard_logging_object": {"model_group": "c"}}, None, None, None)
    assert hook.failures.counts() == {("log", "TypeError"): 1}


async def test_where_the_lender_cannot_be_told_every_virtual_name_is_asked_about(make: Any) -> None:
    hook = make()

    def broken(*_: Any) -> list[str]:
        raise RuntimeError("no idea")

    hook._guard.borrowed = hook._guard.lent = broken
    with pytest.raises(HTTPException, match="may not use"):
        await hook.async_pre_call_hook(_token("heimdall", "a"), None, {}, "acreate_batch")
    with pytest.raises(HTTPException, match="may not use"):
        await _borrow(hook, model="anything", user_api_key_dict=_token("heimdall", "a"))
    assert await hook.async_pre_call_hook(ADMIN, None, {}, "acreate_batch") == {}


async def _broken() -> Any:
    raise litellm.APIConnectionError("broke off", "openai", "m")
    yield


async def _stream(hook: HeimdallHandler, request: Any) -> str:
    watched = hook.async_post_call_streaming_iterator_hook(ADMIN, _broken(), request)
    return "".join([str(chunk) async for chunk in watched])


async def _begun(hook: HeimdallHandler) -> Any:
    routed = await _pre(hook, call="atext_completion", metadata=None, prompt="hi", messages=None)
    assert await _filter(hook, routed["model"], routed)
    return routed


@pytest.fixture
def _first(monkeypatch: Any) -> None:
    monkeypatch.setattr(seams, "is_first_to_watch", lambda _: True)


@pytest.mark.usefixtures("_first")
async def test_a_broken_stream_goes_on_at_the_routers(make: Any, monkeypatch: Any) -> None:
    async def answered(model: str, fallbacks: Any, **_: Any) -> Any:
        async def chunks() -> Any:
            yield f"hello from {model}, then {fallbacks}"

        return chunks()

    hook = make()
    routed = await _begun(hook)
    monkeypatch.setattr(seams.proxy_router(), "atext_completion", answered)
    (following, *rest) = [name for name in ("a", "b", "c") if name != routed["model"]]
    assert await _stream(hook, routed) == f"hello from {following}, then {[{following: rest}]}"
    assert hook.records.of(routed).course.attempts[0].failure.kind == "broken"


@pytest.mark.usefixtures("_first")
@pytest.mark.parametrize("what", ["settle", "next", "router", "watch"])
async def test_where_we_cannot_help_a_broken_stream_its_own_error_stands(
    make: Any, monkeypatch: Any, what: str
) -> None:
    hook = make()
    routed = await _begun(hook)
    match what:
        case "settle":
            monkeypatch.setattr(outcomes, "failure_of", lambda *_, **__: 1 // 0)
            monkeypatch.setattr(handler.apply, "onwards", lambda *_: 1 // 0)
        case "next":
            monkeypatch.setattr(handler.apply, "onwards", lambda *_: 1 // 0)
        case "router":
            monkeypatch.setattr(seams, "proxy_router", lambda: None)
        case _:
            monkeypatch.setattr(handler.streams, "watched", lambda *_: 1 // 0)
    with pytest.raises(litellm.APIConnectionError, match="broke off"):
        await _stream(hook, routed)
    assert hook.failures.counts()


async def test_a_stream_behind_a_guardrail_or_watched_by_litellm_is_left_alone(
    make: Any, monkeypatch: Any
) -> None:
    hook = make()
    routed, stream = await _begun(hook), _broken()
    assert hook.async_post_call_streaming_iterator_hook(ADMIN, stream, routed) is stream
    monkeypatch.setattr(seams, "is_first_to_watch", lambda _: True)
    assert hook.async_post_call_streaming_iterator_hook(ADMIN, stream, await _pre(hook)) is stream
    assert hook.async_post_call_streaming_iterator_hook(ADMIN, stream, {}) is stream
    assert hook.failures.counts() == {}


def test_a_stream_that_outlives_its_event_loop_breaks_nothing_when_it_is_closed(make: Any) -> None:
    hook = make()
    hook._left(Record("heimdall", ""))
    assert hook.failures.counts() == {("journal", "RuntimeError"): 1}


async def test_a_call_within_an_attempt_keeps_its_time_limit(make: Any) -> None:
    hook = make()
    routed = await _pre(hook)
    assert await _filter(hook, routed["model"], routed)
    attempt = {"model": "openai/gpt-5", "metadata": {**routed["metadata"], "model_group": routed["model"]}}
    for given in ({}, {"timeout": 3}, {}):
        fitted: Any = await hook.async_pre_call_deployment_hook({**attempt, **given}, CallTypes.acompletion)
        limits = fitted.get("timeout")
    assert limits == 3
