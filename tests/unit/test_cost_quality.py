"""The choice among many models: hull, area, what is recovered, pools, and sweeping the dial."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from heimdall_litellm.bundle import load_bundle
from heimdall_litellm.config import Settings
from heimdall_litellm.core.request import read_request
from heimdall_litellm.core.types import Overrides, RouterPolicy
from heimdall_litellm.engine import Heimdall
from tests.small_world import write_outcomes
from training.cost_quality import (
    Pool,
    area,
    costs,
    hull,
    make_pool,
    measure,
    oracle_choices,
    outcome_table,
    single_choices,
    trace,
    trade,
)
from training.data import Example, Outcome, load_outcomes
from training.pools import (
    ALPHAS,
    canonical_names,
    chosen_at,
    heimdall_choices,
    make_pools,
    pool_sources,
    priced_entries,
    prices_of,
)
from training.verbosity import output_ratio

POLICIES: tuple[RouterPolicy, ...] = ("triage", "alpha", "bucket")


def pool_of(score: list[list[float]], cost: list[float]) -> Pool:
    scores = np.array(score, float)
    names = tuple("abcdefgh"[: scores.shape[1]])
    return Pool("p", names, np.arange(len(scores)), scores, np.tile(np.array(cost, float), (len(scores), 1)))


def halves() -> Pool:
    """A model for even prompts, one for odd ones that costs the same, and a dear one that does both."""
    return pool_of([[float(i % 2 == 0), float(i % 2), 1.0] for i in range(40)], [1.0, 1.0, 5.0])


def test_the_hull_drops_what_is_dearer_and_worse_and_what_lies_under_the_line() -> None:
    cost = np.array([1.0, 2.0, 3.0, 4.0, 3.5])
    quality = np.array([0.1, 0.2, 0.7, 0.9, 0.6])
    assert [part.tolist() for part in hull(cost, quality)] == [[1.0, 3.0, 4.0], [0.1, 0.7, 0.9]]
    assert [part.tolist() for part in hull(np.array([1.0, 1.0]), np.array([0.2, 0.3]))] == [[1.0], [0.3]]


def test_the_area_is_the_mean_height_flat_beyond_the_ends() -> None:
    cost, quality = np.array([0.0, 1.0]), np.array([0.0, 1.0])
    assert area(cost, quality, 0.0, 1.0) == pytest.approx(0.5)
    assert area(cost, quality, 0.0, 2.0) == pytest.approx(0.75, abs=1e-3)
    assert area(cost, quality, 2.0, 3.0) == 1.0


def test_the_oracle_recovers_all_and_single_models_nothing() -> None:
    pool = halves()
    assert measure(pool, oracle_choices(pool)).recovered.value == pytest.approx(1.0)
    single = measure(pool, single_choices(pool))
    assert single.recovered.value == pytest.approx(0.0, abs=1e-9)
    assert (single.best_model, single.prompts, single.models) == ("c", 40, 3)
    assert single.cost_at[0] == 1.0
    assert single.gained == 0.0


def test_what_is_recovered_by_hand() -> None:
    """Blind: from .5 at $1 to 1 at $5, mean .75; the oracle 1 everywhere. A router right on three of four
    prompts has .75 at $1: the hull runs from there to 1, mean .875, half of the way."""
    pool = halves()
    right = [i % 2 if i % 4 else 1 - i % 2 for i in range(40)]
    found = measure(pool, np.array([right, [2] * 40]))
    assert found.recovered.value == pytest.approx(0.5, abs=1e-6)
    assert found.recovered.low <= 0.5 <= found.recovered.high
    assert found.cost_at == pytest.approx((1.0, 1.0, 1.0))
    cheap_and_good = measure(pool, np.array([[i % 2 for i in range(40)]]))
    assert cheap_and_good.cost_at == pytest.approx((0.2, 0.2, 0.2))
    assert measure(pool, np.array([right])).gained == pytest.approx(-0.25)
    assert np.isnan(measure(pool, np.array([right])).cost_at).all()


def test_choosing_against_the_prompt_is_worse_than_not_looking() -> None:
    """It has only the cheapest model to fall back to: .5 at every cost, where blind mixing has .75."""
    pool = halves()
    wrong = np.array([[1 - i % 2 for i in range(40)]])
    assert measure(pool, wrong).recovered.value == pytest.approx(-1.0, abs=1e-6)


def test_where_nothing_can_be_gained_there_is_no_figure() -> None:
    same = pool_of([[1.0, 1.0, 1.0]] * 5, [1.0, 2.0, 3.0])
    found = measure(same, single_choices(same))
    assert np.isnan([found.recovered.value, found.recovered.low, found.recovered.high]).all()
    ordered = pool_of([[0.0, 0.5, 1.0]] * 5, [1.0, 1.0, 3.0])
    dear = measure(ordered, np.full((1, 5), 2))
    assert dear.recovered.value <= 0 or np.isnan(dear.recovered.value)


def test_trading_runs_from_the_best_to_the_cheapest() -> None:
    quality, cost = np.array([[0.2, 0.6, 0.9]]), np.array([[1.0, 2.0, 9.0]])
    chosen = trade(quality, cost)[:, 0].tolist()
    assert chosen == sorted(chosen, reverse=True)
    assert set(chosen) == {0, 1, 2}


def example(i: int, outcomes: dict[str, tuple[float, int | None]], source: str = "s") -> Example:
    text = "x" * 400
    tried = {model: Outcome(score, tokens) for model, (score, tokens) in outcomes.items()}
    return Example(str(i), source, "t", ({"role": "user", "content": text},), tried)


PRICES = {"a": (1.0, 10.0), "b": (2.0, 20.0), "o3@high": (3.0, 30.0), "rare": (1.0, 1.0), "free": (0.0, 0.0)}


def rows() -> list[Example]:
    some: dict[str, tuple[float, int | None]] = {"a": (0.0, 100), "b": (1.0, None), "o3@high": (1.0, 50)}
    more: dict[str, tuple[float, int | None]] = {
        **some,
        "rare": (1.0, 10),
        "free": (1.0, 10),
        "unpriced": (1.0, 1),
    }
    return [example(0, more), *(example(i, {**some, "free": (0.5, 1)}) for i in range(1, 19))]


def test_a_pool_holds_the_models_with_a_price_that_answered_nearly_all() -> None:
    examples = [
        *rows(),
        example(19, {"a": (0.0, 300), "b": (0.0, 40)}),
        example(20, {"a": (1.0, 1)}, "other"),
    ]
    names = [list(e.outcomes) for e in examples]
    pool = make_pool("p", ["s"], examples, names, PRICES)
    assert pool is not None
    assert pool.models == ("a", "b", "o3@high")
    assert pool.rows.tolist() == list(range(19))  # the last of the source lacks one model
    assert pool.score[0].tolist() == [0.0, 1.0, 1.0]


def test_cost_is_what_was_read_and_written_thinking_on_top() -> None:
    examples = rows()
    names = [list(e.outcomes) for e in examples]
    pool = make_pool("p", ["s"], examples, names, PRICES)
    counted = make_pool("p", ["s"], examples, names, PRICES, with_thinking=False)
    assert pool is not None
    assert counted is not None
    assert counted.cost[0, 0] == pytest.approx((100 * 1 + 100 * 10) / 1e6)
    assert counted.cost[0, 2] == pytest.approx((100 * 3 + 50 * 30) / 1e6)
    assert pool.cost[0, 2] == pytest.approx((100 * 3 + output_ratio("o3@high") * 50 * 30) / 1e6)
    assert counted.cost[0, 1] == pytest.approx(
        (100 * 2 + 75 * 20) / 1e6
    )  # nobody counted b: the others' mean


def test_no_pool_of_two_models() -> None:
    examples = [example(i, {"a": (0.0, 1), "b": (1.0, 1)}) for i in range(5)]
    assert make_pool("p", ["s"], examples, [list(e.outcomes) for e in examples], PRICES) is None


def test_what_was_not_tried_is_nan_and_has_a_cost() -> None:
    examples = [example(0, {"a": (1.0, 10)}), example(1, {"b": (0.5, None)})]
    score, written = outcome_table(examples, [["a"], ["b"]], ("a", "b"))
    assert np.isnan(score).tolist() == [[False, True], [True, False]]
    found = costs(examples, written, ("a", "b"), PRICES, with_thinking=False)
    assert found[1].tolist() == pytest.approx([(100 + 100) / 1e6, (200 + 200) / 1e6])


@pytest.fixture(scope="module")
def unseen(tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    path = tmp_path_factory.mktemp("pools") / "o.jsonl.gz"
    return load_outcomes([write_outcomes(path, per_source=30, seed=99)])


def test_each_source_with_enough_prompts_is_a_pool(small_bundle: Path, unseen: list[Example]) -> None:
    bundle = load_bundle(small_bundle, canary=False)
    names = canonical_names(unseen)
    prices = prices_of(priced_entries(bundle, names))
    pools = make_pools(unseen, names, prices)
    assert [pool.name for pool in pools] == ["code", "poems", "puzzles", "sums"]
    assert all("gpt-4o-mini" in pool.models for pool in pools)
    assert make_pools(unseen[:10], names[:10], prices) == []
    assert "zeropool" not in pool_sources(unseen)


def test_mixed_traffic_needs_all_its_sources() -> None:
    zeroeval = [f"zeroeval_{name}" for name in ("crux", "gsm", "mathl5", "mmluredux")]
    examples = [example(i, {}, source) for i, source in enumerate(zeroeval)]
    assert set(pool_sources(examples)) == {"zeropool", *zeroeval}


@pytest.mark.parametrize("policy", POLICIES)
def test_a_decision_read_at_another_alpha_is_the_engines_own(
    small_bundle: Path, unseen: list[Example], policy: RouterPolicy
) -> None:
    bundle = load_bundle(small_bundle, canary=False)
    entries = priced_entries(bundle, canonical_names(unseen))
    settings = Settings.model_validate({"router": {"policy": policy}}).without_cache()
    engine = Heimdall(settings, list(entries.values()), bundle)
    chosen = set()
    for asked in unseen[::6]:
        facts = read_request({"messages": list(asked.messages)})
        some = ALPHAS[::7]
        expected = [engine.decide_facts(facts, overrides=Overrides(alpha=alpha)).model for alpha in some]
        assert chosen_at(engine.decide_facts(facts), some) == expected
        chosen.update(expected)
    assert len(chosen) > 2


def test_heimdall_recovers_what_the_small_world_has_to_offer(
    small_bundle: Path, unseen: list[Example]
) -> None:
    bundle = load_bundle(small_bundle, canary=False)
    names = canonical_names(unseen)
    entries = priced_entries(bundle, names)
    pool = next(p for p in make_pools(unseen, names, prices_of(entries)) if p.name == "sums")
    choices = heimdall_choices(bundle, entries, pool, unseen)
    assert choices.shape == (len(ALPHAS), len(pool.rows))
    cost, quality = (part.mean(axis=1) for part in trace(pool, choices))
    assert cost[0] < cost[-1]
    assert quality[0] < quality[-1]
    assert measure(pool, choices).recovered.value > 0.2
