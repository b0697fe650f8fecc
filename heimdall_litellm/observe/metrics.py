"""Counters in Prometheus' default registry, which LiteLLM's own `prometheus` callback serves at `/metrics`.

Labels come from closed sets: LiteLLM's names of providers, the kinds of failure, the names of adapters.

| metric | labels | counts |
|---|---|---|
| `heimdall_attempts_total` | `provider`, `outcome`, `credential` | calls: `ok`, or a failure's kind |
| `heimdall_set_aside_total` | `provider`, `cause`, `scope` | circuits opened: `deployment` or `own` |

`credential` is the adapter that presented one, or `proxy` where LiteLLM's own key served. `own` is a caller's
own credential, set aside for nobody else.
"""

from __future__ import annotations

from prometheus_client import Counter

_ATTEMPTS = Counter(
    "heimdall_attempts", "Calls of a model, by how they ended.", ["provider", "outcome", "credential"]
)
_SET_ASIDE = Counter(
    "heimdall_set_aside", "Circuits opened, by what opened them.", ["provider", "cause", "scope"]
)
_PROXY = "proxy"


def attempt(provider: str, outcome: str, credential: str | None) -> None:
    """Count one attempt that is over."""
    _ATTEMPTS.labels(provider or "unknown", outcome, credential or _PROXY).inc()


def set_aside(provider: str, cause: str, *, is_own: bool) -> None:
    """Count one circuit opened here."""
    _SET_ASIDE.labels(provider or "unknown", cause, "own" if is_own else "deployment").inc()
