"""APGR and its interval, and the report of a bundle on outcomes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from heimdall_litellm.bundle import load_bundle
from tests.small_world import SOURCES, write_outcomes
from training.__main__ import cli
from training.data import Example, Outcome, load_outcomes
from training.evaluate import evaluate, render
from training.labels import ranked_pairs
from training.measures import Estimate, apgr, estimate, estimates, gains, json_values, pooled_rows
from training.pairs import PAIRS


def example(i: int, source: str, cheap: float, premium: float) -> Example:
    names = PAIRS.get(source, ("a", "b"))
    outcomes = {names[0]: Outcome(cheap, None), names[1]: Outcome(premium, None)}
    return Example(str(i), source, "t", ({"role": "user", "content": f"prompt {i}"},), outcomes)


def test_a_perfect_order_beats_a_random_one_and_that_the_reverse() -> None:
    gain = np.array([1.0] * 10 + [0.0] * 90)
    rng = np.random.default_rng(0)
    assert apgr(gain, gain, rng) == pytest.approx(0.95)
    assert apgr(-gain, gain, rng) == pytest.approx(0.05)
    assert np.mean([apgr(np.zeros(100), gain, rng) for _ in range(200)]) == pytest.approx(0.5, abs=0.02)


def test_where_nothing_is_gained_there_is_no_figure() -> None:
    assert np.isnan(apgr(np.arange(3.0), np.zeros(3), np.random.default_rng(0)))
    none = estimate(np.zeros(0), np.zeros(0))
    assert np.isnan([none.value, none.low, none.high]).all()
    assert none.prompts == 0


def test_the_interval_covers_the_value_and_narrows_with_more_prompts() -> None:
    rng = np.random.default_rng(1)
    difficulty = rng.random(2_000)
    gain = (rng.random(2_000) < difficulty).astype(float)
    few, many = estimate(difficulty[:100], gain[:100]), estimate(difficulty, gain)
    for found in (few, many):
        assert found.low < found.value < found.high
    assert many.high - many.low < (few.high - few.low) / 2
    assert estimate(difficulty, gain) == many


def test_prompts_whose_pair_was_not_tried_do_not_count() -> None:
    rows = [example(0, "zeroeval_gsm", 0.0, 1.0), example(1, "nobody knows it", 0.0, 1.0)]
    assert np.isnan(gains(rows)).tolist() == [False, True]
    assert gains(rows, {"nobody knows it": ("a", "b")})[1] == 1.0


def test_pooling_takes_the_first_prompts_of_each_source() -> None:
    sources = ["b", "a", "b", "b", "a"]
    gain = np.array([1.0, np.nan, 0.0, 1.0, 0.0])
    assert pooled_rows(sources, gain, cap=2).tolist() == [4, 0, 2]


def test_the_mean_is_over_sources_and_the_pool_over_prompts() -> None:
    rows = [example(i, "zeroeval_gsm", 0.0, float(i < 5)) for i in range(50)]
    rows += [example(i, "zeroeval_crux", 0.0, float(i < 25)) for i in range(50, 150)]
    rows += [example(i, "zeroeval_crux", 0.0, 1.0) for i in range(150, 160)]
    gain = gains(rows)
    found = estimates(gain, rows)
    assert list(found) == ["zeroeval_crux", "zeroeval_gsm", "mean", "pooled"]
    assert found["mean"].value == pytest.approx(
        (found["zeroeval_crux"].value + found["zeroeval_gsm"].value) / 2
    )
    assert found["pooled"].prompts == 160


def test_an_own_source_is_not_mixed_into_the_measure_of_the_public_ones(small_bundle: Path) -> None:
    rows = [example(i, "zeroeval_gsm", 0.0, float(i < 5)) for i in range(20)]
    own = [replace(row, source="own") for row in rows]
    assert ranked_pairs(own) == {"own": PAIRS["zeroeval_gsm"]}
    assert ranked_pairs([replace(own[0], outcomes={})]) == {}
    loaded = load_bundle(small_bundle, canary=False)
    assert set(evaluate(loaded, rows + own).apgr) == {"zeroeval_gsm", "mean", "pooled"}
    assert set(evaluate(loaded, own).apgr) == {"own", "mean", "pooled"}


def test_a_bundle_is_measured_on_outcomes(small_bundle: Path, tmp_path: Path) -> None:
    unseen = load_outcomes([write_outcomes(tmp_path / "new.jsonl.gz", per_source=30, seed=99)])
    report = evaluate(load_bundle(small_bundle, canary=False), unseen)
    assert sum(report.bucket_shares) == pytest.approx(1.0)
    assert report.calibration_error < 0.15
    assert set(report.apgr) == {*SOURCES, "mean", "pooled"}  # none of them has a pair in pairs.py
    assert report.apgr["pooled"].value > 0.6  # .667 is perfect: two thirds gain
    assert report.apgr["pooled"].prompts == len(unseen)
    assert "calibration error" in render(report)
    result = CliRunner().invoke(
        cli,
        ["evaluate", "--bundle", str(small_bundle), "--outcomes", str(tmp_path / "new.jsonl.gz"), "--json"],
    )
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["prompts"] == len(unseen)


def test_figures_become_json_values_and_what_cannot_be_told_none() -> None:
    figures = {"a": Estimate(0.5, float("nan"), float("inf"), 3), "b": (1.0, [float("nan"), "x"]), "c": None}
    found = json_values(figures)
    assert found == {
        "a": {"value": 0.5, "low": None, "high": None, "prompts": 3},
        "b": [1.0, [None, "x"]],
        "c": None,
    }
    json.dumps(found, allow_nan=False)
