"""Times in a query: a moment (RFC 3339), or how long ago (`7d`)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints, WithJsonSchema

_AGO: Final = r"^[1-9][0-9]{0,3}[mhdw]$"
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_MOMENT: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})", re.IGNORECASE | re.ASCII
)
_LONGEST: Final = timedelta(days=366)


def _checked(given: str) -> str:
    moment_of(given, datetime.now(UTC))
    return given


When = Annotated[
    str,
    StringConstraints(max_length=64),
    AfterValidator(_checked),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "pattern": _AGO}]}
    ),
]
"""A time as it is given."""


def moment_of(given: str, now: datetime) -> datetime:
    """Return the time that is meant, in UTC. Raises ValueError."""
    if re.fullmatch(_AGO, given, re.ASCII):
        return now - timedelta(**{_UNITS[given[-1]]: int(given[:-1])})
    if not _MOMENT.fullmatch(given):
        raise ValueError("write a time as 2026-11-27T06:45:00Z, or how long ago as 90m, 24h, 7d or 4w")
    found = datetime.fromisoformat(given.upper())
    if not 1 < found.year < 9999:
        raise ValueError("the year must be between 2 and 9998")
    return found.astimezone(UTC)


def since(given: str, until: datetime) -> datetime:
    """Return where a period begins that ends at `until`: a year before it at most. Raises ValueError."""
    return max(moment_of(given, until), until - _LONGEST)
