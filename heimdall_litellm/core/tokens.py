"""How many tokens a text has, without a tokenizer and without reading all of it.

Theory. Tokenizers of today's models split text much alike: about one token per short word,
per run of punctuation, per Chinese character and a half. So classes of UTF-8 bytes predict
the count: each byte belongs to one of 16 classes (small letter, capital, digit, space,
lead byte of Cyrillic, of kana, ...), and

    tokens = sum over neighbouring bytes (x, y) of COST[class(x), class(y)]
           + sum over n in RUNS of EXTRA_COST[n] * (runs of n small letters)
           + EXTRA_COST[-1] * (common characters of traditional Chinese)

that is one `translate`, one `bincount` and one product; the runs tell the many short words of
prose from the long names of code, and tokenizers know traditional Chinese less well than
simplified. The costs are fitted to o200k_base, the
tokenizer of GPT-4o and GPT-5, by `training/fit_tokens.py`. For English, code and JSON it
hardly matters which one is taken: cl100k_base gives the same within 3 %. For Chinese,
Japanese, Korean, Cyrillic and Arabic it does: cl100k_base (GPT-4) needs 1.3 to 2 times as
many, but the tokenizers of the models one would route to now (GPT-5, DeepSeek, Qwen, Gemini)
are near o200k.

Long texts are measured in a few windows spread over everything, and scaled by
length: the work does not grow with the text.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

_WINDOW = 192
"""Characters of one window."""
_PLACES = (0.0, 0.19, 0.31, 0.42, 0.6, 0.71, 0.89, 1.0)
"""Where windows stand, as shares of the whole: both ends, and six places of no pattern."""

_CLASSES = 16
_RUNS = (3, 5, 8)
_TRADITIONAL = "們這說來國會學為對發經與麼關點應還從沒讓當實裡給將請檔號個無並時後過開間問東車長見電話業動"
_EXTRAS = len(_RUNS) + 1


def _class_table() -> bytes:
    """Map each byte to the number of its class."""
    table = bytearray([7] * 128 + [8] * 64 + [9] * 64)
    for number, members in enumerate(
        (b"abcdefghijklmnopqrstuvwxyz", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"0123456789", b" ", b"\n\r\t\v\f")
    ):
        for byte in members:
            table[byte] = number
    for byte in b".,;:'\"!?-":
        table[byte] = 6
    table[0xD0:0xD4] = bytes([10] * 4)  # Cyrillic
    table[0xD4:0xE0] = bytes([11] * 12)  # Hebrew, Arabic
    table[0xE0:0xE3] = bytes([12] * 3)  # Indic scripts, Thai, typographic marks
    table[0xE3] = 13  # kana
    table[0xE4:0xEA] = bytes([14] * 6)  # Chinese characters
    table[0xEA:0xF0] = bytes([15] * 6)  # Hangul, full-width forms
    table[0xF0:] = bytes([5] * 16)  # emoji, rare characters
    return bytes(table)


_TABLE = _class_table()

# Tokens per pair: row, class of a byte; column, class of the next. From `training/fit_tokens.py`.
_PAIR_COST = (
    (0.094, -0.5, -0.364, -0.5, 0.353, 3, 0.605, 0.574, -0, 2.482, 0.294, -0.5, 3, 3, -0.5, 1.63),
    (1.198, 0.171, 1.001, 0.616, 1.412, 1.996, 2.469, 1.7, 0, 0.315, 0.135, -0.5, 2.699, -0.5, -0.5, 0.527),
    (2.376, 0.602, 0.293, 0.533, 1.441, 1.997, 1.596, 2.125, 0, 0.76, 0.544, -0.5, 2.052, 0.8, 0.563, 0.266),
    (1.132, 0.812, 1.565, 0.003, 2.936, 2.601, 1.648, 1.91, -0, 0.638, 0.259, -0.5, -0.5, -0.5, 1.148, 0.988),
    (1.723, -0.264, 1.242, 0.833, -0.087, 2.634, 0.967, 1.4, 0, -0.392, -0.5, -0.5, 1.578, 1.021, -0.5, 3),
    (0.15, 0.3, 0.4, 0.2, 0.4, 2, 0.6, 0.5, 1.558, 0.6, 0.4, 0.5, 0.6, 0.7, 0.7, 0.7),
    (0.993, -0.045, 0.359, -0.5, -0.5, 1.766, 0.062, 0.537, 0, 2.037, 3, 3, 2.772, 1.787, -0.5, 0.981),
    (0.476, -0.458, -0.299, -0.139, -0.5, 2, -0.036, 0.155, 0, -0.5, 3, 3, 3, 0.864, 3, -0.029),
    (-0.5, 1.435, 1.279, 1.067, 0.468, 1.516, -0.499, 3, -0.5, 0.812, -0.5, -0.5, 1.029, 1.734, 1.841, -0.5),
    (0.15, 0.3, 0.4, 0.2, 0.4, 2, 0.6, 0.5, -0.5, 0.6, 0.4, 0.5, 0.6, 0.7, 0.7, 0.7),
    (0.15, 0.3, 0.4, 0.2, 0.4, 2, 0.6, 0.5, 0.551, 0.6, 0.4, 0.5, 0.6, 0.7, 0.7, 0.7),
    (0.15, 0.3, 0.4, 0.2, 0.4, 2, 0.6, 0.5, 0.677, 0.6, 0.4, 0.5, 0.6, 0.7, 0.7, 0.7),
    (0.15, 0.3, 0.4, 0.2, 0.4, 2, 0.6, 0.5, -0.016, 0.6, 0.4, 0.5, 0.6, 0.7, 0.7, 0.7),
    (0.15, 0.3, 0.4, 0.2, 0.4, 2, 0.6, 0.5, -0.5, 0.6, 0.4, 0.5, 0.6, 0.7, 0.7, 0.7),
    (0.15, 0.3, 0.4, 0.2, 0.4, 2, 0.6, 0.5, -0.5, 0.6, 0.4, 0.5, 0.6, 0.7, 0.7, 0.7),
    (0.15, 0.3, 0.4, 0.2, 0.4, 2, 0.6, 0.5, 0.919, 0.6, 0.4, 0.5, 0.6, 0.7, 0.7, 0.7),
)
_EXTRA_COST = (-0.05, 0.063, 0.316, 1.019)
_COSTS: NDArray[np.float64] = np.concatenate((np.ravel(_PAIR_COST), _EXTRA_COST))


def measure(text: str) -> NDArray[np.float64]:
    """Count what the costs are for: 256 pairs of byte classes, then the extras.

    The text is taken to stand after a line break. Linear in its length: for samples.
    """
    classes = (b"\n" + text.encode(errors="replace")).translate(_TABLE)
    codes = np.frombuffer(classes, np.uint8)
    pairs = np.bincount(codes[:-1] * np.uint8(_CLASSES) + codes[1:], minlength=_CLASSES * _CLASSES)
    runs = [classes.count(bytes(length)) for length in _RUNS]
    traditional = 0 if text.isascii() else sum(map(text.count, _TRADITIONAL))
    counts = np.empty(len(pairs) + _EXTRAS)
    counts[:-_EXTRAS] = pairs
    counts[-_EXTRAS:] = (*runs, traditional)
    return counts


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text; the work does not grow with its length.

    >>> estimate_tokens("")
    0
    """
    return tokens_in((text,))


