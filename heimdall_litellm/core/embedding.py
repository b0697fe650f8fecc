"""Words -> one dense vector that says what a text is about, without running a network.

A table holds a small vector for every token; a text's vector is their weighted sum brought
to length one. The table is distilled from a sentence encoder (`training/distill.py`), which
also folds each token's weight (rare words count for more) into its row.

    vector(text) = unit( sum over tokens t of scale[t] * rows[t] )        rows int8, scale float32

A word that has no row of its own is taken apart into the longest pieces that have one
("token" + "##isation"); characters no piece covers fall into one of a few hundred buckets
by checksum, so that no script is without a vector. Taking apart is the dear step, hence its
bounds: so many words of a text, so many pieces of a word; further unknown words go to their
bucket whole. The result depends on the words alone, never on an earlier call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from heimdall_litellm.core.spelling import Spelling
from heimdall_litellm.core.types import FloatArray

Rows = NDArray[np.int8]

TAKEN_APART = 32
"""Unknown words of one text that are taken into pieces."""
_REMEMBERED = 8_192
_PIECES = 4
_LONGEST_PIECE = 14
"""Characters (bytes) tried for one piece; longer ones of the vocabulary are whole words."""


class StaticEmbedding:
    """An immutable token table. Safe to share between threads.

    `vocab` names the rows; a row named `b"##ing"` continues a word. The rows after the
    vocabulary are the buckets, one or more. Raises ValueError where shapes don't fit.
    """

    __slots__ = (
        "_buckets",
        "_first_bucket",
        "_index",
        "_pieces_of",
        "_rows",
        "_scale",
        "_spelling",
        "_vocab",
    )

    def __init__(self, vocab: Sequence[bytes], rows: Rows, scale: FloatArray) -> None:
        if rows.ndim != 2 or rows.dtype != np.int8 or rows.shape[1] == 0:
            raise ValueError(f"rows must be int8 (V, d), not {rows.dtype} {rows.shape}")
        if scale.shape != (rows.shape[0],) or scale.dtype != np.float32 or not np.isfinite(scale).all():
            raise ValueError(f"scale must be {rows.shape[0]} finite float32, not {scale.dtype} {scale.shape}")
        if rows.shape[0] <= len(vocab):
            raise ValueError(f"{rows.shape[0]} rows leave no bucket after {len(vocab)} tokens")
        self._vocab = tuple(vocab)
        self._index = {token: at for at, token in enumerate(vocab)}
        if len(self._index) != len(vocab):
            raise ValueError("the vocabulary names a token twice")
        self._rows = rows.copy()
        self._scale = scale.copy()
        self._rows.flags.writeable = self._scale.flags.writeable = False
        self._first_bucket = len(vocab)
        self._buckets = int(rows.shape[0]) - len(vocab)
        self._spelling = Spelling(vocab)
        # A memo, for speed alone: what a word is taken into depends on nothing else.
        self._pieces_of = lru_cache(maxsize=_REMEMBERED)(self._take_apart)

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._rows.shape[1])

    @property
    def size(self) -> int:
        """Number of rows, buckets included."""
        return int(self._rows.shape[0])

    @property
    def vocab(self) -> tuple[bytes, ...]:
        """The tokens that have a row of their own, in the order of the rows."""
        return self._vocab

    def embed(self, words: Sequence[bytes]) -> FloatArray:
        """Return the vector of a text, float32 (dim,), of length one; zeros for no words."""
        return self.vector(self.token_ids(words))

    def vector(self, ids: Sequence[int]) -> FloatArray:
        """Return the vector of a text that is made of these rows."""
        if not ids:
            return np.zeros(self.dim, np.float32)
        at = np.fromiter(ids, np.intp, len(ids))
        total: FloatArray = self._scale.take(at) @ self._rows.take(at, axis=0).astype(np.float32)
        length = float(total @ total) ** 0.5
        if length > 0.0:
            total /= np.float32(length)
        return total

    def spelled(self, words: list[bytes]) -> list[bytes]:
        """Put the words that were meant for mistyped ones (`spelling.py`), and leave the others.

        Of a text that is mostly unknown, such as one in a language we don't have, nothing is mistyped.
        """
        distinct = set(words)
        unknown = distinct.difference(self._index)
        if 2 * len(unknown) > len(distinct):
            return words
        meant = {word: near for word in unknown if (near := self._spelling.nearest(word)) != word}
        return [meant.get(word, word) for word in words] if meant else words

    def token_ids(self, words: Sequence[bytes]) -> list[int]:
        """Return the rows that make up a text."""
        index = self._index
        ids = [at for at in map(index.get, words) if at is not None]
        known = len(ids)
        if known < len(words):
            missing = set(words).difference(index)
            if 2 * known >= len(words):
                # Mostly known: then what isn't is a name or mistyped, and says little.
                missing = {word for word in missing if not word.isascii()}
            if missing:
                self._add_unknown([word for word in words if word in missing], ids)
        return ids

    def _add_unknown(self, unknown: Sequence[bytes], ids: list[int]) -> None:
        for word in unknown[:TAKEN_APART]:
            ids.extend(self._pieces_of(word))
        ids.extend(map(self._bucket, unknown[TAKEN_APART:]))

    def _take_apart(self, word: bytes) -> tuple[int, ...]:
        """Give the rows of a word's pieces, longest first; what none covers, by its bucket."""
        index = self._index
        ids: list[int] = []
        start, end = 0, len(word)
        for _ in range(_PIECES):
            if start >= end:
                break
            mark = b"##" if start else b""
            for stop in range(min(end, start + _LONGEST_PIECE), start, -1):
                at = index.get(mark + word[start:stop])
                if at is not None:
                    ids.append(at)
                    start = stop
                    break
            else:
                ids.append(self._bucket(word[start:]))
                break
        return tuple(ids)

    def _bucket(self, word: bytes) -> int:
        return self._first_bucket + crc32(word) % self._buckets

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the table as plain arrays, for `np.savez`: `vocab`, `rows`, `scale`."""
        vocab = np.frombuffer(b"\n".join(self._vocab), np.uint8)
        return {"vocab": vocab, "rows": self._rows, "scale": self._scale}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> StaticEmbedding:
        """Rebuild a table from what `to_arrays` gave. Raises ValueError if it does not fit."""
        missing = {"vocab", "rows", "scale"} - set(arrays)
        if missing:
            raise ValueError(f"the embedding lacks {', '.join(sorted(missing))}")
        vocab = arrays["vocab"].tobytes().split(b"\n")
        return cls(vocab, np.asarray(arrays["rows"]), np.asarray(arrays["scale"]))
