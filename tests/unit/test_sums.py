"""Sums of the time that is over say what the requests say, whatever is written or thrown away later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from alembic import command
from sqlalchemy import event, func, insert, select, update

from heimdall_litellm.config.settings import JournalSettings
from heimdall_litellm.errors import JournalError
from heimdall_litellm.journal import sums
from heimdall_litellm.journal.database import Database, _alembic, parse_url
from heimdall_litellm.journal.opening import open_store
from heimdall_litellm.journal.record import Baseline, Caller, Item, Try
from heimdall_litellm.journal.sink import DatabaseSink
from heimdall_litellm.journal.store import Page, Store
from heimdall_litellm.journal.tables import PARTS, RECORDS, SUMS, microseconds
from heimdall_litellm.report import measured, queries
from heimdall_litellm.report.figures import to_data
from heimdall_litellm.report.summary import summarise
from tests.fakes.journal import START, assert_alike, at, outcome, record, signal
from tests.servers import Postgres

HOURS = 12
HOUR_S = 3_600.0
HALF_S = HOUR_S / 2


@pytest.fixture
def store(journal_url: str) -> Iterator[Store]:
    """An empty journal."""
    made = open_store(JournalSettings(url=journal_url))
    yield made
    made.database.close()


def _parts(store: Store) -> list[datetime]:
    with store.reading() as connection:
        found = connection.execute(select(PARTS.c.at_us).order_by(PARTS.c.at_us)).scalars()
        return [START + timedelta(microseconds=at_us - microseconds(START)) for at_us in found]


def _summed(store: Store) -> int:
    """Return how many requests are in the sums."""
    with store.reading() as connection:
        return int(connection.execute(select(func.coalesce(func.sum(SUMS.c.requests), 0))).scalar_one())


def _request(rng: np.random.Generator, name: str, seconds: float) -> tuple[Item, Item | None]:
    def one_of(*some: Any) -> Any:
        return some[rng.integers(len(some))]

    mode, cause = one_of("route", "route", "shadow"), one_of("triage", "holdout", "refused", "default")
    model = None if cause == "refused" else one_of("a", "b", "big")
    baseline = Baseline("big", float(rng.random()), 100.0, 0.9, 1.0, 10.0) if rng.random() < 0.8 else None
    told = record(
        name,
        seconds,
        requested=one_of("heimdall", "heimdall", "cheap"),
        mode=mode,
        cause=cause,
        arm="holdout" if cause == "holdout" else "chosen",
        propensity=one_of(1.0, 0.25, 0.75),
        model=model,
        decided=one_of("a", "b"),
        bucket=one_of("cheap", "mid", "hard", None),
        conversation=one_of(None, *(f"c{at_all}" for at_all in range(9))),
        caller=Caller("k" * 64, one_of("alias", "batch")),
        cost_usd=one_of(None, float(rng.random())),
        baseline=baseline,
        is_remembered=bool(rng.random() < 0.2),
        duration_us=int(rng.integers(1_000)),
    )
    if rng.random() < 0.1:
        return told, None
    return told, outcome(
        name,
        seconds + 5,
        status=one_of("answered", "answered", "answered", "failed", "left", "cached"),
        model=one_of("a", "b", None),
        cost_usd=one_of(None, float(rng.random()), float(rng.random())),
        baseline_usd=one_of(None, float(rng.random())),
        guessed_usd=float(rng.random()),
        would_usd=one_of(None, float(rng.random())),
        would_guessed_usd=one_of(None, float(rng.random())),
        latency_s=one_of(None, float(rng.random())),
        input_tokens=int(rng.integers(1_000)),
        output_tokens=int(rng.integers(1_000)),
        tries=one_of((), (Try("a", "p", "rate-limited", 429), Try("b", "q", "ok"))),
    )


def _said(rng: np.random.Generator, name: str, seconds: float) -> Item:
    source = ("feedback", "empty", "regenerated")[rng.integers(3)]
    return signal(name, seconds, float(rng.random()), source=source, weight=float(rng.random()))


def _assert_right(store: Store, plain: Store) -> None:
    """Hold what a journal tells to what one tells that was never added up, and holds the same."""
    plain.write(
        [
            each
            for entry in store.walk(Page())
            for each in (entry.record, entry.outcome, *entry.signals)
            if each
        ]
    )
    asked: list[tuple[float, float, dict[str, Any]]] = [
        (0.0, HOURS * HOUR_S, {"requested": "cheap"}),
        (-HOUR_S, 20 * HOUR_S, {"slots": 48}),
        (700.5, 9 * HOUR_S + 1.25, {"slots": 9}),
        (-0.5, 9 * HOUR_S, {"key": "batch", "slots": 9}),
        (HALF_S, HOUR_S, {"slots": 2}),
    ]
    for since, until, how in asked:
        told, expected = (to_data(summarise(each, at(since), at(until), **how)) for each in (store, plain))
        assert_alike(told, expected)
    plain.database.close()


@pytest.mark.parametrize("seed", range(2))
def test_sums_say_what_the_requests_say_through_late_outcomes_and_deletions(
    store: Store, tmp_path: Path, seed: int
) -> None:
    rng, early, late = np.random.default_rng(seed), list[Item](), list[Item]()

    def plain(step: int) -> Store:
        return open_store(JournalSettings(url=f"sqlite:///{tmp_path}/plain-{step}.sqlite"))

    names = [f"{at_all}" for at_all in range(200)]
    times = {name: float(rng.random() * HOURS * HOUR_S) for name in names}
    for name in names:
        told, came = _request(rng, name, times[name])
        is_late = rng.random() < 0.2
        early += [told] if came is None or is_late else [told, came]
        if came is not None and is_late:
            late.append(came)
        if rng.random() < 0.3:
            late.append(_said(rng, name, times[name] + 60))
    store.write(early)
    assert store.add_up(at(10 * HOUR_S)) == 19
    assert _summed(store) > 120
    _assert_right(store, plain(0))
    for item in late:
        store.write([item])
    assert _summed(store) < 120
    _assert_right(store, plain(1))
    store.add_up(at(24 * HOUR_S))
    assert _summed(store) == len(names)
    _assert_right(store, plain(2))
    # Requests of long ago, and words that replace what was said.
    store.write([each for name in ("x", "y") if (each := _request(rng, name, 2 * HOUR_S)[0])])
    store.write([_said(rng, name, 30 * HOUR_S) for name in names[::20]])
    _assert_right(store, plain(3))
    store.add_up(at(24 * HOUR_S))
    assert store.prune(at(24 * HOUR_S), 21.3 / 24, 10**12) > 10
    _assert_right(store, plain(4))
    store.add_up(at(24 * HOUR_S))
    assert _summed(store) == store.count()
    _assert_right(store, plain(5))


def test_what_is_over_is_added_up_once_and_the_newest_first(store: Store) -> None:
    store.write([record("1", 10), record("2", 2 * HOUR_S + 10)])
    times = iter((0.0, 1.0, 2.0, 3.0))
    assert store.add_up(at(3 * HOUR_S), at_most_s=2.5, clock=lambda: next(times)) == 2
    assert _parts(store) == [at(3 * HALF_S), at(4 * HALF_S)]
    assert store.add_up(at(3 * HOUR_S)) == 3
    assert _parts(store) == [at(part * HALF_S) for part in range(5)]
    assert store.add_up(at(3 * HOUR_S)) == 0
    assert store.add_up(at(3 * HOUR_S) + sums.SETTLED) == 1


def test_a_journal_without_requests_has_nothing_to_add_up(store: Store) -> None:
    assert store.add_up(at(0)) == 0


@pytest.mark.parametrize(
    "item",
    [record("2", 20), outcome("1"), outcome("1", 50_000), signal("1", 50_000)],
    ids=["record", "outcome", "late", "signal"],
)
def test_whatever_joins_a_part_that_was_added_up_opens_it_and_no_other(store: Store, item: Item) -> None:
    store.write([record("1", 10), record("other", HALF_S + 10)])
    store.add_up(at(HOUR_S) + sums.SETTLED)
    store.write([item])
    assert _parts(store) == [at(HALF_S)]
    assert _summed(store) == 1


def test_what_is_not_written_in_the_end_opens_nothing(store: Store) -> None:
    store.write([record("1", 10)])
    store.add_up(at(HALF_S) + sums.SETTLED)
    with suppress(ZeroDivisionError), store.database.begin() as connection:
        sums.reopen(connection, {microseconds(at(10))}, ())
        raise ZeroDivisionError
    assert _parts(store) == [START]
    assert _summed(store) == 1


def test_who_reads_sees_one_state_and_keeps_nobody_from_writing(store: Store) -> None:
    store.write([record("1", 10)])
    everything = select(func.count()).select_from(RECORDS)
    with store.reading() as connection:
        assert connection.execute(everything).scalar_one() == 1
        store.write([record("2", 10)])
        assert store.add_up(at(HALF_S) + sums.SETTLED) == 1
        assert connection.execute(everything).scalar_one() == 1
        assert sums.closed(connection, 0, microseconds(at(HOUR_S))) == []
    assert store.count() == 2


def test_who_writes_keeps_nobody_from_reading(store: Store) -> None:
    store.write([record("1", 10)])
    with store.database.begin() as connection:
        sums.close(connection, microseconds(START))
        assert summarise(store, START, at(HOUR_S)).requests.total == 1
        assert _parts(store) == []


def test_in_postgresql_whoever_adds_up_is_alone_with_the_writers(postgres: Postgres) -> None:
    # SQLite has one writer at a time by itself.
    url = postgres.url(postgres.database())
    store, other = (open_store(JournalSettings(url=url), statement_s=1) for _ in range(2))
    store.write([record("1", 10)])
    with store.database.begin() as writing:
        sums.reopen(writing, {microseconds(at(20))}, ())
        writing.execute(insert(RECORDS), [{**_row_of("1", store), "id": "2"}])
        with pytest.raises(JournalError, match="timeout"):
            other.add_up(at(HALF_S) + sums.SETTLED)
    assert other.add_up(at(HALF_S) + sums.SETTLED) == 1
    assert _summed(store) == 2
    store.write([signal("1")])
    with store.database.begin() as adding:
        sums.close(adding, microseconds(START))
        with pytest.raises(JournalError, match="timeout"):
            other.write([signal("2")])
    other.write([signal("2")])
    assert _parts(store) == []
    for each in (store, other):
        each.database.close()


def _row_of(known_as: str, store: Store) -> dict[str, Any]:
    with store.reading() as connection:
        return dict(connection.execute(select(RECORDS).where(RECORDS.c.id == known_as)).mappings().one())


def test_a_journal_of_the_first_version_is_brought_up_to_date_and_added_up(journal_url: str) -> None:
    old = Database(parse_url(journal_url))
    if old.path is not None:
        old.path.parent.mkdir()
    with old.begin() as connection:
        if not old.is_sqlite:
            connection.exec_driver_sql("CREATE SCHEMA heimdall")
        config = _alembic()
        config.attributes["connection"] = connection
        command.upgrade(config, "1")
        told = {
            "id": "1",
            "at_us": microseconds(at(10)),
            "requested": "heimdall",
            "mode": "route",
            "body": "{}",
        }
        told |= {
            "arm": "chosen",
            "cause": "triage",
            "propensity": 1.0,
            "duration_us": 5,
            "is_remembered": False,
        }
        connection.execute(insert(RECORDS), [told])
    old.close()
    store = open_store(JournalSettings(url=journal_url))
    assert store.add_up(at(HALF_S) + sums.SETTLED) == 1
    assert summarise(store, START, at(HOUR_S)).requests.total == 1
    assert _summed(store) == 1
    store.database.close()


def test_the_journals_writer_adds_up(journal_url: str) -> None:
    now_ = at(HALF_S) + sums.SETTLED
    sink = DatabaseSink(JournalSettings(url=journal_url), clock=lambda: now_)
    sink.open()
    sink.write([record("1", 10)])
    sink.tend()
    store = open_store(JournalSettings(url=journal_url))
    assert _parts(store) == [START]
    store.database.close()
    sink._ready().database.close()


def test_no_report_in_sqlite_walks_a_table_and_samples_have_indexes_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(JournalSettings(url=f"sqlite:///{tmp_path}/journal.sqlite"))
    asked: list[tuple[str, Any]] = []
    event.listen(store.database.engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
    for module in (queries, measured):
        monkeypatch.setattr(module, "SAMPLE", 2)
    names = [f"{at_all:x}{'0' * 7}" for at_all in range(16)] * 2
    for at_all, name in enumerate(names):
        arm = "holdout" if at_all % 8 == 0 else "chosen"
        store.write([record(f"{name}{at_all}", arm=arm, propensity=0.5, conversation=f"{name}{at_all}")])
        store.write([outcome(f"{name}{at_all}")])
    asked.clear()
    summarise(store, START, at(HOUR_S))
    store.add_up(at(HALF_S) + sums.SETTLED)
    with store.reading() as connection:
        plans = {
            str(row[-1])
            for statement, values in list(asked)
            if statement.startswith(("SELECT", "WITH", "INSERT INTO sums"))
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        }
    for index in ("records_low", "records_low_in_arm"):
        assert any(f"USING COVERING INDEX {index} " in plan for plan in plans), plans
    assert [plan for plan in plans if plan.startswith(("SCAN records", "SCAN signals"))] == []
    store.database.close()


def test_what_a_process_of_an_older_version_has_added_up_is_not_believed_and_added_up_anew(
    store: Store,
) -> None:
    names = [str(part) for part in range(3)]
    for name in names:
        when = int(name) * HALF_S
        told = record(name, when, mode="shadow", decided="b", cost_usd=1.0)
        store.write([told, outcome(name, when, cost_usd=4.0, would_usd=1.0, would_guessed_usd=0.5)])
    start = microseconds(at(0.0)) - microseconds(at(0.0)) % sums.PART_US
    parts = [start + sums.PART_US * part for part in range(3)]
    end = parts[-1] + sums.PART_US
    with store.database.begin() as connection:
        for part in parts:
            sums.close(connection, part)
        assert sums.closed(connection, start, end) == parts
        # It knows nothing of the newer columns. What it has added up lies between what a newer one has.
        of_older = update(SUMS).where(SUMS.c.at_us == parts[1])
        connection.execute(of_older.values(decided=None, would_guessed_usd=None))
        assert sums.closed(connection, start, end) == [parts[0], parts[2]]
    for slots in (2, 48):
        found = summarise(store, at(-24 * HOUR_S), at(24 * HOUR_S), slots=slots)
        assert (found.requests.total, found.spend_usd) == (3, 12.0)
        assert found.shadow is not None
        assert found.shadow.guessed_usd == 1.5
        assert [(flow.decided, flow.requests) for flow in found.shadow.flows] == [("b", 3)]
    with store.database.begin() as connection:
        sums.close(connection, parts[1])
        assert sums.closed(connection, start, end) == parts
        assert {row.decided for row in connection.execute(select(SUMS))} == {"b"}
