"""Past traffic at other α: a bounded sample of it is decided again, each request from its own documents.

What a request would have cost and been worth is what was expected of the model chosen, by the catalog and the
settings of its time; nothing is called. Requests that chose an α of their own keep it. Only what the bundle
at hand has decided can be decided again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
BUDGET_S: Final = 2.0
"""How long the sample is decided about at a time."""

LeftOut = Literal["other-bundle", "no-documents", "nobody-left"]


@dataclass(frozen=True, slots=True)
class Point:
    """What requests cost (USD) and are worth (0..1) in the mean at one α, and who gets what share of them."""

    alpha: float
    cost_usd: float
    quality: float
    shares: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Preview:
    """A period at several α. `decided` is the same traffic as it was decided; its α is that of most of it.

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


class Rehearsal:
    """A sample of a page's decisions, made again at one α after another.

    What was decided is kept by record and α, and no record itself: so a rehearsal that goes on, later or at
    another α, is of the same sample, and takes up where it was. The page must have both ends of its period,
    and its limit is how large the sample is.
    """

    def __init__(self, bundle: Bundle, page: Page, clock: Callable[[], float] = time.monotonic) -> None:
        if page.since is None or page.until is None:
            raise ValueError("a preview needs both ends of its period")
        self._since, self._until, self._page = page.since, page.until, page
        self._bundle, self._clock = bundle, clock
        self._sample: tuple[str, ...] | None = None
        self._decided: dict[str, tuple[float, Chosen]] = {}
        self._chosen: dict[str, dict[float, Chosen]] = {}
        self._left_out: dict[str, LeftOut] = {}

    def go_on(self, store: Store, alphas: Sequence[float], budget_s: float = BUDGET_S) -> bool:
        """Decide at `alphas` what isn't decided yet; False where time was up before. Raises JournalError."""
        deadline = self._clock() + budget_s
        if self._sample is None:
            found = store.sample(self._page)
            self._sample = tuple(record.id for record in found)
        else:
            found = store.records(self._sample)
        records = {record.id: record for record in found}
        again = _Again(store, self._bundle)
        for known_as in self._sample:
            missing = [alpha for alpha in alphas if alpha not in self._chosen.get(known_as, ())]
            if known_as in self._left_out or not missing:
                continue
            if self._clock() > deadline:
                return False
            record = records.get(known_as)
            if record is None or record.chosen is None:
                self._left_out[known_as] = "no-documents"
                continue
            chosen = again.choices(record, missing)
            if isinstance(chosen, str):
                self._left_out[known_as] = chosen
                continue
            self._decided[known_as] = (record.alpha or 0.0, _expected(record.chosen))
            self._chosen.setdefault(known_as, {}).update(zip(missing, chosen, strict=True))
            time.sleep(0)  # lets go of the interpreter, so that no request waits for the whole of it
        return True

    def preview(self, alphas: Sequence[float]) -> Preview:
        """Return what is known at `alphas`: at each of them, and as decided, of the same records."""
        sample = self._sample or ()
        rows = [each for each in sample if each not in self._left_out and each in self._decided]
        points: list[Point] = []
        decided = None
        if rows:
            points = [_point(alpha, [self._chosen[each][alpha] for each in rows]) for alpha in alphas]
            ((usual, _),) = Counter(self._decided[each][0] for each in rows).most_common(1)
            decided = _point(usual, [self._decided[each][1] for each in rows])
        left_out = Counter(self._left_out.values())
        return Preview(self._since, self._until, len(sample), len(rows), left_out, decided, tuple(points))


class _Again:
    """Makes decisions again; what they share is read once."""

    def __init__(self, store: Store, bundle: Bundle) -> None:
        self._store, self._bundle = store, bundle
        self._known: dict[tuple[str, str], CandidateSet | None] = {}

    def choices(self, record: JournalRecord, alphas: Sequence[float]) -> list[Chosen] | LeftOut:
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
                return [self._chosen(record, candidates, own)] * len(alphas)
            return [self._chosen(record, candidates, alpha) for alpha in alphas]
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
