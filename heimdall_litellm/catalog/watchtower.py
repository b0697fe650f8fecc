"""The live catalog of one process: its sources kept current in the background, and the cards made from them.

Daemon threads, never the event loop, read each source when it is due, one beside the other, merge what there
is for the user's models, and hand a whole new view to the listener. Nothing waits for it: with every source
down, slow or lying, the last good catalog serves, and behind it LiteLLM's price map. It shows its age in
`view.sources`.

`view` and `refresh_now` may be called from any thread. `view` merges, for some milliseconds; `refresh_now`
asks the sources; `current` does neither.
"""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from heimdall_litellm.background import hurry, hurry_when
from heimdall_litellm.catalog.chronicle import Chronicle
from heimdall_litellm.catalog.drift import in_sum, in_words, is_loss
from heimdall_litellm.catalog.facts import CatalogView, Drift, SourceStatus
from heimdall_litellm.catalog.fetch import Fetcher
from heimdall_litellm.catalog.listings_index import ListingsIndex
from heimdall_litellm.catalog.lookout import Lookout, World
from heimdall_litellm.catalog.merge import MAP, Key, Merged, merge, settled
from heimdall_litellm.catalog.price_map import PriceMap
from heimdall_litellm.catalog.readers import Readers
from heimdall_litellm.catalog.readings import Reading
from heimdall_litellm.catalog.shared import Neighbours, Shared
from heimdall_litellm.catalog.sources.litellm_map import LiteLLMMap
from heimdall_litellm.catalog.sources.registry import sources
from heimdall_litellm.catalog.store import Store, default_path
from heimdall_litellm.config import CatalogSettings, environment
from heimdall_litellm.errors import ConfigError, HeimdallError

ModelList = Sequence[Mapping[str, object]]
Listener = Callable[[CatalogView], None]

LOOK_S: Final = 15.0
"""How often the thread wakes at least: to tell ages, and to see keys that were set."""
_READING_S: Final = 1.0
"""The same while a source is being read."""
_AFTER_FAILURE_S: Final = 1.0
MOST_LINES: Final = 20
"""How many changes are logged one by one at a time."""
_KEY: Final = "callback_settings.heimdall.catalog"
_RANDOM: Final = random.SystemRandom()  # a host may seed its own, for all its workers alike

logger = logging.getLogger("heimdall_litellm")


class Meter(Protocol):
    """Who counts what happens here."""

    def read(self, source: str, outcome: str) -> None:
        """Count one attempt to read a source."""
        ...

    def state(self, source: str, models: int, age_s: float | None) -> None:
        """Take the number of models of a source, and its age (`SourceStatus.age_s`)."""
        ...

    def drift(self, kind: str) -> None:
        """Count one change."""
        ...


class Silent:
    """Counts nothing."""

    def read(self, source: str, outcome: str) -> None:
        """Count nothing."""

    def state(self, source: str, models: int, age_s: float | None) -> None:
        """Count nothing."""

    def drift(self, kind: str) -> None:
        """Count nothing."""


