"""The catalog's store: warm restarts, several processes, and files that are no use."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from heimdall_litellm.catalog.drift import Compared
from heimdall_litellm.catalog.facts import Drift, Listing
from heimdall_litellm.catalog.store import MOST_DRIFT, REST_S, VERSION, Kept, Store, default_path

AT = datetime(2026, 11, 1, tzinfo=UTC)
LISTINGS = (Listing("p", "m", {"input_usd_per_mtok": 1.5, "has_vision": True, "created": "2026-01-01"}),)
ROOT = Path(__file__).parents[2]


def notice(store: Store, changes: Sequence[Drift], at: float = 1.0, now: float = 0.0) -> bool:
    """Have a reading compared that differs in this from the one before; say whether it was."""
    asked: list[object] = []

    def compare(told: Sequence[Listing] | None, lately: Sequence[Drift]) -> Compared:
        asked.append((told, lately))
        return Compared(changes, LISTINGS)

    store.notice("s", "a", at, now, compare)
    return bool(asked)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "catalog.sqlite"


def test_what_was_read_is_there_after_a_restart(path: Path) -> None:
    kept = Kept(20.0, 10.0, 0, None, '"etag"', "Sun")
    Store(path).put("s", "a", kept, LISTINGS)
    again = Store(path)
    assert again.is_usable
    assert again.kept("s", "a") == kept
    assert again.listings("s", "a") == LISTINGS
    assert again.kept("s", "other") is None
    assert again.listings("other", "a") == ()


def test_a_failure_leaves_the_last_good_list(path: Path) -> None:
    store = Store(path)
    store.put("s", "a", Kept(20.0, 10.0), LISTINGS)
    store.put("s", "a", Kept(30.0, 10.0, 2, "it is down"))
    assert store.kept("s", "a") == Kept(30.0, 10.0, 2, "it is down")
    assert store.listings("s", "a") == LISTINGS


def test_what_nobody_asks_for_any_more_is_forgotten(path: Path) -> None:
    store = Store(path)
    store.put("s", "old", Kept(10.0, 10.0), LISTINGS)
    store.put("s", "new", Kept(100 * 86_400.0, 10.0), LISTINGS)
    assert store.kept("s", "old") is None
    assert store.kept("s", "new") is not None


def test_changes_come_back_newest_first_and_their_number_is_bounded(path: Path) -> None:
    store = Store(path)
    notice(store, [])
    notice(store, [Drift(AT, "appeared", "p", f"m{n}", "s") for n in range(MOST_DRIFT + 20)])
    assert len(store.take_untold()) == MOST_DRIFT + 20
    notice(store, [Drift(AT, "price", "p", "m", "s", "input_usd_per_mtok", 1.0, 2.0)])
    found = Store(path).drift()
    assert len(found) == MOST_DRIFT + 1
    assert found[0] == Drift(AT, "price", "p", "m", "s", "input_usd_per_mtok", 1.0, 2.0)
    assert found[1].model == f"m{MOST_DRIFT + 19}"


def test_a_reading_is_compared_once_whoever_has_it(path: Path) -> None:
    one, two, change = Store(path), Store(path), Drift(AT, "appeared", "p", "m", "s")
    assert notice(one, [change], at=10.0, now=11.0)
    assert not notice(two, [change], at=10.0, now=12.0)
    assert not notice(two, [change], at=9.0, now=12.0)  # and an older one not at all
    assert notice(two, [], at=9.0, now=9.0)  # but for a clock that was set back
    assert one.drift() == (change,)


def test_nobody_waits_for_a_comparison_and_one_that_came_too_late_is_made_again(path: Path) -> None:
    one, two = Store(path), Store(path, busy_s=0.0)
    first, second = (Drift(AT, "appeared", "p", name, "s") for name in ("first", "second"))
    seen: list[tuple[object, Sequence[Drift]]] = []

    def compare(told: Sequence[Listing] | None, lately: Sequence[Drift]) -> Compared:
        if not seen:
            assert notice(two, [first], at=1.0)  # it finds the file free
        seen.append((told, lately))
        return Compared([second], LISTINGS)

    assert one.notice("s", "a", 2.0, 3.0, compare) == LISTINGS
    assert seen == [(None, ()), (LISTINGS, (first,))]
    assert one.take_untold() == (first, second)


def test_a_change_is_given_to_one_process_to_tell(path: Path) -> None:
    one, two, change = Store(path), Store(path), Drift(AT, "appeared", "p", "m", "s")
    notice(one, [change])
    assert (two.take_untold(), one.take_untold(), one.drift()) == ((change,), (), (change,))


@pytest.mark.parametrize("garbage", ["garbage", "{}", "[" * 100_000])
def test_what_was_told_is_begun_anew_where_it_makes_no_sense(path: Path, garbage: str) -> None:
    store = Store(path)
    notice(store, [])
    with sqlite3.connect(path) as file:
        file.execute("UPDATE told SET listings = ?", (garbage,))
    file.close()
    assert notice(store, [], at=0.5, now=2.0)
    assert not notice(store, [], at=0.5, now=2.0)


def test_a_file_of_the_version_before_is_taken_over(path: Path) -> None:
    path.parent.mkdir()
    change = Drift(AT, "appeared", "p", "m", "s")
    with sqlite3.connect(path) as file:
        file.executescript(
            "CREATE TABLE drift (id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL,"
            " change TEXT NOT NULL);"
            "PRAGMA user_version = 1;"
        )
        row = '["appeared", "p", "m", "s", null, null, null]'
        file.execute("INSERT INTO drift (at, change) VALUES (?, ?)", (AT.timestamp(), row))
    file.close()
    store = Store(path)
    assert (store.drift(), store.take_untold()) == ((change,), ())
    notice(store, [change])
    assert store.drift() == (change, change)


def lose(path: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def test_a_file_that_is_deleted_is_made_anew_and_used_at_once(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(path)
    store.put("s", "a", Kept(1.0, 1.0), LISTINGS)
    lose(path)
    assert store.kept("s", "a") is None
    store.put("s", "a", Kept(2.0, 2.0), LISTINGS)
    assert Store(path).listings("s", "a") == LISTINGS
    assert path.stat().st_mode & 0o077 == 0
    shutil.rmtree(path.parent)
    notice(store, [Drift(AT, "appeared", "p", "m", "s")])
    assert len(store.drift()) == 1
    assert caplog.messages == []


def test_a_file_that_is_replaced_is_taken_as_it_is(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    Store(other).put("s", "a", Kept(9.0, 9.0), LISTINGS)
    store = Store(path)
    store.put("s", "a", Kept(1.0, 1.0))
    lose(path)
    other.rename(path)
    assert store.kept("s", "a") == Kept(9.0, 9.0)
    path.write_bytes(b"")
    store.put("s", "a", Kept(2.0, 2.0), LISTINGS)
    assert store.listings("s", "a") == LISTINGS


def test_a_file_that_becomes_read_only_is_used_again_once_it_may_be(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 0.0
    with tempfile.TemporaryDirectory() as name:
        directory, path = Path(name), Path(name) / "catalog.sqlite"
        os.chown(directory, *_NOBODY)
        with _without_privileges():
            store = Store(path, clock=lambda: now)
            store.put("s", "a", Kept(1.0, 1.0), LISTINGS)
            path.chmod(0o444)
            directory.chmod(0o555)
            for _ in range(3):
                store.put("s", "a", Kept(2.0, 2.0), LISTINGS)
            assert not store.is_usable
            directory.chmod(0o755)
            path.chmod(0o600)
            assert not store.is_usable
            now += REST_S
            assert store.kept("s", "a") == Kept(1.0, 1.0)
            store.put("s", "a", Kept(3.0, 3.0))
            assert store.kept("s", "a") == Kept(3.0, 3.0)
    assert len([line for line in caplog.messages if str(path) in line]) == 1


def test_changes_that_make_no_sense_are_left_out(path: Path) -> None:
    store = Store(path)
    assert store.is_usable
    rows = ["{", "[]", '["odd", "p", "m", "s", null, null, null]', '["price", 1, "m", "s", null, null, null]',
            '["price", "p", "m", "s", "f", [], {}]']  # fmt: skip
    with sqlite3.connect(path) as file:
        file.executemany("INSERT INTO drift (at, change) VALUES (1, ?)", [(row,) for row in rows])
        file.execute(
            "INSERT INTO drift (at, change) VALUES (1e300, ?)", ('["appeared", "p", "m", "s", 1, 1, 1]',)
        )
    file.close()
    assert store.drift() == ()


def test_others_may_not_look_in(path: Path) -> None:
    assert not path.exists()
    assert Store(path).is_usable
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def unusable(path: Path, caplog: pytest.LogCaptureFixture) -> str:
    """Use a store in every way, and return the one line that is logged."""
    caplog.clear()
    with caplog.at_level(logging.WARNING, "heimdall_litellm"):
        store = Store(path, busy_s=0.05)
        store.put("s", "a", Kept(1.0, 1.0), LISTINGS)
        assert not notice(store, [Drift(AT, "appeared", "p", "m", "s")])
        assert (store.kept("s", "a"), store.listings("s", "a"), store.drift()) == (None, (), ())
        assert store.take_untold() == ()
    assert not store.is_usable
    (line,) = caplog.messages
    assert str(path) in line
    return line


@pytest.mark.parametrize(
    "damage", [b"no database at all, but long enough to be looked at" * 40, b"SQLite format 3\0"]
)
def test_a_damaged_file_is_done_without_and_left_as_it_is(
    path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    path.write_bytes(damage)
    unusable(path, caplog)
    assert path.read_bytes() == damage


def test_a_file_that_is_damaged_in_the_middle_never_fails_a_caller(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(path)
    store.put("s", "a", Kept(1.0, 1.0), LISTINGS)
    with sqlite3.connect(path) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.close()
    size = path.stat().st_size
    with path.open("r+b") as raw:
        raw.seek(4096)
        raw.write(b"\xff" * (size - 4096))
    store = Store(path)
    store.put("s", "a", Kept(2.0, 2.0), LISTINGS)
    assert store.listings("s", "a") in ((), LISTINGS)
    assert len([m for m in caplog.messages if str(path) in m]) == 1


def test_listings_that_make_no_sense_are_no_listings(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Store(path)
    store.put("s", "a", Kept(1.0, 1.0), LISTINGS)
    with sqlite3.connect(path) as file:
        file.execute("UPDATE reading SET listings = 'garbage'")
    file.close()
    assert store.listings("s", "a") == ()
    assert len(caplog.messages) == 1


def test_a_file_of_a_newer_version_is_left_to_it(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Store(path).put("s", "a", Kept(1.0, 1.0), LISTINGS)
    with sqlite3.connect(path) as file:
        file.execute(f"PRAGMA user_version = {VERSION + 1}")
    file.close()
    assert "newer than this program's" in unusable(path, caplog)


def test_a_file_that_somebody_keeps_locked_is_done_without(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.mkdir()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("CREATE TABLE t (x)")
    holder.execute("BEGIN EXCLUSIVE")
    assert "locked" in unusable(path, caplog)
    holder.close()


def test_a_place_where_nothing_can_be_written_is_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    unusable(tmp_path / "file" / "catalog.sqlite", caplog)
    (tmp_path / "directory").mkdir()
    unusable(tmp_path / "directory", caplog)


_NOBODY = (65534, -1) if os.geteuid() == 0 else (-1, -1)


@contextmanager
def _without_privileges() -> Iterator[None]:
    """Be somebody whom the modes of files bind: the superuser may write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(_NOBODY[0])
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_that_is_read_only_is_done_without(caplog: pytest.LogCaptureFixture) -> None:
    # Not below pytest's own directory, which nobody else may enter.
    with tempfile.TemporaryDirectory() as name:
        directory, path = Path(name), Path(name) / "catalog.sqlite"
        assert Store(path).is_usable
        path.chmod(0o444)
        directory.chmod(0o555)
        with _without_privileges():
            assert path.read_bytes()
            unusable(path, caplog)
        directory.chmod(0o755)


