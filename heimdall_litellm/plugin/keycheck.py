"""Who asks at the HTTP API: LiteLLM's own key check, as it is made for its list of models.

LiteLLM refuses every key but an admin's on paths that it doesn't know. So it is asked about a request of the
same sender for a list that it does know, with the same headers and nothing else. Whatever it thinks of there
holds: blocked and expired keys, routes that a key may not call, address lists, a proxy's own check of keys.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.types import Message

from heimdall_litellm.plugin import seams
from heimdall_litellm.web.problems import Problem, refused_key

LISTS: Final = ("/v1/models", "/models", "/v1/model/info", "/model/info")
"""Paths of LiteLLM's own that any key may call."""
_OF_THE_BODY: Final = frozenset(
    {b"content-length", b"content-type", b"content-encoding", b"transfer-encoding"}
)
_NOT_OURS: Final = frozenset({"route", "endpoint", "path_params", "router", "app_root_path", "parsed_body"})
_UNDERSTOOD: Final = range(400, 500)


async def authenticate(request: Request) -> object:
    """Return the key of a request, as LiteLLM knows it. Raises Problem where LiteLLM refuses it."""
    check, is_public = seams.key_check()
    path = next((path for path in LISTS if is_public(path) is False), None)
    if path is None:
        # All of them are public here, so that nobody would be asked for a key.
        raise refused_key(401)
    asking = as_listing(request, path)
    try:
        token = await check(request=asking, **await _presented(check, asking))
    except Exception as error:  # noqa: BLE001 - a proxy's own check may raise anything
        raise _refusal(error) from None
    if not hasattr(token, "user_role"):
        raise TypeError(f"expected a key, not {type(token).__name__}")
    return token


async def presents_key(request: Request) -> bool:
    """Whether a request brings anything that LiteLLM would take for a key."""
    check, _ = seams.key_check()
    presented = await _presented(check, as_listing(request, LISTS[0]))
    own = seams.key_header()
    return any(presented.values()) or (own is not None and own in request.headers)


def as_listing(request: Request, path: str) -> Request:
    """Return a request by the same sender for one of LiteLLM's lists, which leaves no mark on the first."""
    scope: dict[str, Any] = {key: value for key, value in request.scope.items() if key not in _NOT_OURS}
    scope |= {
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "path_params": {},
        "headers": [pair for pair in request.scope["headers"] if pair[0].lower() not in _OF_THE_BODY],
        "state": dict(request.scope.get("state") or {}),
        "app": seams.proxy_app(),
    }
    return Request(scope, _nothing)


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _presented(check: Callable[..., Awaitable[object]], request: Request) -> Mapping[str, object]:
    """Return the arguments that FastAPI would take from the request for the check."""
    found = {}
    for name, parameter in inspect.signature(check).parameters.items():
        extract = getattr(parameter.default, "dependency", None)
        if callable(extract):
            found[name] = await extract(request)
    return found


def _refusal(error: Exception) -> Exception:
    """Return the problem that a refusal of LiteLLM's is; what is none, is a failure."""
    if isinstance(error, ModuleNotFoundError) and error.name == "prisma":
        # LiteLLM stumbles on its way to a refusal, where its database client isn't installed.
        return refused_key(401)
    given = getattr(error, "code", None) or getattr(error, "status_code", None)
    try:
        status = int(str(given))
    except ValueError:
        return error
    if status == 503:
        return Problem(503, "heimdall_unavailable", "The proxy can't check keys now.")
    kind = getattr(error, "type", None)
    kind = getattr(kind, "value", kind)
    if status == 400 and kind == "no_db_connection":
        status = 401  # a proxy without a database knows the master key and no other
    return refused_key(status, kind) if status in _UNDERSTOOD else error
