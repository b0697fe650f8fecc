"""Q[model, cluster]: how good a model is expected to be on requests like this one.

Theory. For a model m and cluster c a bundle holds the mean score over the prompts that m
answered there, how many there were (n), and a prior p[m, c] that is known without any outcome.
Thin data is shrunk towards the prior, the empirical-Bayes way (a Beta prior worth κ
observations):

    Q[m, c] = (n·mean + κ·p) / (n + κ)

A request is near several clusters at once. Following Avengers-Pro (arXiv 2508.12631) the
`top_p` nearest centroids are blended, weighted by a softmax over cosine similarity:

    w_c ∝ exp(cos(x, centroid_c) / temperature),   Q[m] = Σ_c w_c · Q[m, c]

A text far from all of them is like nothing that was measured, and what its nearest cluster says is then
noise: choosing by it does worse than not looking at the text at all. So the blend is trusted only as far
as the nearest centroid is near (cosine below `_LOST`: not at all, above `_SURE`: wholly), and the rest is
every cluster as much as it counted in training. A text the embedding knows no word of is near none.

How hard the request is within its clusters, the triage knows better than they do: what a better model gains
on it beside the average request (`triage.py`, difficulty over its mean in training) scales the gaps between
the candidates:

    Q'[m] = Q_best − (Q_best − Q[m]) · difficulty / mean difficulty
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heimdall_litellm.core.types import FloatArray

_LOST, _SURE = 0.15, 0.35
_LEAST_RATIO, _MOST_RATIO = 0.2, 5.0


@dataclass(frozen=True, slots=True)
class PriceClasses:
    """What to expect of a model by its price alone: `quality` (prices, columns) at rising `usd` (prices,).

    USD per million output tokens; a column is a cluster or a kind of task, and never falls as prices rise.
    """

    usd: FloatArray
    quality: FloatArray

    def at(self, usd: float) -> FloatArray:
        """Quality at a price, (columns,): a line in its logarithm between two of the prices, flat beyond."""
        prices = self.usd.astype(np.float64)
        last = len(prices) - 1
        place = np.interp(np.log(max(usd, prices[0])), np.log(prices), np.arange(last + 1))
        low = int(place)
        least, most = self.quality[low], self.quality[min(low + 1, last)]
        between: FloatArray = np.minimum(least + np.float32(place - low) * (most - least), most)
        return between


@dataclass(frozen=True, slots=True)
class QualityTable:
    """What is known of models by cluster.

    `models` names the rows. `mean`, `count`, `prior` and `tokens` have shape (models, clusters):
    mean score 0..1, number of outcomes, prior quality 0..1, expected output tokens.
    `share` (clusters,) is the part of the training prompts in each cluster. `price_classes`, by cluster, are
    for models that are not in the table (`strangers.py`).
    """

    models: tuple[str, ...]
    mean: FloatArray
    count: FloatArray
    prior: FloatArray
    tokens: FloatArray
    share: FloatArray
    kappa: float
    price_classes: PriceClasses | None = None

    def shrunk(self) -> FloatArray:
        """Q[model, cluster] by the formula above; shape (models, clusters)."""
        blended: FloatArray = (self.count * self.mean + self.kappa * self.prior) / (self.count + self.kappa)
        return blended


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The clusters a request is near: `ids`, nearest first, with `weights` that sum to 1.

    `trust` 0..1 is how far they speak for the request.
    """

    ids: NDArray[np.intp]
    weights: FloatArray
    trust: float

    def blend(self, table: FloatArray, typical: FloatArray) -> list[float]:
        """Blend each row of a table (rows, clusters); `typical` (rows,) are their means over all clusters."""
        near = table[:, self.ids] @ self.weights
        mixed: list[float] = (near if self.trust == 1.0 else typical + self.trust * (near - typical)).tolist()
        return mixed


def nearest(vector: FloatArray, centroids: FloatArray, top_p: int, temperature: float) -> Neighbourhood:
    """Find the `top_p` nearest of unit-length `centroids` (clusters, d) to a unit or zero vector (d,)."""
    similarity = centroids @ vector
    ids = np.argsort(-similarity, kind="stable")[:top_p]
    near = similarity[ids]
    weights = np.exp((near - near[0]) / temperature)
    trust = min(1.0, max(0.0, (float(near[0]) - _LOST) / (_SURE - _LOST)))
    return Neighbourhood(ids, weights / weights.sum(), trust)


def scale_gaps(quality: Sequence[float], eligible: Sequence[bool], ratio: float) -> list[float]:
    """Scale the gaps to the best eligible candidate by a difficulty over the mean one; by the formula above.

    The ratio is bounded, so that no verdict of the triage makes all candidates alike, and quality stays 0..1.
    """
    factor = min(_MOST_RATIO, max(_LEAST_RATIO, ratio))
    best = max((q for q, is_in in zip(quality, eligible, strict=True) if is_in), default=0.0)
    return [min(1.0, max(0.0, best - (best - q) * factor)) for q in quality]
