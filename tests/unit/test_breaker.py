"""The table of the circuit breaker, row by row, and the length of its pauses."""

from __future__ import annotations

import pytest

from heimdall_litellm.core import breaker
from heimdall_litellm.core.breaker import CLOSED, Circuit, Pause

DOWN = Pause(30.0)


def _fail(circuit: Circuit = CLOSED, now: float = 0.0, pause: Pause = DOWN, **more: object) -> Circuit:
    given = {"retry_after_s": None, "jitter": 0.0, **more}
    return breaker.failed(circuit, now, pause, "unavailable (503)", **given)  # type: ignore[arg-type]


def test_closed_stays_closed_on_success_and_opens_on_the_first_failure() -> None:
    assert breaker.succeeded(CLOSED, 0.0).state == "closed"
    opened = _fail()
    assert (opened.state, opened.until, opened.cause) == ("open", 30.0, "unavailable (503)")
    assert not breaker.admits(opened, 29.9)


def test_open_changes_nothing_on_what_began_before_it_opened() -> None:
    opened = _fail()
    for later in (breaker.succeeded(opened, 5.0), _fail(opened, 5.0)):
        assert (later.state, later.until, later.row) == ("open", opened.until, 1)


def test_after_the_pause_one_probe_is_let_through() -> None:
    opened = _fail()
    assert breaker.admits(opened, 30.0)
    probing = breaker.probing(opened, 30.0)
    assert probing.state == "half-open"
    assert not breaker.admits(probing, 31.0)


def test_a_lost_probe_makes_room_for_another() -> None:
    probing = breaker.probing(_fail(), 30.0)
    assert breaker.admits(probing, 30.0 + breaker.PROBE_S)


def test_a_probe_that_succeeds_closes_and_one_that_fails_opens_for_longer() -> None:
    probing = breaker.probing(_fail(), 30.0)
    closed = breaker.succeeded(probing, 31.0)
    assert (closed.state, closed.row, closed.cause) == ("closed", 0, "")
    again = _fail(probing, 31.0)
    assert again.state == "open"
    assert again.until - 31.0 == pytest.approx(60.0)


def test_a_probe_that_came_to_nothing_may_be_made_by_another() -> None:
    probing = breaker.probing(_fail(), 30.0)
    released = breaker.released(probing, 31.0)
    assert (released.state, released.row) == ("open", 1)
    assert breaker.admits(released, 31.0)
    assert breaker.released(CLOSED, 31.0) is CLOSED


def test_what_is_known_to_be_well_is_closed_and_no_success_is_made_up() -> None:
    recovered = breaker.recovered(_fail())
    assert (recovered.state, recovered.row, recovered.successes) == ("closed", 0, 0.0)


def test_pauses_grow_up_to_five_minutes() -> None:
    circuit, pauses = CLOSED, []
    now = 0.0
    for _ in range(8):
        circuit = _fail(circuit, now)
        pauses.append(circuit.until - now)
        now = circuit.until
        circuit = breaker.probing(circuit, now)
    assert pauses == pytest.approx([30, 60, 120, 240, 300, 300, 300, 300])


def test_what_mostly_answers_is_away_for_a_second() -> None:
    circuit = CLOSED
    for _ in range(99):
        circuit = breaker.succeeded(circuit, 0.0)
    assert _fail(circuit).until == breaker.MIN_PAUSE_S


def test_health_of_long_ago_counts_for_nothing() -> None:
    circuit = CLOSED
    for _ in range(99):
        circuit = breaker.succeeded(circuit, 0.0)
    long_after = 100 * breaker.HALF_LIFE_S
    assert _fail(circuit, long_after).until - long_after == pytest.approx(30.0)


def test_what_is_certain_is_not_doubted_for_health_of_late() -> None:
    circuit = breaker.succeeded(CLOSED, 0.0)
    refused = Pause(300.0, is_certain=True, is_growing=False)
    assert _fail(circuit, pause=refused).until == 300.0


@pytest.mark.parametrize(("stated", "kept"), [(7.0, 7.0), (0.0, 1.0), (1e9, 3600.0)])
def test_the_providers_own_word_is_the_pause_within_bounds(stated: float, kept: float) -> None:
    assert _fail(retry_after_s=stated).until == kept
    assert _fail(retry_after_s=stated, jitter=1.0).until == pytest.approx(kept * 1.1)


def test_jitter_stretches_a_pause_by_its_spread() -> None:
    own = Pause(180.0, is_certain=True, is_growing=False, spread=2 / 3)
    assert [_fail(pause=own, jitter=j).until for j in (0.0, 0.5, 1.0)] == pytest.approx([180, 240, 300])


def test_what_somebody_else_opened_is_open_within_bounds() -> None:
    told = breaker.opened(12.0, 3, "timeout", 100.0)
    assert (told.state, told.until, told.row, told.cause) == ("open", 112.0, 3, "timeout")
    assert breaker.opened(1e12, 10**9, "", 0.0).until == breaker.MAX_RETRY_AFTER_S
