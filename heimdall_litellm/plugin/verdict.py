"""What a failed attempt means: LiteLLM's exception, read as one of `core.failover`'s failures.

The HTTP status decides, but for what LiteLLM has a class of its own for, and for what some vendors say with a
status that means something else: an empty account (Anthropic: 400) and a wrong key (Google: 400) are
our matter and not the client's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any, Final

import httpx
import litellm
import openai

from heimdall_litellm.core.failover import FailureKind
from heimdall_litellm.health import Failure
from heimdall_litellm.plugin import seams

_BY_STATUS: Final[Mapping[int, FailureKind]] = {
    401: "refused",
    402: "refused",
    403: "forbidden",
    404: "gone",
    408: "timeout",
    413: "context",
    429: "rate-limited",
}
_OUR_MATTER: Final = ("credit balance is too low", "api key not valid", "api_key_invalid", "api key expired")
"""How vendors say with a 400 that our account or key is at fault."""
_UNREADABLE: Final = ("error converting to valid response",)
"""How LiteLLM says that it couldn't read an answer, with the status of a client's mistake."""
_MODEL: Final = ("model", "deployment", "endpoints")
"""Words of a 404 that is about the model."""
_THINGS: Final = ("cachedcontent", "cached content", "the file", "files/")
"""Words of a 403 that is about something which the request names."""
_EFFORT: Final = ("thinking", "reasoning", "effort", "budget_tokens")
_OF_A_PROVIDER: Final = ("broken", "unavailable", "refused", "forbidden", "gone")
_MAX_TEXT: Final = 4_000
_MAX_CHAIN: Final = 16


def failure_of(
    error: BaseException, provider: str = "", *, added_effort: bool = False, is_stream: bool = False
) -> Failure:
    """Return what went wrong, from the exception of one attempt at `provider`.

    `added_effort`: we said something about thinking that the client didn't. An answer that takes offence at
    that is no mistake of theirs. `is_stream`: it came while the answer was being read.
    """
    inner = _innermost(error)
    is_stream |= isinstance(getattr(error, "original_exception", None), BaseException)
    is_providers = is_stream or _is_providers(inner)
    error = seams.mapped(inner, provider)
    status = _status_of(error)
    kind = _kind_of(error, status)
    if kind in _OF_A_PROVIDER and not is_providers:
        # LiteLLM stumbled over the request itself, or refused it (for a tool of an MCP server, say), and puts
        # that in a provider's words: nobody is down, and no key is refused.
        kind = "unfit"
    if kind == "client" and added_effort and _says(error, _EFFORT):
        kind = "unfit"
    return Failure(kind, status, _retry_after_s(error))


def has_answered(error: BaseException) -> bool:
    """Whether an exception met while an answer was being read tells of what a provider said in it."""
    return any(hasattr(one, "status_code") for one in _chain(error))


def message_of(error: BaseException) -> str:
    """Return what the provider said, as LiteLLM puts it."""
    return str(getattr(error, "message", None) or error)


def _innermost(error: BaseException) -> BaseException:
    # A stream that broke comes wrapped, maybe twice; LiteLLM's adapter for Gemini's own endpoint wraps all in
    # a ValueError.
    for _ in range(_MAX_CHAIN):
        inner = getattr(error, "original_exception", None)
        if not isinstance(inner, BaseException) and isinstance(error, ValueError):
            inner = error.__cause__ or error.__context__
        if not isinstance(inner, BaseException):
            break
        error = inner
    return error


def _status_of(error: BaseException) -> int | None:
    if isinstance(error, litellm.APIConnectionError):
        return None  # LiteLLM calls it 500, but nobody answered that
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def _kind_of(error: BaseException, status: int | None) -> FailureKind:
    match error:
        case litellm.ContextWindowExceededError():
            return "context"
        case litellm.ContentPolicyViolationError():
            return "policy"
        case litellm.UnsupportedParamsError():
            return "unfit"
        case litellm.Timeout() | httpx.TimeoutException() | TimeoutError():
            return "timeout"
        case litellm.APIConnectionError() if _came_from(error, httpx.ConnectError, ConnectionError):
            return "unreachable"
        case litellm.APIConnectionError():
            # Of a stream that says nothing more LiteLLM says no more than of one that broke.
            return "timeout" if _came_from(error, httpx.TimeoutException, TimeoutError) else "broken"
    if status is None:
        return "broken"
    if status in (403, 404) and _is_about_a_thing(error, status):
        return "unfit"
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if 400 <= status < 500:
        if _says(error, _OUR_MATTER):
            return "refused"
        return "broken" if _says(error, _UNREADABLE) else "client"
    return "unavailable"


def _is_about_a_thing(error: BaseException, status: int) -> bool:
    # A file or a thread that the request names may be what isn't there, which is no deployment's fault.
    # Google says that with a 403.
    return _says(error, _THINGS) if status == 403 else not _says(error, _MODEL)


def _says(error: BaseException, words: Iterable[str]) -> bool:
    said = message_of(error)[:_MAX_TEXT].lower()
    return any(word in said for word in words)


def _came_from(error: BaseException, *kinds: type[BaseException]) -> bool:
    return any(isinstance(one, kinds) for one in _chain(error))


def _is_providers(error: BaseException) -> bool:
    """Whether a provider answered, or the way to it broke."""
    return any(_speaks_of_a_provider(one) for one in _chain(error))


def _speaks_of_a_provider(error: BaseException) -> bool:
    if isinstance(error, seams.TRANSPORT):
        return not isinstance(error, httpx.LocalProtocolError)
    # LiteLLM's own classes are OpenAI's too, whatever they tell of; OpenAI's client has none but for answers.
    is_openais = isinstance(error, openai.APIError) and type(error).__module__.startswith("openai.")
    return is_openais or bool(
        getattr(error, "litellm_response_headers", None) or getattr(error, "headers", None)
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and those it came from."""
    for _ in range(_MAX_CHAIN):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def _retry_after_s(error: BaseException) -> float | None:
    for headers in (
        getattr(error, "litellm_response_headers", None),
        getattr(getattr(error, "response", None), "headers", None),
        getattr(error, "headers", None),
    ):
        if isinstance(headers, Mapping) and (found := _stated(headers)) is not None:
            return found
    return None


def _stated(headers: Mapping[str, Any]) -> float | None:
    """Return `Retry-After` in seconds: a number of them, or a date (RFC 9110, 10.2.3)."""
    given = {str(name).lower(): str(value).strip() for name, value in headers.items()}
    if (millis := _number(given.get("retry-after-ms"))) is not None:
        return millis / 1000
    stated = given.get("retry-after")
    if stated is None or (seconds := _number(stated)) is not None:
        return None if stated is None else seconds
    try:
        at = parsedate_to_datetime(stated)
        at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        return max(0.0, (at - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if isfinite(number) and number >= 0 else None
