"""Keep near-duplicates on one side of every split.

Benchmarks quote each other: the same question stands in two of them, once bare and once in a
template. Two prompts belong together if they share half of their own runs of 12 words. Runs that stand
in many prompts are a template and count for neither: one phrase in common doesn't make two tasks the
same, and chains of such phrases would tie a whole benchmark into one group. Folds are made of whole
groups.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

_RUN = 12
_TEMPLATE = 20
_SHARED = 0.5


def group_duplicates(texts: Sequence[str]) -> NDArray[np.int64]:
    """Give each text the number of its group; texts that share half of their own runs share a number."""
    parent = list(range(len(texts)))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for one, other in _duplicates(texts):
        parent[find(other)] = find(one)
    return np.array([find(i) for i in range(len(texts))], np.int64)


def _duplicates(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    holders: dict[bytes, list[int]] = defaultdict(list)
    for i, text in enumerate(texts):
        for key in _runs(text):
            holders[key].append(i)
    own: Counter[int] = Counter()
    shared: Counter[tuple[int, int]] = Counter()
    for members in holders.values():
        if len(members) <= _TEMPLATE:
            own.update(members)
            shared.update(combinations(members, 2))
    for (one, other), count in shared.items():
        if count >= _SHARED * min(own[one], own[other]):
            yield one, other


def _runs(text: str) -> set[bytes]:
    """Digests of the text's word runs. Every run is taken, or two copies at an offset would differ."""
    words = "".join(c if c.isalnum() else " " for c in text.lower()).split()
    runs = (words[i : i + _RUN] for i in range(max(1, len(words) - _RUN + 1)))
    return {hashlib.blake2b(" ".join(run).encode("utf-8", "replace"), digest_size=8).digest() for run in runs}


def folds(groups: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """Assign each row to one of `count` folds, whole groups together, the same for the same seed."""
    unique = np.unique(groups)
    assigned = np.random.default_rng(seed).permutation(len(unique)) % count
    place: NDArray[np.int64] = assigned[np.searchsorted(unique, groups)]
    return place
