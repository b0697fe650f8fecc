"""From a request for a virtual name to the request that LiteLLM goes on with, one way or another.

1. What a caller says to Heimdall, and the credentials they bring, are taken out of it (`translate`,
   `credentials`).
2. A decision is made, if the request can be decided on; a conversation that goes on stays with its model.
3. Otherwise the default model answers, or what its caller may use instead.

Each step stands behind a shield; whoever may use nothing is refused.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from heimdall_litellm.core.explain import summary
from heimdall_litellm.core.failover import Hop, after
from heimdall_litellm.core.request import read_request
from heimdall_litellm.core.types import NO_OVERRIDES, Decision, RequestFacts, Standing
from heimdall_litellm.errors import HeimdallError, NoCandidate, RequestError
from heimdall_litellm.journal.record import Arm
from heimdall_litellm.plugin import access, apply, form, seams, translate
from heimdall_litellm.plugin.attempts import Course
from heimdall_litellm.plugin.guard import Guard, refused
from heimdall_litellm.plugin.modes import caller_of, names_a_person, speaker_of
from heimdall_litellm.plugin.recording import Choice, cause_of
from heimdall_litellm.plugin.records import Record
from heimdall_litellm.plugin.runtime import Runtime
from heimdall_litellm.plugin.shield import Failures, later, shield, shield_now

_OF_THE_CLIENT = ("headers", "extra_headers", "extra_query", "extra_body")
_TIME_LIMITS = ("timeout", "stream_timeout", "request_timeout")


@dataclass(frozen=True, slots=True)
class _Request:
    """What all the ways below are given. `data` is the request without what is said to us.

    `is_formed`: it has a form that is worth deciding on; what fails otherwise is its own fault.
    """

    record: Record
    data: translate.Data
    call_type: str
    token: object
    asked: Mapping[str, object]
    is_formed: bool
    facts: RequestFacts | None = None
    conversation: bytes = b""


class Routing:
    """Routes requests for virtual names; on trial, leaving nothing but a record and what is returned."""

    def __init__(self, runtime: Runtime, guard: Guard, failures: Failures, *, is_trial: bool = False) -> None:
        self._runtime, self._guard, self._is_trial = runtime, guard, is_trial
        self._failures = failures

    async def route(
        self, record: Record, data: translate.Data, call_type: str, token: object
    ) -> translate.Data:
        """Return the request as it is to go on. Raises RequestError where its caller must change it."""
        if not self._is_trial:
            shield_now(self._failures, "redis", self._runtime.shared.keep_in_step, None)
        brought = later(self._runtime.credentials.brought, data)
        record.brought = await shield(self._failures, "credentials", brought, record.brought, kind=dict)
        consumed = later(translate.consume, data, call_type)
        cleaned = await shield(self._failures, "consume", consumed, None, kind=dict)
        if cleaned is None:
            cleaned = translate.bare(data)
        routed, is_formed, asked, facts, conversation = None, False, {}, None, b""
        if call_type not in translate.ENDPOINTS:
            record.reason = "Heimdall does not route this endpoint; the default model answers"
            record.cause = "unrouted"
        else:
            asked = await shield(self._failures, "overrides", later(translate.asked, data), {}, kind=dict)
            is_formed = shield_now(self._failures, "form", lambda: form.is_well_formed(call_type, data), True)
            facts = shield_now(self._failures, "decide", lambda: read_request(cleaned), None)
        if not self._is_trial:
            noted = self._noted
            conversation = shield_now(self._failures, "mode", lambda: noted(record, data, token, facts), b"")
        request = _Request(record, cleaned, call_type, token, asked, is_formed, facts, conversation)
        if record.is_left_alone:
            left = await shield(self._failures, "default", self._left_alone(request), None, kind=dict)
            if left is not None:
                return left
            record.mode = "route"
        is_sound = is_formed
        if _goes_on(request):
            # Its conversation is with one model only: no other can take over.
            is_sound = False
            routed = await shield(self._failures, "continue", self._continued(request), None, kind=dict)
        elif is_sound:
            routed = await shield(self._failures, "decide", self._decided(request), None, kind=dict)
        else:
            record.reason = record.reason or "the request is malformed, or has no prompt to decide on"
            record.cause = "unrouted"
        if routed is None:
            # A malformed request fails with every model: LiteLLM is to say so, once.
            undecided = self._undecided(request, is_resilient=is_sound)
            routed = await shield(self._failures, "default", undecided, None, kind=dict)
        if routed is None:
            # Not even that: whoever may use everything goes on, everybody else fails closed.
            if not access.is_admin(token):
                raise refused(record.requested)
            routed = cleaned
        return routed

    def _noted(
        self, record: Record, data: translate.Data, token: object, facts: RequestFacts | None
    ) -> bytes:
        """Note on the record who asks, in which mode, and after what; returns the conversation."""
        runtime = self._runtime
        record.caller, record.call_id = caller_of(token), _call_id(data)
        conversation = b""
        if facts is not None:
            conversation = runtime.conversations.identity(facts, speaker_of(record.caller, data))
        record.mode = runtime.modes.of(record.caller, conversation)
        if facts is not None and record.mode != "off":
            record.follows = runtime.conversations.follow(
                conversation,
                record.id,
                facts,
                time.monotonic(),
                asked=f"{record.requested}\x1f{record.call}",
                is_one_person=names_a_person(data),
                listens=runtime.settings.journal.enabled,
            )
        return conversation

    async def watch(self, record: Record, data: translate.Data, call_type: str, token: object) -> bool:
        """Decide on a request for a model group as though it asked for the virtual name, and leave it so.

        Says whether that was done: not where its mode is another, where it is no request to decide on, or
        where it asks for no group that there is.
        """
        if call_type not in translate.ENDPOINTS or not form.is_well_formed(call_type, data):
            return False
        runtime = self._runtime
        await runtime.engine(self._models())
        group = runtime.group_of(record.requested)
        if group is None or not runtime.modes.watches(group):
            return False
        record.requested = group
        facts = read_request(data)
        conversation = self._noted(record, data, token, facts)
        if record.mode != "shadow":
            return False
        record.brought = self._runtime.credentials.brought(data)
        record.goes_to = record.served = record.requested
        record.reason = "nothing was decided"
        request = _Request(record, data, call_type, token, {}, True, facts, conversation)
        await self._consider(request, self._runtime.settings.name)
        record.brought = {}
        return True

    async def _left_alone(self, request: _Request) -> translate.Data:
        """Return the request as LiteLLM would serve it without us, with a decision noted in shadow mode.

        Raises NoCandidate where its caller may not use the default model.
        """
        record = request.record
        if record.mode == "shadow" and request.is_formed:
            considered = self._consider(request, record.requested)
            await shield(self._failures, "decide", considered, None)
        elif record.mode == "shadow":
            record.cause = "unrouted"
        await self._guard.check_default(record.requested, request.token)
        record.reason = record.reason or "the default model answers, as without Heimdall"
        record.goes_to = record.requested
        left = dict(request.data)
        self._stamp(left, request)
        return left

    async def _consider(self, request: _Request, name: str) -> None:
        """Note what would be decided; who would be refused is left alone like everybody."""
        record = request.record
        if _goes_on(request):
            record.cause = "continued"
            record.reason = "the model that holds its conversation would go on with it"
            return
        try:
            choice = await self._choice(request, name)
        except RequestError as error:
            record.cause, record.reason = "refused", f"it would have been refused: {error}"
            return
        record.choice, record.reason = choice, summary(choice.decision)
        record.cause = cause_of(choice.decision, choice.overrides, "chosen")

    @staticmethod
    def _models() -> Sequence[Mapping[str, object]]:
        return seams.models_of(seams.proxy_router()) or seams.configured_models()

    async def _choice(self, request: _Request, name: str) -> Choice:
        """Decide on a request for the virtual `name`. Raises RequestError where its caller must change it."""
        record, settings, facts = request.record, self._runtime.settings, request.facts
        if facts is None:
            raise HeimdallError("the request can't be read")
        router = seams.proxy_router()
        wanted = translate.overrides(request.asked, settings)
        engine = await self._runtime.engine(self._models())
        candidates = engine.candidate_names(name)
        allowed = await access.permitted(candidates, request.token, router, self._failures)
        snapshot, standing = engine.snapshot, self._standing(record, candidates)
        decided = engine.decide_facts(
            facts,
            name=name,
            permitted=allowed,
            overrides=wanted,
            latencies=self._runtime.latencies,
            standing=standing,
            is_trial=self._is_trial,
            snapshot=snapshot,
        )
        decision = _check(decided, allowed)
        return Choice(facts, decision, snapshot, allowed, wanted, standing)

    async def _decided(self, request: _Request) -> translate.Data:
        record, settings = request.record, self._runtime.settings
        choice = self._drawn(await self._choice(request, record.requested), request)
        decision, allowed = choice.decision, choice.permitted
        router = seams.proxy_router()
        ranked = [
            name for name in decision.ranked or (decision.model, *decision.fallbacks) if name in allowed
        ]
        fallbacks = [name for name in decision.fallbacks if name in allowed]
        model, reason = decision.model, summary(decision)
        if choice.arm == "holdout":
            model = choice.baseline
            ranked = [model, *(name for name in ranked if name != model)]
            fallbacks = [name for name in ranked[1:] if name in (decision.model, *fallbacks)]
            reason = f"held out to measure against: the baseline answers instead of {decision.model}"
        course = self._course(request, ranked, choice.facts.input_tokens)
        course.fallbacks[:] = fallbacks
        routed = apply.redirect(request.data, model, course.fallbacks, seams.router_fallback_kinds(router))
        spend = None
        if settings.features.spend_metadata:
            spend = apply.spend_record(decision, model, record.id, record.requested, reason)
        self._stamp(routed, request, spend)
        # Last, so that what fails before leaves nothing of a decision that isn't followed.
        record.note(choice, reason)
        record.goes_to, record.course, record.is_sound = model, course, True
        return apply.without_retries(routed)

    def _drawn(self, choice: Choice, request: _Request) -> Choice:
        """Return the choice with the probability of where it goes: here, or by a draw to the baseline."""
        share = self._runtime.settings.holdout.share
        # Who says how they want it decided is not to be surprised.
        if not share or self._is_trial or choice.overrides != NO_OVERRIDES:
            return choice
        decision, baseline = choice.decision, choice.baseline
        if not any(c.model == baseline and c.eligible for c in decision.candidates):
            return choice
        is_held_out = self._runtime.modes.is_held_out(request.conversation)
        if baseline == decision.model:
            return replace(choice, arm="holdout") if is_held_out else choice
        arm: Arm = "holdout" if is_held_out else "chosen"
        return replace(choice, arm=arm, propensity=share if is_held_out else 1.0 - share)

    def _standing(self, record: Record, candidates: Iterable[str]) -> Standing:
        health = self._runtime.health
        why = {name: health.why_aside(name, self._own(record, name)) for name in candidates}
        aside = {name: cause for name, cause in why.items() if cause is not None}
        return Standing(frozenset(record.brought) | self._runtime.credentials.stored, aside)

    def _own(self, record: Record, name: str) -> str | None:
        """Return the circuit of the caller's own credential, if that would serve the group `name`."""
        owner = self._runtime.owner_of(name) if record.brought else None
        mine = record.brought.get(owner) if owner is not None else None
        return mine.own if mine is not None else None

    def _course(self, request: _Request, names: Iterable[str], tokens: int = 0) -> Course:
        """Return a course over `names`, best first."""
        hops = []
        for name in names:
            entry = self._runtime.entry(name)
            provider, window = (entry.provider, entry.max_input_tokens) if entry is not None else ("", None)
            hops.append(Hop(name, provider, window, self._own(request.record, name)))
        settings = self._runtime.settings
        return Course(
            hops,
            limit=settings.router_of(request.record.requested).max_fallbacks,
            tokens=tokens,
            is_telling=request.is_formed,
            is_plain=not any(request.data.get(name) for name in _OF_THE_CLIENT),
            is_patient=not any(request.data.get(name) is not None for name in _TIME_LIMITS),
            goes_on_after_policy=settings.failover.after_content_policy,
        )

    async def _continued(self, request: _Request) -> translate.Data | None:
        """Return the request for the model that holds its conversation; None where that can't be told.

        Raises NoCandidate where the caller may not use that model.
        """
        record = request.record
        translate.overrides(request.asked, self._runtime.settings)
        router = seams.proxy_router()
        record.reason = "the conversation's model can't be told, so the default model goes on with it"
        record.cause = "unrouted"
        group = seams.group_of_response(request.data["previous_response_id"], router)
        if group is None:
            return None
        if group in self._runtime.settings.names:
            await self._guard.check_default(group, request.token)
        elif not await access.permitted([group], request.token, router, self._failures):
            why = {group: "this key may not use it, and the conversation is with it"}
            raise NoCandidate(why, is_permission=True)
        record.reason = f"goes on with a conversation that {group} holds"
        record.cause, record.goes_to = "continued", group
        record.allowed = frozenset([group])
        record.course = self._course(request, [group])
        routed = apply.redirect(
            request.data, group, record.course.fallbacks, seams.router_fallback_kinds(router)
        )
        self._stamp(routed, request)
        return apply.without_retries(routed)

    async def _undecided(self, request: _Request, *, is_resilient: bool) -> translate.Data:
        """Return the request for the default model, or for what its caller may use instead.

        Raises NoCandidate where that is nothing.
        """
        record = request.record
        record.reason = record.reason or "Heimdall could not decide; the default model answers"
        router = seams.proxy_router()
        names = await self._guard.candidates(record.requested)
        others: list[str] = []
        if request.call_type in translate.ENDPOINTS:
            allowed = await access.permitted(names, request.token, router, self._failures)
            others = [name for name in names if name in allowed]
        if await self._guard.may_use_default(record.requested, request.token, names):
            others.insert(0, record.requested)
        elif others:
            record.reason += ", replaced by one this key may use"
        else:
            raise refused(record.requested)
        record.allowed = frozenset(others)
        record.is_sound = is_resilient
        record.course = course = self._course(request, others if is_resilient else others[:1])
        first, *rest = course.hops
        record.goes_to = first.model
        course.fallbacks[:] = [hop.model for hop in after("unavailable", first, rest)[: course.limit]]
        going = apply.redirect(
            request.data, first.model, course.fallbacks, seams.router_fallback_kinds(router)
        )
        self._stamp(going, request)
        return apply.without_retries(going) if request.call_type in translate.ENDPOINTS else going

    def _stamp(self, data: translate.Data, request: _Request, spend: dict[str, object] | None = None) -> None:
        handle = request.record.handle
        shield_now(self._failures, "stamp", lambda: apply.stamp(data, request.call_type, handle, spend), None)


def _goes_on(request: _Request) -> bool:
    """Whether a request goes on with a conversation that one model alone holds."""
    return request.call_type == "aresponses" and bool(request.data.get("previous_response_id"))


def _call_id(data: Mapping[str, object]) -> str | None:
    found = data.get("litellm_call_id")
    return found if isinstance(found, str) else None


def _check(decision: object, allowed: Collection[str]) -> Decision:
    """Refuse a decision that makes no sense, before it touches the request."""
    if not isinstance(decision, Decision) or decision.model not in allowed:
        raise HeimdallError("the engine chose a model that was not permitted")
    return decision
