"""The HTTP API on a real proxy, behind LiteLLM's own key check."""

from __future__ import annotations

import json
import re
import socket
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from heimdall_litellm.web.openapi import document
from tests.e2e import configs
from tests.e2e.conftest import _directory, _with_keys
from tests.e2e.proxy import MASTER_KEY, Proxy, running
from tests.e2e.test_endpoints import GEMINI_BODY
from tests.fakes.providers import FakeProviders

MESSAGES = [{"role": "user", "content": "hi"}]
BODIES: list[tuple[str, str, dict[str, Any]]] = [
    ("chat", "/v1/chat/completions", {"messages": MESSAGES}),
    ("messages", "/v1/messages", {"messages": MESSAGES, "system": "Be brief.", "max_tokens": 50}),
    ("responses", "/v1/responses", {"input": "hi"}),
    ("completions", "/v1/completions", {"prompt": "hi"}),
    ("gemini", "/v1beta/models/heimdall:generateContent", GEMINI_BODY),
]


@pytest.fixture(autouse=True)
def _well(web_proxy: Proxy, fakes: FakeProviders) -> None:
    web_proxy.post("/test/well", {})


def get(proxy: Proxy, path: str, key: str | None = MASTER_KEY, **headers: str) -> httpx.Response:
    sent = headers if key is None else {"authorization": f"Bearer {key}", **headers}
    with httpx.Client(trust_env=False) as client:
        return client.get(proxy.url + path, headers=sent, timeout=60)


def explain(proxy: Proxy, body: Any, *, key: str = MASTER_KEY, **headers: str) -> httpx.Response:
    return proxy.post("/heimdall/v1/explain", body, key=key, headers=headers)


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["data"]]


@pytest.mark.parametrize("key", [None, "sk-unknown", ""])
@pytest.mark.parametrize("path", [path for path in document()["paths"] if path != "/heimdall/health"])
def test_no_route_is_without_authentication(web_proxy: Proxy, path: str, key: str | None) -> None:
    there = web_proxy.url + path.replace("{model}", "gpt-mini")
    sent = {} if key is None else {"authorization": f"Bearer {key}".strip()}
    with httpx.Client(trust_env=False) as client:
        answer = client.request(
            "POST" if path.endswith(("explain", "feedback")) else "GET", there, headers=sent, json={}
        )
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "heimdall_unauthenticated"


@pytest.mark.parametrize("key", [None, "sk-unknown", "nonsense"])
def test_without_a_database_the_master_key_alone_gets_in(simulated_proxy: Proxy, key: str | None) -> None:
    answer = get(simulated_proxy, "/heimdall/v1/models", key)
    assert answer.status_code == 401, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "ProxyErrorTypes" not in answer.text
    assert get(simulated_proxy, "/heimdall/v1/models").status_code == 200


def test_liveness_is_public_and_says_no_more(web_proxy: Proxy) -> None:
    assert get(web_proxy, "/heimdall/health", None).json() == {"status": "ok"}
    assert get(web_proxy, "/heimdall/health", "sk-unknown").status_code == 401


@pytest.mark.parametrize("name", ["x-litellm-api-key", "api-key", "x-api-key", "x-goog-api-key"])
def test_a_key_may_come_in_any_header_that_litellm_takes(web_proxy: Proxy, name: str) -> None:
    assert get(web_proxy, "/v1/feature-flags", None, **{name: "sk-mini"}).status_code == 200
    assert get(web_proxy, "/v1/feature-flags", None, **{name: "sk-unknown"}).status_code == 401
    health = get(web_proxy, "/heimdall/health", None, **{name: "sk-mini"}).json()
    assert health["bundle"]["id"].startswith("bundle-")


@pytest.mark.parametrize(
    ("key", "models"),
    [
        ("sk-mini", ["gpt-mini"]),
        ("sk-only-heimdall", []),
        ("sk-default", ["nano", "plain"]),
        ("sk-candidates", ["claude", "gemini", "gpt-mini"]),
    ],
)
def test_a_key_sees_the_models_it_may_use(web_proxy: Proxy, key: str, models: list[str]) -> None:
    virtual = ["heimdall", "heimdall-bare", "heimdall-lone", "heimdall-wild"]
    assert ids(get(web_proxy, "/heimdall/v1/models", key)) == sorted([*models, *virtual])
    for name in ("gpt-mini", "claude", "secret", "nano", "heimdall-max"):
        for prefix in ("/heimdall/v1/models", "/v1/capabilities", "/v1/pricing"):
            answer = get(web_proxy, f"{prefix}/{name}", key)
            assert answer.status_code == (200 if name in models else 404)


