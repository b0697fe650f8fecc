"""The fault matrix: what goes wrong x each endpoint that is routed x streaming or not, over real HTTP.

Providers stand at their real names. Under `heimdall-pair` a request asked for as cheap goes to gpt-mini, as
mid to gpt, as hard to gemini; under `heimdall-claude` a hard one goes to Claude, and Claude has no key of the
server's.
"""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.e2e.proxy import Proxy
from tests.fakes import hosts as names
from tests.fakes.providers import FakeProviders

OAT = "sk-ant-oat01-somebodys-subscription"
TURN = [{"role": "user", "content": "hi"}]
CHAT = ("/v1/chat/completions", {"messages": TURN})
MESSAGES = ("/v1/messages", {"messages": TURN, "max_tokens": 100})
RESPONSES = ("/v1/responses", {"input": "hi"})
COMPLETIONS = ("/v1/completions", {"prompt": "hi"})
GEMINI = ("/v1beta/models", {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]})
ENDPOINTS = [CHAT, MESSAGES, RESPONSES, COMPLETIONS, GEMINI]
PATHS = ["chat", "messages", "responses", "completions", "gemini"]
UNWATCHED = [COMPLETIONS[0], GEMINI[0]]
every_endpoint = pytest.mark.parametrize(("path", "body"), ENDPOINTS, ids=PATHS)
streaming_or_not = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])

DOWN = ["500", "503", "429", "reset", "cut:0", "cut:start", "error:0"]
# To LiteLLM a Responses stream has begun once it has seen that an item of output is announced.
_ANNOUNCED = ("cut:start", "/v1/responses")


def placed(
    path: str, body: dict[str, Any], model: str, *, stream: bool | None = None
) -> tuple[str, dict[str, Any]]:
    """Path and body of a request for `model`: Gemini has it in the path, as it has whether to stream."""
    if path == GEMINI[0]:
        return f"{path}/{model}:{'streamGenerateContent?alt=sse' if stream else 'generateContent'}", body
    return path, {"model": model, **({} if stream is None else {"stream": stream}), **body}


