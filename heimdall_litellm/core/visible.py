"""Text of others, made harmless for whoever reads it.

A terminal obeys control characters, and both terminals and pages let some turn the order of what stands
beside them around. Names, comments and errors may hold either, so they are shown instead of sent.
"""

from __future__ import annotations

from typing import Final

_STRANGE: Final = (
    *range(0x7F, 0xA0),
    *(0x061C, 0x200E, 0x200F, 0x2028, 0x2029),
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
)
_PICTURES: Final = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"},
    **dict.fromkeys(_STRANGE, "\ufffd"),
    0x7F: "\u2421",
}
_ON_A_LINE: Final = _PICTURES | {code: chr(0x2400 + code) for code in map(ord, "\n\t")}
_IN_JSON: Final = {code: f"\\u{code:04x}" for code in _STRANGE}


def visible(text: str) -> str:
    """Return text with a picture for each control character but line ends and tabs: `␛` for escape."""
    return text.translate(_PICTURES)


def on_a_line(text: str) -> str:
    """Return text likewise, with pictures for line ends and tabs too."""
    return text.translate(_ON_A_LINE)


def in_json(document: str) -> str:
    """Return a JSON document that says the same without such characters, which stand in strings alone."""
    return document.translate(_IN_JSON)
