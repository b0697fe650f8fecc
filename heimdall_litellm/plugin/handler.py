"""The LiteLLM callback: what happens to a request for a virtual name, hook by hook.

1. `async_pre_call_hook` decides, once: model, fallbacks, effort, and a record of it all.
2. `async_filter_deployments` guards every attempt: none goes to a group the caller may not use.
3. `async_pre_call_deployment_hook` fits every attempt to its model: effort, simulated provider.
4. `async_post_call_response_headers_hook` says on the answer what was decided.
5. `async_log_success_event` measures latency.

LiteLLM calls a hook only where it is written on the callback's own class, and passes
arguments by name: neither may change.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from litellm.integrations.custom_logger import CustomLogger

from heimdall_litellm.config import environment
from heimdall_litellm.config.files import settings_from_config
from heimdall_litellm.core.explain import summary
from heimdall_litellm.core.request import read_request
from heimdall_litellm.core.types import Decision
from heimdall_litellm.errors import HeimdallError, NoCandidate, RequestError
from heimdall_litellm.plugin import access, apply, effort, form, seams, simulated, translate
from heimdall_litellm.plugin.guard import Guard, borrows, refused, token_of
from heimdall_litellm.plugin.records import Record, Records, group_of
from heimdall_litellm.plugin.runtime import Runtime
from heimdall_litellm.plugin.shield import Failures, later, logger, say_plainly, shield, shield_now

if TYPE_CHECKING:
    from heimdall_litellm.config import Settings


class HeimdallHandler(CustomLogger):  # type: ignore[misc]  # LiteLLM is untyped here
    """Heimdall as LiteLLM sees it. One per process; a bypassed one leaves every request alone."""

    def __init__(
        self, runtime: Runtime, provider: simulated.SimulatedProvider, *, is_bypassed: bool = False
    ) -> None:
        super().__init__()
        self.runtime = runtime
        self.failures = runtime.failures
        self.records = Records()
        self._provider = provider
        self._names = frozenset() if is_bypassed else runtime.settings.names
        self._guard = Guard(runtime, self._names)

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> dict[str, Any] | None:
        """Route a request for a virtual name; leave every other one alone."""
        name = data.get("model")
        if borrows(call_type):
            await self._check_lending(lambda: self._guard.borrowed(data), user_api_key_dict)
            return None
        if not isinstance(name, str) or name not in self._names:
            self._check_list(name)
            return None
        started = time.perf_counter()
        record = Record(requested=name, reason="")
        self.records.add(record)
        try:
            routed = await self._routed(record, data, call_type, user_api_key_dict)
        except RequestError as error:
            record.reason = str(error)
            self._stamp(data, call_type, record)
            said = record.headers() if self.runtime.settings.features.response_headers else {}
            raise seams.http_error(error, said) from None
        finally:
            record.duration_us = round((time.perf_counter() - started) * 1e6)
        return routed

    def _check_list(self, model: object) -> None:
        try:
            self._guard.check_list(str(model))
        except RequestError as error:
            raise seams.http_error(error) from None

    async def _check_lending(self, borrowed: Callable[[], list[str]], token: Any) -> None:
        """Refuse what LiteLLM would serve with the credentials of a default model that isn't permitted.

        Where it can't be told whose credentials those are, every virtual name is asked about.
        """
        for name in shield_now(self.failures, "lent", borrowed, sorted(self._names)):
            checked = self._guard.may_use_default(name, token, await self._guard.candidates(name))
            if not await shield(self.failures, "default", checked, access.is_admin(token)):
                raise seams.final_error(refused(name))

    async def _routed(
        self, record: Record, data: translate.Data, call_type: str, token: Any
    ) -> translate.Data:
        """Return the request as it is to go on, one way or another."""
        asked: dict[str, object] = {}
        cleaned = dict(data)
        consumed = later(translate.consume, data, call_type)
        cleaned = await shield(self.failures, "consume", consumed, cleaned, kind=dict)
        routed, is_sound = None, False
        if call_type not in translate.ENDPOINTS:
            record.reason = "Heimdall does not route this endpoint; the default model answers"
        else:
            asked = await shield(self.failures, "overrides", later(translate.asked, data), asked, kind=dict)
            is_sound = shield_now(self.failures, "form", lambda: form.is_well_formed(call_type, data), True)
            if call_type == "aresponses" and data.get("previous_response_id"):
                # Its conversation is with one model only: no other can take over.
                is_sound = False
                continued = self._continued(record, cleaned, call_type, token, asked)
                routed = await shield(self.failures, "continue", continued, None, kind=dict)
            elif is_sound:
                decided = self._decided(record, cleaned, call_type, token, asked)
                routed = await shield(self.failures, "decide", decided, None, kind=dict)
            else:
                record.reason = "the request has no prompt to decide on"
        if routed is None:
            # A malformed request fails with every model: LiteLLM is to say so, once.
            undecided = self._undecided(record, cleaned, call_type, token, is_resilient=is_sound)
            routed = await shield(self.failures, "default", undecided, None, kind=dict)
        if routed is None:
            # Not even that: whoever may use everything goes on, everybody else fails closed.
            if not access.is_admin(token):
                raise refused(record.requested)
            routed = cleaned
        return routed

    async def _decided(
        self,
        record: Record,
        data: translate.Data,
        call_type: str,
        token: Any,
        asked: Mapping[str, object],
    ) -> translate.Data:
        router = seams.proxy_router()
        models = seams.models_of(router) or seams.configured_models()
        wanted = translate.overrides(asked, self.runtime.settings)
        engine = await self.runtime.engine(models)
        candidates = engine.candidate_names(record.requested)
        allowed = await access.permitted(candidates, token, router, self.failures)
        decided = engine.decide_facts(
            read_request(data),
            name=record.requested,
            permitted=allowed,
            overrides=wanted,
            latencies=self.runtime.latencies,
        )
        decision = _check(decided, allowed)
        reason = summary(decision)
        routed = apply.route(data, decision, allowed, seams.router_fallback_kinds(router))
        spend = None
        if self.runtime.settings.features.spend_metadata:
            spend = apply.spend_record(decision, record.id, record.requested, reason)
        self._stamp(routed, call_type, record, spend)
        # Last, so that what fails before leaves nothing of a decision that isn't followed.
        record.note(decision, allowed, reason)
        return routed

    async def _continued(
        self,
        record: Record,
        data: translate.Data,
        call_type: str,
        token: Any,
        asked: Mapping[str, object],
    ) -> translate.Data | None:
        """Return the request for the model that holds its conversation; None where that can't be told.

        Raises NoCandidate where the caller may not use that model.
        """
        translate.overrides(asked, self.runtime.settings)
        router = seams.proxy_router()
        record.reason = "the conversation's model can't be told, so the default model goes on with it"
        group = seams.group_of_response(data["previous_response_id"], router)
        if group is None:
            return None
        if group in self._names:
            await self._guard.check_default(group, token)
        elif not await access.permitted([group], token, router, self.failures):
            why = {group: "this key may not use it, and the conversation is with it"}
            raise NoCandidate(why, is_permission=True)
        record.reason = f"goes on with a conversation that {group} holds"
        record.allowed = frozenset([group])
        routed = apply.redirect(data, group, (), seams.router_fallback_kinds(router))
        self._stamp(routed, call_type, record)
        return routed

    async def _undecided(
        self, record: Record, data: translate.Data, call_type: str, token: Any, *, is_resilient: bool
    ) -> translate.Data:
        """Return the request for the default model, or for what its caller may use instead.

        Raises NoCandidate where that is nothing.
        """
        record.reason = record.reason or "Heimdall could not decide; the default model answers"
        router = seams.proxy_router()
        names = await self._guard.candidates(record.requested)
        others: list[str] = []
        if call_type in translate.ENDPOINTS:
            allowed = await access.permitted(names, token, router, self.failures)
            others = [name for name in names if name in allowed]
        replaced = seams.router_fallback_kinds(router)
        most = self.runtime.settings.router_of(record.requested).max_fallbacks if is_resilient else 0
        if await self._guard.may_use_default(record.requested, token, names):
            going = apply.redirect(data, record.requested, others[:most], replaced)
            record.allowed = frozenset([record.requested, *others])
        elif others:
            record.reason += ", replaced by one this key may use"
            going = apply.redirect(data, others[0], others[1 : 1 + most], replaced)
            record.allowed = frozenset(others)
        else:
            raise refused(record.requested)
        self._stamp(going, call_type, record)
        return going

    def _stamp(
        self, data: translate.Data, call_type: str, record: Record, spend: dict[str, Any] | None = None
    ) -> None:
        shield_now(self.failures, "stamp", lambda: apply.stamp(data, call_type, record.handle, spend), None)

    async def async_filter_deployments(
        self,
        model: str,
        healthy_deployments: list[Any],
        messages: list[Any] | None,
        request_kwargs: dict[str, Any] | None = None,
        parent_otel_span: Any = None,
    ) -> list[Any]:
        """Withhold deployments that the request may not use."""
        record = shield_now(self.failures, "filter", lambda: self.records.of(request_kwargs), None)
        if record is None and model not in self._names:
            return healthy_deployments
        # What was decided is guarded by its list of fallbacks already; what wasn't fails closed.
        otherwise = None if record is None else healthy_deployments
        filtered = self._filtered(record, model, healthy_deployments, request_kwargs)
        try:
            kept = await shield(self.failures, "filter", filtered, otherwise, kind=list)
            if kept is None:
                raise refused(model)
        except RequestError as error:
            # An empty list would read as 429, which clients try again for ever; and LiteLLM would go on
            # to its own fallbacks after any error but this one. 1.100 goes on even so, and gets no further.
            shield_now(self.failures, "close", lambda: self.records.close(request_kwargs, model), None)
            raise seams.final_error(error) from None
        return kept

    async def _filtered(
        self, record: Record | None, model: str, deployments: list[Any], request: Mapping[str, Any] | None
    ) -> list[Any]:
        if record is None:
            return await self._guard.unseen(model, deployments, request)
        if record.is_closed:
            raise refused(record.requested)
        return deployments if record.allowed is None or model in record.allowed else []

    async def async_pre_call_deployment_hook(
        self, kwargs: dict[str, Any], call_type: Any
    ) -> dict[str, Any] | None:
        """Fit one attempt to its model."""
        call = str(getattr(call_type, "value", call_type))
        # What carries no key is LiteLLM's own.
        if borrows(call) and (token := token_of(kwargs)) is not None:
            await self._check_lending(lambda: self._guard.lent(kwargs), token)
        fitted = later(self._fitted, kwargs, call)
        changed = await shield(self.failures, "effort", fitted, None, kind=dict) or kwargs
        redirected = later(self._simulated, changed, call)
        return await shield(self.failures, "simulate", redirected, None, kind=dict) or changed

    def _fitted(self, kwargs: dict[str, Any], call: str) -> dict[str, Any]:
        record = self.records.of(kwargs)
        if record is None:
            return kwargs
        record.served = group_of(kwargs) or record.served
        spec = record.effort_for(record.served) if record.served is not None else None
        return effort.fitted(dict(kwargs), call, spec) if spec is not None else kwargs

    def _simulated(self, kwargs: Mapping[str, Any], call: str) -> dict[str, Any] | None:
        if not self.runtime.is_simulating:
            return None
        return simulated.redirect(kwargs, call, self._provider, self.runtime.entry(group_of(kwargs)))

    async def async_post_call_response_headers_hook(
        self,
        data: dict[str, Any],
        user_api_key_dict: Any,
        response: Any,
        request_headers: dict[str, str] | None = None,
        litellm_call_info: dict[str, Any] | None = None,
    ) -> dict[str, str] | None:
        """Say on the answer, or on the error, what was decided."""
        if not self.runtime.settings.features.response_headers:
            return None
        return await shield(self.failures, "headers", later(self._headers, data), None, kind=dict)

    def _headers(self, data: Mapping[str, Any]) -> dict[str, str] | None:
        record = self.records.of(data)
        return record.headers() if record is not None else None

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Measure how long the group took."""
        await shield(self.failures, "log", later(self._observe, kwargs, start_time, end_time), None)

    def _observe(self, kwargs: Mapping[str, Any], start: Any, end: Any) -> None:
        logged = kwargs.get("standard_logging_object")
        group = logged.get("model_group") if isinstance(logged, Mapping) else None
        if isinstance(group, str) and group and group not in self._names and not kwargs.get("cache_hit"):
            self.runtime.observe_latency(group, (end - start).total_seconds())


