"""Figures and words as people read them, for the terminal and for pages alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import floor, log10
from typing import Final

from heimdall_litellm.journal.record import Cause
from heimdall_litellm.report.figures import Estimate

CAUSES: Final[dict[Cause, str]] = {
    "triage": "the best score, weighed by how hard it looks",
    "alpha": "the best score",
    "bucket": "the best score within its bucket",
    "asked": "the bucket that the request asked for",
    "only": "nobody else was left to choose",
    "holdout": "the baseline, by a draw, to measure against",
    "continued": "the model that holds its conversation",
    "unrouted": "nothing to decide on, or an endpoint that isn't routed",
    "default": "nothing was decided: the default model answered",
    "refused": "nobody could be called, or in shadow mode would have been",
}
"""What settled where a request went."""
STATUSES: Final = {
    "answered": "answered",
    "cached": "answered by LiteLLM's cache",
    "failed": "failed",
    "refused": "refused",
    "left": "the client hung up",
    "unknown": "not heard of",
}
FLOWS: Final = 12
"""How many of the ways that shadow mode's requests would have gone are shown."""
_TICKS: Final = "▁▂▃▄▅▆▇█"


def money(value: float) -> str:
    """Write USD: to the cent, or three digits of what is less than a dollar."""
    size = abs(value)
    digits = 2 if size >= 1 or size < 1e-9 else min(10, 2 - floor(log10(size)))
    return f"{'−' if value < 0 else ''}${size:,.{digits}f}"


def percent(value: float) -> str:
    """Write a share."""
    shown = f"{abs(value):.1%}"
    return f"{'−' if value < 0 and shown.strip('0.%') else ''}{shown}"


def seconds(value: float) -> str:
    """Write a time that a model takes."""
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def microseconds(value: float) -> str:
    """Write a time that we take."""
    return f"{value:.0f} µs" if value < 1000 else f"{value / 1000:.1f} ms"


def count(value: int) -> str:
    """Write a number of things."""
    return f"{value:,}" if value < 10_000_000 else f"{value / 1e6:,.1f}M"


def many(value: float) -> str:
    """Write a large number roughly."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.1f}{unit}"
    return f"{value:.0f}"


def score(value: float) -> str:
    """Write a score from 0 to 1, or a difference of two."""
    return f"{value:.2f}".replace("-", "−")


def between(estimate: Estimate, write: Callable[[float], str]) -> str:
    """Write the interval of an estimate; empty where there is none."""
    if estimate.interval is None:
        return ""
    return f"{write(estimate.interval.low)} to {write(estimate.interval.high)}"


def sparkline(values: Sequence[float]) -> str:
    """Draw values as a line of blocks, from 0 to the largest; what is 0 is a space."""
    top = max(values, default=0.0)
    if top <= 0:
        return " " * len(values)
    last = len(_TICKS) - 1
    return "".join(_TICKS[round(value / top * last)] if value > 0 else " " for value in values)
