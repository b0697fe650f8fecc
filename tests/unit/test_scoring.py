"""The alpha-score and its penalties, by hand."""

from __future__ import annotations

from math import inf

import pytest

from heimdall_litellm.core.scoring import alpha_scores, penalties
from heimdall_litellm.core.types import Penalties, RequestFacts
from tests.support import entry


def scores(alpha: float, q: list[float], c: list[float], eligible: list[bool] | None = None) -> list[float]:
    return alpha_scores(alpha, q, c, [0.0] * len(q), eligible or [True] * len(q), ["mid"] * len(q))


def test_costs_are_scaled_among_rivals_only() -> None:
    everyone, in_two = [True] * 3, ["cheap", "cheap", "hard"]
    q, c = [0.7, 0.6, 0.9], [0.002, 0.001, 1.0]
    found = alpha_scores(0.5, q, c, [0.0] * 3, everyone, in_two)
    assert found == pytest.approx([0.35 - 0.5 / 10, 0.3 - 0.25 / 10, 0.45 - 0.5 / 10])


def test_the_formula() -> None:
    assert scores(0.6, [0.9, 0.5], [0.02, 0.01]) == pytest.approx([0.54 - 0.4 / 10, 0.30 - 0.2 / 10])


def test_a_dominated_candidate_does_not_set_the_scale() -> None:
    alone = scores(0.6, [0.9, 0.5], [0.02, 0.01])
    assert scores(0.6, [0.9, 0.5, 0.4], [0.02, 0.01, 5.0])[:2] == pytest.approx(alone)


def test_equal_candidates_dominate_nobody() -> None:
    assert scores(0.5, [0.5, 0.5], [0.02, 0.02]) == pytest.approx([0.25 - 0.5 / 10] * 2)


def test_ineligible_candidates_neither_score_nor_count() -> None:
    assert scores(0.6, [0.9, 0.5], [9.0, 0.01], [False, True]) == pytest.approx([-inf, 0.3 - 0.4 / 10])


def test_nobody_eligible_and_nothing_to_pay_are_no_trouble() -> None:
    assert scores(0.6, [0.9], [1.0], [False]) == [-inf]
    assert scores(0.5, [0.9, 0.1], [0.0, 0.0]) == pytest.approx([0.45, 0.05])


DEFAULTS = Penalties()


def pay(latencies: dict[str, float] | None, tokens: int = 10, weights: Penalties = DEFAULTS) -> list[float]:
    entries = [entry("a", max_input_tokens=1_000), entry("b", max_input_tokens=None)]
    facts = RequestFacts(ask="", input_tokens=tokens)
    return penalties(entries, [True, True], facts, [100, 100], weights, latencies)


def test_a_crowded_window_costs_once_and_only_where_there_is_one() -> None:
    assert pay(None, tokens=700) == [0, 0]
    assert pay(None, tokens=701) == pytest.approx([0.15, 0])


def test_slower_than_the_mean_costs_by_standard_deviations() -> None:
    assert pay({"a": 3.0, "b": 1.0}) == pytest.approx([0.05, 0.0])


@pytest.mark.parametrize("latencies", [{"a": 3.0}, {"a": 2.0, "b": 2.0}, {}, {"z": 1.0}])
def test_latency_needs_something_to_compare_with(latencies: dict[str, float]) -> None:
    assert pay(latencies) == [0, 0]


def test_a_weight_of_nothing_costs_nothing() -> None:
    assert pay({"a": 3.0, "b": 1.0}, weights=Penalties(latency_sd=0.0)) == [0, 0]
