"""Who is well: the circuits of one process, fed by every attempt.

A circuit has a key: a deployment's id, or a provider and the digest of a caller's own credential
(`own_key`), so that a user whose limit is reached is set aside there without anybody else being. Circuits
that are closed and quiet are forgotten. What opens or closes is told to listeners, which may share it
with other processes (`plugin/shared.py`); what others tell comes in by `adopt`.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from heimdall_litellm.core import breaker
from heimdall_litellm.core.breaker import CLOSED, Circuit, Pause
from heimdall_litellm.core.failover import FailureKind

_DOWN: Final = Pause(base_s=30.0)
PAUSES: Final[Mapping[FailureKind, Pause]] = MappingProxyType(
    {
        "unavailable": _DOWN,
        "timeout": _DOWN,
        "unreachable": _DOWN,
        "broken": _DOWN,
        "rate-limited": _DOWN,
        "refused": Pause(base_s=300.0, is_certain=True, is_growing=False),
        # These may be about something that the request names: health of late speaks for the deployment, and a
        # first one is no more than a suspicion.
        "forbidden": Pause(base_s=60.0),
        "gone": Pause(base_s=60.0),
    }
)
"""How long a deployment is set aside, by failure; the others say nothing about its health."""

OWN_PAUSE: Final = Pause(base_s=180.0, is_certain=True, is_growing=False, spread=2 / 3)
"""A caller's own credential at its limit: three to five minutes."""

_MAX_CIRCUITS: Final = 10_000
_OWN: Final = "own:"
_RANDOM: Final = random.SystemRandom()  # a host may seed its own, for all its workers alike

Listener = Callable[[str, Circuit, float], None]
"""Told key, circuit and seconds of pause left, whenever a circuit opens (seconds > 0) or closes (0)."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong with one attempt. `retry_after_s` is the provider's own word."""

    kind: FailureKind
    status: int | None = None
    retry_after_s: float | None = None

    @property
    def words(self) -> str:
        """Say it in a few words that hold nothing of the request."""
        return f"{self.kind} ({self.status})" if self.status is not None else self.kind


def own_key(provider: str, digest: str) -> str:
    """Return the key of the circuit of a caller's own credential."""
    return f"{_OWN}{provider}:{digest}"


