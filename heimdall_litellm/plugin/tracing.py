"""A span for each decision, where LiteLLM traces the request.

It stands below the span that LiteLLM opened for the request, or, where LiteLLM has forgotten that (with a
custom auth it does), below the one that is active. It goes where that goes: the tracer is that of LiteLLM's
own callback. OpenTelemetry is imported only once there is one, so it is no dependency. The names are those of
OpenTelemetry's conventions for generative AI, and `heimdall.*` for what these don't have. No span holds
anything of a prompt.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from heimdall_litellm.plugin import seams

if TYPE_CHECKING:
    from heimdall_litellm.core.types import CatalogEntry
    from heimdall_litellm.plugin.records import Record

NAME: Final = "heimdall.decide"

OPERATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "atext_completion": "text_completion",
        "agenerate_content": "generate_content",
        "agenerate_content_stream": "generate_content",
        **dict.fromkeys(("acompletion", "anthropic_messages", "aresponses"), "chat"),
    }
)
"""`gen_ai.operation.name` by LiteLLM's name of a call; another call keeps its own."""
PROVIDERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "azure": "azure.ai.openai",
        "azure_ai": "azure.ai.inference",
        "bedrock": "aws.bedrock",
        "bedrock_converse": "aws.bedrock",
        "cohere_chat": "cohere",
        "gemini": "gcp.gemini",
        "mistral": "mistral_ai",
        "text-completion-openai": "openai",
        "vertex_ai": "gcp.vertex_ai",
        "vertex_ai_beta": "gcp.vertex_ai",
        "watsonx": "ibm.watsonx.ai",
        "xai": "x_ai",
    }
)
"""`gen_ai.provider.name`, where that isn't LiteLLM's own name of the provider."""

Value = str | int | float
Entries = Callable[[str | None], "CatalogEntry | None"]
"""From a model group to what is known of it."""


def trace(record: Record, token: Any, entries: Entries) -> None:
    """Tell of a decision that was just made on a request with this key."""
    parent, tracer = getattr(token, "parent_otel_span", None), seams.tracer()
    if parent is None and tracer is None:
        return
    from opentelemetry import trace as api

    parent = parent if parent is not None else api.get_current_span()
    if not parent.is_recording():
        return
    tracer = tracer if tracer is not None else api.get_tracer("heimdall_litellm")
    end_ns = time.time_ns()
    span = tracer.start_span(
        NAME,
        context=api.set_span_in_context(parent),
        attributes=_attributes(record, entries(record.goes_to)),
        start_time=end_ns - record.duration_us * 1_000,
    )
    if record.is_refused:
        span.set_status(api.StatusCode.ERROR)
    span.end(end_ns)


def _attributes(record: Record, known: CatalogEntry | None) -> dict[str, Value]:
    choice = record.choice
    found: dict[str, Value | None] = {
        "gen_ai.operation.name": OPERATIONS.get(record.call, record.call),
        "gen_ai.request.model": record.goes_to,
        "gen_ai.provider.name": None,
        "error.type": "refused" if record.is_refused else None,
        "heimdall.decision_id": record.id,
        "heimdall.requested_model": record.requested,
        "heimdall.model": record.goes_to,
        "heimdall.cause": record.cause,
        "heimdall.mode": record.mode,
    }
    if known is not None:
        found["gen_ai.request.model"] = known.upstream.removeprefix(f"{known.provider}/")
        found["gen_ai.provider.name"] = PROVIDERS.get(known.provider, known.provider)
    if choice is not None:
        decision = choice.decision
        found |= {
            "heimdall.decided_model": decision.model,
            "heimdall.bucket": decision.bucket,
            "heimdall.alpha": decision.alpha,
            "heimdall.arm": choice.arm,
            "heimdall.candidates": len({c.model for c in decision.candidates if c.eligible}),
            "heimdall.bundle": choice.snapshot.bundle.id,
        }
    return {name: value for name, value in found.items() if value is not None}
