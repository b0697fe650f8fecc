"""A stream that fails before its first content is replaced, and one that fails later is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import aiohttp
import litellm
import pytest
from litellm.exceptions import MidStreamFallbackError

from heimdall_litellm.plugin import streams

EMPTY, HELLO, END = (
    SimpleNamespace(choices=[SimpleNamespace(text=text, finish_reason=reason)])
    for text, reason in (("", None), ("hello", None), ("", "stop"))
)
EVENT = b'data: {"candidates": []}\n\n'
ERROR = b'data: {"error": {"code": 429, "message": "exhausted"}}\n\n'
BROKEN = aiohttp.ClientPayloadError("broke off")


class Played:
    """A stream that plays chunks, and raises those that are exceptions."""

    def __init__(self, *chunks: Any) -> None:
        self.chunks, self.is_closed = list(chunks), False

    def __aiter__(self) -> Played:
        return self

    async def __anext__(self) -> Any:
        if not self.chunks:
            raise StopAsyncIteration
        chunk = self.chunks.pop(0)
        if isinstance(chunk, Exception):
            raise chunk
        return chunk

    async def aclose(self) -> None:
        self.is_closed = True


def _nothing_failed(error: Exception) -> None:
    raise AssertionError(error)


async def _nobody_follows() -> None:
    raise AssertionError


def _nobody_leaves(has_begun: bool) -> None:
    raise AssertionError(has_begun)


async def _watch(*played: Played | Exception) -> tuple[list[Any], list[Exception], Exception | None]:
    """Watch the first stream, with the rest to replace it; return chunks, failures, and how it ended."""
    got: list[Any] = []
    told: list[Exception] = []
    first, *others = played
    assert isinstance(first, Played)

    async def replaced() -> AsyncIterator[Any] | None:
        following = others.pop(0) if others else None
        if isinstance(following, Exception):
            raise following
        return following

    try:
        async for chunk in streams.watched(first, told.append, replaced, _nobody_leaves):
            got.append(chunk)  # noqa: PERF401 - what came before an error counts
    except Exception as error:  # noqa: BLE001
        return got, told, error
    return got, told, None


async def test_a_stream_that_is_well_passes_whole() -> None:
    stream = Played(EMPTY, HELLO, EMPTY, HELLO, END)
    assert await _watch(stream, Played(HELLO)) == ([EMPTY, HELLO, EMPTY, HELLO, END], [], None)
    assert stream.is_closed
    assert await _watch(Played(EMPTY, END)) == ([EMPTY, END], [], None)
    assert await _watch(Played(EVENT, EVENT)) == ([EVENT, EVENT], [], None)
    assert await _watch(Played()) == ([], [], None)
    odd = SimpleNamespace(choices=7)
    assert await _watch(Played(EMPTY, "odd", odd, END)) == ([EMPTY, "odd", odd, END], [], None)


async def test_of_a_stream_that_fails_at_its_beginning_nothing_is_seen() -> None:
    first = Played(EMPTY, EMPTY, BROKEN)
    got, told, ended = await _watch(first, Played(EMPTY, BROKEN), Played(HELLO, END))
    assert (got, told, ended) == ([HELLO, END], [BROKEN, BROKEN], None)
    assert first.is_closed


async def test_behind_half_of_an_answer_comes_no_second_one() -> None:
    got, told, ended = await _watch(Played(EMPTY, HELLO, BROKEN), Played(HELLO, END))
    assert (got, told) == ([EMPTY, HELLO], [BROKEN])
    assert isinstance(ended, litellm.APIConnectionError)
    assert "broke off" in str(ended)


async def test_an_error_of_geminis_own_counts_as_one_wherever_it_comes() -> None:
    got, told, ended = await _watch(Played(ERROR), Played(EVENT))
    assert (got, ended) == ([EVENT], None)
    assert [getattr(error, "status_code", None) for error in told] == [429]
    got, told, ended = await _watch(Played(EVENT, ERROR), Played(EVENT))
    assert (got, len(told), ended) == ([EVENT, ERROR], 1, None)


async def test_with_nobody_left_the_failure_is_raised_as_litellms_own() -> None:
    _, _, ended = await _watch(Played(ERROR))
    assert isinstance(ended, litellm.APIError)
    assert "exhausted" in str(ended)
    limit = litellm.RateLimitError("limit", "openai", "m")
    wrapped = MidStreamFallbackError("m", "openai", "m", original_exception=limit)
    assert (await _watch(Played(wrapped)))[2] is limit


async def test_where_the_next_model_fails_at_once_that_is_what_is_raised() -> None:
    limit = litellm.RateLimitError("limit", "openai", "m")
    assert await _watch(Played(BROKEN), limit) == ([], [BROKEN], limit)


async def test_a_page_in_the_place_of_a_stream_is_no_answer() -> None:
    page = b"<html></html>"
    got, told, ended = await _watch(Played(page), Played(EVENT))
    assert (got, ended) == ([EVENT], None)
    assert [type(error) for error in told] == [streams.NoAnswerError]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b'{"code": 503, "message": "x"}', 503),
        (b'{"code": 14, "message": "x"}', 500),
        (b'{"code": "no", "message": "x"}', 500),
        (b'{"message": "x"}', 500),
        (b'"oops"', 500),
        (b"[" * 100_000, 500),
    ],
)
def test_any_error_event_has_a_status(said: bytes, status: int) -> None:
    found: Any = streams.error_in(b'data: {"error": ' + said + b"}\n\n")
    assert found.status_code == status


@pytest.mark.parametrize("chunk", [EVENT, HELLO, b"", b'data: {"text": "\\"error\\":"}', None])
def test_nothing_else_is_an_error_event(chunk: object) -> None:
    assert streams.error_in(chunk) is None


async def test_a_stream_that_the_client_leaves_is_closed() -> None:
    stream = Played(HELLO, HELLO)

    async def replaced() -> None:
        raise AssertionError

    left: list[bool] = []
    watched: Any = streams.watched(stream, lambda _: None, replaced, left.append)
    assert await anext(watched) is HELLO
    await watched.aclose()
    assert stream.is_closed
    assert left == [True]


async def test_a_client_that_leaves_before_any_content_is_told_apart() -> None:
    class Silent(Played):
        async def __anext__(self) -> Any:
            return await asyncio.Event().wait()

    left: list[bool] = []
    stream: Any = Silent()
    watched: Any = streams.watched(stream, _nothing_failed, _nobody_follows, left.append)
    waiting = asyncio.ensure_future(anext(watched))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert stream.is_closed
    assert left == [False]