def _ask(
    proxy: Proxy,
    path: str,
    body: dict[str, Any],
    bucket: str,
    *,
    stream: bool,
    model: str = "heimdall-pair",
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    path, asked = placed(path, body, model, stream=stream)
    return proxy.post(path, asked, headers={"heimdall-bucket": bucket, **(headers or {})})


def _said(answer: httpx.Response) -> str:
    """The text of an answer, put together if it was streamed."""
    if "event-stream" not in answer.headers["content-type"]:
        return answer.text
    return " ".join(line for line in answer.text.splitlines() if "hello" in line or "from" in line)


def _aside(proxy: Proxy) -> dict[str, list[Any]]:
    with httpx.Client(trust_env=False) as client:
        return dict(client.get(f"{proxy.url}/test/aside").json())


def _later(proxy: Proxy, seconds: float) -> None:
    with httpx.Client(trust_env=False) as client:
        client.post(f"{proxy.url}/test/later", params={"seconds": seconds}).raise_for_status()


@streaming_or_not
@every_endpoint
@pytest.mark.parametrize("fault", DOWN)
@pytest.mark.parametrize(
    ("model", "bucket", "script"),
    [
        ("heimdall-pair", "mid", "gpt_5"),
        ("heimdall-pair", "hard", "gemini_2_5_pro"),
        ("heimdall-cheap", "cheap", "deepseek_r1"),
    ],
    ids=["openai", "gemini", "openrouter"],
)
def test_a_provider_that_is_down_is_replaced_by_another_vendor_and_set_aside(
    hosts_proxy: Proxy,
    fakes: FakeProviders,
    model: str,
    bucket: str,
    script: str,
    fault: str,
    path: str,
    body: dict[str, Any],
    stream: bool,
) -> None:
    fakes.script(**{script: fault})
    answer = _ask(hosts_proxy, path, body, bucket, stream=stream, model=model)
    assert answer.status_code == 200, answer.text
    assert len(_aside(hosts_proxy)) == 1
    if (fault, path) == _ANNOUNCED and "response.failed" in answer.text:
        return
    assert "hello" in _said(answer)
    first, *others = fakes.hosts
    second = others[-1]
    assert first != second
    fakes.received.clear()
    again = _ask(hosts_proxy, path, body, bucket, stream=stream, model=model)
    assert again.status_code == 200
    assert first not in fakes.hosts
    assert len(fakes.received) == 1


@every_endpoint
@pytest.mark.parametrize(("bucket", "script"), [("mid", "gpt_5"), ("hard", "gemini_2_5_pro")])
def test_an_answer_that_cannot_be_read_is_replaced(
    hosts_proxy: Proxy, fakes: FakeProviders, bucket: str, script: str, path: str, body: dict[str, Any]
) -> None:
    # A stream of garbage is an empty answer to LiteLLM; see docs/failover.md.
    fakes.script(**{script: "garbage"})
    answer = _ask(hosts_proxy, path, body, bucket, stream=False)
    assert answer.status_code == 200, answer.text
    assert "hello" in answer.text
    assert len(set(fakes.hosts)) == 2


@streaming_or_not
@every_endpoint
@pytest.mark.parametrize(
    "odd",
    [
        *({"extra_headers": {"x-a": "a\nb"}}, {"additional_drop_params": 5}, {"allowed_openai_params": 5}),
        *(
            {"timeout": "abc"},
            {"stream_timeout": -1},
            {"keepalive_seconds": "x"},
            {"temperature": float("nan")},
        ),
        *({"tools": [{}]}, {"mock_timeout": True}, {"max_tokens": 1e400}, {"stop": {"a": 1}}, {"n": -1}),
    ],
    ids=str,
)
def test_what_litellm_itself_stumbles_over_sets_nobody_aside(
    hosts_proxy: Proxy,
    fakes: FakeProviders,
    path: str,
    body: dict[str, Any],
    odd: dict[str, Any],
    stream: bool,
) -> None:
    # As bytes, for JSON as Python reads it has numbers that the client here wouldn't send.
    asked = json.dumps({"model": "heimdall-pair", "stream": stream, **body, **odd}).encode()
    for bucket in ("cheap", "hard"):
        hosts_proxy.post(path, asked, headers={"heimdall-bucket": bucket})
    assert _aside(hosts_proxy) == {}


@streaming_or_not
@every_endpoint
def test_a_connection_that_is_refused_is_replaced_too(
    hosts_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any], stream: bool
) -> None:
    answer = _ask(hosts_proxy, path, body, "hard", stream=stream, model="heimdall-refused")
    assert answer.status_code == 200, answer.text
    assert fakes.hosts == [names.OPENAI]
    assert [cause for _, cause in _aside(hosts_proxy).values()] in (["unreachable"], ["unavailable (500)"])


@streaming_or_not
@every_endpoint
@pytest.mark.parametrize(
    ("model", "tried"),
    [
        ("heimdall-hasty", ["gpt-4o", "gemini-2.5-pro"]),
        ("heimdall-hasty-gemini", ["gemini-2.5-flash", "gpt-5"]),
    ],
    ids=["openai", "gemini"],
)
def test_a_provider_that_says_nothing_is_replaced_after_the_deployments_time_limit(
    hosts_proxy: Proxy,
    fakes: FakeProviders,
    model: str,
    tried: list[str],
    path: str,
    body: dict[str, Any],
    stream: bool,
) -> None:
    fakes.script(gpt_4o="hang", gemini_2_5_flash="hang")
    began = time.monotonic()
    answer = _ask(hosts_proxy, path, body, "hard", stream=stream, model=model)
    assert answer.status_code == 200, answer.text
    # LiteLLM's own limit is 30 s here.
    assert time.monotonic() - began < 15
    if (model, path, stream) == ("heimdall-hasty-gemini", "/v1/responses", True):
        # LiteLLM opens it while it is being read, and then takes a timeout for final.
        assert "response.failed" in answer.text
    else:
        assert fakes.models == tried
    assert [cause.split()[0] for _, cause in _aside(hosts_proxy).values()] == ["timeout"]


@streaming_or_not
@every_endpoint
def test_a_time_limit_of_the_clients_own_blames_no_deployment(
    hosts_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any], stream: bool
) -> None:
    fakes.script(gpt_5="hang")
    began = time.monotonic()
    _ask(hosts_proxy, path, {**body, "timeout": 0.5}, "mid", stream=stream)
    assert _aside(hosts_proxy) == {}
    assert time.monotonic() - began < 15


