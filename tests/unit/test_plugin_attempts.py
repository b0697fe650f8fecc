"""The course of a request: what is tried next, and what feeds the breaker."""

from __future__ import annotations

from heimdall_litellm.core.failover import Hop
from heimdall_litellm.health import Failure, Health, own_key
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
    assert course.attempt_at(None) is None


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
