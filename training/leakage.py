"""Keep near-duplicates on one side of every split.

Benchmarks quote each other: the same question stands in two of them, once bare and once in a
template. Prompts that share a run of 12 words are put in one group, unless that run is so
common that it must be a template. Folds are made of whole groups.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_RUN = 12
_TEMPLATE = 20


def group_duplicates(texts: Sequence[str]) -> NDArray[np.int64]:
    """Give each text the number of its group; texts that share an uncommon run share a number."""
    holders: dict[bytes, list[int]] = defaultdict(list)
    for i, text in enumerate(texts):
        for key in _runs(text):
            if not holders[key] or holders[key][-1] != i:
                holders[key].append(i)
    parent = list(range(len(texts)))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for members in holders.values():
        if 1 < len(members) <= _TEMPLATE:
            for other in members[1:]:
                parent[find(other)] = find(members[0])
    return np.array([find(i) for i in range(len(texts))], np.int64)


def _runs(text: str) -> set[bytes]:
    """Digests of the text's word runs. Every run is taken, or two copies at an offset would differ."""
    words = "".join(c if c.isalnum() else " " for c in text.lower()).split()
    if len(words) < _RUN:
        return {hashlib.blake2b(" ".join(words).encode("utf-8", "replace"), digest_size=8).digest()}
    return {
        hashlib.blake2b(" ".join(words[i : i + _RUN]).encode("utf-8", "replace"), digest_size=8).digest()
        for i in range(len(words) - _RUN + 1)
    }


def folds(groups: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """Assign each row to one of `count` folds, whole groups together, the same for the same seed."""
    unique = np.unique(groups)
    assigned = np.random.default_rng(seed).permutation(len(unique)) % count
    place: NDArray[np.int64] = assigned[np.searchsorted(unique, groups)]
    return place
