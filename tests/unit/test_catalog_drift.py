"""Which changes between two states of the catalog are worth knowing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heimdall_litellm.catalog.drift import drift_of_cards, drift_of_listings, in_words, is_loss
from heimdall_litellm.catalog.facts import Card, Drift, Fact, Listing, Value
from tests.support import entry

AT = datetime(2026, 11, 1, tzinfo=UTC)


def listing(model: str = "m", **facts: Value) -> Listing:
    return Listing("p", model, facts)


def changes(before: dict[str, Value], after: dict[str, Value]) -> list[Drift]:
    return drift_of_listings("s", [listing(**before)], [listing(**after)], AT)


@pytest.mark.parametrize(
    ("before", "after", "is_drift"),
    [
        (1.0, 1.1, True), (1.0, 0.9, True), (10.0, 11.0, True), (3.0, 3.3, True), (0.3, 0.33, True),
        (1.0, 1.09, False), (1.0, 0.91, False), (1.0, 1.0, False),
        (0.0, 0.0, False), (0.0, 0.01, True), (1.0, 0.0, True),
    ],
)  # fmt: skip
def test_a_price_drifts_by_a_tenth(before: float, after: float, is_drift: bool) -> None:
    found = changes({"output_usd_per_mtok": before}, {"output_usd_per_mtok": after})
    expected = [Drift(AT, "price", "p", "m", "s", "output_usd_per_mtok", before, after)]
    assert found == (expected if is_drift else [])


def test_a_window_drifts_when_it_shrinks() -> None:
    assert changes({"max_input_tokens": 10}, {"max_input_tokens": 20}) == []
    assert changes({"max_output_tokens": 20}, {"max_output_tokens": 10}) == [
        Drift(AT, "window", "p", "m", "s", "max_output_tokens", 20, 10)
    ]


def test_what_becomes_known_or_is_said_no_longer_is_no_change() -> None:
    assert changes({}, {"input_usd_per_mtok": 1.0, "max_input_tokens": 5}) == []
    assert changes({"input_usd_per_mtok": 1.0, "max_input_tokens": 5}, {}) == []
    assert (
        changes({"has_vision": True, "display_name": "a"}, {"has_vision": False, "display_name": "b"}) == []
    )


def test_models_come_and_go() -> None:
    found = drift_of_listings("s", [listing("a"), listing("b")], [listing("c"), listing("b")], AT)
    assert found == [Drift(AT, "vanished", "p", "a", "s"), Drift(AT, "appeared", "p", "c", "s")]


def card(upstream: str, price: float, source: str = "litellm") -> Card:
    made = entry("g", upstream=upstream, provider="p")
    return Card(made, {"input_usd_per_mtok": Fact(price, source)})


def test_cards_drift_where_the_price_map_decided_before_and_after() -> None:
    before = {"g": card("p/m", 1.0), "twin": card("p/m", 1.0), "other": card("p/x", 1.0, "user")}
    after = {"g": card("p/m", 2.0), "twin": card("p/m", 2.0), "other": card("p/x", 2.0, "user")}
    expected = [Drift(AT, "price", "p", "m", "litellm", "input_usd_per_mtok", 1.0, 2.0)]
    assert drift_of_cards("litellm", before, after, AT) == expected


@pytest.mark.parametrize(
    "after",
    [{}, {"g": card("p/another", 2.0)}, {"g": card("p/m", 2.0, "openrouter")}, {"h": card("p/m", 2.0)}],
)
def test_what_the_user_changes_is_no_drift(after: dict[str, Card]) -> None:
    assert drift_of_cards("litellm", {"g": card("p/m", 1.0)}, after, AT) == []


@pytest.mark.parametrize(
    ("drift", "loss", "words"),
    [
        (
            Drift(AT, "price", "p", "m", "s", "output_usd_per_mtok", 2.0, 2.4),
            True,
            "p/m: output $2 -> $2.4 per 1M tokens, says s",
        ),
        (
            Drift(AT, "price", "p", "m", "s", "cache_read_usd_per_mtok", 2.0, 1.0),
            False,
            "p/m: cache read $2 -> $1 per 1M tokens, says s",
        ),
        (
            Drift(AT, "window", "p", "m", "s", "max_input_tokens", 200, 100),
            True,
            "p/m: max input tokens 200 -> 100, says s",
        ),
        (Drift(AT, "appeared", "p", "m", "s"), False, "p/m is new in the list of s"),
        (Drift(AT, "vanished", "p", "m", "s"), True, "p/m is gone from the list of s"),
    ],
)
def test_a_change_is_said_in_a_line(drift: Drift, loss: bool, words: str) -> None:
    assert is_loss(drift) is loss
    assert in_words(drift) == words


FACTS = st.fixed_dictionaries(
    {},
    optional={
        "input_usd_per_mtok": st.floats(0, 1000),
        "max_input_tokens": st.integers(1, 10**7),
        "has_vision": st.booleans(),
    },
)
LISTS = st.dictionaries(st.sampled_from("abcdef"), FACTS).map(
    lambda models: [listing(model, **facts) for model, facts in models.items()]
)


@given(before=LISTS, after=LISTS)
def test_nothing_drifts_into_itself_and_what_appears_vanishes_on_the_way_back(
    before: list[Listing], after: list[Listing]
) -> None:
    assert drift_of_listings("s", before, before, AT) == []
    there, back = (drift_of_listings("s", *pair, AT) for pair in ((before, after), (after, before)))
    came = {change.model for change in there if change.kind == "appeared"}
    assert came == {change.model for change in back if change.kind == "vanished"}
    for change in there:
        if change.kind == "price":
            was, now = float(change.before or 0), float(change.after or 0)
            assert abs(now - was) >= 0.0999 * was
        if change.kind == "window":
            assert int(change.after or 0) < int(change.before or 0)
