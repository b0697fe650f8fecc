"""The static embedding's table."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from heimdall_litellm.core.embedding import TAKEN_APART, StaticEmbedding

VOCAB = [b"prove", b"theorem", b"token", b"##isation", b"##s", b"to"]
BUCKETS = 8


def table(dim: int = 4) -> StaticEmbedding:
    rng = np.random.default_rng(0)
    rows = rng.integers(-127, 128, (len(VOCAB) + BUCKETS, dim), dtype=np.int8)
    return StaticEmbedding(VOCAB, rows, np.linspace(0.5, 2.0, len(rows), dtype=np.float32))


def test_a_vector_is_the_weighted_sum_brought_to_length_one() -> None:
    arrays = table().to_arrays()
    rows = arrays["rows"].astype(np.float32) * arrays["scale"][:, None]
    wanted = rows[0] * 2 + rows[1]
    found = table().embed([b"prove", b"theorem", b"prove"])
    assert found == pytest.approx(wanted / np.linalg.norm(wanted), abs=1e-5)
    assert found.dtype == np.float32


def test_no_words_give_zeros() -> None:
    vector = table().embed([])
    assert not vector.any()
    assert vector.shape == (4,)


def test_rows_that_cancel_out_give_zeros_not_nan() -> None:
    rows = np.array([[1], [-1], [1]], np.int8)
    cancelling = StaticEmbedding([b"a", b"b"], rows, np.ones(3, np.float32))
    assert cancelling.embed([b"a", b"b"]).tolist() == [0.0]


def test_unknown_words_are_taken_apart_into_the_longest_pieces() -> None:
    assert table().token_ids([b"tokenisations", b"theorems"]) == [2, 3, 4, 1, 4]


def test_what_no_piece_covers_falls_into_a_bucket_that_depends_on_the_word_alone() -> None:
    first = table().token_ids(["証".encode()])
    again = table().token_ids([b"prove", "証".encode()])
    other = table().token_ids(["明".encode()])
    assert first == again[1:]
    assert first != other
    assert all(len(VOCAB) <= at < len(VOCAB) + BUCKETS for at in first + other)


def test_the_rest_of_a_word_after_its_known_beginning_goes_to_a_bucket() -> None:
    ids = table().token_ids([b"tokenq"])
    assert ids[0] == 2
    assert ids[1] >= len(VOCAB)


def test_a_word_of_many_pieces_is_cut_short() -> None:
    ids = table().token_ids([b"to" + b"s" * 50])
    assert ids == [5, 4, 4, 4]


def test_only_so_many_unknown_words_are_taken_apart() -> None:
    ids = table().token_ids([b"tokens"] * (TAKEN_APART + 3))
    assert ids[: 2 * TAKEN_APART] == [2, 4] * TAKEN_APART
    assert len(ids) == 2 * TAKEN_APART + 3
    assert all(at >= len(VOCAB) for at in ids[2 * TAKEN_APART :])


def test_an_earlier_text_changes_nothing() -> None:
    shared = table()
    fresh = shared.embed([b"tokens", b"prove"])
    for number in range(100):
        shared.embed([b"noise%d" % number] * 40)
    assert np.array_equal(shared.embed([b"tokens", b"prove"]), fresh)


def test_threads_see_the_same_vectors() -> None:
    shared = table()
    texts = [[b"prove", b"tokens", b"x%d" % number] for number in range(200)]
    alone = [shared.embed(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert all(map(np.array_equal, pool.map(shared.embed, texts), alone))


def test_a_table_survives_being_written_and_read_without_pickle() -> None:
    file = io.BytesIO()
    np.savez(file, **table().to_arrays())
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        back = StaticEmbedding.from_arrays(dict(arrays))
    assert back.dim == 4
    assert back.size == len(VOCAB) + BUCKETS
    assert np.array_equal(back.embed([b"tokens", b"zz"]), table().embed([b"tokens", b"zz"]))


def test_nobody_can_change_a_table_through_its_arrays() -> None:
    rows = np.ones((2, 3), np.int8)
    mine = StaticEmbedding([b"a"], rows, np.ones(2, np.float32))
    before = mine.embed([b"a"])
    rows[0] = [9, 0, 0]
    assert np.array_equal(mine.embed([b"a"]), before)
    with pytest.raises(ValueError, match="read-only"):
        mine.to_arrays()["rows"][0] = 0


GOOD = {
    "vocab": np.frombuffer(b"a\nb", np.uint8),
    "rows": np.ones((3, 2), np.int8),
    "scale": np.ones(3, np.float32),
}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"rows": np.ones((3, 2), np.float32)}, "rows must be int8"),
        ({"rows": np.ones(3, np.int8)}, "rows must be int8"),
        ({"rows": np.ones((3, 0), np.int8)}, "rows must be int8"),
        ({"rows": np.ones((2, 2), np.int8), "scale": np.ones(2, np.float32)}, "no bucket"),
        ({"scale": np.ones(2, np.float32)}, "3 finite float32"),
        ({"scale": np.ones(3)}, "3 finite float32"),
        ({"scale": np.full(3, np.nan, np.float32)}, "3 finite float32"),
        ({"vocab": np.frombuffer(b"a\na", np.uint8)}, "twice"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change: dict[str, np.ndarray], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        StaticEmbedding.from_arrays({**GOOD, **change})


def test_missing_arrays_are_named() -> None:
    with pytest.raises(ValueError, match="lacks rows, scale"):
        StaticEmbedding.from_arrays({"vocab": GOOD["vocab"]})