class Health:
    """The circuits by key. Thread-safe and bounded; where it `is_on` not, nobody is ever set aside."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = _RANDOM.random,
        max_circuits: int = _MAX_CIRCUITS,
        is_on: bool = True,
    ) -> None:
        self._is_on = is_on
        self._circuits: dict[str, Circuit] = {}
        self._unwell: set[str] = set()
        self._members: Mapping[str, Sequence[str]] = {}
        self._clock, self._jitter, self._max_circuits = clock, jitter, max_circuits
        self._lock = threading.Lock()
        self._listeners: tuple[Listener, ...] = ()

    def tell(self, listener: Listener) -> None:
        """Tell `listener` too of every change from now on."""
        self._listeners += (listener,)

    def _tell(self, key: str, circuit: Circuit, seconds: float) -> None:
        for listener in self._listeners:
            listener(key, circuit, seconds)

    def know(self, members: Mapping[str, Sequence[str]]) -> None:
        """Note which deployments each model group has, by id."""
        self._members = members

    def why_aside(self, group: str, own: str | None = None) -> str | None:
        """Return why a group can't be called now, in a few words, or None if it can.

        It can if one of its deployments can, and the caller's `own` credential too where that would serve it.
        """
        if not self._unwell:
            return None
        if own is not None and (cause := self.why_held(own)) is not None:
            return cause
        causes = [self.why_held(deployment) for deployment in self._members.get(group, ())]
        return causes[0] if causes and all(causes) else None

    def why_held(self, key: str) -> str | None:
        """Return why what `key` stands for is set aside, or None if it isn't."""
        circuit = self._circuits.get(key)
        return circuit.cause if circuit is not None and not breaker.admits(circuit, self._clock()) else None

    def wait_s(self, key: str) -> float:
        """Return the seconds until what `key` stands for may be called again; 0 if it may now."""
        circuit = self._circuits.get(key, CLOSED)
        now = self._clock()
        return 0.0 if breaker.admits(circuit, now) else circuit.until - now

    @property
    def is_on(self) -> bool:
        """Whether anybody is ever set aside."""
        return self._is_on

    def admit(self, deployments: Sequence[str], own: str | None = None) -> list[str]:
        """Return those of a group's `deployments` that may be called now, and claim the probe where one is
        due.

        Looking and claiming are one step: of all who ask when a pause is over, one gets the probe, and that
        deployment alone. Empty if all are set aside, or the caller's `own` credential is.
        """
        now = self._clock()
        with self._lock:
            if own is not None and not self._claim(own, now):
                return []
            closed = []
            for key in deployments:
                if self._circuits.get(key, CLOSED).state == "closed":
                    closed.append(key)
                elif self._claim(key, now):
                    return [key]
            return closed

    def _claim(self, key: str, now: float) -> bool:
        circuit = self._circuits.get(key, CLOSED)
        if not breaker.admits(circuit, now):
            return False
        if circuit.state != "closed":
            self._put(key, breaker.probing(circuit, now))
        return True

    def release(self, keys: Sequence[str]) -> None:
        """Note that an attempt came to nothing that says anything: its probe may be made by another."""
        now = self._clock()
        with self._lock:
            for key in keys:
                if (circuit := self._circuits.get(key)) is not None:
                    self._put(key, breaker.released(circuit, now))

    def recover(self, keys: Sequence[str]) -> None:
        """Note that a call as a last resort succeeded, so that nobody need wait for a pause to end."""
        for key in keys:
            with self._lock:
                before = self._circuits.get(key, CLOSED)
                self._put(key, breaker.recovered(before))
            if before.state != "closed":
                self._tell(key, CLOSED, 0.0)

    def succeed(self, keys: Sequence[str]) -> None:
        """Note an attempt that succeeded."""
        now = self._clock()
        for key in keys:
            with self._lock:
                before = self._circuits.get(key, CLOSED)
                after = breaker.succeeded(before, now)
                # Callers come and go: of those who never failed nothing is kept.
                if before is not CLOSED or not key.startswith(_OWN):
                    self._put(key, after)
            if before.state != "closed" and after.state == "closed":
                self._tell(key, after, 0.0)

    def fail(self, key: str, failure: Failure, pause: Pause) -> bool:
        """Note an attempt that failed, and set `key` aside; False where it was so already."""
        if not self._is_on:
            return False
        now = self._clock()
        with self._lock:
            before = self._circuits.get(key, CLOSED)
            after = breaker.failed(
                before,
                now,
                pause,
                failure.words,
                retry_after_s=failure.retry_after_s,
                jitter=self._jitter(),
            )
            self._put(key, after)
        has_opened = after.until != before.until
        if has_opened:
            self._tell(key, after, after.until - now)
        return has_opened

    def adopt(self, key: str, seconds: float, row: int, cause: str) -> None:
        """Take over what another process found out: set aside for `seconds` more, or well again (0)."""
        if not self._is_on:
            return
        now = self._clock()
        with self._lock:
            mine = self._circuits.get(key, CLOSED)
            if seconds <= 0:
                if mine.state == "open":
                    self._put(key, breaker.recovered(mine))
            elif mine.state == "closed" or (mine.state == "open" and mine.until < now + seconds):
                self._put(key, breaker.opened(seconds, row, cause, now))

    def aside(self) -> dict[str, tuple[float, str]]:
        """Return seconds left and cause of all that is set aside now, by key."""
        now = self._clock()
        with self._lock:
            return {
                key: (circuit.until - now, circuit.cause)
                for key, circuit in self._circuits.items()
                if not breaker.admits(circuit, now)
            }

    def _put(self, key: str, circuit: Circuit) -> None:
        self._circuits.pop(key, None)
        self._circuits[key] = circuit  # the latest last, so that the first to go is the longest unheard of
        (self._unwell.discard if circuit.state == "closed" else self._unwell.add)(key)
        while len(self._circuits) > self._max_circuits:
            oldest = next(iter(self._circuits))
            del self._circuits[oldest]
            self._unwell.discard(oldest)
