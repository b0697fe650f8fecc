"""Savings, redaction, what is kept of prompts, modes, and the form of answers."""

from __future__ import annotations

import json
import re
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heimdall_litellm.config import JournalSettings, load_settings
from heimdall_litellm.errors import JournalError
from heimdall_litellm.journal.record import (
    Baseline,
    Caller,
    Document,
    JournalRecord,
    Outcome,
    Signal,
    from_json,
    to_json,
)
from heimdall_litellm.journal.redaction import redacted, redacted_end
from heimdall_litellm.journal.savings import counterfactual
from heimdall_litellm.plugin.answers import Form, Usage, cost_of, form_of, usage_of
from heimdall_litellm.plugin.modes import Modes, caller_of, names_a_person, speaker_of
from heimdall_litellm.plugin.prompts import Prompts, secret_of

DEAR = Baseline("dear", 0.1, 200.0, 0.9, 10.0, 40.0, cache_read_usd_per_mtok=1.0)
BASE: dict[str, Any] = {
    "served": "cheap",
    "paid_usd": 0.001,
    "input_tokens": 1_000_000,
    "output_tokens": 100_000,
    "expected_output_tokens": 100.0,
}
SELF: dict[str, Any] = {"served": "dear", "expected_output_tokens": 200.0}


@pytest.mark.parametrize(
    ("given_", "total", "guessed"),
    [
        ({}, 10.0 + 8.0, 8.0),  # it writes twice as much as the one that answered
        ({"expected_output_tokens": 200.0}, 10.0 + 4.0, 4.0),
        ({"expected_output_tokens": None}, 10.0 + 4.0, 4.0),
        ({"expected_output_tokens": 1.0}, 10.0 + 40.0, 40.0),  # ten times as much at most
        ({"expected_output_tokens": 1e6}, 10.0 + 0.4, 0.4),
        ({"repeated_tokens": 500_000, "read_by": "cheap"}, 5.0 + 0.5 + 8.0, 8.0),
        ({"repeated_tokens": 9_000_000, "read_by": "dear"}, 1.0 + 8.0, 8.0),
        # Nobody is known to have read it, or nobody would have kept it: too short, or not asked to.
        ({"repeated_tokens": 500_000}, 10.0 + 8.0, 8.0),
        ({"repeated_tokens": 1_023, "read_by": "cheap"}, 10.0 + 8.0, 8.0),
        ({"repeated_tokens": 1_024, "read_by": "cheap"}, 10.0 - 1_024 * 9e-6 + 8.0, 8.0),
        ({"repeated_tokens": 500_000, "read_by": "cheap", "caches": False}, 10.0 + 8.0, 8.0),
        ({"cached_tokens": 500_000, "caches": False}, 10.0 + 8.0, 8.0),
        # Who answered had it cached, so the baseline's provider would have had it too.
        ({"cached_tokens": 500_000}, 5.0 + 0.5 + 8.0, 8.0),
        # The baseline itself: what was paid, if nothing went elsewhere before.
        ({**SELF, "paid_usd": 14.0}, 14.0, 0.0),
        ({**SELF, "paid_usd": 14.0, "repeated_tokens": 500_000}, 14.0, 0.0),
        ({**SELF, "paid_usd": 14.0, "repeated_tokens": 500_000, "read_by": "dear"}, 14.0, 0.0),
        ({**SELF, "paid_usd": 9.5, "repeated_tokens": 500_000, "cached_tokens": 400_000}, 9.5, 0.0),
        # If it did: less what its cache would have held beside what it did hold.
        ({**SELF, "paid_usd": 14.0, "repeated_tokens": 500_000, "read_by": "cheap"}, 14.0 - 4.5, 0.0),
        (
            {
                **SELF,
                "paid_usd": 9.5,
                **dict.fromkeys(["repeated_tokens", "cached_tokens"], 500_000),
                "read_by": "cheap",
            },
            9.5,
            0.0,
        ),
        ({**SELF, "paid_usd": 0.0, "repeated_tokens": 500_000, "read_by": "cheap"}, 0.0, 0.0),
        # It thought harder than it does unasked, and wrote twice as much for it.
        ({**SELF, "paid_usd": 14.0, "expected_output_tokens": 400.0}, 14.0 - 2.0, 2.0),
    ],
)
def test_what_the_baseline_would_have_cost(given_: dict[str, Any], total: float, guessed: float) -> None:
    found = counterfactual(DEAR, **{**BASE, **given_})
    assert found.total == pytest.approx(total)
    assert found.guessed == pytest.approx(guessed)


