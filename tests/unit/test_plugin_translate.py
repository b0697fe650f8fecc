"""From LiteLLM's request to ours."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from litellm.proxy._types import UserAPIKeyAuth

from heimdall_litellm.config import Settings, load_settings
from heimdall_litellm.core.types import Overrides
from heimdall_litellm.errors import BadOverride
from heimdall_litellm.plugin import apply, translate
from tests.fakes.engine import FakeEngine

SETTINGS = load_settings({})


def _asked(headers: dict[str, Any] | None = None, **data: Any) -> dict[str, object]:
    return translate.asked({"proxy_server_request": {"headers": headers or {}}, **data})


def test_nothing_asked_is_nothing_overridden() -> None:
    assert translate.overrides(_asked(), SETTINGS) == Overrides()


@pytest.mark.parametrize("metadata", ["metadata", "litellm_metadata"])
def test_header_nested_and_flat_fields_are_read(metadata: str) -> None:
    found = _asked(
        {"Heimdall-Alpha": "0.1", "x-other": "1"},
        **{metadata: {"heimdall": {"alpha": 0.9, "max_cost": 2}, "heimdall-bucket": "mid"}},
    )
    assert translate.overrides(found, SETTINGS) == Overrides(alpha=0.1, bucket="mid", max_cost_usd=2.0)


def test_a_nested_field_that_is_no_object_is_refused() -> None:
    with pytest.raises(BadOverride, match=r"metadata\.heimdall"):
        _asked(metadata={"heimdall": "cheap"})


@pytest.mark.parametrize("value", [True, "x", "nan", "inf", -0.1, 1.1, [], "1e999"])
def test_an_alpha_must_be_a_number_in_range(value: object) -> None:
    with pytest.raises(BadOverride, match="heimdall-alpha must be"):
        translate.overrides({"alpha": value}, SETTINGS)


@pytest.mark.parametrize("value", [0, -1, "x", "inf", True])
def test_a_cost_limit_must_be_above_zero(value: object) -> None:
    with pytest.raises(BadOverride, match="heimdall-max-cost must be"):
        translate.overrides({"max-cost": value}, SETTINGS)


@pytest.mark.parametrize("value", ["", "huge", 3])
def test_a_bucket_must_be_known(value: object) -> None:
    with pytest.raises(BadOverride, match="cheap, mid or hard"):
        translate.overrides({"bucket": value}, SETTINGS)


def test_the_administrators_limits_hold_and_are_noted() -> None:
    limits = {"alpha_min": 0.2, "alpha_max": 0.5, "buckets": ["cheap"], "max_cost_usd": 0.01}
    settings = load_settings({"overrides": limits})
    made = translate.overrides({"alpha": "0.9", "bucket": "hard", "max-cost": "5"}, settings)
    assert (made.alpha, made.bucket, made.max_cost_usd) == (0.5, None, 0.01)
    assert [note.split()[0] for note in made.notes] == [
        "heimdall-alpha",
        "heimdall-bucket",
        "heimdall-max-cost",
    ]
    assert translate.overrides({"alpha": 0.1}, settings).alpha == 0.2


def test_what_is_within_the_limits_is_not_noted() -> None:
    settings = load_settings({"overrides": {"max_cost_usd": 1.0}})
    assert translate.overrides({"max-cost": 0.5, "alpha": 1, "bucket": "hard"}, settings).notes == ()


def test_a_field_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(BadOverride, match=r"no field 'alfa'; it takes alpha, bucket and max_cost"):
        translate.asked({"metadata": {"heimdall": {"alpha": 1, "alfa": 0.5}}})


def test_overrides_that_are_switched_off_are_ignored_with_a_note_even_if_malformed() -> None:
    settings = load_settings({"overrides": {"enabled": False}})
    made = translate.overrides({"alpha": "nonsense"}, settings)
    assert made.alpha is None
    assert "switched off" in made.notes[0]


@pytest.mark.parametrize("place", ["headers", "extra_headers"])
def test_credentials_among_the_headers_of_a_body_are_dropped(place: str) -> None:
    names = ["Authorization", "x-api-key", "api-key", "X-Goog-Api-Key", "Cookie", "proxy-authorization"]
    given = {**dict.fromkeys([*names, "x-amz-security-token"], "sk-canary"), "anthropic-beta": "kept"}
    assert translate.consume({place: given}, "acompletion") == {place: {"anthropic-beta": "kept"}}


def test_metadata_of_other_calls_is_where_litellm_noted_the_caller() -> None:
    noted = {"user_api_key_auth": UserAPIKeyAuth()}
    forged = {"user_api_key_auth": {"user_role": "proxy_admin"}}
    both = {"metadata": forged, "litellm_metadata": noted}
    assert translate.buckets_of("aembedding", both) == ("litellm_metadata",)
    swapped = {"metadata": noted, "litellm_metadata": forged}
    assert translate.buckets_of("aembedding", swapped) == ("metadata",)
    assert translate.buckets_of("aembedding", {}) == ("metadata",)


@pytest.mark.parametrize("call_type", list(translate.ENDPOINTS))
def test_consuming_removes_every_trace_and_changes_nothing_given(call_type: str) -> None:
    ours = {"heimdall": {"alpha": 1}, "Heimdall-Bucket": "mid"}
    headers = {"heimdall-alpha": "1", "accept": "*"}
    data = {
        "metadata": {**ours, "user_id": "u", "headers": dict(headers), "requester_metadata": dict(ours)},
        "litellm_metadata": {**ours, "kept": 1},
        "headers": dict(headers),
        "extra_headers": dict(headers),
        "proxy_server_request": {
            "headers": dict(headers),
            "body": {"metadata": dict(ours), "model": "heimdall"},
        },
    }
    before = copy.deepcopy(data)
    cleaned = translate.consume(data, call_type)
    assert data == before
    text = str(cleaned).lower()
    assert "heimdall-" not in text
    assert "'heimdall':" not in text
    assert cleaned["metadata"]["user_id"] == "u"
    assert cleaned["headers"] == cleaned["extra_headers"] == {"accept": "*"}
    assert cleaned["proxy_server_request"]["body"]["model"] == "heimdall"


def test_a_clients_metadata_with_nothing_else_in_it_goes_entirely() -> None:
    data = {"metadata": {"heimdall": {"alpha": 1}}, "litellm_metadata": {}}
    assert "metadata" not in translate.consume(data, "anthropic_messages")
    assert translate.consume(data, "acompletion")["metadata"] == {}
    assert translate.consume({"metadata": {}}, "anthropic_messages") == {"metadata": {}}


def test_header_mappings_keep_their_kind_when_cleaned() -> None:
    class Redacted(dict[str, str]):
        """Like LiteLLM's, which print no values."""

    data = {"proxy_server_request": {"headers": Redacted({"heimdall-alpha": "1", "a": "b"})}}
    cleaned = translate.consume(data, "acompletion")["proxy_server_request"]["headers"]
    assert type(cleaned) is Redacted
    assert cleaned == {"a": "b"}


