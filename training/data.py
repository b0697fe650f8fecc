"""Read outcome files: prompts with the scores that models reached on them.

A line of JSON (`.jsonl` or `.jsonl.gz`):

    {"id", "source", "task", "messages": [...], "outcomes": {model: {"score": 0..1,
     "output_tokens": int|null, ...}}}

`@low` / `@medium` / `@high` after a model is its reasoning effort.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from heimdall_litellm.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one model did on one prompt: `score` 0..1, `output_tokens` if known."""

    score: float
    output_tokens: int | None


@dataclass(frozen=True, slots=True)
class Example:
    """One prompt with its outcomes by model."""

    id: str
    source: str
    task: str
    messages: tuple[Mapping[str, object], ...]
    outcomes: Mapping[str, Outcome]

    @property
    def text(self) -> str:
        """All message texts, joined: for looking at, not for features."""
        return "\n".join(str(message.get("content", "")) for message in self.messages)

    @property
    def outcomes_by_model(self) -> Mapping[str, float]:
        """Scores alone."""
        return {model: outcome.score for model, outcome in self.outcomes.items()}


def load_outcomes(paths: Iterable[Path]) -> list[Example]:
    """Read all files. Raises ConfigError naming file and line of what can't be used."""
    examples = [example for path in paths for example in _read(path)]
    if not examples:
        raise ConfigError("The outcome files hold no prompt.")
    return examples


def _read(path: Path) -> Iterator[Example]:
    opener: Callable[..., TextIO] = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _example(line, f"{path}:{number}")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ConfigError(f"Can't read outcomes from '{path}': {error}") from error


def _example(line: str, where: str) -> Example:
    try:
        raw = json.loads(line)
        outcomes = {
            str(model): Outcome(float(value["score"]), value.get("output_tokens"))
            for model, value in raw["outcomes"].items()
        }
        example = Example(
            str(raw["id"]), str(raw["source"]), str(raw["task"]), tuple(raw["messages"]), outcomes
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{where}: not an outcome line ({type(error).__name__}: {error}); wanted id, source, task, "
            "messages and outcomes {model: {score}}."
        ) from error
    bad = [model for model, outcome in outcomes.items() if not 0.0 <= outcome.score <= 1.0]
    if bad:
        raise ConfigError(f"{where}: the score of '{bad[0]}' is not between 0 and 1.")
    return example
