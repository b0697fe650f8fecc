"""From settings to an open journal."""

from __future__ import annotations

from heimdall_litellm.config import JournalSettings
from heimdall_litellm.errors import JournalError
from heimdall_litellm.journal.database import Database, parse_url
from heimdall_litellm.journal.store import Store


def open_store(
    settings: JournalSettings, *, must_exist: bool = False, connect_s: int = 5, statement_s: int = 30
) -> Store:
    """Open the journal that the settings name, making it unless it `must_exist`. Raises JournalError."""
    url = settings.url.get_secret_value() if settings.url is not None else None
    database = Database(parse_url(url), settings.pg_schema, connect_s=connect_s, statement_s=statement_s)
    if must_exist and database.path is not None and not database.path.is_file():
        raise JournalError(
            f"There is no journal at {database.path}. The proxy writes one when it routes its first request; "
            "run this as the same user and with the same configuration, or name the file in journal.url."
        )
    database.prepare()
    return Store(database)
