"""Fit `core/wordscore.py`: a ridge regression of the gain on which tokens a prompt contains.

Gains are centred within each source: which words come with "this benchmark gains more" is known to the trees
from everything else, and on traffic of no benchmark it misleads. What remains is which words tell, within
one kind of task, the prompts that a better model gains something on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags
from scipy.sparse.linalg import lsqr

from heimdall_litellm.core.wordscore import Tokens, WordScore

Floats = NDArray[np.float64]

RIDGE: Final = 3.0
_ITERATIONS: Final = 200


def presence(tokens: Sequence[Tokens], size: int) -> csr_matrix:
    """Which tokens each prompt contains, 1 or 0, (n, size)."""
    ends = np.cumsum([0, *map(len, tokens)])
    columns = np.concatenate([*tokens, np.zeros(0, np.intp)])
    return csr_matrix((np.ones(len(columns)), columns, ends), (len(tokens), size))


def rarities(found: csr_matrix) -> Floats:
    """Inverse document frequency of each token, (V,), smoothed: ln((1 + n) / (1 + prompts with it)) + 1."""
    held = np.asarray(found.sum(axis=0)).ravel()
    weight: Floats = np.log((1 + found.shape[0]) / (1 + held)) + 1
    return weight


def fit_words(
    found: csr_matrix, gain: Floats, weights: Floats, sources: NDArray[np.int64], rarity: Floats
) -> WordScore:
    """Fit on prompts' tokens (n, V), gain and weights (n,), and each prompt's source.

    The score is in units of the gain; `train_gbdt.py` finds what it is worth in logits.
    """
    total, mass = np.bincount(sources, weights * gain), np.bincount(sources, weights)
    centred = gain - (total / np.maximum(mass, 1e-9))[sources]
    root = np.sqrt(weights)
    solved = lsqr(
        diags(root) @ _tf_idf(found, rarity), root * centred, damp=RIDGE**0.5, iter_lim=_ITERATIONS
    )[0]
    return WordScore((solved * rarity).astype(np.float32), rarity.astype(np.float32))


def score_words(score: WordScore, found: csr_matrix) -> Floats:
    """Vectorised form of `WordScore.of_tokens`, (n,); tested equal to it."""
    length = np.sqrt(found @ np.square(score.rarity.astype(np.float64)))
    result: Floats = (found @ score.pull.astype(np.float64)) / np.maximum(length, 1e-6)
    return result


def _tf_idf(found: csr_matrix, rarity: Floats) -> csr_matrix:
    weighted = found @ diags(rarity)
    length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    return diags(1 / np.maximum(length, 1e-6)) @ weighted
