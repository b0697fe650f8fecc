"""Facts become a vector of fixed order."""

from __future__ import annotations

import numpy as np
import pytest

from heimdall_litellm.core.features import FEATURES, N_FEATURES, featurize, schema_digest
from heimdall_litellm.core.request import read_request
from heimdall_litellm.core.types import RequestFacts
from heimdall_litellm.core.words import words


def features_of(text: str) -> dict[str, float]:
    facts = read_request({"messages": [{"role": "user", "content": text}]})
    return dict(zip(FEATURES, featurize(facts, words(facts.ask)).tolist(), strict=True))


def test_every_feature_has_one_name() -> None:
    assert len(set(FEATURES)) == N_FEATURES


def test_an_empty_request_is_all_finite() -> None:
    vector = featurize(RequestFacts(ask=""), [])
    assert vector.shape == (N_FEATURES,)
    assert np.isfinite(vector).all()


def test_one_character_has_no_bigrams() -> None:
    assert features_of("x")["bigram_entropy"] == 0.0


def test_entropy_is_that_of_shannon() -> None:
    assert features_of("abcd" * 8)["byte_entropy"] == pytest.approx(2.0)
    assert features_of("aaaa")["byte_entropy"] == 0.0


@pytest.mark.parametrize(
    ("text", "feature"),
    [
        ("fix\n```\ndef f(x):\n    return x", "marks_fence"),
        ("import os\ndef main():", "marks_code_line"),
        ("Rank\n- apples\n- pears", "marks_bullet"),
        ("Which is prime?\nA. four\nB. seven", "marks_option"),
        (r"\frac{1}{2} + \sqrt{2}", "marks_latex_command"),
        ("see https://example.com", "marks_url"),
        ("write a python function", "words_code"),
        ("solve the equation", "words_maths"),
        ("prove it by contradiction", "words_reasoning"),
        ("write a poem", "words_writing"),
        ("you must use exactly three sentences", "words_constraint"),
        ("证明", "bytes_cjk"),
        ("докажи", "bytes_cyrillic"),
        ("اثبت", "bytes_arabic"),
        ("日本語で", "bytes_cjk"),
        ("naïve façade", "bytes_latin_accented"),
    ],
)
def test_a_feature_sees_what_it_is_named_for(text: str, feature: str) -> None:
    assert features_of(text)[feature] > 0
    assert features_of("zzz zzz")[feature] == 0


def test_word_classes_are_shares_and_not_counts() -> None:
    once, often = features_of("solve equation now"), features_of("solve equation now " * 5)
    assert once["words_maths"] == pytest.approx(often["words_maths"])


def test_the_schema_digest_is_stable() -> None:
    assert schema_digest() == schema_digest()
    assert len(schema_digest()) == 64


def test_lone_surrogates_are_no_trouble() -> None:
    assert np.isfinite(featurize(RequestFacts(ask="\ud800 x"), [b"x"])).all()
