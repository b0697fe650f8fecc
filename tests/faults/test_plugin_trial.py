"""What would become of a request, when what that stands on misbehaves; and that asking changes nothing."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from typing import Any

import litellm
import pytest
from litellm.proxy._types import LitellmUserRoles, UserAPIKeyAuth

from heimdall_litellm.bundle import load_bundle
from heimdall_litellm.config import load_settings
from heimdall_litellm.engine import Heimdall
from heimdall_litellm.errors import BadOverride, NoCandidate
from heimdall_litellm.plugin import seams
from heimdall_litellm.plugin.handler import HeimdallHandler
from heimdall_litellm.plugin.records import Records
from heimdall_litellm.plugin.runtime import Runtime
from heimdall_litellm.plugin.serving import ProxyBackend
from heimdall_litellm.plugin.shield import Failures
from heimdall_litellm.plugin.simulated import SimulatedProvider
from heimdall_litellm.web.backend import Caller, Outcome
from heimdall_litellm.web.problems import Problem
from tests.fakes.engine import FakeEngine
from tests.support import QUIET

SETTINGS: dict[str, Any] = {
    **QUIET,
    "router": {"cheap_candidates": ["a", "b"], "mid_candidates": ["b"], "hard_candidates": ["c"]},
    "simulation": {"mode": "always"},
}
GROUPS = {"heimdall": "openai/gpt-4.1", "plain": "openai/gpt-4.1", "a": "openai/gpt-5", "b": "m", "c": "m"}
ADMIN = Caller(True, UserAPIKeyAuth(api_key="sk-m", user_role=LitellmUserRoles.PROXY_ADMIN))
HI = {"messages": [{"role": "user", "content": "hi"}]}


def caller(*models: str) -> Caller:
    role = LitellmUserRoles.INTERNAL_USER
    return Caller(False, UserAPIKeyAuth(api_key="sk-x", models=list(models), user_role=role))


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
def make(_router: litellm.Router) -> Callable[..., ProxyBackend]:
    def made(*, engine: Any = FakeEngine, is_bypassed: bool = False, **settings: Any) -> ProxyBackend:
        checked = load_settings({**SETTINGS, **settings})
        runtime = Runtime(checked, Failures(), make=engine, watch=lambda *_: None)
        runtime.build(seams.models_of(_router))
        return ProxyBackend(runtime, frozenset() if is_bypassed else checked.names, Records())

    return made


async def explain(
    backend: ProxyBackend, body: dict[str, Any], who: Caller = ADMIN, endpoint: Any = "chat", **headers: str
) -> Outcome:
    before = copy.deepcopy(body)
    named = {f"heimdall-{name}": value for name, value in headers.items()}
    outcome = await backend.explain(who, endpoint, body, named)
    assert body == before
    return outcome


async def test_the_main_name_is_meant_where_none_is_given(make: Any) -> None:
    outcome = await explain(make(), HI)
    assert (outcome.requested, outcome.model, outcome.fallbacks) == ("heimdall", "a", ("b", "c"))
    assert outcome.decision is not None
    assert outcome.seen == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("endpoint", "body"),
    [
        ("completions", {"prompt": "hi"}),
        ("messages", HI),
        ("responses", {"input": "hi"}),
        ("gemini", {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
    ],
)
async def test_every_endpoint_is_decided_on(make: Any, endpoint: str, body: dict[str, Any]) -> None:
    outcome = await explain(make(), {**body, "model": "heimdall"}, endpoint=endpoint, bucket="hard")
    assert outcome.model == "c"


async def test_a_restricted_key_gets_its_own_decision(make: Any) -> None:
    outcome = await explain(make(), HI, caller("heimdall", "b"))
    assert (outcome.model, outcome.fallbacks, outcome.seen) == ("b", (), {"b"})


@pytest.mark.parametrize("model", ["a", "missing", "heimdall-2", ""])
async def test_a_name_that_is_not_the_callers_is_not_there(make: Any, model: str) -> None:
    who = caller("b") if model == "" else caller("heimdall", "missing")
    with pytest.raises(Problem) as raised:
        await explain(make(), {**HI, "model": model}, who)
    assert (raised.value.status, raised.value.code) == (404, "heimdall_no_such_model")


async def test_a_model_by_its_own_name_is_no_virtual_one(make: Any) -> None:
    with pytest.raises(Problem) as raised:
        await explain(make(), {**HI, "model": "b"}, caller("b"))
    assert raised.value.code == "heimdall_not_virtual"


async def test_bypassed_nothing_is_decided(make: Any) -> None:
    with pytest.raises(Problem) as raised:
        await explain(make(is_bypassed=True), HI)
    assert raised.value.code == "heimdall_not_virtual"


@pytest.mark.parametrize(
    ("settings", "is_routing", "is_shadowing"),
    [
        ({}, True, False),
        ({"mode": "shadow"}, False, True),
        ({"mode": "off"}, False, False),
        ({"mode": "off", "modes": [{"mode": "shadow", "share": 0.1}]}, False, True),
        ({"mode": "shadow", "modes": [{"mode": "route", "teams": ["a"]}]}, True, True),
    ],
)
def test_the_flags_tell_routing_from_shadow_mode(
    make: Any, settings: dict[str, Any], is_routing: bool, is_shadowing: bool
) -> None:
    flags = make(**settings).flags()
    assert (flags["routing"], flags["shadow"]) == (is_routing, is_shadowing)
    flags = make(is_bypassed=True, **settings).flags()
    assert (flags["routing"], flags["shadow"]) == (False, False)


async def test_a_refusal_is_the_requests_own(make: Any) -> None:
    with pytest.raises(NoCandidate) as raised:
        await explain(make(), HI, caller("heimdall"))
    assert raised.value.status == 403


@pytest.mark.parametrize("body", [HI, {}], ids=["decided", "undecided"])
async def test_a_malformed_override_is_told_whatever_the_body(make: Any, body: dict[str, Any]) -> None:
    with pytest.raises(BadOverride):
        await explain(make(), body, alpha="lots")
    with pytest.raises(BadOverride):
        await explain(make(), {**body, "metadata": {"heimdall": {"colour": "red"}}})


async def test_an_engine_that_breaks_leaves_the_default(make: Any) -> None:
    class Broken(FakeEngine):
        def decide_facts(self, *_: Any, **__: Any) -> Any:
            raise ZeroDivisionError

    backend = make(engine=Broken)
    outcome = await explain(backend, HI)
    assert (outcome.decision, outcome.model) == (None, "heimdall")
    assert "could not decide" in outcome.reason
    assert outcome.failed == (("decide", "ZeroDivisionError"),)
    assert backend._runtime.failures.counts() == {}


@pytest.mark.parametrize(
    ("endpoint", "odd"),
    [
        ("responses", {"input": "hi", "previous_response_id": 5}),
        ("chat", {"provider_specific_header": ["x"]}),
        ("chat", {"max_tokens": 10**400}),
        ("chat", {"metadata": "x"}),
        ("chat", {"metadata": ["x"], "litellm_metadata": 5}),
        ("chat", {"metadata": "[" * 100_000}),
        ("chat", {"tools": "x"}),
    ],
)
async def test_an_odd_body_fails_no_request(
    make: Any,
    bundle_path: Any,
    caplog: pytest.LogCaptureFixture,
    endpoint: str,
    odd: dict[str, Any],
) -> None:
    backend = make(engine=lambda settings, entries: Heimdall(settings, entries, load_bundle(bundle_path)))
    outcome = await explain(backend, {**HI, **odd}, endpoint=endpoint)
    assert outcome.failed == ()
    assert backend.report().failures == {}
    assert "failed" not in caplog.text


async def test_metadata_may_be_the_text_of_an_object_as_litellm_takes_it(make: Any) -> None:
    outcome = await explain(make(), {**HI, "metadata": '{"heimdall": {"bucket": "hard"}}'})
    assert outcome.model == "c"


async def test_permissions_that_cannot_be_asked_are_refusals(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = make()
    monkeypatch.setattr(seams, "access_checks", lambda: 1 // 0)
    with pytest.raises(Problem) as raised:
        await explain(backend, HI, caller("heimdall", "a"))
    assert raised.value.status == 404
    assert await backend.permitted(caller("a"), ["a"]) == frozenset()
    assert await backend.permitted(ADMIN, ["a"]) == {"a"}


async def test_a_long_list_keeps_nobody_waiting(make: Any) -> None:
    backend, turns = make(), 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    waiting = asyncio.create_task(others())
    names = [*GROUPS, *(f"missing-{number}" for number in range(200))]
    allowed = await backend.permitted(caller("a", "b", "missing-7"), names)
    waiting.cancel()
    assert allowed == {"a", "b", "missing-7"}
    assert turns >= len(names) // 25


async def test_a_conversation_stays_with_its_model(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seams, "group_of_response", lambda *_: "b")
    body = {"input": "and then?", "previous_response_id": "resp_1"}
    outcome = await explain(make(), body, endpoint="responses")
    assert (outcome.model, outcome.decision) == ("b", None)
    assert outcome.reason == "goes on with a conversation that b holds"
    with pytest.raises(NoCandidate):
        await explain(make(), body, caller("heimdall", "a"), endpoint="responses")


async def test_who_is_set_aside_is_passed_over_and_no_probe_is_claimed(make: Any) -> None:
    backend = make()
    runtime, now = backend._runtime, [0.0]
    runtime.health._clock = lambda: now[0]
    (deployment,) = runtime.health._members["a"]
    runtime.health.adopt(deployment, 60.0, 1, "unavailable (503)")
    assert (await explain(backend, HI)).model == "b"
    now[0] = 61.0
    for _ in range(3):
        assert (await explain(backend, HI)).model == "a"
    assert runtime.health.admit([deployment]) == [deployment]  # the probe is still to be had
    assert runtime.health.admit([deployment]) == []


async def test_a_trial_is_not_remembered_and_knows_what_is(make: Any, bundle_path: Any) -> None:
    def engine(settings: Any, entries: Any) -> Heimdall:
        return Heimdall(settings, entries, load_bundle(bundle_path))

    backend = make(engine=engine)
    runtime = backend._runtime
    first = await explain(backend, HI)
    assert first.decision is not None
    assert len(runtime.snapshot.cache) == 0
    handler = HeimdallHandler(runtime, SimulatedProvider())
    data = {"model": "heimdall", "metadata": {}, **HI}
    await handler.async_pre_call_hook(ADMIN.token, None, data, "acompletion")
    assert len(runtime.snapshot.cache) == 1
    # A remembered decision holds for a while, though latency changed meanwhile; so it does here.
    (kept,) = [decision for _, decision in runtime.snapshot.cache._entries.values()]
    runtime.observe_latency(first.model, 500.0)
    assert (await explain(backend, HI)).decision is kept
    assert len(handler.records) == 1


async def test_the_caller_s_own_key_counts_and_stays_nowhere(make: Any) -> None:
    backend = make()
    outcome = await explain(backend, {**HI, "api_key": "sk-of-the-callers-own"})
    assert "sk-of-the-callers-own" not in repr(outcome)


def test_the_report_knows_the_bundle_and_what_failed(make: Any, bundle_path: Any) -> None:
    backend = make(engine=lambda settings, entries: Heimdall(settings, entries, load_bundle(bundle_path)))
    backend.failed(ValueError("x"))
    report = backend.report()
    assert report.bundle_id == load_bundle(bundle_path).id
    assert report.failures == {("http", "ValueError"): 1}
    assert (report.is_bypassed, report.is_simulating, report.is_sharing) == (False, True, False)
    assert backend.virtual()["heimdall"].candidates == ("a", "b", "c")
    assert backend.flags()["simulation"]
    assert set(backend.catalog().cards) == set(GROUPS)
