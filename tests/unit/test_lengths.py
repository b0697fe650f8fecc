"""How far expected ratios of lengths are measured to be off."""

from __future__ import annotations

from math import log, sqrt
from pathlib import Path

import pytest

from heimdall_litellm.bundle import load_bundle
from training.data import Example, Outcome
from training.lengths import across_sources, as_shipped, render, thinking, within_sources


def _answered(source: str, count: int, lengths: dict[str, int]) -> list[Example]:
    outcomes = {model: Outcome(1.0, written) for model, written in lengths.items()}
    return [
        Example(
            f"{source}-{at}", source, "chat", ({"role": "user", "content": f"Say {at} ships."},), outcomes
        )
        for at in range(count)
    ]


def test_a_ratio_that_another_source_has_otherwise_is_off_by_just_that(small_bundle: Path) -> None:
    bundle = load_bundle(small_bundle)
    alike = [*_answered("one", 60, {"a": 100, "b": 300}), *_answered("two", 60, {"a": 50, "b": 150})]
    assert across_sources(bundle, alike).sigma < 0.2
    unlike = [*_answered("one", 60, {"a": 100, "b": 300}), *_answered("two", 60, {"a": 300, "b": 100})]
    found = across_sources(bundle, unlike)
    assert found.sigma == pytest.approx(log(9), rel=0.1)
    assert found.pairs == 4
    assert found.by_source.keys() == {"one", "two"}
    assert "other sources" in render({"other sources": found})


def test_other_prompts_of_the_same_source_tell_the_ratio(small_bundle: Path) -> None:
    bundle = load_bundle(small_bundle)
    found = within_sources(bundle, _answered("one", 120, {"a": 100, "b": 300}))
    assert found.sigma < 0.2
    assert found.pairs == 2


def test_models_that_think_and_pairs_that_met_seldom_take_no_part(small_bundle: Path) -> None:
    bundle = load_bundle(small_bundle)
    thinkers = _answered("one", 60, {"o3@high": 100, "b": 300})
    assert within_sources(bundle, thinkers).pairs == 0
    assert as_shipped(bundle, _answered("one", 10, dict.fromkeys(bundle.models[:2], 100))).pairs == 0


def test_costs_of_one_dataset_are_held_against_those_of_the_others(tmp_path: Path) -> None:
    costs, datasets = tmp_path / "costs.csv", ("AIME", "GPQA", "SimpleQA")
    models = (
        "DeepSeek-V3",
        "DeepSeek-R1",
        "GPT-5",
        "Gemini-2.5-Flash",
        "Gemini-2.5-Pro",
        "Qwen3-235B-Thinking",
    )
    rows = ["model,dataset,accuracy_pct,cost_usd_whole_dataset"]
    for model in models:
        for dataset in datasets:
            is_dear = (model, dataset) == ("GPT-5", "AIME")
            rows.append(f"{model},{dataset},50,{8.0 if is_dear else 1.0}")
    costs.write_text("\n".join(rows))
    found = thinking(costs)
    # Off by ln 8 on that dataset, and by half of it, on the two others, for it is among their others.
    by_dataset = {"AIME": log(8) / sqrt(5), "GPQA": log(8) / 2 / sqrt(5), "SimpleQA": log(8) / 2 / sqrt(5)}
    assert found.by_source == pytest.approx(by_dataset)
    assert found.pairs == 15