def test_a_cheaper_model_without_a_warm_cache_can_cost_more_than_the_baseline() -> None:
    found = counterfactual(
        DEAR,
        served="cheap",
        paid_usd=2.0,
        input_tokens=1_000_000,
        output_tokens=0,
        expected_output_tokens=None,
        repeated_tokens=1_000_000,
        read_by="cheap",
    )
    assert found.total == pytest.approx(1.0)


def test_without_a_price_for_cached_input_nothing_is_cached() -> None:
    plain = Baseline("dear", 0.1, 200.0, 0.9, 10.0, 40.0)
    found = counterfactual(plain, **BASE, repeated_tokens=10**6, read_by="cheap")
    assert found.total == pytest.approx(18.0)


@given(
    st.integers(0, 10**7),
    st.integers(0, 10**6),
    st.integers(0, 10**7),
    st.integers(0, 10**7),
    st.floats(0, 100),
    st.sampled_from(["cheap", "dear"]),
    st.sampled_from(["cheap", "dear", None]),
)
def test_what_it_would_have_cost_is_never_less_than_nothing(
    read: int, written: int, again: int, cached: int, paid: float, served: str, read_by: str | None
) -> None:
    found = counterfactual(
        DEAR,
        served=served,
        paid_usd=paid,
        input_tokens=read,
        output_tokens=written,
        expected_output_tokens=50.0,
        repeated_tokens=again,
        read_by=read_by,
        cached_tokens=cached,
    )
    assert 0.0 <= found.guessed <= found.total


PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow" + "IBAAKCAQEA7+/x9\n" * 60 + "-----END RSA PRIVATE KEY-----"
FINDS = {
    "key": [
        "sk-proj-abcdefghijklmnop",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_abcdefghijklmnopqrst",
        "hf_abcdefghijklmnop",
    ],
    "token": ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"],
    "secret": ["password: hunter2xyz", "Bearer abcdef123456", 'api_key = "abc123def"'],
    "address": ["jane.doe+x@mail.example.org"],
    "URL with a password": ["postgres://me:pa55word@", "redis://:hunter2@"],
    "account": ["DE89 3704 0044 0532 0130 00"],
    "number": ["+49 170 1234567", "4111 1111 1111 1111"],
    "IP address": ["192.168.17.4"],
    "long secret": ["0123456789abcdef0123456789abcdef"],
    "private key": [PEM],
}


@pytest.mark.parametrize(("word", "found"), [(word, text) for word, all_ in FINDS.items() for text in all_])
@pytest.mark.parametrize("before", ["", " ", "\n", "\t", "see: ", '"'])
def test_what_looks_like_a_secret_is_taken_out_of_texts_and_of_json(
    word: str, found: str, before: str
) -> None:
    for text in (f"{before}{found} end", json.dumps({"content": f"a{before or ' '}{found} end"})):
        shown = redacted(text)
        assert f"[{word}]" in shown
        assert " end" in shown
        for piece in re.findall(r"\w{6,}", found):
            assert piece not in shown or piece in ("password", "Bearer", "postgres", "redis")


@pytest.mark.parametrize(
    "text",
    ["The year 2024 had 366 days.", "a-word-with-many-hyphens-in-it-and-no-number", "v. 1.2.3", "1 2 3"],
)
def test_ordinary_text_stays(text: str) -> None:
    assert redacted(text) == text


