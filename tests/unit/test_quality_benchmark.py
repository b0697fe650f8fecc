"""The benchmark of routing quality: the rivals' own parts, and the whole of it on a small world."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from benchmarks.quality import rivals
from benchmarks.quality.__main__ import main
from benchmarks.quality.many import threshold_choices
from benchmarks.quality.rivals import Matrix
from benchmarks.quality.world import Part
from heimdall_litellm.errors import ConfigError
from tests.servers import module
from tests.small_world import LEVELS, write_outcomes, write_priors
from training.cost_quality import Pool, measure, trace
from training.data import Example, load_outcomes
from training.fit import Inputs
from training.pairs import PAIRS

RENAMED = {
    "sums": "zeroeval_gsm",
    "code": "livecodebench",
    "poems": "routellm_mtbench",
    "puzzles": "routellm_mmlu",
}


def write_world(path: Path, per_source: int, seed: int) -> Path:
    """The small world under names that have a pair of models, a weak one and a strong one."""
    with gzip.open(write_outcomes(path, per_source, seed), "rt", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    for line in lines:
        line["source"] = RENAMED[line["source"]]
        cheap, premium = PAIRS[line["source"]]
        line["outcomes"][cheap] = line["outcomes"]["weak-a"]
        line["outcomes"][premium] = line["outcomes"]["strong-a"]
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    return path


def vectors_for(examples: list[Example]) -> Matrix:
    """Unit vectors that tell how hard a prompt is, and little else."""
    level = np.array([next(v for name, v in LEVELS.items() if name in e.text) for e in examples])
    noise = np.random.default_rng(0).normal(0, 0.05, (len(examples), 4))
    found = np.hstack((np.eye(3)[level.astype(int)], noise)).astype(np.float32)
    unit: Matrix = found / np.linalg.norm(found, axis=1, keepdims=True)
    return unit


def part_of(examples: list[Example]) -> Part:
    nothing = np.zeros((len(examples), 1), np.float32)
    return Part(examples, Inputs(nothing, nothing, csr_matrix(nothing)), vectors_for(examples))


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Part, Part]:
    folder = tmp_path_factory.mktemp("rivals")
    train = load_outcomes([write_world(folder / "a.jsonl.gz", 60, 0)])
    return part_of(train), part_of(load_outcomes([write_world(folder / "b.jsonl.gz", 20, 1)]))


@pytest.mark.parametrize("fitter", [rivals.tfidf_ridge, rivals.knn, rivals.clusters])
def test_fitted_rivals_find_what_gains(
    parts: tuple[Part, Part], fitter: Callable[[Part, Part], np.ndarray[tuple[int], np.dtype[np.float64]]]
) -> None:
    if fitter is rivals.tfidf_ridge:
        module("sklearn")
    known, asked = parts
    difficulty = fitter(known, asked)
    is_tiny = np.array(["tiny" in example.text for example in asked.examples])
    assert difficulty[~is_tiny].min() > difficulty[is_tiny].max()
    assert np.isfinite(difficulty).all()


def test_what_needs_no_fitting_gives_one_number_a_prompt(parts: tuple[Part, Part]) -> None:
    asked = list(parts[1].examples)
    found = rivals.unfitted(asked)
    assert list(found) == ["random", "prompt length", "litellm heuristic", "litellm heuristic_v2"]
    assert found["prompt length"].tolist() == [len(example.text) for example in asked]
    assert all(np.isfinite(d).all() and len(set(d.tolist())) > 1 for d in found.values())


def test_the_nearest_are_the_most_alike() -> None:
    vectors = np.eye(3, dtype=np.float32)
    asked = np.array([[0.6, 0.8, 0.0]], np.float32)
    assert set(rivals.nearest(vectors, asked, 2)[0].tolist()) == {0, 1}
    assert rivals.nearest(vectors, asked, 40).shape == (1, 3)


def test_kmeans_finds_the_groups_and_keeps_unit_length() -> None:
    rng = np.random.default_rng(0)
    group = np.arange(300) % 3
    vectors = (np.eye(8)[group] + rng.normal(0, 0.02, (300, 8))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = [rivals.kmeans(vectors, np.ones(300), 12, seed) for seed in (0, 0)]
    assert (found[0] == found[1]).all()
    assert np.linalg.norm(found[0], axis=1) == pytest.approx(np.ones(12), abs=1e-5)
    at = rivals.closest(vectors, found[0])
    assert all(len(set(group[at == cluster].tolist())) <= 1 for cluster in range(12))


def test_means_are_shrunk_to_the_whole_and_nan_counts_for_nothing() -> None:
    values = np.array(
        [[1.0, np.nan, np.nan], [1.0, 0.5, np.nan], [0.0, np.nan, np.nan], [0.0, np.nan, np.nan]]
    )
    found = rivals.shrunk_means(values, np.ones(4), np.array([0, 0, 1, 1]), 3)
    k = rivals.SHRINKAGE
    assert found[:, 0].tolist() == pytest.approx([(2 + 0.5 * k) / (2 + k), 0.5 * k / (2 + k), 0.5])
    assert found[:, 1].tolist() == pytest.approx([0.5] * 3)
    assert found[:, 2].tolist() == pytest.approx([0.5] * 3)  # the mean of the other two


def test_thresholds_choose_between_two_models_by_the_score() -> None:
    cost = np.tile([1.0, 1.0, 3.0], (20, 1))
    quality = np.array([[i < 10, 0.0, 1.0] for i in range(20)], float)
    pool = Pool("p", ("a", "twin", "c"), np.arange(20), quality, cost)
    by_difficulty = threshold_choices(pool, np.arange(20.0))
    assert 1 not in by_difficulty  # as dear as the first, and worse
    half = by_difficulty[[row.mean() == 1.0 for row in by_difficulty]][0]
    assert trace(pool, half[None])[1].mean() == 1.0
    assert measure(pool, by_difficulty).recovered.value == pytest.approx(1.0)
    assert measure(pool, threshold_choices(pool, -np.arange(20.0))).recovered.value == pytest.approx(0.0)


def test_vectors_are_kept_and_must_fit_their_file(
    parts: tuple[Part, Part], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, test = (list(part.examples) for part in parts)
    monkeypatch.setattr(rivals, "find_spec", lambda name: None)
    assert rivals.minilm_vectors(train, test, tmp_path) is None
    assert rivals.fitters(with_minilm=False) == {}
    np.save(tmp_path / "train.npy", vectors_for(train))
    np.save(tmp_path / "test.npy", vectors_for(test))
    found = rivals.minilm_vectors(train, test, tmp_path)
    assert found is not None
    assert (found[1] == vectors_for(test)).all()
    with pytest.raises(ConfigError, match=r"train.npy holds 240 vectors for 239 prompts"):
        rivals.minilm_vectors(train[1:], test, tmp_path)


def test_the_whole_benchmark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    train, test = write_world(tmp_path / "a.jsonl.gz", 60, 0), write_world(tmp_path / "b.jsonl.gz", 24, 1)
    for name, path in (("train", train), ("test", test)):
        np.save(tmp_path / f"{name}.npy", vectors_for(load_outcomes([path])))
    arguments = ["--train", str(train), "--test", str(test), "--teacher-vectors", str(tmp_path)]
    priors = ["--priors", str(write_priors(tmp_path / "p.csv"))]
    monkeypatch.setattr(sys, "argv", ["quality", *arguments, *priors, "--json"])
    main()
    found = json.loads(capsys.readouterr().out)
    two, many = found["two models"], found["many models"]
    known, unknown = two["in distribution"], two["families left out"]
    assert {"random", "prompt length", "litellm heuristic", "knn minilm", "clusters minilm"} < set(known)
    assert known["heimdall"]["pooled"]["value"] > 0.65 > known["random"]["pooled"]["value"]
    assert unknown["heimdall"]["pooled"]["value"] != known["heimdall"]["pooled"]["value"]
    alone = two["trained on the benchmark's own family alone"]
    assert alone["RouteLLM as published, not measured here"]["routellm_mmlu"] == 0.603
    assert "routellm_mtbench (no label of it)" in alone["heimdall"]
    assert set(many) == {
        f"{where}, {how}"
        for where in ("in distribution", "families left out")
        for how in ("thinking priced", "tokens as counted")
    }
    for by_pool in many.values():
        assert set(by_pool) == set(RENAMED.values())
    best = many["in distribution, thinking priced"]["zeroeval_gsm"]
    assert set(best) > {"heimdall triage", "heimdall alpha", "heimdall bucket", "knn minilm", "random"}
    assert best["heimdall triage"]["prompts"] == 24
    assert best["knn minilm"]["recovered"]["value"] > 0.2


def test_a_missing_file_ends_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = str(tmp_path / "none.jsonl")
    monkeypatch.setattr(sys, "argv", ["quality", "--train", nowhere, "--test", nowhere])
    with pytest.raises(SystemExit):
        main()
    assert "Can't read outcomes" in capsys.readouterr().err
