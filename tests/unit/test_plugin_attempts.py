"""The course of a request: what is tried next, and what feeds the breaker."""

from __future__ import annotations

from heimdall_litellm.core.failover import Hop
from heimdall_litellm.health import PAUSES, Failure, Health, own_key
from heimdall_litellm.plugin.attempts import Course

MINE = own_key("anthropic", "1")
HOPS = [
    Hop("gpt", "openai", 128_000),
    Hop("mini", "openai", 128_000),
    Hop("claude", "anthropic", 200_000, MINE),
    Hop("gemini", "gemini", 1_000_000),
]


def _course(limit: int = 4, **more: object) -> tuple[Course, Health]:
    course = Course(HOPS, limit=limit, **more)  # type: ignore[arg-type]
    course.fallbacks[:] = ["claude", "gemini", "mini"]
    return course, Health(clock=lambda: 0.0, jitter=lambda: 0.0)


def _fail(course: Course, health: Health, model: str, failure: Failure) -> None:
    attempt = course.begin(model, health)
    attempt.deployment = f"id-{model}"
    attempt.own = attempt.hop.own
    course.fail(attempt, failure, health)


def test_the_list_litellm_walks_is_rewritten_behind_the_place_it_has_reached() -> None:
    course, health = _course()
    walked = course.fallbacks
    _fail(course, health, "gpt", Failure("refused", 401))
    assert walked == ["mini", "claude", "gemini"]
    _fail(course, health, "mini", Failure("context", 400))
    assert walked == ["mini", "claude", "gemini"]
    _fail(course, health, "claude", Failure("client", 400))
    assert walked == ["mini", "claude"]


def test_where_litellm_does_not_turn_to_the_next_we_take_it_and_leave_those_after() -> None:
    course, health = _course()
    _fail(course, health, "gpt", Failure("unavailable", 503))
    assert course.take_next() == "claude"
    walked = course.fallbacks
    assert walked == ["gemini", "mini"]
    _fail(course, health, "claude", Failure("refused", 402))
    assert walked == ["mini", "gemini"]
    assert course.take_next() == "mini"
    _fail(course, health, "mini", Failure("client", 400))
    assert course.take_next() is None
    assert Course().take_next() is None


def test_no_more_are_tried_than_the_administrator_allows() -> None:
    course, health = _course(limit=1)
    _fail(course, health, "gpt", Failure("unavailable", 503))
    assert course.fallbacks == ["claude"]
    _fail(course, health, "claude", Failure("unavailable", 503))
    assert course.fallbacks == ["claude"]


def test_an_attempt_that_nobody_reported_is_broken_once_the_next_begins() -> None:
    course, health = _course()
    course.begin("gpt", health).deployment = "id-gpt"
    course.begin("claude", health)
    assert course.attempts[0].failure == Failure("broken")
    assert health.why_held("id-gpt") == "broken"
    assert course.fallbacks == ["claude", "gemini", "mini"]


def test_a_callers_own_limit_is_no_fault_of_the_deployment() -> None:
    course, health = _course()
    _fail(course, health, "claude", Failure("rate-limited", 429))
    assert health.why_held("id-claude") is None
    assert health.why_held(MINE) == "rate-limited (429)"
    assert course.fallbacks == ["claude", "gpt", "mini", "gemini"]


def test_an_outage_met_with_a_callers_own_credential_is_the_deployments() -> None:
    course, health = _course()
    _fail(course, health, "claude", Failure("unavailable", 529))
    assert health.why_held("id-claude") == "unavailable (529)"
    assert health.why_held(MINE) is None


def test_a_timeout_that_the_client_set_blames_nobody() -> None:
    course, health = _course(is_patient=False)
    _fail(course, health, "gpt", Failure("timeout", 408))
    assert health.why_held("id-gpt") is None
    patient, health = _course()
    _fail(patient, health, "gpt", Failure("timeout", 408))
    assert health.why_held("id-gpt") is not None


def test_a_callers_own_credential_that_is_over_is_theirs_to_renew() -> None:
    course, health = _course()
    _fail(course, health, "claude", Failure("refused", 401))
    assert course.is_client_to_blame
    assert course.fallbacks == ["claude"]
    assert health.aside() == {}
    other, health = _course()
    _fail(other, health, "claude", Failure("forbidden", 403))
    assert not other.is_client_to_blame
    assert health.why_held(MINE) == "forbidden (403)"


