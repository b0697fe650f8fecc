"""What has changed in a list, as far as it is worth knowing.

- a price that differs by 10 % or more from the one last told, up or down; from or to nothing, any change;
- a window that shrank;
- a model that appeared in a list, or vanished from it.

Prices are compared with what was last told of them, not with the reading before: many small steps in one
direction are a change, told as soon as they make 10 % together. What goes back and forth is told once each
way in a day; where it has stayed by then, that is told.

A fact that becomes known, or is no longer stated, is no change. Everything here is pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from heimdall_litellm.background import give_way
from heimdall_litellm.catalog.facts import Drift, Listing, Value
from heimdall_litellm.catalog.sources.reading import PRICES, WINDOWS, fit

THRESHOLD: Final = 0.10
QUIET: Final = timedelta(days=1)
"""For how long a change that was told is not told again."""
_ROUNDING: Final = 1e-9
_IN_SUM: Final = {
    "appeared": "new",
    "vanished": "gone",
    "price": "with another price",
    "window": "with a smaller window",
}

Name = tuple[str, str]
"""A model: provider, and its name there."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison found. `told` is what the next reading is compared with: prices and windows only."""

    changes: Sequence[Drift]
    told: Sequence[Listing]


def compare(
    source: str,
    told: Sequence[Listing] | None,
    read: Sequence[Listing],
    lately: Iterable[Drift],
    at: datetime,
) -> Compared:
    """Compare what was last told of a source with what was read, in the order of the names.

    With `told` None nothing was told before, and nothing has changed. `lately` are the source's changes
    that were noticed before, the newest first.
    """
    old = {(listing.provider, listing.model): listing.facts for listing in told or ()}
    new = {(listing.provider, listing.model): _watched(listing.facts) for listing in read}
    if told is None:
        return Compared((), _listings(new))
    known = _Known(lately, at)
    changes: list[Drift] = []
    after: dict[Name, Mapping[str, Value]] = {}
    for name in sorted(old.keys() | new.keys()):
        give_way()
        was, now = old.get(name), new.get(name)
        if was is not None and now is not None:
            found = [(each, known.verdict(each)) for each in _changes(source, name, was, now, at)]
            held = {each.field for each, verdict in found if verdict == "held"}
            after[name] = _advanced(was, now, {each.field for each, _ in found}, held)
        else:
            change = Drift(at, "appeared" if was is None else "vanished", *name, source)
            found = [(change, known.verdict(change))]
            kept = was if found[0][1] == "held" else now
            if kept is not None:
                after[name] = kept
        changes += [each for each, verdict in found if verdict == "new"]
    return Compared(changes, _listings(after))


def is_loss(drift: Drift) -> bool:
    """Say whether a change is for the worse: dearer, smaller or gone."""
    if drift.kind == "price":
        return float(drift.after or 0) > float(drift.before or 0)
    return drift.kind in ("window", "vanished")


def in_words(drift: Drift) -> str:
    """Say a change in one line.

    >>> from datetime import UTC
    >>> in_words(Drift(datetime.now(UTC), "vanished", "openai", "gpt-9", "openai"))
    'openai/gpt-9 is gone from the list of openai'
    """
    name = f"{drift.provider}/{drift.model}"
    if drift.kind == "appeared":
        return f"{name} is new in the list of {drift.source}"
    if drift.kind == "vanished":
        return f"{name} is gone from the list of {drift.source}"
    what = str(drift.field).removesuffix("_usd_per_mtok").replace("_", " ")
    if drift.kind == "price":
        return f"{name}: {what} ${drift.before:g} -> ${drift.after:g} per 1M tokens, says {drift.source}"
    return f"{name}: {what} {drift.before} -> {drift.after}, says {drift.source}"


def in_sum(changes: Iterable[Drift]) -> str:
    """Say how many models have changed, and how.

    >>> from datetime import UTC
    >>> in_sum([Drift(datetime.now(UTC), "vanished", "openai", f"gpt-{n}", "openai") for n in range(3)])
    'openai: 3 gone'
    """
    sources: dict[str, Counter[str]] = {}
    for source, kind, *_ in {(each.source, each.kind, each.provider, each.model) for each in changes}:
        sources.setdefault(source, Counter())[kind] += 1
    return "; ".join(
        f"{source}: " + ", ".join(f"{counts[kind]} {said}" for kind, said in _IN_SUM.items() if counts[kind])
        for source, counts in sorted(sources.items())
    )


class _Known:
    """What was noticed lately, field by field."""

    def __init__(self, lately: Iterable[Drift], at: datetime) -> None:
        self._ends: dict[tuple[str, str, str | None], list[object]] = {}
        for drift in lately:
            if at - drift.at < QUIET:
                self._ends.setdefault(_field(drift), []).append(_end(drift))

    def verdict(self, change: Drift) -> str:
        """Say whether a change is `new`, `told` already, or `held` back as one that goes back and forth."""
        ends = self._ends.get(_field(change), [])
        if _end(change) not in ends:
            return "new"
        return "told" if ends[0] == _end(change) else "held"


def _field(drift: Drift) -> tuple[str, str, str | None]:
    return drift.provider, drift.model, drift.field


def _end(drift: Drift) -> object:
    return drift.kind if drift.field is None else drift.after


def _watched(facts: Mapping[str, Value]) -> dict[str, Value]:
    give_way()
    # A source may be another package's, and say anything.
    fitting = ((name, fit(name, facts[name])) for name in (*PRICES, *WINDOWS) if name in facts)
    return {name: value for name, value in fitting if value is not None}


def _listings(facts: Mapping[Name, Mapping[str, Value]]) -> tuple[Listing, ...]:
    return tuple(Listing(*name, known) for name, known in facts.items())


def _advanced(
    was: Mapping[str, Value], now: Mapping[str, Value], changed: set[str | None], held: set[str | None]
) -> dict[str, Value]:
    """Return what is told of a model from now on: windows may grow unsaid, other facts move when told."""
    grown = {name for name in WINDOWS if name in was and name in now and now[name] > was[name]}  # type: ignore[operator]  # windows are numbers
    moved = {name for name in now if name not in was or name in grown or name in changed}
    return {**was, **{name: now[name] for name in moved - held}}


def _changes(
    source: str, name: Name, before: Mapping[str, Value], after: Mapping[str, Value], at: datetime
) -> Iterator[Drift]:
    for field, was, now in _both(PRICES, before, after):
        if now != was and abs(now - was) >= THRESHOLD * was * (1 - _ROUNDING):
            yield Drift(at, "price", *name, source, field, was, now)
    for field, was, now in _both(WINDOWS, before, after):
        if now < was:
            yield Drift(at, "window", *name, source, field, int(was), int(now))


def _both(
    names: Iterable[str], before: Mapping[str, Value], after: Mapping[str, Value]
) -> Iterator[tuple[str, float, float]]:
    for name in names:
        if name in before and name in after:
            yield name, float(before[name]), float(after[name])
