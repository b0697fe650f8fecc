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
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from litellm.integrations.custom_logger import CustomLogger

from heimdall_litellm.config import environment
from heimdall_litellm.config.files import settings_from_config
from heimdall_litellm.core.explain import summary
from heimdall_litellm.core.request import read_request
from heimdall_litellm.core.types import Decision
from heimdall_litellm.errors import HeimdallError, NoCandidate, RequestError
from heimdall_litellm.plugin import access, apply, effort, seams, simulated, translate
from heimdall_litellm.plugin.records import Record, Records, group_of, metadata_of
from heimdall_litellm.plugin.runtime import Runtime
from heimdall_litellm.plugin.shield import Failures, logger, say_plainly, shield, shield_now

if TYPE_CHECKING:
    from heimdall_litellm.config import Settings

_COUNTING_MODEL: Final = "heimdall-counting/none"
"""No provider of LiteLLM: what it is given can be counted, and can't be called."""


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

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> dict[str, Any] | None:
        """Route a request for a virtual name; leave every other one alone."""
        name = data.get("model")
        if call_type not in translate.ENDPOINTS or not isinstance(name, str) or name not in self._names:
            return None
        started = time.perf_counter()
        record = Record(requested=name, reason="")
        self.records.add(record)
        try:
            routed = await self._routed(record, data, call_type, user_api_key_dict)
        except RequestError as error:
            record.reason = str(error)
            self._stamp(data, call_type, record)
            raise seams.http_error(str(error), error.status, error.code) from None
        finally:
            record.duration_us = round((time.perf_counter() - started) * 1e6)
        return routed

    async def _routed(
        self, record: Record, data: translate.Data, call_type: str, token: Any
    ) -> translate.Data:
        """Return the request as it is to go on, one way or another."""
        asked: dict[str, object] = {}
        asked = await shield(self.failures, "overrides", _later(translate.asked, data), asked, kind=dict)
        cleaned = dict(data)
        consumed = _later(translate.consume, data, call_type)
        cleaned = await shield(self.failures, "consume", consumed, cleaned, kind=dict)
        routed = None
        is_sound = shield_now(self.failures, "form", lambda: translate.is_well_formed(call_type, data), True)
        if is_sound:
            decided = self._decided(record, cleaned, call_type, token, asked)
            routed = await shield(self.failures, "decide", decided, None, kind=dict)
        else:
            record.reason = "the request has no prompt to decide on"
        if routed is None:
            record.decision = None
            # A malformed request fails with every model: LiteLLM is to say so, once.
            undecided = self._undecided(record, cleaned, call_type, token, is_resilient=is_sound)
            routed = await shield(self.failures, "default", undecided, None, kind=dict)
        if routed is None:
            # Not even that: whoever may use everything goes on, everybody else fails closed.
            if not access.is_admin(token):
                raise _refused(record.requested)
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
        record.decision, record.allowed, record.reason = decision, allowed, summary(decision)
        routed = apply.route(data, decision, allowed, seams.router_fallback_kinds(router))
        spend = None
        if self.runtime.settings.features.spend_metadata:
            spend = apply.spend_record(decision, record.id, record.requested, record.reason)
        self._stamp(routed, call_type, record, spend)
        return routed

    async def _undecided(
        self, record: Record, data: translate.Data, call_type: str, token: Any, *, is_resilient: bool
    ) -> translate.Data:
        """Return the request for the default model, or for what its caller may use instead.

        Raises NoCandidate where that is nothing.
        """
        record.reason = record.reason or "Heimdall could not decide; the default model answers"
        router = seams.proxy_router()
        names = await self._known_candidates(record.requested)
        allowed = await access.permitted(names, token, router, self.failures)
        others = [name for name in names if name in allowed]
        replaced = seams.router_fallback_kinds(router)
        most = self.runtime.settings.router_of(record.requested).max_fallbacks if is_resilient else 0
        if await access.may_use_default(record.requested, token, router, self._names, self.failures):
            going = apply.redirect(data, record.requested, others[:most], replaced)
            record.allowed = allowed | {record.requested}
        elif others:
            record.reason += ", replaced by one this key may use"
            going = apply.redirect(data, others[0], others[1 : 1 + most], replaced)
            record.allowed = allowed
        else:
            raise _refused(record.requested)
        self._stamp(going, call_type, record)
        return going

    def _stamp(
        self, data: translate.Data, call_type: str, record: Record, spend: dict[str, Any] | None = None
    ) -> None:
        shield_now(self.failures, "stamp", lambda: apply.stamp(data, call_type, record.id, spend), None)

    async def _known_candidates(self, name: str) -> tuple[str, ...]:
        """Return candidates, from the settings alone where the engine is what is broken."""
        lists = self.runtime.settings.router_of(name).candidates.values()
        listed = tuple(dict.fromkeys(model for names in lists for model in names or ()))
        return await shield(self.failures, "candidates", _later(self.runtime.candidate_names, name), listed)

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
        otherwise = [] if record is None else healthy_deployments
        filtered = self._filtered(record, model, healthy_deployments, request_kwargs)
        try:
            return await shield(self.failures, "filter", filtered, otherwise, kind=list)
        except RequestError as error:
            # An empty list would read as 429, which clients try again for ever.
            raise seams.http_error(str(error), error.status, error.code) from None

    async def _filtered(
        self, record: Record | None, model: str, deployments: list[Any], request: Mapping[str, Any] | None
    ) -> list[Any]:
        if record is not None:
            return deployments if record.allowed is None or model in record.allowed else []
        if not request:
            # LiteLLM's token counting: no key is known here, and the model only names a tokenizer.
            return [_countable(d) for d in deployments]
        token = next((t for m in metadata_of(request) if (t := m.get("user_api_key_auth"))), None)
        if token is None:
            return deployments
        router = seams.proxy_router()
        if await access.may_use_default(model, token, router, self._names, self.failures):
            return deployments
        names = await self._known_candidates(model)
        allowed = await access.permitted(names, token, router, self.failures)
        first = next((name for name in names if name in allowed), None)
        if first is None:
            raise _refused(model)
        return [d for d in seams.models_of(router) if d.get("model_name") == first]

    async def async_pre_call_deployment_hook(
        self, kwargs: dict[str, Any], call_type: Any
    ) -> dict[str, Any] | None:
        """Fit one attempt to its model."""
        return await shield(
            self.failures, "attempt", _later(self._attempt, kwargs, call_type), None, kind=dict
        )

    def _attempt(self, kwargs: Mapping[str, Any], call_type: Any) -> dict[str, Any] | None:
        call = str(getattr(call_type, "value", call_type))
        group = group_of(kwargs)
        record = self.records.of(kwargs)
        changed = dict(kwargs)
        if record is not None:
            record.served = group or record.served
            spec = record.effort_for(record.served) if record.served is not None else None
            if spec is not None:
                changed = effort.fitted(changed, call, spec)
        if self.runtime.is_simulating:
            entry = self.runtime.entry(group)
            changed = simulated.redirect(changed, call, self._provider, entry) or changed
        return changed

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
        return await shield(self.failures, "headers", _later(self._headers, data), None, kind=dict)

    def _headers(self, data: Mapping[str, Any]) -> dict[str, str] | None:
        record = self.records.of(data)
        return record.headers() if record is not None else None

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Measure how long the group took."""
        await shield(self.failures, "log", _later(self._observe, kwargs, start_time, end_time), None)

    def _observe(self, kwargs: Mapping[str, Any], start: Any, end: Any) -> None:
        logged = kwargs.get("standard_logging_object")
        group = logged.get("model_group") if isinstance(logged, Mapping) else None
        if isinstance(group, str) and group and group not in self._names and not kwargs.get("cache_hit"):
            self.runtime.observe_latency(group, (end - start).total_seconds())


async def _later(function: Any, *args: Any) -> Any:
    """Call a plain function where `shield` awaits it."""
    return function(*args)


def _refused(name: str) -> NoCandidate:
    return NoCandidate({name: "this key may not use its default model"}, is_permission=True)


def _check(decision: object, allowed: Collection[str]) -> Decision:
    """Refuse a decision that makes no sense, before it touches the request."""
    if not isinstance(decision, Decision) or decision.model not in allowed:
        raise HeimdallError("the engine chose a model that was not permitted")
    return decision


def _countable(deployment: Mapping[str, Any]) -> dict[str, Any]:
    counted = dict(deployment)
    counted["litellm_params"] = {"model": _COUNTING_MODEL}
    return counted


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
