"""The order in which candidates are tried: the choice first, then the chain after it.

`rank` gives the order before anything has failed. Where all compete with all, by score alone. Where the
bucket decides who competes, by score within it; when a bucket is exhausted the next one up is tried before
the one down: a request thought easy may well be served by a stronger model, a hard one only as a last
resort by a weaker. No model comes twice.

`after` gives what is left of it once an attempt has failed, by what went wrong:

| failure | next |
|---|---|
| `unavailable` (5xx), `timeout`, `unreachable`, `broken` | other providers first: this one may be down |
| `rate-limited` | the same; with the caller's own credential, nobody else that would use it |
| `refused` (401, 402), `forbidden` (403), `gone` (404) | the next in order: it is this deployment's matter |
| `unfit` (a parameter that it doesn't take) | the next in order |
| `context` | wider windows, those for long contexts first; then those that hold it twice over by estimate |
| `policy` | the next in order, if the administrator wants that; else nobody |
| `client` (400, 422 and their like) | nobody: every model would say the same |

Those that have been set aside meanwhile come last. Nothing is ever added: the chain only shrinks, so it ends,
and it never leaves what was eligible.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from heimdall_litellm.core.types import Bucket, CandidateScore

_NEXT: dict[Bucket, tuple[Bucket, ...]] = {
    "cheap": ("cheap", "mid", "hard"),
    "mid": ("mid", "hard", "cheap"),
    "hard": ("hard", "mid", "cheap"),
}

FailureKind = Literal[
    "unavailable",
    "timeout",
    "unreachable",
    "broken",
    "rate-limited",
    "refused",
    "forbidden",
    "gone",
    "unfit",
    "context",
    "policy",
    "client",
]

LONG_CONTEXT: Final = 200_000
"""Tokens; a window of at least this is for long contexts."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One model of a chain. `window` in tokens, None if unknown.

    `own` names the caller's own credential that would serve it, None where the proxy's does.
    """

    model: str
    provider: str = ""
    window: int | None = None
    own: str | None = None


def rank(scored: Sequence[CandidateScore], bucket: Bucket, *, within_bucket: bool) -> list[CandidateScore]:
    """Order the eligible candidates for a request of a bucket, each model once.

    Ties go to the cheaper, then the better, then the name first in the alphabet, then the bucket's own
    row: a total order, so that the order of the configuration never decides.
    """
    place = {name: i for i, name in enumerate(_NEXT[bucket])}
    ordered = sorted(
        (candidate for candidate in scored if candidate.eligible),
        key=lambda c: (
            place[c.bucket] if within_bucket else 0,
            -c.score,
            c.cost_usd,
            -c.quality,
            c.model,
            place[c.bucket],
        ),
    )
    first: dict[str, CandidateScore] = {}
    for candidate in ordered:
        first.setdefault(candidate.model, candidate)
    return list(first.values())


def after(
    kind: FailureKind,
    failed: Hop,
    rest: Sequence[Hop],
    *,
    set_aside: Collection[str] = (),
    goes_on_after_policy: bool = False,
    tokens: int = 0,
) -> list[Hop]:
    """Return who is to be tried next, in order, when an attempt at `failed` ended in `kind`.

    `rest` are the hops not tried yet; `set_aside` the models that the circuit breaker holds back now;
    `tokens` is the request's estimated length.
    """
    left = [hop for hop in rest if hop.model != failed.model]
    match kind:
        case "client":
            return []
        case "policy":
            left = left if goes_on_after_policy else []
        case "context":
            left = _roomier(failed, left, tokens)
        case "rate-limited" if failed.own is not None:
            left = [hop for hop in left if hop.own != failed.own]
        case "unavailable" | "timeout" | "unreachable" | "broken" | "rate-limited":
            left.sort(key=lambda hop: hop.provider == failed.provider)
    left.sort(key=lambda hop: hop.model in set_aside)
    return left


def _roomier(failed: Hop, left: Sequence[Hop], tokens: int) -> list[Hop]:
    # Where a window is smaller than stated (a host's own limit, a free tier), a narrower one elsewhere may
    # well do.
    def place(hop: Hop) -> int:
        if hop.window is None:
            return 2
        if hop.window > (failed.window or 0):
            return 0 if hop.window >= LONG_CONTEXT else 1
        return 3 if hop.window >= 2 * tokens else 4

    return sorted((hop for hop in left if place(hop) < 4), key=place)
