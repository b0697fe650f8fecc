"""From a store to the `Summary` of a period."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import numpy as np

from heimdall_litellm.core.types import BUCKETS
from heimdall_litellm.journal.store import Store
from heimdall_litellm.report.figures import (
    Counts,
    Estimated,
    Failover,
    Flow,
    ModelLine,
    Percentiles,
    Saving,
    Shadow,
    Share,
    Slot,
    Summary,
)
from heimdall_litellm.report.measured import measure
from heimdall_litellm.report.queries import (
    Cell,
    Scope,
    Slots,
    Timing,
    cells,
    sample,
    slots_of,
)
from heimdall_litellm.report.uncertainty import foregone, reckoned

NOBODY: Final = "nobody"
"""Stands for the model of a request that was refused."""
K = TypeVar("K", bound=Hashable)


def summarise(
    store: Store,
    since: datetime,
    until: datetime,
    *,
    key: str | None = None,
    requested: str | None = None,
    slots: int = 48,
) -> Summary:
    """Say what happened in [since, until): to one key's requests (alias or hash), for one virtual name.

    `slots` is how many whole parts the timeline has at most. Raises JournalError.
    """
    scope = Scope(since, until, key, requested)
    cut = slots_of(scope, slots)
    with store.reading() as connection:
        found = cells(connection, scope, cut)
        total = sum(cell.requests for cell in found)
        timings = sample(connection, scope, total)
        arms = {
            "chosen": sum(cell.chosen for cell in found),
            "holdout": sum(cell.held_out for cell in found),
        }
        measured = measure(connection, scope, arms)
    return Summary(
        since=since,
        until=until,
        key=key,
        requested=requested,
        requests=_counts(found, total),
        spend_usd=sum(cell.paid_usd for cell in found),
        unpriced=sum(cell.requests for cell in found if cell.status == "answered" and not cell.is_priced),
        saving=_saving(found),
        measured=measured,
        shadow=_shadow(found),
        estimated=_estimated(found),
        buckets=_shares(found, total, lambda cell: cell.bucket, BUCKETS),
        causes=_shares(found, total, lambda cell: cell.cause),
        models=_models(found, total, timings),
        failovers=_failovers(found),
        failed_open=sum(cell.requests for cell in found if cell.cause == "default"),
        remembered=sum(cell.remembered for cell in found),
        decision_us=_percentiles([timing.duration_us for timing in timings]),
        timeline=_timeline(found, cut),
    )


def _counts(found: Sequence[Cell], total: int) -> Counts:
    by_status = Counter[str]()
    for cell in found:
        by_status[cell.status] += cell.requests
    return Counts(total=total, **by_status)


def _grouped(found: Iterable[Cell], key: Callable[[Cell], K]) -> dict[K, list[Cell]]:
    groups: dict[K, list[Cell]] = defaultdict(list)
    for cell in found:
        groups[key(cell)].append(cell)
    return groups


def _shares(
    found: Sequence[Cell], total: int, trait: Callable[[Cell], str | None], order: Sequence[str] = ()
) -> tuple[Share, ...]:
    """Return the requests by a trait, of those that have it: in the given order, or the most first."""
    rows = [
        Share(name, count, count / total, sum(cell.paid_usd for cell in group))
        for name, group in _grouped(found, trait).items()
        if name is not None and (count := sum(cell.requests for cell in group))
    ]
    rank = {name: at for at, name in enumerate(order)}
    return tuple(sorted(rows, key=lambda row: (rank.get(row.name, len(rank)), -row.requests, row.name)))


def _models(found: Sequence[Cell], total: int, timings: Sequence[Timing]) -> tuple[ModelLine, ...]:
    latencies, first_tokens = defaultdict[Any, list[float]](list), defaultdict[Any, list[float]](list)
    for timing in timings:
        if timing.latency_s is not None:
            latencies[timing.model].append(timing.latency_s)
        if timing.first_token_s is not None:
            first_tokens[timing.model].append(timing.first_token_s)
    lines = []
    for model, group in _grouped(found, lambda cell: cell.model).items():
        requests, told = sum(cell.requests for cell in group), sum(cell.told for cell in group)
        lines.append(
            ModelLine(
                model=model if model is not None else NOBODY,
                requests=requests,
                share=requests / total,
                failed=sum(cell.requests for cell in group if cell.status == "failed"),
                spend_usd=_spend(group),
                input_tokens=sum(cell.input_tokens for cell in group),
                output_tokens=sum(cell.output_tokens for cell in group),
                cached_tokens=sum(cell.cached_tokens for cell in group),
                latency_s=_percentiles(latencies[model]),
                first_token_s=_percentiles(first_tokens[model]),
                score=sum(cell.score for cell in group) / told if told > 0 else None,
                signals=sum(cell.signals for cell in group),
            )
        )
    return tuple(sorted(lines, key=lambda line: (-line.requests, line.model)))


def _spend(group: Sequence[Cell]) -> float | None:
    answered = [cell for cell in group if cell.status == "answered"]
    if answered and not any(cell.is_priced for cell in answered):
        return None
    return sum(cell.paid_usd for cell in group)


def _percentiles(values: Sequence[float]) -> Percentiles | None:
    if not values:
        return None
    p50, p95, p99 = np.quantile(np.array(values, np.float64), (0.5, 0.95, 0.99)).tolist()
    return Percentiles(len(values), p50, p95, p99)


def _failovers(found: Sequence[Cell]) -> tuple[Failover, ...]:
    requests, answered = Counter[str](), Counter[str]()
    for cell in found:
        if cell.failed_with is not None:
            requests[cell.failed_with] += cell.requests
            answered[cell.failed_with] += cell.requests if cell.status == "answered" else 0
    ordered = sorted(requests.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(Failover(cause, count, answered[cause]) for cause, count in ordered)


def _saving(found: Sequence[Cell]) -> Saving | None:
    compared = [cell for cell in found if cell.is_compared]
    if not compared:
        return None
    paid, baseline = sum(cell.paid_usd for cell in compared), sum(cell.baseline_usd for cell in compared)
    pairs = _grouped(compared, lambda cell: (cell.baseline, cell.model))
    guessed = [sum(cell.guessed_usd for cell in group) for group in pairs.values()]
    usd, share = reckoned(paid, baseline, guessed)
    return Saving(
        baselines=tuple(sorted({str(cell.baseline) for cell in compared})),
        requests=sum(cell.requests for cell in compared),
        paid_usd=paid,
        baseline_usd=baseline,
        guessed_usd=sum(guessed),
        saved_usd=usd,
        saved_share=share,
    )


def _shadow(found: Sequence[Cell]) -> Shadow | None:
    watching = [cell for cell in found if cell.mode == "shadow"]
    if not watching:
        return None
    paid, would = sum(cell.watched_usd for cell in watching), sum(cell.would_usd for cell in watching)
    pairs = _grouped(watching, lambda cell: (cell.model, cell.decided))
    guessed = [sum(cell.would_guessed_usd for cell in group) for group in pairs.values()]
    usd, share = foregone(paid, would, guessed)
    flows = [
        Flow(
            answered=answered if answered is not None else NOBODY,
            decided=decided,
            requests=requests,
            compared=sum(cell.watched for cell in group),
            paid_usd=sum(cell.watched_usd for cell in group),
            would_usd=sum(cell.would_usd for cell in group),
        )
        for (answered, decided), group in pairs.items()
        if decided is not None and (requests := sum(cell.requests for cell in group))
    ]
    return Shadow(
        requests=sum(cell.requests for cell in watching),
        decided=sum(flow.requests for flow in flows),
        compared=sum(cell.watched for cell in watching),
        refused=sum(cell.requests for cell in watching if cell.cause == "refused" and cell.model is not None),
        paid_usd=paid,
        would_usd=would,
        guessed_usd=sum(guessed),
        saved_usd=usd,
        saved_share=share,
        flows=tuple(sorted(flows, key=lambda flow: (-flow.requests, flow.answered, flow.decided))),
    )


def _estimated(found: Sequence[Cell]) -> Estimated | None:
    foreseen = [cell for cell in found if cell.is_foreseen]
    if not foreseen:
        return None
    return Estimated(
        requests=sum(cell.requests for cell in foreseen),
        expected_usd=sum(cell.expected_usd for cell in foreseen),
        actual_usd=sum(cell.paid_usd for cell in foreseen),
    )


def _timeline(found: Sequence[Cell], slots: Slots) -> tuple[Slot, ...]:
    by_slot = _grouped(found, lambda cell: cell.slot)
    return tuple(_slot(slots.begins(at), by_slot.get(at, [])) for at in range(slots.count))


def _slot(at: datetime, group: Sequence[Cell]) -> Slot:
    compared = [cell for cell in group if cell.is_compared]
    return Slot(
        at=at,
        requests=sum(cell.requests for cell in group),
        spend_usd=sum(cell.paid_usd for cell in group),
        paid_usd=sum(cell.paid_usd for cell in compared),
        baseline_usd=sum(cell.baseline_usd for cell in compared),
        models=_by_model(group),
    )


def _by_model(group: Sequence[Cell]) -> Mapping[str, int]:
    by_model = Counter[str]()
    for cell in group:
        by_model[cell.model if cell.model is not None else NOBODY] += cell.requests
    return dict(sorted(by_model.items()))
