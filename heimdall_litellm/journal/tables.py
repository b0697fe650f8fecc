"""The tables: what is asked for often in columns of its own, and each item whole beside it.

The columns are copies, for queries; `body` is what counts (`record.py`). `failed_with` is the kind of the
first failure. Times are microseconds of Unix time, so that both databases order and compare them alike.
`migrations/` makes the tables; a test holds the two to each other.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA: Final = MetaData()

RECORDS: Final = Table(
    "records",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("call_id", String(200)),
    Column("requested", Text, nullable=False),
    Column("mode", String(16), nullable=False),
    Column("arm", String(16), nullable=False),
    Column("cause", String(16), nullable=False),
    Column("bucket", String(16)),
    Column("model", Text),
    Column("decided", Text),
    Column("effort", String(16)),
    Column("propensity", Float, nullable=False),
    Column("conversation", String(64)),
    Column("key", String(200)),
    Column("alias", String(200)),
    Column("team", Text),
    Column("cost_usd", Float),
    Column("baseline", Text),
    Column("baseline_usd", Float),
    Column("duration_us", Integer, nullable=False),
    Column("is_remembered", Boolean, nullable=False),
    Column("body", Text, nullable=False),
    Index("records_at", "at_us"),
    Index("records_call", "call_id"),
)

OUTCOMES: Final = Table(
    "outcomes",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("at_us", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),
    Column("model", Text),
    Column("provider", Text),
    Column("latency_s", Float),
    Column("first_token_s", Float),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("cost_usd", Float),
    Column("baseline_usd", Float),
    Column("guessed_usd", Float),
    Column("failures", Integer, nullable=False),
    Column("failed_with", String(32)),
    Column("body", Text, nullable=False),
    Index("outcomes_at", "at_us"),
)

SIGNALS: Final = Table(
    "signals",
    METADATA,
    Column("id", String(64), nullable=False),
    Column("source", String(32), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("score", Float, nullable=False),
    Column("weight", Float, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("id", "source", name="signals_id_source"),
    Index("signals_at", "at_us"),
)

DOCUMENTS: Final = Table(
    "documents",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)


def microseconds(at: datetime) -> int:
    """Return a time as the tables hold it."""
    return round(at.timestamp() * 1e6)
