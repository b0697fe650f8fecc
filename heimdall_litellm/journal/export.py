"""The journal as files for other tools: JSON Lines, which hold all of it, or Parquet, for tables.

Both are written as they are read, so that a journal of any size takes the same memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

from heimdall_litellm.errors import JournalError
from heimdall_litellm.journal.record import JournalRecord, Outcome
from heimdall_litellm.journal.schema import to_text
from heimdall_litellm.journal.store import Entry

_ROWS: Final = 5_000
"""Of how many records Parquet's row groups are."""


def _named(record: JournalRecord) -> str | None:
    return record.baseline.model if record.baseline is not None else None


def _first_failure(outcome: Outcome | None) -> str | None:
    return next(iter(outcome.failed_with), None) if outcome is not None else None


def _score(entry: Entry) -> float | None:
    weight = sum(signal.weight for signal in entry.signals)
    return sum(signal.weight * signal.score for signal in entry.signals) / weight if weight > 0 else None


_OF_RECORD: Final[Mapping[str, str]] = {
    "id": "string",
    "at": "time",
    "call_id": "string",
    "requested": "string",
    "call": "string",
    "mode": "string",
    "arm": "string",
    "cause": "string",
    "reason": "string",
    "bucket": "string",
    "decided": "string",
    "model": "string",
    "effort": "string",
    "alpha": "float",
    "propensity": "float",
    "conversation": "string",
    "repeated_tokens": "int",
    "is_remembered": "bool",
    "duration_us": "int",
    "version": "string",
}
_OF_OUTCOME: Final[Mapping[str, str]] = {
    "status": "string",
    "provider": "string",
    "deployment": "string",
    "latency_s": "float",
    "first_token_s": "float",
    "input_tokens": "int",
    "output_tokens": "int",
    "cached_tokens": "int",
    "cache_write_tokens": "int",
    "reasoning_tokens": "int",
    "cost_usd": "float",
    "baseline_usd": "float",
    "guessed_usd": "float",
    "would_usd": "float",
    "would_guessed_usd": "float",
    "finish": "string",
    "escalated_from": "string",
}
_DERIVED: Final[Mapping[str, tuple[str, Callable[[Entry], object]]]] = {
    "key": ("string", lambda entry: entry.record.caller.key),
    "alias": ("string", lambda entry: entry.record.caller.alias),
    "team": ("string", lambda entry: entry.record.caller.team),
    "user": ("string", lambda entry: entry.record.caller.user),
    "expected_usd": ("float", lambda entry: entry.record.cost_usd),
    "baseline": ("string", lambda entry: _named(entry.record)),
    "served": ("string", lambda entry: entry.outcome.model if entry.outcome is not None else None),
    "failures": ("int", lambda entry: len(entry.outcome.failed_with) if entry.outcome is not None else None),
    "failed_with": ("string", lambda entry: _first_failure(entry.outcome)),
    "signals": ("int", lambda entry: len(entry.signals)),
    "score": ("float", _score),
    "line": ("string", to_text),
}
"""Columns that are no field of the same name; `line` is the whole of it, as in JSON Lines."""


def write_jsonl(entries: Iterable[Entry], file: IO[str]) -> int:
    """Write a line for each record. Returns how many there were."""
    count = 0
    for entry in entries:
        file.write(f"{to_text(entry)}\n")
        count += 1
    return count


def write_parquet(entries: Iterable[Entry], path: Path) -> int:
    """Write a row for each record. Returns how many there were. Raises JournalError without pyarrow."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise JournalError(
            "Parquet is written by pyarrow, which isn't installed: pip install 'heimdall-litellm[parquet]'"
        ) from None
    kinds = {
        "string": pa.string(),
        "time": pa.timestamp("us", tz="UTC"),
        "float": pa.float64(),
        "int": pa.int64(),
        "bool": pa.bool_(),
    }
    named = {**_OF_RECORD, **_OF_OUTCOME, **{name: kind for name, (kind, _) in _DERIVED.items()}}
    schema = pa.schema([(name, kinds[kind]) for name, kind in named.items()])
    count, rest = 0, iter(entries)
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        while rows := [_row(entry) for entry in islice(rest, _ROWS)]:
            writer.write_table(pa.Table.from_pylist(rows, schema))
            count += len(rows)
    return count


def _row(entry: Entry) -> dict[str, Any]:
    row = {name: getattr(entry.record, name) for name in _OF_RECORD}
    row |= {name: getattr(entry.outcome, name, None) for name in _OF_OUTCOME}
    return row | {name: find(entry) for name, (_, find) in _DERIVED.items()}
