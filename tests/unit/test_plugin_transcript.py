"""A conversation, as the vendor of one attempt can read it."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest

from heimdall_litellm.plugin.transcript import cleaned, maker_of
from tests.fakes.strict import CLAUDES, CLAUDES_REDACTED, GEMINIS, GEMINIS_OLDER, GPTS, GPTS_ID, SKIP

HI: dict[str, Any] = {"role": "user", "content": "hi"}
HIDDEN = f"call_5f2e__thought__{GEMINIS}"
CLAUDES_BLOCK = {"type": "thinking", "thinking": "C", "signature": CLAUDES}
REDACTED = {"type": "redacted_thinking", "data": CLAUDES_REDACTED}
GEMINIS_BLOCK = {"type": "thinking", "thinking": "G", "signature": GEMINIS}
UNSIGNED = {"type": "thinking", "thinking": "D", "signature": ""}
GPTS_BLOCK = {"type": "redacted_thinking", "data": f"litellm_encrypted_reasoning:{GPTS}"}
THINKING = {"type": "enabled", "budget_tokens": 1024}
MINTED = json.dumps([CLAUDES_BLOCK], separators=(",", ":"))


def _clean(call: str, provider: str, given: list[Any], model: str = "m", **more: Any) -> dict[str, Any]:
    """Clean, and see that what was given is as it was and that cleaning again changes nothing."""
    name = {"aresponses": "input", "agenerate_content": "contents"}.get(call, "messages")
    kwargs = {"model": model, name: given, **more}
    before = copy.deepcopy(kwargs)
    changed = cleaned(kwargs, call, provider, model)
    assert kwargs == before
    assert cleaned(changed, call, provider, model) is changed
    return changed


def _chat(provider: str, *turns: dict[str, Any], model: str = "m", **more: Any) -> list[dict[str, Any]]:
    said = [HI, *({"role": "assistant", **turn} for turn in turns), HI]
    return _clean("acompletion", provider, said, model, **more)["messages"][1:-1]


def _messages(provider: str, *blocks: dict[str, Any], model: str = "m") -> list[dict[str, Any]]:
    said = [HI, {"role": "assistant", "content": list(blocks)}, HI]
    changed = _clean("anthropic_messages", provider, said, model)["messages"]
    return [block for message in changed[1:-1] for block in message["content"]]


def _input(provider: str, *items: dict[str, Any], model: str = "m") -> list[dict[str, Any]]:
    return _clean("aresponses", provider, list(items), model)["input"]


def _call(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "type": "function", "function": {"name": "f", "arguments": "{}"}, **more}


def _asked(name: str) -> list[dict[str, Any]]:
    """A call and its result."""
    asking = {"role": "assistant", "content": None, "tool_calls": [_call(name)]}
    return [HI, asking, {"role": "tool", "tool_call_id": name, "content": "r"}]


@pytest.mark.parametrize(
    ("signature", "maker"),
    [
        # As they come over the wire, cut short.
        ("EqQBCgIYAhIMqOt9", "claude"),
        ("ErUBCkYIAxgCIkD+Q3kD", "claude"),
        ("EuYBCkQYAiJAgCs1le6/Pol5Z4", "claude"),
        ("Eu0ICmMIDhgCKkB3ybZmropc", "claude"),
        ("EmwKAhgBEgy3va3pzix", "claude"),
        ("EjQKMgG+Pvb7a+BCB+Y31VaoyKyrqw", "gemini"),
        ("EvAGCu0GARFNMg98NSHQOW", "gemini"),
        ("EpsCCpgCAQw51se16quV7Djz", "gemini"),
        ("CiQBvj72+6HI8+eJU+HjXyUghM3M", "gemini"),
        ("CpQCAdHtim//eFEosgdaIKSUFyn", "gemini"),
        (CLAUDES, "claude"),
        (CLAUDES_REDACTED, "claude"),
        (GEMINIS, "gemini"),
        (GEMINIS_OLDER, "gemini"),
        (GPTS, "gpt"),
        (f"litellm_encrypted_reasoning:{GPTS}", "gpt"),
        ("", None),
        ("E", None),
        ("CA==", None),
        ("sealed", None),
        ("Explained", None),
        ("E\u00e9\udcff", None),
        ("E" * 16, None),
        (SKIP, None),
        (None, None),
        (7, None),
    ],
)
def test_a_seal_is_told_by_its_form(signature: object, maker: str | None) -> None:
    assert maker_of(signature) == maker


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("anthropic", "claude-sonnet-4-5"),
        ("bedrock", "eu.anthropic.claude-sonnet-4-5-v1:0"),
        ("vertex_ai", "claude-opus-4-5"),
        ("azure_ai", "claude-opus-4-5"),
    ],
)
def test_claude_gets_its_own_thoughts_only(provider: str, model: str) -> None:
    all_of_them = [CLAUDES_BLOCK, GEMINIS_BLOCK, REDACTED, UNSIGNED, GPTS_BLOCK]
    said = {"type": "text", "text": "so"}
    assert _messages(provider, *all_of_them, said, model=model) == [CLAUDES_BLOCK, REDACTED, said]
    (turn,) = _chat(provider, {"content": "so", "thinking_blocks": all_of_them}, model=model)
    assert turn["thinking_blocks"] == [CLAUDES_BLOCK, REDACTED]
    (turn,) = _chat(provider, {"content": "so", "thinking_blocks": [UNSIGNED]}, model=model)
    assert turn == {"role": "assistant", "content": "so"}


@pytest.mark.parametrize("provider", ["anthropic", "gemini", "openai", "mistral"])
def test_a_turn_that_held_only_foreign_thoughts_is_gone(provider: str) -> None:
    turn = {"content": None, "thinking_blocks": [UNSIGNED], "reasoning_content": "D"}
    assert _chat(provider, turn) == []
    assert _messages("anthropic", UNSIGNED) == []


def test_signatures_of_gemini_do_not_come_along_to_claude_in_a_call() -> None:
    use = {"type": "tool_use", "id": "call_1", "name": "f", "input": {}}
    (block,) = _messages("anthropic", {**use, "provider_specific_fields": {"signature": GEMINIS}})
    assert block == use


@pytest.mark.parametrize("provider", ["openai", "azure", "mistral", "groq", "cerebras"])
def test_fields_that_no_api_knows_are_removed(provider: str) -> None:
    fields = {"thought_signature": GEMINIS}
    call = _call("123456789", provider_specific_fields=fields)
    call["function"] = {**call["function"], "provider_specific_fields": fields}
    turn = {
        "content": "so",
        "tool_calls": [call],
        "thinking_blocks": [CLAUDES_BLOCK],
        "reasoning_content": "C",
        "reasoning": "D",
        "reasoning_details": [{"type": "reasoning.text", "text": "D"}],
        "provider_specific_fields": {"citations": None},
    }
    (left,) = _chat(provider, turn)
    assert left == {"role": "assistant", "content": "so", "tool_calls": [_call("123456789")]}


def test_openai_keeps_what_leads_back_to_its_own_reasoning() -> None:
    turn = {"content": None, "reasoning_items": [{"type": "reasoning", "encrypted_content": GPTS}]}
    assert _chat("openai", turn) == [{"role": "assistant", **turn}]
    assert _chat("mistral", {**turn, "content": "so"}) == [{"role": "assistant", "content": "so"}]


def test_cache_marks_do_not_reach_openai() -> None:
    mark = {"cache_control": {"type": "ephemeral"}}
    said = [{"role": "user", "content": [{"type": "text", "text": "t", **mark}]}, {**HI, **mark}]
    assert _clean("acompletion", "azure", said)["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "t"}]},
        HI,
    ]
    assert _clean("acompletion", "anthropic", said)["messages"] is said


@pytest.mark.parametrize(
    "signed",
    [
        {"thinking_blocks": [GEMINIS_BLOCK, {"type": "thinking", "thinking": "G"}]},
        {"provider_specific_fields": {"thought_signatures": [GEMINIS]}},
        {"tool_calls": [_call(HIDDEN)]},
        {"tool_calls": [_call("call_1", provider_specific_fields={"thought_signature": GEMINIS})]},
        {"tool_calls": [{"id": "c", "function": {"provider_specific_fields": {"thought_signature": "x"}}}]},
    ],
)
@pytest.mark.parametrize(("provider", "model"), [("gemini", "m"), ("vertex_ai", "gemini-2.5-pro")])
def test_gemini_gets_back_what_bears_its_signature(provider: str, model: str, signed: dict[str, Any]) -> None:
    turn = {"content": "so", "reasoning_content": "G", **signed}
    assert _chat(provider, turn, model=model) == [{"role": "assistant", **turn}]


def test_gemini_gets_no_thoughts_of_others() -> None:
    for blocks in ([CLAUDES_BLOCK], [UNSIGNED], None):
        turn = {"content": "so", "reasoning_content": "C", "thinking_blocks": blocks}
        assert _chat("gemini", turn) == [{"role": "assistant", "content": "so"}]


def test_those_who_take_thoughts_as_text_keep_all_but_what_is_sealed() -> None:
    turn = {"content": "so", "reasoning_content": "C", "thinking_blocks": [CLAUDES_BLOCK, UNSIGNED]}
    (left,) = _chat("deepseek", turn)
    assert left == {"role": "assistant", **turn, "thinking_blocks": [UNSIGNED]}
    assert _messages("deepseek", CLAUDES_BLOCK, REDACTED, UNSIGNED) == [CLAUDES_BLOCK, UNSIGNED]
    only = {"content": None, "reasoning_content": "C", "thinking_blocks": [CLAUDES_BLOCK]}
    assert _chat("deepseek", only)[0]["reasoning_content"] == "C"


def test_mistral_gets_its_own_thoughts_back_in_its_own_shape() -> None:
    own = {"type": "thinking", "thinking": [{"type": "text", "text": "M"}]}
    said = {"type": "text", "text": "so"}
    (turn,) = _chat("mistral", {"content": [own, CLAUDES_BLOCK, said]})
    assert turn["content"] == [own, said]
    (turn,) = _chat("openai", {"content": [own, said]})
    assert turn["content"] == [said]


@pytest.mark.parametrize(
    ("provider", "model", "form", "refused", "taken"),
    [
        (
            "anthropic",
            "m",
            r"[a-zA-Z0-9_-]{1,64}",
            ["functions.Bash:0", "a b", HIDDEN, "x" * 65],
            ["toolu_1-A"],
        ),
        ("openai", "m", r".{1,40}", ["x" * 41, HIDDEN], ["functions.Bash:0", "x" * 40]),
        ("azure", "m", r".{1,40}", ["x" * 41], ["toolu_01"]),
        ("mistral", "m", r"[a-zA-Z0-9]{9}", ["call_1", "toolu_01ABC", "12345678\n"], ["aB3xK9mP2"]),
        ("vertex_ai", "mistral-large", r"[a-zA-Z0-9]{9}", ["call_1"], ["aB3xK9mP2"]),
        ("deepseek", "m", r".{1,64}", ["x" * 65, HIDDEN, "a__thought__"], ["functions.Bash:0"]),
        ("gemini", "m", r".+", [], [HIDDEN, "functions.Bash:0", "x" * 999]),
    ],
)
def test_an_id_that_would_be_refused_gets_another_name_in_call_and_result(
    provider: str, model: str, form: str, refused: list[str], taken: list[str]
) -> None:
    for name in refused:
        _, asking, result = _clean("acompletion", provider, _asked(name), model)["messages"]
        (call,) = asking["tool_calls"]
        assert call["id"] == result["tool_call_id"] != name
        assert re.fullmatch(form, call["id"])
    for name in taken:
        kwargs = {"messages": _asked(name)}
        assert cleaned(kwargs, "acompletion", provider, model) is kwargs


def test_ids_of_messages_and_responses_are_renamed_in_pairs_too() -> None:
    use = {"type": "tool_use", "id": "a.b:0", "name": "f", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "a.b:0", "content": "r"}
    said = [HI, {"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    _, asking, answer = _clean("anthropic_messages", "anthropic", said)["messages"]
    assert asking["content"][0]["id"] == answer["content"][0]["tool_use_id"] != "a.b:0"
    items = [
        {"type": "function_call", "call_id": HIDDEN},
        {"type": "function_call_output", "call_id": HIDDEN},
    ]
    called, answered = _input("openai", *items)
    assert called["call_id"] == answered["call_id"]
    assert len(called["call_id"]) <= 64


def test_no_two_ids_become_one() -> None:
    for provider in ("mistral", "openai"):
        names = [f"call_{number:050}" for number in range(2000)]
        calls = [_call(name) for name in names]
        (turn,) = _chat(provider, {"content": None, "tool_calls": calls})
        assert len({call["id"] for call in turn["tool_calls"]}) == len(names)


# -- thinking


def _turn(*turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = [HI]
    for blocks in turns:
        names = [block["id"] for block in blocks if block["type"] == "tool_use"]
        results = [{"type": "tool_result", "tool_use_id": name, "content": "r"} for name in names]
        said += [{"role": "assistant", "content": blocks}, {"role": "user", "content": results}]
    return said


def _use(name: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": name, "name": "f", "input": {}}


OWN_TURN = [CLAUDES_BLOCK, _use("toolu_01")]


@pytest.mark.parametrize(
    ("said", "is_thinking"),
    [
        (_turn(OWN_TURN), True),
        (_turn([REDACTED, _use("toolu_01")]), True),
        (_turn(OWN_TURN, [_use("toolu_02")]), True),
        (_turn(OWN_TURN, OWN_TURN), True),
        ([*_turn([_use("call_1")]), {"role": "assistant", "content": "so"}, HI], True),
        ([*_turn([_use("call_1")]), *_turn(OWN_TURN)], True),
        ([HI], True),
        ([], True),
        (["odd"], True),
        ([{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "x"}]}], True),
        (_turn([GEMINIS_BLOCK, _use("call_1")]), False),
        (_turn([_use("call_1")]), False),
        (_turn(OWN_TURN, [UNSIGNED, _use("call_1")]), False),
        (_turn([_use("call_1")], OWN_TURN), False),
    ],
)
def test_thinking_is_dropped_where_the_turn_that_goes_on_does_not_begin_with_claudes_thoughts(
    said: list[Any], is_thinking: bool
) -> None:
    changed = _clean("anthropic_messages", "anthropic", said, thinking=THINKING)
    assert ("thinking" in changed) is is_thinking
    if not is_thinking:
        assert b"signature" not in json.dumps(changed).encode()


def test_earlier_turns_keep_their_thoughts_when_thinking_is_dropped() -> None:
    said = [*_turn(OWN_TURN), *_turn([_use("call_1")])]
    changed = _clean("anthropic_messages", "anthropic", said, thinking=THINKING)
    assert changed["messages"] == said
    assert "thinking" not in changed


def test_thinking_that_claude_may_leave_out_or_that_is_off_stays() -> None:
    said = _turn([_use("call_1")])
    for thinking in ({"type": "adaptive"}, {"type": "disabled"}, "odd", None):
        kwargs = {"messages": said, "thinking": thinking}
        assert cleaned(kwargs, "anthropic_messages", "anthropic", "claude-opus-4-6") is kwargs


@pytest.mark.parametrize(
    ("effort", "model", "is_kept"),
    [
        ("high", "claude-sonnet-4-5", False),
        ("none", "claude-sonnet-4-5", True),
        ("high", "claude-opus-4-6", True),
    ],
)
def test_an_effort_that_means_thinking_counts_as_such(effort: str, model: str, is_kept: bool) -> None:
    changed = _clean("acompletion", "anthropic", _asked("call_1"), model, reasoning_effort=effort)
    assert ("reasoning_effort" in changed) is is_kept


def test_chat_turns_count_by_their_thinking_blocks() -> None:
    said = _asked("call_1")
    said[1] = {**said[1], "thinking_blocks": [CLAUDES_BLOCK]}
    assert "thinking" in _clean("acompletion", "anthropic", said, thinking=THINKING)
    foreign = [*said, {**said[1], "thinking_blocks": [GEMINIS_BLOCK]}, said[2]]
    changed = _clean("acompletion", "anthropic", foreign, thinking=THINKING)
    assert "thinking" not in changed
    assert all("thinking_blocks" not in message for message in changed["messages"])


def test_only_the_edit_that_needs_thinking_goes_with_it() -> None:
    edits = [{"type": "clear_thinking_20251015"}, {"type": "clear_tool_uses_20250919"}, "odd"]
    more = {"thinking": THINKING, "context_management": {"edits": edits, "x": 1}}
    changed = _clean("anthropic_messages", "anthropic", _turn([_use("call_1")]), **more)
    assert changed["context_management"] == {"edits": edits[1:], "x": 1}
    more["context_management"] = {"edits": edits[:1]}
    assert "context_management" not in _clean(
        "anthropic_messages", "anthropic", _turn([_use("call_1")]), **more
    )


# -- Responses

OWN = {"type": "reasoning", "id": GPTS_ID, "summary": [], "encrypted_content": GPTS}
CALLED = {"type": "function_call", "id": "fc_0a1b", "call_id": "call_1", "name": "f", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "call_1", "output": "r"}
SAID = {"type": "message", "id": "msg_0a1b", "role": "assistant", "content": []}


@pytest.mark.parametrize(
    "own",
    [
        OWN,
        {**OWN, "encrypted_content": f"litellm_enc:bW9kZWw=;{GPTS}"},
        {"type": "reasoning", "id": GPTS_ID, "summary": []},
        {"type": "reasoning", "summary": [], "encrypted_content": "some form to come"},
        {"type": "reasoning", "id": "encitem_bGl0ZWxsbTptb2RlbF9pZDp4O2l0ZW1faWQ6cnNfMQ==", "summary": []},
    ],
)
@pytest.mark.parametrize(("provider", "model"), [("openai", "m"), ("azure", "m"), ("azure_ai", "gpt-5")])
def test_openais_own_items_stay_as_they_are(provider: str, model: str, own: dict[str, Any]) -> None:
    kwargs = {"input": [HI, own, CALLED, RESULT, SAID, {"type": "item_reference", "id": "x.y"}, HI]}
    assert cleaned(kwargs, "aresponses", provider, model) is kwargs


@pytest.mark.parametrize(
    "foreign",
    [
        {"type": "reasoning", "id": "rs_2f1b7a52-7d7f-4a39-9a1f-3ff0f9f1b111", "encrypted_content": MINTED},
        {**OWN, "encrypted_content": f"litellm_enc:bW9kZWw=;{MINTED}"},
        {"type": "reasoning", "id": "rs_2f1b7a52-7d7f-4a39-9a1f-3ff0f9f1b111", "summary": []},
        {"type": "reasoning", "id": "rs_-839282", "summary": []},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "C"}]},
    ],
)
def test_reasoning_of_others_does_not_reach_openai_nor_do_the_ids_that_hang_on_it(
    foreign: dict[str, Any],
) -> None:
    bare = [{k: v for k, v in item.items() if k != "id"} for item in (CALLED, SAID)]
    given = [HI, foreign, CALLED, SAID, RESULT, OWN, CALLED, RESULT]
    assert _input("openai", *given) == [HI, *bare, RESULT, OWN, CALLED, RESULT]


@pytest.mark.parametrize(
    "item",
    [
        {**CALLED, "id": "toolu_01"},
        {**CALLED, "id": f"fc_{HIDDEN}"},
        {**CALLED, "id": "fc_" + "x" * 62},
        {**SAID, "id": "chatcmpl-9"},
        {"role": "assistant", "id": "x", "content": "so"},
        {"type": "custom_tool_call", "id": "fc_1", "call_id": "c"},
        {"type": "web_search_call", "id": "a b"},
        {**OWN, "id": ""},
    ],
)
def test_ids_of_items_that_openai_refuses_are_dropped(item: dict[str, Any]) -> None:
    assert _input("openai", HI, item) == [HI, {k: v for k, v in item.items() if k != "id"}]


@pytest.mark.parametrize("provider", ["anthropic", "gemini", "deepseek", "xai", "openrouter"])
def test_what_openai_has_encrypted_goes_to_nobody_else(provider: str) -> None:
    minted = {"type": "reasoning", "id": "rs_1", "encrypted_content": MINTED}
    told = {"type": "reasoning", "summary": []}
    assert _input(provider, HI, OWN, CALLED, RESULT, minted, told) == [HI, CALLED, RESULT, minted, told]


@pytest.mark.parametrize(
    ("provider", "model"), [("openrouter", "openai/gpt-5"), ("openai", "qwen3"), ("github_copilot", "gpt-5")]
)
def test_a_gateway_that_may_have_openai_behind_it_is_left_alone(provider: str, model: str) -> None:
    kwargs = {"input": [HI, OWN, CALLED], "api_base": "http://gateway.internal/v1"}
    assert cleaned(kwargs, "aresponses", provider, model) is kwargs


@pytest.mark.parametrize(
    ("model", "api_base", "is_openai"),
    [
        ("gpt-5-mini", None, True),
        ("ft:gpt-4.1:me::1", "https://api.openai.com/v1", True),
        ("x", "https://eu.api.openai.com/v1", True),
        ("openai/gpt-5-mini", "http://127.0.0.1:1/v1", True),
        ("qwen3", "http://127.0.0.1:1/v1", False),
        ("qwen3", "https://openai.com.example/v1", False),
    ],
)
def test_a_server_that_only_talks_like_openai_keeps_its_thoughts(
    model: str, api_base: str | None, is_openai: bool
) -> None:
    turn = {"content": "so", "reasoning_content": "Q"}
    (left,) = _chat("openai", turn, model=model, api_base=api_base)
    assert ("reasoning_content" in left) is not is_openai


# -- Gemini's own endpoint

ASKED = {"role": "user", "parts": [{"text": "q"}]}
THOUGHT = {"thought": True, "text": "a secret thought"}
INVOKED: dict[str, Any] = {"functionCall": {"name": "f", "args": {}}}


def test_other_vendors_get_no_thoughts_of_gemini_as_text() -> None:
    given = [ASKED, {"role": "model", "parts": [THOUGHT, INVOKED]}, {"role": "model", "parts": [THOUGHT]}]
    for call in ("agenerate_content", "agenerate_content_stream"):
        kwargs = {"contents": given}
        changed = cleaned(kwargs, call, "openai", "m")
        assert changed["contents"] == [ASKED, {"role": "model", "parts": [INVOKED]}]
        assert cleaned(kwargs, call, "gemini", "gemini-2.5-pro") is kwargs


def test_a_call_that_another_model_made_is_declared_so_to_gemini_3() -> None:
    signed = {**INVOKED, "thoughtSignature": GEMINIS}
    given = [
        ASKED,
        {"role": "model", "parts": [{"text": "so"}, INVOKED, INVOKED]},
        {"role": "model", "parts": [signed, INVOKED]},
        {"role": "model", "parts": [{**INVOKED, "thought_signature": GEMINIS}]},
        {"role": "model", "parts": "odd"},
    ]
    changed = _clean("agenerate_content", "gemini", given, "gemini-3-pro-preview")["contents"]
    declared = {**INVOKED, "thoughtSignature": SKIP}
    assert changed == [ASKED, {"role": "model", "parts": [{"text": "so"}, declared, INVOKED]}, *given[2:]]
    kwargs = {"contents": given}
    assert cleaned(kwargs, "agenerate_content", "gemini", "gemini-2.5-pro") is kwargs


# -- in general


@pytest.mark.parametrize("call", ["atext_completion", "aembedding", "moderation", "x"])
def test_other_endpoints_are_left_alone(call: str) -> None:
    kwargs = {"messages": _asked("a.b"), "input": [OWN], "prompt": "x"}
    assert cleaned(kwargs, call, "anthropic", "m") is kwargs


@pytest.mark.parametrize("provider", ["openai", "azure", "gemini", "mistral", "groq"])
def test_messages_for_vendors_without_that_endpoint_are_cleaned_within(provider: str) -> None:
    kwargs = {"messages": [HI, {"role": "assistant", "content": [CLAUDES_BLOCK, GPTS_BLOCK]}]}
    assert cleaned(kwargs, "anthropic_messages", provider, "m") is kwargs


@pytest.mark.parametrize(
    "provider", ["anthropic", "openai", "azure", "gemini", "mistral", "groq", "deepseek"]
)
def test_what_a_client_adds_of_its_own_and_odd_shapes_are_left_alone(provider: str) -> None:
    said = [
        {**HI, "x_trace": 1},
        {"role": "assistant", "content": "so", "x_trace": {"a": 1}, "thinking_blocks_of_mine": []},
        {"role": "assistant", "content": [{"type": ["odd"]}, {"type": "x_block"}, 7], "tool_calls": "odd"},
        {"role": ["odd"], "content": {"type": "thinking"}, "tool_call_id": 7},
        {"role": "assistant", "content": [], "tool_calls": [7, {"id": None, "function": "f"}]},
        7,
        None,
    ]
    for call in ("acompletion", "anthropic_messages"):
        kwargs: dict[str, Any] = {"messages": said, "x": object()}
        assert cleaned(kwargs, call, provider, "m") is kwargs
    for odd in ({}, {"messages": None}, {"messages": "hi"}, {"input": "hi"}, {"contents": {"parts": []}}):
        for call in ("acompletion", "aresponses", "agenerate_content"):
            assert cleaned(odd, call, provider, "gemini-3") is odd


def test_what_does_not_change_is_not_copied() -> None:
    said = [HI, {"role": "assistant", "content": "so", "reasoning_content": "D"}, HI]
    changed = cleaned({"messages": said}, "acompletion", "openai", "m")["messages"]
    assert changed[0] is said[0]
    assert changed[2] is said[2]
