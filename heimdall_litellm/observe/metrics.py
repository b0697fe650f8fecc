"""Counters in Prometheus' default registry, which LiteLLM's own `prometheus` callback serves at `/metrics`.

These are of the process: its attempts, failures, circuits, catalog, bundle and journal; `traffic.py` has
those of requests. docs/metrics.md lists all, with what one asks them.

Labels come from closed sets: LiteLLM's names of providers, the configuration's deployments, the kinds of
failure, the names of adapters and of sources. Under several workers each writes a file of its own, and
whoever is asked adds them up; so every gauge says how (`multiprocess_mode`), and nothing is computed when it
is read.
"""

from __future__ import annotations

import time
from datetime import datetime
from functools import lru_cache
from typing import Final

from prometheus_client import Counter, Gauge

_PROXY: Final = "proxy"
_UNKNOWN: Final = "unknown"

_ATTEMPTS = Counter(
    "heimdall_attempts", "Calls of a model, by how they ended.", ["provider", "outcome", "credential"]
)
_SET_ASIDE = Counter(
    "heimdall_set_aside", "Circuits opened, by what opened them.", ["provider", "cause", "scope"]
)
# When it ends, and not whether it lasts: a pause ends by itself, and nobody is there to say so. Of several
# workers the one that waits longest, so that a deployment is one however many of them set it aside.
_ASIDE_UNTIL = Gauge(
    "heimdall_set_aside_until_timestamp_seconds",
    "When a deployment may be called again; 0 once it is well.",
    ["provider", "model", "deployment"],
    multiprocess_mode="livemax",
)
_FAILURES = Counter(
    "heimdall_failures", "Failures of Heimdall's own, in spite of which requests went on.", ["stage", "cause"]
)
_READS = Counter(
    "heimdall_catalog_reads", "Reads of a source's list, by how they ended.", ["source", "outcome"]
)
_DRIFT = Counter("heimdall_catalog_drift", "Changes of the catalog, once for each machine.", ["kind"])
# Of several processes the one that knows most, and the one that is furthest behind.
_MODELS = Gauge(
    "heimdall_catalog_models", "Models in a source's last good list.", ["source"], multiprocess_mode="livemax"
)
_AGE = Gauge(
    "heimdall_catalog_age_seconds",
    "Age of a source's last good list; of one that never answered, the time since it is asked.",
    ["source"],
    multiprocess_mode="livemax",
)
_BUNDLE = Gauge(
    "heimdall_bundle_info",
    "1 for the bundle that decides, 0 for one that did.",
    ["bundle", "digest"],
    multiprocess_mode="livemax",
)
_BUNDLE_CREATED = Gauge(
    "heimdall_bundle_created_timestamp_seconds",
    "When the bundle was made that decides; the oldest, where workers differ.",
    multiprocess_mode="livemin",
)
_ITEMS = Counter("heimdall_journal_items", "Items of the journal, by what became of them.", ["outcome"])
_WAITING = Gauge(
    "heimdall_journal_waiting", "Journal items that wait to be written.", multiprocess_mode="livesum"
)


@lru_cache(maxsize=1_000)
def _attempts(provider: str, outcome: str, credential: str) -> Counter:
    return _ATTEMPTS.labels(provider, outcome, credential)


def attempt(provider: str, outcome: str, credential: str | None) -> None:
    """Count one attempt that is over."""
    _attempts(provider or _UNKNOWN, outcome, credential or _PROXY).inc()


def set_aside(provider: str, cause: str, *, is_own: bool) -> None:
    """Count one circuit opened here."""
    _SET_ASIDE.labels(provider or _UNKNOWN, cause, "own" if is_own else "deployment").inc()


def aside_for(provider: str, model: str, deployment: str, seconds: float) -> None:
    """Show that a deployment is set aside for so long from now; 0 where it is well again."""
    until = time.time() + seconds if seconds > 0 else 0.0
    _ASIDE_UNTIL.labels(provider or _UNKNOWN, model, deployment).set(until)


def failed(stage: str, cause: str) -> None:
    """Count one failure that failed no request; `cause` is the name of an exception."""
    _FAILURES.labels(stage, cause).inc()


class BundleMeter:
    """Shows which bundle decides."""

    def __init__(self) -> None:
        self._shown: tuple[str, str] | None = None

    def serves(self, bundle: str, digest: str, created: datetime) -> None:
        """Show a bundle, by its id and the start of its digest, in the place of the one before."""
        shown = (bundle, digest[:12])
        if self._shown is not None and self._shown != shown:
            _BUNDLE.labels(*self._shown).set(0)
        _BUNDLE.labels(*shown).set(1)
        _BUNDLE_CREATED.set(created.timestamp())
        self._shown = shown


class JournalMeter:
    """Counts what becomes of the journal's items."""

    def written(self, count: int) -> None:
        """Count items that were kept."""
        _ITEMS.labels("written").inc(count)

    def dropped(self, cause: str, count: int = 1) -> None:
        """Count items that were lost, by `full`, `unmade` or `unwritable`."""
        _ITEMS.labels(cause).inc(count)

    def waiting(self, count: int) -> None:
        """Show how many items wait."""
        _WAITING.set(count)


class CatalogMeter:
    """Counts what the watchtower does."""

    def __init__(self) -> None:
        self._shown: set[str] = set()

    def read(self, source: str, outcome: str) -> None:
        """Count one look at a source's list."""
        _READS.labels(source, outcome).inc()

    def state(self, source: str, models: int, age_s: float | None) -> None:
        """Show what is known from a source, and since when; 0 for an age once it isn't asked any more.

        Labels can't be taken back where there are several workers.
        """
        if models or age_s is not None or source in self._shown:
            _MODELS.labels(source).set(models)
        if age_s is not None or source in self._shown:
            self._shown.add(source)
            _AGE.labels(source).set(age_s or 0.0)

    def drift(self, kind: str) -> None:
        """Count one change."""
        _DRIFT.labels(kind).inc()
