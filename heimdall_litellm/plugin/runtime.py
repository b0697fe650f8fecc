"""The engine within a LiteLLM process, and what keeps it up to date.

The engine is built from LiteLLM's own model list and prices. At the proxy's start the list stands in
the configuration, so mistakes in it stop the start; where models live in a database there is none yet,
and the engine is built when the first request needs it. Afterwards the entries are made again whenever the
list has changed, and whenever the watchtower has news of prices and models. That happens on threads; the old
ones serve meanwhile.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from heimdall_litellm.background import hurry
from heimdall_litellm.bundle import load_bundle
from heimdall_litellm.bundle.reload import BundleWatcher
from heimdall_litellm.config import CatalogSettings, JournalSettings, Settings, environment
from heimdall_litellm.core.conversation import Conversations
from heimdall_litellm.engine import Heimdall, require_virtual_groups, require_watched_groups, simulates_all
from heimdall_litellm.errors import ConfigError, HeimdallError
from heimdall_litellm.health import Health
from heimdall_litellm.observe import metrics
from heimdall_litellm.observe.traffic import Known, Told, Traffic
from heimdall_litellm.plugin import seams
from heimdall_litellm.plugin.credentials import Credentials
from heimdall_litellm.plugin.groups import Groups
from heimdall_litellm.plugin.modes import Modes
from heimdall_litellm.plugin.prompts import Prompts, secret_of
from heimdall_litellm.plugin.reckoning import Prices, prices_of
from heimdall_litellm.plugin.recording import Recorder
from heimdall_litellm.plugin.shared import Shared
from heimdall_litellm.plugin.shared_catalog import find_shared
from heimdall_litellm.plugin.shield import Failures, logger, shield
from heimdall_litellm.priors import with_priors

if TYPE_CHECKING:
    from heimdall_litellm.auth.adapter import Adapter
    from heimdall_litellm.bundle import Bundle
    from heimdall_litellm.catalog.facts import Card, CatalogView
    from heimdall_litellm.catalog.watchtower import Listener, Watchtower
    from heimdall_litellm.core.breaker import Circuit
    from heimdall_litellm.core.types import CatalogEntry
    from heimdall_litellm.engine import Snapshot
    from heimdall_litellm.journal.ledger import Ledger
    from heimdall_litellm.journal.writer import Writer

ModelList = Sequence[Mapping[str, Any]]
MakeEngine = Callable[[Settings, "Sequence[CatalogEntry]"], Heimdall]
GroupNames = Callable[[], Collection[str]]
"""The model groups that there are now."""
MakeWriter = Callable[[JournalSettings, GroupNames], "tuple[Writer, Ledger | None]"]
MakeTower = Callable[[CatalogSettings, "Listener"], "Watchtower"]

BUILD_TIMEOUT_S: Final = 10.0
"""How long a request waits for the first engine, where none could be built at start."""
RETRY_S: Final = 30.0
"""How long nothing is tried after an engine could not be built."""
LOOK_S: Final = 1.0
"""How often a request looks whether the model list has changed."""
_SMOOTHING: Final = 0.2
_MAX_GROUPS: Final = 1_000

_serving = metrics.BundleMeter()


def make_engine(settings: Settings, entries: Sequence[CatalogEntry]) -> Heimdall:
    """Load the bundle and build an engine. Raises ConfigError or BundleError."""
    engine = Heimdall(settings, entries, load_bundle(settings.tuning.bundle))
    _show(engine.snapshot.bundle)
    return engine


def _show(bundle: Bundle) -> None:
    _serving.serves(bundle.id, bundle.manifest_sha256, bundle.manifest.created)


def watch_bundle(
    settings: Settings, engine: Heimdall, take: Callable[[Bundle], None]
) -> BundleWatcher | None:
    """Hand over each good new bundle that appears in the configured directory; None if none is watched."""
    tuning = settings.tuning
    if tuning.bundle is None or tuning.reload_seconds == 0:
        return None
    watcher = BundleWatcher(
        Path(tuning.bundle),
        engine.snapshot.bundle.manifest_sha256,
        tuning.reload_seconds,
        take,
        lambda error: logger.warning("Heimdall refused a new bundle; the last good one serves: %s", error),
    )
    watcher.start()
    return watcher


def make_tower(settings: CatalogSettings, listener: Listener) -> Watchtower:
    """Make what keeps the catalog current; nothing is read or asked yet. Raises ConfigError."""
    from heimdall_litellm.catalog.watchtower import Watchtower

    return Watchtower(
        settings,
        seams.price_map,
        map_read_at=seams.price_map_read_at,
        listener=listener,
        meter=metrics.CatalogMeter(),
        find_shared=find_shared,
    )


def make_writer(settings: JournalSettings, groups: GroupNames) -> tuple[Writer, Ledger | None]:
    """Make what counts requests and writes the journal, and what tells how that goes, where one is written.

    Nothing is opened yet.
    """
    from heimdall_litellm.journal.ledger import Ledger
    from heimdall_litellm.journal.sink import DatabaseSink, NoMeter, NoSink
    from heimdall_litellm.journal.writer import Writer

    if not settings.enabled:
        writer = Writer(NoSink(), NoMeter())
        writer.tell(Traffic(groups))
        return writer, None
    sink = DatabaseSink(settings)
    ledger = Ledger(sink, metrics.JournalMeter())
    writer = Writer(ledger, ledger, size=settings.queue_size, flush_s=settings.flush_seconds)

    def known(known_as: str) -> Known | None:
        entry = sink.find(known_as)
        if entry is None:
            return None
        served = entry.outcome.model if entry.outcome is not None else None
        told = Told(served or entry.record.model or "", entry.record.arm, entry.record.mode)
        return Known(told, any(signal.source == "feedback" for signal in entry.signals))

    writer.tell(Traffic(groups, known))
    return writer, ledger


class Runtime:
    """Settings, engine, catalog entries and measured latencies of one process."""

    def __init__(
        self,
        settings: Settings,
        failures: Failures,
        *,
        make: MakeEngine = make_engine,
        watch: Callable[[Settings, Heimdall, Callable[[Bundle], None]], object] = watch_bundle,
        tower: MakeTower = make_tower,
        writer: MakeWriter = make_writer,
        clock: Callable[[], float] = time.monotonic,
        adapters: Sequence[Adapter] = (),
    ) -> None:
        self.settings = settings
        self.failures = failures
        self.health = Health(clock=clock, is_on=settings.failover.circuit_breaker)
        self.shared = Shared(self.health, failures, clock=clock)
        self.credentials = Credentials(adapters)
        self.is_simulating = settings.simulation.mode == "always"
        self.tower = tower(settings.catalog, self._adopt)
        self.modes = Modes(settings)
        secret = secret_of(seams.configuration(), environment())
        self.conversations = Conversations(secret)
        self._groups = Groups()
        self._deployments: dict[str, str] = {}
        self.writer, self.ledger = writer(settings.journal, lambda: self._groups.names)
        prompts = (Prompts(settings.journal, secret).keep,) if settings.journal.enabled else ()
        self.recorder = Recorder(self.writer, self._prices_of, *prompts)
        self.health.tell(self._show_aside)
        self._make, self._watch = make, watch
        self._watcher: object = None
        self._clock = clock
        self._engine: Heimdall | None = None
        self._entries: dict[str, CatalogEntry] = {}
        self._owners: dict[str, str] = {}
        self._latencies: dict[str, float] = {}
        self._priors: tuple[object, object, Mapping[str, Card]] | None = None
        self._expecting = threading.Lock()
        self._seen: object = None
        self._next_look = self._retry_at = float("-inf")
        self._building: asyncio.Task[Heimdall] | None = None
        self._refreshing: asyncio.Task[object] | None = None

    def build(self, models: ModelList, *, is_late: bool = False) -> Heimdall:
        """Build the engine from a model list. Raises ConfigError or BundleError.

        Where it `is_late`, as with models in a database, a group that shadow mode can't watch is only logged.
        """
        require_virtual_groups(self.settings, _groups(models))
        try:
            require_watched_groups(self.settings, _groups(models))
        except ConfigError as error:
            if not is_late:
                raise
            logger.warning("Heimdall: %s", error)
        entries = self._read(models)
        engine = self._make(self.settings, entries)
        self._engine = engine
        self._expect()
        self._watcher = self._watch(self.settings, engine, self._take_bundle)
        self._note(models)
        self.tower.start()
        return engine

    async def engine(self, models: ModelList) -> Heimdall:
        """Return the engine for the current model list, building it if there is none yet."""
        if (engine := self._engine) is not None:
            self._keep_fresh(models)
            return engine
        if self._clock() < self._retry_at:
            raise RuntimeError("no engine; the next attempt to build one comes later")
        if self._building is None or self._building.done():
            self._building = asyncio.create_task(asyncio.to_thread(self._first, list(models)))
        async with asyncio.timeout(BUILD_TIMEOUT_S):
            return await asyncio.shield(self._building)

    def candidate_names(self, name: str) -> tuple[str, ...]:
        """Return every model group that `name` may choose. Raises RuntimeError if there is no engine."""
        if self._engine is None:
            raise RuntimeError("no engine")
        return self._engine.candidate_names(name)

    def _first(self, models: ModelList) -> Heimdall:
        hurry(True)  # requests wait for it
        try:
            return self.build(models, is_late=True)
        except HeimdallError as error:
            # The proxy is up already: say once what is wrong; its requests go to their default model.
            self._retry_at = self._clock() + RETRY_S
            logger.error("Heimdall routes nothing until this is corrected: %s", error)
            raise
        except BaseException:
            self._retry_at = self._clock() + RETRY_S
            raise
        finally:
            hurry(False)  # the thread is used again

    def _keep_fresh(self, models: ModelList) -> None:
        now = self._clock()
        if now < self._next_look or (self._refreshing is not None and not self._refreshing.done()):
            return
        self._next_look = now + LOOK_S
        self.tower.start()  # no thread survives a fork
        if fingerprint(models) != self._seen:
            refreshed = asyncio.to_thread(self._refresh, list(models))
            self._refreshing = asyncio.create_task(shield(self.failures, "refresh", refreshed, None))

    async def refreshed(self) -> None:
        """Wait until what is being read again has been read."""
        if self._refreshing is not None:
            await self._refreshing

    def _refresh(self, models: ModelList) -> None:
        # Noted first, so that a list which can't be read isn't tried again with every request.
        self._note(models)
        require_virtual_groups(self.settings, _groups(models))
        self._read(models)

    def _note(self, models: ModelList) -> None:
        self._seen = fingerprint(models)
        members: dict[str, list[str]] = {}
        owners: dict[str, str] = {}
        for deployment in models:
            known = (deployment.get("model_info") or {}).get("id")
            members.setdefault(str(deployment.get("model_name")), []).append(str(known))
            owner = self.credentials.owner_of(deployment.get("litellm_params") or {})
            if owner is not None:
                owners[str(deployment.get("model_name"))] = owner
        self.health.know(members)
        self._owners = owners
        self._groups = Groups(models)
        self._deployments = {known: group for group, ids in members.items() for known in ids}

    def _show_aside(self, key: str, _circuit: Circuit, seconds: float) -> None:
        # A caller's own credential is theirs alone: it stands in no gauge.
        if (group := self._deployments.get(key)) is not None:
            entry = self.entry(group)
            metrics.aside_for(entry.provider if entry is not None else "", group, key, seconds)

    def _read(self, models: ModelList) -> tuple[CatalogEntry, ...]:
        simulating = simulates_all(self.settings, models, environment())
        self.tower.view(models, assume_credentials=simulating)
        if self.is_simulating and not simulating:
            logger.info(
                "Heimdall: real providers are called, as a model has a key or an address of its own. Models "
                "whose key isn't set are chosen no more."
            )
        self.is_simulating = simulating
        return tuple(self._entries.values())

    def _adopt(self, view: CatalogView) -> None:
        """Decide from what is known now; nothing is built, and nothing forgotten, where that is the same."""
        entries = {name: card.entry for name, card in view.cards.items()}
        if self._engine is not None and entries != self._entries:
            self._engine.replace_entries(tuple(entries.values()))
        self._entries = entries
        self._expect()

    def _take_bundle(self, bundle: Bundle) -> None:
        if self._engine is not None:
            self._engine.replace_bundle(bundle)
            _show(bundle)
            self._expect()

    def _expect(self) -> None:
        """Find out what is expected of the models, for some milliseconds; never on the event loop."""
        with self._expecting:
            view, snapshot = self.tower.current, self.snapshot
            if snapshot is None:
                return
            known, bundle = self._priors, snapshot.bundle
            if known is not None and known[0] is view.cards and known[1] is bundle:
                return
            try:
                cards = with_priors(view, bundle).cards
            except Exception as error:  # noqa: BLE001 - what a model costs is shown all the same
                self.failures.record("priors", error)
                cards = view.cards
            self._priors = (view.cards, bundle, cards)

    def _prices_of(self, group: str) -> Prices:
        card = self.tower.current.cards.get(group)
        return prices_of(card.facts) if card is not None else Prices()

    def catalog_view(self) -> CatalogView:
        """Return all that is known of the models, and how its sources are doing; nobody is asked.

        Where they have just changed, and what is expected of them isn't found out yet, they are as they were.
        """
        view, known = self.tower.current, self._priors
        return view if known is None else replace(view, cards=known[2])

    @property
    def snapshot(self) -> Snapshot | None:
        """What decisions are made from now; None where there is no engine yet."""
        return self._engine.snapshot if self._engine is not None else None

    def entry(self, group: str | None) -> CatalogEntry | None:
        """Return what is known of a model group."""
        return self._entries.get(group) if group is not None else None

    def group_of(self, model: str) -> str | None:
        """Return the model group that LiteLLM serves requests for `model` from; None where it has none."""
        return self._groups.find(model, seams.aliases_of(seams.proxy_router()))

    def owner_of(self, group: str) -> str | None:
        """Return the provider whose credential, brought by a caller, would serve a model group."""
        return self._owners.get(group)

    def observe_latency(self, group: str, seconds: float) -> None:
        """Take one measured latency into the moving average of `group`."""
        before = self._latencies.get(group)
        if before is None and len(self._latencies) >= _MAX_GROUPS:
            return
        self._latencies[group] = seconds if before is None else before + _SMOOTHING * (seconds - before)

    @property
    def latencies(self) -> Mapping[str, float]:
        """Seconds to the answer per model group: an exponential moving average."""
        return self._latencies


def fingerprint(models: ModelList) -> object:
    """Return something that changes when deployments come, go or are replaced."""
    return tuple(
        (
            d.get("model_name"),
            (d.get("model_info") or {}).get("id"),
            (d.get("litellm_params") or {}).get("model"),
        )
        for d in models
    )


def _groups(models: ModelList) -> tuple[str, ...]:
    return tuple(str(d.get("model_name")) for d in models)
