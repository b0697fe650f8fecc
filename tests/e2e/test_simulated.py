"""Without a single provider key: everything answers, and says that it is simulated."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.proxy import Proxy
from tests.e2e.test_permission import ENDPOINTS

GPT_MINI_USD = (0.25e-6, 2e-6)


@pytest.mark.parametrize("bucket", ["cheap", "hard"])
@pytest.mark.parametrize(("path", "body"), ENDPOINTS)
def test_every_endpoint_answers_and_says_that_it_is_simulated(
    simulated_proxy: Proxy, path: str, body: dict[str, Any], bucket: str
) -> None:
    answer = simulated_proxy.post(path, body, headers={"heimdall-bucket": bucket})
    assert answer.status_code == 200, answer.text
    assert "simulated" in answer.text
    assert answer.headers["heimdall-model"] == {"cheap": "gpt-mini", "hard": "claude"}[bucket]


def test_the_start_says_so_and_why(simulated_proxy: Proxy) -> None:
    assert "The simulated provider answers for every model" in simulated_proxy.output
    assert "no provider key is set" in simulated_proxy.output


def test_the_text_names_the_model_that_it_stands_in_for(simulated_proxy: Proxy) -> None:
    text = simulated_proxy.chat(headers={"heimdall-bucket": "hard"}).json()["choices"][0]["message"][
        "content"
    ]
    assert "anthropic/claude-sonnet-4-5" in text


def test_a_simulated_answer_costs_what_the_real_one_would(simulated_proxy: Proxy) -> None:
    answer = simulated_proxy.chat("hello " * 50, headers={"heimdall-bucket": "cheap"})
    usage = answer.json()["usage"]
    price_in, price_out = GPT_MINI_USD
    cost = usage["prompt_tokens"] * price_in + usage["completion_tokens"] * price_out
    assert usage["completion_tokens"] == 40
    assert float(answer.headers["x-litellm-response-cost"]) == pytest.approx(cost)


def test_a_simulated_context_overflow_falls_over_like_a_real_one(simulated_proxy: Proxy) -> None:
    answer = simulated_proxy.chat(headers={"heimdall-bucket": "mid"})
    assert answer.status_code == 200
    assert answer.headers["heimdall-model"] in ("gpt-mini", "claude")
    assert answer.headers["x-litellm-attempted-fallbacks"] == "1"


def test_a_simulated_failure_without_a_fallback_has_its_own_status(simulated_proxy: Proxy) -> None:
    answer = simulated_proxy.chat(model="heimdall-open")
    assert answer.status_code == 429
    assert answer.headers["heimdall-model"] == "r1"


@pytest.mark.parametrize("stream", [False, True])
def test_a_model_asked_for_by_name_is_simulated_too_and_fails_with_its_own_status(
    simulated_proxy: Proxy, stream: bool
) -> None:
    assert "simulated" in simulated_proxy.chat(model="claude", stream=stream).text
    refused = simulated_proxy.chat(model="r1", stream=stream)
    assert "simulated by Heimdall: 429" in refused.text
    assert refused.status_code == 429


def test_a_mock_response_of_the_users_own_still_works(simulated_proxy: Proxy) -> None:
    assert simulated_proxy.chat(model="mocked").json()["choices"][0]["message"]["content"] == "mine"