HOSTILE = (
    *("eyJ-", "a-", "-", "a@", "a@a.", "1 ", "1.", "AB12 ", "aaaa.", "\\neyJ", "sk-", "+1(", "beg ", "a"),
    *("-----BEGIN PRIVATE KEY-----", "http://a:", "abc://", "token=", "password   ", "bearer "),
)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", HOSTILE)
def test_no_text_is_slow_to_redact(piece: str) -> None:
    # What takes the square of a megabyte takes hours, and runs into the time limit.
    assert redacted(piece * (1_000_000 // len(piece))) is not None


@pytest.mark.parametrize("secret", ["sk-proj-abcdefghijklmnop1234", PEM, "+49 170 1234567"])
def test_no_secret_is_cut_into_what_no_longer_looks_like_one(secret: str) -> None:
    text = f"{'start ' * 5_000}{secret} and the end"
    for most in range(1, len(secret) + 16):
        shown = redacted_end(text, most)
        assert not any(piece in shown for piece in re.findall(r"\w{4,}", secret))
        assert "and the end".endswith(shown) or shown.endswith("and the end")


def _kept(how: str, body: dict[str, Any], ask: str | None = "ask", **more: Any) -> Any:
    settings = JournalSettings.model_validate({"prompts": how, **more})
    make = Prompts(settings, b"k" * 32).keep(body, ask)
    return None if make is None else make()


BODY = {
    "model": "heimdall",
    "messages": [{"role": "user", "content": "mail me@x.example"}],
    "api_key": "sk-1",
}


def test_of_prompts_that_is_kept_which_the_settings_allow() -> None:
    assert _kept("off", BODY) is None
    assert _kept("hash", BODY, None) is None
    digest = _kept("hash", BODY)
    assert digest == _kept("hash", BODY)
    assert digest.text is None
    assert digest != _kept("hash", BODY, "another")
    assert json.loads(_kept("full", BODY).text) == {"messages": BODY["messages"]}
    assert "[address]" in _kept("redacted", BODY).text
    assert "x.example" not in _kept("redacted", BODY).text


def test_of_a_long_prompt_the_end_is_kept() -> None:
    long = {"messages": "word " * 1_000 + "end"}
    assert _kept("full", long, prompt_chars=9).text == '…ord end"}'[:1] + 'ord end"}'
    assert _kept("redacted", long, prompt_chars=9).text == '…ord end"}'


def test_what_is_no_json_is_named_by_its_type() -> None:
    assert _kept("full", {"input": object()}).text == '{"input": "<object>"}'


def test_digests_are_keyed_with_a_secret_of_the_proxy_and_never_with_the_name_of_one() -> None:
    config = {"general_settings": {"master_key": "os.environ/MY_KEY"}}
    keyed = secret_of(config, {"MY_KEY": "sk-real"})
    assert keyed == secret_of({"general_settings": {"master_key": "sk-real"}}, {})
    assert keyed == secret_of({}, {"LITELLM_MASTER_KEY": "sk-real"})
    assert keyed == secret_of({}, {"LITELLM_SALT_KEY": "sk-real", "LITELLM_MASTER_KEY": "sk-other"})
    # Where there is none, nobody can know it.
    assert secret_of(config, {}) != secret_of(config, {})
    assert secret_of({}, {}) != secret_of({}, {})


def _modes(**settings: Any) -> Modes:
    return Modes(load_settings(settings))


ALICE, BOB = Caller("a" * 64, "alice", "t1", "Team One"), Caller("b" * 64, "bob", "t2", None)


def test_the_first_rule_that_fits_says_the_mode() -> None:
    rules = [
        {"mode": "off", "keys": ["alice"]},
        {"mode": "shadow", "teams": ["Team One", "t2"]},
        {"mode": "off", "keys": ["c" * 64]},
    ]
    modes = _modes(modes=rules)
    assert modes.of(ALICE, b"") == "off"
    assert modes.of(BOB, b"") == "shadow"
    assert modes.of(Caller("c" * 64), b"") == "off"
    assert modes.of(Caller(), b"") == "route"
    assert modes.may_shadow
    assert not _modes().may_shadow


def test_a_rule_with_keys_and_teams_wants_both() -> None:
    modes = _modes(modes=[{"mode": "off", "keys": ["alice"], "teams": ["t2"]}])
    assert modes.of(ALICE, b"") == modes.of(BOB, b"") == "route"
    assert modes.of(Caller("a" * 64, "alice", "t2"), b"") == "off"


def test_shares_add_up_and_hold_for_a_conversation() -> None:
    modes = _modes(modes=[{"mode": "off", "share": 0.25}, {"mode": "shadow", "share": 0.5}])
    conversations = [n.to_bytes(8) for n in range(20_000)]
    drawn = [modes.of(ALICE, each) for each in conversations]
    assert drawn == [modes.of(BOB, each) for each in conversations]
    counts = Counter(drawn)
    assert counts["off"] / 20_000 == pytest.approx(0.25, abs=0.015)
    assert counts["shadow"] / 20_000 == pytest.approx(0.75 * 0.5, abs=0.015)  # of what the first left
    assert counts["route"] / 20_000 == pytest.approx(0.375, abs=0.015)


def test_the_holdout_is_a_share_of_conversations() -> None:
    modes = _modes(holdout={"share": 0.1})
    held = sum(modes.is_held_out(n.to_bytes(8)) for n in range(20_000))
    assert held / 20_000 == pytest.approx(0.1, abs=0.01)
    assert not _modes().is_held_out(b"")


def test_of_a_key_nothing_is_kept_but_its_hash() -> None:
    token = SimpleNamespace(api_key="sk-secret", key_alias="alias", team_id="t", user_id="x" * 500)
    caller = caller_of(token)
    assert re.fullmatch("[0-9a-f]{64}", caller.key or "")
    assert (caller.alias, caller.team, caller.user) == ("alias", "t", "x" * 200)
    assert caller_of(SimpleNamespace(token="f" * 64)).key == "f" * 64
    assert caller_of(None) == Caller()


def _chat(content: Any = None, finish: str = "stop", **message: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"content": content, **message}, "finish_reason": finish}]}


