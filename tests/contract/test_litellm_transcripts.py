"""Conversations of several vendors through the real LiteLLM, to providers that refuse what isn't theirs."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import litellm
import openai
import pytest
from litellm.integrations.custom_logger import CustomLogger
from litellm.llms.base_llm.chat.transformation import BaseLLMException

from heimdall_litellm.plugin.transcript import cleaned
from tests.fakes.strict import (
    CLAUDES,
    CLAUDES_REDACTED,
    GEMINIS,
    GEMINIS_OLDER,
    GPTS,
    GPTS_ID,
    StrictProviders,
    strict_providers,
)

CLAUDE, GPT, AZURE = "anthropic/claude-sonnet-4-5", "openai/gpt-5-mini", "azure/gpt-5-mini"
GEMINI, GEMINI_3 = "gemini/gemini-2.5-flash", "gemini/gemini-3-pro-preview"
MISTRAL, DEEPSEEK = "mistral/mistral-large-latest", "deepseek/deepseek-chat"
THINKING = {"type": "enabled", "budget_tokens": 1024}
HIDDEN = f"call_5f2e__thought__{GEMINIS}"
LONG = "call_" + "7" * 70
ASK = {"role": "user", "content": "What is the weather?"}


def _call(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "type": "function", "function": {"name": "f", "arguments": "{}"}, **more}


def _answered(*turns: dict[str, Any]) -> list[dict[str, Any]]:
    """A conversation of chat in which every call of these turns is answered."""
    messages = [ASK]
    for turn in turns:
        messages.append({"role": "assistant", "content": None, **turn})
        calls = turn.get("tool_calls", ())
        messages += [{"role": "tool", "tool_call_id": call["id"], "content": "r"} for call in calls]
    return messages


CLAUDES_TURN: dict[str, Any] = {
    "thinking_blocks": [
        {"type": "thinking", "thinking": "C", "signature": CLAUDES},
        {"type": "redacted_thinking", "data": CLAUDES_REDACTED},
    ],
    "reasoning_content": "C",
    "provider_specific_fields": {"citations": None, "thinking_blocks": []},
    "tool_calls": [_call("toolu_01A")],
}
GEMINIS_TURN: dict[str, Any] = {
    "thinking_blocks": [{"type": "thinking", "thinking": "G", "signature": GEMINIS}],
    "reasoning_content": "G",
    "provider_specific_fields": {"thought_signatures": [GEMINIS]},
    "tool_calls": [_call(HIDDEN, provider_specific_fields={"thought_signature": GEMINIS})],
}
DEEPSEEKS_TURN: dict[str, Any] = {
    "reasoning_content": "D",
    "provider_specific_fields": {"reasoning_content": "D"},
    "tool_calls": [_call("functions.Bash:0")],
}
GPTS_TURN: dict[str, Any] = {"content": "O", "annotations": [], "tool_calls": [_call(LONG)]}
THOUGHT_ONLY: dict[str, Any] = {
    "thinking_blocks": [{"type": "thinking", "thinking": "G", "signature": GEMINIS_OLDER}],
    "reasoning_content": "G",
}
CHAT = _answered(CLAUDES_TURN, GEMINIS_TURN, DEEPSEEKS_TURN, GPTS_TURN, THOUGHT_ONLY)
CHAT.append(
    {"role": "user", "content": [{"type": "text", "text": "Go on.", "cache_control": {"type": "ephemeral"}}]}
)


def _use(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": name, "name": "f", "input": {}, **more}


def _turns(*turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same for Messages."""
    messages = [ASK]
    for blocks in turns:
        messages.append({"role": "assistant", "content": blocks})
        uses = [block["id"] for block in blocks if block["type"] == "tool_use"]
        results = [{"type": "tool_result", "tool_use_id": name, "content": "r"} for name in uses]
        messages.append({"role": "user", "content": results or "Go on."})
    return messages