def test_an_admin_sees_every_model_but_wildcards(web_proxy: Proxy) -> None:
    given = {one["model_name"] for one in configs.models(None)} | {configs.SLASHED}
    assert set(ids(get(web_proxy, "/heimdall/v1/models"))) == {name for name in given if "*" not in name}


def test_what_a_key_may_not_use_is_like_what_is_not_there(web_proxy: Proxy) -> None:
    hidden, missing = (get(web_proxy, f"/v1/pricing/{name}", "sk-mini") for name in ("secret", "secreT"))
    assert hidden.text.replace("secret", "secreT") == missing.text
    asked = [explain(web_proxy, {"model": name}, key="sk-mini") for name in ("secret", "secreT")]
    assert asked[0].text == asked[1].text
    assert asked[0].status_code == 404


@pytest.mark.parametrize("safe", ["/", ""])
@pytest.mark.parametrize("prefix", ["/heimdall/v1/models", "/heimdall/v1/pricing", "/v1/capabilities"])
def test_a_name_may_hold_slashes_and_letters_of_any_kind(web_proxy: Proxy, prefix: str, safe: str) -> None:
    answer = get(web_proxy, f"{prefix}/{quote(configs.SLASHED, safe=safe)}")
    assert (answer.status_code, answer.json()["id"]) == (200, configs.SLASHED)


