"""What all routes have in common: the key, who asks, and how refusals are documented."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Depends
from fastapi.security import HTTPBearer
from starlette.requests import Request

from heimdall_litellm.web import problems
from heimdall_litellm.web.backend import Backend, Caller

KEY: Final = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    description="A key of the LiteLLM proxy. Its other headers for one, as `x-litellm-api-key`, do too.",
)
_SAID: Final = {
    304: "Not changed since the answer whose `ETag` the client sent as `If-None-Match`.",
    400: "The request is malformed.",
    401: "No key, or none that the proxy knows.",
    403: "The key may not do this.",
    404: "There is no such thing, or not for this key.",
    409: "The request would be refused, for no model that the key may use can serve it.",
    413: "The body is too large.",
    422: "A parameter or the body has the wrong form.",
    429: "The key's budget or limit is used up.",
    500: "Heimdall failed; nothing else is said.",
    503: "The proxy can't check keys now, or the journal can't be read.",
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what a route may answer beside its answer: these, and what every route may."""
    schema = {"$ref": "#/components/schemas/ProblemDocument"}
    return {
        status: {"description": _SAID[status]}
        | ({} if status == 304 else {"content": {problems.MEDIA_TYPE: {"schema": schema}}})
        for status in sorted((*statuses, 400, 401, 403, 429, 500, 503))
    }


def backend_of(request: Request) -> Backend:
    """Return who answers."""
    found: Backend = request.app.state.backend
    return found


async def _caller(request: Request) -> Caller:
    return await backend_of(request).authenticate(request)


CallerGiven = Annotated[Caller, Depends(_caller)]
