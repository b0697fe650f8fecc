"""Facts become a vector: an ordered, versioned schema, computed once, here, for both worlds.

Training and the proxy call the same `featurize`, so there is no skew between them. The order
of `FEATURES` is the schema; its digest stands in every bundle, and a bundle made for another
schema is refused. To change a feature is to change the schema: bump `SCHEMA_VERSION`.

Cost. The text features read `facts.ask`, which is bounded; byte classes come from one
`bincount` over the sample times a (256, classes) matrix, so their number costs nothing.
Counts are divided by the sample's length or the number of words, so that what a feature means
doesn't depend on how long the prompt is; length itself enters as a logarithm.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import chain
from math import log1p, log2

import numpy as np
from numpy.typing import NDArray

from heimdall_litellm.core.types import FloatArray, RequestFacts
from heimdall_litellm.core.wordclasses import CLASSES, WORD_CLASSES

SCHEMA_VERSION = 2

_BYTE_CLASSES: dict[str, bytes] = {
    "letter": bytes(range(97, 123)),
    "digit": b"0123456789",
    "space": b" ",
    "sentence": b".,;:!",
    "question_mark": b"?",
    "brace": b"{}[]",
    "paren": b"()",
    "operator": b"=+-*/<>^%&|~",
    "latex": b"$\\",
    "quote": b"\"'",
    "backtick": b"`",
    "hash": b"#",
    "underscore": b"_",
    # UTF-8 lead bytes tell the script: one lead byte, one character.
    "latin_accented": bytes(range(0xC3, 0xC8)),
    "greek": b"\xce\xcf",
    "cyrillic": bytes(range(0xD0, 0xD4)),
    "arabic": bytes(range(0xD8, 0xDC)),
    "indic": b"\xe0",
    "cjk": bytes(range(0xE3, 0xEE)),
    "maths_symbol": b"\xe2",
}

_MARKERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("fence", ("```",)),
    ("code_line", ("def ", "import ", "return ", "();", "=>")),
    ("bullet", (" - ", " 1. ")),
    ("option", (" b. ", " b) ", "(b)")),
    ("latex_command", ("\\frac", "\\[")),
    ("url", ("http",)),
)

FEATURES: tuple[str, ...] = (
    "log_ask_chars",
    "log_input_words",
    "log_system_chars",
    "log_messages",
    "log_user_turns",
    "log_tools",
    "log_max_output",
    "ask_share",
    "has_tool_results",
    "has_media",
    "is_json",
    "log_words",
    "word_length",
    "distinct_words",
    "byte_entropy",
    "bigram_entropy",
    *(f"bytes_{name}" for name in _BYTE_CLASSES),
    *(f"words_{name}" for name in CLASSES),
    *(f"marks_{name}" for name, _ in _MARKERS),
)
N_FEATURES = len(FEATURES)
_WORDS_AT = FEATURES.index(f"words_{CLASSES[0]}")
_BYTES_AT = FEATURES.index("bytes_letter")
_MARKS_AT = FEATURES.index(f"marks_{_MARKERS[0][0]}")
_MAX_WORDS = 400
_MAX_BYTES = 4_096
_NO_CLASS = np.zeros(0, np.intp)
_C_LOG_C = np.array([0.0] + [c * log2(c) for c in range(1, _MAX_BYTES + 1)])


def schema_digest() -> str:
    """Give the SHA-256 of the ordered schema; bundles carry it."""
    return hashlib.sha256("\n".join((str(SCHEMA_VERSION), *FEATURES)).encode()).hexdigest()


def _class_matrix() -> FloatArray:
    matrix = np.zeros((256, len(_BYTE_CLASSES)), np.float32)
    for column, members in enumerate(_BYTE_CLASSES.values()):
        matrix[list(members), column] = 1.0
    return matrix


_CLASS_MATRIX = _class_matrix()


def featurize(facts: RequestFacts, words: Sequence[bytes]) -> FloatArray:
    """Compute the features of a request.

    `words` are the words of the same text that is embedded (`words.py`). Gives float32 of shape
    (N_FEATURES,), every value finite.
    """
    vector = np.zeros(N_FEATURES, np.float32)
    text = facts.ask.replace("\n", " ")  # where lines break is how it was typed
    sample = text.encode("utf-8", "replace")[:_MAX_BYTES]
    _shape_features(vector, facts, len(words))
    _word_features(vector, words[:_MAX_WORDS])
    if sample:
        _byte_features(vector, sample)
        _marker_features(vector, text)
    return vector


def _shape_features(vector: FloatArray, facts: RequestFacts, words: int) -> None:
    vector[0] = log1p(facts.ask_chars)
    vector[1] = log1p(words * facts.total_chars / max(len(facts.ask), 1))
    vector[2] = log1p(facts.system_chars)
    vector[3] = log1p(facts.messages)
    vector[4] = log1p(facts.user_turns)
    vector[5] = log1p(facts.tools)
    vector[6] = log1p(facts.max_output_tokens or 0)
    vector[7] = min(facts.ask_chars / max(facts.total_chars, 1), 1.0)
    vector[8] = facts.has_tool_results
    vector[9] = facts.has_images or facts.has_audio or facts.has_files
    vector[10] = facts.is_json


def _word_features(vector: FloatArray, words: Sequence[bytes]) -> None:
    n = len(words)
    if not n:
        return
    found = filter(None, map(WORD_CLASSES.get, words))
    counts = np.bincount(list(chain.from_iterable(found)) or _NO_CLASS, minlength=len(CLASSES))
    vector[11] = log1p(n)
    vector[12] = len(b"".join(words)) / n
    vector[13] = len(set(words)) / n
    vector[_WORDS_AT : _WORDS_AT + len(CLASSES)] = counts / n


def _byte_features(vector: FloatArray, sample: bytes) -> None:
    codes = np.frombuffer(sample, np.uint8).astype(np.intp)
    counts = np.bincount(codes, minlength=256)
    n = len(sample)
    vector[14] = _entropy(counts, n)
    if n > 1:
        vector[15] = _entropy(np.bincount((codes[:-1] * 31 + codes[1:]) & 1_023), n - 1)
    vector[_BYTES_AT : _BYTES_AT + len(_BYTE_CLASSES)] = counts.astype(np.float32) @ _CLASS_MATRIX / n


def _entropy(counts: NDArray[np.intp], n: int) -> float:
    """Shannon entropy in bits of a histogram with `n` in all: log2(n) - sum of c*log2(c) / n."""
    return max(0.0, log2(n) - float(_C_LOG_C.take(counts).sum()) / n)


def _marker_features(vector: FloatArray, text: str) -> None:
    per_kilochar = 1_000 / max(len(text), 100)
    count = text.count
    for at, (_, marks) in enumerate(_MARKERS, _MARKS_AT):
        found = sum(map(count, marks))
        if found:
            vector[at] = log1p(per_kilochar * found)
