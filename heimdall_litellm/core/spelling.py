"""Mistyped words -> the words that were meant, where one letter tells them apart.

Two words are near if they become the same by leaving out at most one letter of each: that covers a letter
too many, one missing, a wrong one, and two swapped (the "symmetric delete" of SymSpell). Each vocabulary
word is entered under itself and under all it becomes by leaving out one letter; a word is looked up in the
same ways, and the commonest entry found is taken.

The entries are checksums in a sorted array, eight bytes each, where a dictionary of 150,000 strings would
take twenty times as much. Two strings may share a checksum: then, once in some thousand unknown words,
a word is taken for another. It is so in training too.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from zlib import crc32

import numpy as np

_SHORTEST = 4
"""Bytes below which everything is near everything."""
_LONGEST = 24
_REMEMBERED = 8_192


class Spelling:
    """The words of a vocabulary, commonest first, to be found by what is nearly them. Immutable."""

    __slots__ = ("_keys", "_nearest", "_places", "_vocab")

    def __init__(self, vocab: Sequence[bytes]) -> None:
        self._vocab = [word for word in vocab if _is_plain(word)]
        ways = list(map(_ways, self._vocab))
        keys = np.fromiter(map(crc32, chain.from_iterable(ways)), np.uint32)
        places = np.repeat(np.arange(len(ways), dtype=np.uint32), list(map(len, ways)))
        self._keys, firsts = np.unique(keys, return_index=True)
        self._places = places[firsts]
        # A memo, for speed alone: what a word is taken for depends on nothing else.
        self._nearest = lru_cache(maxsize=_REMEMBERED)(self._find)

    def nearest(self, word: bytes) -> bytes:
        """Give the commonest word of the vocabulary that is near `word`; itself if none is."""
        return self._nearest(word)

    def _find(self, word: bytes) -> bytes:
        if not len(self._keys) or not _is_plain(word):
            return word
        keys = np.fromiter(map(crc32, _ways(word)), np.uint32)
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        places = self._places[at[self._keys[at] == keys]]
        return self._vocab[places.min()] if len(places) else word


def _is_plain(word: bytes) -> bool:
    return _SHORTEST <= len(word) <= _LONGEST and word.isalpha()


def _ways(word: bytes) -> list[bytes]:
    return [word, *(word[:i] + word[i + 1 :] for i in range(len(word)))]
