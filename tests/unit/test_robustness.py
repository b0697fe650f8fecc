"""Perturbations leave the task as it is, and changes of bucket are counted."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from heimdall_litellm.bundle import load_bundle
from training.data import Example
from training.robustness import DEVELOPED, REPORTED, changed_share, perturbed, shuffled, slips, swaps

TEXT = "Prove that there are infinitely many primes. Write the proof carefully.\nName every lemma."
CHOICE = "Which is prime?\nA. four\nB. seven\nC. nine\nAnswer:"


def example(text: str) -> Example:
    return Example(
        "1", "source", "task", ({"role": "system", "content": "s"}, {"role": "user", "content": text}), {}
    )


def test_the_sets_hold_the_same_perturbations_in_different_wordings() -> None:
    assert DEVELOPED.keys() == REPORTED.keys()


@pytest.mark.parametrize("perturbations", [DEVELOPED, REPORTED])
def test_the_same_seed_gives_the_same_text(perturbations: dict[str, object]) -> None:
    for perturb in (DEVELOPED | REPORTED).values():
        assert perturb(TEXT, random.Random(1)) == perturb(TEXT, random.Random(1))


def test_swapped_letters_are_the_same_letters() -> None:
    found = swaps(TEXT, random.Random(0))
    assert found != TEXT
    assert Counter(found) == Counter(TEXT)


def test_slips_change_one_word_in_25_at_least_one() -> None:
    changed = [
        sum(a != b for a, b in zip(TEXT.split(), slips(TEXT, random.Random(seed)).split(), strict=True))
        for seed in range(30)
    ]
    assert set(changed) <= {0, 1}  # a letter doubled next to its like may be swapped in vain
    assert sum(changed) > 20


def test_no_word_to_mistype_is_no_trouble() -> None:
    assert slips("a b", random.Random(0)) == "a b"
    assert swaps("1 2", random.Random(0)) == "1 2"


def test_answers_change_places_and_letters_do_not() -> None:
    found = {shuffled(CHOICE, random.Random(seed)) for seed in range(20)}
    assert len(found) == 6
    for text in found:
        lines = text.split("\n")
        assert [line[:2] for line in lines[1:4]] == ["A.", "B.", "C."]
        assert sorted(text) == sorted(CHOICE)
    assert shuffled(TEXT, random.Random(0)) == TEXT


def test_only_the_last_message_is_rewritten() -> None:
    system, last = perturbed(example("hi").messages, DEVELOPED["upper"], random.Random(0))
    assert (system["content"], last["content"], last["role"]) == ("s", "HI", "user")


def test_changes_are_counted_over_the_prompts_that_were_altered() -> None:
    bundle = load_bundle(None, canary=False)
    examples = [example(TEXT), example(CHOICE)]
    found = changed_share(bundle, examples)
    assert found.keys() == REPORTED.keys()
    assert found["upper"].share == 0.0
    assert found["upper"].prompts == 2
    assert found["upper"].low == 0.0
    assert found["upper"].high == pytest.approx(0.658, abs=0.001)
    assert found["option order"].prompts == 1


def test_a_perturbation_that_alters_nothing_has_no_prompts() -> None:
    bundle = load_bundle(None, canary=False)
    same = changed_share(bundle, [example(TEXT)], {"none": lambda text, rng: text})["none"]
    assert (same.share, same.low, same.high, same.prompts) == (0.0, 0.0, 1.0, 0)


def test_a_jump_is_a_change_and_far() -> None:
    bundle = load_bundle(None, canary=False)
    hard = "Find all integer solutions of x^3 + y^3 = z^3 + 2 and prove that there are no others."
    found = changed_share(bundle, [example("hi")], {"harder": lambda text, rng: hard})["harder"]
    assert (found.share, found.far) == (1.0, 1.0)


IN_OTHER_LANGUAGES = (
    (
        "Prove that there are infinitely many primes of the form 4k+3.",
        "证明存在无穷多个形如4k+3的素数。",
        "Докажи, что существует бесконечно много простых чисел вида 4k+3.",
        "أثبت أن هناك عددا لا نهائيا من الأعداد الأولية على الصورة 4k+3.",
    ),
    (
        "What is the capital of France?",
        "法国的首都是哪里？",
        "Какая столица Франции?",
        "ما هي عاصمة فرنسا؟",
    ),
    (
        "Write a Python function that merges two sorted lists and explain its complexity.",
        "写一个合并两个有序列表的Python函数并解释其复杂度。",
        "Напиши функцию на Python, которая сливает два отсортированных списка, и объясни её сложность.",
        "اكتب دالة بايثون تدمج قائمتين مرتبتين واشرح تعقيدها.",
    ),
    (
        "Design a distributed cache over five regions and discuss consistency.",
        "设计一个跨五个地区的分布式缓存，并讨论一致性。",
        "Спроектируй распределённый кэш на пять регионов и обсуди согласованность.",
        "صمم ذاكرة تخزين موزعة عبر خمس مناطق وناقش الاتساق.",
    ),
)


@pytest.mark.parametrize("versions", IN_OTHER_LANGUAGES)
def test_a_request_in_another_language_stays_within_a_bucket_of_the_english_one(
    versions: tuple[str, ...],
) -> None:
    bundle = load_bundle(None, canary=False)
    for other in versions[1:]:
        moved = changed_share(bundle, [example(versions[0])], {"": lambda text, rng, other=other: other})
        assert moved[""].far == 0.0, other
        assert moved[""].prompts == 1
