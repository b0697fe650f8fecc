"""How hard a model is to think, in its vendor's words."""

from __future__ import annotations

from typing import Any

import pytest

from heimdall_litellm.core.types import EffortSpec
from heimdall_litellm.plugin.effort import fitted

SPEC = EffortSpec("high", 20_000)
HI = [{"role": "user", "content": "hi"}]
GPT, O3, GPT4 = "openai/gpt-5-mini", "openai/o3", "openai/gpt-4.1"
CLAUDE, GEMINI = "anthropic/claude-sonnet-4-5", "gemini/gemini-2.5-pro"


def _fit(model: str, call: str, spec: EffortSpec = SPEC, **more: Any) -> dict[str, Any]:
    """Return what was added or changed."""
    given = {"model": model, "messages": HI, **more}
    return {k: v for k, v in fitted(dict(given), call, spec).items() if given.get(k) != v}


@pytest.mark.parametrize(
    ("model", "call", "added"),
    [
        (GPT, "acompletion", {"reasoning_effort": "high"}),
        (GPT, "atext_completion", {"reasoning_effort": "high"}),
        (GPT, "aresponses", {"reasoning": {"effort": "high"}}),
        (GPT, "anthropic_messages", {}),
        (GPT, "agenerate_content", {}),
        (GPT4, "acompletion", {}),
        (GPT4, "aresponses", {}),
        (CLAUDE, "acompletion", {"thinking": {"type": "enabled", "budget_tokens": 20_000}}),
        (CLAUDE, "anthropic_messages", {"thinking": {"type": "enabled", "budget_tokens": 20_000}}),
        (CLAUDE, "aresponses", {}),
        (GEMINI, "acompletion", {"thinking": {"type": "enabled", "budget_tokens": 20_000}}),
        (GEMINI, "agenerate_content", {"config": {"thinkingConfig": {"thinkingBudget": 20_000}}}),
        (GEMINI, "agenerate_content_stream", {"config": {"thinkingConfig": {"thinkingBudget": 20_000}}}),
        (GEMINI, "anthropic_messages", {}),
    ],
)
def test_each_vendor_and_endpoint_hears_it_in_its_own_words(
    model: str, call: str, added: dict[str, Any]
) -> None:
    assert _fit(model, call) == added


@pytest.mark.parametrize(
    "own",
    [
        {"reasoning_effort": "low"},
        {"thinking": {"type": "disabled"}},
        {"reasoning": {"effort": "low"}},
        {"output_config": {"effort": "low"}},
        {"extra_body": {"reasoning": {}}},
        {"config": {"thinkingConfig": {"thinkingBudget": 1}}},
        {"generationConfig": {"thinkingConfig": {}}},
    ],
)
@pytest.mark.parametrize("model", [GPT, CLAUDE, GEMINI])
def test_a_clients_own_word_on_thinking_wins(model: str, own: dict[str, Any]) -> None:
    for call in ("acompletion", "aresponses", "anthropic_messages", "agenerate_content"):
        assert _fit(model, call, **own) == {}


@pytest.mark.parametrize(
    ("effort", "model", "said"),
    [
        ("none", O3, None),
        ("minimal", O3, "low"),
        ("xhigh", O3, "high"),
        ("minimal", GPT, "minimal"),
        (None, GPT, None),
    ],
)
def test_an_effort_that_a_model_does_not_know_is_replaced_or_left_out(
    effort: Any, model: str, said: str | None
) -> None:
    expected = {} if said is None else {"reasoning_effort": said}
    assert _fit(model, "acompletion", EffortSpec(effort)) == expected
    expected = {} if said is None else {"reasoning": {"effort": said}}
    assert _fit(model, "aresponses", EffortSpec(effort)) == expected


@pytest.mark.parametrize("limit", [50, 2047])
def test_claude_gets_no_budget_that_leaves_no_room_to_answer(limit: int) -> None:
    assert _fit(CLAUDE, "acompletion", max_tokens=limit) == {}


def test_a_budget_is_kept_below_the_limit() -> None:
    assert _fit(CLAUDE, "acompletion", max_tokens=8000)["thinking"]["budget_tokens"] == 4000
    assert _fit(GEMINI, "acompletion", max_completion_tokens=1000)["thinking"]["budget_tokens"] == 500
    native = _fit(GEMINI, "agenerate_content", generationConfig={"maxOutputTokens": 1000})
    assert native == {
        "generationConfig": {"maxOutputTokens": 1000, "thinkingConfig": {"thinkingBudget": 500}}
    }


def test_gemini_gets_no_budget_below_its_least() -> None:
    assert _fit(GEMINI, "acompletion", max_tokens=200) == {}
    assert _fit(GEMINI, "agenerate_content", config={"maxOutputTokens": 200}) == {}


@pytest.mark.parametrize(
    "with_it",
    [
        {"temperature": 0.2},
        {"top_k": 5},
        {"top_p": 0.5},
        {"tool_choice": "required"},
        {"tool_choice": {"type": "tool", "name": "x"}},
        {"messages": [*HI, {"role": "tool", "content": "1"}]},
        {"messages": [*HI, {"role": "user", "content": [{"type": "tool_result"}]}]},
        {"messages": [*HI, {"role": "assistant", "content": "{"}]},
    ],
)
def test_claude_is_not_asked_to_think_where_its_api_would_refuse(with_it: dict[str, Any]) -> None:
    assert _fit(CLAUDE, "acompletion", **with_it) == {}


def test_what_claude_allows_beside_thinking_is_no_obstacle() -> None:
    allowed = {"temperature": 1, "top_p": 0.99, "tool_choice": "auto", "messages": [*HI, "odd"]}
    assert "thinking" in _fit(CLAUDE, "acompletion", **allowed)


def test_no_budget_means_that_nothing_is_said() -> None:
    none = EffortSpec("high", None)
    assert _fit(CLAUDE, "acompletion", none) == _fit(GEMINI, "acompletion", none) == {}
    assert _fit(GEMINI, "agenerate_content", none) == {}


@pytest.mark.parametrize("extra", ["x", ["x"], 7])
def test_an_extra_body_of_an_odd_kind_says_nothing_of_thinking(extra: object) -> None:
    assert _fit(GPT, "acompletion", extra_body=extra) == {"reasoning_effort": "high"}
