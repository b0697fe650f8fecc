"""Distil the static embedding of `core/embedding.py` from a sentence encoder, the teacher.

1. *Basis*: the leading right singular vectors of the teacher's vectors, not centred, so that
   cosines are what is kept.
2. *Start*, as model2vec does: a token's row is the teacher's vector of that token alone, less
   the mean of all tokens (what they share says nothing), in the basis, times the weight
   a / (a + p) of "smooth inverse frequency" (Arora et al., 2017).
3. *Tuning* on prompts, without labels: the rows move so that a prompt's summed vector points
   where the teacher's vector of the same prompt does, and so that the cosines between prompts
   are the teacher's. Words are left out at random, so that short texts profit too. Without
   this step the table agrees with its teacher half as well.
4. *Quantising* to int8 with one scale per row; it costs nothing measurable.

Texts are cut and split into words as serving does it. The result depends on the teacher, the
prompts in their order, `dim` and `seed`; numerically also on the machine's matrix library.

    python -m training.distill --outcomes FILE... --out embedding.npz
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import click
import numpy as np
from numpy.typing import NDArray

from heimdall_litellm.core.embedding import StaticEmbedding
from heimdall_litellm.core.request import read_request, window
from heimdall_litellm.core.words import english_words, words
from training.data import Example, load_outcomes

DIM = 128
BUCKETS = 512
PER_SOURCE = 900
"""Prompts of one source at most: enough, and a source does not drown the others."""

_WORD_COUNT = 8
"""A word that is in so many prompts gets a row of its own."""
_SMOOTH = 1e-3
_BUCKET_WEIGHT = 0.25
_HELD_OUT = 20
"""One prompt in so many is kept for measuring."""

Matrix = NDArray[np.float32]
Progress = Callable[[str], None]


class Teacher(Protocol):
    """A sentence encoder with a vocabulary of word pieces."""

    def vocabulary(self) -> Sequence[str]:
        """Return the pieces, the most frequent first; a leading `##` continues a word."""

    def encode(self, texts: Sequence[str], progress: Progress) -> Matrix:
        """Return a unit vector per text."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """How the rows are tuned: plain stochastic gradient steps with a rate per row (Adagrad)."""

    epochs: int = 15
    batch: int = 256
    rate: float = 0.01
    pairs: float = 4.0
    """Weight of the cosines between prompts against the prompts' own direction."""
    left_out: float = 0.2
    """Share of the words left out of a prompt in each step."""


def distill(
    prompts: Sequence[str],
    dim: int = DIM,
    seed: int = 0,
    progress: Progress = print,
    *,
    teacher: Teacher | None = None,
    tuning: Tuning | None = None,
) -> StaticEmbedding:
    """Distil a table of `dim` numbers per token from the teacher (MiniLM if none is given).

    Reports through `progress` how well the table agrees with the teacher on held-out prompts.
    """
    if teacher is None:
        from training.teacher import MiniLM

        teacher = MiniLM()
    texts = [window(prompt) for prompt in prompts]
    split = [words(text) for text in texts]
    vocab = vocabulary(teacher.vocabulary(), split)
    pieces = teacher.encode([token.decode().removeprefix("##") for token in vocab], progress)
    targets = teacher.encode(texts, progress)
    basis = np.linalg.svd(np.vstack((targets, pieces)).astype(np.float32), full_matrices=False)[2][:dim].T
    weights = token_weights(vocab, split)
    start = start_rows((pieces - pieces.mean(axis=0)) @ basis, weights, seed)
    table = quantised(vocab, start)
    kept = [at for at in range(len(texts)) if at % _HELD_OUT]
    held_out = list(range(0, len(texts), _HELD_OUT))
    progress(f"before tuning: {agreement(table, [split[at] for at in held_out], targets[held_out]):.3f}")
    rows = tuned(
        start, [table.token_ids(split[at]) for at in kept], targets[kept], basis, seed, tuning or Tuning()
    )
    table = quantised(vocab, rows)
    progress(f"after tuning: {agreement(table, [split[at] for at in held_out], targets[held_out]):.3f}")
    return table


def vocabulary(pieces: Sequence[str], texts: Sequence[Sequence[bytes]]) -> list[bytes]:
    """Choose the tokens: pieces that `words` can produce, lexicon words, frequent words."""
    usable = [piece.encode() for piece in pieces if piece.isascii() and piece.removeprefix("##").isalnum()]
    seen = Counter(word for text in texts for word in set(text))
    frequent = sorted(
        word for word, count in seen.items() if count >= _WORD_COUNT and word.isalnum() and word.isascii()
    )
    return list(dict.fromkeys((*usable, *english_words(), *frequent)))


def token_weights(vocab: Sequence[bytes], texts: Sequence[Sequence[bytes]]) -> Matrix:
    """Return a / (a + p) per token; p mixes the prompts' counts with Zipf's law over `vocab`."""
    seen = Counter(word for text in texts for word in text)
    counts = np.array([seen[token] for token in vocab], np.float64)
    zipf = 1.0 / np.arange(10, len(vocab) + 10)
    share = 0.5 * counts / max(1.0, counts.sum()) + 0.5 * zipf / zipf.sum()
    return np.asarray(_SMOOTH / (_SMOOTH + share), np.float32)


