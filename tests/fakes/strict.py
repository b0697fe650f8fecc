"""Providers that refuse what the real ones refuse in a conversation, in the words of the real ones.

Thoughts are accepted with a seal that this vendor gave out and with no other, as the real ones do by
their keys. The seals have the real ones' form.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.fakes.providers import FakeProviders, Received, _api_of, _send

SKIP = "skip_thought_signature_validator"
SKIPS = frozenset({SKIP, base64.b64encode(SKIP.encode()).decode()})
_CHAT_FIELDS = {
    "system": {"role", "content", "name"},
    "user": {"role", "content", "name"},
    "assistant": {
        "role", "content", "name", "tool_calls", "function_call", "refusal", "audio", "annotations",
    },
    "tool": {"role", "content", "tool_call_id", "name"},
}  # fmt: skip
_ITEM_PREFIXES = {"message": "msg", "function_call": "fc", "custom_tool_call": "ctc", "reasoning": "rs"}


def _encoded(*parts: bytes) -> str:
    return base64.b64encode(b"".join(parts)).decode()


# Protobuf as the vendors nest it; see `maker_of`. Gemini has two forms.
CLAUDES = _encoded(b"\x12\x4a\x0a\x46\x08\x07\x18\x02\x22\x40", b"c" * 64)
CLAUDES_REDACTED = _encoded(b"\x12\xec\x01\x0a\x02\x18\x01\x12\x0c", b"r" * 228)
GEMINIS = _encoded(b"\x12\x34\x0a\x32\x01\xbe\x3e\xf6\xfb", b"g" * 45)
GEMINIS_OLDER = _encoded(b"\x0a\x94\x02\x01\xd1\xed\x8a\x6f", b"g" * 271)
GPTS = "gAAAAABo" + base64.urlsafe_b64encode(b"o" * 80).decode()
GPTS_ID = "rs_68a1f0c2d3e4b5a697887766554433221100ffeeddccbbaa"


class Refused(Exception):
    """A 400 (Mistral: 422) with what the vendor says."""

    def __init__(self, said: str, status: int = 400) -> None:
        super().__init__(said)
        self.status = status


class StrictProviders(FakeProviders):
    """Answers only conversations that are in order; 400 with a reason to the others."""

    def answer(self, request: Received, http: BaseHTTPRequestHandler) -> None:
        api = _api_of(request.path)
        check = {"anthropic": claude, "gemini": gemini, "responses": responses}.get(api, chat)
        check = {"mistral": mistral, "deepseek": deepseek}.get(request.model.partition("-")[0], check)
        try:
            check(request.json, request.model)
        except Refused as refused:
            with self._lock:
                self.received.append(request)
            error = {"type": "invalid_request_error", "message": str(refused), "code": None}
            body = json.dumps({"type": "error", "error": error}).encode()
            return _send(http, refused.status, body, "application/json")
        return super().answer(request, http)


def claude(body: dict[str, Any], _: str) -> None:
    messages = body["messages"]
    pending: list[str] = []
    for at, message in enumerate(messages):
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if not blocks:
            raise Refused(f"messages.{at}: all messages must have non-empty content")
        results = []
        for part, block in enumerate(blocks):
            where = f"messages.{at}.content.{part}"
            _claudes_block(where, block)
            if block["type"] == "tool_result":
                results.append(block["tool_use_id"])
        if sorted(results) != sorted(pending):
            raise Refused(f"messages.{at}: `tool_use` ids were found without `tool_result` blocks")
        pending = [block["id"] for block in blocks if block["type"] == "tool_use"]
    if (body.get("thinking") or {}).get("type") == "enabled":
        _begins_with_thinking(messages)
    elif any(
        "clear_thinking" in edit["type"]
        for edit in (body.get("context_management") or {"edits": []})["edits"]
    ):
        raise Refused("`clear_thinking_20251015` strategy requires `thinking` to be enabled")


def _claudes_block(where: str, block: dict[str, Any]) -> None:
    match block["type"]:
        case "thinking":
            if block.get("signature") != CLAUDES:
                raise Refused(f"{where}: Invalid `signature` in `thinking` block")
        case "redacted_thinking":
            if block.get("data") != CLAUDES_REDACTED:
                raise Refused(f"{where}: Invalid `data` in `redacted_thinking` block")
        case "text":
            if not block["text"].strip():
                raise Refused(f"{where}: text content blocks must be non-empty")
        case "tool_use" | "tool_result":
            if block.keys() - {
                "type",
                "id",
                "name",
                "input",
                "caller",
                "tool_use_id",
                "content",
                "is_error",
                "cache_control",
            }:
                raise Refused(f"{where}: Extra inputs are not permitted")
            name = block.get("id") or block.get("tool_use_id")
            if not re.fullmatch(r"[a-zA-Z0-9_-]+", str(name)):
                raise Refused(f"{where}: String should match pattern '^[a-zA-Z0-9_-]+$'")


def _begins_with_thinking(messages: list[dict[str, Any]]) -> None:
    """Within a turn of tool calls, what follows the user's last words must begin with thoughts."""

    def is_result(message: dict[str, Any]) -> bool:
        return any(isinstance(b, dict) and b["type"] == "tool_result" for b in message["content"])

    if not is_result(messages[-1]):
        return
    start = len(messages)
    while start and (messages[start - 1]["role"] == "assistant" or is_result(messages[start - 1])):
        start -= 1
    kind = messages[start]["content"][0]["type"]
    if kind not in ("thinking", "redacted_thinking"):
        raise Refused(
            f"messages.{start}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `{kind}`"
        )


