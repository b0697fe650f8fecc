"""Fit the clusters: spherical k-means over the prompts' vectors.

Prompts that nobody scored (`everyday.py`) get clusters of their own, a quarter as many: among the others they
would blur what was measured, and be lost in it.
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

_UNSCORED = 1 / 4
"""Clusters of the prompts nobody scored, as a share of those of the others."""


@dataclass(frozen=True, slots=True)
class Clusters:
    """Unit `centroids` (k, d), each prompt's cluster (n,), weighted `share` and `kinds` (k, kinds)."""

    centroids: Matrix
    of_prompt: NDArray[np.int64]
    share: Matrix
    kinds: Floats


def fit_clusters(
    vectors: Matrix, examples: Sequence[Example], weights: Floats, count: int, seed: int
) -> Clusters:
    """Fit `count` clusters to the prompts with outcomes; `vectors` (n, d) have unit length or are zero."""
    rng = np.random.default_rng(seed)
    is_scored = np.array([bool(example.outcomes) for example in examples])
    parts = [_centroids(vectors[is_scored], weights[is_scored], count, rng)]
    if not is_scored.all():
        fewer = max(1, round(count * _UNSCORED))
        parts.append(_centroids(vectors[~is_scored], weights[~is_scored], fewer, rng))
    return assign(np.vstack(parts), vectors, examples, weights)


def assign(centroids: Matrix, vectors: Matrix, examples: Sequence[Example], weights: Floats) -> Clusters:
    """Put prompts into clusters that are known."""
    count = len(centroids)
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


def _centroids(vectors: Matrix, weights: Floats, count: int, rng: np.random.Generator) -> Matrix:
    """Spherical k-means: k-means++ start, centroids put back on the sphere.

    Prompts are drawn by weight, so that a big source doesn't take all the clusters.
    """
    known = np.flatnonzero(np.abs(vectors).sum(axis=1) > 0)
    p = weights[known] / weights[known].sum()
    drawn = vectors[rng.choice(known, size=min(len(known), 20_000), p=p)]
    count = min(count, len(np.unique(drawn, axis=0)))
    centroids, _ = kmeans2(drawn.astype(np.float64), count, iter=40, minit="++", rng=rng)
    norms = np.linalg.norm(centroids, axis=1, keepdims=True)
    unit: Matrix = (centroids / np.maximum(norms, 1e-9)).astype(np.float32)
    return unit