def start_rows(pieces: Matrix, weights: Matrix, seed: int) -> Matrix:
    """Return the weighted rows, (V + BUCKETS, d): those of the tokens, then of the buckets."""
    rng = np.random.default_rng(seed)
    buckets = rng.standard_normal((BUCKETS, pieces.shape[1])).astype(np.float32)
    buckets *= _BUCKET_WEIGHT / np.linalg.norm(buckets, axis=1, keepdims=True)
    lengths = np.maximum(np.linalg.norm(pieces, axis=1, keepdims=True), 1e-6)
    return np.vstack((pieces / lengths * weights[:, None], buckets))


def tuned(
    start: Matrix, ids: Sequence[Sequence[int]], targets: Matrix, basis: Matrix, seed: int, how: Tuning
) -> Matrix:
    """Move the rows until prompts point where the teacher's vectors do. `start` is not changed."""
    from scipy.sparse import csr_matrix

    rng = np.random.default_rng(seed)
    rows, sums = start.copy(), np.full(len(start), 1e-8, np.float32)
    ends = np.cumsum([0, *map(len, ids)])
    columns = np.concatenate([np.asarray(each, np.int64) for each in ids])
    counts = csr_matrix((np.ones(len(columns), np.float32), columns, ends), (len(ids), len(start)))
    wanted = unit(targets @ basis)
    steps_in_all = how.epochs * -(-len(ids) // how.batch)
    step = 0
    for _ in range(how.epochs):
        order = rng.permutation(len(ids))
        for first in range(0, len(order), how.batch):
            chosen = order[first : first + how.batch]
            batch = counts[chosen]
            batch.data *= rng.random(len(batch.data)) >= how.left_out
            batch.sum_duplicates()
            touched, local = np.unique(batch.indices, return_inverse=True)
            batch = csr_matrix((batch.data, local, batch.indptr), (len(chosen), len(touched)))
            gradient = batch.T @ _direction(batch @ rows[touched], wanted[chosen], targets[chosen], how.pairs)
            sums[touched] += np.square(gradient).mean(axis=1)
            rate = how.rate * (1.0 - step / steps_in_all)
            rows[touched] -= rate * gradient / np.sqrt(sums[touched])[:, None]
            step += 1
    return rows


def _direction(raw: Matrix, wanted: Matrix, targets: Matrix, pairs: float) -> Matrix:
    """Return the gradient, by the prompts' unnormalised vectors, of what tuning minimises."""
    lengths = np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1e-6)
    vectors = raw / lengths
    off = vectors @ vectors.T - targets @ targets.T
    np.fill_diagonal(off, 0.0)
    gradient = -wanted + pairs * (off @ vectors) / len(raw) * 4.0
    return np.asarray((gradient - (gradient * vectors).sum(1, keepdims=True) * vectors) / lengths, np.float32)


def quantised(vocab: Sequence[bytes], rows: Matrix) -> StaticEmbedding:
    """Round the rows to int8, each with its own scale."""
    scale = np.maximum(np.abs(rows).max(axis=1), 1e-6) / 127.0
    return StaticEmbedding(vocab, np.rint(rows / scale[:, None]).astype(np.int8), scale.astype(np.float32))


def agreement(table: StaticEmbedding, texts: Sequence[Sequence[bytes]], targets: Matrix) -> float:
    """Return the rank correlation (Spearman) of the cosines between texts, table against teacher."""
    from scipy.stats import spearmanr

    vectors = np.array([table.embed(text) for text in texts])
    above = np.triu_indices(len(texts), 1)
    return float(spearmanr((vectors @ vectors.T)[above], (targets @ targets.T)[above]).statistic)


def unit(vectors: Matrix) -> Matrix:
    """Bring each row to length one."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6), np.float32)


def choose(examples: Sequence[Example], per_source: int, seed: int) -> list[str]:
    """Return the asks of at most `per_source` prompts of each source, in random order."""
    order = list(examples)
    random.Random(seed).shuffle(order)
    taken: Counter[str] = Counter()
    asks = []
    for example in order:
        taken[example.source] += 1
        if taken[example.source] <= per_source:
            asks.append(read_request({"messages": list(example.messages)}).ask)
    return asks


@click.command()
@click.option(
    "--outcomes", multiple=True, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--dim", default=DIM, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--per-source", default=PER_SOURCE, show_default=True)
def main(outcomes: Sequence[Path], out: Path, dim: int, seed: int, per_source: int) -> None:
    """Distil the embedding and write it as `.npz`."""
    started = time.monotonic()

    def progress(message: str) -> None:
        click.echo(f"{time.monotonic() - started:6.0f} s  {message}", err=True)

    table = distill(choose(load_outcomes(outcomes), per_source, seed), dim, seed, progress)
    np.savez(out, **table.to_arrays())  # type: ignore[arg-type]
    progress(f"{out}: {table.size} rows of {table.dim}, {out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