def tokens_in(parts: Sequence[str], window: int = _WINDOW) -> int:
    """Estimate the tokens of many texts together, such as the messages of a conversation.

    Linear in the number of parts, never in their characters: of long ones eight windows are read,
    of `window` characters each. What a wire format adds per message is not included.
    """
    return chars_and_tokens(parts, window)[1]


def chars_and_tokens(parts: Sequence[str], window: int = _WINDOW) -> tuple[int, int]:
    """Count the characters of many texts, and estimate their tokens as `tokens_in` does."""
    ends = list(accumulate(map(len, parts)))
    total = ends[-1] if ends else 0
    if total == 0:
        return 0, 0
    if total <= len(_PLACES) * window:
        return total, max(1, round(float(measure(" ".join(parts)) @ _COSTS)))
    sample = _sample(parts, ends, window)
    density = float(measure(sample) @ _COSTS) / len(sample)
    return total, max(1, round(density * total))


def _sample(parts: Sequence[str], ends: Sequence[int], window: int) -> str:
    """Cut windows out of all parts laid end to end; `ends` says where each of them ends.

    Not at even distances: conversations repeat themselves, and the two could fall into step.
    """
    pieces = []
    for place in _PLACES:
        at = int((ends[-1] - window) * place)
        part = bisect_right(ends, at)
        start = at - (ends[part] - len(parts[part]))
        pieces.append(parts[part][start : start + window])
    if not all(map(str.isascii, pieces)):
        # Other scripts take two or three bytes per character, so half the characters will do.
        pieces = [piece[: window // 2] for piece in pieces]
    return "".join(pieces)