@every_endpoint
@pytest.mark.parametrize("fault", ["stall:0", "stall:start", "stall:2"])
def test_a_time_limit_of_the_clients_own_within_a_stream_blames_no_deployment(
    hosts_proxy: Proxy, fakes: FakeProviders, fault: str, path: str, body: dict[str, Any]
) -> None:
    fakes.script(gpt_5=fault)
    began = time.monotonic()
    answer = _ask(hosts_proxy, path, {**body, "timeout": 0.5}, "mid", stream=True)
    assert _aside(hosts_proxy) == {}
    assert time.monotonic() - began < 15
    if fault == "stall:2":
        assert fakes.models == ["gpt-5"]
        assert '"error"' in answer.text
    elif path in UNWATCHED:
        assert fakes.models == ["gpt-5", "gemini-2.5-pro"]
        assert "hello" in _said(answer)


@streaming_or_not
@every_endpoint
def test_a_subscription_at_its_limit_is_set_aside_for_its_user_alone(
    hosts_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any], stream: bool
) -> None:
    def ask(token: str) -> httpx.Response:
        fakes.received.clear()
        beside = {"x-litellm-api-key": "Bearer sk-master", "authorization": f"Bearer {token}"}
        return _ask(hosts_proxy, path, body, "hard", stream=stream, model="heimdall-claude", headers=beside)

    fakes.script(claude_sonnet_4_5=["429", "ok"])
    answer = ask(OAT)
    assert answer.status_code == 200, answer.text
    assert fakes.hosts[0] == names.ANTHROPIC
    assert len(fakes.hosts) == 2
    assert OAT.encode() not in fakes.received[1].raw
    assert b"sk-server-openai" in fakes.received[1].raw
    assert answer.headers["heimdall-escalated"] == "escalated-from-anthropic"
    ((key, (seconds, cause)),) = _aside(hosts_proxy).items()
    assert key.startswith("own:anthropic:")
    assert OAT not in key
    assert 175 < seconds <= 300
    assert cause == "rate-limited (429)"
    assert ask(OAT).status_code == 200
    assert names.ANTHROPIC not in fakes.hosts
    assert ask(f"{OAT}-of-another").status_code == 200
    assert fakes.hosts == [names.ANTHROPIC]
    _later(hosts_proxy, 301)
    assert ask(OAT).status_code == 200
    assert fakes.hosts == [names.ANTHROPIC]


@every_endpoint
def test_retry_after_says_how_long_a_user_is_set_aside(
    hosts_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any]
) -> None:
    fakes.script(claude_sonnet_4_5="429:retry-after=1200")
    beside = {"x-litellm-api-key": "Bearer sk-master", "authorization": f"Bearer {OAT}"}
    _ask(hosts_proxy, path, body, "hard", stream=False, model="heimdall-claude", headers=beside)
    ((seconds, _),) = _aside(hosts_proxy).values()
    assert 1190 < seconds <= 1320


@streaming_or_not
@every_endpoint
@pytest.mark.parametrize(
    ("model", "then"), [("heimdall-open", "gpt-5-mini"), ("heimdall-cheap", "gpt-5")], ids=["cheap", "mid"]
)
def test_openrouter_down_leads_to_another_cheap_model_elsewhere_or_to_the_mid_bucket(
    hosts_proxy: Proxy,
    fakes: FakeProviders,
    model: str,
    then: str,
    path: str,
    body: dict[str, Any],
    stream: bool,
) -> None:
    fakes.script(deepseek_r1="503")
    answer = _ask(hosts_proxy, path, body, "cheap", stream=stream, model=model)
    assert answer.status_code == 200, answer.text
    assert fakes.models == ["deepseek/deepseek-r1", then]


@streaming_or_not
@every_endpoint
@pytest.mark.parametrize(
    ("bucket", "tried"),
    [("cheap", ["gpt-5-mini", "gemini-2.5-pro"]), ("hard", ["gemini-2.5-pro", "gpt-5"])],
    ids=["openai", "gemini"],
)
def test_a_context_that_a_provider_finds_too_long_goes_to_the_longest(
    hosts_proxy: Proxy,
    fakes: FakeProviders,
    bucket: str,
    tried: list[str],
    path: str,
    body: dict[str, Any],
    stream: bool,
) -> None:
    # Once the longest has said so too, those that hold it twice over by our estimate are left.
    fakes.script(gpt_5_mini="context", gemini_2_5_pro=["context" if bucket == "hard" else "ok", "ok"])
    answer = _ask(hosts_proxy, path, body, bucket, stream=stream)
    assert answer.status_code == 200, answer.text
    assert fakes.models == tried
    assert _aside(hosts_proxy) == {}