CLAUDES_BLOCKS = [
    {"type": "thinking", "thinking": "C", "signature": CLAUDES},
    {"type": "redacted_thinking", "data": CLAUDES_REDACTED},
    _use("toolu_01A"),
]
GEMINIS_BLOCKS = [
    {"type": "thinking", "thinking": "G", "signature": GEMINIS},
    _use("call_5f2e", provider_specific_fields={"signature": GEMINIS}),
]
GPTS_BLOCKS = [
    {"type": "thinking", "thinking": "", "signature": f"litellm_encrypted_reasoning:{GPTS}"},
    _use(LONG),
]
DEEPSEEKS_BLOCKS = [{"type": "thinking", "thinking": "D", "signature": ""}, _use("functions.Bash:0")]
MESSAGES = _turns(CLAUDES_BLOCKS, GEMINIS_BLOCKS, GPTS_BLOCKS, DEEPSEEKS_BLOCKS, GEMINIS_BLOCKS[:1])

GPTS_ITEMS: list[dict[str, Any]] = [
    {"type": "reasoning", "id": GPTS_ID, "summary": [], "encrypted_content": GPTS},
    {"type": "function_call", "id": "fc_0a1b", "call_id": "call_1", "name": "f", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "call_1", "output": "r"},
]
CLAUDES_ITEMS: list[dict[str, Any]] = [
    {
        "type": "reasoning",
        "id": "rs_2f1b7a52-7d7f-4a39-9a1f-3ff0f9f1b111",
        "summary": [{"type": "summary_text", "text": "C"}],
        "encrypted_content": json.dumps([CLAUDES_BLOCKS[0]], separators=(",", ":")),
    },
    {"type": "function_call", "id": "toolu_01A", "call_id": "toolu_01A", "name": "f", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "toolu_01A", "output": "r"},
]
GEMINIS_ITEMS: list[dict[str, Any]] = [
    {"type": "reasoning", "id": "rs_-839282", "summary": [{"type": "summary_text", "text": "G"}]},
    {"type": "function_call", "id": f"fc_{HIDDEN}", "call_id": HIDDEN, "name": "f", "arguments": "{}"},
    {"type": "function_call_output", "call_id": HIDDEN, "output": "r"},
    {
        "type": "message",
        "id": "chatcmpl-9",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": "So.", "annotations": []}],
    },
]
INPUT = [ASK, *GPTS_ITEMS, *CLAUDES_ITEMS, *GEMINIS_ITEMS, ASK]

CONTENTS: list[dict[str, Any]] = [
    {"role": "user", "parts": [{"text": "q"}]},
    {
        "role": "model",
        "parts": [
            {"thought": True, "text": "a secret thought"},
            {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": GEMINIS},
        ],
    },
    {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"r": 1}}}]},
    {"role": "model", "parts": [{"functionCall": {"name": "g", "args": {}}}]},
    {"role": "user", "parts": [{"functionResponse": {"name": "g", "response": {"r": 1}}}]},
]


class _Cleaning(CustomLogger):
    """Heimdall's hook, as far as it matters here."""

    async def async_pre_call_deployment_hook(self, kwargs: dict[str, Any], call_type: Any) -> dict[str, Any]:
        model, provider, _, _ = litellm.get_llm_provider(
            model=str(kwargs["model"]), custom_llm_provider=kwargs.get("custom_llm_provider")
        )
        return cleaned(kwargs, str(getattr(call_type, "value", call_type)), provider, model)


@pytest.fixture(scope="module")
def providers() -> Iterator[StrictProviders]:
    with strict_providers() as fakes:
        yield fakes


@pytest.fixture(autouse=True)
def _fresh(providers: StrictProviders, monkeypatch: pytest.MonkeyPatch) -> None:
    providers.reset()
    monkeypatch.setattr(litellm, "callbacks", [])
    monkeypatch.setattr(litellm, "num_retries", 0)


@pytest.fixture
def cleaning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litellm, "callbacks", [_Cleaning()])


