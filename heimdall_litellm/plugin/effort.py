"""How hard the model of one attempt is to think, in the words of its vendor and endpoint.

A decision names an effort and a budget of thinking tokens for every model it may come to. What of
that is said, and how, differs by vendor, so it is translated for each attempt and not once:

| attempt | what is set |
|---|---|
| chat, models that take a named effort | `reasoning_effort` |
| Responses, natively served | `reasoning.effort` |
| Claude, chat and Messages | `thinking` with a budget below `max_tokens` and of at least 1,024 tokens |
| Gemini 2.5, chat | `thinking`, which LiteLLM turns into a thinking budget |
| Gemini, native | `thinkingConfig.thinkingBudget` |

Where LiteLLM serves an endpoint through another one (Messages through chat completions, say), its inner
call comes by here again, so only native pairs are handled. A client that says anything
about thinking itself is left alone, and so is a model that can't think.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import litellm

from heimdall_litellm.core.types import EffortSpec

MIN_CLAUDE_BUDGET: Final = 1024
_OWN: Final = ("reasoning_effort", "reasoning", "thinking", "output_config", "enable_thinking")
_CLAUDE: Final = frozenset({"anthropic"})
_GEMINI: Final = frozenset({"gemini", "vertex_ai"})
_RESPONSES: Final = frozenset({"openai", "azure"})
# Efforts that only some reasoning models take, and what stands for them elsewhere.
_ELSEWHERE: Final = {"none": None, "minimal": "low", "xhigh": "high"}


def fitted(kwargs: dict[str, Any], call_type: str, spec: EffortSpec) -> dict[str, Any]:
    """Return the attempt's arguments with the effort added, or as they were."""
    if _says_it_itself(kwargs):
        return kwargs
    model, provider = _model_of(kwargs)
    if not litellm.supports_reasoning(model=model, custom_llm_provider=provider):
        return kwargs
    match call_type:
        case "acompletion" | "atext_completion" if provider in _CLAUDE:
            return _claude(kwargs, spec)
        case "acompletion" | "atext_completion" if provider in _GEMINI:
            return _gemini_chat(kwargs, spec)
        case "acompletion" | "atext_completion":
            return _named(kwargs, model, provider, spec)
        case "anthropic_messages" if provider in _CLAUDE:
            return _claude(kwargs, spec)
        case "aresponses" if provider in _RESPONSES:
            return _responses(kwargs, model, provider, spec)
        case "agenerate_content" | "agenerate_content_stream" if provider in _GEMINI:
            return _gemini_native(kwargs, spec)
    return kwargs


def _says_it_itself(kwargs: Mapping[str, Any]) -> bool:
    places = [place for place in (kwargs, kwargs.get("extra_body")) if isinstance(place, Mapping)]
    if any(place.get(name) is not None for place in places for name in _OWN):
        return True
    return any("thinkingConfig" in c or "thinking_config" in c for c in _generation_configs(kwargs))


def _generation_configs(kwargs: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = (kwargs.get(name) for name in ("config", "generationConfig", "generation_config"))
    return [config for config in found if isinstance(config, Mapping)]


def _model_of(kwargs: Mapping[str, Any]) -> tuple[str, str]:
    model, provider, _, _ = litellm.get_llm_provider(
        model=str(kwargs["model"]), custom_llm_provider=kwargs.get("custom_llm_provider")
    )
    return str(model), str(provider)


def _effort_name(model: str, provider: str, spec: EffortSpec) -> str | None:
    effort = spec.reasoning_effort
    if effort in _ELSEWHERE:
        known = litellm.model_cost.get(model) or litellm.model_cost.get(f"{provider}/{model}") or {}
        if not known.get(f"supports_{effort}_reasoning_effort"):
            return _ELSEWHERE[effort]
    return effort


def _named(kwargs: dict[str, Any], model: str, provider: str, spec: EffortSpec) -> dict[str, Any]:
    effort = _effort_name(model, provider, spec)
    taken = litellm.get_supported_openai_params(model=model, custom_llm_provider=provider) or []
    if effort is None or "reasoning_effort" not in taken:
        return kwargs
    # OpenAI's chat endpoint refuses an effort beside tools on some models; LiteLLM knows which.
    return {**kwargs, "reasoning_effort": effort}


def _responses(kwargs: dict[str, Any], model: str, provider: str, spec: EffortSpec) -> dict[str, Any]:
    effort = _effort_name(model, provider, spec)
    return kwargs if effort is None else {**kwargs, "reasoning": {"effort": effort}}


def _claude(kwargs: dict[str, Any], spec: EffortSpec) -> dict[str, Any]:
    if spec.thinking_budget is None or _claude_refuses_thinking(kwargs):
        return kwargs
    budget = spec.thinking_budget
    limit = kwargs.get("max_tokens") or kwargs.get("max_completion_tokens")
    if isinstance(limit, int):
        # Half for thinking at most: an answer that is all thought is none.
        budget = min(budget, limit // 2)
    if budget < MIN_CLAUDE_BUDGET:
        return kwargs
    return {**kwargs, "thinking": {"type": "enabled", "budget_tokens": budget}}


def _claude_refuses_thinking(kwargs: Mapping[str, Any]) -> bool:
    """Whether Claude's API would answer 400 to thinking beside what else the request says."""
    if kwargs.get("temperature") not in (None, 1) or kwargs.get("top_k") is not None:
        return True
    top_p = kwargs.get("top_p")
    if isinstance(top_p, (int, float)) and top_p < 0.95:
        return True
    choice = kwargs.get("tool_choice")
    kind = choice.get("type") if isinstance(choice, Mapping) else choice
    if kind not in (None, "auto", "none"):
        return True
    messages = kwargs.get("messages") or ()
    # With thinking on, the turn before a tool's result must begin with its thoughts; here there are none.
    return any(map(_is_from_tool, messages)) or _ends_with_prefill(messages)


def _is_from_tool(message: object) -> bool:
    if not isinstance(message, Mapping):
        return False
    content = message.get("content")
    parts = content if isinstance(content, list) else ()
    return message.get("role") in ("tool", "function") or any(
        isinstance(part, Mapping) and part.get("type") == "tool_result" for part in parts
    )


def _ends_with_prefill(messages: Any) -> bool:
    last = messages[-1] if messages else None
    return isinstance(last, Mapping) and last.get("role") == "assistant"


def _gemini_chat(kwargs: dict[str, Any], spec: EffortSpec) -> dict[str, Any]:
    budget = _gemini_budget(kwargs.get("max_tokens") or kwargs.get("max_completion_tokens"), spec)
    if budget is None:
        return kwargs
    return {**kwargs, "thinking": {"type": "enabled", "budget_tokens": budget}}


def _gemini_native(kwargs: dict[str, Any], spec: EffortSpec) -> dict[str, Any]:
    name = next((n for n in ("config", "generationConfig") if isinstance(kwargs.get(n), Mapping)), "config")
    config = dict(kwargs.get(name) or {})
    budget = _gemini_budget(config.get("maxOutputTokens"), spec)
    if budget is None:
        return kwargs
    return {**kwargs, name: {**config, "thinkingConfig": {"thinkingBudget": budget}}}


def _gemini_budget(limit: object, spec: EffortSpec) -> int | None:
    """Gemini counts thoughts against the output limit too, but takes any budget from 128 up."""
    budget = spec.thinking_budget
    if budget is None:
        return None
    if isinstance(limit, int):
        budget = min(budget, limit // 2)
    return budget if budget >= 128 else None
