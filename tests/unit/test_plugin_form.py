"""Which bodies have a form worth deciding on."""

from __future__ import annotations

from typing import Any

import pytest

from heimdall_litellm.plugin.form import is_well_formed

HI = [{"role": "user", "content": "hi"}]
IMAGE = {"type": "image_url", "image_url": {"url": "x"}}
CALL = {"role": "assistant", "tool_calls": [{"id": "1"}]}


@pytest.mark.parametrize(
    ("call_type", "data"),
    [
        ("acompletion", {"messages": HI}),
        ("acompletion", {"messages": [*HI, CALL, {"role": "tool", "content": "x", "tool_call_id": "1"}]}),
        ("acompletion", {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}, IMAGE]}]}),
        ("acompletion", {"messages": HI, "response_format": {"type": "text"}, "tools": [{"type": "x"}]}),
        ("acompletion", {"messages": HI, "response_format": None, "tools": None, "extra_body": {}}),
        ("anthropic_messages", {"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]}),
        ("aresponses", {"input": "hi"}),
        ("aresponses", {"input": [{"role": "user", "content": [{"type": "input_text", "text": "x"}]}]}),
        ("aresponses", {"input": [{"type": "function_call_output", "call_id": "1", "output": "x"}]}),
        ("atext_completion", {"prompt": "hi"}),
        ("atext_completion", {"prompt": ["a", "b"]}),
        ("agenerate_content", {"contents": "hi"}),
        ("agenerate_content", {"contents": {"parts": []}}),
        ("agenerate_content", {"contents": [{"role": "user", "parts": [{"text": "x"}]}]}),
        ("agenerate_content", {"contents": [{"parts": [{"text": "x"}]}], "generationConfig": {}}),
    ],
)
def test_what_an_endpoint_takes_is_decided_on(call_type: str, data: dict[str, Any]) -> None:
    assert is_well_formed(call_type, data)


@pytest.mark.parametrize(
    ("call_type", "data"),
    [
        ("acompletion", {}),
        ("acompletion", {"messages": []}),
        ("acompletion", {"messages": "hi"}),
        ("acompletion", {"messages": [3]}),
        ("acompletion", {"messages": [{"content": "x"}]}),
        ("acompletion", {"messages": [{"role": "user", "content": 3}]}),
        ("acompletion", {"messages": [{"role": "user", "content": {"type": "text"}}]}),
        ("acompletion", {"messages": [{"role": "user", "content": ["x"]}]}),
        ("acompletion", {"messages": [{"role": "user", "content": [{"type": 3}]}]}),
        ("acompletion", {"messages": HI, "response_format": "json"}),
        ("acompletion", {"messages": HI, "tools": 7}),
        ("acompletion", {"messages": HI, "tools": ["x"]}),
        ("acompletion", {"messages": HI, "extra_body": "x"}),
        ("aresponses", {"input": {"a": 1}}),
        ("aresponses", {"input": ["hi"]}),
        ("aresponses", {"input": [{"role": "user", "content": 3}]}),
        ("atext_completion", {"prompt": ""}),
        ("atext_completion", {"prompt": {"a": 1}}),
        ("atext_completion", {"prompt": [1, 2, 3]}),
        ("atext_completion", {"prompt": [[1, 2], [3]]}),
        ("agenerate_content", {"contents": 3}),
        ("agenerate_content", {"contents": [3]}),
        ("agenerate_content", {"contents": [{"parts": "hi"}]}),
        ("agenerate_content", {"contents": [{"parts": ["hi"]}]}),
        ("agenerate_content", {"contents": "hi", "generationConfig": "x"}),
    ],
)
def test_anything_else_is_left_to_litellm_to_refuse(call_type: str, data: dict[str, Any]) -> None:
    assert not is_well_formed(call_type, data)
