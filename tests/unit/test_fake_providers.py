"""The fake providers, as LiteLLM sees them: what each outcome is to a client, streamed and not."""

from __future__ import annotations

import asyncio
import base64
import gc
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import litellm
import openai
import pytest
from litellm.llms.custom_httpx.async_client_cleanup import close_litellm_async_clients

from tests.fakes.providers import FakeProviders, fake_providers, refused

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

Ask = Callable[..., Any]
TURN = [{"role": "user", "content": "hi"}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
MODELS = {
    "openai": ("openai/gpt-4.1", "/v1"),
    "anthropic": ("anthropic/claude-sonnet-4-5", ""),
    "gemini": ("gemini/gemini-2.5-pro", "/gemini"),
    "openrouter": ("openrouter/deepseek/deepseek-r1", "/openrouter"),
}
APIS = (*MODELS, "responses", "messages")
STREAM = pytest.mark.parametrize("stream", [False, True])
API = pytest.mark.parametrize("api", APIS)


@pytest.fixture(scope="module")
def server() -> Iterator[FakeProviders]:
    with fake_providers() as made:
        yield made


@pytest.fixture
def fakes(server: FakeProviders) -> Iterator[FakeProviders]:
    server.reset()
    yield server
    server.reset()


async def _ask(fakes: FakeProviders, api: str, *outcomes: str, stream: bool = False, **more: Any) -> Any:
    """Ask one question. Returns the answer, or the list of what was streamed."""
    model, path = MODELS[{"responses": "openai", "messages": "anthropic"}.get(api, api)]
    name = model.rpartition("/")[2].replace("-", "_").replace(".", "_")
    fakes.script(**{name: outcomes})
    asked = {"model": model, "api_base": fakes.url + path, "api_key": "k", "stream": stream, "timeout": 20}
    asked |= more
    if api == "responses":
        answer = await litellm.aresponses(input="hi", **asked)
    elif api == "messages":
        answer = await litellm.anthropic_messages(messages=TURN, max_tokens=2000, **asked)
    else:
        answer = await litellm.acompletion(messages=TURN, max_retries=0, **asked)
    return [part async for part in answer] if stream else answer


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """One loop for all: LiteLLM keeps its clients, and they stay with the loop they were made in."""
    with asyncio.Runner() as made:
        yield made
        made.run(close_litellm_async_clients())
    gc.collect()  # what broken streams leave behind is thrown away here, and not in another module's test


@pytest.fixture
def ask(fakes: FakeProviders, runner: asyncio.Runner) -> Ask:
    return lambda *args, **options: runner.run(_ask(fakes, *args, **options))


def _cause(error: BaseException) -> BaseException:
    """What LiteLLM wraps if a stream fails at its first chunk."""
    original = getattr(error, "original_exception", None)
    return error if original is None else original


@STREAM
@API
def test_ok_answers(ask: Ask, api: str, stream: bool) -> None:
    assert "hello" in str(ask(api, "ok", stream=stream))


MEANT = {
    "429": litellm.RateLimitError,
    "401": litellm.AuthenticationError,
    "404": litellm.NotFoundError,
    "context": litellm.ContextWindowExceededError,
    "policy": litellm.ContentPolicyViolationError,
    "bad": litellm.BadRequestError,
}
# LiteLLM has no ear for these two of OpenRouter's.
MEANT_BY_OPENROUTER = {**MEANT, "context": litellm.BadRequestError, "policy": litellm.APIError}


@STREAM
@API
@pytest.mark.parametrize("outcome", MEANT)
def test_an_error_means_to_litellm_what_it_says(ask: Ask, api: str, outcome: str, stream: bool) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        ask(api, outcome, stream=stream)
    expected = (MEANT_BY_OPENROUTER if api == "openrouter" else MEANT)[outcome]
    assert isinstance(_cause(caught.value), expected)


@API
def test_retry_after_arrives(ask: Ask, api: str) -> None:
    with pytest.raises(litellm.RateLimitError) as caught:
        ask(api, "429:retry-after=7")
    error: Any = caught.value
    headers = getattr(error, "litellm_response_headers", None) or error.response.headers
    assert headers["retry-after"] == "7"


@pytest.mark.parametrize("outcome", ["reset", "garbage", "cut:2", "error:2"])
@API
def test_a_broken_answer_is_an_error(ask: Ask, api: str, outcome: str) -> None:
    with pytest.raises(openai.APIError):
        ask(api, outcome)


@pytest.mark.parametrize("outcome", ["cut:0", "cut:start", "cut:2", "error:0", "error:start", "error:2"])
@API
def test_a_broken_stream_is_an_error_after_what_was_sent(ask: Ask, api: str, outcome: str) -> None:
    seen = ""
    if (api, outcome[0]) == ("messages", "e"):  # handed on as it is
        seen = str(ask(api, outcome, stream=True))
        assert "overloaded_error" in seen
    else:
        with pytest.raises((openai.APIError, httpx.ReadError, ValueError)):
            ask(api, outcome, stream=True)


def _sent(fakes: FakeProviders, outcome: str) -> str:
    """What a client reads of a stream before it ends, in whatever way."""
    fakes.script(m=outcome)
    read = b""
    body = {"model": "m", "stream": True, "messages": TURN}
    with httpx.stream("POST", f"{fakes.url}/v1/messages", json=body, trust_env=False) as answer:
        try:
            for part in answer.iter_raw():
                read += part
        except httpx.RemoteProtocolError:
            read += b"BROKEN"
    return read.decode()


def test_streams_break_off_where_they_are_told_to(fakes: FakeProviders) -> None:
    at = {outcome: _sent(fakes, outcome) for outcome in ("cut:0", "cut:start", "cut:2", "error:0", "error:2")}
    assert at["cut:0"] == "BROKEN"
    assert [("message_start" in text, text.count("text_delta")) for text in at.values()] == [
        (False, 0),
        (True, 0),
        (True, 2),
        (False, 0),
        (True, 2),
    ]
    assert [text.endswith("BROKEN") for text in at.values()] == [True, True, True, False, False]
    assert [text.count("event: error") for text in at.values()] == [0, 0, 0, 1, 1]


def test_hanging_lasts_until_the_reset(fakes: FakeProviders, ask: Ask) -> None:
    with pytest.raises(litellm.Timeout):
        ask("openai", "hang", timeout=0.5)
    assert len(fakes.received) == 1


def test_nobody_listens_where_connections_are_refused(ask: Ask) -> None:
    with refused() as url, pytest.raises(openai.APIError):
        ask("openai", "ok", api_base=url)


def test_a_redirect_leads_elsewhere(ask: Ask) -> None:
    with fake_providers() as elsewhere:
        ask("openai", f"redirect:{elsewhere.url}/v1/chat/completions")
        assert len(elsewhere.received) == 1


FUNCTION = {"name": "weather", "parameters": PARAMETERS}
CHAT_TOOLS = {"tools": [{"type": "function", "function": FUNCTION}]}
TOOLS: dict[str, dict[str, Any]] = {
    "openai": CHAT_TOOLS,
    "anthropic": {**CHAT_TOOLS, "reasoning_effort": "low"},
    "gemini": {**CHAT_TOOLS, "reasoning_effort": "low"},
    "openrouter": {**CHAT_TOOLS, "reasoning_effort": "low"},
    "responses": {"tools": [{"type": "function", **FUNCTION}]},
    "messages": {
        "tools": [{"name": "weather", "input_schema": PARAMETERS}],
        "thinking": {"type": "enabled", "budget_tokens": 1024},
    },
}


@STREAM
@API
def test_a_tool_is_called(ask: Ask, api: str, stream: bool) -> None:
    answer = str(ask(api, "tool", stream=stream, **TOOLS[api]))
    assert "weather" in answer
    assert "city" in answer
    assert ("look that up" in answer) == (api not in ("openai", "responses"))


def test_a_thought_is_signed_as_anthropics_are(ask: Ask) -> None:
    answer = ask("messages", "tool", **TOOLS["messages"])
    thought, call = answer["content"]
    assert base64.b64decode(thought["signature"])[0] == 0x12
    assert call["input"] == {"city": "x"}


def test_who_asks_for_a_list_of_models_has_called_no_model(fakes: FakeProviders) -> None:
    for path in ("/v1/models", "/v1beta/models?pageSize=1000"):
        assert httpx.get(fakes.url + path, trust_env=False).status_code == 404
    assert [request.path for request in fakes.listed] == ["/v1/models", "/v1beta/models?pageSize=1000"]
    assert fakes.received == []
    fakes.reset()
    assert fakes.listed == []


def test_every_byte_is_kept(fakes: FakeProviders) -> None:
    before = time.monotonic()
    headers = [("X-One", "secret-a"), ("x-one", "secret-b"), ("host", "api.openai.com:443")]
    httpx.post(f"{fakes.url}/v1/chat/completions", json={"model": "m"}, headers=headers, trust_env=False)
    (request,) = fakes.received
    assert b"POST /v1/chat/completions HTTP/1.1\r\n" in request.raw
    assert b"secret-a" in request.raw
    assert b"secret-b" in request.raw
    assert request.raw.endswith(b'{"model":"m"}')
    assert (request.host, request.tls) == ("api.openai.com", False)
    assert before <= request.at <= time.monotonic()


def test_an_outcome_that_does_not_exist_is_refused(fakes: FakeProviders) -> None:
    with pytest.raises(ValueError, match="no such outcome"):
        fakes.script(m=["ok", "explode"])
