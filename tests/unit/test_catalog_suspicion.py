"""Which lists are held for being odd, and when they are believed after all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from heimdall_litellm.catalog.facts import Listing, Value
from heimdall_litellm.catalog.suspicion import BELIEVED_AFTER, Oddity, Suspicion, find_oddity, suspect

FACTS: Mapping[str, Value] = {
    "input_usd_per_mtok": 1.0,
    "output_usd_per_mtok": 4.0,
    "max_input_tokens": 1000,
    "has_tools": True,
}


def listed(count: int, **changes: Mapping[str, Value | None]) -> list[Listing]:
    """Models m0, m1, …; by name, what is other in some of them (None: not stated)."""
    found = []
    for number in range(count):
        facts: dict[str, Any] = {**FACTS, **changes.get(f"m{number}", {})}
        stated = {name: value for name, value in facts.items() if value is not None}
        found.append(Listing("p", f"m{number}", stated))
    return found


def many(count: int, **facts: Value | None) -> dict[str, Mapping[str, Value | None]]:
    return {f"m{number}": facts for number in range(count)}


HALVED: dict[str, Value | None] = {"input_usd_per_mtok": 0.5}


@pytest.mark.parametrize(
    ("models", "changed", "is_odd"),
    [(100, 20, False), (100, 21, True), (10, 5, False), (10, 6, True), (5, 5, False)],
)
def test_many_prices_that_change_at_once_are_odd(models: int, changed: int, is_odd: bool) -> None:
    oddity = find_oddity(listed(models), listed(models, **many(changed, **HALVED)))
    assert (oddity is not None) == is_odd
    assert oddity is None or f"{changed} of {models} models have other prices" in oddity.cause


@pytest.mark.parametrize(
    ("change", "is_odd"),
    [
        ({"input_usd_per_mtok": 1.1}, True),
        ({"input_usd_per_mtok": 1.09}, False),
        ({"input_usd_per_mtok": 0.9}, True),
        ({"input_usd_per_mtok": 0.95}, False),
        ({"input_usd_per_mtok": None}, True),  # or a price could go, and come back as another
        ({"cache_read_usd_per_mtok": 0.1}, True),
        ({"max_input_tokens": 999}, True),
        ({"max_input_tokens": None}, True),
        ({"max_input_tokens": 2000}, False),
        ({"has_tools": False}, True),
        ({"has_vision": True}, False),
        ({"display_name": "new"}, False),
    ],
)
def test_what_counts_as_a_change_of_a_model(change: Mapping[str, Value | None], is_odd: bool) -> None:
    assert (find_oddity(listed(10), listed(10, **many(8, **change))) is not None) == is_odd


@pytest.mark.parametrize(
    ("before", "after", "is_odd"), [(100, 70, False), (100, 69, True), (4, 2, False), (4, 1, True)]
)
def test_many_models_that_vanish_at_once_are_odd(before: int, after: int, is_odd: bool) -> None:
    oddity = find_oddity(listed(before), listed(after))
    assert (oddity is not None) == is_odd
    assert oddity is None or oddity.cause == f"{before - after} of {before} models are gone"


def test_new_models_are_never_odd() -> None:
    assert find_oddity(listed(5), listed(500)) is None
    assert find_oddity([], listed(500)) is None


@pytest.mark.parametrize(
    ("before", "after", "is_odd"),
    [
        (4.0, 0.0, True),
        (None, 0.0, True),
        (0.0, 0.0, False),
        (0.0, 4.0, False),
        (4.0, 1.0, True),
        (4.0, 1.1, False),
        (4.0, 16.0, True),
        (4.0, 15.0, False),
        (None, 99.0, False),
        (4.0, None, False),
    ],
)
def test_a_single_price_that_moves_far_is_odd(
    before: float | None, after: float | None, is_odd: bool
) -> None:
    was = listed(50, m7={"output_usd_per_mtok": before})
    now = listed(50, m7={"output_usd_per_mtok": after})
    oddity = find_oddity(was, now)
    assert (oddity is not None) == is_odd
    assert oddity is None or oddity.cause == "the price of p/m7 has moved far"


def test_a_price_of_nothing_in_the_very_first_list_is_odd_unless_the_name_says_so() -> None:
    nothing = {"input_usd_per_mtok": 0.0, "output_usd_per_mtok": 0.0}
    assert find_oddity([], [Listing("p", "x", nothing)]) is not None
    assert find_oddity([], [Listing("p", "x:free", nothing)]) is None


def test_odd_changes_are_the_same_whatever_else_changes() -> None:
    was = listed(50)
    one = find_oddity(was, listed(50, **many(20, **HALVED)))
    also = find_oddity(
        was, [*listed(50, **many(20, **HALVED), m40={"max_input_tokens": 5000}), Listing("p", "new", {})]
    )
    assert one is not None
    assert one == also


def test_other_prices_are_other_changes() -> None:
    was = listed(50)
    first = find_oddity(was, listed(50, **many(20, input_usd_per_mtok=0.5)))
    second = find_oddity(was, listed(50, **many(20, input_usd_per_mtok=0.4)))
    assert first is not None
    assert second is not None
    assert first.digest != second.digest


def test_what_is_odd_is_believed_once_it_has_come_often_enough() -> None:
    oddity, seen, held = Oddity("it is odd", "d"), [], None
    for at in (10.0, 20.0, 30.0):
        held = suspect(held, oddity, at)
        seen.append((held.since, held.times, held.is_over))
    assert seen == [(10.0, 1, False), (10.0, 2, False), (10.0, 3, True)]
    assert BELIEVED_AFTER == 3


def test_other_odd_changes_begin_anew() -> None:
    held = suspect(Suspicion(10.0, 2, "d"), Oddity("it is odd", "other"), 30.0)
    assert held == Suspicion(10.0, 1, "other")
    assert held.in_words("it is odd").startswith("suspected since 1970-01-01 00:00 UTC, as it is odd;")
