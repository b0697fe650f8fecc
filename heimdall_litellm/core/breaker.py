"""The circuit breaker: when a deployment is set aside, and when it is tried again.

Theory. A breaker (Nygard, *Release It!*) keeps a dead deployment from costing each request an attempt. Ours
is a table over three states; what is below it is arithmetic:

| state | event | next |
|---|---|---|
| closed | success | closed; failures in a row are forgotten |
| closed | failure | open, for a pause |
| open, within the pause | asked | stays open: no |
| open, within the pause | success or failure | stays open: that attempt began before it opened |
| open, pause over | asked | half-open: yes, one probe, for `PROBE_S` |
| open, pause over | failure | open, for a longer pause |
| open or half-open | success of a last resort | closed |
| open or half-open | failure of a last resort | as it was: nobody asked the table |
| half-open | the probe came to nothing | open, pause over: another may probe |
| half-open, probe under way | asked | stays half-open: no |
| half-open, probe lost (`PROBE_S` over) | asked | half-open: yes, another probe |
| half-open | success | closed |
| half-open | failure | open, for a longer pause |

A single failure opens it, for a failover costs the next request as much as it cost this one. What keeps a
busy deployment that fails once in a hundred times from being lost is the length of the pause:

    pause = base · 2^(row − 1) · f / (f + s),  within [MIN_PAUSE_S, MAX_PAUSE_S]

where `row` counts the failures in a row, and f and s are the failures and successes of late, each halved
every `HALF_LIFE_S`. A deployment with no recent success is away for `base` at once and for twice as long
after each failed probe; one that answers 99 times in a hundred is away for a second. Where the provider says
how long to wait (`Retry-After`), that is the pause. Pauses are jittered, so that many
workers don't probe at the same moment.

Pure: time (seconds of any steady clock) and jitter are arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

State = Literal["closed", "open", "half-open"]

MIN_PAUSE_S: Final = 1.0
MAX_PAUSE_S: Final = 300.0
MAX_RETRY_AFTER_S: Final = 3600.0
"""A longer wait is believed for this long only: being wrong costs one probe."""
PROBE_S: Final = 60.0
HALF_LIFE_S: Final = 60.0
_RETRY_SPREAD: Final = 0.1
_MAX_ROW: Final = 32
"""Failures in a row beyond which the pause can't grow any more."""


@dataclass(frozen=True, slots=True)
class Circuit:
    """What is remembered of one deployment. `until` ends the pause, or the wait for a probe.

    `failures` and `successes` are decayed counts as of `counted_at`; `cause` says in a word why it opened.
    """

    state: State = "closed"
    until: float = 0.0
    row: int = 0
    failures: float = 0.0
    successes: float = 0.0
    counted_at: float = 0.0
    cause: str = ""


CLOSED: Final = Circuit()


@dataclass(frozen=True, slots=True)
class Pause:
    """How long one kind of failure sets a deployment aside.

    `is_certain`: health of late says nothing against it (a refused credential stays refused), so the share
    f / (f + s) counts as 1. `is_growing`: doubles with every failure in a row. `spread`: by which share of
    it jitter may stretch it.
    """

    base_s: float
    is_certain: bool = False
    is_growing: bool = True
    spread: float = 0.2


def admits(circuit: Circuit, now: float) -> bool:
    """Whether the deployment may be called at `now`; if its pause is over, as a probe (`probing`)."""
    return circuit.state == "closed" or now >= circuit.until


def probing(circuit: Circuit, now: float) -> Circuit:
    """Return the circuit once a call that `admits` allowed is under way."""
    if circuit.state == "closed":
        return circuit
    return replace(circuit, state="half-open", until=now + PROBE_S)


def released(circuit: Circuit, now: float) -> Circuit:
    """Return the circuit where its probe never reached the deployment: another may probe."""
    return replace(circuit, state="open", until=now) if circuit.state == "half-open" else circuit


def recovered(circuit: Circuit) -> Circuit:
    """Return the circuit of a deployment that is known to be well again."""
    return replace(circuit, state="closed", until=0.0, row=0, cause="")


def succeeded(circuit: Circuit, now: float) -> Circuit:
    """Return the circuit after a successful call."""
    counted = _counted(circuit, now, successes=1.0)
    if circuit.state == "open":
        return counted
    return replace(counted, state="closed", until=0.0, row=0, cause="")


def failed(
    circuit: Circuit, now: float, pause: Pause, cause: str, *, retry_after_s: float | None, jitter: float
) -> Circuit:
    """Return the circuit after a failed call.

    `jitter` in 0..1 stretches the pause by that much of its spread; `retry_after_s` is the provider's own
    word, stretched by a tenth at most.
    """
    counted = _counted(circuit, now, failures=1.0)
    if circuit.state == "open" and now < circuit.until:
        return counted
    row = min(circuit.row + 1, _MAX_ROW)
    if retry_after_s is None:
        seconds = _pause_s(pause, row, counted) * (1 + pause.spread * jitter)
    else:
        seconds = min(max(retry_after_s, MIN_PAUSE_S), MAX_RETRY_AFTER_S) * (1 + _RETRY_SPREAD * jitter)
    return replace(counted, state="open", until=now + seconds, row=row, cause=cause)


def opened(seconds: float, row: int, cause: str, now: float) -> Circuit:
    """Return a circuit that somebody else opened, with `seconds` of its pause left."""
    left = min(max(seconds, 0.0), MAX_RETRY_AFTER_S)
    return Circuit("open", now + left, min(max(row, 1), _MAX_ROW), counted_at=now, cause=cause)


def _pause_s(pause: Pause, row: int, counted: Circuit) -> float:
    share = 1.0 if pause.is_certain else counted.failures / (counted.failures + counted.successes)
    growth = 2.0 ** (row - 1) if pause.is_growing else 1.0
    longest = max(MAX_PAUSE_S, pause.base_s)
    return min(max(pause.base_s * growth * share, MIN_PAUSE_S), longest)


def _counted(circuit: Circuit, now: float, *, failures: float = 0.0, successes: float = 0.0) -> Circuit:
    kept = 0.5 ** (max(0.0, now - circuit.counted_at) / HALF_LIFE_S)
    return replace(
        circuit,
        failures=circuit.failures * kept + failures,
        successes=circuit.successes * kept + successes,
        counted_at=now,
    )