@every_endpoint
def test_a_context_that_is_long_beforehand_goes_there_at_once(
    hosts_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any]
) -> None:
    long = json.loads(json.dumps(body).replace('"hi"', json.dumps("word " * 300_000)))
    answer = _ask(hosts_proxy, path, long, "cheap", stream=False)
    assert answer.status_code == 200, answer.text
    assert fakes.models == ["gemini-2.5-pro"]


@streaming_or_not
@every_endpoint
@pytest.mark.parametrize(("bucket", "script"), [("mid", "gpt_5"), ("hard", "gemini_2_5_pro")])
def test_a_clients_own_mistake_comes_back_as_it_is(
    hosts_proxy: Proxy,
    fakes: FakeProviders,
    bucket: str,
    script: str,
    path: str,
    body: dict[str, Any],
    stream: bool,
) -> None:
    fakes.script(**{script: "bad"})
    answer = _ask(hosts_proxy, path, body, bucket, stream=stream)
    assert len(fakes.received) == 1
    assert _aside(hosts_proxy) == {}
    _is_refusal(answer, 400)
    assert "No fallback" not in answer.text
    # The provider's own words, and nothing of a chain.
    assert ("wizard" if script == "gpt_5" else "valid role") in answer.text


def _is_refusal(answer: httpx.Response, status: int) -> None:
    # What LiteLLM asks for while it streams can only be refused within the stream.
    if answer.status_code == 200:
        assert "response.failed" in answer.text or '"error"' in answer.text
    else:
        assert answer.status_code == status, answer.text


@streaming_or_not
@every_endpoint
@pytest.mark.parametrize(("status", "pause_s"), [("401", 300), ("403", 60), ("404", 60)])
@pytest.mark.parametrize(
    ("bucket", "group", "script"), [("mid", "gpt", "gpt_5"), ("hard", "gemini", "gemini_2_5_pro")]
)
def test_a_credential_of_ours_that_is_refused_is_set_aside_and_reported(
    hosts_proxy: Proxy,
    fakes: FakeProviders,
    bucket: str,
    group: str,
    script: str,
    status: str,
    pause_s: float,
    path: str,
    body: dict[str, Any],
    stream: bool,
) -> None:
    fakes.script(**{script: status})
    before = len(hosts_proxy.lines)
    answer = _ask(hosts_proxy, path, body, bucket, stream=stream)
    assert answer.status_code == 200, answer.text
    assert len(fakes.models) == 2
    ((seconds, cause),) = _aside(hosts_proxy).values()
    assert pause_s * 0.95 < seconds <= pause_s * 1.2
    assert f"({status})" in cause
    reported = [line for line in hosts_proxy.lines[before:] if f"'{group}' answered" in line]
    assert len(reported) == 1
    assert f"({status})" in reported[0]


@every_endpoint
def test_a_callers_own_credential_that_is_over_comes_back_so_that_they_renew_it(
    hosts_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any]
) -> None:
    fakes.script(claude_sonnet_4_5="401")
    beside = {"x-litellm-api-key": "Bearer sk-master", "authorization": f"Bearer {OAT}"}
    answer = _ask(hosts_proxy, path, body, "hard", stream=False, model="heimdall-claude", headers=beside)
    assert answer.status_code == 401
    assert fakes.hosts == [names.ANTHROPIC]
    assert _aside(hosts_proxy) == {}


@streaming_or_not
@every_endpoint
def test_a_refusal_by_policy_stands(
    hosts_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any], stream: bool
) -> None:
    fakes.script(gpt_5="policy")
    answer = _ask(hosts_proxy, path, body, "mid", stream=stream)
    assert answer.status_code == 400
    assert fakes.models == ["gpt-5"]