class Watchtower:
    """Keeps the catalog current. Raises ConfigError for a source that nobody registers.

    `price_map` and `environ` are asked each time; `map_read_at` says when the map was fetched, None for the
    one that came with LiteLLM. `listener` receives each new view, in the thread that made it; what it raises
    is logged. `find_shared` gives the place where machines share what they have read.
    Where not `is_telling`, changes in lists are kept for a process of the proxy to tell, and the price map,
    which may be another than the proxy's, isn't compared.
    """

    def __init__(
        self,
        settings: CatalogSettings,
        price_map: Callable[[], PriceMap],
        *,
        map_read_at: Callable[[], datetime | None] = lambda: None,
        environ: Callable[[], Mapping[str, str]] = environment,
        listener: Listener | None = None,
        meter: Meter | None = None,
        find_shared: Callable[[], Shared | None] = lambda: None,
        is_telling: bool = True,
        fetcher: Fetcher | None = None,
        now: Callable[[], float] = time.time,
        jitter: Callable[[], float] = lambda: _RANDOM.uniform(0.9, 1.1),
    ) -> None:
        self._settings, self._environ = settings, environ
        self._price_map, self._map_read_at = price_map, map_read_at
        self._listener, self._meter, self._now = listener, meter or Silent(), now
        self._is_telling = is_telling
        wanted = [source for source in sources(settings.sources) if source.url is not None]
        for name in settings.urls:
            if name not in [source.name for source in wanted]:
                raise ConfigError(f"{_KEY}.urls.{name}: {name} is not fetched, so it has no URL")
        if fetcher is None:
            fetcher = Fetcher(
                timeout_s=settings.timeout_s,
                max_bytes=settings.max_bytes,
                private_hosts=settings.private_hosts,
            )
        self._store = _store(settings) if settings.sources else None
        self._chronicle = Chronicle(self._store)
        world = World(settings, environ, fetcher, self._store, Neighbours(find_shared), now, jitter)
        self._lookouts = tuple(Lookout(source, world) for source in wanted)
        self._models: ModelList = ()
        self._assume_credentials = False
        self._merged = Merged({})
        self._index = ListingsIndex()
        self._merged_at = now()
        self._noticed_map: PriceMap | None = None
        self._drift: Sequence[Drift] = ()
        self._view = CatalogView({})
        self._is_warm = False
        self._heard: frozenset[Key] = frozenset()
        # What is merged: a list counts once it has been taken in, and not while it comes.
        self._readings: dict[str, Reading | None] = {}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._make_locks()

    def _make_locks(self) -> None:
        """Make what threads wait at; no lock that another thread held outlives a fork."""
        self._process = os.getpid()
        self._readers = Readers()
        # Whoever looks is the only one to begin; whoever tells is the only one at the chronicle.
        self._looking, self._telling = threading.Lock(), threading.Lock()
        # Never held while a source is asked. Reentrant, as a listener may ask for the view of other models.
        self._merging = threading.RLock()

    @property
    def current(self) -> CatalogView:
        """The catalog as it is now; nothing is asked or waited for."""
        return self._view

    def status(self) -> tuple[SourceStatus, ...]:
        """How the sources are doing, the price map last."""
        at = self._map_read_at()
        own = SourceStatus(
            MAP, True, read_at=at, tried_at=at, models=len(self._price_map()), is_bundled=at is None
        )
        return (*(lookout.status for lookout in self._lookouts), own)

    def start(self) -> None:
        """Begin to keep the catalog current; a second call does nothing, after a fork it begins anew."""
        if self._settings.refresh_seconds == 0 or (self._thread is not None and self._thread.is_alive()):
            return
        if self._process != os.getpid():
            self._make_locks()
        self._stop.clear()
        self._thread = threading.Thread(target=self._watch, name="heimdall-catalog", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End it and wait so long for each of its threads; a list that is still being fetched is given up."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout_s)
        self._readers.wait(timeout_s)

    def view(self, model_list: ModelList, *, assume_credentials: bool = False) -> CatalogView:
        """Return the catalog for these models, from now on; what is known already counts, nobody is asked.

        Raises CatalogError naming the group and the key, and goes on with the models it had.
        """
        with self._merging:
            self._warm()
            merged = self._merge(model_list, assume_credentials)
            self._models, self._assume_credentials = model_list, assume_credentials
            self._merged, self._heard = settled(self._merged, merged), merged.heard
            return self._publish()

    def refresh_now(self) -> CatalogView:
        """Read all sources at once, whether they are due or not, and return the catalog."""
        self._look(is_forced=True)
        return self._view

    def _watch(self) -> None:
        hurry_when(self._stop.is_set)
        while not self._stop.is_set():
            try:
                self._begin(is_forced=False)
                # What is at hand, as in the store, is taken in before its changes are told.
                self._readers.wait(_READING_S)
                self._renew(is_forced=False)
            except Exception as error:  # noqa: BLE001 - the watch outlives whatever happens to it
                _complain(error)
                self._stop.wait(_AFTER_FAILURE_S)
            self._stop.wait(self._pause())

    def _pause(self) -> float:
        now = self._now()
        reading = [self._readers.is_reading(lookout.source.name) for lookout in self._lookouts]
        waits = [
            lookout.next_at - now
            for lookout, is_read in zip(self._lookouts, reading, strict=True)
            if lookout.is_active and not is_read
        ]
        waits.append(self._merged_at + self._settings.refresh_seconds - now)
        return min(_READING_S if any(reading) else LOOK_S, max(0.1, min(waits)))

    def _warm(self) -> None:
        """Take over what the store has, once."""
        if self._is_warm:
            return
        self._is_warm = True
        for lookout in self._lookouts:
            lookout.warm()
            self._readings[lookout.source.name] = lookout.reading
        self._reindex()
        self._drift = self._chronicle.latest()

    def _look(self, *, is_forced: bool) -> None:
        """Read what is due, wait for it, and renew what is known from the price map."""
        self._begin(is_forced=is_forced)
        self._readers.wait()
        self._renew(is_forced=is_forced)

    def _begin(self, *, is_forced: bool) -> None:
        """Begin to read what is due, all sources at once; each list is taken in as soon as it is there."""
        with self._looking:
            if is_forced:
                self._readers.wait()  # whoever is at a source already may only find that it isn't due
            with self._merging:
                self._warm()
            for lookout in self._lookouts:
                read = partial(self._read, lookout, is_forced=is_forced)
                self._readers.begin(lookout.source.name, read)

    def _read(self, lookout: Lookout, *, is_forced: bool) -> None:
        """Read one source, in a thread of its own."""
        hurry(is_forced)  # then somebody waits for it
        hurry_when(self._stop.is_set)
        try:
            before, asked = lookout.reading, lookout.asked
            outcome = lookout.look(is_forced=is_forced)
            if self._stop.is_set():
                return
            if outcome not in ("inactive", "waiting"):
                self._meter.read(lookout.source.name, outcome)
            if lookout.reading is not before or lookout.asked != asked:
                self._take_in(lookout)
        except Exception as error:  # noqa: BLE001 - the watch outlives whatever happens to it
            _complain(error)

    def _take_in(self, lookout: Lookout) -> None:
        """Merge a list that is new, and find what has changed in it; it is told once all are in.

        Till then nobody knows which changes touch the user's own models.
        """
        reading, asked = lookout.reading, lookout.asked
        with self._merging:
            self._readings[lookout.source.name] = reading
            self._reindex()
            self._merge_again()
        with self._telling:
            if reading is not None:
                at = reading.at.timestamp()
                self._chronicle.notice(reading.source, asked, reading.listings, at, self._now())
            self._drift = self._chronicle.latest()
        with self._merging:
            self._publish()

    def _renew(self, *, is_forced: bool) -> None:
        """Merge again where the price map is due or another, and tell what is new, and ages."""
        is_due = is_forced or self._now() >= self._merged_at + self._settings.refresh_seconds
        if self._notice_map() or is_due:
            with self._merging:
                self._merge_again()
        with self._telling:
            if self._tell() or is_due:
                self._drift = self._chronicle.latest()
        with self._merging:
            self._publish()

    def _notice_map(self) -> bool:
        """Find what has changed in the price map, once for each map there is; True if it is another."""
        price_map = self._price_map()
        with self._telling:
            if price_map is self._noticed_map:
                return False
            self._noticed_map = price_map
            if self._is_telling:
                now = self._now()
                self._chronicle.notice(MAP, "", LiteLLMMap().read(price_map).listings, now, now)
        return True

    def _reindex(self) -> None:
        self._index = ListingsIndex(each for each in self._readings.values() if each is not None)

    def _merge_again(self) -> None:
        """Merge for the same models."""
        self._merged_at = self._now()
        merged = self._merge(self._models, self._assume_credentials)
        self._merged = settled(self._merged, merged)
        # What is gone from a list was heard there before.
        self._heard |= merged.heard

    def _merge(self, models: ModelList, assume_credentials: bool) -> Merged:
        return merge(
            models,
            self._price_map(),
            self._environ(),
            listings=self._index,
            map_at=self._map_read_at(),
            assume_credentials=assume_credentials,
        )

    def _tell(self) -> bool:
        """Count and log what nobody has told yet; False if there is nothing.

        One line for each change that touches the user's own models, and one for the others of the price map.
        """
        changes = self._chronicle.take_untold() if self._is_telling else ()
        own, others = list[Drift](), list[Drift]()
        for change in changes:
            self._meter.drift(change.kind)
            key = (change.source, change.provider, change.model, change.field)
            if key in self._heard:
                own.append(change)
            elif change.source == MAP:
                others.append(change)
        own.sort(key=is_loss, reverse=True)
        for change in own[:MOST_LINES]:
            logger.log(logging.WARNING if is_loss(change) else logging.INFO, "Catalog: %s", in_words(change))
        if rest := own[MOST_LINES:] + others:
            logger.info("Catalog: %s; `heimdall catalog diff` names them", in_sum(rest))
        return bool(changes)

    def _publish(self) -> CatalogView:
        """Make the view what it is now, and hand it to the listener."""
        status = self.status()
        for each in status:
            self._meter.state(each.name, each.models, each.age_s(self._now()))
        view = CatalogView(self._merged.cards, status, self._drift)
        is_new = view.cards is not self._view.cards
        self._view = view
        if is_new and self._listener is not None:
            self._listener(view)
        return view


def _complain(error: Exception) -> None:
    said = str(error) if isinstance(error, HeimdallError) else type(error).__name__
    logger.warning("The catalog couldn't be renewed; the last good one serves: %s", said)


def _store(settings: CatalogSettings) -> Store | None:
    try:
        return Store(Path(settings.store).expanduser().absolute() if settings.store else default_path())
    except (RuntimeError, OSError):
        logger.warning("The catalog's store has no place, as there is no home directory; set catalog.store.")
        return None
