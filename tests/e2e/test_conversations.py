"""A stored conversation stays with the model that holds it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.e2e import configs
from tests.e2e.proxy import MASTER_KEY, Proxy
from tests.fakes.providers import FakeProviders


def _turn(proxy: Proxy, bucket: str, previous: str | None = None, **more: Any) -> httpx.Response:
    key, model = more.pop("key", MASTER_KEY), more.pop("model", "heimdall")
    body = {"model": model, "input": "hi", **more}
    if previous is not None:
        body["previous_response_id"] = previous
    return proxy.post("/v1/responses", body, key=key, headers={"heimdall-bucket": bucket})


@pytest.mark.parametrize("bucket", ["cheap", "mid", "hard"])
def test_the_next_turn_goes_to_the_model_of_the_last_whatever_else_is_asked(
    proxy: Proxy, fakes: FakeProviders, bucket: str
) -> None:
    first = _turn(proxy, bucket).json()["id"]
    for other in ("cheap", "hard"):
        answer = _turn(proxy, other, first)
        assert answer.headers["heimdall-model"] == configs.CHOSEN[bucket]
        assert "goes on with a conversation" in answer.headers["heimdall-reason"]
    assert set(fakes.models) == {configs.UPSTREAM[configs.CHOSEN[bucket]]}


def test_it_falls_over_to_no_other_model(proxy: Proxy, fakes: FakeProviders) -> None:
    first = _turn(proxy, "cheap").json()["id"]
    fakes.script(gpt_5_mini=["503"])
    assert _turn(proxy, "cheap", first).status_code == 503
    assert set(fakes.models) == {"gpt-5-mini"}


def test_a_conversation_with_the_default_model_stays_there(proxy: Proxy, fakes: FakeProviders) -> None:
    first = _turn(proxy, "cheap", model="plain").json()["id"]
    _turn(proxy, "cheap", first)
    assert fakes.models == ["gpt-4.1", "gpt-4.1"]


def test_who_may_not_use_the_conversations_model_is_refused(proxy: Proxy, fakes: FakeProviders) -> None:
    first = _turn(proxy, "hard").json()["id"]
    fakes.reset()
    answer = _turn(proxy, "cheap", first, key="sk-mini")
    assert answer.status_code == 403
    assert "the conversation is with it" in answer.json()["error"]["message"]
    assert fakes.received == []


def test_an_id_that_tells_nothing_goes_to_the_default_model_as_without_us(
    proxy: Proxy, fakes: FakeProviders
) -> None:
    answer = _turn(proxy, "cheap", "resp_of_somewhere_else")
    assert fakes.models == ["gpt-4.1"]
    assert "can't be told" in answer.headers["heimdall-reason"]
    # For whoever may not use that, LiteLLM 1.106 refuses such an id; 1.100 takes it from anybody.
    other = _turn(proxy, "cheap", "resp_of_somewhere_else", key="sk-mini")
    assert fakes.models[1:] == ([] if other.status_code == 403 else ["gpt-5-mini"])


def test_a_malformed_override_is_a_400_there_too(proxy: Proxy, fakes: FakeProviders) -> None:
    assert _turn(proxy, "huge", "resp_1").status_code == 400
    assert fakes.received == []
