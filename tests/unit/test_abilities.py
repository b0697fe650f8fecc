"""What is published of a model becomes its expected quality in each cluster."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.small_world import small_embedding
from training.abilities import Worth, worth
from training.data import Example, Outcome
from training.everyday import everyday, unscored
from training.fit import cluster, learn_tables, with_unscored
from training.fit_clusters import Clusters, fit_clusters
from training.kinds import KINDS, kind_of_task, kinds_of_category
from training.priors import Figure
from training.published import Published, fit_published
from training.tables import bundle_tables

NOTHING = Published((), np.zeros((0, len(KINDS))), np.zeros(0))


def prompt(i: int, task: str, scores: dict[str, float]) -> Example:
    outcomes = {model: Outcome(score, None) for model, score in scores.items()}
    return Example(str(i), "own", task, ({"role": "user", "content": f"prompt {i}"},), outcomes)


def two_clusters(rows: list[Example]) -> Clusters:
    """The even prompts are one cluster, the odd ones another."""
    centroids = np.eye(2, dtype=np.float32)
    at = np.arange(len(rows)) % 2
    kinds = np.zeros((2, len(KINDS)))
    for c in (0, 1):
        kinds[c, KINDS.index(kind_of_task(rows[c].task))] = 1.0
    return Clusters(centroids, at, np.array([0.5, 0.5], np.float32), kinds)


def alike(models: list[str], logits: list[float]) -> Published:
    values = np.tile(np.array(logits)[:, None], (1, len(KINDS)))
    return Published(tuple(models), values, np.zeros(len(models)))


def test_models_tried_on_a_handful_of_prompts_do_not_place_the_others() -> None:
    known = [f"m{i}" for i in range(8)]
    few = [f"few{i}" for i in range(12)]
    rows = []
    for i in range(400):
        scores = {name: float((i // 2) % 9 <= at) for at, name in enumerate(known)}
        if i < 4:  # all the same, whatever is published of them
            scores |= dict.fromkeys(few, 1.0)
        rows.append(prompt(i, "gsm8k", scores))
    logits = [*np.linspace(-2, 2, 8), 2.5, -2.5]
    names = [list(e.outcomes) for e in rows]
    misleading = alike([*known, "best", "worst", *few], [*logits, *np.linspace(3, -3, 12)])
    clear = alike([*known, "best", "worst"], logits)

    def priors(found: Worth) -> dict[str, float]:
        return dict(zip(found.models, found.prior.mean(axis=1).tolist(), strict=True))

    with_few = priors(worth(rows, two_clusters(rows), names, misleading))
    without = [[m for m in row if m not in few] for row in names]
    bare = [replace(e, outcomes={m: o for m, o in e.outcomes.items() if m not in few}) for e in rows]
    alone = priors(worth(bare, two_clusters(bare), without, clear))
    for name in ("best", "worst"):
        assert with_few[name] == pytest.approx(alone[name], abs=0.05)


def test_a_better_model_gains_as_much_as_others_did_on_that_kind_of_task() -> None:
    known = [f"m{i}" for i in range(8)]

    def scores(i: int) -> dict[str, float]:
        if i % 2:  # tools: all do the same
            return dict.fromkeys(known, float(i % 4 == 1))
        return {name: float((i // 2) % 9 <= at) for at, name in enumerate(known)}

    rows = [prompt(i, "tool/simple" if i % 2 else "gsm8k", scores(i)) for i in range(400)]
    published = alike([*known, "best", "worst"], [*np.linspace(-2, 2, 8), 2.0, -2.0])
    found = worth(rows, two_clusters(rows), [list(e.outcomes) for e in rows], published)
    prior = dict(zip(found.models, found.prior.tolist(), strict=True))
    maths, tools = (prior["best"][c] - prior["worst"][c] for c in (0, 1))
    assert maths > 0.5
    assert tools < maths / 2


def test_prompts_without_outcomes_are_as_hard_as_said() -> None:
    rows = [prompt(i, "gsm8k", {} if i % 2 else {"a": 1.0, "b": float(i % 4) / 2}) for i in range(80)]
    names = [list(e.outcomes) for e in rows]
    clusters = two_clusters(rows)
    odd = np.asarray(np.arange(len(rows)) % 2, np.float64)
    easy, hard = (
        worth(rows, clusters, names, NOTHING, np.multiply(level, odd, dtype=np.float64)).prior
        for level in (-1.0, 1.0)
    )
    assert (easy[:, 1] > hard[:, 1] + 0.15).all()
    assert easy[:, 0] == pytest.approx(hard[:, 0])


def test_a_column_that_disagrees_with_the_others_counts_less() -> None:
    rng = np.random.default_rng(0)
    strength = {f"m{i}": i / 20 for i in range(20)}
    rows = [Figure(m, f"good{c}", ("coding",), 0.1 + 0.7 * s) for m, s in strength.items() for c in range(3)]
    rows += [Figure(m, "noise", ("tools",), float(rng.uniform(0.05, 0.95))) for m in strength]
    rows += [Figure("weak", "good0", ("coding",), 0.15), Figure("weak", "noise", ("tools",), 0.95)]
    found = fit_published(rows)
    overall = dict(zip(found.models, found.values[:, KINDS.index("chat")].tolist(), strict=True))
    assert overall["weak"] < overall["m10"]
    order = [overall[m] for m in strength]
    assert order == sorted(order)


def test_a_figure_tells_of_all_its_kinds_and_of_no_other() -> None:
    rows = [
        Figure(m, f"{kind}{c}", (kind,), 0.5 + (0.3 if (m, kind) == ("poet", "writing") else 0.0))
        for m in ("poet", "a", "b", "c")
        for kind in ("coding", "writing")
        for c in range(3)
    ]
    found = fit_published(rows)
    poet = dict(zip(KINDS, found.values[found.models.index("poet")].tolist(), strict=True))
    assert poet["writing"] > poet["chat"] > poet["coding"]  # of chat nothing is published: the mean


def test_every_published_kind_is_a_kind_and_every_kind_has_tasks() -> None:
    assert kinds_of_category("data_analysis") == ("data analysis", "extraction")
    assert set(kinds_of_category("agentic_coding")) <= set(KINDS)
    tasks = ("code/x", "agent/x", "tool/x", "math/x", "reasoning/x", "mmlu/law", "data/x", "extraction/x")
    more = ("writing/x", "translation/x", "instruction-following", "chat/x")
    assert [kind_of_task(task) for task in (*tasks, *more)] == list(KINDS)


def test_everyday_requests_have_kinds_and_usual_lengths() -> None:
    more = unscored(0)
    assert {kind_of_task(e.task) for e in more.examples} >= {"chat", "writing", "translation", "extraction"}
    assert not any(e.outcomes for e in more.examples)
    hello = [i for i, e in enumerate(more.examples) if e.text == "hi"]
    assert more.tokens[hello] < 50
    assert more.weights.mean() == pytest.approx(1.0)
    fillings = [i for i, e in enumerate(more.examples) if e.text.startswith("What is the capital of")]
    assert len(fillings) > 4
    assert more.weights[fillings].sum() == pytest.approx(more.weights[hello].item())  # a template each
    assert np.isnan([r.tokens for r in everyday(0) if not r.kind]).all()


def test_unscored_prompts_have_clusters_of_their_own_and_leave_the_others_as_they_are() -> None:
    rows = [prompt(i, "gsm8k", {"a": 1.0, "b": float(i % 2)}) for i in range(60)]
    embedding = small_embedding([*rows, *unscored(0).examples])
    vectors = np.random.default_rng(0).normal(size=(60, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    asked = with_unscored(rows, vectors, embedding)
    alone = fit_clusters(vectors, rows, np.ones(60), 8, 0)
    both = cluster(asked, 8)
    assert len(both.centroids) == 10
    assert both.centroids[:8] == pytest.approx(alone.centroids)
    tables = learn_tables(asked, both, NOTHING)
    assert tables.arrays["count"][:, 8:].sum() <= tables.arrays["count"].sum() / 2
    assert with_unscored(rows, vectors, embedding, with_everyday=False).examples == tuple(rows)


def test_harder_thinking_is_never_expected_to_do_worse() -> None:
    models = ("claude-3.7-sonnet", "claude-3.7-sonnet@low", "gpt-5", "gpt-5@high", "gpt-5@low")
    mean = np.array([[0.5], [0.4], [0.7], [0.6], [0.8]])
    found = Worth(models, mean, np.full((5, 1), 100.0), mean, mean)
    tables = bundle_tables(found, np.ones((5, 1)), 40.0)
    a = tables.arrays
    quality = (a["count"] * a["mean"] + 40 * a["prior"]) / (a["count"] + 40)
    by = dict(zip(models, quality[:, 0].tolist(), strict=True))
    assert by["gpt-5@low"] <= by["gpt-5"] <= by["gpt-5@high"]
    by_kind = dict(zip(models, tables.by_kind[:, 0].tolist(), strict=True))
    assert by_kind["gpt-5@low"] <= by_kind["gpt-5"] <= by_kind["gpt-5@high"]
    assert tables.outcomes.tolist() == [100] * 5
    # Claude doesn't think unasked.
    assert by["claude-3.7-sonnet"] == pytest.approx(0.5)
    assert by["claude-3.7-sonnet@low"] == pytest.approx(0.5)
