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


async def read_object(request: Request, limit: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """Return the JSON object that a request holds. Raises Problem: 413, 400 or 422."""
    if _stated(request) > limit:
        raise _too_large(limit)
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
    try:
        found = await asyncio.to_thread(json.loads, b"".join(chunks), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Problem(400, "heimdall_bad_json", "The body must be a JSON object.") from None
    if not isinstance(found, dict):
        raise Problem(422, "heimdall_bad_body", "The body must be a JSON object: the request to explain.")
    return found


def model_of(body: Mapping[str, Any]) -> str | None:
    """Return the model a body asks for; None where it names none, as Gemini's don't. Raises Problem."""
    model = body.get("model")
    if model is not None and not isinstance(model, str):
        raise Problem(422, "heimdall_bad_body", "model must be a text: the virtual name to ask for.")
    return model


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
