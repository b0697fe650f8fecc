"""Which changes between two states of the catalog are worth knowing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heimdall_litellm.catalog.drift import QUIET, compare, in_sum, in_words, is_loss
from heimdall_litellm.catalog.facts import Drift, Listing, Value

AT = datetime(2026, 11, 1, tzinfo=UTC)


def listing(model: str = "m", **facts: Value) -> Listing:
    return Listing("p", model, facts)


def changes(before: dict[str, Value], after: dict[str, Value]) -> list[Drift]:
    return list(compare("s", [listing(**before)], [listing(**after)], (), AT).changes)


class History:
    """One model of one source, read again and again, every hour."""

    def __init__(self, **facts: Value) -> None:
        self.at, self.said = AT, list[Drift]()
        self.told = compare("s", None, [listing(**facts)], (), AT).told

    def read(self, *models: Listing, later: timedelta = timedelta(hours=1)) -> list[Drift]:
        self.at += later
        found = compare("s", self.told, models, reversed(self.said), self.at)
        self.told = found.told
        self.said += found.changes
        return list(found.changes)

    def price(self, usd: float, **more: timedelta) -> tuple[object, object] | None:
        found = self.read(listing(output_usd_per_mtok=usd), **more)
        return (found[0].before, found[0].after) if found else None


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
    found = compare("s", [listing("a"), listing("b")], [listing("c"), listing("b")], (), AT).changes
    assert found == [Drift(AT, "vanished", "p", "a", "s"), Drift(AT, "appeared", "p", "c", "s")]


def test_a_price_that_creeps_is_told_once_it_has_moved_by_a_tenth() -> None:
    history = History(output_usd_per_mtok=1.0)
    assert history.price(1.09) is None
    assert history.price(1.09**2) == (1.0, 1.09**2)
    assert history.price(1.09**3) is None
    assert history.price(1.05) == (1.09**2, 1.05)


def test_a_price_that_goes_back_and_forth_is_told_once_each_way_in_a_day() -> None:
    history = History(output_usd_per_mtok=1.0)
    assert [history.price(usd) for usd in (2.0, 1.0, 2.0, 1.0, 2.0)] == [
        (1.0, 2.0), (2.0, 1.0), None, None, None,
    ]  # fmt: skip
    assert history.price(3.0) == (1.0, 3.0)


def test_where_a_price_has_stayed_is_told_after_a_day() -> None:
    history = History(output_usd_per_mtok=1.0)
    for usd in (2.0, 1.0, 2.0):
        history.price(usd)
    assert history.price(2.0) is None
    assert history.price(2.0, later=QUIET) == (1.0, 2.0)


def test_a_model_that_comes_and_goes_is_told_once_each_way_in_a_day() -> None:
    history, other = History(), listing("other")
    kinds = [
        [change.kind for change in history.read(*models)]
        for models in ([other], [listing(), other], [other], [listing(), other], [other])
    ]
    assert kinds == [["vanished", "appeared"], ["appeared"], [], [], []]
    assert [change.kind for change in history.read(other, later=QUIET)] == ["vanished"]


def test_a_window_may_grow_unsaid_and_is_told_with_each_step_down() -> None:
    history = History(max_input_tokens=100)
    steps = [history.read(listing(max_input_tokens=size)) for size in (200, 190, 189, 400, 300)]
    assert [[(each.before, each.after) for each in found] for found in steps] == [
        [], [(200, 190)], [(190, 189)], [], [(400, 300)],
    ]  # fmt: skip


def test_what_another_list_of_the_source_has_told_is_not_told_again() -> None:
    one, two = (compare("s", None, [listing(output_usd_per_mtok=1.0)], (), AT).told for _ in range(2))
    after = [listing(output_usd_per_mtok=2.0)]
    told = compare("s", one, after, (), AT).changes
    again = compare("s", two, after, told, AT + timedelta(minutes=5))
    assert again.changes == []
    assert compare("s", again.told, after, (), AT + timedelta(days=9)).changes == []


def test_what_is_unsaid_for_a_while_is_compared_with_what_was_told() -> None:
    history = History(output_usd_per_mtok=1.0)
    assert history.read(listing()) == []
    assert history.price(2.0) == (1.0, 2.0)


def test_what_makes_no_sense_is_not_compared() -> None:
    assert changes({"input_usd_per_mtok": 1.0}, {"input_usd_per_mtok": float("nan")}) == []
    assert changes({"max_input_tokens": 10}, {"max_input_tokens": "few"}) == []


def test_many_changes_are_said_in_sum() -> None:
    many = [Drift(AT, "appeared", "p", f"m{n}", "litellm") for n in range(3)]
    prices = [Drift(AT, "price", "p", "m", "litellm", field, 1.0, 2.0) for field in ("a", "b")]
    window = Drift(AT, "window", "p", "m", "acme", "max_input_tokens", 2, 1)
    assert in_sum([*many, *prices, window]) == (
        "acme: 1 with a smaller window; litellm: 3 new, 1 with another price"
    )


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
    first = compare("s", None, before, (), AT)
    assert first.changes == ()
    same = compare("s", first.told, before, (), AT)
    assert (same.changes, same.told) == ([], tuple(sorted(first.told, key=lambda each: each.model)))
    there, back = (compare("s", *pair, (), AT).changes for pair in ((before, after), (after, before)))
    came = {change.model for change in there if change.kind == "appeared"}
    assert came == {change.model for change in back if change.kind == "vanished"}
    for change in there:
        if change.kind == "price":
            was, now = float(change.before or 0), float(change.after or 0)
            assert abs(now - was) >= 0.0999 * was
        if change.kind == "window":
            assert int(change.after or 0) < int(change.before or 0)
