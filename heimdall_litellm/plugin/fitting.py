"""One attempt fitted to its model: whose credential, how much effort, what it can read, or a simulation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from heimdall_litellm.plugin import apply, effort, seams, simulated, transcript
from heimdall_litellm.plugin.credentials import Brought, held
from heimdall_litellm.plugin.records import Record, Records, deployment_of, group_of
from heimdall_litellm.plugin.shield import shield, shield_now

if TYPE_CHECKING:
    from heimdall_litellm.plugin.attempts import Attempt
    from heimdall_litellm.plugin.runtime import Runtime


class Fitting:
    """Changes the arguments of one call of a provider; each step that fails is left out, and counted."""

    def __init__(self, runtime: Runtime, records: Records, provider: simulated.SimulatedProvider) -> None:
        self._runtime, self._records, self._provider = runtime, records, provider
        self._failures = runtime.failures

    async def fitted(self, kwargs: dict[str, Any], call: str) -> dict[str, Any]:
        """Return the attempt's arguments with credential, effort, and a transcript that it can read."""
        credentials, record = self._runtime.credentials, self._records.of(kwargs)
        if record is None:
            return credentials.scoped(kwargs) or kwargs
        if record.is_left_alone:
            record.served = group_of(kwargs) or record.served
            attached = await shield(
                self._failures, "credentials", credentials.attached(kwargs, record.brought), None, kind=tuple
            )
            return attached[0] if attached is not None else kwargs
        record.served = group_of(kwargs) or record.served
        attaching = credentials.attached(kwargs, record.brought)
        presented = await shield(self._failures, "credentials", attaching, None, kind=tuple)
        fitted, whose = presented if presented is not None else (dict(kwargs), None)
        spec = record.effort_for(record.served) if record.served is not None else None
        thinking = fitted
        if spec is not None:
            thinking = shield_now(
                self._failures, "effort", lambda: effort.fitted(fitted, call, spec), fitted, kind=dict
            )
        # Last, for it may find that thinking has to be off.
        readable = shield_now(
            self._failures, "transcript", lambda: _readable(thinking, call), thinking, kind=dict
        )
        self._note_attempt(record, readable, whose, added_effort=thinking is not fitted)
        timed = _within_time(readable, record.course.current)
        return shield_now(self._failures, "hold", lambda: held(timed, call), timed, kind=dict)

    def _note_attempt(
        self, record: Record, kwargs: dict[str, Any], whose: Brought | str | None, *, added_effort: bool
    ) -> None:
        attempt = record.course.current
        if attempt is None:
            return
        attempt.deployment = deployment_of(kwargs) or attempt.deployment
        attempt.added_effort |= added_effort
        if isinstance(whose, str):
            attempt.adapter = whose
        elif whose is not None:
            attempt.adapter, attempt.own = whose.adapter.name, whose.own
        apply.note_attempt(kwargs, record.facts())

    def simulated(self, kwargs: Mapping[str, Any], call: str) -> dict[str, Any] | None:
        """Return the attempt as the simulated provider takes it; None where a real one is to be called."""
        record = self._records.of(kwargs)
        attempt = record.course.current if record is not None else None
        if not self._runtime.is_simulating or (attempt is not None and attempt.adapter is not None):
            # A credential that somebody brings is there to be used.
            return None
        return simulated.redirect(kwargs, call, self._provider, self._runtime.entry(group_of(kwargs)))


def _within_time(kwargs: dict[str, Any], attempt: Attempt | None) -> dict[str, Any]:
    """Return one attempt with its time limit, which LiteLLM's adapter for Gemini's own endpoint loses."""
    if attempt is None:
        return kwargs
    if kwargs.get("timeout") is not None:
        attempt.time_limit = kwargs["timeout"]
    return kwargs if attempt.time_limit is None else {**kwargs, "timeout": attempt.time_limit}


def _readable(kwargs: dict[str, Any], call: str) -> dict[str, Any]:
    whose = seams.provider_and_model(str(kwargs.get("model")), kwargs.get("custom_llm_provider"))
    return transcript.cleaned(kwargs, call, *whose)