def _decision(settings: Settings, bucket: str = "cheap") -> Any:
    engine = FakeEngine(settings, ())
    return engine.decide_facts(None, name="heimdall", overrides=Overrides(bucket=bucket))  # type: ignore[arg-type]


def test_routing_sets_model_fallbacks_and_no_retries_and_drops_what_the_client_set() -> None:
    steering = dict.fromkeys(
        [
            *("api_key", "api_base", "base_url", "custom_llm_provider", "deployment_id"),
            *("specific_deployment", "litellm_credential_name", "ssl_verify", "client"),
        ],
        "k",
    )
    retrying = {"num_retries": 9, "max_retries": 9, "retry_policy": {}, "model_group_retry_policy": {}}
    data = {"model": "heimdall", "fallbacks": ["z"], **steering, **retrying, "temperature": 1}
    routed = apply.without_retries(apply.redirect(data, "a", ["c"]))
    assert routed == {
        "model": "a",
        "temperature": 1,
        "num_retries": 0,
        "fallbacks": [{"a": ["c"]}],
        "context_window_fallbacks": [{"a": ["c"]}],
        "content_policy_fallbacks": [{"a": ["c"]}],
    }
    assert data["model"] == "heimdall"


def test_what_goes_to_the_provider_as_it_is_cannot_name_another_model_or_address() -> None:
    extra = {"model": "dearer", "api_base": "https://x", "top_k": 1}
    data = {"extra_body": extra}
    assert apply.redirect(data, "a", [])["extra_body"] == {"top_k": 1}
    assert data == {"extra_body": {"model": "dearer", "api_base": "https://x", "top_k": 1}}


