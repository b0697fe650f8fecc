"""What is known of a model, and from where: the values that the catalog's parts hand each other.

A source says what it knows of the models of its list (`Listing`). For each of the user's model groups the
listings are merged by precedence into a `Card`, in which every field remembers its source and when that was
read. `Card.entry` is what decisions are made from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from heimdall_litellm.core.types import Basis, CatalogEntry

Value = float | int | bool | str

FIELDS = (
    *("input_usd_per_mtok", "output_usd_per_mtok", "cache_read_usd_per_mtok", "cache_write_usd_per_mtok"),
    *("max_input_tokens", "max_output_tokens"),
    *("has_vision", "has_audio", "has_files", "has_tools", "has_json", "is_reasoning"),
    *("display_name", "created", "retires"),
)
"""What a source may say of a model. Prices are USD per million tokens, `created` and `retires` ISO dates."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What one source says of one model: `provider` in LiteLLM's spelling, `model` in the provider's own.

    `facts` holds of `FIELDS` what the source states; what it doesn't know is left out.
    """

    provider: str
    model: str
    facts: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Fact:
    """One field of a card. `at` is when its source was read; None for what is in the user's configuration."""

    value: Value
    source: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Prior:
    """Expected quality 0..1 of a model, overall and by kind of task, and how that is known.

    `basis`: what the `user` states, `outcomes` measured in training, `published` figures of this very model,
    a relative of its `family`, its `price-class`, or `unknown` (`core/strangers.py`). `known_as` is the
    bundle's name for it; under `family` that of the relative. `outcomes` and `published` count what
    stands behind that name (prompts answered, columns of published figures), `latest` is the newest's date.
    """

    quality: float
    basis: Basis
    known_as: str | None = None
    by_kind: Mapping[str, float] = field(default_factory=dict)
    outcomes: int = 0
    published: int = 0
    latest: date | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """All that is known of one of the user's model groups.

    `is_listed` says whether the provider's own list has it; None where there is no such list at hand.
    """

    entry: CatalogEntry
    facts: Mapping[str, Fact]
    is_listed: bool | None = None
    prior: Prior | None = None


@dataclass(frozen=True, slots=True)
class Drift:
    """One change worth knowing. `before` and `after` are None where there was or is nothing."""

    at: datetime
    kind: Literal["price", "window", "appeared", "vanished"]
    provider: str
    model: str
    source: str
    field: str | None = None
    before: Value | None = None
    after: Value | None = None


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How one source is doing. `read_at` is its last good answer, `tried_at` its last attempt.

    `is_active` is false where it lacks a key, or is switched off; `error` says in a few words what failed.
    `suspected_since` is when it began to say what isn't believed yet (`suspicion.py`), `asked_since` when
    this process began to ask it. What `is_bundled` came with an installed package: nobody read it, and only
    the package's version tells how old it is.
    """

    name: str
    is_active: bool
    read_at: datetime | None = None
    tried_at: datetime | None = None
    models: int = 0
    error: str | None = None
    suspected_since: datetime | None = None
    asked_since: datetime | None = None
    is_bundled: bool = False

    def age_s(self, now: float) -> float | None:
        """Return the seconds since its last good answer; while there is none, since it began to be asked.

        None where it isn't asked.
        """
        since = self.read_at or (self.asked_since if self.is_active else None)
        return None if since is None else max(0.0, now - since.timestamp())


@dataclass(frozen=True, slots=True)
class CatalogView:
    """The catalog at one moment: cards by model group, and how its sources are doing."""

    cards: Mapping[str, Card]
    sources: Sequence[SourceStatus] = ()
    drift: Sequence[Drift] = ()
    """The latest changes, newest first; bounded."""
