"""Counters of requests: what was decided, what came of it, what it cost, and how good it was.

They are fed from the journal's items as these are made, on the writer's thread and once each, whether a
journal is kept or not: the request's path does nothing for them. An outcome and a signal name a request by
its id, so what labels it is remembered, bounded; a request that was decided elsewhere may be in the journal.

Model labels are the model groups of the configuration, and `other` for anything else.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from typing import Final, NamedTuple, TypeVar

from prometheus_client import Counter, Histogram

from heimdall_litellm.journal.record import Item, JournalRecord, Outcome, Signal

_MS: Final = 1e-3
_DECISION_BUCKETS: Final = tuple(
    _MS * at for at in (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000)
)
_STAGE_BUCKETS: Final = tuple(
    _MS * at for at in (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 50, 100)
)
_ANSWER_BUCKETS: Final = (0.1, 0.25, 0.5, 1, 1.5, 2.5, 4, 6, 10, 15, 25, 40, 60, 120, 300, 600)
_FIRST_TOKEN_BUCKETS: Final = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2.5, 4, 6, 10, 20, 40, 60, 120)

_DECISIONS = Counter(
    "heimdall_decisions",
    "Requests, by where they were sent and why; in shadow mode, where they would have been.",
    ["bucket", "model", "cause", "mode"],
)
_DECISION_SECONDS = Histogram(
    "heimdall_decision_seconds", "What a decision added to its request.", buckets=_DECISION_BUCKETS
)
_STAGE_SECONDS = Histogram(
    "heimdall_decision_stage_seconds",
    "Parts of decisions that weren't remembered.",
    ["stage"],
    buckets=_STAGE_BUCKETS,
)
_REMEMBERED = Counter("heimdall_decision_cache", "Decisions made anew or remembered.", ["outcome"])
_ESTIMATED = Counter(
    "heimdall_estimated_cost_usd", "What was expected of the models decided on.", ["model", "mode"]
)
_ESTIMATED_BASELINE = Counter(
    "heimdall_estimated_baseline_cost_usd",
    "What was expected of the baseline for the same requests.",
    ["mode"],
)
_REQUESTS = Counter(
    "heimdall_requests", "Requests that are over, by who served them.", ["model", "status", "arm", "mode"]
)
_COST = Counter(
    "heimdall_cost_usd",
    "What was paid, by LiteLLM's figures; compared: the baseline's cost is known too.",
    ["model", "arm", "mode", "compared"],
)
_BASELINE = Counter(
    "heimdall_baseline_cost_usd",
    "What the baseline would have cost, for the requests whose cost is compared.",
    ["model", "arm", "mode"],
)
_LATENCY = Histogram(
    "heimdall_latency_seconds", "Time to the whole answer.", ["model"], buckets=_ANSWER_BUCKETS
)
_FIRST_TOKEN = Histogram(
    "heimdall_first_token_seconds",
    "Time to the first token, of streams.",
    ["model"],
    buckets=_FIRST_TOKEN_BUCKETS,
)
_FAILOVERS = Counter(
    "heimdall_failovers", "Requests that went on to another model, and what came of it.", ["cause", "status"]
)
_ESCALATIONS = Counter(
    "heimdall_escalations", "Requests that left the caller's own credential, by whose it was.", ["provider"]
)
_SIGNALS = Counter(
    "heimdall_signals",
    "Signs of how good an answer was; good: a score of 0.5 or more.",
    ["verdict", "source", "model", "arm", "mode"],
)

V = TypeVar("V")
MOST_MODELS: Final = 200
_MOST_REMEMBERED: Final = 20_000
_OTHER: Final = "other"
_NONE: Final = "none"


class Told(NamedTuple):
    """What labels a request."""

    model: str
    arm: str
    mode: str


_NOBODY: Final = Told(_OTHER, "chosen", "route")


class Known(NamedTuple):
    """What a journal tells of a request: what labels it, and whether somebody has rated it."""

    told: Told
    is_rated: bool = False


Find = Callable[[str], "Known | None"]
"""From the id of a request to what a journal tells of it; None where nobody knows."""


class Traffic:
    """Counts the journal's items. To be called by one thread.

    `groups` gives the model groups of the configuration. `find` is asked about signals alone: they may come
    long after their request, and to another worker. Of feedback that comes again only the first counts, even
    where it has changed, for a counter can't take back what it has counted.
    """

    def __init__(self, groups: Callable[[], Collection[str]], find: Find = lambda _: None) -> None:
        self._groups, self._find = groups, find
        self._models: set[str] = set()
        self._told: OrderedDict[str, Told] = OrderedDict()
        self._rated: OrderedDict[str, bool] = OrderedDict()

    def __call__(self, items: Sequence[Item]) -> None:
        """Count items."""
        for item in items:
            if isinstance(item, JournalRecord):
                self._decided(item)
            elif isinstance(item, Outcome):
                self._ended(item)
            elif isinstance(item, Signal):
                self._judged(item)

    def _model(self, name: str | None) -> str:
        if name is None:
            return _NONE
        if name not in self._models:
            if len(self._models) >= MOST_MODELS or name not in self._groups():
                return _OTHER
            self._models.add(name)
        return name

    def _decided(self, record: JournalRecord) -> None:
        is_shadow = record.mode == "shadow"
        model = self._model((record.decided or record.model) if is_shadow else record.model)
        _remember(self._told, record.id, Told(self._model(record.model), record.arm, record.mode))
        _DECISIONS.labels(record.bucket or _NONE, model, record.cause, record.mode).inc()
        if record.decided is None:
            return
        _DECISION_SECONDS.observe(record.duration_us / 1e6)
        _one_of(_REMEMBERED, "hit" if record.is_remembered else "miss", ("hit", "miss"))
        if not record.is_remembered:
            for stage, spent_us in zip(("embedding", "features", "triage"), record.spent_us, strict=True):
                _STAGE_SECONDS.labels(stage).observe(spent_us / 1e6)
        if record.cost_usd is not None:
            _ESTIMATED.labels(self._model(record.decided), record.mode).inc(record.cost_usd)
            if record.baseline is not None:
                _ESTIMATED_BASELINE.labels(record.mode).inc(record.baseline.cost_usd)

    def _ended(self, outcome: Outcome) -> None:
        before = self._told.get(outcome.id, _NOBODY)
        told = before._replace(model=self._model(outcome.model) if outcome.model else before.model)
        _remember(self._told, outcome.id, told)
        _REQUESTS.labels(told.model, outcome.status, told.arm, told.mode).inc()
        if outcome.cost_usd is not None:
            compared = "no" if outcome.baseline_usd is None else "yes"
            _COST.labels(*told, compared).inc(outcome.cost_usd)
        if outcome.baseline_usd is not None:
            # A cache that would have been warm can be worth more than was paid; a counter can't go down.
            _BASELINE.labels(*told).inc(max(0.0, outcome.baseline_usd))
        if outcome.status == "answered":
            if outcome.latency_s is not None:
                _LATENCY.labels(told.model).observe(outcome.latency_s)
            if outcome.first_token_s is not None:
                _FIRST_TOKEN.labels(told.model).observe(outcome.first_token_s)
        if len(outcome.tries) > 1:
            cause = next((each.outcome for each in outcome.tries if each.outcome != "ok"), _NONE)
            _FAILOVERS.labels(cause, outcome.status).inc()
        if outcome.escalated_from is not None:
            _ESCALATIONS.labels(outcome.escalated_from or "unknown").inc()

    def _judged(self, signal: Signal) -> None:
        told, found, is_rating = self._told.get(signal.id), None, signal.source == "feedback"
        if is_rating and signal.id in self._rated:
            return
        if told is None or is_rating:
            found = self._find(signal.id)
        if is_rating:
            _remember(self._rated, signal.id, True)
            if found is not None and found.is_rated:
                return
        if told is None and found is not None:
            told = found.told._replace(model=self._model(found.told.model))
        verdict = "good" if signal.score >= 0.5 else "bad"
        model, arm, mode = told or _NOBODY
        if signal.model is not None:
            model = self._model(signal.model)
        _one_of(_SIGNALS, verdict, ("good", "bad"), signal.source, model, arm, mode)


def _remember(known: OrderedDict[str, V], name: str, value: V) -> None:
    known[name] = value
    if len(known) > _MOST_REMEMBERED:
        known.popitem(last=False)


def _one_of(counter: Counter, found: str, possible: Sequence[str], *labels: str) -> None:
    """Count one, and have the others there as 0: a share of what isn't there would be unknown."""
    for value in possible:
        counter.labels(value, *labels).inc(value == found)
