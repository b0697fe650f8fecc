"""The dashboard's page and what it is made of: files of this package, the same for everybody.

They hold no data; what they show they ask of the routes behind the key check. So they are public, as
LiteLLM's own pages are. Nothing else is loaded from anywhere, and no script stands in the page itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def router() -> APIRouter:
    """Return the routes; the files are read now, so that a request reads none."""
    made = APIRouter(include_in_schema=False)
    for path, content in _found().items():
        made.add_api_route(f"/heimdall/{path}", _sending(path or "index.html", content), methods=["GET"])
    made.add_api_route("/heimdall", _onward, methods=["GET"])
    return made


def _found() -> dict[str, bytes]:
    """Return the files by path; the page itself has none."""
    folder = files("heimdall_litellm.web") / "static"
    named = {one.name: one.read_bytes() for one in folder.iterdir() if one.name.rpartition(".")[2] in _TYPES}
    return {"": named.pop("index.html"), **{f"static/{name}": content for name, content in named.items()}}


def _sending(name: str, content: bytes) -> Callable[[Request], Awaitable[Response]]:
    tag = f'"{hashlib.blake2b(content, digest_size=16).hexdigest()}"'
    headers = {**_HEADERS, "ETag": tag}
    kind = _TYPES[name.rpartition(".")[2]]

    async def send(request: Request) -> Response:
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=kind)

    return send


async def _onward(_: Request) -> Response:
    # Relative, for the proxy may stand behind a path of its own.
    return RedirectResponse("heimdall/", 307)
