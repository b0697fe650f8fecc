"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None

REPORTED = (
    *("at_us", "id", "requested", "mode", "arm", "cause", "bucket", "model", "decided", "propensity"),
    *("conversation", "key", "alias", "cost_usd", "baseline", "baseline_usd", "duration_us", "is_remembered"),
    *("status", "served", "latency_s", "first_token_s", "input_tokens", "output_tokens", "cached_tokens"),
    *("paid_usd", "reckoned_usd", "guessed_usd", "failed_with"),
)


def upgrade() -> None:
    """Make records, outcomes, signals and documents."""
    op.create_table(
        "records",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("call_id", sa.String(200)),
        sa.Column("requested", sa.Text, nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("arm", sa.String(16), nullable=False),
        sa.Column("cause", sa.String(16), nullable=False),
        sa.Column("bucket", sa.String(16)),
        sa.Column("model", sa.Text),
        sa.Column("decided", sa.Text),
        sa.Column("effort", sa.String(16)),
        sa.Column("propensity", sa.Float, nullable=False),
        sa.Column("conversation", sa.String(64)),
        sa.Column("key", sa.String(200)),
        sa.Column("alias", sa.String(200)),
        sa.Column("team", sa.Text),
        sa.Column("cost_usd", sa.Float),
        sa.Column("baseline", sa.Text),
        sa.Column("baseline_usd", sa.Float),
        sa.Column("duration_us", sa.Integer, nullable=False),
        sa.Column("is_remembered", sa.Boolean, nullable=False),
        sa.Column("status", sa.String(16)),
        sa.Column("served", sa.Text),
        sa.Column("latency_s", sa.Float),
        sa.Column("first_token_s", sa.Float),
        sa.Column("input_tokens", sa.BigInteger),
        sa.Column("output_tokens", sa.BigInteger),
        sa.Column("cached_tokens", sa.BigInteger),
        sa.Column("paid_usd", sa.Float),
        sa.Column("reckoned_usd", sa.Float),
        sa.Column("guessed_usd", sa.Float),
        sa.Column("failed_with", sa.String(32)),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("records_at", "records", ["at_us"])
    op.create_index("records_call", "records", ["call_id"])
    if op.get_bind().dialect.name == "sqlite":
        op.create_index("records_report", "records", list(REPORTED))
    else:
        # Bodies lie apart, however well they are compressed, so that a report reads the columns alone.
        op.execute("ALTER TABLE records SET (toast_tuple_target = 1024)")
    op.create_table(
        "outcomes",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("model", sa.Text),
        sa.Column("provider", sa.Text),
        sa.Column("latency_s", sa.Float),
        sa.Column("first_token_s", sa.Float),
        sa.Column("input_tokens", sa.BigInteger),
        sa.Column("output_tokens", sa.BigInteger),
        sa.Column("cached_tokens", sa.BigInteger, nullable=False),
        sa.Column("cost_usd", sa.Float),
        sa.Column("baseline_usd", sa.Float),
        sa.Column("guessed_usd", sa.Float),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failed_with", sa.String(32)),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("outcomes_at", "outcomes", ["at_us"])
    op.create_table(
        "signals",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("weight", sa.Float, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.UniqueConstraint("id", "source", name="signals_id_source"),
    )
    op.create_index("signals_at", "signals", ["at_us"])
    op.create_table(
        "documents",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Refuse: what was recorded isn't thrown away by a step back."""
    raise NotImplementedError
