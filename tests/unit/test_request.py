"""Bodies of every wire shape become facts."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from benchmarks.prompts import anthropic_transcript, openai_transcript, tools
from heimdall_litellm.core.plain import plain
from heimdall_litellm.core.request import HEAD, TAIL, TOPIC, read_request, window
from heimdall_litellm.core.tokens import tokens_in

ASK = "sort this list in python"


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"role": "user", "content": ASK}]},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": ASK}]}]},
        {"input": ASK},
        {"input": [{"role": "user", "content": [{"type": "input_text", "text": ASK}]}]},
        {"input": [ASK]},
        {"prompt": ASK},
        {"prompt": [ASK]},
        {"contents": [{"role": "user", "parts": [{"text": ASK}]}]},
        {"contents": [{"parts": [{"text": ASK}]}]},
    ],
    ids=[
        "chat",
        "parts",
        "responses",
        "responses parts",
        "bare",
        "completion",
        "prompts",
        "gemini",
        "no role",
    ],
)
def test_every_wire_shape_gives_the_same_ask(body: dict[str, object]) -> None:
    facts = read_request(body)
    assert facts.ask == ASK
    assert facts.ask_chars == facts.total_chars == len(ASK)
    assert (facts.messages, facts.user_turns) == (1, 1)


@pytest.mark.parametrize("key", ["system", "instructions"])
def test_a_top_level_system_prompt_counts_but_is_not_the_ask(key: str) -> None:
    facts = read_request({key: "Be brief.", "messages": [{"role": "user", "content": ASK}]})
    assert facts.system_chars == len("Be brief.")
    assert facts.ask == ASK


@pytest.mark.parametrize("key", ["systemInstruction", "system_instruction"])
def test_geminis_system_instruction_is_read(key: str) -> None:
    facts = read_request({key: {"parts": [{"text": "Be brief."}]}, "contents": []})
    assert facts.system_chars == len("Be brief.")


@pytest.mark.parametrize("role", ["system", "developer"])
def test_system_messages_are_not_the_ask(role: str) -> None:
    facts = read_request(
        {"messages": [{"role": role, "content": "Be brief."}, {"role": "user", "content": ASK}]}
    )
    assert (facts.system_chars, facts.ask, facts.user_turns) == (9, ASK, 1)


def test_the_last_user_message_is_the_ask_and_the_first_the_topic() -> None:
    facts = read_request(
        {
            "messages": [
                {"role": "user", "content": "Write a compiler. " * 50},
                {"role": "assistant", "content": "Done."},
                {"role": "user", "content": "Now faster."},
                {"role": "assistant", "content": "Working on it."},
            ]
        }
    )
    assert facts.ask == "now faster"
    assert facts.topic == plain(("Write a compiler. " * 50)[:TOPIC])
    assert (facts.messages, facts.user_turns) == (4, 2)


def test_without_a_user_message_the_last_text_is_the_ask() -> None:
    facts = read_request({"messages": [{"role": "assistant", "content": "Hello."}]})
    assert (facts.ask, facts.user_turns) == ("hello.", 0)


def test_a_long_ask_is_read_through_windows() -> None:
    text = "a" * HEAD + "b" * 1_000_000 + "c" * TAIL
    facts = read_request({"messages": [{"role": "user", "content": text}]})
    assert facts.ask == "a" * HEAD + " " + "c" * TAIL
    assert facts.ask_chars == len(text)


def test_a_text_that_fits_is_its_own_window() -> None:
    assert window("x" * (HEAD + TAIL)) == "x" * (HEAD + TAIL)


def test_tool_results_are_not_what_the_user_asks() -> None:
    facts = read_request(
        {
            "messages": [
                {"role": "user", "content": ASK},
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [{"function": {"arguments": '{"a": 1}'}}],
                },
                {"role": "tool", "content": "a very long listing " * 100},
            ]
        }
    )
    assert facts.ask == ASK
    assert facts.has_tool_results
    assert facts.user_turns == 1
    assert facts.input_tokens > 300


def test_anthropic_tool_results_inside_a_user_message_are_told_apart() -> None:
    facts = read_request(
        {
            "messages": [
                {"role": "user", "content": ASK},
                {
                    "role": "assistant",
                    "content": [{"type": "tool_use", "name": "ls", "input": {"path": "home"}}],
                },
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "content": [{"type": "text", "text": "files " * 100}]},
                        {"type": "text", "text": "And now?"},
                    ],
                },
            ]
        }
    )
    assert facts.has_tool_results
    assert (facts.ask, facts.topic, facts.user_turns) == ("and now?", ASK, 2)


def test_a_message_of_tool_results_alone_is_no_turn_of_the_user() -> None:
    facts = read_request(
        {
            "messages": [
                {"role": "user", "content": ASK},
                {"role": "user", "content": [{"type": "tool_result", "content": "files"}]},
            ]
        }
    )
    assert (facts.ask, facts.user_turns) == (ASK, 1)


def test_responses_function_outputs_are_tool_results() -> None:
    facts = read_request(
        {"input": [{"role": "user", "content": ASK}, {"type": "function_call_output", "output": "files"}]}
    )
    assert facts.has_tool_results
    assert facts.ask == ASK
    assert facts.total_chars == len(ASK) + len("files")


def test_geminis_function_responses_are_tool_results() -> None:
    facts = read_request(
        {
            "contents": [
                {"role": "user", "parts": [{"text": ASK}]},
                {"role": "model", "parts": [{"functionCall": {"name": "ls", "args": {"path": "home"}}}]},
                {
                    "role": "user",
                    "parts": [{"functionResponse": {"name": "ls", "response": {"out": "files"}}}],
                },
            ]
        }
    )
    assert facts.has_tool_results
    assert (facts.ask, facts.user_turns) == (ASK, 1)


@pytest.mark.parametrize("tag", ["system-reminder", "environment_context"])
def test_text_that_a_client_inserted_is_stepped_over(tag: str) -> None:
    inserted = f"<{tag}>You are in a hard, hard project.</{tag}>"
    joined = read_request({"messages": [{"role": "user", "content": f"{inserted}\n{ASK}"}]})
    apart = read_request(
        {"messages": [{"role": "user", "content": [{"type": "text", "text": t} for t in (inserted, ASK)]}]}
    )
    assert joined.ask == ASK
    assert apart.ask == ASK


@pytest.mark.parametrize(
    "text", ["<system-reminder>never closed", "<system-reminder>once", "once</system-reminder>"]
)
def test_blocks_that_are_none_are_text(text: str) -> None:
    assert "system-reminder" in read_request({"messages": [{"role": "user", "content": text}]}).ask


def test_endless_inserted_blocks_end() -> None:
    block = "<system-reminder>x</system-reminder>"
    before = read_request({"messages": [{"role": "user", "content": block * 50 + "hi"}]})
    after = read_request({"messages": [{"role": "user", "content": "hi" + block * 50}]})
    assert before.ask_chars == pytest.approx(42 * len(block), abs=40)
    assert after.ask_chars == pytest.approx(42 * len(block), abs=40)


def test_text_appended_by_a_client_is_cut_off() -> None:
    text = f"{ASK}\n<system-reminder>Use the todo list.</system-reminder>\n"
    assert read_request({"messages": [{"role": "user", "content": text}]}).ask == ASK


def test_a_turn_of_reminders_and_tool_results_is_not_the_users() -> None:
    note = {"type": "text", "text": "<system-reminder>The todo list is empty.</system-reminder>"}
    result = {"type": "tool_result", "content": "ok"}
    facts = read_request(
        {
            "messages": [
                {"role": "user", "content": ASK},
                {"role": "assistant", "content": [{"type": "tool_use", "name": "ls", "input": {}}]},
                {"role": "user", "content": [result, note]},
            ]
        }
    )
    assert (facts.ask, facts.user_turns) == (ASK, 1)


def test_a_request_of_nothing_but_inserted_text_is_still_read() -> None:
    parts = [{"type": "text", "text": f"<system-reminder>{i}</system-reminder>"} for i in range(2)]
    facts = read_request({"messages": [{"role": "user", "content": parts}]})
    assert "system-reminder>1" in facts.ask
    assert facts.user_turns == 0


def test_a_message_of_many_parts_is_read_from_both_ends() -> None:
    parts = [{"type": "text", "text": f"part {i:03d}"} for i in range(100)]
    facts = read_request({"messages": [{"role": "user", "content": parts}]})
    assert "part 000" in facts.ask
    assert "part 099" in facts.ask
    assert "part 050" not in facts.ask


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}, "has_images"),
        ({"type": "image", "source": {"type": "base64", "data": "AAAA"}}, "has_images"),
        ({"type": "input_image", "image_url": "https://example.com/a.png"}, "has_images"),
        ({"inlineData": {"mimeType": "image/png", "data": "AAAA"}}, "has_images"),
        ({"file_data": {"mime_type": "audio/wav"}}, "has_audio"),
        ({"inline_data": {"mime_type": "application/pdf"}}, "has_files"),
        ({"fileData": "odd"}, "has_files"),
        ({"type": "input_audio", "input_audio": {"data": "AAAA"}}, "has_audio"),
        ({"type": "document", "source": {"data": "AAAA"}}, "has_files"),
        ({"type": "input_file", "file_id": "1"}, "has_files"),
    ],
)
def test_what_is_not_text_is_noticed_and_costs_tokens(part: dict[str, object], field: str) -> None:
    plain = read_request({"messages": [{"role": "user", "content": [{"type": "text", "text": ASK}]}]})
    facts = read_request({"messages": [{"role": "user", "content": [{"type": "text", "text": ASK}, part]}]})
    assert getattr(facts, field)
    assert facts.ask == ASK
    assert facts.input_tokens > plain.input_tokens + 100


def test_tools_are_counted_with_their_schemas() -> None:
    tool = {
        "type": "function",
        "function": {"name": "f", "description": "does " * 50, "parameters": {"a": [1]}},
    }
    facts = read_request({"messages": [{"role": "user", "content": ASK}], "tools": [tool, tool]})
    assert facts.tools == 2
    assert facts.input_tokens > 100


def tool_tokens(given: list[object]) -> int:
    return read_request({"messages": [], "tools": given}).input_tokens


@pytest.mark.parametrize("seed", range(5))
def test_of_many_tools_a_few_tell_the_price_of_all(seed: int) -> None:
    many: list[object] = [*tools(80, seed)]
    text = json.dumps(many)
    everything = tokens_in([text], len(text))
    assert tool_tokens(many) == pytest.approx(everything, rel=0.1)
    assert tool_tokens(many[:8]) == tokens_in([json.dumps(many[:8])])


def test_a_huge_tool_among_many_counts_though_it_is_not_read() -> None:
    many: list[object] = [*tools(80)]
    many[1] = {"name": "manual", "description": "Every word of it. " * 50_000}
    assert tool_tokens(many) > 200_000


def test_tools_that_stand_there_twice_count_twice() -> None:
    once: list[object] = [*tools(40)]
    assert tool_tokens(once * 2) == pytest.approx(2 * tool_tokens(once), rel=0.1)


def test_many_tools_of_which_one_is_a_class_are_read_all() -> None:
    many: list[object] = [*tools(40), int]
    assert tool_tokens(many) == tokens_in([json.dumps(many, default=str)])
    assert read_request({"messages": [], "tools": many}).tools == 41


def test_geminis_function_declarations_are_counted_one_by_one() -> None:
    facts = read_request(
        {"contents": [], "tools": [{"functionDeclarations": [{"name": "a"}, {"name": "b"}]}]}
    )
    assert facts.tools == 2


@pytest.mark.parametrize("tools", ["text", {"a": 1}, 7, None, []])
def test_odd_tools_are_none(tools: object) -> None:
    assert read_request({"messages": [], "tools": tools}).tools == 0


def test_a_tool_that_is_no_mapping_still_counts() -> None:
    assert read_request({"messages": [], "tools": ["web_search"]}).tools == 1


@pytest.mark.parametrize(
    "body",
    [
        {"response_format": {"type": "json_object"}},
        {"response_format": {"type": "json_schema", "json_schema": {}}},
        {"response_format": int},
        {"text": {"format": {"type": "json_schema"}}},
        {"generationConfig": {"responseMimeType": "application/json"}},
        {"generationConfig": {"responseSchema": {}}},
    ],
)
def test_json_mode_is_recognised(body: dict[str, object]) -> None:
    assert read_request(body).is_json


@pytest.mark.parametrize(
    "body", [{}, {"response_format": {"type": "text"}}, {"text": "words"}, {"config": {}}]
)
def test_other_formats_are_not_json_mode(body: dict[str, object]) -> None:
    assert not read_request(body).is_json


@pytest.mark.parametrize(
    ("body", "limit"),
    [
        ({"max_tokens": 5}, 5),
        ({"max_completion_tokens": 6, "max_tokens": 5}, 6),
        ({"max_output_tokens": 7}, 7),
        ({"generationConfig": {"maxOutputTokens": 8}}, 8),
        ({"max_tokens": 10**400}, 10**9),
        ({"max_tokens": True}, None),
        ({"max_tokens": -1}, None),
        ({"max_tokens": "9"}, None),
    ],
)
def test_the_clients_output_limit_is_read(body: dict[str, object], limit: int | None) -> None:
    assert read_request(body).max_output_tokens == limit


@pytest.mark.parametrize(
    "body",
    [
        {"reasoning_effort": "low"},
        {"thinking": {"type": "enabled"}},
        {"reasoning": {"effort": "low"}},
        {"generationConfig": {"thinkingConfig": {}}},
    ],
)
def test_an_effort_of_the_clients_own_is_noticed(body: dict[str, object]) -> None:
    assert read_request(body).has_own_effort
    assert not read_request({}).has_own_effort


def test_bottomless_nesting_ends() -> None:
    deep: object = "x"
    for _ in range(50):
        deep = [deep]
    schema: object = "x"
    for _ in range(50):
        schema = {"a": schema}
    facts = read_request({"messages": [{"role": "user", "content": deep}], "tools": [schema]})
    assert facts.ask == ""


def test_a_body_is_not_changed() -> None:
    body = {
        "messages": [{"role": "user", "content": [{"type": "text", "text": ASK}]}],
        "tools": [{"a": ["b"]}],
    }
    before = repr(body)
    read_request(body)
    assert repr(body) == before


def test_a_documents_plain_text_is_read_and_a_pdf_is_counted_by_its_size() -> None:
    def tokens(source: dict[str, object]) -> int:
        part = {"type": "document", "source": source}
        return read_request({"messages": [{"role": "user", "content": [part]}]}).input_tokens

    assert tokens({"type": "text", "data": "word " * 100_000}) > 80_000
    assert tokens({"type": "base64", "data": "A" * 8_000_000}) > 150_000
    blob = {"inlineData": {"mimeType": "application/pdf", "data": "A" * 8_000_000}}
    assert read_request({"contents": [{"parts": [blob]}]}).input_tokens > 150_000


@pytest.mark.parametrize("prompt", [[7] * 15_000, [[7] * 10_000, [8] * 5_000]])
def test_a_prompt_of_token_ids_is_counted(prompt: object) -> None:
    assert read_request({"prompt": prompt}).input_tokens == 15_000


def test_tools_that_are_not_json_are_counted_all_the_same() -> None:
    endless: dict[str, object] = {}
    endless["self"] = endless
    facts = read_request({"messages": [], "tools": [endless]})
    assert facts.tools == 1


def transcript(turns: int) -> list[dict[str, object]]:
    """A long session of an agent: an ask, then tools, images and a client's notes, and one more ask."""
    messages: list[dict[str, object]] = [
        {"role": "system", "content": "You are an agent."},
        {"role": "user", "content": [{"type": "text", "text": "Find the race."}]},
    ]
    for i in range(turns):
        use = {"type": "tool_use", "name": "ls", "input": {"path": f"folder/{i}"}}
        messages.append({"role": "assistant", "content": [{"type": "text", "text": "Looking."}, use]})
        image = {"type": "image", "source": {"data": "AAAA"}}
        result = {"type": "tool_result", "content": [{"type": "text", "text": f"file {i} " * 20}, image]}
        note = {"type": "text", "text": "<system-reminder>todo</system-reminder>"}
        messages.append({"role": "user", "content": [result, {"type": "tool_result", "content": "ok"}, note]})
        if i == turns // 2:
            messages.append({"role": "user", "content": [{"type": "text", "text": "Mind the lock."}]})
            messages.append(
                {"role": "assistant", "content": "Yes.", "tool_calls": [{"function": {"name": "f"}}]}
            )
    return messages


