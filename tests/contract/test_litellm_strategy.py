"""`HeimdallRoutingStrategy` in a plain `litellm.Router`, async and sync."""

from __future__ import annotations

from typing import Any

import litellm
import pytest

from heimdall_litellm.core.types import Decision
from heimdall_litellm.errors import ConfigError, NoCandidate
from heimdall_litellm.plugin import runtime, seams
from heimdall_litellm.plugin.strategy import HeimdallRoutingStrategy
from tests.fakes.engine import FakeEngine
from tests.support import QUIET

SETTINGS = {
    **QUIET,
    "router": {"cheap_candidates": ["a", "b"], "mid_candidates": ["c"], "hard_candidates": ["c"]},
}
HI = [{"role": "user", "content": "hi"}]


@pytest.fixture(autouse=True)
def _fake_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        runtime.Runtime.__init__,
        "__kwdefaults__",
        {
            **runtime.Runtime.__init__.__kwdefaults__,
            "make": FakeEngine,
            "watch": lambda *_: None,
        },
    )


def _deployment(group: str, answer: str | None = None, **params: Any) -> dict[str, Any]:
    mock = {"mock_response": f"from {group}" if answer is None else answer}
    return {
        "model_name": group,
        "litellm_params": {"model": "openai/gpt-4.1", "api_key": "x", **mock, **params},
    }


def _router(**more: Any) -> litellm.Router:
    answers = more.pop("answers", {})
    groups = ["heimdall", "a", "b", "c", "other"]
    models = [_deployment(group, answers.get(group)) for group in groups]
    more = {"num_retries": 0, "retry_after": 0, **more}
    return litellm.Router(model_list=models, **more)


def _said(response: Any) -> str:
    return str(response.choices[0].message.content)


async def _ask(router: litellm.Router, kind: str, model: str = "heimdall", **more: Any) -> str:
    if kind == "sync":
        return _said(router.completion(model=model, messages=HI, **more))
    return _said(await router.acompletion(model=model, messages=HI, **more))


both = pytest.mark.parametrize("kind", ["async", "sync"])


@both
async def test_a_virtual_name_is_decided(kind: str) -> None:
    router = _router()
    HeimdallRoutingStrategy.install(router, SETTINGS)
    assert await _ask(router, kind) == "from a"


@both
async def test_every_other_name_goes_where_it_went_before(kind: str) -> None:
    router, plain = _router(), _router()
    HeimdallRoutingStrategy.install(router, SETTINGS)
    assert await _ask(router, kind, "other") == await _ask(plain, kind, "other") == "from other"
    for asked in (router, plain):
        with pytest.raises(litellm.BadRequestError, match="no-such"):
            await _ask(asked, kind, "no-such")


@both
async def test_the_next_best_follows_when_one_fails(kind: str) -> None:
    router = _router(answers={"a": "litellm.RateLimitError"}, num_retries=2)
    HeimdallRoutingStrategy.install(router, SETTINGS)
    assert await _ask(router, kind) == "from b"


async def test_a_metadata_dictionary_used_again_does_not_carry_over() -> None:
    router = _router(answers={"a": "litellm.RateLimitError"}, num_retries=2)
    strategy = HeimdallRoutingStrategy.install(router, SETTINGS)
    metadata: dict[str, Any] = {}
    for _ in range(3):
        assert await _ask(router, "async", metadata=metadata) == "from b"
    assert strategy.failures.counts() == {}


@both
async def test_a_group_that_is_cooling_down_is_passed_over(kind: str) -> None:
    router = _router()
    HeimdallRoutingStrategy.install(router, SETTINGS)
    cooled = next(d["model_info"]["id"] for d in seams.models_of(router) if d["model_name"] == "a")
    health = getattr(router, "health", None)
    cooldowns = router.cooldown_cache if health is None else health().cooldowns
    cooldowns.add_deployment_to_cooldown(
        model_id=cooled, original_exception=Exception("429"), exception_status=429, cooldown_time=60.0
    )
    assert await _ask(router, kind) == "from b"


@both
async def test_with_nothing_left_the_default_deployment_serves(kind: str) -> None:
    limit = "litellm.RateLimitError"
    router = _router(answers={"a": limit, "b": limit, "c": limit}, num_retries=4)
    HeimdallRoutingStrategy.install(router, SETTINGS)
    assert await _ask(router, kind) == "from heimdall"


