"""The text layer holds for every text there is."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from heimdall_litellm.core.embedding import StaticEmbedding
from heimdall_litellm.core.request import read_request
from heimdall_litellm.core.tokens import estimate_tokens, tokens_in
from heimdall_litellm.core.words import fold, words

# All code points, lone surrogates included, and texts that mix what each road treats apart.
ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=400)
MIXED = st.lists(
    st.sampled_from(
        [
            "prove",
            "证明",
            "ｶﾞ",
            "é",
            "e\u0301",
            "\u200b",
            "Докажите",
            "والكود",
            "’",
            " ",
            "\n",
            "√",
            "ﷺ",
            "한국어",
            "\ud800",
        ]
    ),
    max_size=60,
).map("".join)
TEXTS = ANY | MIXED
TABLE = StaticEmbedding(
    [b"prove", b"a", b"##b"],
    np.random.default_rng(0).integers(-127, 128, (20, 6), dtype=np.int8),
    np.ones(20, np.float32),
)


@given(TEXTS)
def test_words_are_clean_bounded_and_the_same_every_time(text: str) -> None:
    found = words(text)
    assert found == words(text)
    assert all(word and not set(word) & set(b" \t\r\n") for word in found)
    assert len(found) <= 18 * len(text)
    for word in found:
        word.decode()


# What stands for more than one letter ("½", "™", "µ" for "mu") has no room in one byte.
ONE_BYTE = [
    char for char in bytes(range(256)).decode("cp1252", "ignore") if len(fold(char)) <= 1 and char != "µ"
]


@given(st.text(st.sampled_from(ONE_BYTE), max_size=200))
def test_both_roads_give_the_same_words(text: str) -> None:
    assert words(text) == words(f"{text} \u4e00")[:-1]


@given(TEXTS)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    once = fold(text)
    assert fold(once) == once


@given(TEXTS)
def test_capitals_make_no_difference_in_ascii(text: str) -> None:
    plain = text.encode("ascii", "ignore").decode()
    assert words(plain.upper()) == words(plain)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=80))
def test_a_vector_has_length_one_or_zero_and_ignores_the_order_of_known_words(tokens: list[bytes]) -> None:
    vector = TABLE.embed(tokens)
    length = float(np.linalg.norm(vector))
    assert abs(length - 1.0) < 1e-4 or length == 0.0
    few = tokens[:30]
    assert np.allclose(TABLE.embed(few), TABLE.embed(few[::-1]), atol=1e-4)


@given(TEXTS)
def test_an_estimate_is_positive_and_never_far_more_than_the_bytes(text: str) -> None:
    found = estimate_tokens(text)
    assert (found > 0) == bool(text)
    assert found <= 3 * (1 + len(text.encode(errors="replace")))


@settings(max_examples=40)
@given(st.lists(TEXTS, max_size=20), st.integers(1, 2000))
def test_any_number_of_parts_can_be_counted(parts: list[str], times: int) -> None:
    assert tokens_in(parts * times) >= 0


NOTE = "<system-reminder>todo</system-reminder>"
SAID = st.sampled_from(
    ["Find it.", "", "  ", "(why?)", NOTE, f"{NOTE} and now?", f"Go on.{NOTE}", "长" * 999, "x " * 9_999]
)
TYPED = st.sampled_from(
    ["text", "tool_result", "tool_use", "thinking", "image", "document", "input_audio", "odd", None, []]
)
JSON = st.recursive(
    SAID | st.none() | st.integers() | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "text", "input", "source"]), inner, max_size=3)
    ),
    max_leaves=6,
)
PART = st.one_of(
    SAID.map(lambda text: {"type": "text", "text": text}),
    st.builds(lambda held, text: {"type": "tool_use", "input": {"path": text, "more": held}}, JSON, SAID),
    st.builds(lambda kind, held: {"type": kind, "text": held, "source": held, "thinking": held}, TYPED, JSON),
    st.builds(lambda held: {"functionResponse": {"out": held}}, JSON),
    st.builds(lambda: {"inlineData": {"mimeType": "image/png"}}),
    JSON,
)
BLOCK = PART | st.builds(
    lambda kind, inner: {"type": kind, "content": inner},
    st.sampled_from(["tool_result", "function_call_output", "odd"]),
    SAID | st.lists(PART, max_size=3),
)
CALLS = st.none() | st.builds(lambda held: [{"id": "1", "function": {"name": "f", "arguments": held}}], JSON)
MESSAGE = st.one_of(
    st.builds(
        lambda role, content: {"role": role, "content": content},
        st.sampled_from(["user", "assistant", "tool", "system", "model", "odd", None, []]),
        SAID | st.none() | st.lists(BLOCK, max_size=4),
    ),
    st.builds(
        lambda content, calls: {"role": "assistant", "content": content, "tool_calls": calls},
        SAID | st.none(),
        CALLS,
    ),
    st.builds(lambda kind, held: {"type": kind, "output": held, "arguments": held}, TYPED, JSON),
    st.builds(
        lambda role, parts: {"role": role, "parts": parts},
        st.sampled_from(["user", "model"]),
        st.lists(BLOCK),
    ),
    st.builds(
        lambda kind, held: {"type": kind, "role": "user", "content": held},
        st.sampled_from(["message", "tool_result"]),
        SAID,
    ),
    JSON,
)


@given(st.lists(MESSAGE, max_size=30), st.integers(0, 4))
def test_skimming_finds_exactly_what_reading_every_message_does(messages: list[object], last: int) -> None:
    body = {"messages": [{"role": "user", "content": "Find the race."}, *messages]}
    with patch("heimdall_litellm.core.request._READ_WHOLE", len(messages) + 1):
        plain = read_request(body)
    with patch("heimdall_litellm.core.request._READ_WHOLE", last):
        assert read_request(body) == plain
