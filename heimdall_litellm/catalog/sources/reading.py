"""Reading what others publish, leniently: what makes sense is taken, all else is left out.

`Collector` gathers the listings of one answer. Unknown fields are ignored, items that make no sense are
skipped and counted, and of a model that is listed more than once the least favourable of what is said is
kept: the dearest price, the smallest window, only the abilities that all of them claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from math import isfinite
from types import MappingProxyType
from typing import Final

from heimdall_litellm.background import give_way
from heimdall_litellm.catalog.facts import FIELDS, Listing, Value

PRICES: Final = tuple(name for name in FIELDS if name.endswith("_usd_per_mtok"))
WINDOWS: Final = ("max_input_tokens", "max_output_tokens")
CLAIMS: Final = tuple(name for name in FIELDS if name.startswith(("has_", "is_")))
DATES: Final = ("created", "retires")

MAX_MODELS: Final = 20_000
MAX_USD_PER_MTOK: Final = 10_000.0
MAX_TOKENS: Final = 100_000_000
_MAX_NAME: Final = 256
_YEARS: Final = range(2015, 2101)


def fit(name: str, value: object) -> Value | None:
    """Return the value of a field if it makes sense there, else None."""
    if name in PRICES:
        return _number(value, 0.0, MAX_USD_PER_MTOK)
    if name in WINDOWS:
        tokens = _number(value, 1.0, MAX_TOKENS)
        return None if tokens is None else int(tokens)
    if name in CLAIMS:
        return value if isinstance(value, bool) else None
    if name in DATES:
        return day(value)
    return text(value) if name in FIELDS else None


def per_mtok(value: object) -> float | None:
    """Return USD per million tokens for USD per token, which may come as a text; None if that is no price."""
    if isinstance(value, str):
        try:
            value = float(value) if len(value) <= 40 else None
        except ValueError:
            return None
    price = _number(value, 0.0, MAX_USD_PER_MTOK / 1e6)
    return None if price is None else usd_per_mtok(price)


def usd_per_mtok(usd_per_token: float) -> float:
    """Return a price per million tokens, without the noise of a binary fraction (2.0999999999999996)."""
    return round(usd_per_token * 1e6, 9)


def day(value: object) -> str | None:
    """Return the ISO date of a Unix time or of a date with or without a time of day."""
    try:
        if isinstance(value, str):
            found = date.fromisoformat(value[:10])
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found = datetime.fromtimestamp(value, UTC).date()
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    return found.isoformat() if found.year in _YEARS else None


def text(value: object) -> str | None:
    """Return a short line of text that can be shown."""
    if not isinstance(value, str):
        return None
    line = value.strip()
    return line if line and len(line) <= _MAX_NAME and line.isprintable() else None


def mapping(value: object) -> Mapping[str, object]:
    """Return a JSON object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def names(value: object) -> frozenset[str]:
    """Return the texts of a JSON list."""
    return (
        frozenset(item for item in value if isinstance(item, str)) if isinstance(value, list) else frozenset()
    )


def items(answer: object, key: str) -> Sequence[object]:
    """Return the list under `key`. Raises ValueError where there is none."""
    found = mapping(answer).get(key)
    if not isinstance(found, list):
        raise ValueError(f"there is no list {key!r} in the answer")
    return found


class Collector:
    """The listings of one answer, each model once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Listing] = {}
        self.skipped = 0

    def skip(self) -> None:
        """Count an item that makes no sense."""
        self.skipped += 1

    def add(self, provider: str, model: object, facts: Iterable[tuple[str, object]]) -> None:
        """Take one model in, with those of its facts that make sense; None stands for an unknown one."""
        give_way()
        name = text(model)
        if name is None or " " in name or len(self._found) >= MAX_MODELS:
            self.skip()
            return
        good: dict[str, Value] = {}
        for key, value in facts:
            fitting = None if value is None else fit(key, value)
            if fitting is not None:
                good[key] = fitting
        listing = Listing(provider, name, MappingProxyType(good))
        before = self._found.get((provider, name))
        self._found[provider, name] = listing if before is None else _cautious(before, listing)

    @property
    def listings(self) -> tuple[Listing, ...]:
        """What was taken in, in the order in which it came."""
        return tuple(self._found.values())


def _cautious(one: Listing, other: Listing) -> Listing:
    facts = {**other.facts, **one.facts}
    for name in facts.keys() & one.facts.keys() & other.facts.keys():
        pair = one.facts[name], other.facts[name]
        if name in PRICES:
            facts[name] = max(float(value) for value in pair)
        elif name in WINDOWS:
            facts[name] = min(int(value) for value in pair)
        elif name in CLAIMS:
            facts[name] = all(pair)
    return replace(one, facts=MappingProxyType(facts))


def _number(value: object, least: float, most: float) -> float | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    # Compared before it is converted: an integer may have thousands of digits.
    return float(value) if least <= value <= most and isfinite(value) else None
