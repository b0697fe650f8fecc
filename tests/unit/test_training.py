"""The pipeline from outcomes to a bundle, on a world whose truth is known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from heimdall_litellm.bundle import load_bundle
from heimdall_litellm.bundle.layout import CARD, EMBEDDING, NOTICE, TRIAGE, WORDS
from heimdall_litellm.core.decision import perceive
from heimdall_litellm.core.features import FEATURES, N_FEATURES
from heimdall_litellm.core.request import read_request
from heimdall_litellm.core.triage import MOST_TILT, Calibration
from heimdall_litellm.errors import ConfigError
from tests.small_world import LEVELS, fit_small_bundle, small_embedding, write_outcomes, write_priors
from training.__main__ import cli, main
from training.abilities import Worth, worth
from training.data import Example, Outcome, load_outcomes
from training.evaluate import probabilities_of
from training.everyday import everyday
from training.fit import (
    BUCKET_SHARES,
    SOURCE_CAP,
    canonical_with_effort,
    everyday_rows,
    fit,
    fit_thresholds,
    read_inputs,
    tilts_of,
)
from training.fit_clusters import Clusters, fit_clusters
from training.kinds import KINDS, kind_of_task, kinds_of_category
from training.labels import soft_labels, weights
from training.leakage import folds, group_duplicates
from training.pairs import PAIRS, family
from training.prices import fallback_price
from training.priors import load_priors
from training.published import Published, fit_published
from training.train_gbdt import (
    Prompts,
    Rows,
    TriageFit,
    calibrate,
    expected_calibration_error,
    fit_triage,
    predict,
    probabilities,
)
from training.transfer import fit_tilt
from training.verbosity import expected_tokens, output_ratio
from training.word_weights import fit_words, presence, rarities, score_words


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    return load_outcomes([write_outcomes(tmp_path_factory.mktemp("outcomes") / "o.jsonl.gz")])


def level_of(example: Example) -> float:
    return next(value for name, value in LEVELS.items() if f"A {name} one" in example.text)


def auc(score: np.ndarray, positive: np.ndarray) -> float:
    order = score.argsort().argsort()
    n = positive.sum()
    return float((order[positive].sum() - n * (n - 1) / 2) / (n * (~positive).sum()))


def test_labels_find_the_tier_that_was_needed(examples: list[Example]) -> None:
    found = soft_labels(examples)
    assert found.sum(axis=1) == pytest.approx(np.ones(len(found)))
    for level, column in ((0, 0), (1, 1), (2, 2)):
        mine = found[[level_of(e) == level for e in examples]]
        assert mine.mean(axis=0).argmax() == column
        assert mine[:, column].mean() > 0.6


def scored(i: int, source: str, scores: dict[str, float]) -> Example:
    outcomes = {m: Outcome(s, None) for m, s in scores.items()}
    return Example(str(i), source, "gsm8k", ({"role": "user", "content": f"prompt {i}"},), outcomes)


def test_of_two_models_half_the_gain_is_mid_and_half_is_hard() -> None:
    found = soft_labels([scored(i, "own", {"a": float(i > 0), "b": 1.0}) for i in range(4)])
    assert found[0].tolist() == [0.0, 0.5, 0.5]
    assert found[1].tolist() == [1.0, 0.0, 0.0]


def test_a_cheap_models_luck_does_not_make_a_source_harder() -> None:
    """Each model wins once where the other fails, and the good one once more: the mean gain is 1 of 4."""
    rows = ({"a": 0.0, "b": 1.0}, {"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 1.0}, {"a": 1.0, "b": 1.0})
    found = soft_labels([scored(i, "own", row) for i, row in enumerate(rows)])
    assert (1 - found[:, 0]).mean() == pytest.approx(0.25)
    assert found[1].tolist() == [2.0, -0.5, -0.5]
    assert found.sum(axis=1).tolist() == [1.0] * 4


def test_a_source_with_a_pair_goes_by_that_pair() -> None:
    cheap, premium = PAIRS["zeroeval_gsm"]
    better = [scored(i, "zeroeval_gsm", {cheap: 0.0, premium: 1.0, "other": 0.0}) for i in range(3)]
    assert soft_labels(better)[:, 0] == pytest.approx(np.zeros(3))
    assert {family(s) for s in ("routellm_gsm8k", "zeroeval_gsm")} == {"gsm8k"}
    assert family("own") == "own"


def test_prompts_that_no_tier_answered_have_no_label() -> None:
    both, one = {"a": 0.0, "b": 1.0}, {"a": 0.0}
    found = soft_labels([scored(0, "own", both), scored(1, "own", one), scored(2, "x", {})])
    assert np.isnan(found).all(axis=1).tolist() == [False, True, True]


def test_no_source_outweighs_the_cap() -> None:
    each = weights(["big"] * 100 + ["small"] * 5, cap=10)
    assert each[:100].sum() == pytest.approx(10)
    assert each[100:].tolist() == [1.0] * 5


def test_copies_share_a_group_and_templates_do_not() -> None:
    tail = " ".join(f"word{i}" for i in range(15))
    template = "please answer the following question by first reasoning and then giving the final result "
    texts = [f"Q1: {tail}", f"## Other frame ##\n{tail}!", "short", "short", "other"]
    texts += [f"{template} {i} unlike the others by number {i * 7}" for i in range(30)]
    groups = group_duplicates(texts)
    assert groups[0] == groups[1]
    assert groups[2] == groups[3] != groups[4]
    assert len(set(groups[5:].tolist())) == 30


def test_one_phrase_in_common_makes_no_duplicate() -> None:
    phrase = " ".join(f"common{i}" for i in range(13))
    texts = [f"{phrase} {' '.join(f'own{n}x{i}' for i in range(20))}" for n in range(3)]
    assert len(set(group_duplicates(texts).tolist())) == 3


def test_folds_keep_groups_whole() -> None:
    groups = np.repeat(np.arange(20), 3)
    placed = folds(groups, 4, seed=1)
    assert all(len(set(placed[groups == g].tolist())) == 1 for g in range(20))
    assert set(placed.tolist()) == {0, 1, 2, 3}
    assert (placed == folds(groups, 4, seed=1)).all()


def test_the_triage_finds_difficulty_in_prompts_it_has_not_seen(small_bundle: Path, tmp_path: Path) -> None:
    unseen = load_outcomes([write_outcomes(tmp_path / "new.jsonl.gz", per_source=30, seed=99)])
    known = load_bundle(small_bundle, canary=False).knowledge
    difficulty = np.array(
        [perceive(read_request({"messages": list(e.messages)}), known).triage.difficulty for e in unseen]
    )
    truth = np.array([level_of(e) for e in unseen])
    plain_or_not = truth != 1
    assert auc(difficulty[plain_or_not], truth[plain_or_not] == 2) > 0.95
    assert auc(-difficulty, truth == 0) > 0.9


def test_shuffled_labels_teach_nothing(examples: list[Example]) -> None:
    inputs = read_inputs(examples, small_embedding(examples))
    truth = soft_labels(examples)
    placed = folds(group_duplicates([e.text for e in examples]), 3, 0)
    found = []
    for seed in range(11, 15):
        labels = np.random.default_rng(seed).permutation(truth)
        rows = Rows(inputs.joined, labels, np.ones(len(labels)), np.zeros(len(labels)))
        nothing = np.zeros(len(labels))
        prompts = Prompts(rows, inputs.tokens, nothing, nothing.astype(np.int64))
        fitted = fit_triage(prompts, placed, 0, lambda message: None)
        found.append(auc(fitted.out_of_fold[:, 2], labels[:, 2] > 0.5))
    assert 0.42 < np.mean(found) < 0.58


def test_the_tilt_follows_what_gains_within_every_source_not_between_them() -> None:
    rng = np.random.default_rng(0)
    features = np.zeros((400, N_FEATURES), np.float32)
    column = FEATURES.index("log_words")
    features[:, column] = rng.normal(4, 1, 400)
    sources = ["long"] * 200 + ["short"] * 200
    features[:200, column] += 3
    gain = features[:, column] - np.where(np.array(sources) == "long", 9.0, 0.0)
    tilt = fit_tilt(features, gain, sources)
    assert list(tilt.named()) == ["log_words"]
    assert tilt.named()["log_words"][0] > 0
    read = np.array([tilt.of_request(row) for row in features])
    assert np.abs(read).max() <= MOST_TILT
    assert np.corrcoef(read[:200], gain[:200])[0, 1] > 0.7


def word_world() -> tuple[Sequence[NDArray[np.intp]], NDArray[np.float64], NDArray[np.int64]]:
    """Two sources; 0 is in all prompts, 1 in those that gain, 2 in those that lose, 3 marks the first."""
    rng = np.random.default_rng(0)
    gains = rng.choice([-1.0, 0.0, 1.0], 300)
    sources = np.repeat([0, 1], 150)
    tokens = []
    for gain, source in zip(gains, sources, strict=True):
        own = {0: [0], 1: [0, 1], -1: [0, 2]}[int(gain)]
        tokens.append(np.array([*own, 3] if source == 0 else own, np.intp))
    return tokens, gains + np.where(sources == 0, 5.0, 0.0), sources


def test_words_weigh_by_what_gains_within_a_source_not_between_them() -> None:
    tokens, gains, sources = word_world()
    found = presence(tokens, 5)
    assert found.toarray()[0].nonzero()[0].tolist() == tokens[0].tolist()
    score = fit_words(found, gains, np.ones(len(gains)), sources, rarities(found))
    assert score.pull[1] > 0.5 > -0.5 > score.pull[2]
    assert abs(score.pull[3]) < 0.1
    assert score.pull[4] == 0.0  # in no prompt
    assert np.argsort(score.rarity).tolist()[0] == 0
    said = score_words(score, found)
    assert said == pytest.approx([score.of_tokens(each) for each in tokens], abs=1e-5)
    assert np.corrcoef(said, gains - np.where(sources == 0, 5.0, 0.0))[0, 1] > 0.95


def test_a_prompts_weight_counts_in_its_words() -> None:
    tokens = [np.array([0], np.intp), np.array([1], np.intp), np.array([2], np.intp)] * 20
    gains = np.array([1.0, -1.0, 0.0] * 20)
    found = presence(tokens, 3)
    same, each = np.zeros(60, np.int64), np.array([1.0, 0.01, 1.0] * 20)
    score = fit_words(found, gains, each, same, np.ones(3))
    assert score.pull[0] > 2 * abs(score.pull[1])


def test_the_same_seed_gives_the_same_bundle(small_bundle: Path, tmp_path: Path) -> None:
    again = fit_small_bundle(tmp_path)
    for name in (TRIAGE, WORDS, "clusters.npz", EMBEDDING, "models.json", "golden.npz", CARD, NOTICE):
        assert (again / name).read_bytes() == (small_bundle / name).read_bytes(), name
    assert load_bundle(again, canary=False).id == load_bundle(small_bundle, canary=False).id


def test_training_and_the_core_triage_alike(small_bundle: Path, examples: list[Example]) -> None:
    bundle = load_bundle(small_bundle, canary=False)
    known = bundle.knowledge
    fitted = TriageFit((small_bundle / TRIAGE).read_bytes(), known.words, known.calibration, np.zeros((0, 3)))
    inputs = read_inputs(examples[:20], known.embedding)
    there = predict(fitted, inputs.joined, inputs.tokens, tilts_of(known.tilt, inputs))
    assert np.abs(tilts_of(known.tilt, inputs)).max() > 0.01
    assert np.abs(score_words(known.words, inputs.tokens)).max() > 0.01
    assert there == pytest.approx(probabilities_of(bundle, examples[:20]), abs=1e-5)


def test_calibration_error_is_zero_when_right_and_large_when_wrong() -> None:
    classes = np.array([0, 1, 2] * 100)
    right, wrong = np.eye(3)[classes], np.eye(3)[(classes + 1) % 3]
    ones = np.ones(300)
    assert expected_calibration_error(right, right, ones) == 0
    assert expected_calibration_error(wrong, right, ones) == pytest.approx(2 / 3)


def test_clusters_and_tables_hold_what_was_observed(examples: list[Example]) -> None:
    vectors = read_inputs(examples, small_embedding(examples)).vectors
    clusters = fit_clusters(vectors, examples, np.ones(len(examples)), 5, seed=0)
    assert np.linalg.norm(clusters.centroids, axis=1) == pytest.approx(
        np.ones(len(clusters.centroids)), abs=1e-5
    )
    assert clusters.share.sum() == pytest.approx(1.0)
    assert clusters.kinds.shape == (len(clusters.centroids), len(KINDS))


NOTHING_PUBLISHED = Published((), np.zeros((0, len(KINDS))), np.zeros(0))


def one_cluster(rows: list[Example]) -> Clusters:
    return fit_clusters(np.ones((len(rows), 2), np.float32), rows, np.ones(len(rows)), 1, seed=0)


def worth_of(rows: list[Example], published: Published = NOTHING_PUBLISHED) -> Worth:
    return worth(rows, one_cluster(rows), [list(e.outcomes) for e in rows], published)


def test_a_model_gets_about_the_mean_of_what_it_did() -> None:
    rows = [scored(i, "own", {"good": float(i % 5 > 0), "bad": float(i % 5 > 3)}) for i in range(200)]
    found = worth_of(rows)
    assert found.models == ("bad", "good")
    assert found.count[:, 0].tolist() == [200, 200]
    assert found.mean[:, 0] == pytest.approx([0.2, 0.8], abs=0.03)
    assert found.prior[:, 0] == pytest.approx(found.mean[:, 0], abs=0.05)  # nothing else is known


def test_a_model_tried_on_the_hard_half_alone_does_not_look_worse_for_it() -> None:
    def asked(i: int) -> Example:
        score = float(i >= 100 or i % 5 == 0)
        others = [f"other {k}" for k in range(30)]
        tried = ["everywhere", "hard half", *others] if i < 100 else ["everywhere", *others]
        return scored(i, "own", dict.fromkeys(tried, score))

    found = worth_of([asked(i) for i in range(200)])
    mean = dict(zip(found.models, found.mean[:, 0].tolist(), strict=True))
    assert mean["everywhere"] == pytest.approx(0.6, abs=0.02)
    assert mean["hard half"] == pytest.approx(0.6, abs=0.05)  # 0.2 of its own prompts


def test_what_is_published_places_models_without_outcomes() -> None:
    known = [f"m{i}" for i in range(6)]
    rows = [scored(i, "own", {name: float(i % 6 <= at) for at, name in enumerate(known)}) for i in range(120)]
    logits = np.array([-2.0, -1.2, -0.4, 0.4, 1.2, 2.0, 3.0, -3.0])
    values = np.tile(logits[:, None], (1, len(KINDS)))
    published = Published((*known, "new best", "new worst"), values, np.zeros(len(values)))
    found = worth_of(rows, published)
    prior = dict(zip(found.models, found.prior[:, 0].tolist(), strict=True))
    assert prior["new worst"] < prior["m0"] < prior["m3"] < prior["m5"] < prior["new best"]
    assert found.count[found.models.index("new best")].sum() == 0


def test_expected_tokens_are_those_of_the_same_prompts_for_every_model() -> None:
    def asked(i: int) -> Example:
        long = i % 2
        tried = {"terse": 10 * (1 + 9 * long), "wordy": 20 * (1 + 9 * long)}
        if long:
            tried["long only"] = 100
        outcomes = {m: Outcome(1.0, tokens) for m, tokens in tried.items()}
        return Example(str(i), "own", "gsm8k", ({"role": "user", "content": f"prompt {i}"},), outcomes)

    rows = [asked(i) for i in range(200)]
    models = ("long only", "o3", "terse", "unknown", "wordy")
    names = [list(e.outcomes) for e in rows]
    found = dict(
        zip(models, expected_tokens(rows, one_cluster(rows), names, models)[:, 0].tolist(), strict=True)
    )
    assert found["terse"] == pytest.approx(55, rel=0.05)
    assert found["wordy"] == pytest.approx(110, rel=0.05)
    assert found["long only"] == pytest.approx(55, rel=0.1)  # 100 on its own prompts
    assert found["terse"] < found["unknown"] < found["wordy"]
    assert found["o3"] == pytest.approx(4.1 * found["unknown"])


def test_nobody_counted_is_a_guess_for_all() -> None:
    rows = [scored(i, "own", {"a": 1.0, "b": 0.0}) for i in range(10)]
    found = expected_tokens(rows, one_cluster(rows), [list(e.outcomes) for e in rows], ("a", "b"))
    assert found[:, 0] == pytest.approx([300.0, 300.0])


def test_a_model_without_outcomes_gets_its_published_place(small_bundle: Path) -> None:
    table = load_bundle(small_bundle, canary=False).knowledge.table
    overall = dict(zip(table.models, (table.shrunk() @ table.share).tolist(), strict=True))
    assert overall["tiny-1b"] < overall["gpt-5-mini"] < overall["gpt-5@medium"]


def test_abilities_rank_models_and_ignore_dollars(tmp_path: Path) -> None:
    rows = load_priors(write_priors(tmp_path / "p.csv"), canonical_with_effort)
    assert {kind for row in rows for kind in row.kinds} == {
        "coding",
        "maths",
        "reasoning",
        "writing",
        "translation",
    }
    abilities = fit_published(rows)
    strength = dict(zip(abilities.models, abilities.values.mean(axis=1).tolist(), strict=True))
    assert strength["tiny-1b"] < strength["gpt-4o-mini"] < strength["o3@high"] < strength["gpt-5@medium"]


def test_priors_without_any_outcome_still_rank(examples: list[Example], tmp_path: Path) -> None:
    published = fit_published(load_priors(write_priors(tmp_path / "p.csv"), canonical_with_effort))
    clusters = one_cluster(examples)
    found = worth(examples, clusters, [[f"other-{m}" for m in e.outcomes] for e in examples], published)
    prior = dict(zip(found.models, found.prior[:, 0].tolist(), strict=True))
    assert prior["tiny-1b"] < prior["gpt-5@medium"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "JSONDecodeError"),
        ('{"id": 1}', "KeyError"),
        (
            '{"id": 1, "source": "s", "task": "t", "messages": [], "outcomes": {"m": {"score": 3}}}',
            "between 0 and 1",
        ),
        ('{"id": 1, "source": "s", "task": "t", "messages": [], "outcomes": []}', "AttributeError"),
    ],
)
def test_a_bad_outcome_line_is_named(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=f"bad.jsonl:2.*{words}"):
        load_outcomes([path])


def test_outcome_files_that_hold_nothing_or_are_broken_are_said(tmp_path: Path) -> None:
    empty, broken = tmp_path / "empty.jsonl", tmp_path / "broken.jsonl.gz"
    empty.write_text("")
    broken.write_bytes(b"not gzip")
    with pytest.raises(ConfigError, match="no prompt"):
        load_outcomes([empty])
    with pytest.raises(ConfigError, match=r"broken\.jsonl\.gz"):
        load_outcomes([broken])


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "model,source,category,score,date\nm,s,coding,high,2026\n"])
def test_bad_priors_are_said(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"p\.csv"):
        load_priors(path, canonical_with_effort)


def test_names_become_canonical_with_their_effort() -> None:
    assert canonical_with_effort("claude-3-5-sonnet-20241022") == "claude-3.5-sonnet"
    assert canonical_with_effort("GPT-5 (medium reasoning)") == "gpt-5@medium"


def test_kinds_bridge_tasks_and_categories() -> None:
    assert kind_of_task("code/leetcode-hard") == "coding"
    assert kind_of_task("something new") == "knowledge"
    assert kinds_of_category("tool_live_acc") == ("tools",)
    assert kinds_of_category("tool_total_cost_usd") == ()
    assert kinds_of_category("overall") == ()


@pytest.mark.parametrize(
    ("name", "ratio"),
    [("deepseek-r1", 7.4), ("gpt-4o", 1.0), ("gpt-5", 4.1), ("gpt-5@high", 7.2), ("o3", 4.1)],
)
def test_models_that_think_write_more(name: str, ratio: float) -> None:
    assert output_ratio(name) == pytest.approx(ratio)


def test_the_command_line_fits_a_bundle(tmp_path: Path) -> None:
    examples = load_outcomes([write_outcomes(tmp_path / "o.jsonl.gz", per_source=30)])
    np.savez(tmp_path / "e.npz", **small_embedding(examples).to_arrays())  # type: ignore[arg-type]
    result = CliRunner().invoke(
        cli,
        [
            "fit",
            *("--outcomes", str(tmp_path / "o.jsonl.gz")),
            *("--priors", str(write_priors(tmp_path / "p.csv"))),
            *("--embedding", str(tmp_path / "e.npz")),
            *("--out", str(tmp_path / "b"), "--clusters", "4"),
        ],
    )
    assert result.exit_code == 0, result.output
    assert "triage: fold 5 of 5" in result.stderr
    assert load_bundle(tmp_path / "b").id == result.stdout.strip()
    card = (tmp_path / "b" / CARD).read_text()
    assert "your own data" in card


def test_a_users_mistake_ends_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "o.jsonl").write_text(json.dumps({"id": 1}))
    (tmp_path / "p.csv").write_text("")
    arguments = [
        "training",
        "fit",
        "--outcomes",
        str(tmp_path / "o.jsonl"),
        "--priors",
        str(tmp_path / "p.csv"),
    ]
    np.savez(tmp_path / "e.npz", **small_embedding([]).to_arrays())  # type: ignore[arg-type]
    monkeypatch.setattr(
        "sys.argv", [*arguments, "--embedding", str(tmp_path / "e.npz"), "--out", str(tmp_path / "b")]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "o.jsonl:1: not an outcome line" in capsys.readouterr().err


def test_calibration_finds_the_scale_and_the_worth_of_words_that_were_hidden() -> None:
    rng = np.random.default_rng(5)
    true = rng.normal(0, 1.5, (4_000, 3))
    said = rng.normal(0, 0.5, 4_000)
    overconfident = 3.0 * true + np.array([1.0, 0.0, -1.0])
    true[:, 0] -= said
    true[:, 2] += said
    p = np.exp(true) / np.exp(true).sum(axis=1, keepdims=True)
    labels = np.eye(3)[[rng.choice(3, p=row) for row in p]]
    ones, level = np.ones(len(labels)), np.zeros(len(labels))
    worth, found = calibrate(overconfident, level, said, labels, ones)
    assert worth == pytest.approx(6.0, rel=0.15)  # 2 logits per unit, divided by the scale
    assert found.scale == pytest.approx((1 / 3, 1 / 3, 1 / 3), abs=0.05)
    assert found.shift[2] - found.shift[0] == pytest.approx(2 / 3, abs=0.15)
    before = expected_calibration_error(probabilities(overconfident, level, Calibration()), labels, ones)
    after = expected_calibration_error(probabilities(overconfident, worth * said, found), labels, ones)
    assert after < before / 3


def test_a_handful_of_prompts_is_refused_or_fitted_never_a_crash(tmp_path: Path) -> None:
    rows = [scored(i, "own", {"a": float(i % 2), "b": 1.0}) for i in range(12)]
    priors, embedding = write_priors(tmp_path / "p.csv"), small_embedding(rows)

    def fitted(count: int) -> Path:
        out = tmp_path / f"b{count}"
        fit(
            rows[:count],
            priors,
            embedding,
            out,
            cluster_count=2,
            with_everyday=False,
            progress=lambda m: None,
        )
        return out

    with pytest.raises(ConfigError, match="Only 2 prompts of the outcomes have models to compare"):
        fitted(2)
    p = probabilities_of(load_bundle(fitted(12), canary=False), rows)
    assert np.isfinite(p).all()
    assert p.sum(axis=1) == pytest.approx(np.ones(12))


def test_models_that_never_differ_are_fitted_all_the_same(tmp_path: Path) -> None:
    rows = [scored(i, "own", {"a": 1.0, "b": 1.0}) for i in range(60)]
    priors, embedding = write_priors(tmp_path / "p.csv"), small_embedding(rows)
    made = fit(rows, priors, embedding, tmp_path / "b", with_everyday=False, progress=lambda m: None)
    assert made.typical_difficulty == 0.001
    assert probabilities_of(load_bundle(tmp_path / "b", canary=False), rows[:1])[0, 0] > 0.9


def test_noise_turns_no_class_around_in_the_calibration() -> None:
    rng = np.random.default_rng(1)
    raw, labels = rng.normal(0, 1, (60, 3)), np.eye(3)[rng.choice(3, 60)]
    worth, found = calibrate(raw, np.zeros(60), rng.normal(0, 1, 60), labels, np.ones(60))
    assert min(found.scale) >= 0.2
    assert worth >= 0


def test_outcomes_with_nothing_to_compare_are_refused(tmp_path: Path) -> None:
    alone = [scored(i, "own", {"a": 1.0}) for i in range(5)]
    with pytest.raises(ConfigError, match="nothing to compare"):
        fit(
            alone,
            write_priors(tmp_path / "p.csv"),
            small_embedding([]),
            tmp_path / "b",
            progress=lambda m: None,
        )


def test_thresholds_send_the_stated_shares_of_prompts_to_their_buckets() -> None:
    rng = np.random.default_rng(2)
    p = rng.dirichlet((4, 1, 1), 5_000)
    cheap, hard = fit_thresholds(p, np.ones(5_000))
    assert (p[:, 0] > cheap).mean() == pytest.approx(BUCKET_SHARES[0], abs=0.01)
    assert (p[:, 2] > hard).mean() == pytest.approx(BUCKET_SHARES[1], abs=0.01)


@pytest.mark.parametrize(
    ("name", "price"),
    [
        ("claude-2.1", (8.0, 24.0)),
        ("vicuna-7b-v1.5", (0.2, 0.2)),
        ("llama-3-70b@high", (0.9, 0.9)),
        ("mixtral-8x7b", (0.6, 0.6)),
        ("nemotron-4-340b", None),
        ("rzn-t", None),
    ],
)
def test_models_that_no_map_lists_have_a_price_or_none(name: str, price: tuple[float, float] | None) -> None:
    assert fallback_price(name) == price


def test_everyday_requests_cover_all_buckets_and_repeat_with_the_seed() -> None:
    requests = everyday(0)
    assert requests == everyday(0)
    assert len({r.text for r in requests}) > 300
    assert {r.label for r in requests} == {0, 1, 2}
    assert not [r for r in requests if "{" in r.text and "}" in r.text]


def test_everyday_requests_weigh_as_much_as_one_source() -> None:
    more = everyday_rows(small_embedding([]), 0)
    assert more.weights.sum() == pytest.approx(SOURCE_CAP)
    hard = more.labels[:, 2] == more.labels[:, 2].max()
    assert more.weights[hard].sum() == pytest.approx(SOURCE_CAP / 3)


def test_outcomes_alone_will_do(tmp_path: Path) -> None:
    examples = load_outcomes([write_outcomes(tmp_path / "o.jsonl.gz", per_source=30)])
    priors = write_priors(tmp_path / "p.csv")
    manifest = fit(
        examples,
        priors,
        small_embedding(examples),
        tmp_path / "b",
        cluster_count=4,
        with_everyday=False,
        progress=lambda message: None,
    )
    assert manifest.training["everyday_requests"] == 0


def test_outcomes_without_token_counts_get_a_typical_length(tmp_path: Path) -> None:
    def without(example: Example) -> Example:
        outcomes = {m: Outcome(o.score, None) for m, o in example.outcomes.items()}
        return replace(example, outcomes=outcomes)

    examples = [without(e) for e in load_outcomes([write_outcomes(tmp_path / "o.jsonl.gz", per_source=30)])]
    fit(
        examples,
        write_priors(tmp_path / "p.csv"),
        small_embedding(examples),
        tmp_path / "b",
        cluster_count=3,
        with_everyday=False,
        progress=lambda message: None,
    )
    table = load_bundle(tmp_path / "b", canary=False).knowledge.table
    assert table.tokens[table.models.index("gpt-4o-mini")] == pytest.approx(300.0)


def test_nobody_is_expected_to_do_worse_by_thinking_harder() -> None:
    table = load_bundle(canary=False).knowledge.table
    quality = dict(zip(table.models, table.shrunk(), strict=True))
    ladder = ("none", "minimal", "low", "medium", "high", "xhigh")
    compared = 0
    for name in table.models:
        base, _, effort = name.partition("@")
        higher = [f"{base}@{e}" for e in ladder[ladder.index(effort or "medium") + 1 :]]
        for other in (h for h in higher if h in quality):
            assert (quality[other] >= quality[name] - 1e-5).all(), (name, other)
            compared += 1
    assert compared > 20
