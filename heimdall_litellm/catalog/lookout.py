"""One source, kept current: fetched, or taken over from whoever fetched it.

When a list is due it is looked for in this order: in the store, where another process of the machine may have
put it; at the other machines (`Shared`); and only then at its source. One process of a machine at a time asks
(a file lock beside the store), and one machine at a time (`Shared.lock`). What fails is tried again after a
growing pause, which the processes of a machine share; the last good list stays.

A list in which suddenly too much is other (`suspicion.py`) is held, and the last good one serves, until it
has come again at the next two refreshes. What is remembered of it lies in the store, beside the good list,
as the next to ask may be another process; to others a list is told once it is believed.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Literal
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from heimdall_litellm.catalog.facts import Listing, SourceStatus
from heimdall_litellm.catalog.fetch import Answer, Ask, Fetcher
from heimdall_litellm.catalog.paging import fetch_list
from heimdall_litellm.catalog.readings import Reading
from heimdall_litellm.catalog.shared import Neighbours, from_bytes, to_bytes
from heimdall_litellm.catalog.sources.source import Source
from heimdall_litellm.catalog.store import Kept, Store
from heimdall_litellm.catalog.suspicion import Oddity, Suspicion, find_oddity, suspect
from heimdall_litellm.config import CatalogSettings
from heimdall_litellm.errors import CatalogError

Outcome = Literal["fetched", "unchanged", "suspected", "adopted", "waiting", "failed", "inactive"]
"""How one look at a source ended. `suspected`: it came, and is held. `waiting`: somebody else fetches it."""

FIRST_PAUSE_S: Final = 30.0
LONGEST_PAUSE_S: Final = 3600.0
POLL_S: Final = 2.0
_SUSPECTED: Final = "suspected"
_SHARED_S: Final = 86_400.0
_PREFIX: Final = "heimdall:catalog:1"

logger = logging.getLogger("heimdall_litellm")


@dataclass(frozen=True, slots=True)
class World:
    """What a lookout works with. `now` gives Unix times; `jitter` factors around 1."""

    settings: CatalogSettings
    environ: Callable[[], Mapping[str, str]]
    fetcher: Fetcher
    store: Store | None
    neighbours: Neighbours
    now: Callable[[], float]
    jitter: Callable[[], float]


def asked_by(url: str, headers: Mapping[str, str]) -> str:
    """Return a digest of what is asked: with another key, or of another mirror, the answer may be another."""
    return hashlib.sha256(json.dumps([url, sorted(headers.items())]).encode()).hexdigest()[:16]


class Lookout:
    """Keeps one source current. Its methods block, one thread at a time calls them; any reads `status`."""

    def __init__(self, source: Source, world: World) -> None:
        self.source, self._world = source, world
        self._mirror = world.settings.urls.get(source.name)
        self.reading: Reading | None = None
        self.kept: Kept | None = None
        self.is_active = False
        self.next_at = 0.0
        self._asked = ""
        self._asked_since: float | None = None
        self._is_failing = False
        self._suspicion: Suspicion | None = None

    @property
    def status(self) -> SourceStatus:
        """How it is doing."""
        kept, reading, suspicion = self.kept, self.reading, self._suspicion
        return SourceStatus(
            self.source.name,
            self.is_active,
            read_at=reading.at if reading else None,
            tried_at=_moment(kept.tried_at) if kept else None,
            models=len(reading.listings) if reading else 0,
            error=kept.error if kept else None,
            suspected_since=_moment(suspicion.since) if suspicion else None,
            asked_since=None if self._asked_since is None else _moment(self._asked_since),
        )

    @property
    def asked(self) -> str:
        """What is asked, as a digest: what was read before belongs to the same question or to none."""
        return self._asked

    @property
    def is_due(self) -> bool:
        """Whether it is time to look; also where a clock was set back, and the time seems far away."""
        wait = self.next_at - self._world.now()
        return wait <= 0 or wait > 2 * max(self._world.settings.refresh_seconds, LONGEST_PAUSE_S)

    def warm(self) -> None:
        """Take over what the store has, without asking anybody."""
        if self._ask() is not None:
            self._adopt_from_store()

    def look(self, *, is_forced: bool = False) -> Outcome:
        """Read the list if it is due, or at once. Raises nothing that a source or a store can cause."""
        ask = self._ask()
        if ask is None:
            self.next_at = self._world.now() + POLL_S * 5
            return "inactive"
        if self._adopt_from_store() and not is_forced:
            return "adopted"
        if not is_forced and not self.is_due:
            return "waiting"
        with self._alone(is_forced) as is_alone:
            if not is_alone:
                self.next_at = self._world.now() + POLL_S
                return "waiting"
            # Whoever had the lock may just have fetched it.
            if self._adopt_from_store():
                return "adopted"
            if not is_forced and not self.is_due:
                return "waiting"
            return self._fetch_or_adopt(ask, is_forced)

    def _ask(self) -> Ask | None:
        """Say what to ask, None if there is nothing to ask with; forget what was read with another key."""
        if self._mirror is not None:
            url, headers = self._mirror, {}
            hosts = frozenset({(urlsplit(url).hostname or "").lower()})
        else:
            credentials = self._credentials()
            self.is_active = credentials is not None and self.source.url is not None
            if credentials is None or self.source.url is None:
                self.reading = self.kept = self._suspicion = self._asked_since = None
                self._is_failing = False
                return None
            url, headers, hosts = self.source.url, dict(credentials), self.source.hosts
        self.is_active = True
        asked = asked_by(url, headers)
        if asked != self._asked or self._asked_since is None:
            self._asked_since = self._world.now()
        if asked != self._asked:
            self._asked, self.reading, self.kept, self.next_at = asked, None, None, 0.0
            self._suspicion, self._is_failing = None, False
        return Ask(url, hosts, headers)

    def _credentials(self) -> Mapping[str, str] | None:
        try:
            given = self.source.credentials(self._world.environ())
        except Exception as error:  # noqa: BLE001 - the code may be another package's
            logger.debug("%s: no credentials (%s)", self.source.name, type(error).__name__)
            return None
        is_sound = isinstance(given, Mapping) and all(
            isinstance(text, str) for pair in given.items() for text in pair
        )
        return given if is_sound else None

    def _adopt_from_store(self) -> bool:
        """Take over what another process did; True if that is a newer list."""
        store = self._world.store
        kept = store.kept(self.source.name, self._asked) if store is not None else None
        if store is None or kept is None or (self.kept is not None and kept.tried_at <= self.kept.tried_at):
            return False
        if kept.tried_at > self._world.now() + POLL_S:
            return False  # of a clock that went wrong
        known = self.reading.at.timestamp() if self.reading else 0.0
        listings: Sequence[Listing] = ()
        if kept.read_at is not None and kept.read_at > known:
            listings = store.listings(self.source.name, self._asked)
            if listings:
                self._take(kept.read_at, listings)
        self._suspicion = self._remembered()
        self._note(kept)
        return bool(listings)

    def _fetch_or_adopt(self, ask: Ask, is_forced: bool) -> Outcome:
        if not is_forced and self._adopt_from_others():
            return "adopted"
        is_ours = self._world.neighbours.lock(
            f"{self._key}:fetching", self._world.settings.timeout_s + POLL_S
        )
        if not is_ours and not is_forced:
            self.next_at = self._world.now() + POLL_S
            return "waiting"
        began = self._world.now()
        try:
            listings, answer = fetch_list(self.source, self._since_last(ask), self._world.fetcher)
            oddity = None if listings is None else find_oddity(self._listings, listings)
        except CatalogError as error:
            self._fail(began, str(error))
            return "failed"
        except Exception as error:  # noqa: BLE001 - a source may be another package's code, an answer anything
            self._fail(began, f"{self.source.name}: it can't be read ({type(error).__name__})")
            return "failed"
        if oddity is not None and self._hold(began, oddity):
            return "suspected"
        self._succeed(began, listings, answer)
        return "unchanged" if listings is None else "fetched"

    def _since_last(self, ask: Ask) -> Ask:
        """Ask for what has changed since the list that serves, where one does."""
        if self.reading is None or self.kept is None:
            return ask
        return replace(ask, etag=self.kept.etag, last_modified=self.kept.last_modified)

    def _hold(self, began: float, oddity: Oddity) -> bool:
        """Keep the list that serves, as the new one is odd; False once that has come often enough."""
        name, before = self.source.name, self._remembered()
        suspicion = suspect(before, oddity, began)
        if suspicion.is_over:
            logger.info("Catalog: %s is believed after all, though %s", name, oddity.cause)
            return False
        said = suspicion.in_words(oddity.cause)
        if before is None:
            logger.warning("Catalog: %s is %s", name, said)
        self._remember(suspicion)
        known = self.kept or Kept(began)
        kept = replace(known, tried_at=self._world.now(), failures=0, error=f"{name}: {said}")
        self._note(kept)
        if self._world.store is not None:
            self._world.store.put(name, self._asked, kept)
        return True

    def _remembered(self) -> Suspicion | None:
        """Return what is held against the source's list, by whichever process of the machine."""
        store = self._world.store
        row = None if store is None else store.kept(self.source.name, f"{self._asked}:{_SUSPECTED}")
        if row is None:
            return self._suspicion
        if not row.failures or row.read_at is None or row.etag is None:
            return None
        return Suspicion(row.read_at, row.failures, row.etag)

    def _remember(self, suspicion: Suspicion | None) -> None:
        store, is_known = self._world.store, self._remembered() is not None
        self._suspicion = suspicion
        if store is None or (suspicion is None and not is_known):
            return
        row = Kept(self._world.now())
        if suspicion is not None:
            row = replace(row, read_at=suspicion.since, failures=suspicion.times, etag=suspicion.digest)
        store.put(self.source.name, f"{self._asked}:{_SUSPECTED}", row)

    def _succeed(self, began: float, listings: Sequence[Listing] | None, answer: Answer) -> None:
        self._remember(None)
        self._take(began, listings if listings is not None else self._listings)
        kept = Kept(self._world.now(), began, etag=answer.etag, last_modified=answer.last_modified)
        self._note(kept)
        if self._world.store is not None:
            # Written though nothing has changed: the file may be a new one.
            self._world.store.put(self.source.name, self._asked, kept, self._listings)
        self._world.neighbours.set(self._key, to_bytes(began, self._listings), _SHARED_S)

    def _fail(self, began: float, error: str) -> None:
        before = self.kept or Kept(began)
        kept = replace(before, tried_at=self._world.now(), failures=before.failures + 1, error=error)
        self._note(kept)
        if not self._is_failing:
            self._is_failing = True
            read = self.reading
            serves = f"its list of {read.at:%Y-%m-%d %H:%M} UTC serves" if read else "no list of it is known"
            logger.warning("Catalog: %s; until it answers, %s", error, serves)
        if self._world.store is not None:
            self._world.store.put(self.source.name, self._asked, kept)

    def _adopt_from_others(self) -> bool:
        """Take over what another machine has read lately."""
        told = from_bytes(self._world.neighbours.get(self._key))
        now = self._world.now()
        if told is None or now - told.read_at >= self._world.settings.refresh_seconds:
            return False
        read_at = min(told.read_at, now)  # its clock may be ahead of ours
        if self.reading is not None and read_at <= self.reading.at.timestamp():
            return False
        self._remember(None)
        self._take(read_at, told.listings)
        kept = Kept(now, read_at)
        self._note(kept)
        if self._world.store is not None:
            self._world.store.put(self.source.name, self._asked, kept, told.listings)
        return True

    @property
    def _key(self) -> str:
        return f"{_PREFIX}:{self.source.name}:{self._asked}"

    @property
    def _listings(self) -> Sequence[Listing]:
        return self.reading.listings if self.reading else ()

    def _take(self, read_at: float, listings: Sequence[Listing]) -> None:
        source = self.source
        self.reading = Reading(source.name, source.rank, source.hosts, _moment(read_at), listings)

    def _note(self, kept: Kept) -> None:
        """Remember how it went, and settle when it is due again."""
        self.kept = kept
        if self._is_failing and not kept.failures:
            self._is_failing = False
            logger.info("Catalog: %s answers again", self.source.name)
        every = self._world.settings.refresh_seconds
        if kept.failures:
            pause = min(FIRST_PAUSE_S, every or FIRST_PAUSE_S) * 2 ** min(kept.failures - 1, 20)
            self.next_at = kept.tried_at + min(pause, LONGEST_PAUSE_S) * self._world.jitter()
        else:
            # Where a list is held, what was read before may be long ago.
            since = kept.tried_at if kept.error else kept.read_at or kept.tried_at
            self.next_at = since + every * self._world.jitter()

    @contextmanager
    def _alone(self, is_forced: bool) -> Iterator[bool]:
        """Be the only process of the machine that asks this source; without a store there is no telling."""
        store = self._world.store
        if store is None or not store.is_usable:
            yield True
            return
        path = store.path.with_name(f".{store.path.name}.{self._asked}.lock")
        lock = FileLock(path, timeout=self._world.settings.timeout_s if is_forced else 0, mode=0o600)
        try:
            lock.acquire()
        except Timeout:
            yield False
            return
        except OSError:
            yield True
            return
        try:
            yield True
        finally:
            lock.release()


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
