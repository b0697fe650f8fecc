"""Whatever a conversation looks like, cleaning it is safe."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from heimdall_litellm.plugin.transcript import cleaned, maker_of
from tests.fakes.strict import CLAUDES, CLAUDES_REDACTED, GEMINIS, GEMINIS_OLDER, GPTS, GPTS_ID

CALLS = ["acompletion", "anthropic_messages", "aresponses", "agenerate_content", "agenerate_content_stream"]
VENDORS = [
    ("anthropic", "claude-sonnet-4-5"),
    ("bedrock", "anthropic.claude-sonnet-4-5-v1:0"),
    ("openai", "gpt-5-mini"),
    ("azure", "gpt-5"),
    ("gemini", "gemini-2.5-pro"),
    ("gemini", "gemini-3-pro-preview"),
    ("mistral", "mistral-large-latest"),
    ("groq", "llama-3.3-70b"),
    ("deepseek", "deepseek-reasoner"),
    ("openrouter", "openai/gpt-5"),
]
NAMES = {"acompletion": "messages", "anthropic_messages": "messages", "aresponses": "input"}

seals = st.sampled_from(
    [CLAUDES, CLAUDES_REDACTED, GEMINIS, GEMINIS_OLDER, GPTS, f"litellm_enc:bQ==;{GPTS}", "", "x"]
)
ids = st.sampled_from(
    [
        "toolu_01",
        "a.b:0",
        f"call_1__thought__{GEMINIS}",
        "x" * 70,
        "aB3xK9mP2",
        "",
        GPTS_ID,
        "msg_1",
        "fc_1",
        "encitem_x",
    ]
) | st.text(max_size=80)
words = st.sampled_from(
    (
        "assistant",
        "user",
        "tool",
        "system",
        "model",
        "message",
        "reasoning",
        "function_call",
        "function_call_output",
        "thinking",
        "text",
        "redacted_thinking",
        "tool_use",
        "tool_result",
        "enabled",
        "item_reference",
    )
)
# Keys that mean something, so that chance finds its way in, and any others.
keys = st.sampled_from(
    (
        "role",
        "type",
        "content",
        "parts",
        "thinking",
        "signature",
        "data",
        "id",
        "tool_use_id",
        "tool_call_id",
        "call_id",
        "tool_calls",
        "function",
        "thinking_blocks",
        "reasoning_content",
        "provider_specific_fields",
        "thought_signatures",
        "thought_signature",
        "reasoning_items",
        "encrypted_content",
        "summary",
        "thought",
        "functionCall",
        "thoughtSignature",
        "cache_control",
        "edits",
    )
) | st.text(max_size=5)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | words
    | ids
    | seals
    | st.text(max_size=9)
)
json_like = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6),
    max_leaves=25,
)
attempts = st.tuples(st.sampled_from(CALLS), st.sampled_from(VENDORS))


def _call(name: str) -> dict[str, Any]:
    return {"id": name, "type": "function", "function": {"name": "f", "arguments": "{}"}}


blocks = st.one_of(
    st.fixed_dictionaries({"type": st.just("thinking"), "thinking": st.text(max_size=5), "signature": seals}),
    st.fixed_dictionaries({"type": st.just("redacted_thinking"), "data": seals}),
    st.fixed_dictionaries({"type": st.just("text"), "text": st.text(max_size=5)}),
    st.fixed_dictionaries({"type": st.just("tool_use"), "id": ids, "name": st.just("f")}),
    st.fixed_dictionaries({"type": st.just("tool_result"), "tool_use_id": ids}),
)
contents = st.none() | st.text(max_size=5) | st.lists(blocks, max_size=4)
messages = st.lists(
    st.one_of(
        st.fixed_dictionaries({"role": st.just("user"), "content": contents}),
        st.fixed_dictionaries({"role": st.just("tool"), "tool_call_id": ids, "content": st.just("r")}),
        st.fixed_dictionaries(
            {"role": st.just("assistant"), "content": contents},
            optional={
                "thinking_blocks": st.lists(blocks, max_size=3),
                "reasoning_content": st.text(max_size=5),
                "tool_calls": st.lists(ids.map(_call), max_size=3),
            },
        ),
    ),
    max_size=8,
)
items = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("reasoning"), "summary": st.just([])},
            optional={"id": ids, "encrypted_content": seals},
        ),
        st.fixed_dictionaries({"type": st.just("function_call"), "call_id": ids}, optional={"id": ids}),
        st.fixed_dictionaries({"type": st.just("function_call_output"), "call_id": ids}),
        st.fixed_dictionaries(
            {"role": st.sampled_from(["user", "assistant"]), "content": st.text(max_size=5)}
        ),
    ),
    max_size=8,
)
parts = st.lists(
    st.one_of(
        st.fixed_dictionaries({"text": st.text(max_size=5)}, optional={"thought": st.booleans()}),
        st.fixed_dictionaries({"functionCall": st.just({"name": "f"})}, optional={"thoughtSignature": seals}),
    ),
    max_size=4,
)
native = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "model"]), "parts": parts}), max_size=6
)
said = st.one_of(json_like, st.lists(json_like, max_size=5), messages, items, native)


@given(said, attempts, st.none() | st.just({"type": "enabled", "budget_tokens": 1024}) | json_like)
def test_any_conversation_is_cleaned_once_and_for_all_and_never_touched(
    conversation: Any, attempt: tuple[str, tuple[str, str]], thinking: Any
) -> None:
    call, (provider, model) = attempt
    kwargs = {
        NAMES.get(call, "contents"): conversation,
        "thinking": thinking,
        "context_management": conversation,
    }
    before = copy.deepcopy(kwargs)
    changed = cleaned(kwargs, call, provider, model)
    assert kwargs == before
    assert changed is kwargs or changed != kwargs
    assert cleaned(changed, call, provider, model) is changed


@given(seals | st.text() | json_like)
def test_anything_may_be_asked_for_its_maker(seal: object) -> None:
    assert maker_of(seal) in ("claude", "gemini", "gpt", None)


def _named(messages: list[Any]) -> list[str]:
    """Every id of a call or of a result, in order."""
    found: list[str] = []
    for message in messages:
        content = message.get("content")
        for block in content if isinstance(content, list) else ():
            found += [block[key] for key in ("id", "tool_use_id") if key in block]
        found += [call["id"] for call in message.get("tool_calls") or ()]
        found += [message[key] for key in ("tool_call_id", "call_id") if key in message]
    return found


@given(messages, st.sampled_from(VENDORS), st.sampled_from(CALLS[:2]))
def test_calls_and_results_pair_up_as_before(given_: list[Any], vendor: tuple[str, str], call: str) -> None:
    before = _named(given_)
    after = _named(cleaned({"messages": given_}, call, *vendor)["messages"])
    assert len(after) == len(before)
    assert len(set(after)) == len(set(before)) == len(set(zip(before, after, strict=True)))


@given(items)
def test_calls_and_results_of_responses_pair_up_as_before(given_: list[Any]) -> None:
    before = [item["call_id"] for item in given_ if "call_id" in item]
    changed = cleaned({"input": given_}, "aresponses", "openai", "gpt-5")["input"]
    after = [item["call_id"] for item in changed if "call_id" in item]
    assert len(after) == len(before)
    assert len(set(after)) == len(set(before)) == len(set(zip(before, after, strict=True)))


# What a vendor alone has made: turns as it gives them, through LiteLLM, in any number and order.
CLAUDES_BLOCKS = [
    {"type": "thinking", "thinking": "C", "signature": CLAUDES},
    {"type": "redacted_thinking", "data": CLAUDES_REDACTED},
]
claudes = st.lists(st.sampled_from(CLAUDES_BLOCKS), min_size=1, max_size=2)
numbers = st.integers(min_value=0, max_value=10**9)
HI: dict[str, Any] = {"role": "user", "content": "hi"}


def _chat_turn(turn: dict[str, Any]) -> list[dict[str, Any]]:
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": "r"} for call in turn.get("tool_calls", ())
    ]
    return [{"role": "assistant", "content": "so", **turn}, *(results or [HI])]


def _joined(turns: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [HI, *(message for turn in turns for message in turn)]


claudes_chat = st.builds(
    lambda blocks, n, more: _chat_turn(
        {"thinking_blocks": blocks, "reasoning_content": "C", "provider_specific_fields": {"citations": None}}
        | ({"tool_calls": [_call(f"toolu_{n}")]} if more else {})
    ),
    claudes,
    numbers,
    st.booleans(),
)
claudes_messages = st.builds(
    lambda blocks, n: [
        {
            "role": "assistant",
            "content": [*blocks, {"type": "tool_use", "id": f"toolu_{n}", "name": "f", "input": {}}],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": f"toolu_{n}", "content": "r"}]},
    ],
    claudes,
    numbers,
)
geminis_chat = st.builds(
    lambda seal, n: _chat_turn(
        {
            "reasoning_content": "G",
            "thinking_blocks": [{"type": "thinking", "thinking": "G"}],
            "provider_specific_fields": {"thought_signatures": [seal]},
            "tool_calls": [_call(f"call_{n}__thought__{seal}"), _call(f"call_{n + 1}")],
        }
    ),
    st.sampled_from([GEMINIS, GEMINIS_OLDER]),
    numbers,
)
gpts_chat = st.builds(lambda n: _chat_turn({"tool_calls": [_call(f"call_{n:024}")]}), numbers)
deepseeks_chat = st.builds(
    lambda n: _chat_turn({"reasoning_content": "D", "tool_calls": [_call(f"call_00_{n}")]}), numbers
)
gpts_input = st.builds(
    lambda n: [
        {"type": "reasoning", "id": f"rs_{n:048x}", "summary": [], "encrypted_content": GPTS},
        {
            "type": "function_call",
            "id": f"fc_{n:048x}",
            "call_id": f"call_{n}",
            "name": "f",
            "arguments": "{}",
        },
        {"type": "function_call_output", "call_id": f"call_{n}", "output": "r"},
        {"type": "message", "id": f"msg_{n:048x}", "role": "assistant", "content": []},
    ],
    numbers,
)
geminis_native = st.builds(
    lambda seal: [
        {
            "role": "model",
            "parts": [
                {"thought": True, "text": "G"},
                {"functionCall": {"name": "f"}, "thoughtSignature": seal},
            ],
        },
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}}}]},
    ],
    st.sampled_from([GEMINIS, GEMINIS_OLDER]),
)
alone = st.one_of(
    *(
        st.tuples(st.just(call), st.just(vendor), st.lists(turns, max_size=6).map(_joined))
        for call, vendor, turns in [
            ("acompletion", VENDORS[0], claudes_chat),
            ("anthropic_messages", VENDORS[0], claudes_messages),
            ("acompletion", VENDORS[2], gpts_chat),
            ("aresponses", VENDORS[2], gpts_input),
            ("aresponses", VENDORS[3], gpts_input),
            ("acompletion", VENDORS[4], geminis_chat),
            ("acompletion", VENDORS[5], geminis_chat),
            ("agenerate_content", VENDORS[5], geminis_native),
            ("acompletion", VENDORS[8], deepseeks_chat),
        ]
    )
)


@given(alone, st.booleans())
def test_nothing_changes_for_a_vendor_that_has_been_alone(
    case: tuple[str, tuple[str, str], list[Any]], is_thinking: bool
) -> None:
    call, (provider, model), conversation = case
    kwargs: dict[str, Any] = {NAMES.get(call, "contents"): conversation}
    if is_thinking:
        kwargs["thinking"] = {"type": "enabled", "budget_tokens": 1024}
    assert cleaned(kwargs, call, provider, model) is kwargs
