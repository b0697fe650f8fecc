"""What says nothing of the task is dropped, and what does is kept."""

from __future__ import annotations

import pytest

from heimdall_litellm.core.plain import plain, plain_window

ASK = "Sort a list of integers in Python without sorted()"
PLAIN = "sort a list of integers in python without sorted()"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Hi there! ", ""),
        ("Could you please ", ""),
        ("I would be grateful if you could ", ""),
        ("Hello! I hope you are doing well. Would you mind helping me with this task? ", ""),
        ("Dear Dr Smith,\n", ""),
        ("Please answer the following question:\n\n", ""),
        ("你好！请帮我解决以下问题：", ""),
        ("", "\n\nThank you very much in advance!"),
        ("", ", please."),
        ("", "\n\nBest regards,\nAnna Miller"),
        ("", "\n\nLooking forward to your answer.\n\nKind regards,\nDr. Lopez"),
        ("", "\n\nMany thanks for the cake!"),
        ("### Instruction:\n", "\n\n### Response:\n"),
        ("Write a response that appropriately completes the request.\n", "\n"),
        ("<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n"),
        ("[INST] ", " [/INST]"),
        ('"""\n', '\n"""'),
        ("```\n", "\n```"),
        ("Q: ", "\nA:"),
    ],
)
def test_courtesy_and_wrappers_are_dropped(before: str, after: str) -> None:
    assert plain(before + ASK + after) == PLAIN


@pytest.mark.parametrize(
    "text",
    [
        "hi, thanks!",
        "thank you",
        "could you please",
        "???",
        "translate the following: it rains",
        "i need to sort a list",
        "you are given an array",
        "write a message. it should say why",
        "5. thanks to this, x = 3",
        "dear readers of the morning paper, rejoice",
    ],
)
def test_what_is_the_ask_itself_is_kept(text: str) -> None:
    assert plain(text) == text


def test_social_words_take_few_others_along_but_none_of_the_work() -> None:
    assert plain("Thanks for all the lovely cake you sent me! Prove it.") == "prove it"
    assert plain("Thanks for all the equations you sent me! Prove it.").startswith(
        "thanks for all the equations"
    )


def test_a_last_line_without_farewell_is_no_signature() -> None:
    assert plain("List three fruits.\nRed fruits") == "list three fruits.\nred fruits"


def test_no_text_is_no_plain_text() -> None:
    assert plain(" \n\t ") == ""
    assert plain_window("", 8, 4) == ("", 0)


def test_a_text_that_fits_is_given_whole_with_its_plain_length() -> None:
    assert plain_window("Please  count\nall words", 60, 20) == ("count\nall words", 15)


def test_of_a_text_that_does_not_fit_the_ends_are_given() -> None:
    assert plain_window("Hello! " + "a" * 10 + "b" * 10, 8, 4) == ("aaaaaaaa bbbb", 20)


def test_courtesy_before_and_after_a_long_text_moves_no_window() -> None:
    text = " ".join(f"fact{i}" for i in range(500))
    (cut, length), (usual_cut, usual_length) = (
        plain_window(f"Hello! Please help me with this:\n\n{text}\n\nThanks a lot!", 768, 256),
        plain_window(text, 768, 256),
    )
    assert cut == usual_cut
    assert len(cut) == 768 + 1 + 256
    assert length == pytest.approx(usual_length, abs=3)


def test_doubled_spaces_hardly_change_the_length_of_a_long_text() -> None:
    text = " ".join(f"fact{i}" for i in range(900))
    _, usual = plain_window(text, 768, 256)
    assert usual == pytest.approx(len(text), abs=3)
    assert plain_window(text.replace(" ", "  "), 768, 256)[1] == pytest.approx(usual, rel=0.02)


def test_a_long_text_of_nothing_but_courtesy_stays_what_it_is() -> None:
    kept, length = plain_window("thank you " * 5_000, 768, 256)
    assert kept.startswith("thank you thank")
    assert len(kept.split()) > 150
    assert length == pytest.approx(50_000, rel=0.01)
