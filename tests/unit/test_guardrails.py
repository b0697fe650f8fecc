"""What rules a candidate out, in plain words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from heimdall_litellm.core.guardrails import NOT_PERMITTED, why_not
from heimdall_litellm.core.types import RequestFacts
from tests.support import entry

FACTS = RequestFacts(ask="hi", input_tokens=100)


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
