"""The course of one request: which models were tried, how each attempt ended, and who comes next.

LiteLLM walks the list of fallbacks that stands in the request, and looks at the same list object again after
each failed attempt. So the list is written anew then, by what went wrong (`core.failover.after`): one to
which nothing is left ends the walk, and LiteLLM answers with its error. A contract test holds LiteLLM to
this on every supported release.

Each attempt is settled once. LiteLLM reports a failure twice where it serves one endpoint through another,
and not at all where a stream fails before its first content: there the next attempt begins while LiteLLM
handles the exception, which is how we come to know it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from heimdall_litellm.core.failover import FailureKind, Hop, after
from heimdall_litellm.health import OWN_PAUSE, PAUSES, Failure, Health
from heimdall_litellm.observe import metrics

BROKEN = Failure("broken")
_PROVOKED = ("refused", "forbidden", "gone", "broken")
"""What a client's own headers and fields can bring about at any provider."""
_OF_THE_CREDENTIAL = ("rate-limited", "refused", "forbidden", "gone")


@dataclass(slots=True)
class Attempt:
    """One call of one model. `deployment` is LiteLLM's id of it, once known.

    `adapter` is the name of whoever presented a credential, `own` the circuit of that credential where it is
    the caller's. `added_effort`: we said how hard to think, and the client didn't. `time_limit` is what
    LiteLLM gives the call, the client's or the deployment's.
    """

    hop: Hop
    deployment: str | None = None
    adapter: str | None = None
    own: str | None = None
    added_effort: bool = False
    time_limit: object = None
    failure: Failure | None = None
    is_over: bool = False
    is_last_resort: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The circuits it depends on."""
        return tuple(key for key in (self.deployment, self.own) if key is not None)


@dataclass(slots=True)
class Course:
    """The attempts of one request. `hops` are all models it may go to, best first; none is ever added.

    `fallbacks` is the list LiteLLM walks, `taken` whom we turned to ourselves last. `limit` is how many
    further models may be tried, `tokens` the estimated length of the request. `is_patient`: the client stated
    no time limit of its own, so that a timeout says something about the deployment. `is_telling`: so does any
    failure, for the request has a sound form. `is_plain`: it brings no headers or fields of its own to the
    provider, so that a refusal does.
    """

    hops: Sequence[Hop] = ()
    limit: int = 0
    tokens: int = 0
    is_patient: bool = True
    is_telling: bool = True
    is_plain: bool = True
    goes_on_after_policy: bool = False
    fallbacks: list[str] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    taken: str | None = None

    @property
    def current(self) -> Attempt | None:
        """The latest attempt."""
        return self.attempts[-1] if self.attempts else None

    def attempt_at(self, model: str | None) -> Attempt | None:
        """Return the attempt at `model`: what LiteLLM logs of one may arrive when the next is under way.

        Where LiteLLM forgets the model (its adapter for Gemini's own endpoint does), it is the latest.
        """
        if model is None:
            return self.current
        return next((attempt for attempt in reversed(self.attempts) if attempt.hop.model == model), None)

    def hop_of(self, model: str) -> Hop:
        """Return the hop for `model`."""
        return next((hop for hop in self.hops if hop.model == model), Hop(model))

    def others_are_well(self, model: str, health: Health) -> bool:
        """Whether anybody but `model` is still to be tried who isn't set aside."""
        reached = self.fallbacks.index(model) + 1 if model in self.fallbacks else 0
        names = self.fallbacks[reached:]
        return any(health.why_aside(hop.model, hop.own) is None for hop in self.hops if hop.model in names)

    def leads_to(self, model: str) -> bool:
        """Whether `model` may be tried now.

        LiteLLM may walk a copy of the list, made before it changed: it does where a group's deployments have
        an `order`, which it goes through within that group first.
        """
        last = self.current
        if last is None or model in (last.hop.model, self.taken):
            return True
        reached = self.fallbacks.index(last.hop.model) + 1 if last.hop.model in self.fallbacks else 0
        return model in self.fallbacks[reached:]

    @property
    def tried(self) -> tuple[str, ...]:
        """The models tried, in order."""
        return tuple(attempt.hop.model for attempt in self.attempts)

    def wait_s(self, health: Health) -> float | None:
        """Return the seconds until one of those that failed is tried again; None where nobody said so."""
        waits = [_wait_s(attempt, health) for attempt in self.attempts]
        return min((wait for wait in waits if wait), default=None)

    @property
    def is_lost(self) -> bool:
        """Whether every attempt failed."""
        return bool(self.attempts) and all(attempt.failure is not None for attempt in self.attempts)

    def begin(self, model: str, health: Health, failure: Failure = BROKEN) -> Attempt:
        """Note that LiteLLM turns to `model`; whatever it tried before must have failed, with `failure`."""
        last = self.current
        self.attempts.append(Attempt(self.hop_of(model)))
        if last is not None:
            self.fail(last, failure, health)
        return self.attempts[-1]

    def fail(self, attempt: Attempt, failure: Failure, health: Health) -> bool:
        """Settle an attempt that failed, and say who comes next. Whether it was set aside by it."""
        if attempt.is_over:
            return False
        failure = _blamed(attempt, failure)
        attempt.failure, attempt.is_over = failure, True
        metrics.attempt(attempt.hop.provider, failure.kind, attempt.adapter)
        has_opened = self._feed(attempt, failure, health)
        rest = [hop for hop in self.hops if hop.model not in self.tried]
        order = after(
            failure.kind,
            attempt.hop,
            rest,
            set_aside=[hop.model for hop in rest if health.why_aside(hop.model, hop.own) is not None],
            goes_on_after_policy=self.goes_on_after_policy,
            tokens=self.tokens,
        )
        left = max(0, self.limit - (len(self.attempts) - 1))
        self.go_on_with(order[:left])
        return has_opened

    def go_on_with(self, hops: Sequence[Hop]) -> None:
        """Let LiteLLM try these next, and nobody else."""
        reached = self.attempts[-1].hop.model
        at = self.fallbacks.index(reached) + 1 if reached in self.fallbacks else 0
        self.fallbacks[at:] = [hop.model for hop in hops]

    def take_next(self) -> str | None:
        """Return who comes next, where LiteLLM doesn't turn to them itself, and leave it those after."""
        reached = self.attempts[-1].hop.model if self.attempts else None
        at = self.fallbacks.index(reached) + 1 if reached in self.fallbacks else 0
        following, self.fallbacks = self.fallbacks[at : at + 1], self.fallbacks[at + 1 :]
        self.taken = following[0] if following else None
        return self.taken

    @property
    def is_client_to_blame(self) -> bool:
        """Whether the latest settled attempt failed by the client's own mistake."""
        failures = [attempt.failure for attempt in self.attempts if attempt.failure is not None]
        return bool(failures) and failures[-1].kind == "client"

    def _feed(self, attempt: Attempt, failure: Failure, health: Health) -> bool:
        pause = PAUSES.get(failure.kind)
        if pause is None or not self._is_telling(failure.kind):
            health.release(attempt.keys)
            return False
        is_own = attempt.own is not None and failure.kind in _OF_THE_CREDENTIAL
        key, pause = (attempt.own, OWN_PAUSE) if is_own else (attempt.deployment, pause)
        if attempt.own is not None and not is_own:
            # It was said to them alone, for however long.
            failure = replace(failure, retry_after_s=None)
        if key is None or attempt.is_last_resort or not health.fail(key, failure, pause):
            return False
        metrics.set_aside(attempt.hop.provider, failure.kind, is_own=is_own)
        return True

    def _is_telling(self, kind: FailureKind) -> bool:
        is_provoked = (kind == "timeout" and not self.is_patient) or (kind in _PROVOKED and not self.is_plain)
        return self.is_telling and not is_provoked

    def succeed(self, attempt: Attempt, health: Health) -> None:
        """Settle an attempt that succeeded."""
        if not attempt.is_over:
            attempt.is_over = True
            metrics.attempt(attempt.hop.provider, "ok", attempt.adapter)
            (health.recover if attempt.is_last_resort else health.succeed)(attempt.keys)

    def drop(self, attempt: Attempt, health: Health) -> None:
        """Settle an attempt that never reached the provider: LiteLLM knew the answer already."""
        if not attempt.is_over:
            attempt.is_over = True
            health.release(attempt.keys)


def _wait_s(attempt: Attempt, health: Health) -> float | None:
    pause = max((health.wait_s(key) for key in attempt.keys), default=0.0)
    return pause or (attempt.failure.retry_after_s if attempt.failure is not None else None)


def _blamed(attempt: Attempt, failure: Failure) -> Failure:
    """Say whose fault a failure was, where the attempt tells more than the answer."""
    if failure.status == 401 and attempt.own is not None:
        # The caller's own credential is over: only they can renew it, and clients do so when told.
        return replace(failure, kind="client")
    return failure
