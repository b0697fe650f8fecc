"""Candidate lists, catalog and bundle are joined into rows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from heimdall_litellm.errors import ConfigError
from tests.support import EFFORTS, entry, field, policy, table

TABLE = table({"a": [0.2, 0.2], "b": [0.8, 0.8], "c": [0.9, 0.9]})


def test_a_model_in_two_buckets_is_two_rows_with_their_own_effort() -> None:
    a = entry("a", is_reasoning=True)
    rows = field([a], TABLE, policy({"cheap": ("a",), "hard": ("a",)})).rows
    assert [(row.bucket, row.effort) for row in rows] == [
        ("cheap", EFFORTS["cheap"]),
        ("hard", EFFORTS["hard"]),
    ]


def test_a_model_that_does_not_reason_is_given_no_effort() -> None:
    (row,) = field([entry("a")], TABLE, policy({"cheap": ("a",)})).rows
    assert row.effort.reasoning_effort is None
    assert row.effort.thinking_budget is None


def test_a_name_that_is_not_there_is_named_with_what_there_is() -> None:
    with pytest.raises(ConfigError, match=r"mid_candidates names 'x'.*It has: a"):
        field([entry("a")], TABLE, policy({"mid": ("x",)}))


def test_no_candidate_at_all_is_an_error() -> None:
    with pytest.raises(ConfigError, match="no candidate"):
        field([], TABLE, policy({}))


def test_a_stranger_is_taken_for_one_in_the_lower_third() -> None:
    joined = field([entry("stranger")], TABLE, policy({"cheap": ("stranger",)}))
    assert joined.rows[0].known_as is None
    assert joined.quality[0] == pytest.approx(np.quantile([0.2, 0.8, 0.9], 0.3), abs=1e-6)


def test_a_bundle_name_that_is_not_in_the_table_is_a_stranger_too() -> None:
    joined = field([entry("z")], TABLE, policy({"cheap": ("z",)}))
    assert joined.quality[0][0] < 0.8


def test_a_stated_quality_wins() -> None:
    joined = field([entry("a", quality_override=0.33)], TABLE, policy({"cheap": ("a",)}))
    assert joined.quality[0] == pytest.approx(0.33)


@pytest.mark.parametrize("stated", [-0.1, 1.1, math.nan])
def test_a_stated_quality_that_is_none_is_refused(stated: float) -> None:
    with pytest.raises(ConfigError, match=r"'a' must lie in 0\.\.1"):
        field([entry("a", quality_override=stated)], TABLE, policy({"cheap": ("a",)}))


def test_an_unknown_price_counts_as_the_dearest_known() -> None:
    joined = field([entry("a", None, None), entry("b", 2.0, 9.0)], TABLE, policy({"cheap": ("a", "b")}))
    assert joined.input_usd == pytest.approx((2e-6, 2e-6))
    assert joined.output_usd == pytest.approx((9e-6, 9e-6))


def test_prices_nobody_knows_are_nothing() -> None:
    joined = field([entry("a", None, None)], TABLE, policy({"cheap": ("a",)}))
    assert joined.input_usd == (0.0,)


@pytest.mark.parametrize("price", [math.nan, math.inf, -1.0])
def test_a_price_that_is_none_is_refused_at_the_border(price: float) -> None:
    with pytest.raises(ConfigError, match="price of 'a'"):
        field([entry("a", price, 1.0)], TABLE, policy({"cheap": ("a",)}))
