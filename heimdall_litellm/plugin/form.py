"""Whether a body has a form worth deciding on; what hasn't is for LiteLLM to refuse.

A malformed request fails with every model. It goes to the default model alone, so that its sender gets
the error that the same request gets anywhere else in LiteLLM, and gets it once. What is checked is only what
every provider needs: the kinds of things, never their contents.

A prompt of token ids is whole, but means something to one model's tokenizer only, so it isn't decided on
either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from heimdall_litellm.plugin.translate import ENDPOINTS

_KINDS: Final[Mapping[str, type]] = {
    "response_format": dict,
    "generationConfig": dict,
    "config": dict,
    "extra_body": dict,
    "extra_headers": dict,
    "tools": list,
}


def is_well_formed(call_type: str, data: Mapping[str, Any]) -> bool:
    """Whether the prompt, and what else says how to answer it, is of the kind its endpoint takes."""
    key = ENDPOINTS[call_type].prompt
    prompt = data.get(key)
    return (
        bool(prompt)
        and _PROMPTS[key](prompt)
        and all(data.get(name) is None or isinstance(data[name], kind) for name, kind in _KINDS.items())
        and _are_dicts(data.get("tools") or [])
        and _are_headers(data.get("extra_headers") or {})
    )


def _are_messages(prompt: object) -> bool:
    return isinstance(prompt, list) and all(
        isinstance(m, dict) and isinstance(m.get("role"), str) and _is_content(m.get("content"))
        for m in prompt
    )


def _is_content(content: object) -> bool:
    if content is None or isinstance(content, str):
        return True
    return _are_dicts(content) and all(isinstance(part.get("type"), str) for part in content)  # type: ignore[attr-defined]


def _is_text(prompt: object) -> bool:
    return isinstance(prompt, str) or (isinstance(prompt, list) and all(isinstance(p, str) for p in prompt))


def _is_input(prompt: object) -> bool:
    if isinstance(prompt, str):
        return True
    return isinstance(prompt, list) and all(
        isinstance(item, dict) and _is_content(item.get("content")) for item in prompt
    )


def _are_contents(prompt: object) -> bool:
    return all(map(_is_gemini, prompt if isinstance(prompt, list) else [prompt]))


def _is_gemini(content: object) -> bool:
    if isinstance(content, str):
        return True
    parts = content.get("parts") if isinstance(content, dict) else content
    return isinstance(content, dict) and (not parts or isinstance(parts, dict) or _are_dicts(parts))


def _are_headers(headers: Mapping[object, object]) -> bool:
    return all(
        isinstance(text, str) and text.isascii() and text.replace("\t", " ").isprintable()
        for pair in headers.items()
        for text in pair
    )


def _are_dicts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, dict) for value in values)


_PROMPTS: Final[Mapping[str, Callable[[object], bool]]] = {
    "messages": _are_messages,
    "prompt": _is_text,
    "input": _is_input,
    "contents": _are_contents,
}
