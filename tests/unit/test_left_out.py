"""The measure of a model left out of training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import left_out
from tests.small_world import write_outcomes, write_priors
from training.cost_quality import Pool
from training.data import load_outcomes

PRICES = np.array([[0.0, 1.0], [0.0, 10.0]])


def pool() -> Pool:
    """Ten prompts; the cheap model does half of them, the dear one all, at ten times the cost."""
    score = np.array([[float(i % 2), 1.0] for i in range(10)])
    return Pool("own", ("cheap", "dear"), np.arange(10), score, np.tile([1e-4, 1e-3], (10, 1)))


def test_saving_is_what_the_targets_cost_less_than_the_best_model() -> None:
    even = np.full(10, 0.1)
    perfect = np.array([[i % 2 == 0 for i in range(10)]], int)
    assert left_out.saving(pool(), perfect, even) == pytest.approx(1 - 0.55)
    assert left_out.saving(pool(), np.zeros((1, 10), int), even) == 0.0  # never good enough
    assert left_out.saving(pool(), np.ones((1, 10), int), even) == 0.0  # good enough, and as dear
    # Between the two points any mix can be had: 95 … 99 % of the quality cost 91 … 98.2 % of the dearer.
    line = np.array([[0] * 10, [1] * 10])
    assert left_out.saving(pool(), line, even) == pytest.approx(0.054)


def test_the_dial_goes_from_the_best_to_the_cheapest() -> None:
    table = left_out.Fitted(("cheap", "dear"), np.array([[0.5], [0.9]]), np.array([[100.0], [100.0]]))
    chosen = left_out.sweep(pool(), table, np.ones((10, 1)), np.zeros(10), PRICES)
    assert set(chosen[0]) == {1}
    assert set(chosen[-1]) == {0}
    assert (left_out.absent(pool(), "dear", table, np.ones((10, 1)), np.zeros(10), PRICES) == 0).all()


def test_leaving_out_takes_all_efforts_and_nothing_else(tmp_path: Path) -> None:
    examples = load_outcomes([write_outcomes(tmp_path / "o.jsonl.gz", per_source=3)])
    less = left_out.without(examples, "o3@low")
    assert "o3@high" in examples[0].outcomes
    assert set(examples[0].outcomes) - set(less[0].outcomes) == {"o3@high"}


def test_models_that_do_as_well_by_their_priors_keep_all_of_the_saving() -> None:
    perfect = np.array([[i % 2 == 0 for i in range(10)]], int)
    worst = np.zeros((1, 10), int)
    report = left_out.compare(
        pool(), perfect, {"dear": perfect, "cheap": worst}, {"dear": worst, "cheap": worst}
    )
    dear, cheap = report.models
    assert (dear.kept.value, cheap.kept.value) == (1.0, 0.0)
    assert report.kept.value == 0.5
    assert "| own | dear | 0.450 | 0.450 | 0.000 | 1.000 [1.000, 1.000] |" in left_out.render([report])


def test_it_measures_a_small_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(left_out, "POOLS", {"all": ("sums", "code", "poems", "puzzles")})
    prices = {"o3@high": (2.0, 8.0), "gpt-4o-mini": (0.15, 0.6), "claude-3.5-sonnet": (3.0, 15.0)}
    monkeypatch.setattr(left_out, "prices_of", lambda models: prices)
    monkeypatch.setattr(left_out, "_LEAST_LOSS", -1.0)
    train = load_outcomes([write_outcomes(tmp_path / "a.jsonl.gz", per_source=30, seed=0)])
    test = load_outcomes([write_outcomes(tmp_path / "b.jsonl.gz", per_source=12, seed=1)])
    (report,) = left_out.measure(train, test, write_priors(tmp_path / "p.csv"))
    assert {found.model for found in report.models} == set(prices)
    assert all(found.unknown >= 0 for found in report.models)


def test_prices_are_listed_or_fallen_back_on() -> None:
    found = left_out.prices_of(["gpt-4o-mini", "claude-2.1", "rzn-t"])
    assert found["gpt-4o-mini"] == (0.15, 0.6)
    assert found["claude-2.1"] == (8.0, 24.0)
    assert "rzn-t" not in found
