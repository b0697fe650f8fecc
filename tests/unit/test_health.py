"""The circuits of a process: groups, callers' own credentials, and what is told to others."""

from __future__ import annotations

import pytest

from heimdall_litellm.core.breaker import Circuit
from heimdall_litellm.health import OWN_PAUSE, PAUSES, Failure, Health, own_key

DOWN = Failure("unavailable", 503)


class World:
    """A health whose clock the test sets."""

    def __init__(self, **more: object) -> None:
        self.now = 0.0
        self.told: list[tuple[str, str, float]] = []
        self.health = Health(clock=lambda: self.now, jitter=lambda: 0.0, **more)  # type: ignore[arg-type]
        self.health.know({"gpt": ["a", "b"], "claude": ["c"]})
        self.health.tell(self._hear)

    def _hear(self, key: str, circuit: Circuit, seconds: float) -> None:
        self.told.append((key, circuit.state, seconds))

    def down(self, key: str) -> None:
        self.health.fail(key, DOWN, PAUSES["unavailable"])


def test_a_group_is_aside_once_all_its_deployments_are() -> None:
    world = World()
    world.down("a")
    assert world.health.why_aside("gpt") is None
    assert world.health.why_held("a") == "unavailable (503)"
    world.down("b")
    assert world.health.why_aside("gpt") == "unavailable (503)"
    assert world.health.why_aside("claude") is None
    assert world.health.why_aside("unheard-of") is None


def test_a_callers_own_credential_is_set_aside_for_nobody_else() -> None:
    world = World()
    mine, yours = own_key("anthropic", "1"), own_key("anthropic", "2")
    world.health.fail(mine, Failure("rate-limited", 429), OWN_PAUSE)
    assert world.health.why_aside("claude", mine) == "rate-limited (429)"
    assert world.health.why_aside("claude", yours) is None
    assert world.health.why_aside("claude") is None
    world.now = 179.0
    assert world.health.why_aside("claude", mine) is not None
    world.now = 181.0
    assert world.health.why_aside("claude", mine) is None


def test_one_probe_at_a_time_and_its_success_makes_all_well() -> None:
    world = World()
    world.down("c")
    world.now = 31.0
    assert world.health.why_aside("claude") is None
    assert world.health.admit(["c"]) == ["c"]
    assert world.health.admit(["c"]) == []
    assert world.health.why_aside("claude") is not None
    world.health.succeed(["c"])
    assert world.health.why_aside("claude") is None
    assert world.health.aside() == {}


def test_what_opens_and_closes_is_told_once() -> None:
    world = World()
    world.down("c")
    world.down("c")
    world.now = 31.0
    world.health.admit(["c"])
    world.health.succeed(["c"])
    world.health.succeed(["c"])
    assert world.told == [("c", "open", 30.0), ("c", "closed", 0.0)]


def test_what_others_found_out_is_taken_over() -> None:
    world = World()
    world.health.adopt("c", 20.0, 3, "timeout")
    assert world.health.why_aside("claude") == "timeout"
    assert world.health.aside() == {"c": (20.0, "timeout")}
    world.health.adopt("c", 0.0, 0, "")
    assert world.health.why_aside("claude") is None
    assert world.told == []


def test_what_others_found_out_shortens_nothing_known_here() -> None:
    world = World()
    world.down("c")
    world.health.adopt("c", 5.0, 1, "timeout")
    world.now = 10.0
    assert world.health.why_aside("claude") == "unavailable (503)"
    world.health.adopt("unknown", 0.0, 0, "")
    assert world.health.why_held("unknown") is None


def test_switched_off_it_sets_nobody_aside() -> None:
    world = World(is_on=False)
    world.down("c")
    world.health.adopt("c", 20.0, 1, "timeout")
    assert world.health.why_aside("claude") is None


def test_of_a_group_the_well_ones_are_admitted_and_one_whose_pause_is_over_alone() -> None:
    world = World()
    assert world.health.admit(["a", "b"]) == ["a", "b"]
    world.down("a")
    assert world.health.admit(["a", "b"]) == ["b"]
    world.now = 31.0
    assert world.health.admit(["a", "b"]) == ["a"]
    assert world.health.admit(["a", "b"]) == ["b"]
    world.health.release(["a"])
    assert world.health.admit(["a", "b"]) == ["a"]


def test_a_credential_that_is_set_aside_admits_nobody() -> None:
    world = World()
    mine = own_key("anthropic", "1")
    world.health.fail(mine, Failure("rate-limited", 429), OWN_PAUSE)
    assert world.health.admit(["c"], mine) == []
    assert world.health.admit(["c"]) == ["c"]
    world.now = 181.0
    assert world.health.admit(["c"], mine) == ["c"]
    assert world.health.admit(["c"], mine) == []


def test_a_last_resort_that_succeeds_ends_the_pause() -> None:
    world = World()
    world.down("c")
    world.health.recover(["c"])
    assert world.health.why_aside("claude") is None
    assert world.told[-1] == ("c", "closed", 0.0)


def test_callers_who_never_failed_are_not_remembered_and_the_rest_is_bounded() -> None:
    world = World(max_circuits=10)
    for number in range(100):
        world.health.succeed([own_key("openai", str(number))])
    assert world.health._circuits == {}
    for number in range(100):
        world.down(f"d{number}")
    assert len(world.health._circuits) == 10
    assert len(world.health._unwell) == 10
    assert set(world.health.aside()) == {f"d{n}" for n in range(90, 100)}


@pytest.mark.parametrize("kind", ["client", "context", "policy", "unfit"])
def test_what_the_request_is_to_blame_for_sets_nobody_aside(kind: str) -> None:
    assert kind not in PAUSES