def test_the_list_of_fallbacks_is_the_very_one_that_was_given() -> None:
    fallbacks = ["b"]
    routed = apply.redirect({}, "a", fallbacks)
    fallbacks.append("c")
    assert routed["fallbacks"] == routed["context_window_fallbacks"] == [{"a": ["b", "c"]}]


def test_without_fallbacks_the_routers_own_lists_are_shut_out() -> None:
    assert apply.redirect({}, "a", [], ["fallbacks"]) == {"model": "a", "fallbacks": []}
    assert apply.redirect({}, "a", [], []) == {"model": "a"}


def test_a_keys_own_router_settings_shut_out_nothing_less() -> None:
    override = {"router_settings_override": {"fallbacks": [{"a": ["z"]}]}}
    assert apply.redirect(override, "a", [], [])["fallbacks"] == []


def test_a_stamp_leaves_the_given_metadata_alone_and_keeps_what_is_logged_already() -> None:
    metadata = {"spend_logs_metadata": {"theirs": 1}}
    data = {"metadata": metadata}
    apply.stamp(data, "agenerate_content", "id", {"model": "a"})
    assert metadata == {"spend_logs_metadata": {"theirs": 1}}
    assert data["metadata"]["spend_logs_metadata"] == {"theirs": 1, "heimdall": {"model": "a"}}
    assert data["litellm_metadata"][apply.HANDLE_KEY] == "id"


def test_the_spend_record_is_flat() -> None:
    settings = load_settings({"router": {"cheap_candidates": ["a"]}})
    record = apply.spend_record(_decision(settings), "a", "id", "heimdall", "why")
    assert not [value for value in record.values() if isinstance(value, (dict, list, tuple))]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Authorization",
            "x-auth",
            "X-Access-Key",
            "cookie",
            "x_api_key",
            "proxy-authorization",
            "password",
        ),
        *("OpenAI-Organization", "openai-project", "x-goog-user-project", "heimdall-openai-key"),
        *("Host", "content-length", "transfer-encoding", "connection", "te", "expect"),
    ],
)
def test_a_body_sets_no_header_that_names_a_payer_or_frames_the_message(name: str) -> None:
    data = {"extra_headers": {name: "x", "anthropic-beta": "b", "traceparent": "t"}}
    kept = translate.consume(data, "acompletion")["extra_headers"]
    assert kept == {"anthropic-beta": "b", "traceparent": "t"}


def test_what_stands_in_for_consuming_keeps_the_request_and_nothing_that_may_hold_a_credential() -> None:
    key = object()
    ours = {"heimdall": {"alpha": 1}, "heimdall_record": "x", "headers": {"a": "b"}, "requester_metadata": {}}
    data = {
        "model": "heimdall",
        "messages": [],
        "metadata": {**ours, "user_api_key_auth": key, "user_id": "u"},
        **{
            name: {"a": "sk"}
            for name in ("headers", "extra_headers", "secret_fields", "proxy_server_request")
        },
        "api_key": "sk",
        translate.SCOPED: {"extra_headers": {"authorization": "sk"}},
    }
    assert translate.bare(data) == {
        "model": "heimdall",
        "messages": [],
        "metadata": {"user_api_key_auth": key, "user_id": "u"},
    }


def test_a_request_goes_on_without_what_litellm_added_to_it() -> None:
    rest: list[str] = []
    routed = {"model": "a", "prompt": "hi", "deployment": object(), "fallbacks": [{"a": ["b"]}]}
    onwards = apply.onwards(routed, "b", rest)
    assert onwards == {"model": "b", "prompt": "hi", **{kind: [{"b": []}] for kind in apply.FALLBACK_KINDS}}
    # What is tried next may still change.
    assert all(onwards[kind][0]["b"] is rest for kind in apply.FALLBACK_KINDS)


def test_a_request_is_signed_as_it_came_only_where_its_failure_is_reported_with_that() -> None:
    came: dict[str, Any] = {"metadata": {}}
    apply.sign(came, "acompletion", "handle")
    assert came == {"metadata": {}}
    apply.sign(came, "atext_completion", "handle")
    assert came == {"metadata": {apply.HANDLE_KEY: "handle"}}
    apply.sign({"metadata": "odd"}, "atext_completion", "handle")
