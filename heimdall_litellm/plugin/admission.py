"""Which deployments an attempt may go to: permitted by the decision, well, and next in its course."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from heimdall_litellm.errors import NoOtherModel
from heimdall_litellm.plugin import seams
from heimdall_litellm.plugin.guard import refused
from heimdall_litellm.plugin.verdict import has_answered

if TYPE_CHECKING:
    from heimdall_litellm.plugin.guard import Guard
    from heimdall_litellm.plugin.outcomes import Outcomes
    from heimdall_litellm.plugin.records import Record
    from heimdall_litellm.plugin.runtime import Runtime


class Admission:
    """Guards each attempt of a request before LiteLLM picks a deployment for it."""

    def __init__(self, runtime: Runtime, guard: Guard, outcomes: Outcomes) -> None:
        self._runtime, self._guard, self._outcomes = runtime, guard, outcomes

    async def filtered(
        self,
        record: Record | None,
        model: str,
        deployments: list[Any],
        request: Mapping[str, Any] | None,
        recovering: BaseException | None,
    ) -> list[Any]:
        """Return the deployments of `model` that the request may go to, given what it is `recovering` from.

        Raises RequestError where it may go to no other model at all.
        """
        if record is None:
            return await self._guard.unseen(model, deployments, request)
        if record.is_closed:
            raise refused(record.requested)
        if record.is_left_alone:
            record.course.begin(model, self._runtime.health)
            return deployments
        if record.allowed is not None and model not in record.allowed:
            return []
        last = record.course.current
        if last is not None and not last.is_over and recovering is not None:
            # Reported by nobody, so a stream: with a status, if a provider said something within it.
            self._outcomes.settle(record, last, recovering, is_stream=has_answered(recovering))
        if record.course.is_client_to_blame:
            raise NoOtherModel(*(record.final or (400, "the request was refused")))
        if seams.has_begun(recovering):
            # A second answer behind half of a first one would be neither.
            record.course.go_on_with(())
            raise NoOtherModel(502, "the stream broke off after its first content")
        if not record.course.leads_to(model):
            return []
        return self._admitted(record, model, deployments)

    def _admitted(self, record: Record, model: str, deployments: list[Any]) -> list[Any]:
        """Begin an attempt at `model`, and return those of its deployments that may be called."""
        health, course = self._runtime.health, record.course
        credentials = self._runtime.credentials
        dedicated = [credentials.dedicated(d, record.brought) or d for d in deployments]
        own = course.hop_of(model).own if dedicated != deployments else None
        admitted = set(health.admit([_id_of(d) for d in deployments], own))
        if not admitted and course.others_are_well(model, health):
            return []  # which sends LiteLLM to the next model
        attempt = course.begin(model, health)
        attempt.is_last_resort = not admitted
        ids = [_id_of(d) for d in deployments]
        if len(ids) == 1 or len(admitted) == 1:
            attempt.deployment = next(iter(admitted), ids[0])
        return [d for d, known in zip(dedicated, ids, strict=True) if not admitted or known in admitted]


def _id_of(deployment: Any) -> str:
    info = deployment.get("model_info") if isinstance(deployment, Mapping) else None
    return str(info.get("id")) if isinstance(info, Mapping) else ""
