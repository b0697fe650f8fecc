"""From items to the rows of their tables (`tables.py`)."""

from __future__ import annotations

from math import isfinite
from typing import Any

from sqlalchemy import Table

from heimdall_litellm.journal.record import Document, Item, JournalRecord, Outcome, Signal, to_json
from heimdall_litellm.journal.tables import DOCUMENTS, OUTCOMES, RECORDS, SIGNALS
from heimdall_litellm.journal.tables import microseconds as _us

Row = dict[str, Any]


def row_of(item: Item) -> tuple[Table, Row]:
    """Return an item's table, and its row as both databases take it. Raises ValueError for what has none."""
    table, row = _row(item)
    return table, {name: _clean(value) for name, value in row.items()}


def _row(item: Item) -> tuple[Table, Row]:
    match item:
        case JournalRecord():
            return RECORDS, {
                "id": item.id,
                "at_us": _us(item.at),
                "call_id": item.call_id[:200] if item.call_id is not None else None,
                "requested": item.requested,
                "mode": item.mode,
                "arm": item.arm,
                "cause": item.cause,
                "bucket": item.bucket,
                "model": item.model,
                "decided": item.decided,
                "effort": item.effort,
                "propensity": item.propensity,
                "conversation": item.conversation,
                "key": item.caller.key,
                "alias": item.caller.alias,
                "team": item.caller.team,
                "cost_usd": item.cost_usd,
                "baseline": item.baseline.model if item.baseline is not None else None,
                "baseline_usd": item.baseline.cost_usd if item.baseline is not None else None,
                "duration_us": item.duration_us,
                "is_remembered": item.is_remembered,
                "body": to_json(item),
            }
        case Outcome():
            return OUTCOMES, {
                "id": item.id,
                "at_us": _us(item.at),
                "status": item.status,
                "model": item.model,
                "provider": item.provider,
                "latency_s": item.latency_s,
                "first_token_s": item.first_token_s,
                "input_tokens": item.input_tokens,
                "output_tokens": item.output_tokens,
                "cached_tokens": item.cached_tokens,
                "cost_usd": item.cost_usd,
                "baseline_usd": item.baseline_usd,
                "guessed_usd": item.guessed_usd,
                "would_usd": item.would_usd,
                "would_guessed_usd": item.would_guessed_usd,
                "failures": len(item.failed_with),
                "failed_with": next(iter(item.failed_with), None),
                "body": to_json(item),
            }
        case Signal():
            return SIGNALS, {
                "id": item.id,
                "source": item.source,
                "at_us": _us(item.at),
                "score": item.score,
                "weight": item.weight,
                "body": to_json(item),
            }
        case Document():
            return DOCUMENTS, {
                "digest": item.digest,
                "kind": item.kind,
                "at_us": _us(item.at),
                "body": item.body,
            }


def _clean(value: Any) -> Any:
    """Return a value that both databases take, as JSON has it.

    PostgreSQL knows no NUL, UTF-8 no half characters, and JSON only numbers that are finite.
    """
    if isinstance(value, float) and not isfinite(value):
        return None
    if not isinstance(value, str) or ("\0" not in value and value.isascii()):
        return value
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