@every_endpoint
@pytest.mark.parametrize(("bucket", "script"), [("mid", "gpt_5"), ("hard", "gemini_2_5_pro")])
def test_a_stream_that_breaks_after_content_ends_in_an_error_of_its_own_protocol(
    hosts_proxy: Proxy, fakes: FakeProviders, bucket: str, script: str, path: str, body: dict[str, Any]
) -> None:
    fakes.script(**{script: "error:2"})
    answer = _ask(hosts_proxy, path, body, bucket, stream=True)
    assert answer.status_code == 200
    assert len(fakes.models) == 1
    assert answer.text.count("hello") == 1
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    match path:
        case "/v1/chat/completions" | "/v1/completions":
            assert "error" in events[-1]
        case "/v1beta/models":
            assert events[-1]["error"]["message"]
            assert "[DONE]" not in answer.text
        case "/v1/messages":
            assert events[-1]["type"] == "error"
        case _:
            assert events[-1]["type"] in ("response.failed", "error")
            assert [event["type"] for event in events].count("response.created") == 1
    assert len(_aside(hosts_proxy)) == 1


@streaming_or_not
@every_endpoint
def test_with_everything_down_one_503_names_what_was_tried(
    hosts_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any], stream: bool
) -> None:
    fakes.script(gpt_5_mini="500", gpt_5="503", gemini_2_5_pro="429")
    answer = _ask(hosts_proxy, path, body, "cheap", stream=stream)
    for tried in ("gpt-mini: unavailable (500)", "gemini: rate-limited (429)", "gpt: unavailable (503)"):
        assert tried in answer.text
    assert sorted(fakes.models) == ["gemini-2.5-pro", "gpt-5", "gpt-5-mini"]
    _is_refusal(answer, 503)
    # With everybody set aside all are tried again rather than none.
    fakes.reset()
    assert _ask(hosts_proxy, path, body, "cheap", stream=stream).status_code == 200
    assert len(fakes.received) == 1


@every_endpoint
def test_with_everything_at_its_limit_the_503_says_when_to_come_back(
    hosts_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any]
) -> None:
    fakes.script(
        gpt_5_mini="429:retry-after=90", gpt_5="429:retry-after=20", gemini_2_5_pro="429:retry-after=60"
    )
    answer = _ask(hosts_proxy, path, body, "cheap", stream=False)
    assert answer.status_code == 503
    assert re.search(r"Try again in (20|21|22) s\.", answer.text)
    if path not in ("/v1/messages", "/v1/completions"):
        # There LiteLLM asks nobody for an error's headers.
        assert 20 <= int(answer.headers["retry-after"]) <= 22
    if path != "/v1/messages":
        assert answer.json()["error"]["type"] == "service_unavailable"
    assert len(fakes.received) == 3


@streaming_or_not
@every_endpoint
def test_a_probe_after_the_pause_makes_a_deployment_well(
    hosts_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any], stream: bool
) -> None:
    fakes.script(gpt_5=["503", "503", "ok"])
    for seconds, reached in [(0, True), (1, False), (40, True), (40, False), (40, True), (1, True)]:
        _later(hosts_proxy, seconds)
        fakes.received.clear()
        assert _ask(hosts_proxy, path, body, "mid", stream=stream).status_code == 200
        assert ("gpt-5" in fakes.models) == reached, (seconds, fakes.models)


@streaming_or_not
@every_endpoint
def test_a_groups_own_order_is_gone_through_first(
    hosts_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any], stream: bool
) -> None:
    def tried(*outcomes: str) -> list[str]:
        fakes.reset()
        hosts_proxy.post("/test/well", {})
        fakes.script(**dict(zip(("gpt_4o", "gpt_4o_mini"), outcomes, strict=False)))
        _ask(hosts_proxy, path, body, "hard", stream=stream, model="heimdall-ordered")
        return fakes.models

    assert tried("503") == ["gpt-4o", "gpt-4o-mini"]
    assert tried("503", "503")[:3] == ["gpt-4o", "gpt-4o-mini", "gemini-2.5-pro"]
    assert tried("bad") == ["gpt-4o"]


@streaming_or_not
@every_endpoint
def test_of_a_groups_deployments_one_that_is_set_aside_is_passed_over(
    hosts_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any], stream: bool
) -> None:
    fakes.script(gpt_4o="503")
    for _ in range(12):
        answer = _ask(hosts_proxy, path, body, "hard", stream=stream, model="heimdall-twins")
        assert answer.status_code == 200, answer.text
    assert fakes.models.count("gpt-4o") <= 1
    assert fakes.models.count("gemini-2.5-pro") == fakes.models.count("gpt-4o")