async def _send(providers: StrictProviders, call: str, model: str, given: list[Any], **more: Any) -> Any:
    """Send a copy of a conversation; return what came over the wire last."""
    base = providers.url if model.startswith(("anthropic", "gemini", "azure")) else f"{providers.url}/v1"
    common = {"model": model, "api_key": "k", "api_base": base, "max_retries": 0, **more}
    if model.startswith("azure"):
        common["api_version"] = "2025-04-01-preview"
    said = copy.deepcopy(given)
    tool = {"name": "f", "description": "f", "parameters": {"type": "object", "properties": {}}}
    match call:
        case "chat":
            tools = [{"type": "function", "function": tool}]
            await litellm.acompletion(messages=said, tools=tools, **common)
        case "messages":
            tools = [{"name": "f", "input_schema": {"type": "object"}}]
            await litellm.anthropic.messages.acreate(messages=said, max_tokens=4000, tools=tools, **common)
        case "responses":
            await litellm.aresponses(input=said, **common)
        case _:
            await litellm.google_genai.agenerate_content(contents=said, **common)
    return providers.received[-1].json


MIXED = [
    ("chat", CLAUDE, CHAT),
    ("chat", GPT, CHAT),
    ("chat", AZURE, CHAT),
    ("chat", MISTRAL, CHAT),
    ("messages", AZURE, MESSAGES),
    ("messages", GPT, MESSAGES),
    ("messages", MISTRAL, MESSAGES),
    ("responses", GPT, INPUT),
    ("responses", AZURE, INPUT),
    ("responses", MISTRAL, INPUT),
    ("native", GEMINI_3, CONTENTS),
]
# LiteLLM itself gets these through, Messages to Claude by trying again without any thoughts.
HARMLESS = [
    ("messages", CLAUDE, MESSAGES),
    ("responses", CLAUDE, INPUT),
    ("chat", GEMINI, CHAT),
    ("chat", GEMINI_3, CHAT),
    ("chat", DEEPSEEK, CHAT),
    ("messages", GEMINI_3, MESSAGES),
    ("messages", DEEPSEEK, MESSAGES),
    ("responses", GEMINI_3, INPUT),
    ("responses", DEEPSEEK, INPUT),
    ("native", GEMINI, CONTENTS),
    ("native", MISTRAL, CONTENTS[:3]),
]


@pytest.mark.parametrize(("call", "model", "given"), MIXED)
async def test_without_cleaning_the_vendor_refuses(
    providers: StrictProviders, call: str, model: str, given: list[Any]
) -> None:
    with pytest.raises((openai.APIStatusError, BaseLLMException)) as raised:
        await _send(providers, call, model, given)
    assert raised.value.status_code in (400, 422)
    assert providers.received


@pytest.mark.usefixtures("cleaning")
@pytest.mark.parametrize(("call", "model", "given"), MIXED + HARMLESS)
async def test_cleaned_it_is_accepted_at_once(
    providers: StrictProviders, call: str, model: str, given: list[Any]
) -> None:
    await _send(providers, call, model, given)
    assert len(providers.received) == 1


def _thoughts(body: dict[str, Any]) -> list[dict[str, Any]]:
    blocks = [b for m in body["messages"] for b in (m["content"] if isinstance(m["content"], list) else ())]
    return [block for block in blocks if "thinking" in block["type"]]


@pytest.mark.usefixtures("cleaning")
@pytest.mark.parametrize(("call", "given"), [("chat", CHAT), ("messages", MESSAGES)])
async def test_claude_gets_its_own_thoughts_back_byte_for_byte(
    providers: StrictProviders, call: str, given: list[Any]
) -> None:
    assert _thoughts(await _send(providers, call, CLAUDE, given)) == CLAUDES_BLOCKS[:2]


async def test_litellm_alone_gets_messages_through_only_by_forgetting_all_thoughts(
    providers: StrictProviders,
) -> None:
    given = _turns(CLAUDES_BLOCKS, [GEMINIS_BLOCKS[0], _use("call_5f2e")])
    body = await _send(providers, "messages", CLAUDE, given, thinking=THINKING)
    assert len(providers.received) == 2
    assert _thoughts(body) == []
    assert "thinking" not in body


@pytest.mark.usefixtures("cleaning")
async def test_openai_gets_its_own_reasoning_back_as_it_was(providers: StrictProviders) -> None:
    body = await _send(providers, "responses", GPT, [ASK, *GPTS_ITEMS, ASK])
    assert body["input"] == [ASK, *GPTS_ITEMS, ASK]
    body = await _send(providers, "responses", GPT, INPUT)
    assert body["input"][1:4] == GPTS_ITEMS
    assert [item for item in body["input"] if item.get("type") == "reasoning"] == GPTS_ITEMS[:1]
    body = await _send(providers, "messages", GPT, MESSAGES)
    sealed = [item["encrypted_content"] for item in body["input"] if item["type"] == "reasoning"]
    assert sealed in ([GPTS], [])  # LiteLLM 1.100 doesn't hand it to clients of Messages yet


