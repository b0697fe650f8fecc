"""Counters in Prometheus' default registry, which LiteLLM's own `prometheus` callback serves at `/metrics`.

Labels come from closed sets: LiteLLM's names of providers, the kinds of failure, the names of adapters and of
sources.

| metric | labels | counts |
|---|---|---|
| `heimdall_attempts_total` | `provider`, `outcome`, `credential` | calls: `ok`, or a failure's kind |
| `heimdall_set_aside_total` | `provider`, `cause`, `scope` | circuits opened: `deployment` or `own` |
| `heimdall_catalog_reads_total` | `source`, `outcome` | reads: `fetched`, `suspected`, `failed` … |
| `heimdall_catalog_drift_total` | `kind` | changes: `price`, `window`, `appeared`, `vanished` |
| `heimdall_catalog_models` | `source` | gauge: models in the last good list |
| `heimdall_catalog_age_seconds` | `source` | gauge: age of the last good list |

| `heimdall_journal_items_total` | `outcome` | items of the journal: `written`, or why they were lost |
| `heimdall_journal_waiting` | | gauge: items that wait to be written |

`credential` is the adapter that presented one, or `proxy` where LiteLLM's own key served. `own` is a caller's
own credential, set aside for nobody else. `adopted` is a list that another process or machine has fetched. A
change is counted once for each machine, by one of its processes.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge

_ATTEMPTS = Counter(
    "heimdall_attempts", "Calls of a model, by how they ended.", ["provider", "outcome", "credential"]
)
_SET_ASIDE = Counter(
    "heimdall_set_aside", "Circuits opened, by what opened them.", ["provider", "cause", "scope"]
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
    "Age of a source's last good list.",
    ["source"],
    multiprocess_mode="livemax",
)
_PROXY: Final = "proxy"


def attempt(provider: str, outcome: str, credential: str | None) -> None:
    """Count one attempt that is over."""
    _ATTEMPTS.labels(provider or "unknown", outcome, credential or _PROXY).inc()


def set_aside(provider: str, cause: str, *, is_own: bool) -> None:
    """Count one circuit opened here."""
    _SET_ASIDE.labels(provider or "unknown", cause, "own" if is_own else "deployment").inc()


_ITEMS = Counter("heimdall_journal_items", "Items of the journal, by what became of them.", ["outcome"])
_WAITING = Gauge(
    "heimdall_journal_waiting", "Journal items that wait to be written.", multiprocess_mode="livesum"
)


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

    def read(self, source: str, outcome: str) -> None:
        """Count one look at a source's list."""
        _READS.labels(source, outcome).inc()

    def state(self, source: str, models: int, age_s: float | None) -> None:
        """Show what is known from a source, and since when; nothing where nothing ever was."""
        if age_s is not None:
            _MODELS.labels(source).set(models)
            _AGE.labels(source).set(age_s)

    def drift(self, kind: str) -> None:
        """Count one change."""
        _DRIFT.labels(kind).inc()
