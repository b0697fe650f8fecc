"""A session as Claude Code has it: its headers, betas, tools, thinking, streaming, a subscription's token.

It begins with Claude, goes to another vendor when the subscription's limit is reached, and comes back. The
client is Anthropic's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import pytest

from tests.e2e.proxy import MASTER_KEY, Proxy, until
from tests.fakes import hosts as names
from tests.fakes.providers import FakeProviders

OAT = "sk-ant-oat01-of-a-claude-code-user"
BETAS = ",".join(
    (
        "claude-code-20250219",
        "oauth-2025-04-20",
        "interleaved-thinking-2025-05-14",
        "fine-grained-tool-streaming-2025-05-14",
    )
)
HEADERS = {
    "x-litellm-api-key": f"Bearer {MASTER_KEY}",
    "anthropic-beta": BETAS,
    "anthropic-dangerous-direct-browser-access": "true",
    "user-agent": "claude-cli/2.1.0 (external, cli)",
    "x-app": "cli",
    "heimdall-bucket": "hard",
}
TOOLS = [
    {
        "name": "Bash",
        "description": "Run a command.",
        "input_schema": {
            "type": "object",
            "properties": {"command": {"type": "string"}},
            "required": ["command"],
        },
    }
]
SYSTEM = [
    {
        "type": "text",
        "text": "You are Claude Code, Anthropic's official CLI for Claude.",
        "cache_control": {"type": "ephemeral"},
    },
    {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}},
]
ASK = {
    "role": "user",
    "content": [{"type": "text", "text": "List the files.", "cache_control": {"type": "ephemeral"}}],
}


@pytest.fixture
def client(hosts_proxy: Proxy) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(
        base_url=hosts_proxy.url,
        auth_token=OAT,
        api_key=None,
        default_headers=HEADERS,
        max_retries=0,
        http_client=anthropic.DefaultHttpxClient(trust_env=False),
    ) as made:
        yield made


def _turn(client: anthropic.Anthropic, messages: list[Any]) -> anthropic.types.beta.BetaMessage:
    with client.beta.messages.stream(
        model="heimdall-claude",
        max_tokens=32_000,
        system=SYSTEM,
        tools=TOOLS,
        messages=messages,
        thinking={"type": "enabled", "budget_tokens": 10_000},
        metadata={"user_id": "user_0123_account__session_4567"},
    ) as stream:
        return stream.get_final_message()


def _after(messages: list[Any], answer: Any) -> list[Any]:
    """The transcript with an answer, and the result of the tools that it calls."""
    content = [block.model_dump(exclude_none=True) for block in answer.content]
    results = [
        {"type": "tool_result", "tool_use_id": block["id"], "content": "README.md"}
        for block in content
        if block["type"] == "tool_use"
    ]
    said = results or [{"type": "text", "text": "Go on."}]
    return [*messages, {"role": "assistant", "content": content}, {"role": "user", "content": said}]


def test_a_session_falls_over_to_another_vendor_and_comes_back(
    client: anthropic.Anthropic, hosts_proxy: Proxy, fakes: FakeProviders
) -> None:
    elsewhere = ["tool", "ok"]
    claude = ["tool", "429:retry-after=60", "tool", "ok"]
    fakes.script(claude_sonnet_4_5=claude, gpt_5=elsewhere, gemini_2_5_pro=elsewhere)
    transcript: list[Any] = [ASK]

    first = _turn(client, transcript)
    assert [block.type for block in first.content] == ["thinking", "tool_use"]
    assert fakes.hosts == [names.ANTHROPIC]
    asked = fakes.received[0]
    headers = {name.lower(): value for name, value in asked.headers.items()}
    assert headers["authorization"] == f"Bearer {OAT}"
    assert set(BETAS.split(",")) <= set(headers["anthropic-beta"].split(","))
    assert asked.json["thinking"] == {"type": "enabled", "budget_tokens": 10_000}
    assert asked.json["system"][0]["text"].startswith("You are Claude Code")
    assert asked.json["metadata"] == {"user_id": "user_0123_account__session_4567"}

    fakes.received.clear()
    transcript = _after(transcript, first)
    second = _turn(client, transcript)
    assert second.content[-1].type == "tool_use"
    assert fakes.hosts[0] == names.ANTHROPIC
    assert names.ANTHROPIC not in fakes.hosts[1:]
    assert OAT.encode() not in fakes.received[-1].raw
    assert first.content[0].signature.encode() not in fakes.received[-1].raw

    fakes.received.clear()
    transcript = _after(transcript, second)
    third = _turn(client, transcript)
    assert names.ANTHROPIC not in fakes.hosts
    transcript = _after(transcript, third)

    with httpx.Client(trust_env=False) as later:
        later.post(f"{hosts_proxy.url}/test/later", params={"seconds": 70})
    fakes.received.clear()
    fourth = _turn(client, transcript)
    assert fakes.hosts == [names.ANTHROPIC]
    assert [block.type for block in fourth.content][-1] == "tool_use"
    back = fakes.received[0]
    assert back.headers.get("authorization") or back.headers.get("Authorization")
    signatures = [
        block["signature"]
        for message in back.json["messages"]
        if isinstance(message["content"], list)
        for block in message["content"]
        if block.get("type") == "thinking"
    ]
    # Claude's own thoughts have come through the whole way, and nobody else's.
    assert signatures == [first.content[0].signature]

    # One probe at a time: the breaker hears of this one from LiteLLM's log, some time after its last byte.
    with httpx.Client(trust_env=False) as patient:
        until(lambda: patient.get(f"{hosts_proxy.url}/test/aside").json() == {})
    fakes.received.clear()
    last = _turn(client, _after(transcript, fourth))
    assert fakes.hosts == [names.ANTHROPIC]
    assert "".join(block.text for block in last.content if block.type == "text").startswith("hello")


def test_a_token_that_is_over_comes_back_as_anthropics_own_401(
    client: anthropic.Anthropic, fakes: FakeProviders
) -> None:
    fakes.script(claude_sonnet_4_5="401")
    with pytest.raises(anthropic.AuthenticationError) as error:
        _turn(client, [ASK])
    assert error.value.body["error"]["type"] == "authentication_error"
    assert OAT not in json.dumps(error.value.body)


def test_counting_tokens_asks_no_provider(client: anthropic.Anthropic, fakes: FakeProviders) -> None:
    counted = client.messages.count_tokens(
        model="heimdall-claude", messages=[ASK], system=SYSTEM, tools=TOOLS
    )
    assert counted.input_tokens > 10
    assert fakes.received == []
