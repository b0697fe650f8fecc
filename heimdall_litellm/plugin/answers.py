"""What LiteLLM logs of an answer: tokens, cost, times, how it ended, and whether anything is wrong with it.

LiteLLM logs one event per call in one shape (its standard logging payload), but the answer in it has that
of the endpoint: chat, text completions, Anthropic's messages, OpenAI's responses, Gemini's content. What
isn't understood is left out; nothing here judges what an answer says.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

_CUT: Final = frozenset(
    {"length", "max_tokens", "max_output_tokens", "MAX_TOKENS", "model_context_window_exceeded"}
)
_WITHHELD: Final = frozenset({"content_filter", "refusal", "SAFETY", "RECITATION", "PROHIBITED_CONTENT"})


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one answer: `cached` of the input were read from a cache, `written` put into it."""

    input: int | None = None
    output: int | None = None
    cached: int = 0
    written: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class Form:
    """The form of one answer. `finish` is the provider's word for why it ended."""

    finish: str | None = None
    is_empty: bool = False
    is_cut_off: bool = False
    has_bad_tool_call: bool = False


def usage_of(logged: Mapping[str, Any]) -> Usage:
    """Return the tokens that LiteLLM logged."""
    metadata = logged.get("metadata")
    told = metadata.get("usage_object") if isinstance(metadata, Mapping) else None
    usage = told if isinstance(told, Mapping) else {}
    read, written = (_inner(usage, name) for name in ("prompt_tokens_details", "completion_tokens_details"))
    return Usage(
        _count(logged.get("prompt_tokens")),
        _count(logged.get("completion_tokens")),
        _count(usage.get("cache_read_input_tokens")) or _count(read.get("cached_tokens")) or 0,
        _count(usage.get("cache_creation_input_tokens")) or _count(read.get("cache_creation_tokens")) or 0,
        _count(written.get("reasoning_tokens")) or 0,
    )


def cost_of(logged: Mapping[str, Any]) -> float | None:
    """Return LiteLLM's own cost, USD; None where it knows none."""
    cost = logged.get("response_cost")
    if not isinstance(cost, int | float) or isinstance(cost, bool) or not isfinite(cost) or cost < 0:
        return None
    return float(cost)


def form_of(answer: object) -> Form:
    """Return the form of an answer of any endpoint."""
    if not isinstance(answer, Mapping):
        return Form()
    parts = _parts_of(answer)
    finish = _finish_of(answer)
    if parts is None:
        return Form(finish)
    texts, calls = parts
    is_cut = finish in _CUT
    return Form(
        finish,
        is_empty=not any(text.strip() for text in texts)
        and not calls
        and finish not in _WITHHELD
        and not is_cut,
        is_cut_off=is_cut,
        has_bad_tool_call=not is_cut and any(not _is_json_object(call) for call in calls),
    )


def _finish_of(answer: Mapping[str, Any]) -> str | None:
    incomplete = _inner(answer, "incomplete_details").get("reason")
    choice = _first(answer.get("choices")) or _first(answer.get("candidates")) or {}
    found = (
        incomplete
        or choice.get("finish_reason")
        or choice.get("finishReason")
        or answer.get("stop_reason")
        or (answer.get("status") if "output" in answer else None)
    )
    return found[:64] if isinstance(found, str) else None


def _parts_of(answer: Mapping[str, Any]) -> tuple[list[str], list[object]] | None:
    """Return the texts of an answer, and the arguments of its tool calls; None for an unknown shape."""
    texts: list[str] = []
    calls: list[object] = []
    if (choice := _first(answer.get("choices"))) is not None:
        message = _inner(choice, "message")
        texts += _strings(choice.get("text"), message.get("content"), message.get("refusal"))
        named = [_inner(call, "function") for call in _mappings(message.get("tool_calls"))]
        calls += [call.get("arguments") for call in [*named, *_mappings([message.get("function_call")])]]
    elif (candidate := _first(answer.get("candidates"))) is not None:
        for part in _mappings(_inner(candidate, "content").get("parts")):
            texts += _strings(part.get("text"), "image" if "inlineData" in part else None)
            calls += [call.get("args") or {} for call in _mappings([part.get("functionCall")])]
    elif isinstance(answer.get("output"), list):
        for item in _mappings(answer["output"]):
            if item.get("type") == "message":
                texts += _strings(*(part.get("text") for part in _mappings(item.get("content"))))
            elif str(item.get("type", "")).endswith("_call"):
                calls.append(item.get("arguments", {}))
    elif isinstance(answer.get("content"), list):
        for block in _mappings(answer["content"]):
            texts += _strings(block.get("text"))
            if str(block.get("type", "")).endswith("tool_use"):
                calls.append(block.get("input"))
    else:
        return None
    return texts, calls


def _is_json_object(arguments: object) -> bool:
    if not isinstance(arguments, str):
        return isinstance(arguments, Mapping) or arguments is None
    if not arguments.strip():
        return True  # a call without arguments
    try:
        return isinstance(json.loads(arguments), dict)
    except (ValueError, RecursionError):
        return False


def _inner(value: object, name: str) -> Mapping[str, Any]:
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _first(value: object) -> Mapping[str, Any] | None:
    return next(_mappings(value), None)


def _mappings(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        yield from (item for item in value if isinstance(item, Mapping))


def _strings(*values: object) -> list[str]:
    found = []
    for value in values:
        if isinstance(value, str):
            found.append(value)
        else:
            found += [part["text"] for part in _mappings(value) if isinstance(part.get("text"), str)]
    return found


def _count(value: object) -> int | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not isfinite(value):
        return None
    return int(value) if 0 <= value < 2**53 else None
