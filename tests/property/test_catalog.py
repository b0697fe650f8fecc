"""The order of precedence holds for all that sources may say."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from heimdall_litellm.catalog.facts import FIELDS, Listing, Value
from heimdall_litellm.catalog.listings_index import ListingsIndex
from heimdall_litellm.catalog.merge import is_plausible, merge
from heimdall_litellm.catalog.readings import Reading, listings_from_json, listings_to_json
from heimdall_litellm.catalog.sources import Rank
from heimdall_litellm.catalog.sources.litellm_map import CLAIM_KEYS, PRICE_KEYS, WINDOW_KEYS
from heimdall_litellm.catalog.sources.reading import CLAIMS, PRICES, WINDOWS

AT = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = {name: key for key, name in {**PRICE_KEYS, **WINDOW_KEYS, **CLAIM_KEYS}.items()}


def _values(name: str) -> st.SearchStrategy[Value]:
    if name in PRICES:
        return st.integers(0, 1000).map(float)
    if name in WINDOWS:
        return st.integers(1, 10**7)
    if name in CLAIMS:
        return st.booleans()
    return st.dates(datetime(2020, 1, 1).date(), datetime(2030, 1, 1).date()).map(str)  # noqa: DTZ001


FACTS = st.fixed_dictionaries({}, optional={name: _values(name) for name in FIELDS})


def _raw(facts: dict[str, Value]) -> dict[str, object]:
    return {
        KEYS[name]: float(value) / 1e6 if name in PRICES else value
        for name, value in facts.items()
        if name in KEYS
    }


@given(user=FACTS, own=FACTS, reseller=FACTS, mapped=FACTS)
def test_the_first_who_knows_a_field_decides_it(
    user: dict[str, Value], own: dict[str, Value], reseller: dict[str, Value], mapped: dict[str, Value]
) -> None:
    index = ListingsIndex(
        [
            Reading("shop", Rank.RESELLER, frozenset(), AT, [Listing("p", "m", reseller)]),
            Reading("maker", Rank.PROVIDER, frozenset(), AT, [Listing("p", "m", own)]),
        ]
    )
    prices = {"p/m": {"litellm_provider": "p", "mode": "chat", **_raw(mapped)}}
    model = {"model_name": "g", "litellm_params": {"model": "p/m"}, "model_info": _raw(user)}
    made = merge([model], prices, {}, listings=index).cards["g"]
    for name in FIELDS:
        says = [("user", user), ("maker", own), ("shop", reseller), ("litellm", mapped)]
        # The user and the map have no word for some fields.
        says = [(who, facts) for who, facts in says if name in KEYS or who in ("maker", "shop")]
        if name == "max_input_tokens" and mapped.get(name, 10**9) <= reseller.get(name, 0):
            says = [pair for pair in says if pair[0] != "shop"]
        known = mapped.get(name) if name in KEYS else None
        says = [
            (who, facts)
            for who, facts in says
            if who not in ("maker", "shop") or name not in facts or is_plausible(name, facts[name], known)
        ]
        expected = next(((who, facts[name]) for who, facts in says if name in facts), None)
        fact = made.facts.get(name)
        if expected is None:
            assert fact is None
        else:
            assert fact is not None
            assert fact.source == expected[0]
            assert (
                fact.value == expected[1]
                if name not in PRICES
                else abs(float(fact.value) - float(expected[1])) < 1e-6
            )
            assert fact.at is (None if expected[0] in ("user", "litellm") else AT)


@given(st.lists(st.tuples(FACTS, st.sampled_from(["p/a", "p/b"])), min_size=1, max_size=4))
def test_a_group_promises_what_each_of_its_deployments_keeps(
    given_: list[tuple[dict[str, Value], str]],
) -> None:
    models = [
        {"model_name": "g", "litellm_params": {"model": model}, "model_info": _raw(facts)}
        for facts, model in given_
    ]
    whole = merge(models, {}, {}).cards["g"].entry
    for each in models:
        one = merge([each], {}, {}).cards["g"].entry
        assert (whole.input_usd_per_mtok or 0.0) >= (one.input_usd_per_mtok or 0.0)
        assert one.max_input_tokens is None or (whole.max_input_tokens or 0) <= one.max_input_tokens
        assert one.has_vision or not whole.has_vision
        assert one.has_tools or not whole.has_tools


@given(st.dictionaries(st.sampled_from(["a", "b/c", "x:free"]), FACTS))
def test_what_is_written_down_is_read_again(models: dict[str, dict[str, Value]]) -> None:
    listings = tuple(Listing("p", model, facts) for model, facts in models.items())
    assert listings_from_json(listings_to_json(listings)) == listings


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(ValueError):
        listings_from_json(text)