@pytest.mark.usefixtures("cleaning")
async def test_gemini_gets_its_own_signatures_back_and_nobody_elses_thoughts(
    providers: StrictProviders,
) -> None:
    for call, given in (("chat", CHAT), ("messages", MESSAGES)):
        body = await _send(providers, call, GEMINI, given)
        parts = [part for content in body["contents"] for part in content["parts"]]
        assert {part["text"] for part in parts if part.get("thought")} <= {"G"}
        assert GEMINIS in [part.get("thoughtSignature") for part in parts if "function_call" in part]


FOREIGN_TURNS = [
    ("chat", _answered(CLAUDES_TURN, GEMINIS_TURN), {"thinking": THINKING}),
    ("chat", _answered(GEMINIS_TURN), {"thinking": THINKING}),
    ("chat", _answered(DEEPSEEKS_TURN), {"reasoning_effort": "low"}),
    ("messages", _turns(GEMINIS_BLOCKS), {"thinking": THINKING}),
    ("messages", _turns(CLAUDES_BLOCKS, DEEPSEEKS_BLOCKS), {"thinking": THINKING}),
    ("responses", [ASK, *GEMINIS_ITEMS[:3]], {"reasoning": {"effort": "low"}}),
]


@pytest.mark.usefixtures("cleaning")
@pytest.mark.parametrize(("call", "given", "more"), FOREIGN_TURNS)
async def test_claude_goes_on_without_thinking_where_another_had_the_thoughts(
    providers: StrictProviders, call: str, given: list[Any], more: dict[str, Any]
) -> None:
    body = await _send(providers, call, CLAUDE, given, **more)
    assert len(providers.received) == 1
    assert "thinking" not in body
    assert _thoughts(body) == []


@pytest.mark.usefixtures("cleaning")
async def test_what_needs_thinking_goes_with_it(providers: StrictProviders) -> None:
    edits = [{"type": "clear_thinking_20251015", "keep": "all"}]
    more = {"thinking": THINKING, "context_management": {"edits": edits}}
    body = await _send(providers, "messages", CLAUDE, _turns(GEMINIS_BLOCKS), **more)
    assert "context_management" not in body
    body = await _send(providers, "messages", CLAUDE, _turns(CLAUDES_BLOCKS), **more)
    assert body["context_management"] == {"edits": edits}


@pytest.mark.usefixtures("cleaning")
@pytest.mark.parametrize(
    ("call", "given"),
    [
        ("chat", _answered(CLAUDES_TURN)),
        ("chat", _answered(CLAUDES_TURN, {"tool_calls": [_call("toolu_02")]})),
        ("messages", _turns(CLAUDES_BLOCKS)),
        ("messages", _turns(CLAUDES_BLOCKS, [_use("toolu_02")])),
        ("messages", [*_turns(GEMINIS_BLOCKS), *_turns(CLAUDES_BLOCKS)]),
    ],
)
async def test_claude_goes_on_thinking_in_a_turn_of_its_own(
    providers: StrictProviders, call: str, given: list[Any]
) -> None:
    body = await _send(providers, call, CLAUDE, given, thinking=THINKING)
    assert body["thinking"]["type"] == "enabled"
    assert _thoughts(body) == CLAUDES_BLOCKS[:2]


@pytest.mark.parametrize("is_cleaning", [False, True])
async def test_litellm_alone_tells_other_vendors_what_gemini_thought(
    providers: StrictProviders, monkeypatch: pytest.MonkeyPatch, is_cleaning: bool
) -> None:
    monkeypatch.setattr(litellm, "callbacks", [_Cleaning()] if is_cleaning else [])
    await _send(providers, "native", GPT, CONTENTS)
    assert (b"a secret thought" in providers.raw) is not is_cleaning
