"""The HTTP API as LiteLLM's proxy serves it: who asks, what they may use, and what there is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request

from heimdall_litellm.catalog.facts import CatalogView
from heimdall_litellm.plugin import access, keycheck, seams
from heimdall_litellm.plugin.modes import caller_of
from heimdall_litellm.plugin.records import Records
from heimdall_litellm.plugin.runtime import Runtime
from heimdall_litellm.plugin.shield import shield_now
from heimdall_litellm.plugin.trial import Trial
from heimdall_litellm.web.archive import Archive
from heimdall_litellm.web.backend import Caller, Endpoint, Outcome, Recent, Report, Virtual

if TYPE_CHECKING:
    from heimdall_litellm.bundle import Bundle
    from heimdall_litellm.journal.record import Signal
    from heimdall_litellm.journal.store import Store

STAGE: Final = "http"
"""Under which failures of the HTTP API are counted."""
_CONNECT_S: Final = 3
_STATEMENT_S: Final = 5
"""How long a database in PostgreSQL may take to be reached, and to answer."""
_AT_A_TIME: Final = 25
"""How many models are asked about before other requests get their turn."""


class ProxyBackend:
    """Serves one runtime. `names` are the virtual names that are routed: none where Heimdall is bypassed."""

    def __init__(self, runtime: Runtime, names: frozenset[str], records: Records) -> None:
        self._runtime, self._names, self._records = runtime, names, records
        self._archive = Archive(self._open) if runtime.settings.journal.enabled else None
        self._trial = Trial(runtime, names)
        self._started_at = datetime.now(UTC)

    async def presents_key(self, request: Request) -> bool:
        """Whether a request brings anything that may be a key."""
        return await keycheck.presents_key(request)

    async def authenticate(self, request: Request) -> Caller:
        """Return who asks. Raises Problem where LiteLLM refuses the key."""
        token = await keycheck.authenticate(request)
        return Caller(access.is_admin(token), token, caller_of(token).key)

    async def permitted(self, caller: Caller, names: Iterable[str]) -> frozenset[str]:
        """Return those of the model groups that the caller may call by name."""
        router, failures = seams.proxy_router(), self._runtime.failures
        allowed: set[str] = set()
        wanted = tuple(dict.fromkeys(names))
        for start in range(0, len(wanted), _AT_A_TIME):
            some = wanted[start : start + _AT_A_TIME]
            allowed |= await access.permitted(some, caller.token, router, failures)
            await asyncio.sleep(0)  # a long list keeps no request waiting
        return frozenset(allowed)

    def catalog(self) -> CatalogView:
        """Return the catalog as it is now."""
        return self._runtime.catalog_view()

    def virtual(self) -> Mapping[str, Virtual]:
        """Return the virtual names, with candidates where an engine knows them."""
        return {name: self._virtual(name) for name in self._runtime.settings.names}

    def _virtual(self, name: str) -> Virtual:
        settings = self._runtime.settings.router_of(name)
        candidates = self._runtime.candidate_names(name) if self._runtime.snapshot is not None else ()
        return Virtual(name, candidates, settings.alpha, settings.router_policy)

    def flags(self) -> Mapping[str, bool]:
        """Return what is switched on and off."""
        settings = self._runtime.settings
        adapters = {f"auth_adapter_{adapter.name}": True for adapter in self._runtime.credentials.adapters}
        switches: dict[str, bool] = settings.features.model_dump()
        modes = self._runtime.modes.named
        return {
            **switches,
            **adapters,
            "routing": bool(self._names) and "route" in modes,
            "shadow": bool(self._names) and "shadow" in modes,
            "holdout": settings.holdout.share > 0,
            "journal": settings.journal.enabled,
            "overrides": settings.overrides.enabled,
            "circuit_breaker": settings.failover.circuit_breaker,
            "simulation": self._runtime.is_simulating,
        }

    def report(self) -> Report:
        """Return how the process is doing."""
        runtime = self._runtime
        health, snapshot = runtime.health, runtime.snapshot
        bundle = snapshot.bundle if snapshot is not None else None
        groups = snapshot.entries if snapshot is not None else {}
        return Report(
            started_at=self._started_at,
            is_bypassed=not self._names,
            is_simulating=runtime.is_simulating,
            bundle_id=bundle.id if bundle is not None else None,
            bundle_sha256=bundle.manifest_sha256 if bundle is not None else None,
            bundle_created=bundle.manifest.created if bundle is not None else None,
            is_breaking=health.is_on,
            is_sharing=health.is_on and shield_now(runtime.failures, "redis", seams.redis, None) is not None,
            aside=health.aside(),
            groups_aside={name: why for name in groups if (why := health.why_aside(name)) is not None},
            failures=runtime.failures.counts(),
            journal=runtime.ledger.standing() if runtime.ledger is not None else None,
        )

    def _open(self) -> Store:
        from heimdall_litellm.journal.opening import open_store

        return open_store(self._runtime.settings.journal, connect_s=_CONNECT_S, statement_s=_STATEMENT_S)

    def archive(self) -> Archive | None:
        """Return the journal to read in; None where none is written."""
        return self._archive

    def bundle(self) -> Bundle | None:
        """Return the bundle that decides now."""
        snapshot = self._runtime.snapshot
        return snapshot.bundle if snapshot is not None else None

    def recent(self, known_as: str) -> Sequence[Recent]:
        """Return the latest requests that are known by an id, if they are in the journal or will be."""
        found = self._records.find(known_as)
        return [Recent(record.id, record.caller.key) for record in found if record.is_recorded]

    def rate(self, signal: Signal) -> bool:
        """Have a signal written."""
        return self._runtime.recorder.rated(signal)

    async def explain(
        self, caller: Caller, endpoint: Endpoint, body: Mapping[str, Any], headers: Mapping[str, str]
    ) -> Outcome:
        """Say what would become of a request."""
        return await self._trial.outcome(caller, endpoint, body, headers)

    def failed(self, error: BaseException) -> None:
        """Count a failure of ours."""
        self._runtime.failures.record(STAGE, error)
