"""A weight per word: which words speak for a hard request, and which for a cheap one.

    s(text) = Σ_t w_t · r_t / √(Σ_t r_t²)        over the distinct tokens t of the text

r is a token's inverse document frequency, w is learnt (`training/word_weights.py`): a ridge regression on
TF-IDF, read with the tokens that the embedding has looked up already. The trees see of the words only their
sum in a few dimensions; this tells "eigenvalue" from "average" where both stand in much the same text. The
result is in logits of the odds hard : cheap.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Self

import numpy as np
from numpy.typing import NDArray

from heimdall_litellm.core.types import FloatArray

Tokens = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class WordScore:
    """By token of the embedding: `pull` is w·r in logits, `rarity` is r; both float32 (V,)."""

    pull: FloatArray
    rarity: FloatArray

    @classmethod
    def silent(cls, size: int) -> Self:
        """One that says nothing of any of `size` tokens."""
        return cls(np.zeros(size, np.float32), np.ones(size, np.float32))

    def of_tokens(self, tokens: Tokens) -> float:
        """Give s of a text with these distinct tokens; 0 for none."""
        if not len(tokens):
            return 0.0
        return float(self.pull.take(tokens).sum()) / self._length(tokens)

    def by_token(self, tokens: Tokens) -> FloatArray:
        """Share s out among the tokens, for explanations."""
        return self.pull.take(tokens) / np.float32(self._length(tokens)) if len(tokens) else self.pull[:0]

    def _length(self, tokens: Tokens) -> float:
        rarity = self.rarity.take(tokens)
        return max(sqrt(float(rarity @ rarity)), 1e-6)

    def to_arrays(self) -> dict[str, FloatArray]:
        """Return it as plain arrays, for `np.savez`: `pull`, `rarity`."""
        return {"pull": self.pull, "rarity": self.rarity}
