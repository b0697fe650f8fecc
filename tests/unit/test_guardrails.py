"""What rules a candidate out, in plain words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from heimdall_litellm.core.guardrails import NOT_PERMITTED, rule_out
from heimdall_litellm.core.types import CatalogEntry, RequestFacts
from tests.support import entry

FACTS = RequestFacts(ask="hi", input_tokens=100)
ROOMY = entry("roomy", max_input_tokens=None)
"""Stands beside the one under test, so that this is never the last resort."""


def why_not(
    candidate: CatalogEntry, facts: RequestFacts, *, permitted: tuple[str, ...] | None, context_margin: float
) -> str | None:
    also = None if permitted is None else (*permitted, ROOMY.name)
    return rule_out([candidate, ROOMY], facts, [0.0, 0.0], permitted=also, context_margin=context_margin)[0]


def _all(*candidates: CatalogEntry, facts: RequestFacts = FACTS, **more: Any) -> list[str | None]:
    given = {"permitted": None, "context_margin": 0.1, **more}
    return rule_out(candidates, facts, [0.0] * len(candidates), **given)


@pytest.mark.parametrize(
    ("lack", "need", "words"),
    [
        ({"has_vision": False}, {"has_images": True}, "images"),
        ({"has_audio": False}, {"has_audio": True}, "audio"),
        ({"has_files": False}, {"has_files": True}, "files"),
        ({"has_tools": False}, {"tools": 1}, "tools"),
        ({"has_tools": False}, {"has_tool_results": True}, "tools"),
        ({"has_json": False}, {"is_json": True}, "JSON"),
    ],
)
def test_a_missing_capability_rules_out_only_where_it_is_needed(
    lack: dict[str, bool], need: dict[str, object], words: str
) -> None:
    lacking, able = entry("a", **lack), entry("a")
    needing = replace(FACTS, **need)
    assert words in (why_not(lacking, needing, permitted=None, context_margin=0.1) or "")
    assert why_not(lacking, FACTS, permitted=None, context_margin=0.1) is None
    assert why_not(able, needing, permitted=None, context_margin=0.1) is None


def test_a_request_must_fit_with_a_margin_and_room_for_an_answer() -> None:
    window = entry("a", max_input_tokens=2_000)
    fits = replace(FACTS, input_tokens=1_586)
    over = replace(FACTS, input_tokens=1_587)
    assert why_not(window, fits, permitted=None, context_margin=0.1) is None
    assert "1,587 tokens, its window holds 2,000" in (
        why_not(window, over, permitted=None, context_margin=0.1) or ""
    )


def test_an_unknown_window_holds_everything() -> None:
    huge = replace(FACTS, input_tokens=10**9)
    assert why_not(entry("a", max_input_tokens=None), huge, permitted=None, context_margin=0.1) is None


def test_permission_is_asked_before_anything_else() -> None:
    bare = entry("a", missing_credential="KEY", has_vision=False)
    facts = replace(FACTS, has_images=True)
    assert why_not(bare, facts, permitted=(), context_margin=0.1) == NOT_PERMITTED
    assert why_not(bare, facts, permitted=("a",), context_margin=0.1) == "no credential: set KEY"


def test_a_credential_that_the_caller_brings_stands_for_a_missing_one() -> None:
    claude = entry("claude", provider="anthropic", missing_credential="ANTHROPIC_API_KEY")
    assert _all(claude) == ["no credential: set ANTHROPIC_API_KEY"]
    assert _all(claude, brought={"openai"}) == ["no credential: set ANTHROPIC_API_KEY"]
    assert _all(claude, brought={"anthropic"}) == [None]


def test_what_is_set_aside_is_passed_over_while_anybody_else_is_there() -> None:
    aside = {"a": "unavailable (503)"}
    assert _all(entry("a"), entry("b"), set_aside=aside) == ["set aside for a while: unavailable (503)", None]


def test_where_everybody_is_set_aside_all_are_tried() -> None:
    aside = {"a": "timeout", "b": "timeout"}
    blind = entry("c", has_vision=False)
    facts = replace(FACTS, has_images=True)
    assert _all(entry("a"), entry("b"), blind, facts=facts, set_aside=aside) == [
        None,
        None,
        "it can't see images",
    ]


def test_where_every_window_is_too_small_by_estimate_the_widest_permitted_is_tried() -> None:
    small, wide, wider = (
        entry(name, max_input_tokens=size) for name, size in [("s", 1000), ("w", 2000), ("x", 9000)]
    )
    facts = replace(FACTS, input_tokens=2100)
    why = _all(small, wide, wider, facts=facts, permitted=("s", "w"))
    assert why[0] is not None
    assert why[1] is None
    assert why[2] == NOT_PERMITTED


def test_what_cannot_fit_even_if_the_estimate_is_off_is_refused() -> None:
    why = _all(entry("s", max_input_tokens=1000), facts=replace(FACTS, input_tokens=1400))
    assert "too long" in (why[0] or "")
