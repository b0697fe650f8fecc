"""Prompts and transcripts of a given length, made of real text: Python's own documentation strings and code.

Every prompt of a series differs from the others, or caches and branch predictors would flatter. The
transcripts have the shape that coding agents send: tool calls and their results, notes of the
client, and a set of tools with their schemas.
"""

from __future__ import annotations

import inspect
import json
import random
from collections.abc import Callable, Iterator

_MODULES = ("argparse", "json", "logging", "random", "statistics", "textwrap", "typing", "unittest.case")
CHARS_PER_TOKEN = 4


def corpus() -> str:
    """About 400,000 characters of code and prose from the standard library."""
    return "\n".join(inspect.getsource(__import__(name, fromlist=["x"])) for name in _MODULES)


def prompts(tokens: int, count: int, seed: int = 0) -> Iterator[str]:
    """Give `count` different prompts of about `tokens` tokens (4 characters each)."""
    text, rng = corpus(), random.Random(seed)
    length = tokens * CHARS_PER_TOKEN
    while len(text) < length + 50_000:
        text += text
    for _ in range(count):
        start = rng.randrange(len(text) - length)
        yield text[start : start + length]


def body(prompt: str) -> dict[str, object]:
    """A chat request with the prompt as its one message."""
    return _sent({"messages": [{"role": "user", "content": prompt}]})


Message = dict[str, object]
_Cut = Callable[[int], str]
_REMINDER = "<system-reminder>The todo list is empty. Don't mention this to the user.</system-reminder>"


def _cutter(seed: int) -> _Cut:
    text, rng = corpus(), random.Random(seed)

    def cut(chars: int) -> str:
        start = rng.randrange(len(text) - chars)
        return text[start : start + chars]

    return cut


def tools(count: int, seed: int = 0) -> list[dict[str, object]]:
    """Give tools in Anthropic's shape, of two to seven parameters each."""
    cut = _cutter(seed)
    kinds: tuple[dict[str, object], ...] = (
        {"type": "string"},
        {"type": "integer", "minimum": 0},
        {"type": "array", "items": {"type": "string"}},
        {"type": "string", "enum": ["content", "files_with_matches", "count"]},
    )
    made: list[dict[str, object]] = []
    for i in range(count):
        names = [f"parameter_{j}" for j in range(2 + i % 6)]
        fields = {name: {**kinds[j % 4], "description": cut(80)} for j, name in enumerate(names)}
        schema = {
            "type": "object",
            "properties": fields,
            "required": names[:2],
            "additionalProperties": False,
        }
        made.append({"name": f"tool_{i}", "description": cut(200 + 40 * (i % 9)), "input_schema": schema})
    return made


def anthropic_transcript(messages: int, seed: int = 0) -> dict[str, object]:
    """A session of a coding agent as `/v1/messages` receives it, with 80 tools."""
    cut = _cutter(seed)
    said: list[Message] = [{"role": "user", "content": [_text(_REMINDER), _text(cut(300))]}]
    i = 0
    while len(said) < messages - 1:
        use = {"type": "tool_use", "id": f"toolu_{i}", "name": "Edit"}
        given = {"file_path": f"/src/module_{i}.py", "old_string": cut(200), "new_string": cut(250)}
        said.append({"role": "assistant", "content": [_text(cut(120)), {**use, "input": given}]})
        result: Message = {"type": "tool_result", "tool_use_id": f"toolu_{i}", "content": cut(1_500)}
        if i % 4 == 3:
            result["content"] = [_text(cut(1_500))]
        said.append({"role": "user", "content": [result, _text(_REMINDER)] if i % 10 == 1 else [result]})
        i += 1
        if i % 40 == 0:
            said.append({"role": "user", "content": [_text(cut(200))]})
    said[messages - 1 :] = [{"role": "user", "content": [_text(cut(200))]}]
    return _sent({"system": [_text(cut(12_000))], "tools": tools(80, seed), "messages": said})


def openai_transcript(messages: int, seed: int = 0) -> dict[str, object]:
    """The same session as `/v1/chat/completions` receives it."""
    cut = _cutter(seed)
    said: list[Message] = [
        {"role": "system", "content": cut(12_000)},
        {"role": "user", "content": cut(300)},
    ]
    i = 0
    while len(said) < messages - 1:
        arguments = json.dumps({"file_path": f"/src/module_{i}.py", "content": cut(450)})
        call = {"id": f"call_{i}", "type": "function", "function": {"name": "edit", "arguments": arguments}}
        said.append({"role": "assistant", "content": cut(120) if i % 3 else None, "tool_calls": [call]})
        said.append({"role": "tool", "tool_call_id": f"call_{i}", "content": cut(1_500)})
        i += 1
        if i % 40 == 0:
            said.append({"role": "user", "content": cut(200)})
    said[messages - 1 :] = [{"role": "user", "content": cut(200)}]
    functions = [
        {
            "type": "function",
            "function": {"name": t["name"], "description": t["description"], "parameters": t["input_schema"]},
        }
        for t in tools(80, seed)
    ]
    return _sent({"messages": said, "tools": functions})


def _text(text: str) -> Message:
    return {"type": "text", "text": text}


def _sent(request: dict[str, object]) -> dict[str, object]:
    """What a proxy has in hand: parsed from the wire, so that no object stands in it twice."""
    parsed: dict[str, object] = json.loads(json.dumps(request))
    return parsed
