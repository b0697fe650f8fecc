"""Takes out of a text what looks like a key or points to a person.

Patterns know forms, not meaning: a name in a sentence stays. What counts is listed in `_PATTERNS`, the more
specific first; each find becomes a word that says what stood there. All patterns are linear in the text.
"""

from __future__ import annotations

import re
from typing import Final

_PATTERNS: Final = (
    (
        "private key",
        re.compile(
            r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]{0,20000}(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?"
        ),
    ),
    ("token", re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?")),
    (
        "key",
        re.compile(
            r"\b(?:sk|pk|rk|ghp|gho|ghs|github_pat|glpat|xox[abprs]|AKIA|ASIA|AIza|ya29|hf|gsk|xai|nvapi|npm)"
            r"[-_.]?[A-Za-z0-9][A-Za-z0-9_.-]{12,}"
        ),
    ),
    (
        "secret",
        re.compile(
            r"(?i)\b(?:bearer|authorization|api[-_ ]?key|secret|password|passwd|pwd|token)\b"
            r"[\\\"' ]{0,4}[:= ][\\\"' ]{0,4}(?!bearer\b)[^\s\"',;\\]{6,}"
        ),
    ),
    ("address", re.compile(r"\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}\b")),
    ("URL with a password", re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/@:\"]{1,100}:[^\s/@\"]{1,200}@")),
    ("account", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")),
    ("number", re.compile(r"(?<![\w.])\+?\d(?:[ ().-]{0,2}\d){8,18}(?![\w.])")),
    ("IP address", re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")),
    ("long secret", re.compile(r"\b(?=[A-Za-z0-9_-]*\d)(?=[A-Za-z0-9_-]*[A-Za-z])[A-Za-z0-9_-]{32,}\b")),
)


def redacted(text: str) -> str:
    """Return the text with what was found replaced by `[address]` and the like."""
    for word, pattern in _PATTERNS:
        text = pattern.sub(f"[{word}]", text)
    return text
