"""Providers at their real names, over TLS, as in production: no address in the configuration."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.proxy import Proxy
from tests.fakes import hosts as names
from tests.fakes.hosts import Hosts
from tests.fakes.providers import FakeProviders

SERVED_BY = {
    "gpt": names.OPENAI,
    "gpt-mini": names.OPENAI,
    "gemini": names.GEMINI,
    "r1": names.OPENROUTER,
    "claude-relay": names.EVIL,
}
KEYS = {
    names.OPENAI: b"sk-server-openai",
    names.GEMINI: b"server-gemini",
    names.OPENROUTER: b"sk-server-or",
    names.EVIL: b"sk-server-relay",
}
TURN = [{"role": "user", "content": "hi"}]
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("/v1/chat/completions", {"messages": TURN}),
    ("/v1/messages", {"messages": TURN, "max_tokens": 100}),
    ("/v1/responses", {"input": "hi"}),
]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("path", "body"), REQUESTS)
@pytest.mark.parametrize("group", [*SERVED_BY, "heimdall"])
def test_a_group_is_served_at_its_vendors_host(
    hosts_proxy: Proxy,
    fakes: FakeProviders,
    hosts: Hosts,
    group: str,
    path: str,
    body: dict[str, Any],
    stream: bool,
) -> None:
    asked = {"model": group, "stream": stream, **body}
    answer = hosts_proxy.post(path, asked, headers={"heimdall-bucket": "cheap"})
    assert answer.status_code == 200, answer.text
    assert "hello" in answer.text
    host = SERVED_BY[answer.headers["heimdall-model"] if group == "heimdall" else group]
    assert fakes.hosts == [host]
    assert fakes.received[0].tls
    assert KEYS[host] in fakes.raw
    assert not any(key in fakes.raw for at, key in KEYS.items() if at != host)
    assert hosts.refused == []


def test_a_group_without_a_key_reaches_nobody(hosts_proxy: Proxy, fakes: FakeProviders) -> None:
    assert hosts_proxy.chat(model="claude").status_code == 401
    assert fakes.received == []


def test_a_bucket_whose_first_model_has_no_key_goes_to_the_next(
    hosts_proxy: Proxy, fakes: FakeProviders
) -> None:
    answer = hosts_proxy.chat(headers={"heimdall-bucket": "hard"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["heimdall-model"] in ("gpt", "gemini")
    assert len(fakes.received) == 1


def test_a_name_of_the_world_outside_is_refused_and_seen(
    hosts_proxy: Proxy, fakes: FakeProviders, hosts: Hosts
) -> None:
    fakes.script(gemini_2_5_pro="redirect:https://nowhere.example/")
    hosts_proxy.chat(model="gemini")
    assert set(fakes.hosts) == {names.GEMINI}
    assert set(hosts.refused) == {"nowhere.example"}


def test_a_redirect_to_a_lookalike_arrives_there(hosts_proxy: Proxy, fakes: FakeProviders) -> None:
    lookalike = "api.openai.com.evil.example"
    fakes.script(gpt_5_mini=[f"redirect:https://{lookalike}/v1/chat/completions", "ok"])
    hosts_proxy.chat(model="gpt-mini")
    assert fakes.hosts == [names.OPENAI, lookalike]
    assert [b"sk-server-openai" in request.raw for request in fakes.received] == [True, False]
