"""What the HTTP API needs of whoever serves it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from starlette.requests import Request

from heimdall_litellm.bundle import Bundle
from heimdall_litellm.catalog.facts import CatalogView
from heimdall_litellm.core.types import Decision
from heimdall_litellm.journal.ledger import Standing
from heimdall_litellm.journal.record import Signal
from heimdall_litellm.web.archive import Archive

Endpoint = Literal["chat", "completions", "messages", "responses", "gemini"]
"""The kinds of request that Heimdall routes."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `token` is whatever the backend knows a key by, `key` what the journal does."""

    is_admin: bool
    token: object = field(default=None, repr=False)
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Virtual:
    """One virtual name: its candidates by name, in configured order, and its settings."""

    name: str
    candidates: Sequence[str]
    alpha: float
    policy: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What would become of a request.

    `decision` is None where none would be made: then `reason` says why, and `model` answers. `fallbacks` are
    tried after it. `seen` are the models its caller may know of, `failed` stage and cause of what failed in
    Heimdall, without which the request would go on.
    """

    requested: str
    model: str
    reason: str
    fallbacks: Sequence[str] = ()
    decision: Decision | None = None
    seen: frozenset[str] = frozenset()
    failed: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Recent:
    """A request that may not be in the journal yet: the id of its decision, and its caller's key."""

    id: str
    key: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """How a process is doing.

    `aside` holds seconds and cause by circuit: the id of a deployment, or `own:` with a provider and the
    digest of a caller's own credential. `groups_aside` holds the cause by model group. `failures` are counted
    by stage and cause. `journal` is None where none is written.
    """

    started_at: datetime
    is_bypassed: bool
    is_simulating: bool
    bundle_id: str | None
    bundle_sha256: str | None
    bundle_created: datetime | None
    is_breaking: bool
    is_sharing: bool
    aside: Mapping[str, tuple[float, str]]
    groups_aside: Mapping[str, str]
    failures: Mapping[tuple[str, str], int]
    journal: Standing | None


class Backend(Protocol):
    """Answers for one process. What it raises beside `Problem` and `RequestError` is a failure of ours."""

    async def presents_key(self, request: Request) -> bool:
        """Whether a request brings anything that may be a key."""
        ...

    async def authenticate(self, request: Request) -> Caller:
        """Return who asks. Raises Problem where the key is refused."""
        ...

    async def permitted(self, caller: Caller, names: Iterable[str]) -> frozenset[str]:
        """Return those of the model groups that the caller may use."""
        ...

    def catalog(self) -> CatalogView:
        """Return the catalog as it is now."""
        ...

    def virtual(self) -> Mapping[str, Virtual]:
        """Return the virtual names."""
        ...

    def flags(self) -> Mapping[str, bool]:
        """Return what is switched on and off."""
        ...

    def report(self) -> Report:
        """Return how the process is doing."""
        ...

    def archive(self) -> Archive | None:
        """Return the journal to read in; None where none is written."""
        ...

    def bundle(self) -> Bundle | None:
        """Return the bundle that decides now; None where nothing does."""
        ...

    def recent(self, known_as: str) -> Sequence[Recent]:
        """Return the latest requests of this process that are known by an id, their own or their call's."""
        ...

    def rate(self, signal: Signal) -> bool:
        """Have a signal written; False where that isn't possible now."""
        ...

    async def explain(
        self, caller: Caller, endpoint: Endpoint, body: Mapping[str, Any], headers: Mapping[str, str]
    ) -> Outcome:
        """Say what would become of a request for a virtual name, without doing any of it.

        Raises RequestError where its caller would have to change something.
        """
        ...

    def failed(self, error: BaseException) -> None:
        """Count a failure of ours."""
        ...
