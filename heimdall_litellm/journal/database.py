"""Where the journal lies: a SQLite file of its own, or a schema of its own in a PostgreSQL database.

Both hold the same tables (`tables.py`) and are brought up to date by the same steps (`migrations/`), by
whoever comes first. In PostgreSQL our schema is set for each transaction (`SET LOCAL`), so that a pool of
connections between us and the database hands nobody else a changed search path.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from filelock import FileLock, Timeout
from platformdirs import user_state_path
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from heimdall_litellm.errors import JournalError
from heimdall_litellm.sqlite_file import make_private

if TYPE_CHECKING:
    from alembic.config import Config

BUSY_S: Final = 5.0
"""How long we wait for another writer of a SQLite file."""
_LOCK_KEY: Final = 0x6865696D
"""Names our advisory lock in PostgreSQL."""
_OF_POSTGRES: Final = frozenset(
    {
        *(
            "sslmode",
            "sslrootcert",
            "sslcert",
            "sslkey",
            "sslpassword",
            "channel_binding",
            "target_session_attrs",
        ),
        *("application_name", "connect_timeout", "options", "keepalives", "keepalives_idle", "gssencmode"),
    }
)
"""What of a URL's query is PostgreSQL's own; LiteLLM's URL holds Prisma's words too."""


def default_path() -> Path:
    """Say where the journal is if the settings name no place."""
    return user_state_path("heimdall") / "journal.sqlite"


def parse_url(given: str | None) -> URL:
    """Return the address of a journal; None is the usual file.

    Raises JournalError, which never says the URL: it may hold a password.
    """
    if given is None:
        return URL.create("sqlite", database=str(default_path()))
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):
        raise JournalError(
            "journal.url is no database URL, such as sqlite:////var/lib/journal.sqlite"
        ) from None
    kind = url.drivername.partition("+")[0]
    if kind == "sqlite":
        if not url.database or url.database == ":memory:":
            raise JournalError("journal.url names no file: write sqlite:////and/the/whole/path.sqlite")
        return url.set(drivername="sqlite", query={})
    if kind in ("postgresql", "postgres"):
        known = {name: value for name, value in url.query.items() if name in _OF_POSTGRES}
        return url.set(drivername="postgresql+psycopg", query=known)
    raise JournalError(f"journal.url is for {kind!r}, but a journal lies in SQLite or PostgreSQL")


class Database:
    """One journal's database. `schema` is where the tables lie in PostgreSQL.

    `connect_s` and `statement_s` are how long a connection to PostgreSQL, and a statement there, may take.
    """

    def __init__(
        self, url: URL, schema: str = "heimdall", *, connect_s: int = 5, statement_s: int = 30
    ) -> None:
        self.url, self.schema = url, schema
        self._connect_s, self._statement_s = connect_s, statement_s
        self._file: tuple[int, int] | None = None
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.engine = self._sqlite() if self.is_sqlite else self._postgres()

    @property
    def path(self) -> Path | None:
        """The file, if it is one."""
        return Path(self.url.database or "") if self.is_sqlite else None

    def prepare(self) -> None:
        """Make what is missing and bring the tables up to date. Raises JournalError and lets go."""
        try:
            self._prepare()
        except JournalError:
            self.close()
            raise

    def _prepare(self) -> None:
        try:
            with self._alone():
                if self.path is not None:
                    self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    make_private(self.path)
                    self._file = _identity(self.path)
                    self._set_up_file()
                self._migrate()
        except (SQLAlchemyError, OSError, Timeout) as error:
            raise JournalError(f"The journal {self.place} can't be used: {cause_of(error)}.") from None

    @property
    def place(self) -> str:
        """Where it is, without a password."""
        return (
            str(self.path)
            if self.is_sqlite
            else f"at {self.url.host or 'the local socket'}/{self.url.database}"
        )

    @contextmanager
    def begin(self, *, is_reading: bool = False) -> Iterator[Connection]:
        """Give a connection in a transaction, in our schema. Raises SQLAlchemyError, and OSError for a file
        that isn't there any more: what is written into one that was deleted is lost.
        """
        if self.path is not None and self._file is not None and _identity(self.path) != self._file:
            self.close()
            raise FileNotFoundError("its file was deleted or replaced while it was open")
        with self.engine.connect() as connection:
            connection.execution_options(heimdall_reading=is_reading)
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    def _sqlite(self) -> Engine:
        engine = create_engine(self.url, connect_args={"timeout": BUSY_S})

        @event.listens_for(engine, "connect")
        def _set(connection: Any, _record: object) -> None:
            connection.isolation_level = None  # we say ourselves where a transaction begins
            connection.execute(f"PRAGMA busy_timeout = {int(BUSY_S * 1000)}")
            connection.execute("PRAGMA synchronous = NORMAL")

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN" if _is_reading(connection) else "BEGIN IMMEDIATE")

        return engine

    def _postgres(self) -> Engine:
        if find_spec("psycopg") is None:
            raise JournalError(
                "A journal in PostgreSQL needs psycopg: pip install 'heimdall-litellm[postgres]'"
            )
        engine = create_engine(
            self.url,
            pool_size=1,
            max_overflow=3,
            pool_pre_ping=True,
            pool_recycle=600,
            connect_args={"connect_timeout": self._connect_s, "prepare_threshold": None},
        )

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql(f'SET LOCAL search_path TO "{self.schema}"')
            connection.exec_driver_sql(f"SET LOCAL statement_timeout TO {self._statement_s * 1000}")

        return engine

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if self.path is None:
            yield
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(f"{self.path}.lock", timeout=30, mode=0o600):
            yield

    def _set_up_file(self) -> None:
        with self.engine.connect() as connection:
            raw = connection.connection.driver_connection
            if raw is None:
                raise AssertionError("unreachable")
            # Holds only for a file without tables, and lets it become smaller later.
            raw.execute("PRAGMA auto_vacuum = INCREMENTAL")
            raw.execute("PRAGMA journal_mode = WAL")

    def _migrate(self) -> None:
        from alembic import command
        from alembic.runtime.migration import MigrationContext
        from alembic.script import ScriptDirectory

        config = _alembic()
        scripts = ScriptDirectory.from_config(config)
        with self.begin() as connection:
            if not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
                # Whoever may not make schemas may use one that somebody made for them.
                known = text("SELECT 1 FROM pg_namespace WHERE nspname = :schema")
                if connection.execute(known, {"schema": self.schema}).first() is None:
                    connection.exec_driver_sql(f'CREATE SCHEMA "{self.schema}"')
            found = MigrationContext.configure(connection).get_current_revision()
            if found == scripts.get_current_head():
                return
            if found is not None and found not in {step.revision for step in scripts.walk_revisions()}:
                raise JournalError(
                    f"The journal {self.place} was made by a newer version of Heimdall (its tables are of "
                    f"version {found}). Update Heimdall, or name another place in journal.url."
                )
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _alembic() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("version_locations", str(Path(__file__).parent / "migrations" / "versions"))
    config.set_main_option("path_separator", "os")
    return config


def _is_reading(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get("heimdall_reading"))


def cause_of(error: BaseException) -> str:
    """Say what failed in a few words: the database's own first line, without statement and values."""
    original = getattr(error, "orig", None) or error
    words = str(original).strip().splitlines()
    return (words[0] if words else type(original).__name__)[:300]
