"""Callers' credentials on the way through the plugin: out of the request, onto their owner's attempts."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from heimdall_litellm.auth import anthropic_oauth, google_oauth, openai_key
from heimdall_litellm.auth.secret import Secret
from heimdall_litellm.config import load_settings
from heimdall_litellm.plugin import credentials, seams, translate
from heimdall_litellm.plugin.credentials import Brought, Credentials, held

SETTINGS = load_settings({})
CLAUDE, OPENAI = anthropic_oauth.make(SETTINGS), openai_key.make(SETTINGS)
OAT = "sk-ant-oat01-somebodys"
MINE = Brought(CLAUDE, Secret(OAT))
ALL = Credentials((CLAUDE, OPENAI))
HOME = {"model": "anthropic/claude-sonnet-4-5"}
SCOPED = {
    "provider_specific_header": {
        "custom_llm_provider": "anthropic",
        "extra_headers": {"Authorization": f"Bearer {OAT}", "anthropic-beta": "x"},
    }
}


class Login:
    """A login of the proxy's, or the want of one."""

    def __init__(self, token: str | None, *, is_slow: bool = False) -> None:
        self.token, self.is_slow = token, is_slow

    def is_present(self) -> bool:
        return True

    async def bearer(self) -> Secret | None:
        if self.is_slow:
            await asyncio.Event().wait()
        return None if self.token is None else Secret(self.token)


def _google(token: str | None, *, is_slow: bool = False) -> Credentials:
    return Credentials((google_oauth.GoogleOAuth(Login(token, is_slow=is_slow), "pays"),))


def test_what_a_caller_brings_is_found_in_the_raw_headers_by_any_capitals() -> None:
    raw = {"Authorization": f"Bearer {OAT}", "HEIMDALL-OPENAI-KEY": "sk-of-theirs", "x-odd": 7}
    found = ALL.brought({"secret_fields": {"raw_headers": raw}})
    assert {provider: b.secret.reveal() for provider, b in found.items()} == {
        "anthropic": OAT,
        "openai": "sk-of-theirs",
    }
    assert OAT not in repr(found)
    assert ALL.brought({"api_key": "sk-of-theirs"})["openai"].secret == Secret("sk-of-theirs")
    assert ALL.brought({"api_key": ["sk-of-theirs"], "secret_fields": "odd"}) == {}
    assert Credentials().brought({"api_key": "sk-of-theirs"}) == {}


async def test_a_credential_is_put_on_its_owners_attempt_and_pins_the_address() -> None:
    given = {**HOME, "messages": []}
    found = await ALL.attached(given, {"anthropic": MINE})
    assert found is not None
    kwargs, whose = found
    assert whose is MINE
    assert kwargs == {**given, "api_key": OAT, "api_base": "https://api.anthropic.com"}
    assert given == {**HOME, "messages": []}


@pytest.mark.parametrize(
    "attempt",
    [
        {"model": "openai/gpt-5"},
        {"model": "bedrock/anthropic.claude-v2"},
        {"model": "vertex_ai/claude-sonnet-4-5"},
        {"model": "openrouter/anthropic/claude-sonnet-4.5"},
        {**HOME, "api_base": "https://relay.example"},
        {**HOME, "api_base": "https://api.anthropic.com.evil.example"},
        {**HOME, "api_base": "http://api.anthropic.com"},
        {**HOME, "base_url": "https://relay.example"},
        {**HOME, "base_url": "https://relay.example", "api_base": "https://api.anthropic.com"},
        {"model": "claude-sonnet-4-5", "custom_llm_provider": "openai"},
    ],
)
async def test_a_credential_is_put_on_nobody_elses(attempt: dict[str, Any]) -> None:
    assert await ALL.attached(attempt, {"anthropic": MINE}) is None
    assert ALL.dedicated({"litellm_params": attempt, "model_info": {"id": "i"}}, {"anthropic": MINE}) is None


async def test_who_brings_nothing_is_given_nothing() -> None:
    assert await ALL.attached(HOME, {}) is None


async def test_the_proxys_login_serves_those_who_bring_nothing() -> None:
    found = await _google("ya29.of-the-proxy").attached({"model": "gemini/gemini-2.5-pro"}, {})
    assert found is not None
    kwargs, whose = found
    assert whose == "google-oauth"
    assert kwargs["extra_headers"] == {
        "authorization": "Bearer ya29.of-the-proxy",
        "x-goog-user-project": "pays",
    }
    assert kwargs["api_key"] == seams.PLACEHOLDER_KEY
    assert _google("x").stored == {"gemini"}
    assert await _google(None).attached({"model": "gemini/gemini-2.5-pro"}, {}) is None


async def test_a_login_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "STORED_TIMEOUT_S", 0.01)
    with pytest.raises(TimeoutError):
        await _google("x", is_slow=True).attached({"model": "gemini/gemini-2.5-pro"}, {})


def test_a_deployment_that_a_caller_pays_for_is_one_of_its_own_to_litellm() -> None:
    deployment = {"litellm_params": dict(HOME), "model_info": {"id": "shared", "mode": "chat"}}
    own = ALL.dedicated(deployment, {"anthropic": MINE})
    assert own is not None
    assert own["model_info"] == {
        "id": f"shared-{MINE.secret.digest}",
        "original_model_id": "shared",
        "mode": "chat",
    }
    assert deployment["model_info"]["id"] == "shared"
    assert ALL.dedicated(deployment, {}) is None


