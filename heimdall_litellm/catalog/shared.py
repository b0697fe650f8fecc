"""What machines tell each other of the catalog, so that one of them fetches for all.

A list is shared as its listings and when they were read. Whoever can write there may write anything, so it is
checked like an answer from outside, and no key and nothing about requests is in it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Protocol, TypeVar

from heimdall_litellm.catalog.facts import Listing
from heimdall_litellm.catalog.readings import listings_from_json, listings_to_json
from heimdall_litellm.catalog.sources.reading import mapping

logger = logging.getLogger("heimdall_litellm")
T = TypeVar("T")


class Shared(Protocol):
    """A place that several machines reach, such as Redis. Its methods may block for a moment, and raise."""

    def get(self, key: str) -> bytes | None:
        """Return what is kept under a key; None if nothing is."""
        ...

    def set(self, key: str, value: bytes, ttl_s: float) -> None:
        """Keep something for so long."""
        ...

    def lock(self, key: str, ttl_s: float) -> bool:
        """Take a lock that ends by itself after so long; False if somebody else has it."""
        ...


class Neighbours:
    """The other machines, if there are any and they can be reached; else it is as if there were none."""

    def __init__(self, find: Callable[[], Shared | None] = lambda: None) -> None:
        self._find = find

    def get(self, key: str) -> bytes | None:
        """Return what they have put under a key."""
        return self._try(lambda shared: shared.get(key), None)

    def set(self, key: str, value: bytes, ttl_s: float) -> None:
        """Tell them something."""
        self._try(lambda shared: shared.set(key, value, ttl_s), None)

    def lock(self, key: str, ttl_s: float) -> bool:
        """Be the only one; True where nobody can be asked."""
        return self._try(lambda shared: shared.lock(key, ttl_s), True)

    def _try(self, work: Callable[[Shared], T], otherwise: T) -> T:
        try:
            shared = self._find()
            return otherwise if shared is None else work(shared)
        except Exception as error:  # noqa: BLE001 - whatever stands between machines, each goes on alone
            logger.debug("The catalog is not shared: %s", type(error).__name__)
            return otherwise


@dataclass(frozen=True, slots=True)
class Told:
    """What another machine has read, as a Unix time and listings."""

    read_at: float
    listings: Sequence[Listing]


def to_bytes(read_at: float, listings: Sequence[Listing]) -> bytes:
    """Write down what is told to the others."""
    return json.dumps({"read_at": read_at, "listings": listings_to_json(listings)}).encode()


def from_bytes(told: bytes | None) -> Told | None:
    """Read what another machine tells; None for what makes no sense."""
    if told is None:
        return None
    try:
        said = mapping(json.loads(told))
        read_at, text = said.get("read_at"), said.get("listings")
        if not isinstance(read_at, (int, float)) or not isfinite(read_at) or not isinstance(text, str):
            return None
        listings = listings_from_json(text)
    except (ValueError, RecursionError, OverflowError):
        return None
    return Told(float(read_at), listings) if listings else None
