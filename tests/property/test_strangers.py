"""What holds for every guess at a model's quality by its price."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heimdall_litellm.core.quality import PriceClasses, QualityTable
from heimdall_litellm.core.strangers import Expectations
from heimdall_litellm.core.types import CatalogEntry
from tests.support import entry, field, policy, table
from training.price_class import curves, knots, priced, rising

unit = st.floats(0, 1, width=32)
usd = st.floats(0, 1e6, allow_nan=False)


@st.composite
def tables(draw: st.DrawFn) -> QualityTable:
    """Three known models, two clusters, and a rising price curve."""
    size = draw(st.integers(1, 6))
    prices = sorted(draw(st.sets(st.floats(0.0078125, 1_024, width=32), min_size=size, max_size=size)))
    rows = [[draw(unit), draw(unit)] for _ in prices]
    known = table({name: [draw(unit), draw(unit)] for name in ("a", "b", "c")})
    curve = np.maximum.accumulate(np.array(rows, np.float32), axis=0)
    return replace(known, price_classes=PriceClasses(np.array(prices, np.float32), curve))


def guess(known: QualityTable, price: float | None) -> np.ndarray:
    return Expectations.of_table(known).of(entry("stranger", price, price), None, None).quality


@given(tables(), usd, usd)
def test_a_dearer_stranger_is_never_expected_to_be_worse(
    known: QualityTable, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    assert (guess(known, low) <= guess(known, high)).all()


@given(tables(), usd)
def test_no_price_buys_more_than_the_curve_holds(known: QualityTable, price: float) -> None:
    classes = known.price_classes
    assert classes is not None
    found = guess(known, price)
    assert (classes.quality[0] <= found).all()
    assert (found <= classes.quality[-1]).all()


@given(tables())
def test_giving_a_model_away_or_asking_the_absurd_is_worth_no_more_than_the_ends(known: QualityTable) -> None:
    classes = known.price_classes
    assert classes is not None
    assert guess(known, 0.0).tolist() == classes.quality[0].tolist()
    assert guess(known, 1e12).tolist() == classes.quality[-1].tolist()


@given(tables(), unit, usd, st.sampled_from(["a", "stranger"]))
def test_what_the_user_states_wins(known: QualityTable, stated: float, price: float, name: str) -> None:
    stating = entry(name, price, price, quality_override=stated)
    joined = field([stating], known, policy({"cheap": (name,)}))
    assert joined.quality[0].tolist() == [np.float32(stated)] * 2
    assert joined.rows[0].basis == "user"


@given(tables(), st.permutations([entry("a"), entry("stranger-1", 1.0, 1.0), entry("stranger-2", 9.0, None)]))
def test_who_else_is_a_candidate_changes_no_guess(known: QualityTable, entries: list[CatalogEntry]) -> None:
    joined = field(entries, known, policy({"cheap": tuple(e.name for e in entries)}))
    expectations = Expectations.of_table(known)
    for row, quality in zip(joined.rows, joined.quality, strict=True):
        alone = expectations.of(row.entry, row.known_as, None)
        assert quality.tolist() == alone.quality.tolist()
        assert row.basis == alone.basis


@given(st.lists(st.tuples(unit, st.floats(0.1, 10)), min_size=1, max_size=30))
def test_the_nearest_rising_sequence_rises_and_keeps_the_mean(pairs: list[tuple[float, float]]) -> None:
    values, weight = (np.array(part) for part in zip(*pairs, strict=True))
    found = rising(values, weight)
    assert (np.diff(found) >= 0).all()
    assert weight @ found == pytest.approx(weight @ values)
    if (np.diff(values) >= 0).all():
        assert found.tolist() == values.tolist()


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.95))
def test_fitted_curves_rise_stay_within_the_data_and_do_not_depend_on_order(
    seed: int, quantile: float
) -> None:
    rng = np.random.default_rng(seed)
    models = [f"m{i}-{i}b" for i in range(40)]
    prices = {model: float(np.exp(rng.normal(0, 1.5))) for model in models}
    quality = rng.random((40, 3))
    known = priced(models, prices)
    at = knots(known)
    found = curves(known, quality, at, quantile)
    assert (np.diff(at) > 0).all()
    assert (np.diff(found, axis=0) >= 0).all()
    assert (quality.min(axis=0) <= found.min(axis=0)).all()
    assert (found.max(axis=0) <= quality.max(axis=0)).all()
    order = rng.permutation(40)
    shuffled = priced([models[i] for i in order], prices)
    assert knots(shuffled) == pytest.approx(at)
    assert curves(shuffled, quality[order], at, quantile) == pytest.approx(found)
