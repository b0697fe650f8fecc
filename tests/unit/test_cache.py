"""Decisions are remembered within bounds of number and time."""

from __future__ import annotations

from dataclasses import replace

from heimdall_litellm.core.cache import DecisionCache, decision_key
from heimdall_litellm.core.types import NO_OVERRIDES, Overrides, RequestFacts
from tests.unit.test_decision import choose

FACTS = RequestFacts(ask="hi")
DECISION = choose("mid")


def test_a_decision_is_remembered_until_its_time_is_over() -> None:
    cache = DecisionCache(10, ttl_s=5.0)
    cache.put(b"k", DECISION, 100.0)
    assert cache.get(b"k", 105.0) is DECISION
    assert cache.get(b"k", 105.1) is None
    assert len(cache) == 0
    assert cache.get(b"other", 100.0) is None


def test_the_least_recently_used_makes_room() -> None:
    cache = DecisionCache(2, ttl_s=5.0)
    cache.put(b"a", DECISION, 0.0)
    cache.put(b"b", DECISION, 0.0)
    cache.get(b"a", 0.0)
    cache.put(b"c", DECISION, 0.0)
    assert cache.get(b"b", 0.0) is None
    assert cache.get(b"a", 0.0) is DECISION
    assert len(cache) == 2


def test_the_key_covers_all_that_a_decision_depends_on() -> None:
    keys = {
        decision_key("heimdall", FACTS, None, NO_OVERRIDES),
        decision_key("heimdall-eco", FACTS, None, NO_OVERRIDES),
        decision_key("heimdall", replace(FACTS, ask="ho"), None, NO_OVERRIDES),
        decision_key("heimdall", replace(FACTS, has_images=True), None, NO_OVERRIDES),
        decision_key("heimdall", FACTS, (), NO_OVERRIDES),
        decision_key("heimdall", FACTS, ("a",), NO_OVERRIDES),
        decision_key("heimdall", FACTS, ("a", "b"), NO_OVERRIDES),
        decision_key("heimdall", FACTS, None, Overrides(alpha=0.1)),
    }
    assert len(keys) == 8
    assert decision_key("heimdall", FACTS, ("b", "a"), NO_OVERRIDES) in keys


def test_the_key_keeps_nothing_of_the_prompt() -> None:
    assert len(decision_key("heimdall", RequestFacts(ask="secret" * 100), None, NO_OVERRIDES)) == 16
