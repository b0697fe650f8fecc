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
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from heimdall_litellm.catalog.drift import drift_of_cards, drift_of_listings, in_words, is_loss
from heimdall_litellm.catalog.facts import CatalogView, Drift, SourceStatus
from heimdall_litellm.catalog.fetch import Fetcher
from heimdall_litellm.catalog.listings_index import ListingsIndex
from heimdall_litellm.catalog.lookout import Lookout, Outcome, World
from heimdall_litellm.catalog.merge import MAP, Key, Merged, merge
from heimdall_litellm.catalog.price_map import PriceMap
from heimdall_litellm.catalog.readers import Readers
from heimdall_litellm.catalog.readings import Reading
from heimdall_litellm.catalog.shared import Neighbours, Shared
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
SHOWN_DRIFT: Final = 200
_KEY: Final = "callback_settings.heimdall.catalog"

logger = logging.getLogger("heimdall_litellm")


class Meter(Protocol):
    """Who counts what happens here."""

    def read(self, source: str, outcome: str) -> None:
        """Count one attempt to read a source."""
        ...

    def state(self, source: str, models: int, age_s: float | None) -> None:
        """Take the number of models of a source, and the age of what is known from it."""
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

    `price_map` and `environ` are asked each time. `listener` receives each new view, in the thread that made
    it; what it raises is logged. `find_shared` gives the place where machines share what they have read.
    """

    def __init__(
        self,
        settings: CatalogSettings,
        price_map: Callable[[], PriceMap],
        *,
        environ: Callable[[], Mapping[str, str]] = environment,
        listener: Listener | None = None,
        meter: Meter | None = None,
        find_shared: Callable[[], Shared | None] = lambda: None,
        fetcher: Fetcher | None = None,
        now: Callable[[], float] = time.time,
        jitter: Callable[[], float] = lambda: random.uniform(0.9, 1.1),
    ) -> None:
        self._settings, self._price_map, self._environ = settings, price_map, environ
        self._listener, self._meter, self._now = listener, meter or Silent(), now
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
        self._store = _store(settings) if wanted else None
        world = World(settings, environ, fetcher, self._store, Neighbours(find_shared), now, jitter)
        self._lookouts = tuple(Lookout(source, world) for source in wanted)
        self._models: ModelList = ()
        self._assume_credentials = False
        self._merged = Merged({})
        self._index = ListingsIndex()
        self._map_at = now()
        self._drift: tuple[Drift, ...] = ()
        self._view = CatalogView({})
        self._is_warm = False
        self._heard: frozenset[Key] = frozenset()
        # What is merged: a list counts once it has been taken in, and not while it comes.
        self._readings: dict[str, Reading | None] = {}
        self._readers = Readers()
        self._looking = threading.Lock()
        # Never held while a source is asked. Reentrant, as a listener may ask for the view of other models.
        self._merging = threading.RLock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def current(self) -> CatalogView:
        """The catalog as it is now; nothing is asked or waited for."""
        return self._view

    def status(self) -> tuple[SourceStatus, ...]:
        """How the sources are doing, the price map last."""
        at = datetime.fromtimestamp(self._map_at, UTC)
        own = SourceStatus(MAP, True, read_at=at, tried_at=at, models=len(self._price_map()))
        return (*(lookout.status for lookout in self._lookouts), own)

    def start(self) -> None:
        """Begin to keep the catalog current; a second call does nothing, after a fork it begins anew."""
        if self._settings.refresh_seconds == 0 or (self._thread is not None and self._thread.is_alive()):
            return
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
            self._models, self._assume_credentials, self._merged = model_list, assume_credentials, merged
            return self._publish()

    def refresh_now(self) -> CatalogView:
        """Read all sources at once, whether they are due or not, and return the catalog."""
        self._look(is_forced=True)
        return self._view

    def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                self._begin(is_forced=False)
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
        waits.append(self._map_at + self._settings.refresh_seconds - now)
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
        self._recall()

    def _recall(self) -> None:
        """Take the latest changes from the store, where other processes put theirs."""
        if self._store is not None and self._store.is_usable:
            self._drift = self._store.drift()[:SHOWN_DRIFT]

    def _look(self, *, is_forced: bool) -> None:
        """Read what is due, wait for it, and renew what is known from the price map."""
        self._begin(is_forced=is_forced)
        self._readers.wait()
        self._renew(is_forced=is_forced)

    def _begin(self, *, is_forced: bool) -> None:
        """Begin to read what is due, all sources at once; each list is taken in as soon as it is there."""
        with self._looking:
            with self._merging:
                self._warm()
            for lookout in self._lookouts:
                read = partial(self._read, lookout, is_forced=is_forced)
                self._readers.begin(lookout.source.name, read)

    def _read(self, lookout: Lookout, *, is_forced: bool) -> None:
        """Read one source, in a thread of its own."""
        try:
            before, asked = lookout.reading, lookout.asked
            outcome = lookout.look(is_forced=is_forced)
            if self._stop.is_set():
                return
            if lookout.asked != asked:
                before = None  # another key sees other models, which is no change
            if outcome not in ("inactive", "waiting"):
                self._meter.read(lookout.source.name, outcome)
            if lookout.reading is not before or lookout.asked != asked:
                self._take_in(lookout, before, outcome)
        except Exception as error:  # noqa: BLE001 - the watch outlives whatever happens to it
            _complain(error)

    def _renew(self, *, is_forced: bool) -> None:
        """Merge again where the price map is due, and tell ages."""
        with self._merging:
            if is_forced or self._now() >= self._map_at + self._settings.refresh_seconds:
                self._tell(self._merge_again())
                self._recall()
            self._publish()

    def _take_in(self, lookout: Lookout, before: Reading | None, outcome: Outcome) -> None:
        """Merge a list that is new, and tell what has changed in it."""
        changes: list[Drift] = []
        after = lookout.reading
        if outcome == "fetched" and before is not None and after is not None:
            changes = drift_of_listings(after.source, before.listings, after.listings, after.at)
        with self._merging:
            self._readings[lookout.source.name] = after
            self._reindex()
            self._tell(changes + self._merge_again())
            if outcome == "adopted":
                self._recall()  # whoever fetched it has told what has changed
            self._publish()

    def _reindex(self) -> None:
        self._index = ListingsIndex(each for each in self._readings.values() if each is not None)

    def _merge_again(self) -> list[Drift]:
        """Merge for the same models, and return what has changed in the price map."""
        before, now = self._merged, self._now()
        self._map_at = now
        self._merged = self._merge(self._models, self._assume_credentials)
        self._heard = before.heard | self._merged.heard
        return drift_of_cards(MAP, before.cards, self._merged.cards, datetime.fromtimestamp(now, UTC))

    def _merge(self, models: ModelList, assume_credentials: bool) -> Merged:
        return merge(
            models,
            self._price_map(),
            self._environ(),
            listings=self._index,
            map_at=datetime.fromtimestamp(self._map_at, UTC),
            assume_credentials=assume_credentials,
        )

    def _tell(self, changes: Sequence[Drift]) -> None:
        """Count changes, keep them, and log those of the user's own models."""
        for change in changes:
            self._meter.drift(change.kind)
            is_own = change.source == MAP or (change.source, change.provider, change.model) in self._heard
            if is_own:
                level = logging.WARNING if is_loss(change) else logging.INFO
                logger.log(level, "Catalog: %s", in_words(change))
        if changes:
            if self._store is not None:
                self._store.add_drift(changes)
            self._drift = (*reversed(changes), *self._drift)[:SHOWN_DRIFT]

    def _publish(self) -> CatalogView:
        """Make the view what it is now, and hand it to the listener."""
        status = self.status()
        for each in status:
            age_s = None if each.read_at is None else max(0.0, self._now() - each.read_at.timestamp())
            self._meter.state(each.name, each.models, age_s)
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
