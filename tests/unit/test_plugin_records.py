"""What is remembered of a request, and what is counted of our failures."""

from __future__ import annotations

import copy
import json
import logging

import pytest

from heimdall_litellm.errors import ConfigError, NoCandidate
from heimdall_litellm.plugin.apply import HANDLE_KEY
from heimdall_litellm.plugin.records import Record, Records, group_of, safe_header
from heimdall_litellm.plugin.shield import Failures, say_plainly, shield, shield_now


def test_a_record_is_found_by_the_handle_in_either_metadata() -> None:
    records, record = Records(), Record("heimdall", "why")
    records.add(record)
    assert records.of({"metadata": {HANDLE_KEY: record.handle}}) is record
    assert records.of({"litellm_metadata": {HANDLE_KEY: record.handle}, "metadata": "odd"}) is record
    assert records.of({"metadata": {HANDLE_KEY: ["unhashable"]}}) is None
    assert records.of({"metadata": {HANDLE_KEY: "another"}}) is None
    assert records.of(copy.deepcopy({"metadata": {HANDLE_KEY: record.handle}})) is record
    # What a client can write is a plain text, and what it reads in a log is one.
    assert records.of(json.loads(json.dumps({"metadata": {HANDLE_KEY: record.handle}}))) is None
    assert record.handle not in repr({HANDLE_KEY: record.handle})
    assert records.of(None) is None


def test_the_oldest_records_go_first() -> None:
    records = Records(max_entries=2)
    made = [Record("heimdall", str(n)) for n in range(3)]
    for record in made:
        records.add(record)
    assert len(records) == 2
    assert records.of({"metadata": {HANDLE_KEY: made[0].handle}}) is None


def test_old_records_go_too() -> None:
    now = 0.0
    records, made = Records(max_age_s=60, clock=lambda: now), [Record("heimdall", str(n)) for n in range(3)]
    for record in made:
        records.add(record)
        now += 40
    assert len(records) == 2
    assert records.of({"metadata": {HANDLE_KEY: made[0].handle}}) is None


@pytest.mark.parametrize("evil", ["a\r\nset-cookie: x", "naïve-模型", "\x00", "x" * 5000])
def test_no_model_name_or_reason_can_break_out_of_a_header(evil: str) -> None:
    record = Record("heimdall", evil)
    record.served = evil
    for value in record.headers().values():
        assert value.isascii()
        assert value.isprintable()
        assert len(value) <= 300


def test_a_short_plain_header_is_left_as_it_is() -> None:
    assert safe_header("gpt-5 (mid)") == "gpt-5 (mid)"


def test_litellms_own_metadata_names_the_group() -> None:
    both = {"metadata": {"model_group": "client"}, "litellm_metadata": {"model_group": "ours"}}
    assert group_of(both) == "ours"
    assert group_of({"metadata": {"model_group": ""}}) is None


def test_failures_are_counted_by_stage_and_cause_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    failures = Failures()
    with caplog.at_level(logging.WARNING, "heimdall_litellm"):
        for _ in range(3):
            failures.record("decide", ValueError("sk-secret and a prompt"))
        failures.record("access", ValueError("x"))
    assert failures.counts() == {("decide", "ValueError"): 3, ("access", "ValueError"): 1}
    assert len(caplog.records) == 2
    assert "sk-secret" not in caplog.text


def test_the_number_of_causes_is_bounded() -> None:
    failures = Failures(max_causes=2)
    for number in range(5):
        failures.record("decide", type(f"E{number}", (Exception,), {})())
    assert failures.counts()["decide", "other"] == 3


async def _raising(error: BaseException) -> int:
    raise error


async def _returning(value: object) -> object:
    return value


async def test_a_shield_turns_exceptions_and_nonsense_into_the_alternative() -> None:
    failures = Failures()
    assert await shield(failures, "s", _raising(KeyError("x")), 7) == 7
    assert await shield(failures, "s", _returning("odd"), {}, kind=dict) == {}
    assert await shield(failures, "s", _returning(None), {}, kind=dict) is None
    assert shield_now(failures, "s", lambda: 1 // 0, 7) == 7
    assert shield_now(failures, "s", lambda: 5, 7) == 5
    assert sum(failures.counts().values()) == 3


async def test_what_the_caller_must_change_passes_a_shield() -> None:
    failures = Failures()
    refusal = NoCandidate({"a": "why"})
    with pytest.raises(NoCandidate):
        await shield(failures, "s", _raising(refusal), 7)
    with pytest.raises(NoCandidate):
        shield_now(failures, "s", lambda: (_ for _ in ()).throw(refusal), 7)
    assert failures.counts() == {}


async def test_cancellation_passes_a_shield() -> None:
    with pytest.raises(KeyboardInterrupt):
        await shield(Failures(), "s", _raising(KeyboardInterrupt()), 7)


def test_the_server_prints_a_paragraph_in_place_of_the_traceback(caplog: pytest.LogCaptureFixture) -> None:
    server = logging.getLogger("uvicorn.error")
    before = list(server.filters)
    try:
        say_plainly(ConfigError("router.alpha: 7 is wrong"))
        server.error("Traceback ...\nConfigError: router.alpha: 7 is wrong\n")
        server.error("something else")
    finally:
        server.filters[:] = before
    assert [r.getMessage() for r in caplog.records] == [
        "Heimdall can't start.\n  router.alpha: 7 is wrong",
        "something else",
    ]


def test_records_are_found_by_their_own_id_and_their_calls() -> None:
    records = Records()
    made = [Record("heimdall", str(n)) for n in range(3)]
    made[0].call_id = made[1].call_id = made[2].call_id = "call"
    for record in made[:2]:
        records.add(record)
    records.watch(made[2])
    assert records.find("call") == made
    assert records.find(made[1].id) == [made[1]]
    assert records.find("nonesuch") == []
