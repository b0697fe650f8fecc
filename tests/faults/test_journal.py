"""The journal when its database misbehaves: nothing waits, losses are counted exactly, and it recovers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from heimdall_litellm.config import JournalSettings
from heimdall_litellm.journal.opening import open_store
from heimdall_litellm.journal.sink import DatabaseSink
from heimdall_litellm.journal.writer import Writer
from tests.fakes.journal import Meter, document, record
from tests.servers import Postgres, postgres_server, silent_server

LONG_S = 60.0


class Kept:
    """A journal that is written to, with its losses."""

    def __init__(self, url: str, size: int = 1_000) -> None:
        self.settings, self.meter, self.count = JournalSettings(url=url, keep_days=10_000), Meter(), 0
        self.sink = DatabaseSink(self.settings)
        self.writer = Writer(self.sink, self.meter, size=size, flush_s=LONG_S)

    def submit(self, count: int) -> None:
        for _ in range(count):
            known_as = str(self.count)
            self.writer.submit(lambda known_as=known_as: (record(known_as),))  # type: ignore[misc]
            self.count += 1

    def total(self) -> int:
        store = open_store(self.settings)
        try:
            return store.count()
        finally:
            store.database.close()


@pytest.fixture
def keep() -> Iterator[Any]:
    made: list[Kept] = []

    def kept(url: str, **how: Any) -> Kept:
        made.append(Kept(url, **how))
        return made[-1]

    yield kept
    for each in made:
        each.writer.close()
        if each.sink._store is not None:
            each.sink._store.database.close()


def test_a_full_disk_loses_nothing_that_finds_room_in_the_queue(
    keep: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = keep(f"sqlite:///{tmp_path}/j.sqlite")
    kept.submit(1)
    assert kept.writer.flush(LONG_S)
    store = kept.sink._store
    real, store.write = store.write, lambda items: _on_full_disk(store, items)
    opened, kept.sink.open = kept.sink.open, lambda: None
    kept.submit(1_200)
    assert not kept.writer.flush(0.5)
    deadline = time.monotonic() + LONG_S
    while "database or disk is full" not in caplog.text and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "database or disk is full" in caplog.text
    store.write, kept.sink.open = real, opened
    assert kept.writer.flush(LONG_S)
    assert kept.total() == 1_001
    assert (kept.meter.kept, kept.meter.lost) == (1_001, {"full": 200})
    assert caplog.text.count("Further failures are counted") == 1


def _on_full_disk(store: Any, items: Any) -> int:
    """Write where the file may not grow by a page."""
    with store.database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    try:
        return int(
            type(store).write(store, [*items, *(record(f"big{n}", reason="x" * 50_000) for n in range(99))])
        )
    finally:
        with store.database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1073741823")


def test_a_file_that_is_deleted_is_made_anew_with_what_its_records_refer_to(
    keep: Any, tmp_path: Path
) -> None:
    kept = keep(f"sqlite:///{tmp_path}/j.sqlite")
    kept.writer.submit(lambda: (document("d"),))
    kept.submit(3)
    assert kept.writer.flush(LONG_S)
    for path in tmp_path.iterdir():
        path.unlink()
    kept.submit(2)
    kept.writer.flush(1.0)
    assert kept.writer.flush(LONG_S)
    assert kept.total() == 2
    assert kept.sink._store.document("d") is not None
    assert kept.meter.lost == {}


def test_a_database_that_dies_and_comes_back_has_all_there_was_room_for(keep: Any) -> None:
    with postgres_server() as server:
        kept = keep(server.url(server.database()))
        kept.submit(10)
        assert kept.writer.flush(LONG_S)
        server.stop()
        kept.submit(20)
        assert not kept.writer.flush(0.5)
        server.start()
        kept.writer.flush(1.0)
        assert kept.writer.flush(LONG_S)
        assert kept.total() == 30
        assert (kept.meter.kept, kept.meter.lost) == (30, {})
        kept.writer.close()
        kept.sink._store.database.close()


def test_a_database_that_cannot_be_reached_costs_the_queue_and_no_more(keep: Any) -> None:
    kept = keep("postgresql://me:s3cret@127.0.0.1:1/none", size=100)
    kept.submit(250)
    kept.writer.close()
    assert (kept.meter.kept, kept.meter.lost) == (0, {"full": 150, "unwritable": 100})


def test_a_database_that_says_nothing_holds_nobody_up(keep: Any) -> None:
    with silent_server() as port:
        kept = keep(f"postgresql://me:s3cret@127.0.0.1:{port}/none", size=100)
        kept.submit(250)  # returns at once, or the test runs into its time limit
        assert kept.meter.lost == {"full": 150}
        kept.writer.close()
    assert kept.meter.lost == {"full": 150, "unwritable": 100}


KILLED = """
import os, signal, sys
from heimdall_litellm.config import JournalSettings
from heimdall_litellm.journal.sink import DatabaseSink
from heimdall_litellm.journal.writer import Writer
from tests.fakes.journal import Meter, record

writer = Writer(DatabaseSink(JournalSettings(url=sys.argv[1], keep_days=10_000)), Meter(), flush_s=60.0)
writer.submit(lambda: (record("a"),))
assert writer.flush(60)
writer.submit(lambda: (record("b"),))
if sys.argv[2] == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("how", "left"), [("kill", 1), ("end", 2)])
def test_a_killed_process_loses_its_last_flush_and_one_that_ends_nothing(
    tmp_path: Path, how: str, left: int
) -> None:
    url = f"sqlite:///{tmp_path}/j.sqlite"
    done = subprocess.run([sys.executable, "-c", KILLED, url, how], env={**os.environ}, check=False)
    assert done.returncode == (-signal.SIGKILL if how == "kill" else 0)
    assert Kept(url).total() == left


def test_a_directory_that_is_none_is_said_once(keep: Any, tmp_path: Path, caplog: Any) -> None:
    (tmp_path / "file").write_text("")
    kept = keep(f"sqlite:///{tmp_path}/file/j.sqlite")
    kept.submit(3)
    for _ in range(3):
        assert not kept.writer.flush(0.2)
    assert caplog.text.count("file/j.sqlite can't be used") == 1


def test_the_journal_of_a_server_survives_its_end(postgres: Postgres, keep: Any) -> None:
    kept = keep(postgres.url(postgres.database(), "postgres", "?schema=public"))
    kept.submit(1)
    assert kept.writer.flush(LONG_S)
    kept.submit(699)
    kept.writer.close()
    assert kept.total() == 700
    assert kept.meter.lost == {}