def test_a_scoped_bearer_of_other_requests_goes_to_its_owner_or_to_nobody() -> None:
    beta = {"custom_llm_provider": "anthropic", "extra_headers": {"anthropic-beta": "x"}}
    relay = {**HOME, **SCOPED, "api_base": "https://relay.example"}
    assert ALL.scoped(relay) == {**relay, "provider_specific_header": beta}
    assert ALL.scoped({"model": "openai/gpt-5", **SCOPED}) == {
        "model": "openai/gpt-5",
        "provider_specific_header": beta,
    }
    # At home, but an address from the environment would still be followed.
    assert ALL.scoped({**HOME, **SCOPED}) == {**HOME, **SCOPED, "api_base": "https://api.anthropic.com"}
    assert ALL.scoped({**HOME, **SCOPED, "api_base": "https://api.anthropic.com"}) is None
    assert ALL.scoped(HOME) is None
    assert Credentials((OPENAI,)).scoped(relay) is None


def test_scoped_headers_may_be_a_list_and_go_entirely_if_nothing_is_left() -> None:
    bearer = {"custom_llm_provider": "anthropic", "extra_headers": {"authorization": f"Bearer {OAT}"}}
    other = {"custom_llm_provider": "x", "extra_headers": {"y": "z"}}
    assert translate.without_scoped_bearer({"provider_specific_header": [bearer, other]}) == {
        "provider_specific_header": [other]
    }
    assert translate.without_scoped_bearer({"provider_specific_header": bearer, "a": 1}) == {"a": 1}
    assert translate.without_scoped_bearer({"provider_specific_header": other}) is None
    odd = ["x", {"custom_llm_provider": "openai", "extra_headers": [["authorization", "Bearer x"]]}, other]
    assert translate.without_scoped_bearer({"provider_specific_header": odd}) == {
        "provider_specific_header": [other]
    }


def test_nothing_of_a_credential_is_left_in_a_routed_request() -> None:
    raw = {
        "x-litellm-api-key": "sk-litellm",
        "authorization": f"Bearer {OAT}",
        "heimdall-openai-key": "sk-canary-own",
        "x-api-key": "sk-ant-api-canary",
        "x-mcp-thing": "kept",
    }
    data = {
        "messages": [],
        "metadata": {"headers": {"heimdall-openai-key": "sk-canary-own"}},
        "secret_fields": {"raw_headers": raw},
        "proxy_server_request": {"headers": {}, "body": {"api_key": "sk-canary-body", "messages": []}},
        **SCOPED,
    }
    cleaned = translate.consume(data, "acompletion")
    shown = str(cleaned)
    assert OAT not in shown
    assert "canary" not in shown
    assert cleaned["secret_fields"]["raw_headers"] == {
        "x-litellm-api-key": "sk-litellm",
        "x-mcp-thing": "kept",
    }
    assert OAT in str(data)
    beside = translate.consume(
        {"secret_fields": {"raw_headers": {"authorization": "Bearer sk-x"}}}, "acompletion"
    )
    assert beside["secret_fields"]["raw_headers"] == {"authorization": "Bearer sk-x"}


@pytest.mark.parametrize(
    ("model", "call", "is_held"),
    [
        ("anthropic/claude-sonnet-4-5", "acompletion", True),
        ("gemini/gemini-2.5-pro", "agenerate_content", True),
        ("openrouter/deepseek/deepseek-r1", "acompletion", True),
        ("openai/gpt-5", "aresponses", True),
        ("openai/gpt-5", "acompletion", False),
        ("bedrock/anthropic.claude-v2", "acompletion", False),
    ],
)
def test_no_redirect_takes_a_key_along(model: str, call: str, is_held: bool) -> None:
    given = {"model": model}
    assert ("client" in held(given, call)) == is_held
    assert given == {"model": model}
    own = {"model": model, "client": "mine"}
    assert held(own, call) is own
    assert held({"model": model, "ssl_verify": False}, call) == {"model": model, "ssl_verify": False}


async def test_the_client_follows_within_its_host_and_nowhere_else() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.url.path == "/away":
            return httpx.Response(307, headers={"location": "https://evil.example/"})
        if request.url.path == "/near":
            return httpx.Response(307, headers={"location": "/there"})
        return httpx.Response(200)

    hooks: Any = {kind: list(run) for kind, run in seams._STEADFAST.items()}
    transport = httpx.MockTransport(answer)
    async with httpx.AsyncClient(transport=transport, event_hooks=hooks, follow_redirects=True) as client:
        near = await client.post("https://home.example/near", headers={"x-goog-api-key": "oauth"})
        assert near.status_code == 200
        with pytest.raises(httpx.ConnectError, match="another host"):
            await client.post("https://home.example/away", headers={"x-goog-api-key": "real"})
    assert [request.url.host for request in seen] == ["home.example"] * 3
    assert ["x-goog-api-key" in request.headers for request in seen] == [False, False, True]
