"""What is learnt of prices, and measured of guesses."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import training.price_class as price_class
from benchmarks import strangers as routed
from heimdall_litellm.bundle import Bundle, default_path, load_bundle
from heimdall_litellm.bundle.layout import CARD, CLUSTERS, FILES, GOLDEN, MANIFEST, NOTICE, PRIORS
from heimdall_litellm.bundle.write import pack_arrays
from heimdall_litellm.core.quality import QualityTable
from heimdall_litellm.errors import CatalogError, ConfigError
from tests.bundles import arrays_of, edit_manifest, rewrite, without_priors
from tests.small_world import write_outcomes, write_priors
from training.__main__ import cli
from training.data import load_outcomes
from training.into import renew_tables
from training.price_class import QUANTILE, curves, knots, list_prices, priced
from training.priors import Figure, evidence, load_priors
from training.strangers import measure, render


def silent(message: str) -> None:
    """Say nothing."""


def test_a_curve_follows_quality_that_rises_with_the_price_and_shrugs_at_one_odd_model() -> None:
    rng = np.random.default_rng(0)
    models = [f"m-{i}b" for i in range(200)]
    usd = np.exp(rng.uniform(np.log(0.1), np.log(20), 200))
    quality = np.clip(0.5 + 0.1 * np.log(usd) + rng.normal(0, 0.02, 200), 0, 1)[:, None]
    known = priced(models, dict(zip(models, usd.tolist(), strict=True)))
    at = knots(known)
    middle = curves(known, quality, at, 0.5)[:, 0]
    assert middle[1:-1] == pytest.approx(0.5 + 0.1 * np.log(at[1:-1]), abs=0.04)
    lower = curves(known, quality, at, 0.2)[:, 0]
    assert (lower < middle).all()
    odd = quality.copy()
    odd[np.argmin(usd)] = 1.0
    assert curves(known, odd, at, 0.5)[:, 0] == pytest.approx(middle, abs=0.01)
    assert at.min() > usd.min()
    assert at.max() < usd.max()


def test_efforts_of_one_model_weigh_as_much_as_one() -> None:
    models = ["gpt-5@low", "gpt-5@high", "gpt-5", "o3", "unpriced"]
    known = priced(models, dict.fromkeys(models[:4], 1.0))
    assert known.rows.tolist() == [0, 1, 2, 3]
    assert known.weight.tolist() == pytest.approx([1 / 3] * 3 + [1])
    assert known.without(np.array([True, True, True, False, False])).rows.tolist() == [3]


def test_of_too_few_models_with_a_price_nothing_is_said() -> None:
    known = priced(["a-1b", "b-2b"], {"a-1b": 1.0, "b-2b": 2.0})
    assert len(knots(known)) == 0
    assert curves(known, np.ones((2, 3)), knots(known)).shape == (0, 3)


def test_without_litellm_there_are_no_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "gpt-4o-mini" in list_prices(["gpt-4o-mini", "tiny-1b"])
    assert "tiny-1b" not in list_prices(["gpt-4o-mini", "tiny-1b"])

    def missing() -> None:
        raise CatalogError("LiteLLM is not installed")

    monkeypatch.setattr(price_class, "load_price_map", missing)
    assert list_prices(["gpt-4o-mini"]) == {}


def test_evidence_counts_columns_and_knows_the_newest_date() -> None:
    rows = [
        Figure("a", "one/x/2025-01-02", ("coding",), 0.5, "2025-01-02"),
        Figure("a", "one/x/2025-01-02", ("coding",), 0.6, "2025-01-02"),
        Figure("a", "two/x/2026-03-04", ("coding",), 0.5, "2026-03-04"),
        Figure("a", "two/x/never", ("coding",), 0.5, "never"),
        Figure("lone", "one/x/2025-01-02", ("coding",), 0.5, "2025-01-02"),
        Figure("undated", "one/x/", ("coding",), 0.5),
        Figure("undated", "two/x/", ("coding",), 0.5),
    ]
    found = evidence(rows)
    assert (found["a"].columns, found["a"].latest) == (3, date(2026, 3, 4))
    assert (found["undated"].columns, found["undated"].latest) == (2, None)
    assert "lone" not in found


@pytest.fixture
def world(tmp_path: Path) -> tuple[Path, Path]:
    return write_outcomes(tmp_path / "outcomes.jsonl.gz"), write_priors(tmp_path / "priors.csv")


def test_tables_are_renewed_in_an_older_or_another_bundle_and_nothing_else_changes(
    bundle_path: Path, world: tuple[Path, Path]
) -> None:
    before = {path.name: path.read_bytes() for path in bundle_path.iterdir()}
    outcomes, published = world
    arrays = arrays_of(bundle_path, CLUSTERS)
    arrays["prior"] *= 0.9
    rewrite(bundle_path, clusters=pack_arrays(arrays))
    without_priors(bundle_path, 2)
    renew_tables(bundle_path, load_outcomes([outcomes]), published, silent)
    after = {path.name: path.read_bytes() for path in bundle_path.iterdir()}
    assert set(after) == {*FILES, MANIFEST}
    assert after == before  # a bundle that was fitted has the same
    assert load_bundle(bundle_path).manifest.format_version == 3


def test_of_other_outcomes_or_figures_no_tables_are_made(
    bundle_path: Path, world: tuple[Path, Path], tmp_path: Path
) -> None:
    outcomes, published = world
    fewer = load_outcomes([write_outcomes(tmp_path / "fewer.jsonl.gz", per_source=9)])
    before = {path.name: path.read_bytes() for path in bundle_path.iterdir()}
    with pytest.raises(ConfigError, match="was made from other outcomes"):
        renew_tables(bundle_path, fewer, published, silent)
    published.write_text(published.read_text() + "x,livebench,coding,9,2026-01-01\n")
    with pytest.raises(ConfigError, match="was made from other priors"):
        renew_tables(bundle_path, load_outcomes([outcomes]), published, silent)
    assert {path.name: path.read_bytes() for path in bundle_path.iterdir()} == before


def test_the_command_renews_them(bundle_path: Path, world: tuple[Path, Path]) -> None:
    outcomes, published = world
    edit_manifest(bundle_path, id="old")
    options = ["priors", "--into", str(bundle_path), "--outcomes", str(outcomes), "--priors", str(published)]
    result = CliRunner().invoke(cli, options)
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == load_bundle(bundle_path).id != "old"


def test_quality_by_kind_tells_who_is_good_at_what(small_bundle: Path, world: tuple[Path, Path]) -> None:
    priors = load_bundle(small_bundle, canary=False).priors
    assert priors is not None
    at = load_bundle(small_bundle, canary=False).models.index
    for kind in ("maths", "coding", "reasoning", "chat"):
        weak, middling, strong = (
            priors.named(priors.by_kind[at(name)])[kind] for name in ("tiny-1b", "gpt-4o-mini", "o3@high")
        )
        assert weak < middling - 0.1 < strong - 0.2, kind
        assert (weak, middling, strong) == pytest.approx((1 / 3, 2 / 3, 1), abs=0.12)
    # Of agentic coding there is neither outcome nor figure: there the model's ability speaks.
    agentic = [
        priors.named(priors.by_kind[at(name)])["agentic coding"]
        for name in ("tiny-1b", "gpt-4o-mini", "o3@high")
    ]
    assert agentic == sorted(agentic)


def priced_bundle(spread: float) -> Bundle:
    """Sixty models with list prices; quality rises with the price, with noise."""
    shipped = load_bundle(canary=False)
    table = shipped.knowledge.table
    prices = list_prices(table.models)
    names = [name for name in table.models if name in prices]
    rng = np.random.default_rng(0)
    usd = np.log([prices[name] for name in names])
    rank = usd.argsort().argsort() / len(usd)
    quality = np.clip(0.2 + 0.6 * rank + rng.normal(0, spread, len(names)), 0, 1)
    row = np.repeat(quality[:, None], len(table.share), axis=1).astype(np.float32)
    changed = QualityTable(tuple(names), row, row * 0, row, row, table.share, table.kappa)
    return replace(shipped, knowledge=replace(shipped.knowledge, table=changed))


def test_guesses_by_price_beat_the_constant_where_price_tells_and_only_there() -> None:
    told = measure(priced_bundle(0.02), draws=50)
    gain = told.gain[f"price {QUANTILE:g} over constant, priced"]
    assert gain.low > 0.05
    assert told.guesses["priced"]["price 0.5"].error.value < 0.08
    shuffled = priced_bundle(0.02)
    table = shuffled.knowledge.table
    order = np.random.default_rng(1).permutation(len(table.models))
    mixed = replace(table, prior=table.prior[order])
    nothing = measure(replace(shuffled, knowledge=replace(shuffled.knowledge, table=mixed)), draws=50)
    assert nothing.guesses["priced"]["price 0.4"].error.value > 0.1
    over = [nothing.guesses["priced"][f"price {q:g}"].over for q in (0.2, 0.3, 0.4, 0.5)]
    assert over == pytest.approx([0.2, 0.3, 0.4, 0.5], abs=0.1)
    assert over == sorted(over)
    assert f"family over price {QUANTILE:g}" in render(told)


def test_a_family_whose_versions_are_alike_is_guessed_exactly() -> None:
    bundle = priced_bundle(0.0)
    table = bundle.knowledge.table
    alike = np.full_like(table.prior, 0.5)
    report = measure(
        replace(bundle, knowledge=replace(bundle.knowledge, table=replace(table, prior=alike))), 50
    )
    assert report.guesses["with family"]["family"].error.value == pytest.approx(0, abs=1e-6)
    assert report.guesses["with family"]["family"].error.prompts > 50


def test_the_shipped_bundle_guesses_better_by_family_than_by_price_than_blindly() -> None:
    result = CliRunner().invoke(cli, ["strangers", "--json"])
    assert result.exit_code == 0, result.output
    gain = json.loads(result.stdout)["gain"]
    assert gain[f"price {QUANTILE:g} over constant, priced"]["low"] > 0
    assert gain["family over constant"]["low"] > 0
    assert gain[f"family over price {QUANTILE:g}"]["low"] > 0


def test_the_shipped_bundle_says_what_its_figures_are_from() -> None:
    assert "priors.npz" in (default_path() / NOTICE).read_text()
    assert "NYT Connections" in (default_path() / CARD).read_text()
    assert (default_path() / PRIORS).stat().st_size < 200_000
    assert (default_path() / GOLDEN).exists()


def test_hidden_models_are_guessed_without_anything_of_theirs() -> None:
    bundle = priced_bundle(0.02)
    table = bundle.knowledge.table
    fitted = routed.Fitted(table.models, table.prior.astype(float), table.tokens.astype(float) + 100)
    prices = list_prices(table.models)
    hidden = ["gpt-5-mini@low", "deepseek-r1"]
    before = routed.guesses(fitted, hidden, prices)
    changed = fitted.quality.copy()
    for name in table.models:
        if name.partition("@")[0] in ("gpt-5-mini", "deepseek-r1"):
            changed[table.models.index(name)] = 0.99
    after = routed.guesses(replace(fitted, quality=changed), hidden, prices)
    rows = [table.models.index(name) for name in hidden]
    for method, one in before.items():
        if method != "known":
            assert (one.quality[rows] == after[method].quality[rows]).all(), method
            kept = np.setdiff1d(np.arange(len(table.models)), rows)
            assert (one.quality[kept] == fitted.quality[kept]).all()
    assert (after["known"].quality[rows] == 0.99).all()
    family = before["family, price 0.4"].quality[rows[0]]
    older = fitted.quality[table.models.index("gpt-4.1-mini")]
    assert (family == np.maximum(older, before["price 0.4"].quality[rows[0]])).all()


def test_the_routing_measure_runs_on_a_world_and_hiding_costs_something(world: tuple[Path, Path]) -> None:
    outcomes, published = world
    reports = routed.measure(load_outcomes([outcomes]), published)
    mean = reports[-1]
    assert mean.pool.startswith("mean of")
    assert mean.points["known"].value >= mean.points["absent"].value
    assert set(mean.gain) == set(mean.points) - {"constant"}
    assert "| points | known |" in routed.render(reports)


def test_figures_keep_their_dates(world: tuple[Path, Path]) -> None:
    assert {row.day for row in load_priors(world[1], str)} == {"2026-01-01"}
