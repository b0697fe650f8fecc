"""All five endpoints, streaming and not, with the real clients."""

from __future__ import annotations

from typing import Any

import anthropic
import httpx
import openai
import pytest

from tests.e2e import configs
from tests.e2e.proxy import MASTER_KEY, Proxy
from tests.fakes.providers import FakeProviders

BUCKETS = tuple(configs.CHOSEN)
HEADERS = ("model", "bucket", "alpha", "reason", "decision-id", "decision-us")
GEMINI_BODY = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}


def _asking(bucket: str) -> dict[str, str]:
    return {"heimdall-bucket": bucket}


def _check(headers: httpx.Headers | Any, fakes: FakeProviders, bucket: str) -> None:
    chosen = configs.CHOSEN[bucket]
    assert all(headers.get(f"heimdall-{name}") for name in HEADERS)
    assert headers["heimdall-model"] == chosen
    assert headers["heimdall-bucket"] == bucket
    assert fakes.models == [configs.UPSTREAM[chosen]]


@pytest.fixture
def client(proxy: Proxy) -> Any:
    with openai.OpenAI(base_url=f"{proxy.url}/v1", api_key=MASTER_KEY, max_retries=0) as made:
        yield made


@pytest.fixture
def claude_client(proxy: Proxy) -> Any:
    with anthropic.Anthropic(base_url=proxy.url, api_key=MASTER_KEY, max_retries=0) as made:
        yield made


@pytest.mark.parametrize("bucket", BUCKETS)
def test_the_openai_client_gets_a_chat_answer(
    client: openai.OpenAI, fakes: FakeProviders, bucket: str
) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model="heimdall", messages=[{"role": "user", "content": "hi"}], extra_headers=_asking(bucket)
    )
    assert raw.parse().choices[0].message.content == f"hello from {configs.UPSTREAM[configs.CHOSEN[bucket]]}"
    _check(raw.headers, fakes, bucket)


@pytest.mark.parametrize("bucket", BUCKETS)
def test_the_openai_client_streams_a_chat_answer(
    client: openai.OpenAI, fakes: FakeProviders, bucket: str
) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model="heimdall",
        messages=[{"role": "user", "content": "hi"}],
        stream=True,
        extra_headers=_asking(bucket),
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in raw.parse() if chunk.choices)
    assert text.strip() == f"hello from {configs.UPSTREAM[configs.CHOSEN[bucket]]}"
    _check(raw.headers, fakes, bucket)


@pytest.mark.parametrize("bucket", BUCKETS)
def test_the_openai_client_gets_a_response(client: openai.OpenAI, fakes: FakeProviders, bucket: str) -> None:
    raw = client.responses.with_raw_response.create(
        model="heimdall", input="hi", extra_headers=_asking(bucket)
    )
    assert raw.parse().output_text.strip().startswith("hello from")
    _check(raw.headers, fakes, bucket)


@pytest.mark.parametrize("bucket", BUCKETS)
def test_the_openai_client_streams_a_response(
    client: openai.OpenAI, fakes: FakeProviders, bucket: str
) -> None:
    raw = client.responses.with_raw_response.create(
        model="heimdall", input="hi", stream=True, extra_headers=_asking(bucket)
    )
    events = list(raw.parse())
    assert "hello" in "".join(e.delta for e in events if e.type == "response.output_text.delta")
    assert events[-1].type == "response.completed"
    _check(raw.headers, fakes, bucket)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("bucket", BUCKETS)
def test_the_openai_client_gets_a_completion(
    client: openai.OpenAI, fakes: FakeProviders, bucket: str, stream: bool
) -> None:
    raw = client.completions.with_raw_response.create(
        model="heimdall", prompt="hi", stream=stream, extra_headers=_asking(bucket)
    )
    parsed = raw.parse()
    texts = [c.choices[0].text for c in parsed if c.choices] if stream else [parsed.choices[0].text]
    assert "hello" in "".join(text or "" for text in texts)
    _check(raw.headers, fakes, bucket)


@pytest.mark.parametrize("bucket", BUCKETS)
def test_the_anthropic_client_gets_a_message(
    claude_client: anthropic.Anthropic, fakes: FakeProviders, bucket: str
) -> None:
    raw = claude_client.messages.with_raw_response.create(
        model="heimdall",
        max_tokens=100,
        messages=[{"role": "user", "content": "hi"}],
        extra_headers=_asking(bucket),
    )
    assert raw.parse().content[-1].text.startswith("hello from")
    _check(raw.headers, fakes, bucket)


