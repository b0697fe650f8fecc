"""Past traffic at other α: a bounded sample of it is decided again, each request from its own documents.

What a request would have cost and been worth is what was expected of the model chosen, by the catalog and the
settings of its time; nothing is called. Requests that chose an α of their own keep it. Only what the bundle
at hand has decided can be decided again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from heimdall_litellm.bundle import Bundle
from heimdall_litellm.core.candidates import CandidateSet
from heimdall_litellm.core.types import CandidateScore
from heimdall_litellm.errors import ConfigError, JournalError, NoCandidate
from heimdall_litellm.journal.record import Candidate, JournalRecord
from heimdall_litellm.journal.store import Page, Store
from heimdall_litellm.replay import candidates_from, replay

SAMPLE: Final = 300
BUDGET_S: Final = 3.0
"""How long the sample may be decided about; what isn't done by then is left out."""

LeftOut = Literal["other-bundle", "no-documents", "nobody-left", "no-time"]


@dataclass(frozen=True, slots=True)
class Point:
    """What requests cost (USD) and are worth (0..1) in the mean at one α, and who gets what share of them."""

    alpha: float
    cost_usd: float
    quality: float
    shares: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Preview:
    """A period at several α. `decided` is the same traffic as it was decided, at its mean α.

    `sampled` decisions were looked at, `replayed` of them made again; `left_out` says why others weren't.
    """

    since: datetime
    until: datetime
    sampled: int
    replayed: int
    left_out: Mapping[LeftOut, int]
    decided: Point | None
    points: tuple[Point, ...]


Chosen = tuple[str, float, float]
"""A model, with the expected cost (USD) and quality."""


def preview(
    store: Store,
    bundle: Bundle,
    page: Page,
    alphas: Sequence[float],
    *,
    budget_s: float = BUDGET_S,
    clock: Callable[[], float] = time.monotonic,
) -> Preview:
    """Decide `page.limit` of the page's decisions again at each of `alphas`. Raises JournalError.

    The page must have both ends of its period.
    """
    if page.since is None or page.until is None:
        raise ValueError("a preview needs both ends of its period")
    records = store.sample(page)
    again = _Again(store, bundle, alphas)
    left_out: Counter[LeftOut] = Counter()
    rows: list[tuple[JournalRecord, list[Chosen]]] = []
    deadline = clock() + budget_s
    for record in records:
        if clock() > deadline:
            left_out["no-time"] = len(records) - len(rows) - left_out.total()
            break
        found = again.choices(record)
        if isinstance(found, str):
            left_out[found] += 1
        else:
            rows.append((record, found))
        time.sleep(0)  # lets go of the interpreter, so that no request waits for the whole of it
    points = [_point(alpha, [row[at] for _, row in rows]) for at, alpha in enumerate(alphas)] if rows else []
    return Preview(
        page.since, page.until, len(records), len(rows), left_out, _as_decided(rows), tuple(points)
    )


class _Again:
    """Makes decisions again; what they share is read once."""

    def __init__(self, store: Store, bundle: Bundle, alphas: Sequence[float]) -> None:
        self._store, self._bundle, self._alphas = store, bundle, alphas
        self._known: dict[tuple[str, str], CandidateSet | None] = {}

    def choices(self, record: JournalRecord) -> list[Chosen] | LeftOut:
        """Return who would be chosen at each α, or why that can't be told."""
        digests = record.digests
        if digests is None or digests.bundle != self._bundle.manifest_sha256:
            return "other-bundle"
        papers = (digests.settings, digests.catalog)
        if papers not in self._known:
            self._known[papers] = self._candidates(*papers)
        candidates = self._known[papers]
        if candidates is None:
            return "no-documents"
        own = record.given.alpha if record.given is not None else None
        try:
            if own is not None:
                return [self._chosen(record, candidates, own)] * len(self._alphas)
            return [self._chosen(record, candidates, alpha) for alpha in self._alphas]
        except NoCandidate:
            return "nobody-left"
        except JournalError:
            return "no-documents"

    def _chosen(self, record: JournalRecord, candidates: CandidateSet, alpha: float) -> Chosen:
        decision = replay(record, candidates, self._bundle, alpha=alpha)
        return _expected(decision.rows[decision.model])

    def _candidates(self, settings: str, catalog: str) -> CandidateSet | None:
        papers = self._store.document(settings), self._store.document(catalog)
        if papers[0] is None or papers[1] is None:
            return None
        try:
            return candidates_from(papers[0], papers[1], self._bundle)
        except (JournalError, ConfigError):
            return None


def _expected(chosen: CandidateScore | Candidate) -> Chosen:
    return chosen.model, chosen.cost_usd, chosen.quality


def _point(alpha: float, chosen: Sequence[Chosen]) -> Point:
    count = len(chosen)
    shares = Counter(model for model, _, _ in chosen)
    return Point(
        alpha,
        sum(cost for _, cost, _ in chosen) / count,
        sum(quality for _, _, quality in chosen) / count,
        {model: number / count for model, number in shares.most_common()},
    )


def _as_decided(rows: Sequence[tuple[JournalRecord, object]]) -> Point | None:
    decided = [
        (record.alpha or 0.0, _expected(chosen))
        for record, _ in rows
        if (chosen := record.chosen) is not None
    ]
    if not decided:
        return None
    mean = sum(alpha for alpha, _ in decided) / len(decided)
    return replace(_point(mean, [chosen for _, chosen in decided]), alpha=round(mean, 4))
