"""The breaker and the chain, for any course of events."""

from __future__ import annotations

from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from heimdall_litellm.core import breaker
from heimdall_litellm.core.breaker import CLOSED, Circuit, Pause
from heimdall_litellm.core.failover import FailureKind, Hop, after
from heimdall_litellm.health import Failure, Health
from heimdall_litellm.plugin.attempts import Course

KINDS: tuple[FailureKind, ...] = get_args(FailureKind)
NAMES = [f"m{i}" for i in range(7)]


class Breaker(RuleBasedStateMachine):
    """One deployment, called by whoever the circuit admits."""

    def __init__(self) -> None:
        super().__init__()
        self.circuit: Circuit = CLOSED
        self.now = 0.0
        self.probes = 0

    @rule(seconds=st.floats(0, 1000))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        if self.circuit.state == "half-open" and self.now >= self.circuit.until:
            self.probes = 0  # the probe is given up

    @precondition(lambda self: breaker.admits(self.circuit, self.now))
    @rule()
    def called(self) -> None:
        self.probes += self.circuit.state != "closed"
        self.circuit = breaker.probing(self.circuit, self.now)

    @rule()
    def succeeded(self) -> None:
        self.circuit = breaker.succeeded(self.circuit, self.now)
        self.probes = 0 if self.circuit.state == "closed" else self.probes

    @rule(
        jitter=st.floats(0, 1),
        stated=st.none() | st.floats(0, 1e7),
        base=st.floats(1, 300),
        is_certain=st.booleans(),
    )
    def failed(self, jitter: float, stated: float | None, base: float, is_certain: bool) -> None:
        before = self.circuit
        pause = Pause(base, is_certain)
        self.circuit = breaker.failed(before, self.now, pause, "x", retry_after_s=stated, jitter=jitter)
        self.probes = 0
        assert not breaker.admits(self.circuit, self.now)
        longest = breaker.MAX_PAUSE_S * 1.2 if stated is None else breaker.MAX_RETRY_AFTER_S * 1.1
        if before.state != "open" or self.now >= before.until:
            assert breaker.MIN_PAUSE_S * 0.999 <= self.circuit.until - self.now <= longest * 1.001

    @invariant()
    def at_most_one_probe_is_under_way(self) -> None:
        assert self.probes <= 1

    @invariant()
    def it_always_opens_again_some_day(self) -> None:
        assert breaker.admits(self.circuit, self.now + breaker.MAX_RETRY_AFTER_S * 1.2)

    @invariant()
    def counts_are_finite(self) -> None:
        assert 0 <= self.circuit.failures < 1e9
        assert 0 <= self.circuit.successes < 1e9


TestBreaker = Breaker.TestCase

hops = st.lists(
    st.builds(
        Hop,
        st.sampled_from(NAMES),
        st.sampled_from(["openai", "anthropic", "gemini"]),
        st.none() | st.sampled_from([8_000, 200_000, 1_000_000]),
        st.none() | st.sampled_from(["own:anthropic:1", "own:openai:2"]),
    ),
    unique_by=lambda hop: hop.model,
    max_size=7,
)


@given(st.sampled_from(KINDS), hops, st.sets(st.sampled_from(NAMES)), st.booleans(), st.integers(0, 10**6))
def test_what_follows_a_failure_is_some_of_what_was_left_each_once(
    kind: FailureKind, every: list[Hop], aside: set[str], goes_on: bool, tokens: int
) -> None:
    failed = every[0] if every else Hop("m0")
    left = after(kind, failed, every, set_aside=aside, goes_on_after_policy=goes_on, tokens=tokens)
    assert len({hop.model for hop in left}) == len(left)
    assert set(left) <= set(every) - {failed}
    where = [hop.model in aside for hop in left]
    assert where == sorted(where)
    if kind == "client":
        assert left == []
    if kind == "context":
        widest = (failed.window or 0) + 1
        assert all(hop.window is None or hop.window >= min(widest, 2 * tokens) for hop in left)
    if kind == "rate-limited" and failed.own is not None:
        assert all(hop.own != failed.own for hop in left)


@settings(max_examples=200)
@given(hops.filter(bool), st.lists(st.sampled_from(KINDS), max_size=20), st.integers(0, 6), st.data())
def test_a_course_ends_visits_no_model_twice_and_stays_among_its_own(
    every: list[Hop], kinds: list[FailureKind], limit: int, data: st.DataObject
) -> None:
    """LiteLLM's walk: the first model, then the list by position, as it stands at each step."""
    health = Health(clock=lambda: 0.0, jitter=lambda: 0.0)
    course = Course(every, limit=limit)
    course.fallbacks[:] = [hop.model for hop in every[1 : 1 + limit]]
    model, at = every[0].model, 0
    for step in range(50):
        attempt = course.begin(model, health)
        attempt.deployment = f"id-{model}"
        if data.draw(st.booleans(), label="is it reported"):
            kind = kinds[step] if step < len(kinds) else "unavailable"
            course.fail(attempt, Failure(kind), health)
            course.fail(attempt, Failure("client"), health)  # reported twice: counts once
        if at >= len(course.fallbacks):
            break
        model, at = course.fallbacks[at], at + 1
    else:
        raise AssertionError("it never ended")
    assert len(set(course.tried)) == len(course.tried) <= 1 + limit
    assert set(course.tried) <= {hop.model for hop in every}
