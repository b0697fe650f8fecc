"""The body of a request that is to be explained: read within bounds, and told apart."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request

from heimdall_litellm.web.backend import Endpoint
from heimdall_litellm.web.problems import Problem

MAX_BODY_BYTES: Final = 20_000_000
_PROMPTS: Final[Mapping[str, Endpoint]] = {
    "contents": "gemini",
    "input": "responses",
    "messages": "chat",
    "prompt": "completions",
}
_OF_MESSAGES: Final = ("system", "stop_sequences", "thinking", "top_k")
"""What `/v1/messages` takes beside the messages, and chat completions doesn't."""


async def read(request: Request, limit: int = MAX_BODY_BYTES) -> bytes:
    """Return what a request holds. Raises Problem where that is more than `limit`, and reads no further."""
    if _stated(request) > limit:
        raise _too_large(limit)
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


async def object_of(body: bytes) -> dict[str, Any]:
    """Return the JSON object that a body is. Raises Problem."""
    try:
        found = await asyncio.to_thread(json.loads, body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Problem(400, "heimdall_bad_json", "The body must be a JSON object.") from None
    if not isinstance(found, dict):
        raise Problem(422, "heimdall_bad_body", "The body must be a JSON object: the request to explain.")
    return found


def check(body: Mapping[str, Any]) -> None:
    """Raise Problem where a body's model is no text; it may be left out, as Gemini's bodies do."""
    if not isinstance(body.get("model", ""), str):
        raise Problem(422, "heimdall_bad_body", "model must be a text: the virtual name to ask for.")


def endpoint_of(body: Mapping[str, Any], headers: Mapping[str, str]) -> Endpoint:
    """Return the endpoint that a body was made for, by what only that one's bodies hold."""
    found: Endpoint = next((endpoint for key, endpoint in _PROMPTS.items() if key in body), "chat")
    if found == "chat" and ("anthropic-version" in headers or any(key in body for key in _OF_MESSAGES)):
        return "messages"
    return found


def _stated(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else 0


def _too_large(limit: int) -> Problem:
    return Problem(413, "heimdall_too_large", f"The body may hold {limit:,} bytes at most.")


def _refuse(constant: str) -> float:
    raise ValueError(constant)
