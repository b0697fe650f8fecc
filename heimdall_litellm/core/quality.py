"""Q[model, cluster]: how good a model is expected to be on requests like this one.

Theory. For a model m and cluster c a bundle holds the mean score over the prompts that m
answered there, how many there were (n), and a prior p[m, c] that is known without any outcome.
Thin data is shrunk towards the prior, the empirical-Bayes way (a Beta prior worth κ
observations):

    Q[m, c] = (n·mean + κ·p) / (n + κ)

A request is near several clusters at once. Following Avengers-Pro (arXiv 2508.12631) the
`top_p` nearest centroids are blended, weighted by a softmax over cosine similarity:

    w_c ∝ exp(cos(x, centroid_c) / temperature),   Q[m] = Σ_c w_c · Q[m, c]

A text that the embedding knows nothing about (zero vector) is near no cluster: then every
cluster counts as much as it did in training.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heimdall_litellm.core.types import FloatArray


@dataclass(frozen=True, slots=True)
class QualityTable:
    """What is known of models by cluster.

    `models` names the rows. `mean`, `count`, `prior` and `tokens` have shape (models, clusters):
    mean score 0..1, number of outcomes, prior quality 0..1, expected output tokens.
    `share` (clusters,) is the part of the training prompts in each cluster.
    """

    models: tuple[str, ...]
    mean: FloatArray
    count: FloatArray
    prior: FloatArray
    tokens: FloatArray
    share: FloatArray
    kappa: float

    def shrunk(self) -> FloatArray:
        """Q[model, cluster] by the formula above; shape (models, clusters)."""
        blended: FloatArray = (self.count * self.mean + self.kappa * self.prior) / (self.count + self.kappa)
        return blended


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The clusters a request is near: `ids`, nearest first, with `weights` that sum to 1."""

    ids: NDArray[np.intp]
    weights: FloatArray


def nearest(
    vector: FloatArray, centroids: FloatArray, share: FloatArray, top_p: int, temperature: float
) -> Neighbourhood:
    """Find the `top_p` nearest of unit-length `centroids` (clusters, d) to a vector (d,)."""
    if not vector.any():  # the embedding knows no word of the text
        order = np.argsort(-share, kind="stable")
        return Neighbourhood(order, share[order])
    similarity = centroids @ vector
    ids = np.argsort(-similarity, kind="stable")[:top_p]
    near = similarity[ids]
    weights = np.exp((near - near[0]) / temperature)
    return Neighbourhood(ids, weights / weights.sum())
