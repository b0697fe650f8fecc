"""The plain form holds for every text there is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from heimdall_litellm.core.plain import plain, plain_window

ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=300)
WORDS = [
    "Hi",
    "please",
    "could you",
    "Prove",
    "thanks",
    "Best regards",
    "Anna",
    "the",
    "谢谢",
    "merci",
    "ß",
    "ŉ",
    "Σ",
]
MIXED = st.lists(st.sampled_from([*WORDS, *'x7= \n\t.,:?!<>[]"。', "  ", "```", "###"]), max_size=40).map(
    "".join
)
TEXTS = ANY | MIXED


@given(TEXTS)
def test_doing_it_again_changes_nothing(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@given(TEXTS)
def test_case_changes_nothing(text: str) -> None:
    assert plain(text.upper()) == plain(text) == plain(text.lower())


@given(TEXTS)
def test_the_amount_of_white_space_changes_nothing(text: str) -> None:
    wide = "".join({" ": " \t ", "\n": " \n\n\r\n"}.get(char, char) for char in text)
    assert plain(f"\n {wide} \n") == plain(text)


@given(TEXTS)
def test_what_is_not_empty_stays_so(text: str) -> None:
    assert bool(plain(text)) == bool(text.strip())


@given(TEXTS, st.integers(1, 40), st.integers(1, 40))
def test_a_window_is_bounded(text: str, head: int, tail: int) -> None:
    cut, length = plain_window(text * 3, head, tail)
    assert len(cut) <= head + tail + 1
    assert length <= 3 * len(text) * 3
