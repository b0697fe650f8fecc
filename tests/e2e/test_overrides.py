"""What a request says to Heimdall is heeded, and goes no further."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e import configs
from tests.e2e.proxy import Proxy
from tests.e2e.test_permission import ENDPOINTS
from tests.fakes.providers import FakeProviders

CANARY = "0.123456"


@pytest.mark.parametrize("bucket", ["cheap", "mid", "hard"])
@pytest.mark.parametrize(("path", "body"), ENDPOINTS)
def test_no_provider_ever_sees_what_was_said_to_heimdall(
    proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any], bucket: str
) -> None:
    metadata = {"heimdall": {"max_cost": 0.5}, "heimdall-max-cost": "0.5", "user_id": "someone"}
    headers = {"heimdall-alpha": CANARY, "heimdall-bucket": bucket, "x-heimdall-like": "kept"}
    answer = proxy.post(path, {**body, "metadata": metadata}, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["heimdall-alpha"] == CANARY
    sent = fakes.raw.lower()
    assert b"heimdall" not in sent.replace(b"x-heimdall-like", b"")
    assert CANARY.encode() not in sent
    assert b"decision" not in sent


@pytest.mark.parametrize(
    "metadata",
    [
        {"heimdall": {"alpha": 0.25, "bucket": "hard", "max_cost": 1}},
        {"heimdall": {"alpha": "0.25", "bucket": "HARD", "max-cost": "1"}},
        {"heimdall-alpha": 0.25, "heimdall-bucket": "hard", "heimdall-max-cost": 1},
    ],
)
@pytest.mark.parametrize(("path", "body"), ENDPOINTS[:8])
def test_the_body_can_say_what_the_headers_can(
    proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any], metadata: dict[str, Any]
) -> None:
    answer = proxy.post(path, {**body, "metadata": metadata})
    assert (answer.headers["heimdall-bucket"], answer.headers["heimdall-alpha"]) == ("hard", "0.25")


def test_a_header_wins_over_the_body(proxy: Proxy, fakes: FakeProviders) -> None:
    metadata = {"heimdall": {"bucket": "hard"}}
    answer = proxy.chat(metadata=metadata, headers={"heimdall-bucket": "cheap"})
    assert answer.headers["heimdall-bucket"] == "cheap"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("heimdall-alpha", "7"),
        ("heimdall-alpha", "nan"),
        ("heimdall-alpha", ""),
        ("heimdall-bucket", "huge"),
        ("heimdall-max-cost", "-1"),
        ("heimdall-max-cost", "free"),
    ],
)
def test_a_malformed_header_is_a_clear_400(
    proxy: Proxy, fakes: FakeProviders, header: str, value: str
) -> None:
    answer = proxy.chat(headers={header: value})
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert header in error["message"]
    assert "must be" in error["message"]
    assert error["param"] == header
    assert error["provider_specific_fields"]["heimdall_code"] == "heimdall_bad_override"
    assert fakes.received == []


def test_a_clients_own_provider_key_is_not_used(proxy: Proxy, fakes: FakeProviders) -> None:
    fakes.script(gpt_5_mini="429")
    proxy.chat(headers={"heimdall-bucket": "cheap"}, api_key="sk-canary-of-the-client")
    assert len(fakes.received) == 2
    assert b"sk-canary-of-the-client" not in fakes.raw


def test_each_provider_gets_its_own_key_and_no_others(proxy: Proxy, fakes: FakeProviders) -> None:
    fakes.script(gpt_5_mini="429", gemini_2_5_pro="429", claude_sonnet_4_5="429")
    proxy.chat(headers={"heimdall-bucket": "cheap"})
    groups = ("gpt-mini", "gemini", "claude")
    assert len(fakes.received) == len(groups)
    for request in fakes.received:
        keys = [group for group in groups if f"sk-server-{group}".encode() in request.raw]
        assert len(keys) == 1
        assert b"sk-master" not in request.raw


@pytest.mark.parametrize(
    "steering",
    [
        {"custom_llm_provider": "anthropic"},
        {"deployment_id": "sk-canary"},
        {"specific_deployment": True},
        {
            "extra_headers": {
                "Authorization": "Bearer sk-canary",
                "x-api-key": "sk-canary",
                "Cookie": "sk-canary",
            }
        },
        {"extra_headers": {"X-Goog-Api-Key": "sk-canary", "api-key": "sk-canary", "x-kept": "1"}},
        {"headers": {"proxy-authorization": "sk-canary"}},
    ],
)
@pytest.mark.parametrize("bucket", ["cheap", "mid", "hard"])
def test_nothing_in_a_body_steers_past_the_decision_or_brings_a_credential(
    proxy: Proxy, fakes: FakeProviders, steering: dict[str, Any], bucket: str
) -> None:
    body = {"model": "heimdall", "messages": [{"role": "user", "content": "hi"}], **steering}
    answer = proxy.post("/v1/chat/completions", body, headers={"heimdall-bucket": bucket})
    assert answer.status_code == 200, answer.text
    assert fakes.models == [configs.UPSTREAM[configs.CHOSEN[bucket]]]
    assert b"sk-canary" not in fakes.raw
    assert f"sk-server-{configs.CHOSEN[bucket]}".encode() in fakes.raw
