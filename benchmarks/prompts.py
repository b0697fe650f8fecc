"""Prompts of a given length, made of real text: Python's own documentation strings and prose.

Every prompt of a series differs from the others, or caches and branch predictors would flatter.
"""

from __future__ import annotations

import inspect
import json
import random
from collections.abc import Iterator

_MODULES = ("argparse", "json", "logging", "random", "statistics", "textwrap", "typing", "unittest.case")
CHARS_PER_TOKEN = 4


def corpus() -> str:
    """About 400,000 characters of code and prose from the standard library."""
    return "\n".join(inspect.getsource(__import__(name, fromlist=["x"])) for name in _MODULES)


def prompts(tokens: int, count: int, seed: int = 0) -> Iterator[str]:
    """Give `count` different prompts of about `tokens` tokens (4 characters each)."""
    text, rng = corpus(), random.Random(seed)
    length = tokens * CHARS_PER_TOKEN
    while len(text) < length + 50_000:
        text += text
    for _ in range(count):
        start = rng.randrange(len(text) - length)
        yield text[start : start + length]


def body(prompt: str) -> dict[str, object]:
    """A chat request with the prompt as its one message."""
    parsed: dict[str, object] = json.loads(json.dumps({"messages": [{"role": "user", "content": prompt}]}))
    return parsed
