"""The span of a decision, where LiteLLM traces the request."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import litellm
import pytest
from fastapi import HTTPException
from litellm.integrations.otel.model import semconv
from litellm.proxy._types import LitellmUserRoles, ProxyException, UserAPIKeyAuth
from opentelemetry.sdk.trace import ReadableSpan, Tracer, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.trace import INVALID_SPAN, StatusCode

from heimdall_litellm.config import load_settings
from heimdall_litellm.plugin import seams, tracing
from heimdall_litellm.plugin.handler import HeimdallHandler
from heimdall_litellm.plugin.runtime import Runtime
from heimdall_litellm.plugin.shield import Failures
from heimdall_litellm.plugin.simulated import SimulatedProvider
from tests.fakes.engine import FakeEngine
from tests.support import QUIET

# LiteLLM's proxy leaves a directory open when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


LISTS = {"cheap_candidates": ["a", "b"], "mid_candidates": ["b"], "hard_candidates": ["b"]}
MODELS = {"heimdall": "openai/gpt-4.1", "a": "gemini/gemini-2.5-pro", "b": "openai/gpt-5"}
ASK = "a question nobody else may read"


class _Logger:
    """What the proxy has where LiteLLM's callback is on."""

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Tracer, Callable[[], Sequence[ReadableSpan]]]]:
    from litellm.proxy import proxy_server

    provider, exporter = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("litellm")
    monkeypatch.setattr(proxy_server, "open_telemetry_logger", _Logger(tracer))  # type: ignore[arg-type]
    yield tracer, exporter.get_finished_spans
    provider.shutdown()


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Callable[..., HeimdallHandler]:
    models = [
        {"model_name": g, "litellm_params": {"model": m, "api_key": "x"}, "model_info": {"id": g}}
        for g, m in MODELS.items()
    ]
    router = litellm.Router(model_list=models)
    monkeypatch.setattr(seams, "proxy_router", lambda: router)

    def made(**more: Any) -> HeimdallHandler:
        settings = load_settings({**QUIET, "router": LISTS, **more})
        runtime = Runtime(settings, Failures(), make=FakeEngine, watch=lambda *_: None)
        return HeimdallHandler(runtime, SimulatedProvider())

    return made


def _token(span: object, *models: str) -> UserAPIKeyAuth:
    role = LitellmUserRoles.INTERNAL_USER if models else LitellmUserRoles.PROXY_ADMIN
    return UserAPIKeyAuth(api_key="sk-x", models=list(models), user_role=role, parent_otel_span=span)


async def _ask(hook: HeimdallHandler, token: UserAPIKeyAuth, **more: Any) -> Any:
    data = {"model": "heimdall", "messages": [{"role": "user", "content": ASK}], "metadata": {}, **more}
    return await hook.async_pre_call_hook(token, None, data, "acompletion")


async def test_a_decision_is_a_span_below_the_request(make: Any, spans: Any) -> None:
    tracer, finished = spans
    hook = make()
    with tracer.start_as_current_span("Received Proxy Server Request") as parent:
        routed = await _ask(hook, _token(parent), heimdall={"bucket": "cheap"})
    assert routed["model"] == "a"
    span = next(span for span in finished() if span.name == "heimdall.decide")
    assert span.parent.span_id == parent.get_span_context().span_id
    assert span.context.trace_id == parent.get_span_context().trace_id
    record = hook.records.of(routed)
    assert (span.end_time - span.start_time) == record.duration_us * 1_000
    assert dict(span.attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gemini-2.5-pro",
        "gen_ai.provider.name": "gcp.gemini",
        "heimdall.decision_id": record.id,
        "heimdall.requested_model": "heimdall",
        "heimdall.model": "a",
        "heimdall.decided_model": "a",
        "heimdall.cause": "only",
        "heimdall.mode": "route",
        "heimdall.arm": "chosen",
        "heimdall.bucket": "cheap",
        "heimdall.alpha": record.alpha,
        "heimdall.candidates": 1,
        "heimdall.bundle": "fake",
    }
    assert ASK not in span.to_json()
    assert hook.failures.counts() == {}


async def test_a_request_that_is_refused_is_an_error_without_a_model(make: Any, spans: Any) -> None:
    tracer, finished = spans
    with tracer.start_as_current_span("request") as parent, pytest.raises((HTTPException, ProxyException)):
        await _ask(make(), _token(parent, "heimdall"), heimdall={"bucket": "unheard of"})
    span = next(span for span in finished() if span.name == "heimdall.decide")
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["error.type"] == "refused"
    assert "gen_ai.request.model" not in span.attributes


async def test_in_shadow_mode_the_span_says_what_would_have_been(make: Any, spans: Any) -> None:
    tracer, finished = spans
    with tracer.start_as_current_span("request") as parent:
        assert (await _ask(make(mode="shadow"), _token(parent)))["model"] == "heimdall"
    span = next(span for span in finished() if span.name == "heimdall.decide")
    assert span.attributes["heimdall.mode"] == "shadow"
    assert span.attributes["heimdall.model"] == "heimdall"
    assert span.attributes["heimdall.decided_model"] in ("a", "b")


async def test_a_request_that_is_left_alone_has_no_span(make: Any, spans: Any) -> None:
    tracer, finished = spans
    with tracer.start_as_current_span("request") as parent:
        await _ask(make(mode="off"), _token(parent))
    assert [span.name for span in finished()] == ["request"]


async def test_where_litellm_forgot_its_span_the_active_one_is_the_parent(make: Any, spans: Any) -> None:
    tracer, finished = spans
    with tracer.start_as_current_span("request") as parent:
        await _ask(make(), _token(None))
    span = next(span for span in finished() if span.name == "heimdall.decide")
    assert span.parent.span_id == parent.get_span_context().span_id
    await _ask(make(), _token(None))
    assert len(finished()) == 2


async def test_a_trace_that_is_not_sampled_gets_no_span(make: Any, spans: Any) -> None:
    await _ask(make(), _token(INVALID_SPAN))
    assert spans[1]() == ()


async def test_without_tracing_opentelemetry_is_not_even_imported(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = make()
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    assert (await _ask(hook, _token(None)))["model"] == "a"
    assert hook.failures.counts() == {}


async def test_a_span_that_breaks_fails_no_request(make: Any) -> None:
    class Broken:
        def is_recording(self) -> bool:
            raise OSError

    hook = make()
    assert (await _ask(hook, _token(Broken())))["model"] == "a"
    assert hook.failures.counts() == {("trace", "OSError"): 1}


def test_providers_have_the_names_of_the_convention() -> None:
    told = {name: semconv.resolve_provider(name) for name in tracing.PROVIDERS}
    assert told == tracing.PROVIDERS
    known = {value.value for value in gen_ai_attributes.GenAiProviderNameValues}
    assert set(tracing.PROVIDERS.values()) <= known


def test_operations_have_the_names_of_the_convention() -> None:
    known = {value.value for value in gen_ai_attributes.GenAiOperationNameValues}
    assert set(tracing.OPERATIONS.values()) <= known