def test_what_is_logged_late_finds_its_own_attempt() -> None:
    course, health = _course()
    first = course.begin("gpt", health)
    second = course.begin("claude", health)
    assert course.attempt_at("gpt") is first
    assert course.attempt_at("claude") is second
    assert course.attempt_at(None) is second
    assert course.attempt_at("else") is None


def test_success_closes_what_it_used_and_a_course_is_lost_only_if_all_failed() -> None:
    course, health = _course()
    _fail(course, health, "gpt", Failure("unavailable", 503))
    assert course.is_lost
    last = course.begin("gemini", health)
    last.deployment = "id-gemini"
    course.succeed(last, health)
    course.fail(last, Failure("broken"), health)
    assert not course.is_lost
    assert last.failure is None


def test_an_empty_course_is_not_lost() -> None:
    assert not Course().is_lost
    assert Course().current is None


def test_a_last_resort_makes_no_pause_longer_and_its_success_ends_it() -> None:
    course, health = _course()
    _fail(course, health, "gpt", Failure("unavailable", 503))
    before = health.aside()
    again, _ = _course()
    last = again.begin("gpt", health)
    last.deployment, last.is_last_resort = "id-gpt", True
    assert not again.fail(last, Failure("unavailable", 503), health)
    assert health.aside() == before
    better, _ = _course()
    last = better.begin("gpt", health)
    last.deployment, last.is_last_resort = "id-gpt", True
    better.succeed(last, health)
    assert health.aside() == {}


def test_an_answer_that_litellm_knew_already_says_nothing_of_the_provider() -> None:
    clock = [0.0]
    health = Health(clock=lambda: clock[0], jitter=lambda: 0.0)
    course, _ = _course()
    _fail(course, health, "gpt", Failure("unavailable", 503))
    clock[0] = 31.0
    assert health.admit(["id-gpt"]) == ["id-gpt"]
    cached, _ = _course()
    attempt = cached.begin("gpt", health)
    attempt.deployment = "id-gpt"
    cached.drop(attempt, health)
    cached.drop(attempt, health)
    assert health.admit(["id-gpt"]) == ["id-gpt"]
    assert health.admit(["id-gpt"]) == []


def test_others_are_well_until_they_are_set_aside() -> None:
    course, health = _course()
    health.know({name: [f"id-{name}"] for name in ("gpt", "mini", "claude", "gemini")})
    assert course.others_are_well("gpt", health)
    for name in ("mini", "claude", "gemini"):
        health.fail(f"id-{name}", Failure("unavailable", 503), PAUSES["unavailable"])
    assert not course.others_are_well("gpt", health)


def test_what_is_no_longer_on_the_list_is_not_tried_from_an_old_copy_of_it() -> None:
    course, health = _course()
    assert course.leads_to("gpt")
    _fail(course, health, "gpt", Failure("client", 400))
    assert course.fallbacks == []
    assert not course.leads_to("claude")
    # Another deployment of the same group may be.
    assert course.leads_to("gpt")


def test_a_malformed_request_says_nothing_of_anybody() -> None:
    course, health = _course(is_telling=False)
    for hop, kind in (("gpt", "unavailable"), ("claude", "rate-limited"), ("gemini", "refused")):
        _fail(course, health, hop, Failure(kind))  # type: ignore[arg-type]
    assert health.aside() == {}


def test_how_long_one_caller_is_to_wait_binds_nobody_else() -> None:
    course, health = _course()
    _fail(course, health, "claude", Failure("unavailable", 503, retry_after_s=3600))
    assert health.aside() == {"id-claude": (30.0, "unavailable (503)")}


def test_the_wait_is_that_for_the_first_who_is_tried_again() -> None:
    course, health = _course()
    assert course.wait_s(health) is None
    _fail(course, health, "gpt", Failure("rate-limited", 429, retry_after_s=90))
    _fail(course, health, "gemini", Failure("rate-limited", 429, retry_after_s=20))
    assert course.wait_s(health) == 20
    course, _ = _course()
    off = Health(is_on=False)
    _fail(course, off, "gpt", Failure("rate-limited", 429, retry_after_s=90))
    assert course.wait_s(off) == 90