@both
async def test_an_engine_that_breaks_leaves_the_default_deployment(kind: str, monkeypatch: Any) -> None:
    def broken(*_: Any, **__: Any) -> Decision:
        raise KeyError("x")

    monkeypatch.setattr(FakeEngine, "decide_facts", broken)
    router = _router()
    strategy = HeimdallRoutingStrategy.install(router, SETTINGS)
    assert await _ask(router, kind) == "from heimdall"
    assert strategy.failures.counts() == {("strategy", "KeyError"): 1}


async def test_a_request_that_nothing_can_serve_says_so(monkeypatch: Any) -> None:
    def none(*_: Any, **__: Any) -> Decision:
        raise NoCandidate({"a": "no vision"})

    monkeypatch.setattr(FakeEngine, "decide_facts", none)
    router = _router()
    HeimdallRoutingStrategy.install(router, SETTINGS)
    with pytest.raises(NoCandidate, match="a: no vision"):
        await _ask(router, "async")


@both
async def test_a_deployment_named_outright_is_not_second_guessed(kind: str) -> None:
    router, plain = _router(), _router()
    HeimdallRoutingStrategy.install(router, SETTINGS)
    for asked in (router, plain):
        with pytest.raises(ValueError, match="model=heimdall"):
            await _ask(asked, kind, specific_deployment=True)


async def test_messages_responses_and_streams_are_decided_too() -> None:
    router = _router()
    strategy = HeimdallRoutingStrategy.install(router, SETTINGS)
    stream = await router.acompletion(model="heimdall", messages=HI, stream=True)
    assert "from a" in "".join([c.choices[0].delta.content or "" async for c in stream])
    engine: Any = strategy._heimdall
    response = await router.aresponses(model="heimdall", input="a question")
    assert response.status == "completed"
    assert engine.calls[-1]["facts"].ask == "a question"


async def test_calls_without_a_prompt_go_to_the_default_deployment_as_without_us(monkeypatch: Any) -> None:
    seen = []
    real = HeimdallRoutingStrategy.async_get_available_deployment

    async def note(*args: Any, **more: Any) -> Any:
        found = await real(*args, **more)
        seen.append(found["model_name"])
        return found

    monkeypatch.setattr(HeimdallRoutingStrategy, "async_get_available_deployment", note)
    router = _router()
    HeimdallRoutingStrategy.install(router, SETTINGS)
    await router.aembedding(model="heimdall", input="hi", mock_response=[0.1])
    await router.aimage_generation(model="heimdall", prompt="hi", mock_response="x")
    assert seen == ["heimdall", "heimdall"]
    await router.atext_completion(model="heimdall", prompt="hi")
    assert seen[-1] == "a"


def test_load_balancing_within_a_group_stays_the_routers() -> None:
    router = _router()
    router.add_deployment(litellm.Deployment(**_deployment("a", "from a too")))
    HeimdallRoutingStrategy.install(router, SETTINGS)
    said = {_said(router.completion(model="heimdall", messages=HI)) for _ in range(60)}
    assert said == {"from a", "from a too"}


async def test_tags_stay_the_routers() -> None:
    models = [
        _deployment("heimdall"),
        _deployment("a", "free", tags=["free"]),
        _deployment("a", "paid", tags=["paid"]),
        _deployment("b"),
        _deployment("c"),
    ]
    router = litellm.Router(model_list=models, enable_tag_filtering=True, num_retries=0)
    HeimdallRoutingStrategy.install(router, SETTINGS)

    for tag in ("free", "paid", "free"):
        assert await _ask(router, "async", metadata={"tags": [tag]}) == tag


def test_a_virtual_name_must_be_a_group_of_the_router() -> None:
    with pytest.raises(ConfigError, match="heimdall"):
        HeimdallRoutingStrategy(litellm.Router(model_list=[_deployment("a")]), SETTINGS)


def test_a_newer_routers_name_for_it_is_used_where_there_is_one() -> None:
    given = []
    router: Any = _router()
    router.register_plugin = given.append
    strategy = HeimdallRoutingStrategy.install(router, SETTINGS)
    assert given == [strategy]


async def test_a_caller_without_any_metadata_is_served() -> None:
    strategy = HeimdallRoutingStrategy(_router(), SETTINGS)
    assert (await strategy.async_get_available_deployment("heimdall", HI))["model_name"] == "a"
    assert strategy.get_available_deployment("heimdall", HI)["model_name"] == "a"
    assert strategy.failures.counts() == {}
