"""The multilingual table."""

from __future__ import annotations

import pytest

from heimdall_litellm.core.lexicon import CONCEPTS, STEM_HEAD, is_unspaced, read_lexicon
from heimdall_litellm.core.wordclasses import WORD_CLASSES
from heimdall_litellm.core.words import fold, words


def test_the_table_is_large_and_covers_every_script() -> None:
    lexicon = read_lexicon(fold(CONCEPTS))
    assert sum(map(len, lexicon.run_terms.values())) > 1000
    assert sum(map(len, lexicon.stems.values())) > 1000
    for script in ("\u4e00", "\u3042", "\u0e01"):
        assert any(
            is_unspaced(head) and abs(ord(head[0]) - ord(script)) < 0x5200 for head in lexicon.run_terms
        )
    for low, high in (("\u0400", "\u0500"), ("\u0600", "\u0700"), ("\u0900", "\u0980"), ("\uac00", "\ud7a4")):
        assert sum(low <= word < high for word in (*lexicon.exact, *lexicon.stems)) > 100


def test_every_term_is_found_again_and_means_one_concept_in_english() -> None:
    lexicon = read_lexicon(fold(CONCEPTS))
    for terms in lexicon.run_terms.values():
        for term, meaning in terms:
            assert tuple(words(f"{term}\u0100"))[: len(meaning)] == meaning, term


@pytest.mark.parametrize(
    "sentence",
    [
        "how can i make a pie for the people in the office before the mayor dies of hunger",
        "the premier paid a sum for the long brief and also was sure to come alone once more",
        "sort the list by price then return the total sum as json or none if the table is empty",
        "why do cats purr and what is the best time of day to feed a kitten on a diet of fish",
        "a kind gun owner lied about media lies and lost the game of dice with sage advice to uber drivers",
    ],
)
def test_english_sentences_pass_unchanged(sentence: str) -> None:
    assert words(sentence) == sentence.encode().split()


def test_words_that_features_look_for_pass_unchanged() -> None:
    for word in WORD_CLASSES:
        assert words(word.decode()) == [word], word


def test_continuation_lines_belong_to_their_concept_and_the_first_claim_wins() -> None:
    lexicon = read_lexicon("one: 一\n  один*\n\ntwo: 一 二 zwei\n")
    assert lexicon.run_chars == {"一": b"one", "二": b"two"}
    assert lexicon.stems == {"од": (("один", (b"one",)),)}
    assert lexicon.latin == {b"zwei": b"two"}


def test_longer_terms_come_before_shorter_ones() -> None:
    lexicon = read_lexicon("data: 数据\ndata base: 数据库\n")
    assert [term for term, _ in lexicon.run_terms["数据"]] == ["数据库", "数据"]


@pytest.mark.parametrize("source", ["two words: zwei", "two words: 二"])
def test_a_term_of_one_token_must_stand_for_one_word(source: str) -> None:
    with pytest.raises(ValueError, match="one English word"):
        read_lexicon(source)


def test_a_stem_too_short_to_be_found_is_refused() -> None:
    with pytest.raises(ValueError, match=f"shorter than {STEM_HEAD}"):
        read_lexicon("one: о*")
