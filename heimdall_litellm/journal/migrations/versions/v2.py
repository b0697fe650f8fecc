"""Sums of the time that is over, and indexes of samples."""

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    """Make parts and sums, which fill themselves."""
    op.create_table("parts", sa.Column("at_us", sa.BigInteger, primary_key=True, autoincrement=False))
    op.create_table(
        "sums",
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("requested", sa.Text, nullable=False),
        sa.Column("model", sa.Text),
        sa.Column("bucket", sa.String(16)),
        sa.Column("cause", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("baseline", sa.Text),
        sa.Column("failed_with", sa.String(32)),
        sa.Column("is_priced", sa.Integer, nullable=False),
        sa.Column("is_reckoned", sa.Integer, nullable=False),
        sa.Column("is_as_decided", sa.Integer, nullable=False),
        sa.Column("requests", sa.BigInteger, nullable=False),
        sa.Column("remembered", sa.BigInteger, nullable=False),
        sa.Column("paid_usd", sa.Float, nullable=False),
        sa.Column("baseline_usd", sa.Float, nullable=False),
        sa.Column("guessed_usd", sa.Float, nullable=False),
        sa.Column("expected_usd", sa.Float, nullable=False),
        sa.Column("input_tokens", sa.BigInteger, nullable=False),
        sa.Column("output_tokens", sa.BigInteger, nullable=False),
        sa.Column("cached_tokens", sa.BigInteger, nullable=False),
        sa.Column("signals", sa.BigInteger, nullable=False),
        sa.Column("told", sa.Float, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("chosen", sa.BigInteger, nullable=False),
        sa.Column("held_out", sa.BigInteger, nullable=False),
        sa.Column("watched", sa.BigInteger, nullable=False),
        sa.Column("watched_usd", sa.Float, nullable=False),
        sa.Column("would_usd", sa.Float, nullable=False),
    )
    op.create_index("sums_at", "sums", ["at_us"])
    if op.get_bind().dialect.name == "sqlite":
        # The index of reports begins with the same.
        op.drop_index("records_at", "records")
        op.create_index(
            "records_low",
            "records",
            [
                *("at_us", "id", "requested", "key", "alias", "model", "served"),
                *("duration_us", "latency_s", "first_token_s"),
            ],
            sqlite_where=sa.text("id < '2'"),
        )
        op.create_index(
            "records_low_in_arm",
            "records",
            [
                *("at_us", "id", "requested", "key", "alias", "mode", "arm"),
                *("propensity", "conversation", "paid_usd"),
            ],
            sqlite_where=sa.text(
                "mode = 'route' AND propensity < 1 AND (arm = 'holdout' OR coalesce(conversation, id) < '2')"
            ),
        )


def downgrade() -> None:
    """Refuse: what was recorded isn't thrown away by a step back."""
    raise NotImplementedError
