"""Where nothing is decided, a virtual name is its default model: for those who may use that."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import httpx
import pytest
from litellm.proxy.openai_files_endpoints.common_utils import encode_file_id_with_model
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.e2e import configs
from tests.e2e.proxy import Proxy
from tests.fakes.providers import FakeProviders

MESSAGES = [{"role": "user", "content": "hi"}]
UNDECIDED: list[tuple[str, dict[str, Any]]] = [
    ("/v1/chat/completions", {"messages": [{"content": "hi"}]}),
    ("/v1/completions", {"prompt": ""}),
    ("/v1/responses", {"input": "", "instructions": "hi"}),
    ("/v1/messages", {"messages": [], "system": "hi", "max_tokens": 9}),
]
UNROUTED: list[tuple[str, dict[str, Any]]] = [
    ("/v1/embeddings", {"input": "hi"}),
    ("/v1/images/generations", {"prompt": "hi"}),
    ("/v1/audio/speech", {"input": "hi", "voice": "alloy"}),
    ("/v1/moderations", {"input": "hi"}),
    ("/v1/responses/compact", {"input": "hi"}),
    ("/v1beta/interactions", {"input": "hi"}),
]
REFUSED: list[tuple[str, dict[str, Any]]] = [
    *UNROUTED,
    ("/v1/rerank", {"query": "hi", "documents": ["a"]}),
    ("/v1/videos", {"prompt": "hi"}),
    ("/v1/ocr", {"document": {"type": "document_url", "document_url": "http://x"}}),
    ("/v1/realtime/client_secrets", {"session": {"type": "realtime"}}),
    ("/v1/vector_stores", {"name": "x"}),
    ("/v1/containers", {"name": "x"}),
]
ROUTED: list[tuple[str, dict[str, Any]]] = [
    *(
        (path, {**body, **more})
        for path, body in (
            ("/v1/chat/completions", {"messages": MESSAGES}),
            ("/v1/messages", {"messages": MESSAGES, "max_tokens": 9}),
            ("/v1/responses", {"input": "hi"}),
            ("/v1/completions", {"prompt": "hi"}),
        )
        for more in ({}, {"stream": True})
    ),
    ("/v1beta/models/{model}:generateContent", {"contents": [{"parts": [{"text": "hi"}]}]}),
    ("/v1beta/models/{model}:streamGenerateContent?alt=sse", {"contents": [{"parts": [{"text": "hi"}]}]}),
]
BATCH = {"input_file_id": "file-1", "endpoint": "/v1/chat/completions", "completion_window": "24h"}
FILE_ID = encode_file_id_with_model("file-1", "heimdall")
BATCH_ID = encode_file_id_with_model("batch_1", "heimdall", id_type="batch")
LINE = {"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "gpt-4.1"}}
NAMED = {"x-litellm-model": "heimdall"}


@pytest.mark.parametrize("name", configs.VIRTUAL)
@pytest.mark.parametrize(("path", "body"), UNDECIDED)
@pytest.mark.parametrize("key", ["sk-mini", "sk-only-heimdall"])
def test_an_undecided_request_reaches_no_model_that_its_key_may_not_call_by_name(
    proxy: Proxy, fakes: FakeProviders, key: str, path: str, body: dict[str, Any], name: str
) -> None:
    proxy.post(path, {"model": name, **body}, key=key)
    assert set(fakes.models) <= ({"gpt-5-mini"} if key == "sk-mini" else set())


@pytest.mark.parametrize("key", ["sk-mini", "sk-only-heimdall"])
def test_an_undecided_gemini_request_neither(proxy: Proxy, fakes: FakeProviders, key: str) -> None:
    body = {"contents": [], "systemInstruction": {"parts": [{"text": "hi"}]}}
    proxy.post("/v1beta/models/heimdall-lone:generateContent", body, key=key)
    assert set(fakes.models) <= ({"gpt-5-mini"} if key == "sk-mini" else set())


@pytest.mark.parametrize("name", configs.VIRTUAL)
@pytest.mark.parametrize(("path", "body"), REFUSED)
def test_an_endpoint_that_is_not_routed_refuses_who_may_not_use_the_default_model(
    proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any], name: str
) -> None:
    answer = proxy.post(path, {"model": name, **body}, key="sk-mini")
    assert answer.status_code == 403
    assert name in answer.json()["error"]["message"]
    assert fakes.received == []


@pytest.mark.parametrize("name", ["heimdall", "heimdall-bare", "heimdall-wild"])
def test_who_may_call_the_default_model_by_any_other_name_is_served(
    proxy: Proxy, fakes: FakeProviders, name: str
) -> None:
    proxy.post("/v1/embeddings", {"model": name, "input": "hi"}, key="sk-default")
    assert fakes.models == [configs.UPSTREAM[name]]


def test_a_default_model_without_another_name_is_for_those_who_may_use_every_candidate(
    proxy: Proxy, fakes: FakeProviders
) -> None:
    asked = {"model": "heimdall-lone", "input": "hi"}
    assert proxy.post("/v1/embeddings", asked, key="sk-default").status_code == 403
    assert fakes.received == []
    proxy.post("/v1/embeddings", asked, key="sk-candidates")
    proxy.post("/v1/embeddings", asked)
    assert fakes.models == ["gpt-4o", "gpt-4o"]


@pytest.mark.parametrize(("path", "body"), UNROUTED)
def test_the_routers_own_fallbacks_are_shut_out_where_nothing_is_routed(
    proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any]
) -> None:
    fakes.script(gpt_4_1="500")
    for more in ({}, {"fallbacks": ["secret"]}, {"num_retries": 2}):
        answer = proxy.post(path, {"model": "heimdall", **body, **more}, key="sk-default")
        assert answer.status_code >= 400
    assert set(fakes.models) == {"gpt-4.1"}


@pytest.mark.parametrize(("path", "body"), [*UNROUTED, ("/v1/vector_stores", {"name": "x"})])
def test_its_provider_gets_what_it_would_get_without_us(
    proxy: Proxy, plain_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any]
) -> None:
    sent = []
    for asked in (proxy, plain_proxy):
        asked.post(path, {"model": "heimdall", **body}, key="sk-default")
        # Interactions hand LiteLLM's own metadata to the provider, and the proxy's address with it.
        body_sent = fakes.received[-1].body.replace(asked.url.encode(), b"")
        sent.append((fakes.received[-1].path, body_sent))
    assert sent[0] == sent[1]


@pytest.mark.parametrize("names", ["heimdall,heimdall", "gpt-mini, heimdall", "heimdall,"])
@pytest.mark.parametrize("more", [{}, {"fastest_response": True}])
def test_a_list_with_a_virtual_name_in_it_is_a_clear_400(
    proxy: Proxy, fakes: FakeProviders, names: str, more: dict[str, Any]
) -> None:
    answer = proxy.chat(model=names, **more)
    assert answer.status_code == 400
    assert "can't hold a virtual one" in answer.json()["error"]["message"]
    assert fakes.received == []


def test_a_list_of_other_models_is_left_alone(proxy: Proxy, fakes: FakeProviders) -> None:
    assert proxy.chat(model="gpt-mini,claude").status_code == 200
    assert set(fakes.models) == {"gpt-5-mini", "claude-sonnet-4-5"}


def _send(proxy: Proxy, method: str, path: str, **more: Any) -> httpx.Response:
    headers = {"authorization": "Bearer sk-mini", **more.pop("headers", {})}
    with httpx.Client(trust_env=False) as client:
        return client.request(method, proxy.url + path, headers=headers, timeout=60, **more)


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/v1/batches", {"json": {"model": "heimdall", **BATCH}}),
        ("/v1/batches", {"json": BATCH, "headers": NAMED}),
        ("/v1/batches?model=heimdall", {"json": BATCH}),
        ("/v1/batches", {"json": {**BATCH, "input_file_id": FILE_ID}}),
        ("/v1/batches", {"json": {**BATCH, "litellm_metadata": {"model_group": "plain"}}, "headers": NAMED}),
        (f"/v1/batches/{BATCH_ID}/cancel", {"json": {}}),
    ],
)
def test_a_batch_borrows_no_credentials_of_a_default_model_that_is_not_permitted(
    proxy: Proxy, fakes: FakeProviders, path: str, more: dict[str, Any]
) -> None:
    # LiteLLM reports errors of batches with the help of its database client; without one, as a 500.
    assert _send(proxy, "POST", path, **more).status_code in (403, 500)
    assert fakes.received == []


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("POST", "/v1/files", {"data": {"model": "heimdall"}}),
        ("POST", "/v1/files", {"headers": NAMED}),
        ("POST", "/v1/files?model=heimdall", {}),
        ("GET", "/v1/files?model=heimdall", {}),
        ("GET", "/v1/files?target_model_names=heimdall", {}),
        ("GET", f"/v1/files/{FILE_ID}", {}),
        ("GET", f"/v1/files/{FILE_ID}/content", {}),
        ("GET", "/v1/files/file-1/content", {"headers": NAMED}),
        ("DELETE", f"/v1/files/{FILE_ID}", {}),
    ],
)
def test_neither_does_a_file(
    proxy: Proxy, fakes: FakeProviders, method: str, path: str, more: dict[str, Any]
) -> None:
    if method == "POST":
        more = {
            **more,
            "files": {"file": ("a.jsonl", json.dumps(LINE).encode(), "application/jsonl")},
            "data": {"purpose": "batch", **more.get("data", {})},
        }
    assert _send(proxy, method, path, **more).status_code == 403
    assert fakes.received == []


@pytest.mark.parametrize("path", ["/v1/realtime", "/v1/responses"])
def test_neither_does_a_websocket(proxy: Proxy, fakes: FakeProviders, path: str) -> None:
    address = proxy.url.replace("http", "ws", 1) + f"{path}?model=heimdall"
    said = ""
    with connect(address, additional_headers={"authorization": "Bearer sk-mini"}, proxy=None) as socket:
        with suppress(ConnectionClosed):
            # The one is refused at once, the other when it names its model.
            socket.send(json.dumps({"type": "response.create", "model": "heimdall", "input": "hi"}))
        with suppress(ConnectionClosed):
            said = str(socket.recv(timeout=10))
    assert "may not use its default model" in said
    assert fakes.received == []


@pytest.mark.parametrize(("path", "body"), [*ROUTED, *REFUSED])
def test_a_refusal_under_an_alias_leads_to_no_fallback(
    detour_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any]
) -> None:
    asked = {"model": "nickname", **body}
    answer = detour_proxy.post(path.format(model="nickname"), asked, key="sk-mini")
    assert answer.status_code >= 400
    assert fakes.received == []


@pytest.mark.parametrize(("path", "body"), [*ROUTED, *UNROUTED])
def test_neither_does_one_within_the_fallbacks_of_another_model(
    detour_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any]
) -> None:
    fakes.script(gpt_5_mini="500")
    asked = {"model": "gpt-mini", **body}
    answer = detour_proxy.post(path.format(model="gpt-mini"), asked, key="sk-mini")
    assert answer.status_code >= 400
    assert set(fakes.models) == {"gpt-5-mini"}


def test_a_fallback_of_another_model_to_a_virtual_name_is_held_to_the_key(
    proxy: Proxy, fakes: FakeProviders
) -> None:
    fakes.script(gpt_5_mini="500")
    answer = proxy.chat(model="gpt-mini", key="sk-mini", fallbacks=["heimdall-lone"])
    assert answer.status_code >= 400
    assert "gpt-4o" not in fakes.models
