"""Plots: drawn from the small world, the same figures giving the same file."""

from __future__ import annotations

import builtins
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from heimdall_litellm.errors import ConfigError
from tests.servers import module
from tests.small_world import write_outcomes
from training.__main__ import cli
from training.cost_quality import Pool, single_choices
from training.plots import file_name, plot_pgr, plot_pools, require_matplotlib

module("matplotlib")


def small_pool() -> Pool:
    rng = np.random.default_rng(0)
    score = (rng.random((30, 4)) < (0.2, 0.5, 0.7, 0.9)).astype(float)
    return Pool(
        "mixed: two + two", ("a", "b", "c", "d"), np.arange(30), score, rng.random((30, 4)) + np.arange(4)
    )


def test_file_names_are_plain() -> None:
    assert file_name("Cost: Zero pool + zebra_1") == "cost-zero-pool-zebra-1.svg"


def test_the_same_figures_give_the_same_svg(tmp_path: Path) -> None:
    pool = small_pool()
    curves = {"heimdall": np.linspace(0, 1, 101) ** 0.5, "another": np.linspace(0, 1, 101)}
    for folder in (tmp_path / "one", tmp_path / "two"):
        plot_pgr(curves, folder)
        plot_pools([(pool, {"heimdall": single_choices(pool)})], folder)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["cost-quality-mixed-two-two.svg", "pgr-pooled.svg"]
    for name in names:
        first = (tmp_path / "one" / name).read_text(encoding="utf-8")
        assert first == (tmp_path / "two" / name).read_text(encoding="utf-8")
    assert "heimdall  0.66" in (tmp_path / "one" / "pgr-pooled.svg").read_text(encoding="utf-8")
    drawn = (tmp_path / "one" / names[0]).read_text(encoding="utf-8")
    for words in ("30 prompts, 4 models", "USD", "oracle", "blind mix", "heimdall"):
        assert words in drawn


def test_without_matplotlib_one_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: object, **kwargs: object) -> object:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"heimdall-litellm\[quality\]"):
        require_matplotlib()


def test_evaluate_draws_and_reports_the_choice_among_many(small_bundle: Path, tmp_path: Path) -> None:
    outcomes = write_outcomes(tmp_path / "new.jsonl.gz", per_source=30, seed=99)
    arguments = ["evaluate", "--bundle", str(small_bundle), "--outcomes", str(outcomes)]
    drawn = CliRunner().invoke(cli, [*arguments, "--plots", str(tmp_path / "plots")])
    assert drawn.exit_code == 0, drawn.output
    assert "choice among many models" in drawn.stdout
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {
        "pgr-pooled.svg",
        *(f"cost-quality-{source}.svg" for source in ("code", "poems", "puzzles", "sums")),
    }
    report = json.loads(CliRunner().invoke(cli, [*arguments, "--json"]).stdout)
    assert set(report["many_models"]) == {"code", "poems", "puzzles", "sums"}
    assert report["many_models"]["sums"]["recovered"]["value"] > 0.2
