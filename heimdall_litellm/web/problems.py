"""Errors as problem documents (RFC 9457)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from heimdall_litellm.errors import NoCandidate, RequestError

MEDIA_TYPE: Final = "application/problem+json"
_CODES: Final[Mapping[int, str]] = {
    404: "heimdall_not_found",
    405: "heimdall_method_not_allowed",
}
_SAYINGS: Final[Mapping[int, str]] = {
    404: "There is no such resource here.",
    405: "This resource doesn't answer to that method.",
}
_TOKEN: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")


class Detail(BaseModel):
    """One parameter that is wrong."""

    parameter: str = Field(description="Where it stands and what it is called, such as `query.limit`.")
    message: str


class ProblemDocument(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(description="`about:blank`: the status says what kind of problem it is.")
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="What was wrong, and what to do.")
    instance: str = Field(description="The path that was asked for.")
    code: str = Field(description="A stable word for programs, such as `heimdall_no_such_model`.")
    errors: list[Detail] | None = Field(default=None, description="Parameter by parameter, with status 422.")
    would_be: int | None = Field(
        default=None, description="With status 409: the status that the request itself would get."
    )
    why_not: dict[str, str] | None = Field(
        default=None, description="With status 409: why each of the caller's models was ruled out."
    )


class Problem(Exception):
    """Ends a request of ours with a problem document."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        self.status, self.code, self.detail = status, code, detail
        self.headers, self.extra = dict(headers or {}), dict(extra or {})
        super().__init__(detail)


def refused_key(status: int, kind: object = None) -> Problem:
    """Make the problem of a request that the proxy's key check refused.

    `kind` is the check's own word for why. Its message isn't repeated: it may hold a part of the key.
    """
    word = kind if isinstance(kind, str) and _TOKEN.fullmatch(kind) else None
    said = f" ({word})" if word else ""
    if status == 401:
        return Problem(
            401,
            "heimdall_unauthenticated",
            f"The proxy's key check refused this request{said}. Send a key as `Authorization: Bearer …`.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return Problem(status, "heimdall_refused", f"The proxy's key check refused this request{said}.")


def no_such_model() -> Problem:
    """Make the problem of a model that isn't there, or that the caller may not use: nobody can tell which."""
    return Problem(404, "heimdall_no_such_model", "There is no model of this name that this key may use.")


def internal() -> Problem:
    """Make the problem of a failure of ours, which says nothing."""
    return Problem(500, "heimdall_internal", "Heimdall failed at this request.")


def from_request_error(error: RequestError, seen: frozenset[str] | None = None) -> Problem:
    """Make the problem of a request that would be refused; of models that aren't `seen` nothing is said.

    Where no model can serve it, there is nothing wrong with asking what would become of it.
    """
    if not isinstance(error, NoCandidate):
        return Problem(error.status, error.code, str(error))
    why = {name: said for name, said in error.why_not.items() if seen is None or name in seen}
    detail = "No model that this key may use can serve this request."
    return Problem(409, error.code, detail, extra={"would_be": error.status, "why_not": why})


def from_http(error: HTTPException) -> Problem:
    """Make the problem of what the web framework refused."""
    status = error.status_code
    code = _CODES.get(status, "heimdall_bad_request")
    headers = dict(error.headers or {})
    if headers.get("Allow") == "GET":
        headers["Allow"] = "GET, HEAD"
    return Problem(status, code, _SAYINGS.get(status, _title(status)), headers=headers)


def from_validation(error: RequestValidationError) -> Problem:
    """Make the problem of parameters of the wrong form."""
    return from_wrong("heimdall_bad_parameter", "Parameters are malformed.", error.errors())


def from_wrong(code: str, detail: str, errors: Sequence[Mapping[str, Any]]) -> Problem:
    """Make the problem of what pydantic finds wrong."""
    wrong = [{"parameter": ".".join(map(str, one["loc"])), "message": str(one["msg"])} for one in errors]
    return Problem(422, code, detail, extra={"errors": wrong})


def answer(problem: Problem, request: Request) -> Response:
    """Return the answer."""
    document = {
        "type": "about:blank",
        "title": _title(problem.status),
        "status": problem.status,
        "detail": problem.detail,
        "instance": quote(request.scope["path"], errors="replace"),
        "code": problem.code,
        **problem.extra,
    }
    # Nothing but ASCII: what was asked for may hold what UTF-8 can't say.
    return Response(
        json.dumps(document),
        problem.status,
        headers={"Cache-Control": "no-store", **problem.headers},
        media_type=MEDIA_TYPE,
    )


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