def test_the_store_is_in_the_users_cache_if_nothing_else_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_path().name == "catalog.sqlite"
    assert default_path().parent.name == "heimdall"


WRITER = """
import sys
from pathlib import Path
from heimdall_litellm.catalog.drift import Compared
from heimdall_litellm.catalog.facts import Drift, Listing
from heimdall_litellm.catalog.store import Kept, Store
from datetime import UTC, datetime
path, name = Path(sys.argv[1]), sys.argv[2]
store = Store(path, busy_s=20)
assert store.is_usable
for number in range(1, 21):
    store.put(name, "a", Kept(float(number), float(number)), [Listing("p", f"{name}-{number}", {})])
    change = Drift(datetime.now(UTC), "appeared", "p", f"{name}-{number}", name)
    store.notice(name, "a", float(number), 1e9, lambda told, lately: Compared([change], ()))
    assert store.listings(name, "a")[0].model == f"{name}-{number}"
"""


def test_processes_write_side_by_side_and_nothing_is_lost(path: Path) -> None:
    names = ["a", "b", "c", "d"]
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), name],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    for process in started:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert errors == ""
    store = Store(path)
    for name in names:
        assert store.kept(name, "a") == Kept(20.0, 20.0)
        assert store.listings(name, "a") == (Listing("p", f"{name}-20", {}),)
    assert len(store.drift()) == 80
