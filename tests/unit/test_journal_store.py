"""The store, over a real SQLite file and a real PostgreSQL."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select, text

from heimdall_litellm.config import JournalSettings
from heimdall_litellm.errors import JournalError
from heimdall_litellm.journal.database import Database, _alembic, parse_url
from heimdall_litellm.journal.opening import open_store
from heimdall_litellm.journal.sink import DatabaseSink
from heimdall_litellm.journal.store import Entry, Page, Store
from heimdall_litellm.journal.tables import METADATA, PARTS
from tests.fakes.journal import at, document, outcome, record, signal
from tests.servers import Postgres

LOTS = 10**12
_LOOK = """import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM records").fetchone()[0])"""


_opened: list[Store] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while _opened:
        _opened.pop().database.close()


@pytest.fixture
def store(journal_url: str) -> Store:
    return _open(journal_url)


def _open(url: str, **settings: Any) -> Store:
    _opened.append(open_store(JournalSettings(url=url, **settings)))
    return _opened[-1]


def _ids(entries: list[Entry]) -> list[str]:
    return [entry.record.id for entry in entries]


def test_what_is_written_is_read_back_whole(store: Store) -> None:
    told = record("r", 1.25, prompt=None, candidates=(), repeated_tokens=7)
    said = [signal("r", 3), signal("r", 2, 0.0, source="empty")]
    store.write([told, outcome("r"), *said])
    assert store.get("r") == Entry(told, outcome("r"), (said[1], said[0]))
    assert store.get("call-r") == store.get("r")
    assert store.get("nobody") is None


def test_what_comes_twice_is_there_once_as_it_came_first(store: Store) -> None:
    store.write([record("r", reason="one"), outcome("r")])
    store.write([record("r", reason="another"), outcome("r", status="failed"), record("r2")])
    found = store.get("r")
    assert store.count() == 2
    assert found is not None
    assert (found.record.reason, found.outcome and found.outcome.status) == ("one", "answered")


def test_items_may_come_twice_in_one_batch(store: Store) -> None:
    store.write([signal("r", 1, 1.0), record("r"), record("r"), signal("r", 2, 0.0)])
    found = store.get("r")
    assert found is not None
    assert [said.score for said in found.signals] == [0.0]


def test_whoever_speaks_again_replaces_what_they_said(store: Store) -> None:
    store.write([record("r"), signal("r", 1, 1.0), signal("r", 1, 0.0, source="empty")])
    store.write([signal("r", 5, 0.25, label="bad")])
    found = store.get("r")
    assert found is not None
    assert [(said.source, said.score) for said in found.signals] == [("empty", 0.0), ("feedback", 0.25)]


def test_pages_go_from_the_newest_to_the_oldest_without_gap_or_repetition(store: Store) -> None:
    # Three at the same moment, so that time alone doesn't say where a page ends.
    store.write([record(name, second) for name, second in zip("abcdefg", (0, 1, 1, 1, 2, 3, 4), strict=True)])
    seen: list[str] = []
    page = Page(limit=2)
    while found := _ids(store.latest(page)):
        seen += found
        page = Page(limit=2, before=found[-1])
    assert seen == ["g", "f", "e", "d", "c", "b", "a"]
    assert store.latest(Page(before="never heard of")) == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"since": at(1), "until": at(3)}, ["c", "b"]),
        ({"requested": "other"}, ["b"]),
        ({"model": "x"}, ["c"]),
        ({"bucket": "hard"}, ["a"]),
        ({"cause": "holdout"}, ["c"]),
        ({"key": "k" * 64}, ["d", "b", "a"]),
        ({"key": "k" * 64, "bucket": "cheap"}, ["d", "b"]),
    ],
)
def test_a_page_holds_only_what_is_asked_for(store: Store, wanted: dict[str, Any], found: list[str]) -> None:
    from heimdall_litellm.journal.record import ANYBODY

    store.write(
        [
            record("a", 0, bucket="hard"),
            record("b", 1, requested="other"),
            record("c", 2, model="x", cause="holdout", caller=ANYBODY),
            record("d", 3),
        ]
    )
    assert _ids(store.latest(Page(**wanted))) == found
    assert _ids(list(store.walk(Page(**wanted)))) == found[::-1]


