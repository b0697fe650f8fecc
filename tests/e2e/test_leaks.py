"""The leak matrix: a planted secret for each credential and for the prompt, searched for wherever bytes go.

First provider x next provider x what happens. The proxy logs at DEBUG, and its administrator has switched on
all that LiteLLM has for forwarding what clients send.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e import configs
from tests.e2e.conftest import _directory, _with_keys
from tests.e2e.proxy import MASTER_KEY, Proxy, running
from tests.fakes import hosts as names
from tests.fakes.hosts import Hosts
from tests.fakes.providers import FakeProviders, refused

OAT = "sk-ant-oat01-canary-subscription"
OPENAI_KEY = "sk-canary-openai-key-of-a-caller"
GOOGLE = "ya29.canary-google-token-of-a-caller"
ORDINARY = "canary-of-an-x-header"
"""No credential: LiteLLM's DEBUG log may show it, and no provider is told."""
STRAY = {
    "x-api-key": "sk-ant-api03-canary-anthropic-key",
    "x-goog-api-key": "canary-goog-api-key",
    "x-forwarded-secret": ORDINARY,
    "cookie": "session=canary-cookie",
}
BODY_KEY = "sk-canary-key-in-the-body"
PROMPT = "canary prompt, tell nobody"
SERVER = {
    names.OPENAI: "sk-server-openai",
    names.GEMINI: "server-gemini",
    names.OPENROUTER: "sk-server-or",
    names.EVIL: "sk-server-relay",
}
OWN = {names.ANTHROPIC: OAT, names.OPENAI: OPENAI_KEY, names.GEMINI: GOOGLE}
CREDENTIALS = [OAT, OPENAI_KEY, GOOGLE, BODY_KEY, MASTER_KEY, *STRAY.values(), *SERVER.values()]

# The group that is tried first, by provider, and how its model is called in a script.
GROUPS = {
    "anthropic": ("claude", "claude_sonnet_4_5"),
    "relay": ("claude-relay", "claude_sonnet_4_5"),
    "openai": ("gpt", "gpt_5"),
    "gemini": ("gemini", "gemini_2_5_pro"),
    "openrouter": ("r1", "deepseek_r1"),
}
HOSTS = {
    "anthropic": names.ANTHROPIC,
    "relay": names.EVIL,
    "openai": names.OPENAI,
    "gemini": names.GEMINI,
    "openrouter": names.OPENROUTER,
}
ELSEWHERE = "https://api.anthropic.com.evil.example/v1/messages"
PAIRS = [(a, b) for a, b in itertools.permutations(GROUPS, 2) if {a, b} != {"anthropic", "relay"}]
EVENTS = ["ok", "503", "429", "401", "redirect", "cut:0", "cut:2", "error:2"]
REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("/v1/chat/completions", {"messages": [{"role": "user", "content": PROMPT}]}),
    "messages": ("/v1/messages", {"messages": [{"role": "user", "content": PROMPT}], "max_tokens": 100}),
    "responses": ("/v1/responses", {"input": PROMPT}),
}


def _profile(first: str, second: str) -> str:
    return f"heimdall-{first}-{second}"


@pytest.fixture(scope="module")
def telling_proxy(
    provider_hosts: tuple[FakeProviders, Hosts], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    profiles = {
        _profile(a, b): {
            "hard_candidates": [GROUPS[a][0]],
            "mid_candidates": [GROUPS[b][0]],
            "cheap_candidates": [GROUPS[b][0]],
        }
        for a, b in PAIRS
    }
    settings = configs.hosts_settings(profiles=profiles, failover={"circuit_breaker": False})
    env = {**configs.HOSTS_KEYS, **provider_hosts[1].environment(), "LITELLM_LOG": "DEBUG"}
    with refused() as url:
        config = configs.hosts_config(settings, url, router_settings={"disable_cooldowns": True})
        config["model_list"] += [configs.deployment(name, "openai/gpt-4.1") for name in profiles]
        config["litellm_settings"]["set_verbose"] = True
        config["general_settings"] |= {
            "forward_client_headers_to_llm_api": True,
            "forward_llm_provider_auth_headers": True,
        }
        config["litellm_settings"]["forward_llm_provider_auth_headers"] = True
        with running(_directory(tmp_path_factory, "telling"), _with_keys(config), env) as started:
            yield started


def _cases() -> Iterator[tuple[str, str, str, str, bool]]:
    """Every pair, event and endpoint: what breaks midway streams, of the rest every other one."""
    for number, ((first, second), event, kind) in enumerate(itertools.product(PAIRS, EVENTS, REQUESTS)):
        yield first, second, event, kind, ":" in event or number % 2 == 1


@pytest.mark.parametrize(("first", "second", "event", "kind", "stream"), list(_cases()))
def test_no_secret_goes_where_it_does_not_belong(
    telling_proxy: Proxy,
    fakes: FakeProviders,
    hosts: Hosts,
    first: str,
    second: str,
    event: str,
    kind: str,
    stream: bool,
) -> None:
    path, body = REQUESTS[kind]
    _, script = GROUPS[first]
    fakes.script(**{script: f"redirect:{ELSEWHERE}" if event == "redirect" else event})
    sent = {
        "x-litellm-api-key": f"Bearer {MASTER_KEY}",
        "authorization": f"Bearer {OAT}",
        "heimdall-openai-key": OPENAI_KEY,
        "heimdall-google-authorization": f"Bearer {GOOGLE}",
        "heimdall-bucket": "hard",
        **STRAY,
    }
    before = len(telling_proxy.lines)
    asked = {"model": _profile(first, second), "stream": stream, "api_key": BODY_KEY, **body}
    answer = telling_proxy.post(path, asked, headers=sent)
    assert fakes.hosts[0] == HOSTS[first], answer.text
    if event in ("503", "429"):
        assert answer.status_code == 200, answer.text
        assert fakes.hosts[-1] == HOSTS[second]
    for received in (*fakes.received, *fakes.listed):
        allowed = {OWN.get(received.host), SERVER.get(received.host)}
        told = [secret for secret in CREDENTIALS if secret.encode() in received.raw and secret not in allowed]
        assert told == [], f"{received.host} was told {told}"
    for received in fakes.received:
        # The client of OpenAI's chat completions is OpenAI's own: it follows, without the key.
        if not (first == "openai" and kind == "chat"):
            assert received.host in (HOSTS[first], HOSTS[second]), "a redirect was followed"
        mine = OWN.get(received.host)
        assert mine is None or mine.encode() in received.raw
    logged = "".join(telling_proxy.lines[before:])
    seen = logged + answer.text + str(answer.headers)
    assert [secret for secret in CREDENTIALS if secret in seen and secret != ORDINARY] == []
    # LiteLLM names the callback in lines of its own, which may run into each other.
    ours = [line for line in telling_proxy.lines[before:] if re.search("Heimdall(?!Handler)", line)]
    assert not [line for line in ours if PROMPT in line]
