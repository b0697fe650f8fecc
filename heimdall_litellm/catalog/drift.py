"""What has changed between two states of the catalog, as far as it is worth knowing.

- a price that changed by 10 % or more, up or down; from or to nothing, any change;
- a window that shrank;
- a model that appeared in a list, or vanished from it.

A fact that becomes known, or is no longer stated, is no change. Everything here is pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from heimdall_litellm.catalog.facts import Card, Drift, Listing, Value
from heimdall_litellm.catalog.sources.reading import PRICES, WINDOWS

THRESHOLD: Final = 0.10
_ROUNDING: Final = 1e-9


def drift_of_listings(
    source: str, before: Sequence[Listing], after: Sequence[Listing], at: datetime
) -> list[Drift]:
    """Compare two readings of one source, in the order of the names."""
    old = {(listing.provider, listing.model): listing for listing in before}
    new = {(listing.provider, listing.model): listing for listing in after}
    found = []
    for provider, model in sorted(old.keys() | new.keys()):
        was, now = old.get((provider, model)), new.get((provider, model))
        if was is None or now is None:
            found.append(Drift(at, "appeared" if was is None else "vanished", provider, model, source))
        else:
            found += _changes(source, provider, model, was.facts, now.facts, at)
    return found


def drift_of_cards(
    source: str, before: Mapping[str, Card], after: Mapping[str, Card], at: datetime
) -> list[Drift]:
    """Compare the cards of the same models, in the fields that `source` has decided both times.

    For a source that isn't read as a list: the price map.
    """
    found: list[Drift] = []
    for name in before.keys() & after.keys():
        was, now = before[name], after[name]
        if was.entry.upstream == now.entry.upstream:
            old, new = (
                {key: fact.value for key, fact in card.facts.items() if fact.source == source}
                for card in (was, now)
            )
            model = now.entry.upstream.removeprefix(f"{now.entry.provider}/")
            found += _changes(source, now.entry.provider, model, old, new, at)
    unique = {(change.provider, change.model, change.field): change for change in found}
    return [unique[key] for key in sorted(unique, key=str)]


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


def _changes(
    source: str,
    provider: str,
    model: str,
    before: Mapping[str, Value],
    after: Mapping[str, Value],
    at: datetime,
) -> Iterator[Drift]:
    for name, was, now in _both(PRICES, before, after):
        if now != was and abs(now - was) >= THRESHOLD * was * (1 - _ROUNDING):
            yield Drift(at, "price", provider, model, source, name, was, now)
    for name, was, now in _both(WINDOWS, before, after):
        if now < was:
            yield Drift(at, "window", provider, model, source, name, int(was), int(now))


def _both(
    names: Iterable[str], before: Mapping[str, Value], after: Mapping[str, Value]
) -> Iterator[tuple[str, float, float]]:
    for name in names:
        if name in before and name in after:
            yield name, float(before[name]), float(after[name])