def _call(arguments: Any) -> dict[str, Any]:
    return {"tool_calls": [{"function": {"name": "f", "arguments": arguments}}]}


@pytest.mark.parametrize(
    ("answer", "form"),
    [
        (_chat("hello"), Form("stop")),
        (_chat([{"type": "text", "text": "hello"}]), Form("stop")),
        (_chat(" \n"), Form("stop", is_empty=True)),
        (_chat("half", "length"), Form("length", is_cut_off=True)),
        (_chat("", "length"), Form("length", is_cut_off=True)),
        (_chat("", "content_filter"), Form("content_filter")),
        (_chat(None, refusal="I won't"), Form("stop")),
        (_chat(None, "tool_calls", **_call('{"a": 1}')), Form("tool_calls")),
        (_chat(None, "tool_calls", **_call("")), Form("tool_calls")),
        (_chat(None, "tool_calls", **_call('{"a": ')), Form("tool_calls", has_bad_tool_call=True)),
        (_chat(None, "tool_calls", **_call("[1]")), Form("tool_calls", has_bad_tool_call=True)),
        (_chat(None, "length", **_call('{"a": ')), Form("length", is_cut_off=True)),
        (_chat(None, "tool_calls", **_call("[" * 100_000)), Form("tool_calls", has_bad_tool_call=True)),
        ({"choices": [{"text": "hello", "finish_reason": "stop"}]}, Form("stop")),
        ({"choices": [{"text": "", "finish_reason": "stop"}]}, Form("stop", is_empty=True)),
        ({"content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn"}, Form("end_turn")),
        ({"content": [{"type": "tool_use", "input": {"a": 1}}], "stop_reason": "tool_use"}, Form("tool_use")),
        ({"content": [], "stop_reason": "end_turn"}, Form("end_turn", is_empty=True)),
        ({"content": [], "stop_reason": "max_tokens"}, Form("max_tokens", is_cut_off=True)),
        (
            {"output": [{"type": "message", "content": [{"text": "hi"}]}], "status": "completed"},
            Form("completed"),
        ),
        ({"output": [{"type": "reasoning"}], "status": "completed"}, Form("completed", is_empty=True)),
        (
            {"output": [{"type": "function_call", "arguments": "{"}], "status": "completed"},
            Form("completed", has_bad_tool_call=True),
        ),
        (
            {"output": [], "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            Form("max_output_tokens", is_cut_off=True),
        ),
        ({"candidates": [{"content": {"parts": [{"text": "hi"}]}, "finishReason": "STOP"}]}, Form("STOP")),
        (
            {
                "candidates": [
                    {"content": {"parts": [{"functionCall": {"args": {}}}]}, "finishReason": "STOP"}
                ]
            },
            Form("STOP"),
        ),
        ({"candidates": [{"finishReason": "SAFETY"}]}, Form("SAFETY")),
        ({"something": "else"}, Form()),
        ("a string", Form()),
        (None, Form()),
    ],
)
def test_the_form_of_an_answer(answer: Any, form: Form) -> None:
    assert form_of(answer) == form


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "message",
                    "content",
                    "text",
                    "output",
                    "type",
                    "candidates",
                    "parts",
                    "tool_calls",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
)


