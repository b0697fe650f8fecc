"""Q[model, cluster] and the clusters a request is near."""

from __future__ import annotations

import numpy as np
import pytest

from heimdall_litellm.core.quality import QualityTable, nearest

UNIFORM = np.array([0.25, 0.75], np.float32)


def test_thin_data_is_shrunk_towards_the_prior() -> None:
    f = np.float32
    table = QualityTable(
        ("m",),
        mean=np.array([[1.0, 1.0, 1.0]], f),
        count=np.array([[0, 10, 1_000_000]], f),
        prior=np.array([[0.5, 0.5, 0.5]], f),
        tokens=np.ones((1, 3), f),
        share=np.ones(3, f) / 3,
        kappa=10.0,
    )
    assert table.shrunk()[0] == pytest.approx([0.5, 0.75, 1.0], abs=1e-4)


def test_the_nearest_centroids_come_first_and_weights_sum_to_one() -> None:
    centroids = np.array([[1, 0], [0, 1], [-1, 0]], np.float32)
    near = nearest(np.array([0.6, 0.8], np.float32), centroids, np.ones(3, np.float32) / 3, 2, 0.1)
    assert near.ids.tolist() == [1, 0]
    assert near.weights.sum() == pytest.approx(1.0)
    assert near.weights[0] / near.weights[1] == pytest.approx(np.exp(0.2 / 0.1), rel=1e-4)


def test_an_unknown_text_counts_every_cluster_as_training_did() -> None:
    near = nearest(np.zeros(2, np.float32), np.eye(2, dtype=np.float32), UNIFORM, 1, 0.1)
    assert near.ids.tolist() == [1, 0]
    assert near.weights.tolist() == [0.75, 0.25]


def test_more_clusters_than_there_are_is_all_of_them() -> None:
    near = nearest(np.array([1, 0], np.float32), np.eye(2, dtype=np.float32), UNIFORM, 9, 0.1)
    assert len(near.ids) == 2
