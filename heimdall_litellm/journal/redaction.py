"""Takes out of a text what looks like a key or points to a person.

Patterns know forms, not meaning: a name in a sentence stays. What counts is listed in `_PATTERNS`, the more
specific first; each find becomes a word that says what stood there.

All patterns are linear in the text: what may be long starts where such a run starts, and is never tried again
further in. They read JSON too, where a line break is the two characters `\\n`, so that the letter before a
find may belong to that.
"""

from __future__ import annotations

import re
from typing import Final

_START: Final = r"(?:\b|(?<=\\[bfnrt]))"
_RUN: Final = r"(?:(?<![A-Za-z0-9_-])|(?<=\\[bfnrt]))"
_LONGEST_KEY: Final = 20_000
_PATTERNS: Final = (
    (
        "private key",
        re.compile(
            r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]{0,20000}+(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?"
        ),
    ),
    ("token", re.compile(_RUN + r"eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+)?")),
    (
        "key",
        re.compile(
            _START
            + r"(?:sk|pk|rk|ghp|gho|ghs|github_pat|glpat|xox[abprs]|AKIA|ASIA|AIza|ya29|hf|gsk|xai|nvapi"
            r"|npm)[-_.]?[A-Za-z0-9][A-Za-z0-9_.-]{12,}"
        ),
    ),
    (
        "secret",
        re.compile(
            rf"(?i){_START}(?:bearer|authorization|api[-_ ]?key|secret|password|passwd|pwd|token)\b"
            r"[\\\"' ]{0,4}[:= ][\\\"' ]{0,4}(?!bearer\b)[^\s\"',;\\]{6,}"
        ),
    ),
    (
        "address",
        re.compile(_START + r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}\b"),
    ),
    (
        "URL with a password",
        re.compile(_START + r"[a-z][a-z0-9+.-]{1,20}://[^\s/@:\"]{0,100}:[^\s/@\"]{1,200}@"),
    ),
    ("account", re.compile(_START + r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")),
    ("IP address", re.compile(_START + r"(?:\d{1,3}\.){3}\d{1,3}\b")),
    ("number", re.compile(r"(?:(?<![\w.])|(?<=\\[bfnrt]))\+?\d(?:[ ().-]{0,2}\d){8,18}(?![\w.])")),
    ("long secret", re.compile(_RUN + r"[A-Za-z0-9_-]{32,}+")),
)


def redacted(text: str) -> str:
    """Return the text with what was found replaced by `[address]` and the like."""
    return redacted_end(text, len(text))


def redacted_end(text: str, most: int) -> str:
    """Return the last `most` characters of a text, redacted.

    What stands before them is looked at too, so that no key is cut into something that doesn't look like one.
    """
    text = text[-(most + _LONGEST_KEY) :]
    edge = max(0, len(text) - most)
    for word, pattern in _PATTERNS:
        text, edge = _replaced(text, edge, word, pattern)
    return text[edge:]


def _replaced(text: str, edge: int, word: str, pattern: re.Pattern[str]) -> tuple[str, int]:
    """Return the text without finds, and where `edge` is in it now: before a find that lay across it."""
    mark, kept, reached, moved = f"[{word}]", list[str](), 0, edge
    for found in pattern.finditer(text):
        if word == "long secret" and not _is_mixed(found[0]):
            continue
        if found.start() < edge:
            shift = len(mark) - len(found[0])
            moved += shift if found.end() <= edge else found.start() - edge
        kept += (text[reached : found.start()], mark)
        reached = found.end()
    kept.append(text[reached:])
    return "".join(kept), moved


def _is_mixed(run: str) -> bool:
    return any(c.isdigit() for c in run) and any(c.isalpha() for c in run)
