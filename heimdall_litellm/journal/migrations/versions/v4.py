"""Where shadow mode's requests would have gone, and how much of what that would have cost is guessed."""

import sqlalchemy as sa
from alembic import op

revision = "4"
down_revision = "3"

REPORTED = (
    *("at_us", "id", "requested", "mode", "arm", "cause", "bucket", "model", "decided", "propensity"),
    *("conversation", "key", "alias", "cost_usd", "baseline", "baseline_usd", "duration_us", "is_remembered"),
    *("status", "served", "latency_s", "first_token_s", "input_tokens", "output_tokens", "cached_tokens"),
    *("paid_usd", "reckoned_usd", "guessed_usd", "failed_with", "would_usd", "would_guessed_usd"),
)


def upgrade() -> None:
    """Add the columns, and have all sums made anew."""
    for table in ("parts", "sums"):
        op.execute(sa.delete(sa.table(table)))
    for table in ("records", "outcomes"):
        op.add_column(table, sa.Column("would_guessed_usd", sa.Float))
    op.add_column("sums", sa.Column("decided", sa.Text))
    op.add_column("sums", sa.Column("would_guessed_usd", sa.Float))  # null where an older version adds up
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("records_report", "records")
        op.create_index("records_report", "records", list(REPORTED))


def downgrade() -> None:
    """Refuse: what was recorded isn't thrown away by a step back."""
    raise NotImplementedError