@every_endpoint
def test_a_model_that_takes_over_a_broken_stream_is_probed_by_it(
    hosts_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any]
) -> None:
    fakes.script(gemini_2_5_pro=["503", "ok"], gpt_5=["ok", "cut:0", "ok"])
    assert _ask(hosts_proxy, path, body, "hard", stream=False).status_code == 200
    _later(hosts_proxy, 40)
    fakes.received.clear()
    assert "hello" in _said(_ask(hosts_proxy, path, body, "mid", stream=True))
    assert fakes.models == ["gpt-5", "gemini-2.5-pro"]
    assert [cause for _, cause in _aside(hosts_proxy).values()] == ["broken"]
    fakes.received.clear()
    assert _ask(hosts_proxy, path, body, "hard", stream=True).status_code == 200
    assert fakes.models == ["gemini-2.5-pro"]


@every_endpoint
@pytest.mark.parametrize("fault", ["cut:0", "error:0"])
def test_streams_that_break_one_after_the_other_lead_to_the_last_model(
    hosts_proxy: Proxy, fakes: FakeProviders, fault: str, path: str, body: dict[str, Any]
) -> None:
    fakes.script(gpt_5_mini=fault, gemini_2_5_pro=fault)
    answer = _ask(hosts_proxy, path, body, "cheap", stream=True)
    assert answer.status_code == 200, answer.text
    assert "hello" in _said(answer)
    assert fakes.models == ["gpt-5-mini", "gemini-2.5-pro", "gpt-5"]
    assert len(_aside(hosts_proxy)) == 2


@pytest.mark.parametrize(("path", "body"), [CHAT, COMPLETIONS, GEMINI], ids=["chat", "completions", "gemini"])
def test_with_every_stream_broken_one_error_names_what_was_tried(
    hosts_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any]
) -> None:
    fakes.script(gpt_5_mini="cut:0", gpt_5="cut:0", gemini_2_5_pro="cut:0")
    answer = _ask(hosts_proxy, path, body, "cheap", stream=True)
    for tried in ("gpt-mini: broken", "gemini: broken", "gpt: broken"):
        assert tried in answer.text
    assert len(fakes.models) == 3
    _is_refusal(answer, 503)


@every_endpoint
def test_a_credential_of_a_callers_own_goes_no_further_than_its_stream(
    hosts_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any]
) -> None:
    beside = {"x-litellm-api-key": "Bearer sk-master", "authorization": f"Bearer {OAT}"}
    fakes.script(claude_sonnet_4_5="cut:0")
    answer = _ask(hosts_proxy, path, body, "hard", stream=True, model="heimdall-claude", headers=beside)
    assert "hello" in _said(answer)
    first, second = fakes.received
    assert first.host == names.ANTHROPIC
    assert OAT.encode() in first.raw
    assert OAT.encode() not in second.raw


@pytest.mark.parametrize("fault", ["garbage", "garbage:data"])
def test_a_stream_of_geminis_own_that_is_no_stream_is_replaced(
    hosts_proxy: Proxy, fakes: FakeProviders, fault: str
) -> None:
    fakes.script(gemini_2_5_pro=fault)
    answer = _ask(hosts_proxy, *GEMINI, "hard", stream=True)
    assert "hello" in answer.text
    assert "html" not in answer.text
    assert fakes.models == ["gemini-2.5-pro", "gpt-5"]
    assert _aside(hosts_proxy) == {}


def test_a_client_asks_for_no_retries_of_its_own(hosts_proxy: Proxy, fakes: FakeProviders) -> None:
    fakes.script(gpt_5="503")
    storm = {**CHAT[1], "num_retries": 5, "max_retries": 5}
    assert _ask(hosts_proxy, CHAT[0], storm, "mid", stream=False).status_code == 200
    assert fakes.models.count("gpt-5") == 1


