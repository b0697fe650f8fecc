"""The LiteLLM callback: what happens to a request for a virtual name, hook by hook.

1. `async_pre_call_hook` decides, once: model, fallbacks, effort, and a record of it all.
2. `async_filter_deployments` guards every attempt: none goes to a group the caller may not use.
3. `async_pre_call_deployment_hook` fits every attempt to its model: credential, effort, simulated provider.
4. `async_post_call_failure_deployment_hook` learns from every failed attempt, and says who is tried next;
   `async_log_failure_event` does so where a stream broke, and `async_post_call_streaming_iterator_hook` where
   LiteLLM has no next model take over from one.
5. `async_post_call_response_headers_hook` says on the answer what was decided, `async_post_call_failure_hook`
   on the error what was tried.
6. `async_log_success_event` measures latency, and notes who is well.

LiteLLM calls a hook only where it is written on the callback's own class, and passes
arguments by name: neither may change.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from litellm.integrations.custom_logger import CustomLogger

from heimdall_litellm.auth.registry import enabled
from heimdall_litellm.config import environment
from heimdall_litellm.config.files import settings_from_config
from heimdall_litellm.errors import HeimdallError, RequestError
from heimdall_litellm.plugin import access, apply, seams, simulated, streams, tracing
from heimdall_litellm.plugin.admission import Admission
from heimdall_litellm.plugin.fitting import Fitting
from heimdall_litellm.plugin.guard import Guard, borrows, refused, token_of
from heimdall_litellm.plugin.mount import mount
from heimdall_litellm.plugin.outcomes import Outcomes
from heimdall_litellm.plugin.records import Record, Records
from heimdall_litellm.plugin.routing import Routing
from heimdall_litellm.plugin.runtime import Runtime
from heimdall_litellm.plugin.serving import ProxyBackend
from heimdall_litellm.plugin.shield import Failures, later, logger, say_plainly, shield, shield_now

if TYPE_CHECKING:
    from heimdall_litellm.config import Settings


_TO_LOG_S = 5.0
"""How long LiteLLM may take to log what there was of a stream whose client hung up."""


class HeimdallHandler(CustomLogger):  # type: ignore[misc]  # LiteLLM is untyped here
    """Heimdall as LiteLLM sees it. One per process; a bypassed one leaves every request alone."""

    def __init__(
        self, runtime: Runtime, provider: simulated.SimulatedProvider, *, is_bypassed: bool = False
    ) -> None:
        super().__init__()
        self.runtime = runtime
        self.failures = runtime.failures
        self.records = Records(forgotten=self._forgotten)
        self._names = frozenset() if is_bypassed else runtime.settings.names
        self._guard = Guard(runtime, self._names, self.failures)
        self._routing = Routing(runtime, self._guard, self.failures)
        self._outcomes = Outcomes(runtime, self.records, self._names)
        self._admission = Admission(runtime, self._guard, self._outcomes)
        self._fitting = Fitting(runtime, self.records, provider)

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> dict[str, Any] | None:
        """Route a request for a virtual name; leave every other one alone."""
        name = data.get("model")
        if borrows(call_type):
            lent = await self._check_lending(lambda: self._guard.borrowed(data), user_api_key_dict)
            return apply.without_credentials(data) if lent else None
        if not isinstance(name, str) or name not in self._names:
            self._check_list(name)
            if isinstance(name, str) and self.runtime.modes.may_shadow:
                watched = self._watched_only(name, data, call_type, user_api_key_dict)
                await shield(self.failures, "shadow", watched, None)
            return None
        started = time.perf_counter()
        record = Record(requested=name, reason="", call=call_type)
        self.records.add(record)
        try:
            routed = await self._routing.route(record, data, call_type, user_api_key_dict)
        except RequestError as error:
            record.reason, record.cause, record.goes_to = str(error), "refused", None
            shield_now(
                self.failures, "stamp", lambda: apply.stamp(data, call_type, record.handle, None), None
            )
            said = record.headers() if self.runtime.settings.features.response_headers else {}
            raise seams.http_error(error, said) from None
        finally:
            record.duration_us = round((time.perf_counter() - started) * 1e6)
            shield_now(
                self.failures, "journal", lambda: self._recorded(record, data, user_api_key_dict), None
            )
        shield_now(self.failures, "stamp", lambda: apply.sign(data, call_type, record.handle), None)
        return routed

    def _recorded(self, record: Record, data: Mapping[str, Any], token: Any) -> None:
        if record.mode == "off":
            return
        shield_now(self.failures, "trace", lambda: tracing.trace(record, token, self.runtime.entry), None)
        recorder = self.runtime.recorder
        recorder.decided(record, data)
        if record.follows is not None:
            recorder.doubted(record.follows)
        if record.is_refused:
            recorder.ended(record, "refused")

    def _forgotten(self, record: Record) -> None:
        """Note that nobody has told us what became of a request, unless somebody has."""
        ended = partial(self.runtime.recorder.ended, record, "left")
        shield_now(self.failures, "journal", ended, None)

    async def _watched_only(self, name: str, data: dict[str, Any], call_type: str, token: Any) -> None:
        """Note what would be decided on a request for a model group, and change nothing about it."""
        started = time.perf_counter()
        record = Record(requested=name, reason="", call=call_type)
        if await self._routing.watch(record, data, call_type, token):
            record.duration_us = round((time.perf_counter() - started) * 1e6)
            self.records.watch(record)
            self._recorded(record, data, token)

    def _check_list(self, model: object) -> None:
        try:
            self._guard.check_list(str(model))
        except RequestError as error:
            raise seams.http_error(error) from None

    async def _check_lending(self, borrowed: Callable[[], list[str]], token: Any) -> list[str]:
        """Refuse what LiteLLM would serve with the credentials of a default model that isn't permitted.

        Where it can't be told whose credentials those are, every virtual name is asked about. Returns the
        names whose credentials are lent.
        """
        names = shield_now(self.failures, "lent", borrowed, sorted(self._names))
        for name in names:
            checked = self._guard.may_use_default(name, token, await self._guard.candidates(name))
            if not await shield(self.failures, "default", checked, access.is_admin(token)):
                raise seams.final_error(refused(name))
        return names

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
        # Where LiteLLM falls back, it does so while it handles what went wrong.
        recovering = sys.exception()
        filtered = self._admission.filtered(record, model, healthy_deployments, request_kwargs, recovering)
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

    async def async_pre_call_deployment_hook(
        self, kwargs: dict[str, Any], call_type: Any
    ) -> dict[str, Any] | None:
        """Fit one attempt to its model."""
        call = str(getattr(call_type, "value", call_type))
        # What carries no key is LiteLLM's own.
        if borrows(call) and (token := token_of(kwargs)) is not None:
            await self._check_lending(lambda: self._guard.lent(kwargs), token)
        changed = (
            await shield(self.failures, "attempt", self._fitting.fitted(kwargs, call), None, kind=dict)
            or kwargs
        )
        redirected = later(self._fitting.simulated, changed, call)
        return await shield(self.failures, "simulate", redirected, None, kind=dict) or changed

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

    async def async_post_call_failure_deployment_hook(
        self,
        request_data: Mapping[str, Any],
        exception: Exception,
        call_type: Any,
        fallback_depth: int | None = None,
    ) -> None:
        """Learn from an attempt that failed, and say who is tried next."""
        await shield(self.failures, "failure", later(self._outcomes.failed, request_data, exception), None)

    async def async_log_failure_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Learn from a stream that broke, which no other hook reports."""
        await shield(self.failures, "failure", later(self._outcomes.stream_failed, kwargs), None)

    def async_post_call_streaming_iterator_hook(
        self, user_api_key_dict: Any, response: Any, request_data: dict[str, Any]
    ) -> Any:
        """Have the next model take over from a stream that fails at its beginning, where LiteLLM doesn't."""
        return shield_now(self.failures, "stream", lambda: self._watched(response, request_data), response)

    def _watched(self, stream: Any, request: Mapping[str, Any]) -> Any:
        record = self.records.of(request)
        if record is None or not record.is_sound:
            return stream
        if not streams.is_unwatched(record.call, record.course):
            is_kept = self.runtime.settings.journal.enabled
            return streams.noticed(stream, partial(self._left, record)) if is_kept else stream
        if not seams.is_first_to_watch(self):
            # A guardrail behind us would see nothing of another stream.
            return stream

        def failed(error: Exception) -> None:
            shield_now(self.failures, "failure", lambda: self._outcomes.stream_ended(record, error), None)

        async def replaced() -> Any:
            ask = shield_now(self.failures, "stream", lambda: self._outcomes.next_call(record, request), None)
            return None if ask is None else await ask()

        def left(has_begun: bool) -> None:
            settled = partial(self._outcomes.stream_left, record, has_begun=has_begun)
            shield_now(self.failures, "failure", settled, None)

        return streams.watched(stream, failed, replaced, left)

    def _left(self, record: Record) -> None:
        """Note that a client hung up, unless LiteLLM logs what there was of the answer, as it mostly does."""
        # A stream that nobody closed ends with its loop, where nothing can be called later.
        shield_now(
            self.failures,
            "journal",
            lambda: asyncio.get_running_loop().call_later(_TO_LOG_S, self._forgotten, record),
            None,
        )

    async def async_post_call_failure_hook(
        self,
        request_data: dict[str, Any],
        original_exception: Exception,
        user_api_key_dict: Any,
        traceback_str: str | None = None,
    ) -> None:
        """Say on the error what was tried."""
        said = later(self._outcomes.said, request_data, original_exception)
        await shield(self.failures, "error", said, None)

    async def async_log_success_event(
        self, kwargs: dict[str, Any], response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """Measure how long the group took, and note that it is well."""
        await shield(self.failures, "log", later(self._outcomes.observe, kwargs, start_time, end_time), None)


def read_settings() -> Settings:
    """Return the checked settings of the proxy's configuration. Raises ConfigError."""
    given = {"callback_settings": {"heimdall": seams.callback_settings()}}
    return settings_from_config({**seams.configuration(), **given}, environment())


def build() -> HeimdallHandler:
    """Make the callback of this process from LiteLLM's configuration.

    Raises ConfigError or BundleError, and LiteLLM then refuses to start.
    """
    failures = Failures()
    seams.price_map()  # before the router writes into it
    missing = [seam for seam in seams.probe() if seam.is_essential and not seam.is_present]
    try:
        settings = read_settings()
        runtime = Runtime(settings, failures, adapters=enabled(settings))
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
        return _served(HeimdallHandler(runtime, provider, is_bypassed=True), frozenset())
    if runtime.is_simulating:
        logger.warning(
            "Heimdall: no provider is called. The simulated provider answers for every model, because %s.",
            "simulation.mode is always"
            if settings.simulation.mode == "always"
            else "no provider key is set (set one, such as OPENAI_API_KEY, to call real providers)",
        )
    return _served(HeimdallHandler(runtime, provider), settings.names)


def _served(handler: HeimdallHandler, names: frozenset[str]) -> HeimdallHandler:
    runtime = handler.runtime
    shield_now(runtime.failures, "journal", lambda: seams.at_shutdown(runtime.writer.close), None)
    if runtime.settings.features.http_api:
        mount(ProxyBackend(runtime, names, handler.records), runtime.failures)
    return handler
