"""What a source said when it was last read, and how that is kept as JSON.

What comes back from a disk or from another machine is checked like any other answer.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from heimdall_litellm.background import give_way
from heimdall_litellm.catalog.facts import Listing
from heimdall_litellm.catalog.sources.reading import Collector, items, mapping, text
from heimdall_litellm.catalog.sources.source import Rank


@dataclass(frozen=True, slots=True)
class Reading:
    """The last good answer of one source. `hosts` are those its models are served at."""

    source: str
    rank: Rank
    hosts: frozenset[str]
    at: datetime
    listings: Sequence[Listing]


def listings_to_json(listings: Sequence[Listing]) -> str:
    """Write listings down."""
    rows = []
    for each in listings:  # one by one: other threads wait for as long as the whole takes
        give_way()
        row = {"provider": each.provider, "model": each.model, "facts": dict(each.facts)}
        rows.append(json.dumps(row, ensure_ascii=False, separators=(",", ":")))
    return f'{{"listings":[{",".join(rows)}]}}'


def listings_from_json(written: str | bytes) -> tuple[Listing, ...]:
    """Read listings; what makes no sense in them is left out. Raises ValueError if it is no such text."""
    try:
        rows = items(json.loads(written), "listings")
    except RecursionError:
        raise ValueError("this is nested too deeply") from None
    found = Collector()
    for row in map(mapping, rows):
        provider = text(row.get("provider"))
        if provider is None:
            found.skip()
        else:
            found.add(provider, row.get("model"), mapping(row.get("facts")).items())
    return found.listings
