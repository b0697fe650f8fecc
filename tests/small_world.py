"""A small outcome set with a known truth, made by the project itself, and a bundle fitted on it.

Four kinds of task, eighteen models. A prompt's difficulty is written into its words ("tiny",
"plain", "nasty"), so that a working pipeline must find it; which model does what follows from
that, with a little seeded noise.

`python -m tests.small_world FOLDER` writes the files of the walk-through in docs/training.md.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import numpy as np

from heimdall_litellm.core.embedding import StaticEmbedding
from heimdall_litellm.core.words import words
from training.data import Example, load_outcomes
from training.fit import fit

MODELS = {
    "tiny-1b": 0.0,
    "gpt-3.5-turbo": 0.0,
    **{f"weak-{letter}": 0.0 for letter in "abcdefg"},
    "gpt-4o-mini": 1.0,
    "claude-3-5-sonnet-20241022": 1.0,
    **{f"middling-{letter}": 1.0 for letter in "abcd"},
    "o3@high": 2.0,
    **{f"strong-{letter}": 2.0 for letter in "ab"},
}
"""Strength by model; a model does what is no harder than it is strong."""

SOURCES = {
    "sums": ("gsm8k", "Add the numbers {a} and {b}, then multiply by {c}."),
    "code": ("code/mbpp", "Write a python function that sorts {a} items and returns item {b} of {c}."),
    "poems": ("chat/arena", "Write a poem about {a} ships, {b} gulls and {c} waves."),
    "puzzles": ("reasoning/zebra-3x3", "There are {a} houses with {b} clues; who owns fish number {c}?"),
}
LEVELS = {"tiny": 0.0, "plain": 1.0, "nasty": 2.0}


def write_outcomes(path: Path, per_source: int = 90, seed: int = 0) -> Path:
    """Write the outcome file (`.jsonl.gz`)."""
    rng = np.random.default_rng(seed)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for source, (task, template) in SOURCES.items():
            for i in range(per_source):
                level = list(LEVELS)[i % 3]
                a, b, c = rng.integers(10, 10_000, 3)
                text = f"A {level} one: {template.format(a=a, b=b, c=c)}"
                outcomes = {
                    model: {
                        "score": float(rng.random() < (0.98 if strength >= LEVELS[level] else 0.02)),
                        "output_tokens": int(50 + 40 * LEVELS[level] + rng.integers(0, 10)),
                    }
                    for model, strength in MODELS.items()
                }
                line = {
                    "id": f"{source}-{i}",
                    "source": source,
                    "task": task,
                    "messages": [{"role": "user", "content": text}],
                    "outcomes": outcomes,
                }
                file.write(json.dumps(line) + "\n")
    return path


def write_priors(path: Path) -> Path:
    """Write published figures for the same models and one more that has no outcome."""
    strengths = {**MODELS, "gpt-5 (medium)": 3.5, "GPT-5-mini": 1.5}
    lines = ["model,source,category,score,date"]
    for offset, category in enumerate(
        ["coding", "mathematics", "reasoning", "language", "overall", "total_cost_usd"]
    ):
        lines += [
            f"{model},livebench,{category},{20 + 18 * strength + offset:.1f},2026-01-01"
            for model, strength in strengths.items()
        ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def small_embedding(examples: list[Example], dim: int = 16) -> StaticEmbedding:
    """Random directions for the words of the set, seeded."""
    vocab = sorted({word for example in examples for word in words(example.text) if not word.isdigit()})
    rows = np.random.default_rng(1).integers(-127, 128, (len(vocab) + 8, dim)).astype(np.int8)
    return StaticEmbedding(vocab, rows, np.full(len(rows), 1 / 127, np.float32))


def fit_small_bundle(folder: Path, seed: int = 0) -> Path:
    """Fit a bundle on the small world and return its path."""
    examples = load_outcomes([write_outcomes(folder / "outcomes.jsonl.gz")])
    out = folder / "bundle"
    fit(
        examples,
        write_priors(folder / "priors.csv"),
        small_embedding(examples),
        out,
        seed=seed,
        cluster_count=6,
        progress=lambda message: None,
    )
    return out


def main(folder: Path) -> None:
    """Write outcomes to fit on, others to measure on, and published figures."""
    folder.mkdir(parents=True, exist_ok=True)
    write_outcomes(folder / "mine.jsonl.gz")
    write_outcomes(folder / "held-out.jsonl.gz", per_source=30, seed=1)
    write_priors(folder / "priors.csv")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
