"""Nobody reaches through a virtual name what they may not call by name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.proxy import Proxy
from tests.e2e.test_endpoints import GEMINI_BODY
from tests.fakes.providers import FakeProviders

MINI = "gpt-5-mini"
MESSAGES = [{"role": "user", "content": "hi"}]
ENDPOINTS: list[tuple[str, dict[str, Any]]] = [
    ("/v1/chat/completions", {"model": "heimdall", "messages": MESSAGES}),
    ("/v1/chat/completions", {"model": "heimdall", "messages": MESSAGES, "stream": True}),
    ("/v1/messages", {"model": "heimdall", "messages": MESSAGES, "max_tokens": 50}),
    ("/v1/messages", {"model": "heimdall", "messages": MESSAGES, "max_tokens": 50, "stream": True}),
    ("/v1/responses", {"model": "heimdall", "input": "hi"}),
    ("/v1/responses", {"model": "heimdall", "input": "hi", "stream": True}),
    ("/v1/completions", {"model": "heimdall", "prompt": "hi"}),
    ("/v1/completions", {"model": "heimdall", "prompt": "hi", "stream": True}),
    ("/v1beta/models/heimdall:generateContent", GEMINI_BODY),
    ("/v1beta/models/heimdall:streamGenerateContent?alt=sse", GEMINI_BODY),
]
MALFORMED: list[tuple[str, dict[str, Any]]] = [
    ("/v1/chat/completions", {"model": "heimdall", "messages": []}),
    ("/v1/chat/completions", {"model": "heimdall", "messages": [{"content": "no role"}]}),
    ("/v1/messages", {"model": "heimdall", "messages": "not a list", "max_tokens": 50}),
    ("/v1/responses", {"model": "heimdall", "input": {}}),
    ("/v1/completions", {"model": "heimdall", "prompt": ""}),
    ("/v1beta/models/heimdall:generateContent", {"contents": []}),
]
FAILURES = ["ok", "429", "500", "context"]


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize(("path", "body"), ENDPOINTS)
def test_a_restricted_key_is_served_by_its_one_model_or_not_at_all(
    proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any], failure: str
) -> None:
    fakes.script(gpt_5_mini=failure)
    answer = proxy.post(path, body, key="sk-mini", headers={"heimdall-bucket": "hard"})
    assert set(fakes.models) == {MINI}
    assert (answer.status_code == 200) == (failure == "ok")


@pytest.mark.parametrize(("path", "body"), [*ENDPOINTS, *MALFORMED])
def test_a_key_for_the_virtual_name_alone_reaches_no_model(
    proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any]
) -> None:
    answer = proxy.post(path, body, key="sk-only-heimdall")
    assert answer.status_code in (400, 403)
    assert fakes.received == []


@pytest.mark.parametrize(("path", "body"), MALFORMED)
def test_a_malformed_request_of_a_restricted_key_reaches_no_other_model(
    proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any]
) -> None:
    proxy.post(path, body, key="sk-mini")
    assert set(fakes.models) <= {MINI}


@pytest.mark.parametrize(
    "asked",
    [
        {"fallbacks": ["claude"]},
        {"fallbacks": [{"gpt-mini": ["claude"]}]},
        {"fallbacks": [{"model": "claude", "api_key": "sk-mine"}]},
        {"context_window_fallbacks": [{"gpt-mini": ["claude"]}]},
        {"content_policy_fallbacks": [{"gpt-mini": ["claude"]}]},
        {"metadata": {"heimdall": {"bucket": "hard", "alpha": 1}}},
        {"metadata": {"heimdall_record": "x", "model_group": "claude"}},
        {"litellm_metadata": {"heimdall_record": "x"}},
        {"num_retries": 3},
        {"api_key": "sk-mine"},
        {"metadata": {"user_api_key_auth": {"models": ["claude"]}}},
    ],
    ids=lambda asked: next(iter(asked)),
)
def test_nothing_in_a_body_widens_what_a_key_may_use(
    proxy: Proxy, fakes: FakeProviders, asked: dict[str, Any]
) -> None:
    fakes.script(gpt_5_mini=["429"])
    proxy.chat(key="sk-mini", headers={"heimdall-bucket": "hard"}, **asked)
    assert set(fakes.models) <= {MINI}


def test_counting_tokens_under_a_virtual_name_calls_no_provider(proxy: Proxy, fakes: FakeProviders) -> None:
    body = {"model": "heimdall", "messages": MESSAGES}
    answer = proxy.post("/v1/messages/count_tokens", body, key="sk-mini")
    assert answer.status_code == 200
    assert answer.json()["input_tokens"] > 0
    assert fakes.received == []


def test_a_refusal_names_every_candidate_and_why(proxy: Proxy, fakes: FakeProviders) -> None:
    answer = proxy.chat(key="sk-only-heimdall")
    error = answer.json()["error"]
    assert answer.status_code == 403
    assert all(f"{name}:" in error["message"] for name in ("gpt-mini", "gemini", "claude"))
    assert error["provider_specific_fields"]["heimdall_code"] == "heimdall_no_candidate"
    assert answer.headers["heimdall-decision-id"]


def test_a_refusal_on_messages_says_the_same(proxy: Proxy, fakes: FakeProviders) -> None:
    answer = proxy.post(
        "/v1/messages", {"model": "heimdall", "messages": MESSAGES, "max_tokens": 9}, key="sk-only-heimdall"
    )
    assert answer.status_code == 403
    assert "gpt-mini" in answer.json()["error"]["message"]
    assert answer.headers["heimdall-decision-id"]


@pytest.mark.parametrize(("path", "body"), ENDPOINTS)
def test_a_wrong_key_gets_litellms_own_refusal(
    proxy: Proxy, plain_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any]
) -> None:
    with_us, without = (p.post(path, body, key="sk-unknown") for p in (proxy, plain_proxy))
    assert (with_us.status_code, with_us.json()) == (without.status_code, without.json())
    assert not [name for name in with_us.headers if name.startswith("heimdall")]
    assert fakes.received == []
