"""Where Alembic runs the steps: on the connection it is handed, within its transaction."""

from alembic import context

from heimdall_litellm.journal.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
