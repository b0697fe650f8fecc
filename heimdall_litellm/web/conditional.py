"""Answers that a client may keep and ask about again (RFC 9110, 13)."""

from __future__ import annotations

import hashlib
from typing import Final

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

# Whoever holds a copy asks before using it: prices change, and so does what a key may use.
_CACHING: Final = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}


def answer(request: Request, content: BaseModel) -> Response:
    """Return `content`, or 304 where the client has it already."""
    body = content.model_dump_json(by_alias=True).encode()
    tag = f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
    headers = {"ETag": tag, **_CACHING}
    if _is_known(request.headers.getlist("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def _is_known(given: list[str], tag: str) -> bool:
    known = [one.strip() for line in given for one in line.split(",")]
    # The weak comparison, as the RFC has it for this header.
    return "*" in known or tag in (one.removeprefix("W/") for one in known)
