"""Whether a bundle rates models in the order that their names promise.

A newer version of a line should be rated no worse than the one that it follows, and a larger sister no worse
than the smaller one of the same version, at the same effort (`lines.py`); and no model better than one that
anybody would put above it (`ACROSS`). *Broken* is a pair whose worse model is rated higher by more than
`MARGIN`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from heimdall_litellm.bundle import Bundle
from training.lines import pairs_of

MARGIN: Final = 0.02
ACROSS: Final = (
    ("gemini-2.5-pro", "gemini-3.1-pro"),
    ("gemini-2.5-pro", "gpt-5.5"),
    ("gemini-2.5-pro", "claude-4.7-opus@high"),
    ("gemini-2.5-flash", "gpt-5"),
    ("claude-4.6-sonnet@high", "claude-4.7-opus@high"),
    ("qwen-3-32b", "claude-4.5-sonnet"),
    ("qwen-3-32b", "gpt-5-mini"),
    ("qwen-3-8b", "claude-4.5-haiku"),
    ("ministral-8b-2410", "gpt-4o-mini"),
    ("llama-3.1-8b", "gemini-3.1-flash-lite"),
    ("o1@high", "gpt-5@high"),
    ("o1@high", "gpt-5.5@high"),
    ("deepseek-r1", "claude-4.8-opus"),
    ("grok-3-mini@high", "grok-4"),
    ("gpt-4o", "gpt-5"),
    ("gpt-4o", "claude-4.5-sonnet"),
    ("claude-4.5-haiku", "gpt-5.5"),
)
"""Pairs (worse, better) of different lines."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A model, one that should be no worse, and what a bundle expects of both."""

    worse: str
    better: str
    rated_worse: float
    rated_better: float

    @property
    def is_broken(self) -> bool:
        """Whether the worse one is rated higher."""
        return self.rated_worse > self.rated_better + MARGIN


def check(bundle: Bundle) -> list[Pair]:
    """Compare all pairs that a bundle knows both models of."""
    table = bundle.knowledge.table
    return compare(dict(zip(table.models, (table.shrunk() @ table.share).tolist(), strict=True)))


def compare(quality: Mapping[str, float]) -> list[Pair]:
    """Compare all pairs of models, given what is expected of each."""
    across = [pair for pair in ACROSS if quality.keys() >= set(pair)]
    return [Pair(one, other, quality[one], quality[other]) for one, other in [*pairs_of(quality), *across]]


def render(pairs: Sequence[Pair]) -> str:
    """Name the broken pairs, and count them."""
    broken = [pair for pair in pairs if pair.is_broken]
    lines = [
        f"{pair.worse} {pair.rated_worse:.3f} > {pair.better} {pair.rated_better:.3f}" for pair in broken
    ]
    return "\n".join([*lines, f"{len(broken)} of {len(pairs)} pairs are broken by more than {MARGIN}."])
