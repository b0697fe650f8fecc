"""Q[model, cluster] and the clusters a request is near."""

from __future__ import annotations

import numpy as np
import pytest

from heimdall_litellm.core.quality import QualityTable, nearest, scale_gaps


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
    near = nearest(np.array([0.6, 0.8], np.float32), centroids, 2, 0.1)
    assert near.ids.tolist() == [1, 0]
    assert near.trust == 1.0
    assert near.weights.sum() == pytest.approx(1.0)
    assert near.weights[0] / near.weights[1] == pytest.approx(np.exp(0.2 / 0.1), rel=1e-4)


def test_more_clusters_than_there_are_is_all_of_them() -> None:
    near = nearest(np.array([1, 0], np.float32), np.eye(2, dtype=np.float32), 9, 0.1)
    assert len(near.ids) == 2


@pytest.mark.parametrize(("cosine", "quality"), [(1.0, 0.9), (0.35, 0.9), (0.25, 0.7), (0.15, 0.5), (0, 0.5)])
def test_the_farther_the_nearest_cluster_the_less_it_says(cosine: float, quality: float) -> None:
    vector = np.array([cosine, 0.0, (1 - cosine**2) ** 0.5], np.float32)
    centroids = np.array([[1, 0, 0], [-1, 0, 0]], np.float32)
    near = nearest(vector, centroids, 1, 0.1)
    table, typical = np.array([[0.9, 0.1]], np.float32), np.array([0.5], np.float32)
    assert near.blend(table, typical) == pytest.approx([quality], abs=1e-5)


def test_a_text_of_no_known_word_gets_what_is_typical() -> None:
    near = nearest(np.zeros(2, np.float32), np.eye(2, dtype=np.float32), 1, 0.1)
    assert near.blend(np.array([[0.9, 0.1]], np.float32), np.array([0.3], np.float32)) == pytest.approx([0.3])


def test_gaps_to_the_best_eligible_candidate_grow_with_difficulty() -> None:
    quality, everyone = [0.9, 0.7, 0.8], [True] * 3
    assert scale_gaps(quality, everyone, 1.0) == pytest.approx(quality)
    assert scale_gaps(quality, everyone, 2.0) == pytest.approx([0.9, 0.5, 0.7])
    assert scale_gaps(quality, everyone, 0.5) == pytest.approx([0.9, 0.8, 0.85])
    assert scale_gaps(quality, [False, True, True], 2.0) == pytest.approx([1.0, 0.6, 0.8])


def test_no_difficulty_makes_all_alike_or_leaves_the_scale() -> None:
    assert scale_gaps([0.9, 0.8], [True] * 2, 0.0) == pytest.approx([0.9, 0.88])
    assert scale_gaps([0.9, 0.1], [True] * 2, 99.0) == pytest.approx([0.9, 0.0])
    assert scale_gaps([0.9, 0.1], [False] * 2, 1.0) == pytest.approx([0.9, 0.1])
