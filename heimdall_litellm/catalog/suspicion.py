"""What in a new list is more likely a mistake or an attack than a market, beside the last good list.

- more than a fifth of the models, and more than five, change at once: a price by 10 % or more, or one that is
  no longer or newly stated; a window that shrinks; an ability that is gone;
- more than three tenths of the models, and more than two, vanish at once;
- a single price of input or output moves by a factor of four or more, or is nothing all at once: a model that
  seems free draws all requests. Nothing is a price where the model's name says so (`:free`).

Such a list isn't refused but held, until it has been read `BELIEVED_AFTER` times with the same odd changes, a
refresh apart. What else changes in it meanwhile doesn't matter. Everything here is pure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from heimdall_litellm.catalog.drift import THRESHOLD
from heimdall_litellm.catalog.facts import Listing, Value
from heimdall_litellm.catalog.sources.reading import CLAIMS, PRICES, WINDOWS

BELIEVED_AFTER: Final = 3
FREE: Final = ":free"
_FEW_CHANGED: Final = 5
_SHARE_CHANGED: Final = 0.2
_FEW_GONE: Final = 2
_SHARE_GONE: Final = 0.3
_FAR: Final = 4.0
_SCORED: Final = ("input_usd_per_mtok", "output_usd_per_mtok")
_ROUNDING: Final = 1e-9

_Facts = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Oddity:
    """What is odd in a list, in a few words, and a digest of the odd changes."""

    cause: str
    digest: str


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A list that is held: since when (a Unix time), how often it has come, and the digest of its oddity."""

    since: float
    times: int
    digest: str

    @property
    def is_over(self) -> bool:
        """Whether it has come often enough to be believed."""
        return self.times >= BELIEVED_AFTER

    def in_words(self, cause: str) -> str:
        """Say it for whoever looks after the proxy."""
        at = datetime.fromtimestamp(self.since, UTC)
        return (
            f"suspected since {at:%Y-%m-%d %H:%M} UTC, as {cause}; the list before serves, and this one is "
            f"believed once it has come {BELIEVED_AFTER} times ({self.times} so far)"
        )


def suspect(before: Suspicion | None, oddity: Oddity, now: float) -> Suspicion:
    """Count a list that is odd; other odd changes than the last time begin anew."""
    if before is None:
        return Suspicion(now, 1, oddity.digest)
    times = before.times + 1 if before.digest == oddity.digest else 1
    return Suspicion(before.since, times, oddity.digest)


def find_oddity(before: Sequence[Listing], after: Sequence[Listing]) -> Oddity | None:
    """Compare a list with the last good one, which may be empty; None where nothing is odd."""
    old = {(each.provider, each.model): each.facts for each in before}
    new = {(each.provider, each.model): each.facts for each in after}
    gone = sorted(old.keys() - new.keys())
    if len(gone) <= max(_FEW_GONE, _SHARE_GONE * len(old)):
        gone = []
    changed = [key for key in sorted(old.keys() & new.keys()) if _is_changed(old[key], new[key])]
    if len(changed) <= max(_FEW_CHANGED, _SHARE_CHANGED * len(old)):
        changed = []
    far = [key for key in sorted(new) if _is_far(key[1], old.get(key, {}), new[key])]
    if gone:
        cause = f"{len(gone)} of {len(old)} models are gone"
    elif changed:
        cause = f"{len(changed)} of {len(old)} models have other prices or can do less"
    elif far:
        more = f" and of {len(far) - 1} more" if len(far) > 1 else ""
        cause = f"the price of {'/'.join(far[0])}{more} has moved far"
    else:
        return None
    told = [[*key, _telling(new[key])] for key in sorted({*changed, *far})]
    return Oddity(cause, hashlib.sha256(json.dumps([gone, told]).encode()).hexdigest()[:16])


def _is_changed(was: _Facts, now: _Facts) -> bool:
    return (
        any(_has_moved(was.get(name), now.get(name), 1 + THRESHOLD) for name in PRICES)
        or any(name in was and float(now.get(name, 0)) < float(was[name]) for name in WINDOWS)
        or any(was.get(name) is True and now.get(name) is not True for name in CLAIMS)
    )


def _is_far(model: str, was: _Facts, now: _Facts) -> bool:
    if model.endswith(FREE):
        return False
    return any(
        _has_moved(was.get(name), now[name], _FAR) and (now[name] == 0 or bool(was.get(name)))
        for name in _SCORED
        if name in now
    )


def _has_moved(was: Value | None, now: Value | None, factor: float) -> bool:
    """Say whether a price has moved by a factor, up or down; from or to nothing or the unknown, always."""
    if was == now:
        return False
    if not was or not now:
        return True
    least, most = sorted((float(was), float(now)))
    return most >= least * factor * (1 - _ROUNDING)


def _telling(facts: _Facts) -> list[tuple[str, Value]]:
    return sorted((name, value) for name, value in facts.items() if name in (*PRICES, *WINDOWS, *CLAIMS))
