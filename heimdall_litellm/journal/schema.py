"""The published JSON Schema of the journal's lines, made from `record.py`.

`python -m heimdall_litellm.journal.schema [DIRECTORY]` writes `journal.schema.json`; a test compares it with
the code. A line is what `heimdall journal export` writes: a record with its outcome and its signals.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from heimdall_litellm.core.visible import in_json
from heimdall_litellm.journal.record import SCHEMA, JournalRecord, Outcome, Signal, adapter_of
from heimdall_litellm.journal.store import Entry

NAME: Final = "journal.schema.json"


@dataclass(frozen=True, slots=True)
class Line:
    """One decision, what came of it (null if nothing has been heard), and what was said of the answer."""

    record: JournalRecord
    outcome: Outcome | None
    signals: tuple[Signal, ...]
    schema: Literal[1] = SCHEMA


def line_of(entry: Entry) -> Line:
    """Return an entry as a line."""
    return Line(entry.record, entry.outcome, entry.signals)


def to_text(entry: Entry) -> str:
    """Return an entry as one line of JSON, without its end, that no terminal takes for more than text."""
    text: bytes = adapter_of(Line).dump_json(line_of(entry))
    return in_json(text.decode())


def to_data(entry: Entry) -> dict[str, Any]:
    """Return an entry as JSON's own types."""
    found: dict[str, Any] = adapter_of(Line).dump_python(line_of(entry), mode="json")
    return found


def json_schema() -> Mapping[str, Any]:
    """Return the schema of a line as it is written."""
    made = adapter_of(Line).json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of Heimdall's journal",
        **{name: value for name, value in made.items() if name != "title"},
    }


def schema_text() -> str:
    """Return the text of the published file."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    (target / NAME).write_text(schema_text(), encoding="utf-8")