@pytest.mark.parametrize("bucket", BUCKETS)
def test_the_anthropic_client_streams_a_message(
    claude_client: anthropic.Anthropic, fakes: FakeProviders, bucket: str
) -> None:
    with claude_client.messages.stream(
        model="heimdall",
        max_tokens=100,
        messages=[{"role": "user", "content": "hi"}],
        extra_headers=_asking(bucket),
    ) as stream:
        assert "hello" in "".join(stream.text_stream)
        _check(stream.response.headers, fakes, bucket)


@pytest.mark.parametrize("verb", ["generateContent", "streamGenerateContent?alt=sse"])
@pytest.mark.parametrize("bucket", BUCKETS)
def test_the_gemini_endpoint_answers(proxy: Proxy, fakes: FakeProviders, bucket: str, verb: str) -> None:
    answer = proxy.post(f"/v1beta/models/heimdall:{verb}", GEMINI_BODY, headers=_asking(bucket))
    assert answer.status_code == 200
    assert "hello" in answer.text
    _check(answer.headers, fakes, bucket)


def test_a_profile_is_a_virtual_name_of_its_own(proxy: Proxy, fakes: FakeProviders) -> None:
    answer = proxy.chat(model="heimdall-max", headers=_asking("cheap"))
    assert (answer.headers["heimdall-model"], answer.headers["heimdall-alpha"]) == ("claude", "0.9")
    assert fakes.models == ["claude-sonnet-4-5"]


def test_a_model_behind_openrouter_answers(proxy: Proxy, fakes: FakeProviders) -> None:
    answer = proxy.chat(model="heimdall-open")
    assert answer.headers["heimdall-model"] == "r1"
    assert [(r.path, r.model) for r in fakes.received] == [
        ("/openrouter/chat/completions", "deepseek/deepseek-r1")
    ]


def test_a_failing_model_is_followed_by_the_next_one_at_once(proxy: Proxy, fakes: FakeProviders) -> None:
    fakes.script(gpt_5_mini="429", gemini_2_5_pro="500")
    answer = proxy.chat(headers=_asking("cheap"))
    assert answer.status_code == 200
    assert fakes.models[0] == "gpt-5-mini"
    assert fakes.models.count("gpt-5-mini") == 1
    assert answer.headers["heimdall-model"] == "claude"
    assert fakes.models[-1] == "claude-sonnet-4-5"


def test_a_request_too_long_for_its_model_goes_to_the_next(proxy: Proxy, fakes: FakeProviders) -> None:
    fakes.script(gpt_5_mini="context")
    answer = proxy.chat(headers=_asking("cheap"))
    assert answer.status_code == 200
    assert configs.UPSTREAM[answer.headers["heimdall-model"]] == fakes.models[1]


def test_a_stream_falls_over_before_its_first_chunk(proxy: Proxy, fakes: FakeProviders) -> None:
    fakes.script(gpt_5_mini="503")
    answer = proxy.chat(stream=True, headers=_asking("cheap"))
    assert configs.UPSTREAM[answer.headers["heimdall-model"]] == fakes.models[1]
    assert fakes.models[1] in "".join(answer.text.split())


def test_an_answer_that_failed_everywhere_still_says_what_was_decided(
    proxy: Proxy, fakes: FakeProviders
) -> None:
    fakes.script(gpt_5_mini="503", gemini_2_5_pro="503", claude_sonnet_4_5="503")
    answer = proxy.chat(headers=_asking("cheap"))
    assert answer.status_code == 503
    assert answer.headers["heimdall-bucket"] == "cheap"
    assert answer.headers["heimdall-decision-id"]


def test_requests_for_other_models_are_left_alone(
    proxy: Proxy, plain_proxy: Proxy, fakes: FakeProviders
) -> None:
    metadata = {"heimdall": {"alpha": "nonsense"}, "heimdall-bucket": "nonsense"}
    bodies = []
    for asked in (proxy, plain_proxy):
        answer = asked.chat(model="claude", metadata=metadata, max_tokens=5000)
        assert answer.status_code == 200
        assert not [name for name in answer.headers if name.startswith("heimdall")]
        bodies.append(fakes.received[-1].body)
    assert bodies[0] == bodies[1]


def test_embeddings_under_a_virtual_name_say_that_they_are_not_routed(
    proxy: Proxy, fakes: FakeProviders
) -> None:
    answer = proxy.post("/v1/embeddings", {"model": "heimdall", "input": "hi"})
    assert answer.headers["heimdall-model"] == "heimdall"
    assert "does not route this endpoint" in answer.headers["heimdall-reason"]
    assert "heimdall-bucket" not in answer.headers
    assert fakes.models == ["gpt-4.1"]
