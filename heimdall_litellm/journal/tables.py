"""The tables: what is asked for often in columns of its own, and each item whole beside it.

The columns are copies, for queries; `body` is what counts (`record.py`). A record's row also holds what came
of it, once that is known (`CAME_OF_IT`): then a report reads one index and joins nothing. There `cost_usd`
and `baseline_usd` are what was expected, `paid_usd` and `reckoned_usd` what it came to. `failed_with` is the
kind of the first failure. Times are microseconds of Unix time, so that both databases order and compare them
alike. `PARTS` and `SUMS` hold what `sums.py` adds up. `migrations/` makes the tables; a test holds the two to
each other.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    func,
    literal_column,
    or_,
)

METADATA: Final = MetaData()

CAME_OF_IT: Final = {
    "status": "status",
    "served": "model",
    "latency_s": "latency_s",
    "first_token_s": "first_token_s",
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cached_tokens": "cached_tokens",
    "paid_usd": "cost_usd",
    "reckoned_usd": "baseline_usd",
    "guessed_usd": "guessed_usd",
    "failed_with": "failed_with",
    "would_usd": "would_usd",
    "would_guessed_usd": "would_guessed_usd",
}
"""Columns of a record that are filled from its outcome, and what they are called there."""
REPORTED: Final = (
    *("at_us", "id", "requested", "mode", "arm", "cause", "bucket", "model", "decided", "propensity"),
    *("conversation", "key", "alias", "cost_usd", "baseline", "baseline_usd", "duration_us", "is_remembered"),
    *CAME_OF_IT,
)
"""What reports are made from."""

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
    Column("status", String(16)),
    Column("served", Text),
    Column("latency_s", Float),
    Column("first_token_s", Float),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("cached_tokens", BigInteger),
    Column("paid_usd", Float),
    Column("reckoned_usd", Float),
    Column("guessed_usd", Float),
    Column("failed_with", String(32)),
    Column("body", Text, nullable=False),
    Column("would_usd", Float),
    Column("would_guessed_usd", Float),
    Index("records_call", "call_id"),
    # SQLite keeps a row's columns beside its body, so that a report would read all of the file. In PostgreSQL
    # the bodies lie apart.
    Index("records_report", *REPORTED).ddl_if(dialect="sqlite"),
    Index("records_at", "at_us").ddl_if(dialect="postgresql"),
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
    Column("would_usd", Float),
    Column("would_guessed_usd", Float),
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

PARTS: Final = Table("parts", METADATA, Column("at_us", BigInteger, primary_key=True, autoincrement=False))

SUMS: Final = Table(
    "sums",
    METADATA,
    Column("at_us", BigInteger, nullable=False),
    Column("requested", Text, nullable=False),
    Column("model", Text),
    Column("bucket", String(16)),
    Column("cause", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("mode", String(16), nullable=False),
    Column("baseline", Text),
    Column("failed_with", String(32)),
    Column("is_priced", Integer, nullable=False),
    Column("is_reckoned", Integer, nullable=False),
    Column("is_as_decided", Integer, nullable=False),
    Column("requests", BigInteger, nullable=False),
    Column("remembered", BigInteger, nullable=False),
    Column("paid_usd", Float, nullable=False),
    Column("baseline_usd", Float, nullable=False),
    Column("guessed_usd", Float, nullable=False),
    Column("expected_usd", Float, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("signals", BigInteger, nullable=False),
    Column("told", Float, nullable=False),
    Column("score", Float, nullable=False),
    Column("chosen", BigInteger, nullable=False),
    Column("held_out", BigInteger, nullable=False),
    Column("watched", BigInteger, nullable=False),
    Column("watched_usd", Float, nullable=False),
    Column("would_usd", Float, nullable=False),
    Column("decided", Text),
    Column("would_guessed_usd", Float),
    Index("sums_at", "at_us"),
)

DOCUMENTS: Final = Table(
    "documents",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)

CONVERSATION: Final = func.coalesce(RECORDS.c.conversation, RECORDS.c.id)


# Constants stand in the statements themselves: SQLite takes an index of some rows for no values bound later.
_IS_DRAWN: Final = (RECORDS.c.mode == literal_column("'route'"), RECORDS.c.propensity < literal_column("1"))
IN_AN_ARM: Final = (*_IS_DRAWN, RECORDS.c.paid_usd.is_not(None))
"""Those that a draw could have sent either way, and whose cost is known."""

_LOW: Final[ColumnElement[str]] = literal_column("'2'")
FEW: Final = 1 / 8
"""What share of drawn names is low. In SQLite, samples of at most so many have indexes of their own."""
IS_LOW: Final = RECORDS.c.id < _LOW
IS_LOW_IN_ARM: Final = and_(
    *_IS_DRAWN, or_(RECORDS.c.arm == literal_column("'holdout'"), CONVERSATION < _LOW)
)
_OF_SCOPE: Final = (RECORDS.c.requested, RECORDS.c.key, RECORDS.c.alias)
Index(
    "records_low",
    *(RECORDS.c.at_us, RECORDS.c.id, *_OF_SCOPE, RECORDS.c.model, RECORDS.c.served),
    *(RECORDS.c.duration_us, RECORDS.c.latency_s, RECORDS.c.first_token_s),
    sqlite_where=IS_LOW,
).ddl_if(dialect="sqlite")
Index(
    "records_low_in_arm",
    *(RECORDS.c.at_us, RECORDS.c.id, *_OF_SCOPE, RECORDS.c.mode, RECORDS.c.arm),
    *(RECORDS.c.propensity, RECORDS.c.conversation, RECORDS.c.paid_usd),
    sqlite_where=IS_LOW_IN_ARM,
).ddl_if(dialect="sqlite")


def microseconds(at: datetime) -> int:
    """Return a time as the tables hold it."""
    return round(at.timestamp() * 1e6)
