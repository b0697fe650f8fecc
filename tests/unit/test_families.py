"""Which older version stands for a model that nobody knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heimdall_litellm.catalog.families import kin_of, relative
from heimdall_litellm.catalog.identity import canonical

KNOWN = (
    *(
        "claude-4.5-sonnet",
        "claude-4-sonnet",
        "claude-4.5-sonnet@high",
        "claude-4.5-haiku",
        "claude-4.8-opus",
    ),
    *("gpt-5.4-mini", "gpt-5.4-mini@high", "gpt-5-mini", "gpt-5.4-nano", "gpt-5.2", "gpt-4o", "gpt-4o-mini"),
    *("llama-3.3-70b", "llama-3.1-8b", "llama-3.1-405b", "qwen-3-32b", "qwen-3-30b-a3b-2507"),
    *("gemini-3-flash", "gemini-3.1-flash-lite", "gemini-3-pro", "o3-mini", "o4-mini@low", "o3"),
    *(
        "deepseek-r1",
        "deepseek-r1-0528",
        "deepseek-v3.2",
        "deepseek-v4-pro",
        "mistral-large-2411",
        *("mistral-small-2402", "mistral-small-2506", "ministral-8b-2410", "codestral-22b-2405"),
        "grok-4.20",
    ),
)


@pytest.mark.parametrize(
    ("upstream", "older"),
    [
        ("anthropic/claude-sonnet-5-20260301", "claude-4.5-sonnet"),
        ("openrouter/anthropic/claude-sonnet-5", "claude-4.5-sonnet"),
        ("anthropic/claude-opus-5", "claude-4.8-opus"),
        ("openai/gpt-6-mini", "gpt-5.4-mini"),
        ("openai/o5-mini", "o4-mini@low"),
        ("gemini/gemini-4-flash", "gemini-3-flash"),
        ("gemini/gemini-3.5-flash-lite", "gemini-3.1-flash-lite"),
        ("meta-llama/llama-4-70b-instruct", "llama-3.3-70b"),
        ("deepseek/deepseek-v4", "deepseek-v3.2"),
        ("deepseek-r2", "deepseek-r1-0528"),
        ("mistral/mistral-large-2512", "mistral-large-2411"),
        ("xai/grok-4.3", "grok-4.20"),
        # A pro is its plain sister, whatever older pros there are.
        ("o3-pro", "o3"),
        ("openai/gpt-5.2-pro", "gpt-5.2"),
        # Standing names are newer than all.
        ("~anthropic/claude-sonnet-latest", "claude-4.5-sonnet"),
        ("mistral-large-latest", "mistral-large-2411"),
        ("gemini/gemini-flash-lite-latest", "gemini-3.1-flash-lite"),
        ("mistral/ministral-8b-latest", "ministral-8b-2410"),
        # A name that has only dated versions is taken for the first of them.
        ("openrouter/mistralai/ministral-8b", "ministral-8b-2410"),
        ("mistral/mistral-small", "mistral-small-2402"),
        # Between two that are known: the older one, never the newer.
        ("openai/gpt-5.1-mini", "gpt-5-mini"),
    ],
)
def test_the_latest_relative_of_of_the_same_tier_stands_for_a_stranger(upstream: str, older: str) -> None:
    assert relative(upstream, KNOWN) == older


@pytest.mark.parametrize(
    "upstream",
    [
        "anthropic/claude-3-opus-20240229",  # older than all
        "anthropic/claude-fable-5",  # a tier of its own
        "openai/gpt-6-nano-codex",
        "meta-llama/llama-4-13b-instruct",  # another size
        "meta-llama/llama-4-maverick",
        "qwen/qwen4-30b-a6b",
        "gemini/gemini-4-pro-vision",
        "openai/gpt-4o-mini-2099-01-01",  # the very model, dated
        "mistral/ministral-3b-latest",  # another size
        "dashscope/qwen-flash",  # which version, nobody says
        "mistral/codestral",
        "acme/never-heard-of",
        "hermes-5-llama-3-70b",  # two versions
        "",
        "@high",
    ],
)
def test_tiers_sizes_and_unversioned_names_never_match(upstream: str) -> None:
    assert relative(upstream, KNOWN) is None


def test_the_effort_asked_for_chooses_among_those_of_the_relative_of() -> None:
    assert relative("claude-sonnet-5", KNOWN, "high") == "claude-4.5-sonnet@high"
    assert relative("gpt-6-mini@high", KNOWN, "low") == "gpt-5.4-mini@high"
    assert relative("gpt-6-mini", KNOWN, "low") == "gpt-5.4-mini"


@given(
    st.permutations(KNOWN), st.sampled_from(["claude-sonnet-5", "gpt-9-mini", "deepseek-r2", "llama-9-8b"])
)
def test_the_order_of_the_models_does_not_matter(names: list[str], upstream: str) -> None:
    assert relative(upstream, names) == relative(upstream, KNOWN)


@given(st.sampled_from(KNOWN), st.sampled_from(KNOWN))
def test_what_stands_for_a_model_is_older_and_else_alike(upstream: str, other: str) -> None:
    if canonical(upstream).endswith("-pro"):
        return
    found = relative(upstream, [other])
    mine, kin = kin_of(canonical(upstream)), kin_of(canonical(other))
    if found is not None:
        assert mine is not None
        assert kin is not None
        assert mine.family == kin.family
        assert kin.version < mine.version


@given(st.text(max_size=40))
def test_any_text_has_kin_or_none(name: str) -> None:
    kin = kin_of(canonical(name))
    assert kin is None or kin.version >= (0.0, 0)
    assert relative(name, [name]) is None
