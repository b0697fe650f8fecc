"""From what the journal holds to the answers, without what a caller may not know of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from heimdall_litellm.journal.record import JournalRecord
from heimdall_litellm.journal.store import Entry
from heimdall_litellm.report.figures import Summary
from heimdall_litellm.report.preview import Point
from heimdall_litellm.web import journal_models as models


def summary(entry: Entry) -> models.DecisionSummary:
    """Return a decision in short."""
    record, outcome = entry.record, entry.outcome
    said = [signal.score for signal in entry.signals if signal.source == "feedback"]
    caller = record.caller
    return models.DecisionSummary(
        id=record.id,
        call_id=record.call_id,
        at=record.at,
        requested=record.requested,
        model=record.model,
        decided=record.decided,
        answered=outcome.model if outcome is not None and outcome.status in ("answered", "cached") else None,
        mode=record.mode,
        arm=record.arm,
        cause=record.cause,
        reason=record.reason,
        bucket=record.bucket,
        alpha=record.alpha,
        policy=record.policy,
        effort=record.effort,
        expected_usd=record.cost_usd,
        cost_usd=outcome.cost_usd if outcome is not None else None,
        baseline_usd=outcome.baseline_usd if outcome is not None else None,
        status=outcome.status if outcome is not None else None,
        attempts=len(outcome.tries) if outcome is not None else None,
        latency_s=outcome.latency_s if outcome is not None else None,
        decision_us=record.duration_us,
        key=caller.alias or (caller.key[:12] if caller.key is not None else None),
        team=caller.team_alias or caller.team,
        feedback=said[-1] if said else None,
    )


def detail(entry: Entry, seen: frozenset[str] | None) -> models.DecisionDetail:
    """Return a decision whole, or with the models that are `seen` alone."""
    record = entry.record if seen is None else _only(entry.record, seen)
    return models.DecisionDetail(record=record, outcome=entry.outcome, signals=list(entry.signals))


def names_in(record: JournalRecord) -> frozenset[str]:
    """Return every model group that a record names."""
    return frozenset(_names(record))


def _names(record: JournalRecord) -> Iterator[str]:
    yield from (candidate.model for candidate in record.candidates)
    yield from record.given.set_aside or () if record.given is not None else ()
    yield from record.given.latencies or () if record.given is not None else ()
    if record.baseline is not None:
        yield record.baseline.model


def _only(record: JournalRecord, seen: frozenset[str]) -> JournalRecord:
    given = record.given
    if given is not None:
        given = replace(
            given,
            set_aside={name: why for name, why in (given.set_aside or {}).items() if name in seen} or None,
            latencies={name: s for name, s in (given.latencies or {}).items() if name in seen} or None,
        )
    baseline = record.baseline
    return replace(
        record,
        candidates=tuple(candidate for candidate in record.candidates if candidate.model in seen),
        baseline=baseline if baseline is not None and baseline.model in seen else None,
        given=given,
    )


def without_baselines(summary: Summary, seen: frozenset[str]) -> Summary:
    """Return a summary that names those baselines alone which are `seen`."""
    if summary.saving is None:
        return summary
    named = tuple(name for name in summary.saving.baselines if name in seen)
    return replace(summary, saving=replace(summary.saving, baselines=named))


def point(found: Point) -> models.PreviewPoint:
    """Return one α of a preview."""
    return models.PreviewPoint(
        alpha=found.alpha, cost_usd=found.cost_usd, quality=found.quality, shares=dict(found.shares)
    )