def test_a_walk_passes_all_records_oldest_first_those_that_come_meanwhile_too(store: Store) -> None:
    store.write([record(f"{i:04}", i // 3) for i in range(1_100)])
    walk = store.walk(Page(limit=1))
    seen = [next(walk).record.id]
    store.write([record("later", 10_000)])
    seen += _ids(list(walk))
    assert seen == [*(f"{i:04}" for i in range(1_100)), "later"]


def test_what_is_too_old_goes_with_all_that_joined_it(store: Store) -> None:
    day = 86_400
    store.write([record("old", 0), outcome("old", 1), signal("old", 9 * day), record("new", 5 * day)])
    store.write([outcome("orphan", 1), outcome("recent orphan", 9 * day)])
    assert store.prune(at(10 * day), 7.0, LOTS) == 1
    assert _ids(store.latest(Page())) == ["new"]
    with store.database.begin(is_reading=True) as connection:
        for table, left in (("outcomes", ["recent orphan"]), ("signals", [])):
            assert list(connection.execute(text(f"SELECT id FROM {table}")).scalars()) == left  # noqa: S608


@pytest.mark.parametrize("days", [1e6, 1e308, float("inf")])
def test_what_is_kept_for_ever_is_still_bounded_in_size(store: Store, days: float) -> None:
    store.write([record("a", 1), record("b", 2)])
    assert store.prune(at(3), days, float("inf")) == 0
    assert store.prune(at(3), days, 1) == 1
    assert _ids(store.latest(Page())) == ["b"]


def test_the_proxy_keeps_to_the_size_too_whatever_the_days(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/j.sqlite"
    store = _open(url)
    store.write([record("a", 1), record("b", 2)])
    sink = DatabaseSink(JournalSettings(url=url, keep_days=1e6, max_mb=1e-6))
    sink.open()
    sink.tend()
    assert _ids(store.latest(Page())) == ["b"]


def test_what_is_too_much_goes_oldest_first_and_only_as_far_as_needed(store: Store) -> None:
    store.write([record(f"{i:04}", i, reason="x" * 2_000) for i in range(1_000)])
    size = store.size_bytes()
    gone = store.prune(at(1_000), 365.0, size * 6 // 10)
    left = _ids(list(store.walk(Page())))
    assert store.size_bytes() <= size * 6 // 10
    assert left == [f"{i:04}" for i in range(gone, 1_000)]
    assert 400 <= len(left) <= 620


def test_the_file_itself_becomes_smaller(tmp_path: Path) -> None:
    store = _open(f"sqlite:///{tmp_path}/j.sqlite")
    store.write([record(f"{i:04}", i, reason="x" * 2_000) for i in range(2_000)])
    store.prune(at(0), 365.0, LOTS)
    before = (tmp_path / "j.sqlite").stat().st_size
    store.prune(at(86_400), 1e-9, LOTS)
    after = (tmp_path / "j.sqlite").stat().st_size
    assert store.count() == 0
    assert after < before / 10
    assert (tmp_path / "j.sqlite-wal").stat().st_size < 100_000


def test_the_last_record_stays_however_small_the_room(store: Store) -> None:
    store.write([record("a", 1), record("b", 2)])
    assert store.prune(at(3), 365.0, 1) == 1
    assert _ids(store.latest(Page())) == ["b"]


def test_documents_stay_as_long_as_a_record_may_refer_to_them(store: Store) -> None:
    day = 86_400
    store.write([document("old", 0), record("a", 0.5 * day)])
    assert store.document("old") == document("old", 0)
    # It is written again while records refer to it, which says so.
    store.write([document("old", 1.0 * day), document("older one", 0), record("b", 1.4 * day)])
    store.write([document("old", 0.5 * day)])  # by a process that is behind
    assert store.document("old") == document("old", 1.0 * day)
    store.write([record("c", 30 * day), document("new", 30 * day)])
    store.prune(at(2.2 * day), 1.0, LOTS)
    assert _ids(list(store.walk(Page()))) == ["b", "c"]
    assert store.document("old") is not None
    store.prune(at(31 * day), 2.0, LOTS)
    assert _ids(list(store.walk(Page()))) == ["c"]
    assert store.document("old") is None
    assert store.document("older one") is None
    assert store.document("new") is not None


def test_the_steps_make_just_the_tables(store: Store) -> None:
    with store.database.begin() as connection:
        name = connection.dialect.name
        only = {
            "sqlite": ("records_report", "records_low", "records_low_in_arm"),
            "postgresql": ("records_at",),
        }
        others = {index for dialect, indexes in only.items() if dialect != name for index in indexes}
        opts = {"compare_type": True, "include_object": lambda _, name, *__: name not in others}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, METADATA) == []


def test_a_journal_of_an_older_version_is_brought_up_to_date_and_its_sums_are_made_anew(
    journal_url: str,
) -> None:
    database = Database(parse_url(journal_url))
    if database.path is not None:
        database.path.parent.mkdir(parents=True, exist_ok=True)
    config = _alembic()
    with database.begin() as connection:
        if not database.is_sqlite:
            connection.exec_driver_sql(f'CREATE SCHEMA "{database.schema}"')
        config.attributes["connection"] = connection
        command.upgrade(config, "3")
        connection.execute(text("INSERT INTO parts (at_us) VALUES (0)"))
    database.close()
    store = _open(journal_url)
    with store.database.begin() as connection:
        assert connection.execute(select(PARTS)).all() == []
    watched = record("a", mode="shadow", decided="b")
    store.write([watched, outcome("a", would_usd=1.0, would_guessed_usd=0.5)])
    (entry,) = store.latest(Page())
    assert entry.outcome is not None
    assert entry.outcome.would_guessed_usd == 0.5
    store.database.close()


def test_a_journal_of_a_newer_version_is_refused(store: Store, journal_url: str) -> None:
    with store.database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '999'"))
    with pytest.raises(JournalError, match=r"a newer version of Heimdall .*version 999.*journal\.url"):
        _open(journal_url)


WRITE = """
import sys
from heimdall_litellm.config import JournalSettings
from heimdall_litellm.journal.opening import open_store
from tests.fakes.journal import record

name, url = sys.argv[1:]
sys.stdin.readline()
store = open_store(JournalSettings(url=url))
for batch in range(10):
    store.write([record(f"{name}-{batch}-{i}") for i in range(20)])
"""


def test_four_processes_may_make_and_write_one_journal_at_once(journal_url: str) -> None:
    command = [sys.executable, "-c", WRITE]
    started = [
        subprocess.Popen([*command, str(name), journal_url], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        for name in range(4)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for process in started:
        said = process.communicate(timeout=60)[1]
        assert process.returncode == 0, said.decode()
    assert _open(journal_url).count() == 4 * 200


@pytest.mark.parametrize("value", ["half \ud83d character", "NUL \0 inside", "naïve – 日本語 🙂"])
def test_any_text_can_be_kept(store: Store, value: str) -> None:
    from heimdall_litellm.journal.record import Caller, Prompt

    told = record("r", requested=value, prompt=Prompt(text=value), caller=Caller(team=value))
    assert store.write([told, record("other")]) == 0
    found = store.get("r")
    assert found is not None
    assert found.record.prompt is not None
    assert found.record.prompt.text == value.replace("\ud83d", "?")
    assert store.get("other") is not None


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_finite_number_is_none(store: Store, value: float) -> None:
    assert store.write([record("r", cost_usd=value), outcome("r", cost_usd=value), record("other")]) == 0
    found = store.get("r")
    assert found is not None
    assert found.outcome is not None
    assert (found.record.cost_usd, found.outcome.cost_usd) == (None, None)
    with store.reading() as connection:
        costs = connection.exec_driver_sql("SELECT cost_usd, paid_usd FROM records WHERE id = 'r'").one()
    assert tuple(costs) == (None, None)


@pytest.mark.parametrize("wrong", [{"facts": {"messages": object()}}, {"duration_us": 2**70}, {"mode": None}])
def test_an_item_that_nothing_can_hold_takes_no_other_along(store: Store, wrong: dict[str, Any]) -> None:
    others = [record(str(n)) for n in range(5)]
    assert store.write([*others, record("broken", **wrong), outcome("4"), record("last")]) == 1
    assert store.count() == 6
    found = store.get("4")
    assert found is not None
    assert found.outcome == outcome("4")


def test_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    store = _open(f"sqlite:///{tmp_path}/state/heimdall/j.sqlite")
    store.write([record("r")])
    folder = tmp_path / "state" / "heimdall"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert {"j.sqlite", "j.sqlite-wal", "j.sqlite-shm"} <= set(modes)
    assert set(modes.values()) == {0o600}


def test_a_file_that_is_gone_or_another_is_not_written_to_in_the_dark(tmp_path: Path) -> None:
    store = _open(f"sqlite:///{tmp_path}/j.sqlite")
    store.write([record("r")])
    for name in ("j.sqlite", "j.sqlite-wal", "j.sqlite-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    with pytest.raises(JournalError, match="deleted or replaced"):
        store.write([record("s")])
    store.database.prepare()
    store.write([record("s")])
    with sqlite3.connect(tmp_path / "j.sqlite") as connection:
        assert connection.execute("SELECT id FROM records").fetchall() == [("s",)]


def test_a_journal_that_must_exist_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"There is no journal at .*j\.sqlite\. The proxy writes one"):
        open_store(JournalSettings(url=f"sqlite:///{tmp_path}/j.sqlite"), must_exist=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("no url at all", "no database URL"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("mysql://me:s3cret@h/db", "'mysql', but a journal lies in SQLite or PostgreSQL"),
        ("postgresql://me:s3cret@h:port/db", "no database URL"),
    ],
)
def test_an_address_that_is_none_is_refused_without_being_repeated(given: str, words: str) -> None:
    with pytest.raises(JournalError, match=words) as raised:
        parse_url(given)
    assert "s3cret" not in str(raised.value)


LITELLMS = "?schema=public&connection_limit=5&pool_timeout=10&pgbouncer=true&connect_timeout=7"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_litellms_own_address_leads_to_a_schema_of_ours(postgres: Postgres, scheme: str) -> None:
    name = postgres.database()
    postgres.execute('CREATE TABLE public."LiteLLM_SpendLogs" (id text)', name)
    postgres.execute("CREATE TABLE public.records (theirs text)", name)
    store = _open(postgres.url(name, scheme, LITELLMS))
    store.write([record("r")])
    with store.database.engine.connect() as connection:
        found = connection.execute(
            text("SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'heimdall')")
        )
        tables = {(schema, table) for schema, table in found}
        columns = connection.execute(
            text("SELECT column_name FROM information_schema.columns WHERE table_schema = 'public'")
        )
        assert {row[0] for row in columns} == {"id", "theirs"}
    ours = {"records", "outcomes", "signals", "documents", "parts", "sums", "alembic_version"}
    assert tables == {
        ("public", "LiteLLM_SpendLogs"),
        ("public", "records"),
        *(("heimdall", n) for n in ours),
    }


def test_a_schema_that_somebody_made_for_us_will_do(postgres: Postgres) -> None:
    name = postgres.database()
    postgres.execute("DROP ROLE IF EXISTS lodger")
    postgres.execute("CREATE ROLE lodger LOGIN PASSWORD 'pw'")
    postgres.execute("CREATE SCHEMA heimdall AUTHORIZATION lodger", name)
    url = f"postgresql://lodger:pw@127.0.0.1:{postgres.port}/{name}"
    store = _open(url)
    store.write([record("r")])
    assert store.count() == 1
    with pytest.raises(JournalError, match="permission denied"):
        _open(url, pg_schema="another")


@pytest.mark.parametrize("fault", ["password", "database", "port"])
def test_no_error_shows_a_password(postgres: Postgres, caplog: pytest.LogCaptureFixture, fault: str) -> None:
    caplog.set_level("DEBUG")
    url = {
        "password": f"postgresql://postgres:wr0ng-s3cret@127.0.0.1:{postgres.port}/postgres",
        "database": postgres.url("nowhere"),
        "port": "postgresql://postgres:wr0ng-s3cret@127.0.0.1:1/postgres",
    }[fault]
    with pytest.raises(JournalError, match=r"The journal at 127\.0\.0\.1/\w+ can't be used") as raised:
        _open(url)
    told = f"{raised.value!r} {raised.value.__cause__!r} {caplog.text}"
    assert "s3cret" not in told


def test_a_pool_of_transactions_hands_nobody_our_search_path(postgres: Postgres) -> None:
    # As pgbouncer does: the same connection serves somebody else between two of our transactions.
    database = Database(parse_url(postgres.url(postgres.database())))
    database.prepare()
    Store(database).write([record("r")])
    with database.engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        assert raw.execute("SHOW search_path").fetchone() == ('"$user", public',)
        assert raw.execute("SHOW statement_timeout").fetchone() == ("0",)
    _opened.append(Store(database))


def test_a_second_store_in_the_process_costs_the_first_none_of_its_locks(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    def seen_by_another_process() -> str:
        told = subprocess.run([sys.executable, "-c", _LOOK, path], capture_output=True, text=True, check=True)
        return told.stdout.strip()

    writer = _open(f"sqlite:///{path}")
    writer.write([record("a")])
    reader = _open(f"sqlite:///{path}")
    reader.count()
    # Whoever leaves last clears the WAL away; another process thinks so only where it sees no locks of ours.
    assert seen_by_another_process() == "1"
    writer.write([record("b")])
    assert seen_by_another_process() == "2"


def test_a_question_that_makes_no_sense_to_a_database_says_that_it_cannot_be_read(postgres: Postgres) -> None:
    store = _open(postgres.url(postgres.database()))
    with pytest.raises(JournalError, match="can't be read") as caught, store.reading() as connection:
        connection.execute(text("SELECT 10 / 0"))
    assert type(caught.value) is JournalError
