"""Streams that LiteLLM's router doesn't watch: the next model takes over where one fails at its beginning.

On chat, Messages and Responses the router itself goes on from a stream that fails before its first content.
One of `/v1/completions` or of Gemini's own endpoint it hands out and forgets, so the next model is asked
here. What comes before any content is held back until there is some: of a stream that is replaced, the client
saw nothing.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

import litellm
import openai

from heimdall_litellm.plugin.attempts import Course

UNWATCHED: Final = frozenset({"atext_completion", "agenerate_content_stream"})
"""The calls whose streams LiteLLM hands out so."""

# Gemini's own events are passed on unread, an error among them.
_EVENT: Final = re.compile(rb"\s*data:\s*[\[{]")
_ERROR: Final = re.compile(rb'\s*data:\s*(\{\s*"error"\s*:.*)', re.DOTALL)


def is_unwatched(call: str, course: Course) -> bool:
    """Whether LiteLLM hands out the stream of the latest attempt and forgets it.

    Of OpenRouter's on chat it would see to, it can't read the error events, whose codes are words.
    """
    last = course.current
    is_unread = call == "acompletion" and last is not None and last.hop.provider == "openrouter"
    return call in UNWATCHED or is_unread


class NoAnswerError(openai.OpenAIError):
    """A stream ended with nothing in it that could be read."""


async def watched(
    stream: AsyncIterator[Any],
    failed: Callable[[Exception], None],
    replaced: Callable[[], Awaitable[AsyncIterator[Any] | None]],
    left: Callable[[bool], None],
) -> AsyncIterator[Any]:
    """Yield a stream, or what it is `replaced` with where it fails before its first content.

    `failed` is told of every failure, before that and after it; `left` whether there was content when the
    client hung up, of which LiteLLM tells nobody.
    """
    while True:
        held: list[Any] = []
        has_begun = False
        try:
            async for chunk in stream:
                if (error := error_in(chunk)) is not None:
                    if not has_begun:
                        raise error
                    failed(error)
                held.append(chunk)
                has_begun = has_begun or has_content(chunk)
                while has_begun and held:
                    yield held.pop(0)
            if held:
                raise NoAnswerError("the stream held no answer")
            return
        except (GeneratorExit, asyncio.CancelledError):
            left(has_begun)
            raise
        except Exception as error:  # noqa: BLE001 - whatever a stream ends in
            failure = error
        finally:
            await _closed(stream)
        failed(failure)
        # No longer within the handler: LiteLLM reads from that what a call is a fallback for.
        following = None if has_begun else await replaced()
        if following is None:
            raise said(failure) from failure
        stream = following


async def noticed(stream: AsyncIterator[Any], left: Callable[[], None]) -> AsyncIterator[Any]:
    """Yield a stream as it is; `left` is told when the client hangs up."""
    try:
        async for chunk in stream:
            yield chunk
    except (GeneratorExit, asyncio.CancelledError):
        left()
        raise
    finally:
        await _closed(stream)


def has_content(chunk: Any) -> bool:
    """Whether a chunk holds any of an answer, its end included; what we can't tell does."""
    if isinstance(chunk, bytes):
        return _EVENT.match(chunk) is not None
    choices = getattr(chunk, "choices", None)
    if not isinstance(choices, list) or not choices:
        return True
    names = ("text", "reasoning_content", "finish_reason")
    return any(getattr(choice, name, None) for choice in choices for name in names)


def error_in(chunk: object) -> Exception | None:
    """Return the error that an event of Gemini's tells of, if it does."""
    found = _ERROR.match(chunk) if isinstance(chunk, bytes) else None
    if found is None:
        return None
    try:
        error = json.loads(found[1])["error"]
        status, message = int(error["code"]), str(error["message"])
    except (ValueError, LookupError, TypeError, RecursionError):
        status, message = 500, "the stream ended in an error"
    made: Exception = litellm.APIError(status if 400 <= status < 600 else 500, message, "gemini", "")
    return made


def said(failure: Exception) -> Exception:
    """Return a failure as LiteLLM puts it: without its wrapper for streams, and as one of its own."""
    inner: Exception = getattr(failure, "original_exception", None) or failure
    made: Exception = litellm.APIConnectionError(str(inner), "", "")
    return inner if isinstance(inner, openai.OpenAIError) else made


async def _closed(stream: AsyncIterator[Any]) -> None:
    close = getattr(stream, "aclose", None)
    if close is not None:
        with suppress(Exception):
            await close()
