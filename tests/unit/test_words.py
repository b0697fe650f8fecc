"""Text -> words, in every script."""

from __future__ import annotations

import pytest

from heimdall_litellm.core.words import english_words, fold, words


def said(text: str) -> list[str]:
    return [word.decode() for word in words(text)]


def test_english_is_lowercased_and_split_at_everything_that_is_no_letter_or_digit() -> None:
    assert " ".join(said("Prove that f(x_1) = 2.5*y isn't 3!")) == "prove that f x 1 2 5 y isn t 3"


def test_typographic_quotes_and_accents_read_like_plain_ones() -> None:
    assert said("It’s a “naïve” café — résumé") == ["it", "s", "a", "naive", "cafe", "resume"]


@pytest.mark.parametrize("text", ["Prove it: naïve", "Übergröße ÿ Ð þ", "x² ª €5 ŠŽœ", "soft\u00adhyphen"])
def test_the_fast_road_and_the_general_one_agree(text: str) -> None:
    # One character outside Windows-1252 sends the whole text down the general road.
    assert said(text) == said(f"{text} \u0100")[:-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("请证明：√2 是无理数", "please prove root 2 is irrational"),
        ("請證明定理", "please prove theorem"),
        ("次の定理を証明してください", "of theorem を prove please"),
        ("다음 정리를 증명하시오", "theorem prove"),
        ("Докажите теорему", "prove theorem"),
        ("Доведіть теорему, будь ласка", "prove theorem please"),
        ("اثبت المعادلة", "prove equation"),
        ("وبرهن النظرية", "prove theorem"),
        ("समीकरण सिद्ध", "equation prove"),
        ("Demuestra el teorema", "prove el theorem"),
        ("Beweise den Satz", "prove den theorem"),
        ("Démontrez le théorème", "prove le theorem"),
        ("Şiir yaz", "poem write"),
        ("พิสูจน์", "prove"),
    ],
)
def test_the_words_that_matter_arrive_in_english(text: str, expected: str) -> None:
    assert [word for word in said(text) if word in expected.split()] == expected.split()


def test_the_longest_term_wins_where_several_begin_alike() -> None:
    assert said("数据库") == ["database"]
    assert said("数据") == ["data"]
    assert said("数") == ["number"]


def test_unknown_characters_of_unspaced_scripts_stand_alone() -> None:
    assert said("斐波") == ["斐", "波"]


def test_scripts_side_by_side_are_told_apart() -> None:
    assert said("用Python写函数") == ["use", "python", "write", "function"]


def test_arabic_particles_are_looked_through_but_never_eat_a_word() -> None:
    assert said("والكود") == ["code"]
    assert said("بال") == ["بال"]
    assert said("للبرنامج") == ["program"]


def test_mathematical_symbols_and_greek_letters_have_names() -> None:
    assert said("∀ε ∃δ: √π ≤ ∞") == ["all", "epsilon", "exists", "delta", "root", "pi", "less", "infinite"]


def test_decomposed_and_composed_text_give_the_same_words() -> None:
    assert said("кафе\u0301 \u0100") == said("кафе \u0100")
    assert fold("か\u3099") == "が"
    assert fold("ｶﾞ") == "ガ"


def test_invisible_characters_do_not_split_words() -> None:
    assert said("pro\u200bve \u0100")[0] == "prove"
    assert said("pro\u00adve") == ["prove"]


@pytest.mark.parametrize(
    "text", ["", " \n\t", "\ud800", "\x00\x01", "😀🎉", "\u0301" * 1300, "\ufdfa" * 1300, "\ue000\uffff"]
)
def test_odd_input_is_never_an_error(text: str) -> None:
    assert all(word and b" " not in word for word in words(text))


def test_a_text_of_expanding_characters_stays_bounded() -> None:
    assert sum(map(len, words("\ufdfa" * 1300))) <= 8 * 1300


def test_of_a_long_text_in_a_dense_script_head_and_tail_are_read() -> None:
    found = said("证明" + "斐" * 2000 + "翻译")
    assert found[0] == "prove"
    assert found[-1] == "translate"
    assert len(found) < 700


def test_a_long_text_in_a_light_script_is_read_whole() -> None:
    assert len(words("слово " * 300)) == 300


def test_an_endless_word_is_cut() -> None:
    assert max(map(len, words("ж" * 1300))) <= 64


def test_english_words_are_what_terms_turn_into() -> None:
    assert {b"prove", b"neural", b"alpha"} <= set(english_words())
    assert all(word.isascii() for word in english_words())
