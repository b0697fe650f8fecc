"""Our failure never fails a request, and never opens a door."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e import configs
from tests.e2e.proxy import Proxy
from tests.e2e.test_permission import ENDPOINTS, MALFORMED
from tests.fakes.providers import FakeProviders

DECIDING = ["asked", "form", "facts", "candidates", "engine", "route", "consume", "stamp"]
LATER = ["attempt", "effort", "simulate", "headers", "log"]
HOW = ["raise", "nonsense", "slow"]
DEFAULT = "gpt-4.1"


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("stage", [*DECIDING, *LATER])
def test_a_request_is_served_whatever_stage_misbehaves(
    faulty_proxy: Proxy, fakes: FakeProviders, stage: str, how: str
) -> None:
    answer = faulty_proxy.chat(f"BREAK {stage} {how}")
    assert answer.status_code == 200, answer.text
    assert answer.json()["choices"][0]["message"]["content"].startswith("hello from")


@pytest.mark.parametrize("how", ["raise", "nonsense"])
def test_a_request_is_served_if_the_guard_of_its_attempts_misbehaves(
    faulty_proxy: Proxy, fakes: FakeProviders, how: str
) -> None:
    answer = faulty_proxy.chat(f"BREAK filter {how}", key="sk-mini")
    assert answer.status_code == 200
    assert fakes.models == ["gpt-5-mini"]


@pytest.mark.parametrize("how", ["raise", "nonsense"])
def test_a_request_is_served_if_there_is_no_engine(
    faulty_proxy: Proxy, fakes: FakeProviders, how: str
) -> None:
    answer = faulty_proxy.chat(f"BREAK runtime {how}")
    assert answer.status_code == 200
    assert fakes.models == [DEFAULT]
    assert "could not decide" in answer.headers["heimdall-reason"]


@pytest.mark.parametrize("how", ["raise", "nonsense", "slow"])
def test_an_admin_is_served_though_access_cannot_be_checked(
    faulty_proxy: Proxy, fakes: FakeProviders, how: str
) -> None:
    answer = faulty_proxy.chat(f"BREAK access {how}")
    # "nonsense" is an answer, and it isn't yes; only a check that broke is overruled for an admin.
    assert (answer.status_code == 200) == (how != "nonsense")


@pytest.mark.parametrize("how", HOW)
def test_a_restricted_key_is_refused_if_access_cannot_be_checked(
    faulty_proxy: Proxy, fakes: FakeProviders, how: str
) -> None:
    answer = faulty_proxy.chat(f"BREAK access {how}", key="sk-mini")
    assert answer.status_code == 403
    assert fakes.received == []


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("stage", [*DECIDING, *LATER])
def test_a_restricted_key_gets_no_other_model_whatever_stage_misbehaves(
    faulty_proxy: Proxy, fakes: FakeProviders, stage: str, how: str
) -> None:
    answer = faulty_proxy.chat(f"BREAK {stage} {how}", key="sk-mini", headers={"heimdall-bucket": "hard"})
    assert set(fakes.models) <= {"gpt-5-mini"}
    assert answer.status_code in (200, 403)


@pytest.mark.parametrize("stage", ["engine", "route", "facts", "filter"])
def test_a_key_that_may_use_the_default_model_by_name_gets_nothing_else(
    faulty_proxy: Proxy, fakes: FakeProviders, stage: str
) -> None:
    faulty_proxy.chat(f"BREAK {stage} raise", key="sk-default")
    assert set(fakes.models) <= {DEFAULT}


def test_an_undecided_request_still_falls_over_to_permitted_candidates(
    faulty_proxy: Proxy, fakes: FakeProviders
) -> None:
    fakes.script(gpt_4_1="503")
    answer = faulty_proxy.chat("BREAK engine raise")
    assert answer.status_code == 200
    assert answer.headers["heimdall-model"] in configs.CHOSEN.values()


def test_failures_are_logged_by_stage_and_cause_without_what_they_carry(
    faulty_proxy: Proxy, fakes: FakeProviders
) -> None:
    faulty_proxy.chat("BREAK engine raise and this prompt-canary")
    assert "Heimdall failed at decide with ValueError" in faulty_proxy.output
    ours = [line for line in faulty_proxy.lines if "Heimdall failed" in line]
    assert not any("canary" in line for line in ours)


@pytest.mark.parametrize(("path", "body"), ENDPOINTS)
def test_without_heimdall_the_same_requests_succeed_on_the_default_model(
    plain_proxy: Proxy, fakes: FakeProviders, path: str, body: dict[str, Any]
) -> None:
    answer = plain_proxy.post(path, body, headers={"heimdall-bucket": "hard", "heimdall-alpha": "1"})
    assert answer.status_code == 200
    assert fakes.models == [DEFAULT]


RAW = [
    ("/v1/chat/completions", b"{not json"),
    ("/v1/chat/completions", b"[]"),
    ("/v1/chat/completions", b'{"model": "heimdall"}'),
    ("/v1/chat/completions", b'{"model": "heimdall", "messages": "a string"}'),
    ("/v1/chat/completions", b'{"model": "heimdall", "messages": [3]}'),
    (
        "/v1/chat/completions",
        b'{"model": "heimdall", "messages": [{"role": "user", "content": "x"}], "tools": 7}',
    ),
    ("/v1/chat/completions", b'{"model": "heimdall", "messages": [{"role": "user", "content": 3}]}'),
    ("/v1/chat/completions", b'{"model": "heimdall", "messages": [{"role": "user", "content": ["x"]}]}'),
    (
        "/v1/chat/completions",
        b'{"model": "heimdall", "messages": [{"role": "user", "content": "x"}], "response_format": "x"}',
    ),
    (
        "/v1/chat/completions",
        b'{"model": "heimdall", "messages": [{"role": "user", "content": "x"}], "extra_body": "x"}',
    ),
    ("/v1/completions", b'{"model": "heimdall", "prompt": [1, 2, 3]}'),
    ("/v1/completions", b'{"model": "heimdall", "prompt": {"a": 1}}'),
    ("/v1/responses", b'{"model": "heimdall", "input": [3]}'),
    ("/v1beta/models/heimdall:generateContent", b'{"contents": [3]}'),
    ("/v1beta/models/heimdall:generateContent", b'{"contents": [{"parts": ["x"]}]}'),
    (
        "/v1beta/models/heimdall:generateContent",
        b'{"contents": [{"parts": [{"text": "x"}]}], "generationConfig": "x"}',
    ),
    ("/v1/messages", b'{"model": "heimdall", "max_tokens": 5}'),
    ("/v1/messages", b'{"model": "heimdall", "messages": [{"role": "user", "content": "x"}]}'),
    ("/v1/responses", b'{"model": "heimdall"}'),
    ("/v1/completions", b'{"model": "heimdall"}'),
    ("/v1beta/models/heimdall:generateContent", b"{}"),
]


@pytest.mark.parametrize(("path", "body"), [*RAW, *MALFORMED])
def test_a_malformed_request_gets_litellms_own_answer(
    faulty_proxy: Proxy, plain_proxy: Proxy, fakes: FakeProviders, path: str, body: Any
) -> None:
    answers, called = [], []
    for asked in (faulty_proxy, plain_proxy):
        fakes.reset()
        answers.append(asked.post(path, body))
        called.append(fakes.models)
    with_us, without = answers
    assert with_us.status_code == without.status_code
    assert called[0] == called[1]
    if without.status_code != 200:
        assert with_us.text == without.text
