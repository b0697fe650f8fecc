"""Who is tried next, by what went wrong."""

from __future__ import annotations

import pytest

from heimdall_litellm.core.failover import FailureKind, Hop, after

GPT = Hop("gpt", "openai", 128_000)
MINI = Hop("mini", "openai", 128_000)
CLAUDE = Hop("claude", "anthropic", 200_000)
OPUS = Hop("opus", "anthropic", 200_000)
GEMINI = Hop("gemini", "gemini", 1_000_000)
ODD = Hop("odd", "local")


def _after(kind: FailureKind, failed: Hop, *rest: Hop, **more: object) -> list[str]:
    return [hop.model for hop in after(kind, failed, rest, **more)]  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["unavailable", "timeout", "unreachable", "broken", "rate-limited"])
def test_where_a_provider_may_be_down_the_others_come_first(kind: FailureKind) -> None:
    assert _after(kind, GPT, MINI, CLAUDE, GEMINI) == ["claude", "gemini", "mini"]


@pytest.mark.parametrize("kind", ["refused", "forbidden", "gone", "unfit"])
def test_what_is_one_deployments_matter_leaves_the_order(kind: FailureKind) -> None:
    assert _after(kind, GPT, MINI, CLAUDE) == ["mini", "claude"]


def test_a_callers_own_limit_rules_out_all_that_the_same_credential_would_serve() -> None:
    mine = Hop("claude", "anthropic", 200_000, own="own:anthropic:1")
    also_mine = Hop("opus", "anthropic", 200_000, own="own:anthropic:1")
    assert _after("rate-limited", mine, also_mine, GPT, GEMINI) == ["gpt", "gemini"]


def test_an_overflow_goes_to_wider_windows_long_ones_first_unknown_ones_last() -> None:
    long = 120_000
    assert _after("context", GPT, MINI, ODD, CLAUDE, GEMINI, tokens=long) == ["claude", "gemini", "odd"]
    assert _after("context", CLAUDE, GPT, OPUS, GEMINI, tokens=long) == ["gemini"]
    assert _after("context", GEMINI, GPT, CLAUDE, tokens=long) == []


def test_an_overflow_of_a_short_request_goes_on_to_narrower_windows_last() -> None:
    assert _after("context", CLAUDE, GPT, GEMINI, tokens=64_000) == ["gemini", "gpt"]
    assert _after("context", CLAUDE, GPT, GEMINI, tokens=64_001) == ["gemini"]


def test_an_overflow_of_an_unknown_window_goes_on_to_all() -> None:
    assert _after("context", ODD, GPT, CLAUDE) == ["claude", "gpt"]


def test_a_clients_own_mistake_ends_it() -> None:
    assert _after("client", GPT, CLAUDE, GEMINI) == []


def test_a_refusal_by_policy_ends_it_unless_the_administrator_says_otherwise() -> None:
    assert _after("policy", GPT, CLAUDE) == []
    assert _after("policy", GPT, MINI, CLAUDE, goes_on_after_policy=True) == ["mini", "claude"]


def test_who_has_been_set_aside_comes_last() -> None:
    assert _after("refused", GPT, MINI, CLAUDE, GEMINI, set_aside=["mini"]) == ["claude", "gemini", "mini"]
