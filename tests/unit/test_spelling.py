"""One letter wrong still finds the word that was meant."""

from __future__ import annotations

import pytest

from heimdall_litellm.core.spelling import Spelling

SPELLING = Spelling([b"form", b"from", b"function", b"the", b"##tion", b"1234"])


@pytest.mark.parametrize(
    "word", [b"funtion", b"functtion", b"fumction", b"fucntion", b"unction", b"functions"]
)
def test_one_letter_is_put_right(word: bytes) -> None:
    assert SPELLING.nearest(word) == b"function"


def test_of_several_the_commonest_is_taken() -> None:
    assert SPELLING.nearest(b"fxrm") == SPELLING.nearest(b"frorm") == b"form"


@pytest.mark.parametrize("word", [b"fumctoin", b"teh", b"tion", b"1235", "функция".encode(), b"x" * 30, b""])
def test_what_is_far_or_short_or_no_plain_word_stays(word: bytes) -> None:
    assert SPELLING.nearest(word) == word


def test_a_vocabulary_without_plain_words_puts_nothing_right() -> None:
    assert Spelling([b"a", b"##b"]).nearest(b"function") == b"function"