def chat(body: dict[str, Any], _: str, *, longest: int = 40) -> None:
    called: set[str] = set()
    for at, message in enumerate(body["messages"]):
        role = message["role"]
        if extra := sorted(message.keys() - _CHAT_FIELDS[role]):
            raise Refused(f"Unknown parameter: 'messages[{at}].{extra[0]}'.")
        content = message.get("content")
        if content is None and not message.get("tool_calls"):
            raise Refused(f"Invalid value for 'content': expected a string, got null. 'messages[{at}]'")
        for part in content if isinstance(content, list) else ():
            if part.keys() - {"type", "text", "image_url"} or part["type"] not in ("text", "image_url"):
                raise Refused(f"Unknown parameter: 'messages[{at}].content[0]'.")
        for call in message.get("tool_calls") or ():
            if call.keys() - {"id", "type", "function", "index"} or call["function"].keys() - {
                "name",
                "arguments",
            }:
                raise Refused(f"Unknown parameter: 'messages[{at}].tool_calls[0].provider_specific_fields'.")
            if len(call["id"]) > longest:
                raise Refused(f"Invalid 'messages[{at}].tool_calls[0].id': string too long.")
            called.add(call["id"])
        if role == "tool" and message["tool_call_id"] not in called:
            raise Refused(
                "messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
            )


def mistral(body: dict[str, Any], model: str) -> None:
    for message in body["messages"]:
        if message.keys() - (_CHAT_FIELDS[message["role"]] - {"annotations"}) - {"prefix"}:
            raise Refused("Extra inputs are not permitted", 422)
        for call in [*(message.get("tool_calls") or ()), {"id": message.get("tool_call_id", "123456789")}]:
            if not re.fullmatch(r"[a-zA-Z0-9]{9}", call["id"]):
                raise Refused(f"Tool call id was {call['id']} but must be a-z, A-Z, 0-9, with a length of 9.")
    chat(body, model)


def deepseek(body: dict[str, Any], _: str) -> None:
    """DeepSeek reads anybody's thoughts, in chat and in Messages, but wants some, and no sealed ones."""
    for message in body["messages"]:
        blocks = message["content"] if isinstance(message.get("content"), list) else []
        kinds = {block["type"] for block in blocks}
        if "redacted_thinking" in kinds:
            raise Refused("unknown variant `redacted_thinking`")
        is_calling = bool(message.get("tool_calls")) or "tool_use" in kinds
        if (
            is_calling
            and not (message.get("reasoning_content") or "thinking" in kinds)
            and body.get("thinking")
        ):
            raise Refused("The `reasoning_content` in the thinking mode must be passed back to the API.")


def _item_id(where: str, kind: str, name: str | None) -> None:
    if name is None:
        return
    if not name.startswith(_ITEM_PREFIXES.get(kind, "")):
        raise Refused(f"Invalid '{where}.id': '{name}'. Expected an ID that begins with '{kind}'.")
    if len(name) > 64 or not re.fullmatch(r"[a-zA-Z0-9_-]+", name):
        raise Refused(f"Invalid '{where}.id': string too long.")


def responses(body: dict[str, Any], _: str) -> None:
    called: set[str] = set()
    has_reasoning = False
    for at, item in enumerate(body["input"]):
        kind = item.get("type") or "message"
        name = item.get("id")
        _item_id(f"input[{at}]", kind, name)
        match kind:
            case "reasoning":
                if item.get("encrypted_content") not in (None, GPTS):
                    raise Refused("The encrypted content could not be verified.")
                if item.get("encrypted_content") is None and name != GPTS_ID:
                    raise Refused(f"Item with id '{name}' not found.")
                has_reasoning = True
            case "function_call":
                if name is not None and not has_reasoning:
                    raise Refused(f"Item '{name}' was provided without its required 'reasoning' item.")
                called.add(item["call_id"])
            case "function_call_output":
                has_reasoning = False
                if item["call_id"] not in called:
                    raise Refused("No tool call found for function call output")
        if len(item.get("call_id") or "") > 64:
            raise Refused(f"Invalid 'input[{at}].call_id': string too long.")


def gemini(body: dict[str, Any], model: str) -> None:
    for content in body["contents"]:
        calls = 0
        for part in content["parts"]:
            seal = part.get("thoughtSignature")
            if seal is not None and seal not in {GEMINIS, GEMINIS_OLDER, *SKIPS}:
                raise Refused("Thought signature is not valid.")
            if "functionCall" in part or "function_call" in part:
                calls += 1
                if calls == 1 and seal is None and "gemini-3" in model:
                    raise Refused("Function call is missing a thought_signature in functionCall parts.")


@contextmanager
def strict_providers() -> Iterator[StrictProviders]:
    """Serve while the context lasts."""
    fakes = StrictProviders()
    try:
        yield fakes
    finally:
        fakes.close()
