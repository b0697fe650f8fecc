"""A weight per word."""

from __future__ import annotations

import numpy as np
import pytest

from heimdall_litellm.core.wordscore import WordScore

SCORE = WordScore(np.array([3.0, -1.0, 0.0], np.float32), np.array([2.0, 1.0, 2.0], np.float32))


def test_a_score_is_the_pulls_over_the_length_of_the_rarities() -> None:
    assert SCORE.of_tokens(np.array([0])) == pytest.approx(1.5)
    assert SCORE.of_tokens(np.array([0, 1])) == pytest.approx(2 / 5**0.5)
    assert SCORE.of_tokens(np.array([0, 1, 2])) == pytest.approx(2 / 3)


def test_the_shares_of_the_words_add_up_to_the_score() -> None:
    tokens = np.array([0, 1, 2])
    assert SCORE.by_token(tokens).sum() == pytest.approx(SCORE.of_tokens(tokens))
    assert SCORE.by_token(tokens).tolist() == pytest.approx([1.0, -1 / 3, 0.0])


def test_no_words_say_nothing() -> None:
    nothing = np.zeros(0, np.intp)
    assert SCORE.of_tokens(nothing) == 0.0
    assert SCORE.by_token(nothing).tolist() == []
    assert WordScore.silent(4).of_tokens(np.array([0, 3])) == 0.0