@pytest.mark.parametrize("turns", [1, 5, 12, 60])
def test_skimming_the_middle_finds_what_reading_it_whole_would(
    turns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"messages": transcript(turns)}
    skimmed = read_request(body)
    monkeypatch.setattr("heimdall_litellm.core.request._READ_WHOLE", 10_000)
    whole = read_request(body)
    assert skimmed.ask == whole.ask == "mind the lock"
    assert skimmed.topic == whole.topic == "find the race"
    assert skimmed == whole
    assert skimmed.has_images
    assert skimmed.has_tool_results


@pytest.mark.parametrize("make", [anthropic_transcript, openai_transcript])
def test_agents_transcripts_are_skimmed_to_the_same_facts(
    make: Callable[[int], dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    body = make(100)
    skimmed = read_request(body)
    monkeypatch.setattr("heimdall_litellm.core.request._READ_WHOLE", 10_000)
    assert read_request(body) == skimmed
    assert skimmed.messages == 100


ODD_BLOCKS: list[object] = [
    "bare",
    ["nested"],
    {"type": "text", "text": None},
    {"type": "function_call_output", "output": "files"},
    {"functionResponse": {"out": "files"}},
    {"type": ["odd"], "text": "odd"},
]
ODD_MESSAGES: list[object] = [
    7,
    "bare",
    [1, 2],
    {"role": "user", "content": ODD_BLOCKS},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
    {"role": "tool", "content": [{"type": "text", "text": "files"}]},
    {"role": "tool", "content": "files"},
    {"role": "user", "parts": [{"text": "Mind the lock."}]},
    {"role": [], "content": "odd"},
]


@pytest.mark.parametrize("odd", ODD_MESSAGES)
def test_odd_messages_are_skimmed_as_they_are_read(odd: object, monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"messages": [*transcript(1), odd, *transcript(12)]}
    skimmed = read_request(body)
    monkeypatch.setattr("heimdall_litellm.core.request._READ_WHOLE", 10_000)
    assert read_request(body) == skimmed


def test_a_huge_text_in_the_middle_of_a_long_conversation_counts() -> None:
    messages = transcript(60)
    messages.insert(50, {"role": "user", "content": [{"type": "tool_result", "content": "word " * 400_000}]})
    assert read_request({"messages": messages}).input_tokens > 300_000


def test_calls_of_the_responses_api_count_and_nobody_said_them() -> None:
    items = [
        {"role": "user", "content": ASK},
        {"type": "function_call", "name": "write", "arguments": "x" * 999},
        {"type": "custom_tool_call", "name": "write", "input": "y" * 99},
    ]
    facts = read_request({"input": items})
    assert facts.total_chars == len(ASK) + 999 + 99
    assert (facts.ask, facts.user_turns) == (ASK, 1)


def test_an_odd_document_still_counts_as_a_file() -> None:
    part = {"type": "document", "source": "somewhere"}
    assert read_request({"messages": [{"role": "user", "content": [part]}]}).has_files


def test_bottomless_tool_calls_end() -> None:
    arguments: object = "x"
    for _ in range(50):
        arguments = {"a": arguments}
    facts = read_request({"messages": [{"role": "assistant", "content": "", "tool_calls": [arguments]}]})
    assert facts.total_chars < 50


def test_numbers_in_tool_calls_are_no_text() -> None:
    call = {"arguments": {"count": 3, "names": ["x"]}}
    facts = read_request({"messages": [{"role": "assistant", "content": "", "tool_calls": [call]}]})
    assert facts.total_chars == len("arguments" + "count" + "names" + "x")