@given(json_values)
def test_no_answer_is_too_odd(answer: Any) -> None:
    assert isinstance(form_of(answer), Form)
    assert isinstance(usage_of({"metadata": answer, "prompt_tokens": answer}), Usage)
    cost_of({"response_cost": answer})


def test_the_tokens_that_litellm_logs() -> None:
    usage = {
        "prompt_tokens_details": {"cached_tokens": 40, "cache_creation_tokens": 7},
        "completion_tokens_details": {"reasoning_tokens": 5},
    }
    logged = {"prompt_tokens": 100, "completion_tokens": 20, "metadata": {"usage_object": usage}}
    assert usage_of(logged) == Usage(100, 20, 40, 7, 5)
    usage |= {"cache_read_input_tokens": 50, "cache_creation_input_tokens": 9}  # type: ignore[dict-item]
    assert usage_of(logged) == Usage(100, 20, 50, 9, 5)
    assert usage_of({}) == Usage()
    assert usage_of({"prompt_tokens": -1, "completion_tokens": float("inf")}) == Usage()


@pytest.mark.parametrize("cost", [None, "1", True, -1.0, float("nan"), float("inf")])
def test_a_cost_that_is_none_is_unknown(cost: Any) -> None:
    assert cost_of({"response_cost": cost}) is None
    assert cost_of({"response_cost": 0.25}) == 0.25


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
finite = st.floats(allow_nan=False, allow_infinity=False)
moments = st.datetimes(timezones=st.timezones())


@pytest.mark.parametrize("kind", [JournalRecord, Outcome, Signal, Document])
@given(data=st.data())
def test_every_item_is_read_back_as_it_was_written(kind: type[Any], data: st.DataObject) -> None:
    st.register_type_strategy(float, finite)
    st.register_type_strategy(str, texts)
    item = data.draw(st.builds(kind))
    again = from_json(kind, to_json(item))
    assert again == item
    assert to_json(again) == to_json(item)
    json.loads(to_json(item))


def test_what_cannot_be_read_says_what_and_why() -> None:
    with pytest.raises(JournalError, match=r"as Signal: score: .* newer version of Heimdall"):
        from_json(Signal, '{"id": "x", "at": "2026-01-01T00:00:00Z", "source": "empty", "score": "s"}')


def test_whom_a_client_names_speaks_for_themselves_by_a_key_that_many_share() -> None:
    caller = Caller("k" * 64, None, None, None, None)
    named = [{}, {"user": "ann"}, {"user": "ben"}, {"safety_identifier": "ann"}, {"prompt_cache_key": "ann"}]
    named += [{"metadata": {"user_id": "ann"}}, {"metadata": {"user_id": "user_1_session_2"}}]
    assert len({speaker_of(caller, data) for data in named}) == len(named)
    # LiteLLM makes sessions up, and nonsense is nobody.
    others = ({"litellm_session_id": "1"}, {"metadata": {"session_id": "1"}}, {"metadata": "x"}, {"user": 5})
    assert {speaker_of(caller, data) for data in others} == {speaker_of(caller, {})}
    assert len(speaker_of(caller, {"user": "x" * 10_000})) < 400
    # All users of an application may have one key of its cache.
    assert [data for data in (*named, *others) if not names_a_person(data)] == [
        {}, {"prompt_cache_key": "ann"}, *others
    ]  # fmt: skip
