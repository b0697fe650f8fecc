"""Callers' credentials at the edges: LiteLLM's cooldowns, requests not routed, addresses from elsewhere.

The router cools models down here, as it does by default, and the environment names other addresses for the
vendors.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e import configs
from tests.e2e.conftest import _directory, _with_keys
from tests.e2e.proxy import MASTER_KEY, Proxy, running
from tests.e2e.test_faults import ENDPOINTS, GEMINI, PATHS, placed
from tests.fakes import hosts as names
from tests.fakes.hosts import Hosts
from tests.fakes.providers import FakeProviders, refused

OAT = "sk-ant-oat01-canary-of-one"
OTHER = "sk-ant-oat01-canary-of-another"
EVIL = f"https://{names.EVIL}"
ELSEWHERE = {
    "ANTHROPIC_BASE_URL": EVIL,
    "ANTHROPIC_API_BASE": EVIL,
    "OPENAI_BASE_URL": f"{EVIL}/v1",
    "OPENAI_API_BASE": f"{EVIL}/v1",
    "GEMINI_API_BASE": EVIL,
}
every_endpoint = pytest.mark.parametrize(("path", "body"), ENDPOINTS, ids=PATHS)


@pytest.fixture(scope="module")
def cooling_proxy(
    provider_hosts: tuple[FakeProviders, Hosts], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    env = {**configs.HOSTS_KEYS, **provider_hosts[1].environment(), **ELSEWHERE}
    with refused() as url:
        settings = configs.hosts_settings(failover={"circuit_breaker": False})
        config = _with_keys(configs.hosts_config(settings, url))
        with running(_directory(tmp_path_factory, "cooling"), config, env) as started:
            yield started


def _ask(
    proxy: Proxy,
    path: str,
    body: dict[str, Any],
    model: str = "heimdall-claude",
    token: str | None = OAT,
    **more: str,
) -> httpx.Response:
    bearer = {} if token is None else {"authorization": f"Bearer {token}"}
    headers = {"x-litellm-api-key": f"Bearer {MASTER_KEY}", "heimdall-bucket": "hard", **bearer, **more}
    with httpx.Client(trust_env=False) as client:
        path, asked = placed(path, body, model)
        return client.post(proxy.url + path, json=asked, headers=headers, timeout=60)


@every_endpoint
@pytest.mark.parametrize("status", ["403", "404", "429"])
def test_what_one_callers_credential_meets_cools_down_nobody_else(
    cooling_proxy: Proxy, fakes: FakeProviders, status: str, path: str, body: dict[str, Any]
) -> None:
    fakes.script(claude_sonnet_4_5=[status, "ok"])
    assert _ask(cooling_proxy, path, body).status_code == 200
    assert len(fakes.hosts) == 2
    fakes.received.clear()
    answer = _ask(cooling_proxy, path, body, token=OTHER)
    assert answer.status_code == 200
    assert fakes.hosts == [names.ANTHROPIC]


@every_endpoint
def test_a_credential_goes_home_whatever_the_environment_says(
    cooling_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any]
) -> None:
    assert _ask(cooling_proxy, path, body).status_code == 200
    openai = {"heimdall-openai-key": "sk-canary-of-a-caller", "heimdall-bucket": "mid"}
    assert _ask(cooling_proxy, path, body, "heimdall-pair", None, **openai).status_code == 200
    google = {"heimdall-google-authorization": "Bearer ya29.canary", "heimdall-bucket": "hard"}
    assert _ask(cooling_proxy, path, body, "heimdall-pair", None, **google).status_code == 200
    assert fakes.hosts == [names.ANTHROPIC, names.OPENAI, names.GEMINI]


@every_endpoint
@pytest.mark.parametrize("model", ["claude-relay", "claude", "gpt", "gemini", "r1"])
def test_a_claude_token_goes_home_or_nowhere_on_requests_for_other_models(
    cooling_proxy: Proxy, fakes: FakeProviders, model: str, path: str, body: dict[str, Any]
) -> None:
    _ask(cooling_proxy, path, body, model)
    if (path, model) == (GEMINI[0], "claude"):
        # LiteLLM's adapter leaves the token behind, and the server has no key: it goes nowhere.
        assert fakes.received == []
        return
    assert fakes.received
    for received in fakes.received:
        assert (OAT.encode() in received.raw) == (received.host == names.ANTHROPIC)
    if model == "claude":
        assert fakes.hosts == [names.ANTHROPIC]


@every_endpoint
def test_who_brings_no_credential_never_reaches_anthropic(
    cooling_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any]
) -> None:
    answer = _ask(cooling_proxy, path, body, token=None)
    assert answer.status_code == 200
    assert names.ANTHROPIC not in fakes.hosts
    # Not even by its own name, after which LiteLLM cools it down.
    fakes.received.clear()
    assert _ask(cooling_proxy, path, body, "claude", None).status_code >= 400
    assert fakes.received == []


def test_a_body_sets_no_header_that_frames_a_message_or_names_who_pays(
    hosts_proxy: Proxy, fakes: FakeProviders
) -> None:
    odd = {
        "host": names.EVIL,
        "content-length": "1",
        "transfer-encoding": "chunked",
        "connection": "x-a",
        "openai-organization": "org-other",
        "x-goog-user-project": "other",
        "x-a": "kept",
    }
    for bucket, host in (("mid", names.OPENAI), ("hard", names.GEMINI)):
        fakes.received.clear()
        body = {**ENDPOINTS[0][1], "extra_headers": odd}
        asked = _ask(hosts_proxy, ENDPOINTS[0][0], body, "heimdall-pair", None, **{"heimdall-bucket": bucket})
        assert asked.status_code == 200, asked.text
        (received,) = fakes.received
        sent = {name.lower(): value for name, value in received.headers.items()}
        assert received.host == host
        assert sent["x-a"] == "kept"
        assert sent["content-length"] == str(len(received.body))
        assert {"org-other", "other", "chunked"}.isdisjoint(sent.values())


def test_a_conversation_under_a_callers_own_key_goes_on_with_its_model_and_key(
    cooling_proxy: Proxy, fakes: FakeProviders
) -> None:
    own = {"heimdall-openai-key": "sk-canary-of-a-caller", "heimdall-bucket": "mid"}
    first = _ask(cooling_proxy, "/v1/responses", {"input": "hi"}, "heimdall-pair", None, **own)
    assert fakes.models == ["gpt-5"]
    going_on = {"input": "and?", "previous_response_id": first.json()["id"]}
    answer = _ask(
        cooling_proxy, "/v1/responses", going_on, "heimdall-pair", None, **(own | {"heimdall-bucket": "hard"})
    )
    assert answer.status_code == 200, answer.text
    assert fakes.models == ["gpt-5", "gpt-5"]
    assert "goes on with a conversation that gpt holds" in answer.headers["heimdall-reason"]
    assert b"sk-canary-of-a-caller" in fakes.received[-1].raw


def test_a_batch_takes_no_key_of_its_callers_to_the_default_models_provider(
    cooling_proxy: Proxy, fakes: FakeProviders
) -> None:
    asked = {"input_file_id": "file-1", "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    _ask(cooling_proxy, "/v1/batches?model=heimdall", {**asked, "api_key": "sk-or-canary"}, "heimdall", None)
    assert fakes.received
    assert b"sk-or-canary" not in fakes.raw


def test_an_unknown_adapter_stops_the_start(
    provider_hosts: tuple[FakeProviders, Hosts], tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = configs.hosts_settings(auth_adapters={"enabled": ["anthropic-oath"]})
    with (
        pytest.raises(AssertionError, match="did you mean anthropic-oauth"),
        running(
            _directory(tmp_path_factory, "unknown"),
            _with_keys(configs.hosts_config(settings, "http://127.0.0.1:9")),
            provider_hosts[1].environment(),
        ),
    ):
        pass
