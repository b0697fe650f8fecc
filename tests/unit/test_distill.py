"""Distillation with a small teacher of its own: the machinery, not the model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from click.testing import CliRunner

from heimdall_litellm.core.embedding import StaticEmbedding
from heimdall_litellm.core.words import words
from heimdall_litellm.errors import BundleDamaged
from training import distill as module
from training.data import Example
from training.distill import BUCKETS, Matrix, Progress, Tuning, agreement, choose, distill, unit, vocabulary
from training.teacher import WEIGHTS_SHA256, verify

PIECES = [f"word{number}" for number in range(60)] + ["##ing", "[CLS]", "##", "é"]
QUICK = Tuning(epochs=15, batch=64, rate=0.05)


class FakeTeacher:
    """Adds up a random vector per word, but hears some words three times as loud as others."""

    def vocabulary(self) -> Sequence[str]:
        return PIECES

    def encode(self, texts: Sequence[str], progress: Progress) -> Matrix:
        progress(f"{len(texts)} texts")
        return unit(np.array([sum(map(self._vector, words(text))) for text in texts], np.float32))

    def _vector(self, word: bytes) -> Matrix:
        seed = crc32(word)
        loud = 9.0 if seed % 3 == 0 else 1.0
        return np.asarray(np.random.default_rng(seed).standard_normal(48) * loud, np.float32)


def prompts(seed: int, count: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(f"word{number}" for number in rng.integers(0, 60, 8)) for _ in range(count)]


def same(one: StaticEmbedding, other: StaticEmbedding) -> bool:
    pairs = [(one.to_arrays()[name], other.to_arrays()[name]) for name in ("vocab", "rows", "scale")]
    return all(np.array_equal(a, b) for a, b in pairs)


def quiet(message: str) -> None:
    """Swallow progress."""


def test_the_same_seed_gives_the_same_table_and_another_seed_another() -> None:
    texts = prompts(1, 120)
    first = distill(texts, 16, 7, quiet, teacher=FakeTeacher(), tuning=QUICK)
    assert same(first, distill(texts, 16, 7, quiet, teacher=FakeTeacher(), tuning=QUICK))
    assert not same(first, distill(texts, 16, 8, quiet, teacher=FakeTeacher(), tuning=QUICK))


def test_tuning_brings_the_table_closer_to_its_teacher_on_texts_it_never_saw() -> None:
    texts, unseen = prompts(1, 400), prompts(2, 60)
    targets = FakeTeacher().encode(unseen, quiet)
    split = [words(text) for text in unseen]
    untuned = distill(texts, 24, 0, quiet, teacher=FakeTeacher(), tuning=Tuning(epochs=0))
    tuned = distill(texts, 24, 0, quiet, teacher=FakeTeacher(), tuning=QUICK)
    assert agreement(tuned, split, targets) > agreement(untuned, split, targets) + 0.05


def test_progress_reports_agreement_before_and_after_tuning() -> None:
    told: list[str] = []
    distill(prompts(1, 60), 8, 0, told.append, teacher=FakeTeacher(), tuning=QUICK)
    assert [line.split(":")[0] for line in told if "tuning" in line] == ["before tuning", "after tuning"]


def test_the_table_has_the_asked_for_size_and_buckets_for_what_it_does_not_know() -> None:
    table = distill(prompts(1, 60), 8, 0, quiet, teacher=FakeTeacher(), tuning=QUICK)
    vocab = vocabulary(PIECES, [])
    assert table.dim == 8
    assert table.size == len(vocab) + BUCKETS
    assert np.linalg.norm(table.embed(["日".encode()])) == pytest.approx(1.0, abs=1e-5)


def test_the_vocabulary_leaves_out_what_serving_never_looks_up() -> None:
    vocab = vocabulary(PIECES, [])
    assert {b"word0", b"##ing"} <= set(vocab)
    assert not {b"[CLS]", b"##", "é".encode()} & set(vocab)


def test_frequent_words_and_the_lexicons_english_get_rows() -> None:
    texts = [[b"kubernetes", b"rare"]] + [[b"kubernetes"]] * 9
    vocab = vocabulary(PIECES, texts)
    assert b"kubernetes" in vocab
    assert b"rare" not in vocab
    assert b"eigenvalue" in vocab
    assert len(vocab) == len(set(vocab))


def example(source: str, number: int) -> Example:
    return Example(
        f"{source}-{number}", source, "task", ({"role": "user", "content": f"{source} {number}"},), {}
    )


def test_no_source_gives_more_prompts_than_its_share() -> None:
    examples = [example("big", number) for number in range(50)] + [example("small", 0)]
    asks = choose(examples, 10, seed=3)
    assert sum(ask.startswith("big") for ask in asks) == 10
    assert sum(ask.startswith("small") for ask in asks) == 1
    assert asks == choose(examples, 10, seed=3)
    assert asks != choose(examples, 10, seed=4)


def test_the_command_writes_a_table_that_can_be_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[list[str], int, int]] = []

    def small(texts: list[str], dim: int, seed: int, progress: Progress) -> StaticEmbedding:
        asked.append((texts, dim, seed))
        return distill(prompts(1, 40), dim, seed, progress, teacher=FakeTeacher(), tuning=QUICK)

    monkeypatch.setattr(module, "distill", small)
    outcomes, out = tmp_path / "outcomes.jsonl", tmp_path / "embedding.npz"
    line = {"id": "1", "source": "s", "task": "t", "messages": [{"role": "user", "content": "hi"}]}
    outcomes.write_text(json.dumps({**line, "outcomes": {"m": {"score": 1.0}}}) + "\n", encoding="utf-8")
    result = CliRunner().invoke(module.main, ["--outcomes", str(outcomes), "--out", str(out), "--dim", "8"])
    assert result.exit_code == 0, result.output
    assert asked == [(["hi"], 8, 0)]
    assert "rows of 8" in result.output
    with np.load(out, allow_pickle=False) as arrays:
        assert StaticEmbedding.from_arrays(dict(arrays)).dim == 8


def test_weights_other_than_the_pinned_ones_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"weights")
    verify(file, sha256(b"weights").hexdigest())
    with pytest.raises(BundleDamaged, match=r"model\.safetensors has SHA-256"):
        verify(file, WEIGHTS_SHA256)