@streaming_or_not
@every_endpoint
def test_of_many_who_ask_at_once_when_a_pause_is_over_one_probes(
    hosts_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any], stream: bool
) -> None:
    fakes.script(gpt_5="503")
    assert _ask(hosts_proxy, path, body, "mid", stream=False).status_code == 200
    _later(hosts_proxy, 40)
    fakes.received.clear()
    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(_ask, hosts_proxy, path, body, "mid", stream=stream) for _ in range(20)]
        assert {answer.result().status_code for answer in asked} == {200}
    assert fakes.models.count("gpt-5") == 1
    # Nobody else is blamed for those who asked in vain.
    assert len(_aside(hosts_proxy)) == 1


@pytest.mark.parametrize("path", ["generateContent", "streamGenerateContent"])
def test_geminis_own_endpoint_fails_over_alike(hosts_proxy: Proxy, fakes: FakeProviders, path: str) -> None:
    body = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
    url = f"/v1beta/models/heimdall-pair:{path}"
    for script, bucket, first in (("gpt_5", "mid", "gpt-5"), ("gemini_2_5_pro", "hard", "gemini-2.5-pro")):
        fakes.reset()
        hosts_proxy.post("/test/well", {})
        fakes.script(**{script: "503"})
        for _ in range(2):
            answer = hosts_proxy.post(url, body, headers={"heimdall-bucket": bucket})
            assert answer.status_code == 200, answer.text
            assert "hello" in answer.text
        assert fakes.models.count(first) == 1


@streaming_or_not
@every_endpoint
def test_who_was_set_aside_before_is_a_last_resort(
    hosts_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any], stream: bool
) -> None:
    fakes.script(gpt_5=["503", "ok"], gpt_5_mini=["503", "ok"])
    for bucket in ("mid", "cheap"):
        assert _ask(hosts_proxy, path, body, bucket, stream=False).status_code == 200
    assert len(_aside(hosts_proxy)) == 2
    fakes.received.clear()
    fakes.script(gemini_2_5_pro="503")
    answer = _ask(hosts_proxy, path, body, "hard", stream=stream)
    assert answer.status_code == 200, answer.text
    assert "hello" in _said(answer)
    assert fakes.models[0] == "gemini-2.5-pro"
    assert len(fakes.models) == 2
    # Who has answered is well again.
    assert len(_aside(hosts_proxy)) == 2


@every_endpoint
def test_nobody_is_told_that_a_key_of_the_proxys_was_refused(
    hosts_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any]
) -> None:
    fakes.script(gpt_5="401", gpt_5_mini="401", gemini_2_5_pro="401")
    answer = _ask(hosts_proxy, path, body, "hard", stream=False)
    assert answer.status_code == 503, answer.text
    assert "gemini: refused (401)" in answer.text


@every_endpoint
@pytest.mark.parametrize("status", ["401", "403", "404"])
@pytest.mark.parametrize("field", ["extra_headers", "headers", "extra_query", "extra_body"])
def test_what_a_client_can_provoke_sets_nobody_aside(
    hosts_proxy: Proxy, fakes: FakeProviders, field: str, status: str, path: str, body: dict[str, Any]
) -> None:
    fakes.script(gpt_5=status, gpt_5_mini=status, gemini_2_5_pro=status)
    _ask(hosts_proxy, path, {**body, field: {"x-odd": "1"}}, "mid", stream=False)
    assert _aside(hosts_proxy) == {}


@pytest.mark.parametrize(("path", "body"), [COMPLETIONS, GEMINI], ids=["completions", "gemini"])
def test_a_client_that_hangs_up_leaves_no_probe_behind(
    hosts_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any]
) -> None:
    fakes.script(gpt_5=["503", "stall:2", "ok"])
    assert _ask(hosts_proxy, path, body, "mid", stream=False).status_code == 200
    _later(hosts_proxy, 40)
    there, asked = placed(path, body, "heimdall-pair", stream=True)
    sent = {"authorization": "Bearer sk-master", "heimdall-bucket": "mid"}
    with (
        httpx.Client(trust_env=False) as client,
        client.stream("POST", hosts_proxy.url + there, json=asked, headers=sent) as answer,
    ):
        assert next(answer.iter_lines())
    deadline = time.monotonic() + 10
    while _aside(hosts_proxy) and time.monotonic() < deadline:
        time.sleep(0.05)
    fakes.received.clear()
    assert _ask(hosts_proxy, path, body, "mid", stream=False).status_code == 200
    assert fakes.models == ["gpt-5"]
