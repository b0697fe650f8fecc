"""What LiteLLM's exceptions mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
import httpx
import litellm
import pytest
from fastapi import HTTPException
from litellm.exceptions import MidStreamFallbackError

from heimdall_litellm.plugin.verdict import failure_of, message_of

WHO = {"llm_provider": "openai", "model": "m"}


def _response(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, headers=headers, request=httpx.Request("POST", "https://x.example/"))


def _status(status: int, message: str = "said", **headers: str) -> Exception:
    return _answered(litellm.exceptions.APIError(status, message, "openai", "m"), **headers)


def _answered(error: Exception, **headers: str) -> Exception:
    """As LiteLLM raises it where a provider answered."""
    error.litellm_response_headers = httpx.Headers({"server": "x", **headers})  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (litellm.RateLimitError("x", **WHO), "rate-limited"),
        (_answered(litellm.ServiceUnavailableError("x", **WHO)), "unavailable"),
        (_answered(litellm.InternalServerError("x", **WHO)), "unavailable"),
        (litellm.InternalServerError("x", **WHO), "unfit"),
        (_status(529), "unavailable"),
        (litellm.Timeout("x", **WHO), "timeout"),
        (_answered(litellm.AuthenticationError("x", **WHO)), "refused"),
        (_answered(litellm.PermissionDeniedError("x", response=_response(403), **WHO)), "forbidden"),
        # LiteLLM's own: a tool of an MCP server that isn't allowed, a key that isn't set.
        (litellm.PermissionDeniedError("x", response=_response(403), **WHO), "unfit"),
        (HTTPException(403, "this tool is not allowed"), "unfit"),
        (litellm.AuthenticationError("x", **WHO), "unfit"),
        (_status(402), "refused"),
        (_answered(litellm.NotFoundError("The model `m` does not exist", **WHO)), "gone"),
        (_status(404, "DeploymentNotFound"), "gone"),
        (litellm.NotFoundError("No such File object: file-x", **WHO), "unfit"),
        (litellm.ContextWindowExceededError("x", **WHO), "context"),
        (_status(413), "context"),
        (litellm.ContentPolicyViolationError("x", **WHO), "policy"),
        (litellm.UnsupportedParamsError("x", **WHO), "unfit"),
        (litellm.BadRequestError("x", **WHO), "client"),
        (_status(422), "client"),
        (_answered(litellm.BadRequestError("Your credit balance is too low to access", **WHO)), "refused"),
        (_answered(litellm.BadRequestError("API key not valid. Please pass a", **WHO)), "refused"),
        (_answered(litellm.APIConnectionError("x", **WHO)), "broken"),
        (litellm.APIConnectionError("x", **WHO), "unfit"),
        (ValueError("x"), "unfit"),
    ],
)
def test_each_exception_is_one_kind_of_failure(error: Exception, kind: str) -> None:
    assert failure_of(error).kind == kind


def test_a_connection_that_never_was_is_told_from_one_that_broke() -> None:
    error = litellm.APIConnectionError("x", **WHO)
    error.__cause__ = httpx.ConnectError("refused")
    assert failure_of(error).kind == "unreachable"
    assert failure_of(error).status is None


@pytest.mark.parametrize("silence", [httpx.ReadTimeout("x"), aiohttp.SocketTimeoutError(), TimeoutError()])
def test_a_stream_that_says_nothing_more_is_told_from_one_that_broke(silence: Exception) -> None:
    error = litellm.APIConnectionError("x", **WHO)
    error.__cause__ = silence
    assert failure_of(error).kind == "timeout"
    assert failure_of(silence).kind == "timeout"


def test_a_broken_stream_is_what_broke_it() -> None:
    inner = litellm.RateLimitError("x", **WHO)
    outer = MidStreamFallbackError("x", "m", "openai", original_exception=inner)
    assert failure_of(outer).kind == "rate-limited"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "Mon, 01 Jan 2026 00:00:00 +99999999999999999999"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_in_seconds(headers: dict[str, str], seconds: float | None) -> None:
    assert failure_of(_status(429, **headers)).retry_after_s == seconds


def test_retry_after_may_be_a_date_and_stand_on_the_response() -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    error = litellm.RateLimitError("x", response=_response(429, **{"retry-after": at}), **WHO)
    assert failure_of(error).retry_after_s == pytest.approx(90, abs=5)
    past = _status(429, **{"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"})
    assert failure_of(past).retry_after_s == 0.0


def test_words_say_status_and_kind_and_nothing_of_the_message() -> None:
    failure = failure_of(_status(503, "sk-canary"))
    assert failure.words == "unavailable (503)"
    assert message_of(_status(503, "sk-canary")).endswith("sk-canary")


def test_a_400_about_what_we_added_is_no_mistake_of_the_clients() -> None:
    error = litellm.BadRequestError("thinking.budget_tokens: must be below max_tokens", **WHO)
    assert failure_of(error, added_effort=True).kind == "unfit"
    assert failure_of(error).kind == "client"
    other = litellm.BadRequestError("messages: roles must alternate", **WHO)
    assert failure_of(other, added_effort=True).kind == "client"


class _VendorError(Exception):
    """As LiteLLM's adapters raise it before LiteLLM maps it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status_code, self.message = status, message
        self.headers = {"server": "x"} if status != 422 else None


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (429, "Resource has been exhausted", "rate-limited"),
        (400, "The input token count (9000) exceeds the maximum number of tokens allowed (8192)", "context"),
        (422, "Error converting to valid response block=x", "unfit"),
        (503, "overloaded", "unavailable"),
    ],
)
def test_a_vendors_own_exception_is_read_as_litellm_would(status: int, said: str, kind: str) -> None:
    assert failure_of(_VendorError(status, said), "gemini").kind == kind


def test_what_breaks_while_an_answer_is_read_is_the_providers() -> None:
    assert failure_of(ValueError("x"), is_stream=True).kind == "broken"
    assert (
        failure_of(MidStreamFallbackError("x", "m", "a", original_exception=ValueError("x"))).kind == "broken"
    )


def test_a_header_that_could_not_be_sent_is_no_fault_of_the_providers() -> None:
    error = litellm.APIConnectionError("x", **WHO)
    error.__cause__ = httpx.LocalProtocolError("illegal header")
    assert failure_of(error).kind == "unfit"
