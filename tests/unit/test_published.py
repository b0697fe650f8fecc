"""Published figures of all sources, dates and efforts stand on one scale."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from heimdall_litellm.bundle import load_bundle
from training.figures import measure
from training.lines import pairs_of, traits
from training.order import check, compare
from training.priors import Figure, load_priors
from training.published import USUAL, fit_published

KNOWN = {f"model-{name}": at / 4 for at, name in enumerate("abcdefgh")}


def figures(
    strength: dict[str, float],
    source: str,
    easiness: float = 0.0,
    slope: float = 1.0,
    day: str = "2025-01-01",
) -> list[Figure]:
    return [
        Figure(model, f"{source}/{kind}/{day}", (kind,), float(expit(easiness + slope * (value - 1))), day)
        for model, value in strength.items()
        for kind in ("coding", "maths")
    ]


def overall(rows: list[Figure], *names: str, order: float = USUAL.order) -> dict[str, float]:
    found = fit_published(rows, names, replace(USUAL, order=order))
    return dict(zip(found.models, found.values.mean(axis=1).tolist(), strict=True))


def test_an_easy_column_makes_nobody_able() -> None:
    rows = figures({**KNOWN, "model-old": 1.0}, "easy", easiness=1.5)
    rows += figures({**KNOWN, "model-new": 1.75}, "hard", easiness=-1.5)
    found = overall(rows)
    assert found["model-new"] > found["model-old"]


def test_what_is_known_at_one_effort_speaks_for_the_others() -> None:
    thinkers = {f"{name}@high": value + 0.5 for name, value in KNOWN.items()}
    rows = figures({**KNOWN, **thinkers, "strong@high": 3.0}, "one")
    found = fit_published(rows, ["strong", "unheard-of"])
    at = {name: i for i, name in enumerate(found.models)}
    value = found.values.mean(axis=1)
    assert value[at["model-h"]] < value[at["strong"]] < value[at["strong@high"]]
    assert found.sd[at["strong@high"]] < found.sd[at["unheard-of"]]


def test_a_newer_version_is_drawn_to_the_older_where_it_looks_worse() -> None:
    strength = {**KNOWN, "gpt-7": 1.5, "gpt-7.1": 1.2}
    free, drawn = (overall(figures(strength, "one"), order=order) for order in (inf, USUAL.order))
    assert free["gpt-7"] - free["gpt-7.1"] > 0.2
    assert drawn["gpt-7"] - drawn["gpt-7.1"] < 0.1


def test_pairs_are_of_one_line_and_one_effort() -> None:
    names = ("claude-5-haiku", "claude-5-opus", "claude-4-opus", "gpt-7-mini", "gpt-7", "gpt-7@high")
    assert set(pairs_of(names)) == {
        ("claude-5-haiku", "claude-5-opus"),
        ("claude-4-opus", "claude-5-opus"),
        ("gpt-7-mini", "gpt-7"),
    }
    sizes = ("qwen-9-7b", "qwen-9-72b", "qwen-9-32b", "qwen-8-32b")
    assert set(pairs_of(sizes)) == {
        ("qwen-9-7b", "qwen-9-32b"),
        ("qwen-9-32b", "qwen-9-72b"),
        ("qwen-8-32b", "qwen-9-32b"),
    }


def test_traits_of_what_is_not_known_are_the_mean() -> None:
    found = traits(["acme-7b", "acme-70b", "acme"], {"acme-7b": 2024.0})
    assert found[:, 3].tolist() == [1.0, 1.0, 0.0]
    assert found[:, 4] == pytest.approx([-np.log(10) / 2, np.log(10) / 2, 0.0])
    assert found[:, 1].tolist() == [1.0, 0.0, 0.0]


def test_of_two_ways_of_asking_the_better_counts(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    rows = ("acme (FC),bfcl,tool_live_acc,80,2026-01-01", "acme (Prompt),bfcl,tool_live_acc,20,2026-01-01")
    path.write_text("\n".join(["model,source,category,score,date", *rows, ""]))
    assert [row.score for row in load_priors(path, lambda name: name.partition(" ")[0])] == [0.8]


def test_hidden_sources_are_predicted_better_on_scales_of_their_own() -> None:
    rows = figures(KNOWN, "steep", slope=2.0) + figures(KNOWN, "flat", slope=0.4)
    rows += figures(dict(list(KNOWN.items())[:4]), "third", slope=1.0)
    one_slope = replace(USUAL, slope=1e-3)
    first, second = measure(rows, lambda _: None, {"one slope": one_slope, "slopes": USUAL})
    assert first.error.prompts == len(KNOWN)
    assert second.error.value < first.error.value


def test_broken_pairs_are_told() -> None:
    pairs = compare({"gpt-7": 0.8, "gpt-7.1": 0.7, "gpt-7-mini": 0.81})
    assert {(pair.worse, pair.better): pair.is_broken for pair in pairs} == {
        ("gpt-7", "gpt-7.1"): True,
        ("gpt-7-mini", "gpt-7"): False,
    }


def test_the_shipped_bundle_rates_models_in_the_order_of_their_names() -> None:
    pairs = check(load_bundle())
    broken = [pair for pair in pairs if pair.is_broken]
    assert len(pairs) > 200
    assert len(broken) <= len(pairs) * 0.03, broken
    assert not [pair for pair in broken if pair.rated_worse > pair.rated_better + 0.05]
