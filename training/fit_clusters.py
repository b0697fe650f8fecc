"""Fit the clusters, and what each model did in each of them.

Two models are seldom tried on the same prompts of a cluster, and the plain mean of one that was tried on
the hard half alone makes it look worse than one that wasn't. So a score is taken apart,

    score[i, m] = prompt[i] + model[m] + departure[m, cluster of i] + noise

by alternating ridge fits, and a model's mean in a cluster is what it did there beyond what its own prompts
were like, set on what that cluster's prompts are like:

    mean[m, c] = mean over its prompts i in c of (score[i, m] − prompt[i]) + mean over all of c of prompt[i]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2

from training.data import Example
from training.kinds import KINDS, kind_of_task

Matrix = NDArray[np.float32]
Floats = NDArray[np.float64]

_SWEEPS = 30
_RIDGE = 10.0


@dataclass(frozen=True, slots=True)
class Clusters:
    """Unit `centroids` (k, d), each prompt's cluster (n,), weighted `share` and `kinds` (k, kinds)."""

    centroids: Matrix
    of_prompt: NDArray[np.int64]
    share: Matrix
    kinds: Floats


@dataclass(frozen=True, slots=True)
class Observed:
    """What was observed of `models` by cluster, all (models, k); tokens NaN where nobody counted."""

    models: tuple[str, ...]
    mean: Floats
    count: Floats
    tokens: Floats


def fit_clusters(
    vectors: Matrix, examples: Sequence[Example], weights: Floats, count: int, seed: int
) -> Clusters:
    """Spherical k-means over unit vectors (n, d): k-means++ start, centroids put back on the sphere.

    Prompts are drawn by weight, so that a big source doesn't take all the clusters.
    """
    rng = np.random.default_rng(seed)
    known = np.flatnonzero(np.abs(vectors).sum(axis=1) > 0)
    p = weights[known] / weights[known].sum()
    drawn = vectors[rng.choice(known, size=min(len(known), 20_000), p=p)]
    count = min(count, len(np.unique(drawn, axis=0)))
    centroids, _ = kmeans2(drawn.astype(np.float64), count, iter=40, minit="++", rng=rng)
    norms = np.linalg.norm(centroids, axis=1, keepdims=True)
    centroids = (centroids / np.maximum(norms, 1e-9)).astype(np.float32)
    of_prompt = np.argmax(vectors @ centroids.T, axis=1).astype(np.int64)
    share = np.bincount(of_prompt, weights=weights, minlength=count)
    kinds = np.full((count, len(KINDS)), 1e-6)
    for example, cluster, weight in zip(examples, of_prompt, weights, strict=True):
        kinds[cluster, KINDS.index(kind_of_task(example.task))] += weight
    return Clusters(
        centroids,
        of_prompt,
        (share / share.sum()).astype(np.float32),
        kinds / kinds.sum(axis=1, keepdims=True),
    )


def observe(examples: Sequence[Example], clusters: Clusters, names: Sequence[Sequence[str]]) -> Observed:
    """Average scores, by the formula above, and output tokens by model and cluster.

    `names[i]` are the canonical names of the models of `examples[i].outcomes`, in their order.
    """
    models = sorted({name for row in names for name in row})
    index = {name: i for i, name in enumerate(models)}
    shape = (len(models), len(clusters.centroids))
    prompt = np.array([i for i, row in enumerate(names) for _ in row])
    model = np.array([index[name] for row in names for name in row])
    outcomes = [outcome for example in examples for outcome in example.outcomes.values()]
    scores = np.array([outcome.score for outcome in outcomes])
    written = np.array([outcome.output_tokens or 0 for outcome in outcomes])
    cell = model * shape[1] + clusters.of_prompt[prompt]
    count = np.bincount(cell, minlength=shape[0] * shape[1])
    easy = _easiness(scores, prompt, model, cell)
    beyond = np.bincount(cell, scores - easy[prompt], len(count)) / np.maximum(count, 1)
    size = np.bincount(clusters.of_prompt, minlength=shape[1])
    typical = np.bincount(clusters.of_prompt, easy, shape[1]) / np.maximum(size, 1)
    mean = np.where(count.reshape(shape) > 0, beyond.reshape(shape) + typical, 0.0)
    tokens, counted = np.bincount(cell, written, len(count)), np.bincount(cell, written > 0, len(count))
    mean_tokens = np.divide(tokens, counted, out=np.full(len(count), np.nan), where=counted > 0)
    return Observed(
        tuple(models), np.clip(mean, 0.0, 1.0), count.reshape(shape).astype(float), mean_tokens.reshape(shape)
    )


def _easiness(
    scores: Floats, prompt: NDArray[np.int64], model: NDArray[np.int64], cell: NDArray[np.int64]
) -> Floats:
    """`prompt[i]` of the formula above: what a model of middling ability is expected to score, (prompts,)."""
    easy, ability = np.zeros(prompt.max() + 1), np.zeros(model.max() + 1)
    departure = np.zeros(cell.max() + 1)
    for _ in range(_SWEEPS):
        easy = _shrunk_mean(scores - ability[model] - departure[cell], prompt, len(easy), 0.0)
        ability = _shrunk_mean(scores - easy[prompt] - departure[cell], model, len(ability), _RIDGE)
        departure = _shrunk_mean(scores - easy[prompt] - ability[model], cell, len(departure), _RIDGE)
    return easy


def _shrunk_mean(values: Floats, group: NDArray[np.int64], count: int, ridge: float) -> Floats:
    total = np.bincount(group, weights=values, minlength=count)
    mean: Floats = total / np.maximum(np.bincount(group, minlength=count) + ridge, 1.0)
    return mean