@pytest.mark.parametrize(
    "path",
    [
        "/heimdall/v1/models/../../../etc/passwd",
        "/heimdall/v1/models/%2e%2e/%2e%2e/key/list",
        "/heimdall/../key/list",
        "/v1/pricing/..%2f..%2fhealth",
        "/heimdall/v1/models/%00",
        "/heimdall/v1/models/%ff",
        "//heimdall/v1/models",
        "/v1/pricing//",
    ],
)
def test_a_path_as_it_comes_leads_nowhere_else(web_proxy: Proxy, path: str) -> None:
    """Over a bare socket, for clients tidy paths up."""
    there = urlsplit(web_proxy.url)
    asked = (
        f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {MASTER_KEY}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((str(there.hostname), int(there.port or 0)), timeout=20) as wire:
        wire.sendall(asked.encode())
        said = b"".join(iter(lambda: wire.recv(65_536), b""))
    assert said.split(b" ")[1] == b"404"
    assert b"sk-" not in said


def test_a_page_that_is_known_is_not_sent_again(web_proxy: Proxy) -> None:
    first = get(web_proxy, "/heimdall/v1/models", "sk-mini")
    tag = first.headers["etag"]
    again = get(web_proxy, "/heimdall/v1/models", "sk-mini", **{"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert get(web_proxy, "/heimdall/v1/models", **{"if-none-match": tag}).status_code == 200
    assert "Authorization" in first.headers["vary"]


@pytest.mark.parametrize(
    "path", [path for path, how in document()["paths"].items() if "get" in how and "{id}" not in path]
)
@pytest.mark.parametrize("key", [MASTER_KEY, "sk-mini", "sk-unknown", None])
def test_head_answers_as_get_without_the_body(web_proxy: Proxy, path: str, key: str | None) -> None:
    there = web_proxy.url + path.replace("{model}", "gpt-mini")
    sent = {} if key is None else {"authorization": f"Bearer {key}"}
    with httpx.Client(trust_env=False) as client:
        got, headed = (client.request(method, there, headers=sent) for method in ("GET", "HEAD"))
        assert headed.content == b""
        assert got.content
        is_let_in = key in (MASTER_KEY, "sk-mini") or (key is None and path == "/heimdall/health")
        assert (headed.status_code, headed.status_code == 200) == (got.status_code, is_let_in)
        tells_the_time = path in ("/heimdall/health", "/heimdall/v1/summary")
        if not (tells_the_time and is_let_in and key):
            told = ("etag", "content-type", "content-length", "cache-control", "www-authenticate")
            assert [headed.headers.get(one) for one in told] == [got.headers.get(one) for one in told]
            if is_let_in:
                sent["if-none-match"] = headed.headers["etag"]
                assert client.head(there, headers=sent).status_code == 304
        # What a body would have left behind on the connection would be read as the next answer.
        assert client.get(web_proxy.url + "/heimdall/health").json() == {"status": "ok"}


@pytest.mark.parametrize("bucket", ["cheap", "mid", "hard", None])
@pytest.mark.parametrize("key", [MASTER_KEY, "sk-mini", "sk-candidates", "sk-default", "sk-only-heimdall"])
@pytest.mark.parametrize(("endpoint", "path", "body"), BODIES, ids=[one[0] for one in BODIES])
def test_what_is_explained_is_what_happens(
    web_proxy: Proxy,
    fakes: FakeProviders,
    endpoint: str,
    path: str,
    body: dict[str, Any],
    key: str,
    bucket: str | None,
) -> None:
    headers = {} if bucket is None else {"heimdall-bucket": bucket}
    named = body if endpoint == "gemini" else {"model": "heimdall", **body}
    explained = explain(web_proxy, named, key=key, **headers)
    assert fakes.received == []
    real = web_proxy.post(path, named, key=key, headers=headers)
    if explained.status_code != 200:
        assert (explained.status_code, explained.json()["code"]) == (409, "heimdall_no_candidate")
        assert explained.json()["would_be"] == real.status_code
        assert fakes.received == []
        return
    said = explained.json()
    assert real.status_code == 200, real.text
    assert said["endpoint"] == endpoint
    assert said["model"] == real.headers["heimdall-model"]
    assert said["reason"] == real.headers["heimdall-reason"]
    assert said["decision"]["bucket"] == real.headers["heimdall-bucket"]
    assert fakes.models == [configs.UPSTREAM[said["model"]]]
    mine = set(ids(get(web_proxy, "/heimdall/v1/models", key)))
    assert {one["model"] for one in said["decision"]["candidates"]} <= mine
    assert set(said["fallbacks"]) <= mine


def test_explaining_sees_who_is_set_aside_and_claims_no_probe(web_proxy: Proxy, fakes: FakeProviders) -> None:
    asked = {"model": "heimdall", "messages": MESSAGES}
    fakes.script(gpt_5_mini=["500"])
    assert web_proxy.post("/v1/chat/completions", asked, headers={"heimdall-bucket": "cheap"}).is_success
    aside = get(web_proxy, "/test/aside").json()
    assert len(aside) == 1
    said = explain(web_proxy, asked, **{"heimdall-bucket": "cheap"}).json()
    assert said["model"] != "gpt-mini"
    out = {one["model"]: one["why_not"] for one in said["decision"]["candidates"]}
    assert "unavailable" in out["gpt-mini"]
    # The pause is over: whoever asks first for real gets the probe, however often it was explained.
    web_proxy.post("/test/later?seconds=4000", {})
    fakes.reset()
    for _ in range(5):
        assert explain(web_proxy, asked, **{"heimdall-bucket": "cheap"}).json()["model"] == "gpt-mini"
    assert fakes.received == []
    assert web_proxy.post("/v1/chat/completions", asked, headers={"heimdall-bucket": "cheap"}).is_success
    assert fakes.models == ["gpt-5-mini"]


def test_explaining_leaves_no_trace(web_proxy: Proxy, fakes: FakeProviders) -> None:
    before, printed = get(web_proxy, "/test/traces").json(), len(web_proxy.output)
    body = {"model": "heimdall", "messages": [{"role": "user", "content": "canary-7d1f " * 50}]}
    for key in (MASTER_KEY, "sk-mini", "sk-only-heimdall"):
        explain(web_proxy, body, key=key, authorization=f"Bearer {key}")
    odd: dict[str, Any]
    for odd in ({"previous_response_id": 5, "input": "hi"}, {"max_tokens": 10**400}, {"metadata": "x"}):
        assert explain(web_proxy, {**body, **odd}).status_code == 200
    assert get(web_proxy, "/test/traces").json() == before
    assert "canary-7d1f" not in web_proxy.output
    assert not re.search("ERROR|WARNING", web_proxy.output[printed:])
    # The same request for real does leave some, so that this test could fail.
    web_proxy.post("/v1/chat/completions", body)
    after = get(web_proxy, "/test/traces").json()
    assert after["records"] == before["records"] + 1
    assert after["remembered"] == before["remembered"] + 1


def test_overrides_in_the_body_and_those_that_are_malformed(web_proxy: Proxy) -> None:
    asked = {"model": "heimdall", "messages": MESSAGES, "metadata": {"heimdall": {"bucket": "hard"}}}
    assert explain(web_proxy, asked).json()["model"] == configs.CHOSEN["hard"]
    answer = explain(web_proxy, asked, **{"heimdall-alpha": "lots"})
    assert (answer.status_code, answer.json()["code"]) == (400, "heimdall_bad_override")


def test_a_request_that_nothing_is_decided_on_says_why(web_proxy: Proxy) -> None:
    said = explain(web_proxy, {"model": "heimdall", "messages": []}, key="sk-default").json()
    assert (said["decision"], said["model"]) == (None, "heimdall")
    assert said["reason"] == "the request is malformed, or has no prompt to decide on"


def test_a_model_by_its_own_name_is_not_decided_on(web_proxy: Proxy) -> None:
    answer = explain(web_proxy, {"model": "gpt-mini", "messages": MESSAGES}, key="sk-mini")
    assert (answer.status_code, answer.json()["code"]) == (422, "heimdall_not_virtual")


def test_a_body_beyond_the_limit_is_refused(web_proxy: Proxy) -> None:
    answer = explain(web_proxy, b" " * 20_000_001)
    assert (answer.status_code, answer.json()["code"]) == (413, "heimdall_too_large")


def test_health_names_circuits_to_admins_only(web_proxy: Proxy, fakes: FakeProviders) -> None:
    fakes.script(gpt_5_mini=["500"])
    asked = {"model": "heimdall", "messages": MESSAGES}
    web_proxy.post("/v1/chat/completions", asked, headers={"heimdall-bucket": "cheap"})
    (circuit,) = get(web_proxy, "/test/aside").json()
    every, mini, others = (
        get(web_proxy, "/heimdall/health", key).json()["circuit_breaker"]
        for key in (MASTER_KEY, "sk-mini", "sk-default")
    )
    assert [one["id"] for one in every["circuits"]] == [circuit]
    assert [one["id"] for one in mini["models"]] == ["gpt-mini"]
    assert (mini["circuits"], others["models"]) == (None, [])
    assert circuit not in json.dumps([mini, others])


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/v1/models", MASTER_KEY),
        ("/v1/models", "sk-mini"),
        ("/v1/models", None),
        ("/models", "sk-mini"),
        ("/health/liveliness", None),
        ("/health/readiness", None),
        ("/health", "sk-mini"),
        ("/openapi.json", None),
        ("/v1/nothing", MASTER_KEY),
        ("/routes", MASTER_KEY),
    ],
)
def test_litellms_own_routes_answer_as_before(
    proxy: Proxy, plain_proxy: Proxy, path: str, key: str | None
) -> None:
    with_us, without = (get(one, path, key) for one in (proxy, plain_proxy))
    assert with_us.status_code == without.status_code
    assert with_us.headers["content-type"] == without.headers["content-type"]
    if path in ("/openapi.json", "/routes"):
        # LiteLLM loads some of its routes when they are first asked for, which other tests may have done.
        assert "heimdall" not in with_us.text
        assert "openapi" in with_us.text
    elif path != "/health/readiness":  # which names the callbacks
        assert _sorted(with_us.json()) == _sorted(without.json())


def _sorted(said: Any) -> Any:
    """Put models in order: what LiteLLM makes of a wildcard comes in any."""
    is_list = isinstance(said, dict) and isinstance(said.get("data"), list)
    return {**said, "data": sorted(said["data"], key=lambda one: one["id"])} if is_list else said


def test_without_the_switch_there_is_no_api(
    provider_server: FakeProviders, tmp_path_factory: pytest.TempPathFactory
) -> None:
    given = configs.settings(features={"http_api": False})
    config = _with_keys(configs.config(provider_server.url, given))
    with running(_directory(tmp_path_factory, "off"), config) as started:
        assert get(started, "/heimdall/health", None).status_code == 404
        assert get(started, "/v1/feature-flags").json() == {"detail": "Not Found"}