def _check(decision: object, allowed: Collection[str]) -> Decision:
    """Refuse a decision that makes no sense, before it touches the request."""
    if not isinstance(decision, Decision) or decision.model not in allowed:
        raise HeimdallError("the engine chose a model that was not permitted")
    return decision


def read_settings() -> Settings:
    """Return the checked settings of the proxy's configuration. Raises ConfigError."""
    given = {"callback_settings": {"heimdall": seams.callback_settings()}}
    return settings_from_config({**seams.configuration(), **given}, environment())


def build() -> HeimdallHandler:
    """Make the callback of this process from LiteLLM's configuration.

    Raises ConfigError or BundleError, and LiteLLM then refuses to start.
    """
    failures = Failures()
    missing = [seam for seam in seams.probe() if seam.is_essential and not seam.is_present]
    try:
        settings = read_settings()
        runtime = Runtime(settings, failures)
        models = seams.configured_models()
        if models and not missing:
            runtime.build(models)
    except HeimdallError as error:
        say_plainly(error)
        raise
    provider = simulated.build()
    provider.configure(settings.simulation)
    if missing:
        lacking = ", ".join(f"{seam.name} ({seam.detail})" for seam in missing)
        logger.error(
            "Heimdall is bypassed: the installed LiteLLM lacks %s. Requests go to the default model. "
            "Install litellm%s.",
            lacking,
            seams.SUPPORTED,
        )
        return HeimdallHandler(runtime, provider, is_bypassed=True)
    if runtime.is_simulating:
        logger.warning(
            "Heimdall: no provider is called. The simulated provider answers for every model, because %s.",
            "simulation.mode is always"
            if settings.simulation.mode == "always"
            else "no provider key is set (set one, such as OPENAI_API_KEY, to call real providers)",
        )
    return HeimdallHandler(runtime, provider)
