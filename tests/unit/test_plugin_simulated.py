"""The simulated provider: latency, length, price and failures from settings."""

from __future__ import annotations

from typing import Any

import litellm
import pytest

from heimdall_litellm.config import SimulationSettings
from heimdall_litellm.core.types import CatalogEntry
from heimdall_litellm.plugin import simulated
from heimdall_litellm.plugin.simulated import SimulatedProvider

HI = [{"role": "user", "content": "hi"}]


class Sleeps(list[float]):
    async def later(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def sleeps() -> Sleeps:
    return Sleeps()


@pytest.fixture(autouse=True)
def _fresh_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litellm, "custom_provider_map", [])
    monkeypatch.setattr(litellm, "_custom_providers", [])


def _provider(sleeps: Sleeps, **settings: Any) -> SimulatedProvider:
    made = SimulatedProvider(
        SimulationSettings.model_validate({"output_tokens": 5, **settings}),
        sleep=sleeps.append,
        async_sleep=sleeps.later,
    )
    simulated.register(made)
    return made


async def _ask(kind: str, model: str = "heimdall-sim/m", **more: Any) -> tuple[str, Any]:
    """Return the text and the usage."""
    ask = {"model": model, "messages": HI, **more}
    if kind == "sync":
        response = litellm.completion(**ask)
    elif kind == "async":
        response = await litellm.acompletion(**ask)
    else:
        ask.update(stream=True, stream_options={"include_usage": True})
        if kind == "sync stream":
            chunks = list(litellm.completion(**ask))
        else:
            chunks = [chunk async for chunk in await litellm.acompletion(**ask)]
        response = litellm.stream_chunk_builder(chunks, messages=HI)
    return response.choices[0].message.content, response.usage


every_way = pytest.mark.parametrize("kind", ["sync", "async", "sync stream", "async stream"])


@every_way
async def test_it_answers_with_the_words_tokens_and_latency_set(kind: str, sleeps: Sleeps) -> None:
    _provider(sleeps, first_token_ms=100, ms_per_token=10)
    text, usage = await _ask(kind)
    assert text == "This answer is simulated by"
    assert usage.completion_tokens == 5
    assert usage.prompt_tokens > 0
    assert sum(sleeps) == pytest.approx(0.14)


@every_way
@pytest.mark.parametrize(
    ("failure", "error"),
    [
        ("429", litellm.RateLimitError),
        ("500", litellm.InternalServerError),
        ("503", litellm.ServiceUnavailableError),
        ("timeout", litellm.Timeout),
        ("context", litellm.ContextWindowExceededError),
    ],
)
async def test_failures_are_litellms_own_exceptions(
    kind: str, failure: str, error: type[Exception], sleeps: Sleeps
) -> None:
    _provider(sleeps, models={"m": {"fail": [failure]}})
    with pytest.raises(error, match="simulated by Heimdall"):
        await _ask(kind)


async def test_a_script_is_played_in_turn_and_again(sleeps: Sleeps) -> None:
    _provider(sleeps, models={"m": {"fail": ["ok", "429"]}})
    for _ in range(2):
        await _ask("async")
        with pytest.raises(litellm.RateLimitError):
            await _ask("async")


async def _outcomes(sleeps: Sleeps, seed: int) -> str:
    _provider(sleeps).configure(
        SimulationSettings.model_validate(
            {"seed": seed, "models": {"m": {"fail_rate": {"429": 0.3, "500": 0.3}}}}
        )
    )
    made = ""
    for _ in range(40):
        try:
            simulated_now = litellm.custom_provider_map[0]["custom_handler"]
            simulated_now._begin({"model": "m", "messages": HI})
            made += "."
        except litellm.RateLimitError:
            made += "r"
        except litellm.InternalServerError:
            made += "i"
    litellm.custom_provider_map.clear()
    return made


async def test_random_failures_follow_their_rates_and_the_seed(sleeps: Sleeps) -> None:
    first, again, other = [await _outcomes(sleeps, seed) for seed in (1, 1, 2)]
    assert first == again != other
    assert {".", "r", "i"} == set(first)


async def test_a_model_may_have_its_own_latency_and_length(sleeps: Sleeps) -> None:
    own = {"first_token_ms": 0, "ms_per_token": 1, "output_tokens": 30}
    _provider(sleeps, models={"m": own})
    text, usage = await _ask("async")
    assert usage.completion_tokens == len(text.split()) == 30
    assert sum(sleeps) == pytest.approx(0.029)


async def test_it_says_no_more_than_it_was_allowed(sleeps: Sleeps) -> None:
    _provider(sleeps)
    assert (await _ask("async", max_tokens=2))[1].completion_tokens == 2


ENTRY = CatalogEntry("gpt", "openai/gpt-5", "openai", input_usd_per_mtok=2.0, output_usd_per_mtok=None)
ATTEMPT = {"model": "openai/gpt-5", "api_base": "https://real", "metadata": {"model_group": "gpt"}}


def test_an_attempt_is_redirected_without_address_or_key(sleeps: Sleeps) -> None:
    provider = _provider(sleeps)
    made = simulated.redirect({**ATTEMPT, "api_key": "sk-real"}, "acompletion", provider, ENTRY)
    assert made is not None
    assert made["model"] == "heimdall-sim/openai/gpt-5"
    assert made["input_cost_per_token"] == pytest.approx(2e-6)
    assert "output_cost_per_token" not in made
    assert "https://real" not in str(made)
    assert "sk-real" not in str(made)


@pytest.mark.parametrize(
    ("call", "more"),
    [
        ("aembedding", {}),
        ("acompletion", {"mock_response": "mine"}),
        ("acompletion", {"model": "heimdall-sim/x"}),
        ("acompletion", {"custom_llm_provider": "heimdall-sim"}),
        ("acompletion", {"model": None}),
    ],
)
def test_other_attempts_are_left_alone(sleeps: Sleeps, call: str, more: dict[str, Any]) -> None:
    assert simulated.redirect({**ATTEMPT, **more}, call, _provider(sleeps), ENTRY) is None


def test_a_price_of_the_deployments_own_stays(sleeps: Sleeps) -> None:
    made = simulated.redirect({**ATTEMPT, "input_cost_per_token": 7}, "acompletion", _provider(sleeps), ENTRY)
    assert made is not None
    assert made["input_cost_per_token"] == 7
    assert simulated.redirect(ATTEMPT, "acompletion", _provider(sleeps), None) is not None


def test_geminis_endpoint_is_met_again_with_its_group_remembered(sleeps: Sleeps) -> None:
    provider = _provider(sleeps, models={"gpt": {"fail": ["429"]}})
    first = simulated.redirect(ATTEMPT, "agenerate_content", provider, ENTRY)
    assert first is not None
    assert first["model"] == "custom/openai/gpt-5"
    second = simulated.redirect({"model": first["model"]}, "acompletion", provider, None)
    assert second is not None
    assert second["model"] == "heimdall-sim/openai/gpt-5"
    with pytest.raises(litellm.RateLimitError):
        provider._begin({"model": "openai/gpt-5", "messages": HI})


def test_a_provider_of_the_users_configuration_is_kept(sleeps: Sleeps) -> None:
    first = _provider(sleeps)
    simulated.register(SimulatedProvider())
    assert [item["custom_handler"] for item in litellm.custom_provider_map] == [first]


def test_there_is_one_provider_in_a_process() -> None:
    assert simulated.build() is simulated.build()
