"""What a source is: a public list of models, how it is asked for, and how its answer is read.

A source does no I/O. It says where its list stands (`url`), to which hosts that may lead (`hosts`), with
which headers it is asked for (`credentials`, from the keys at hand), and turns an answer that was parsed as
JSON into listings (`read`). Fetching, limits, storing and comparing are the same for all of them.

A source is made by a factory `() -> Source`, registered under its name: our own in `registry.py`, anybody
else's by an entry point of the group `heimdall_litellm.catalog_sources`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol
from urllib.parse import urlsplit

from heimdall_litellm.catalog.facts import Listing


class Rank(IntEnum):
    """Whose word counts for more; the lowest first. The user's own word comes before all of them."""

    PROVIDER = 1
    """The list of the provider that serves the model."""
    RESELLER = 2
    """A list of many makers' models, by somebody who sells them on."""
    PRICE_MAP = 3
    """LiteLLM's price map."""


@dataclass(frozen=True, slots=True)
class Page:
    """What one answer says.

    `skipped` counts the items that made no sense. `following` are the query parameters that ask for the next
    page; empty where this is the last one.
    """

    listings: Sequence[Listing]
    skipped: int = 0
    following: Mapping[str, str] = field(default_factory=dict)


class Source(Protocol):
    """One public list of models."""

    @property
    def name(self) -> str:
        """The name in `catalog.sources`, in facts, logs and metrics."""
        ...

    @property
    def rank(self) -> Rank:
        """Whose word its own counts as."""
        ...

    @property
    def url(self) -> str | None:
        """Where the list stands; None where nothing is fetched."""
        ...

    @property
    def hosts(self) -> frozenset[str]:
        """The host names it may be fetched from, in full; also those that its models are served at."""
        ...

    def credentials(self, environ: Mapping[str, str]) -> Mapping[str, str] | None:
        """Return the headers to ask with, none for a public list; None where the key it needs is missing.

        They are sent to `hosts` only, never to a mirror that stands in for them.
        """
        ...

    def read(self, answer: object) -> Page:
        """Read one answer. Raises ValueError where it is no such list at all."""
        ...


def leads_elsewhere(environ: Mapping[str, str], names: Iterable[str], hosts: Collection[str]) -> bool:
    """Whether one of the variables from which LiteLLM takes a vendor's address names another host.

    The vendor's key in the environment is that host's then, and none of the vendor's business.
    """
    for name in names:
        if address := environ.get(name):
            try:
                host = urlsplit(address).hostname
            except ValueError:
                return True
            if host not in hosts:
                return True
    return False
