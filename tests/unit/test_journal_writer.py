"""The queue and its thread, with sinks that fail as they are told, and no clock but a given one."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from heimdall_litellm.errors import JournalError
from heimdall_litellm.journal.record import Item
from heimdall_litellm.journal.writer import BATCH, Writer
from tests.fakes.journal import Meter, outcome, record

LONG_S = 60.0
COUNTED = "Further failures are counted, not logged."


class Sink:
    """Keeps items in memory; `faults` are raised in turn, `gate` holds up writing while it is closed."""

    def __init__(self, *faults: Exception) -> None:
        self.faults, self.items, self.opened, self.tries, self.tended = list(faults), list[Item](), 0, 0, 0
        self.gate, self.entered = threading.Event(), threading.Event()
        self.gate.set()
        self.refuses = 0

    def open(self) -> None:
        self.opened += 1

    def write(self, items: Sequence[Item]) -> int:
        self.entered.set()
        assert self.gate.wait(LONG_S)
        self.tries += 1
        if self.faults:
            raise self.faults.pop(0)
        self.items += items
        return self.refuses

    def tend(self) -> None:
        self.tended += 1

    @property
    def ids(self) -> list[str]:
        return [item.id for item in self.items]  # type: ignore[union-attr]


@pytest.fixture
def make() -> Iterator[Any]:
    writers: list[Writer] = []

    def made(sink: Sink, **how: Any) -> tuple[Writer, Meter]:
        meter = Meter()
        writers.append(Writer(sink, meter, **{"flush_s": LONG_S, **how}))
        return writers[-1], meter

    yield made
    for writer in writers:
        writer.close()


def _submit(writer: Writer, count: int, first: int = 0) -> int:
    return sum(writer.submit(lambda i=i: (record(str(i)),)) for i in range(first, first + count))  # type: ignore[misc]


def test_what_is_handed_over_is_kept_in_order(make: Any) -> None:
    sink = Sink()
    writer, meter = make(sink)
    _submit(writer, 1_200)
    assert writer.flush(LONG_S)
    assert sink.ids == [str(i) for i in range(1_200)]
    assert (meter.kept, meter.lost, meter.waits) == (1_200, {}, 0)
    assert sink.tended == 1


def test_one_item_that_cannot_be_made_takes_no_other_along(make: Any, caplog: Any) -> None:
    sink = Sink()
    writer, meter = make(sink)
    writer.submit(lambda: (record("a"), outcome("a")))
    writer.submit(lambda: 1 // 0)
    writer.submit(lambda: ())
    writer.submit(lambda: (record("b"),))
    assert writer.flush(LONG_S)
    assert sink.ids == ["a", "a", "b"]
    assert (meter.kept, meter.lost) == (3, {"unmade": 1})
    assert [r.getMessage() for r in caplog.records] == [
        f"Heimdall: A journal record can't be made (ZeroDivisionError); it is lost. {COUNTED}"
    ]


def test_what_the_store_cannot_hold_is_counted(make: Any) -> None:
    sink = Sink()
    sink.refuses = 2
    writer, meter = make(sink)
    writer.submit(lambda: tuple(record(str(i)) for i in range(5)))
    assert writer.flush(LONG_S)
    assert (meter.kept, meter.lost) == (3, {"refused": 2})


def test_where_the_queue_is_full_what_comes_is_dropped_and_counted_exactly(make: Any) -> None:
    sink = Sink()
    sink.gate.clear()
    writer, meter = make(sink, size=100)
    taken = _submit(writer, 1)
    writer._wake.set()
    assert sink.entered.wait(LONG_S)
    # The one under way still counts as waiting, for it may have to be tried again.
    taken += _submit(writer, 250, first=1)
    assert taken == 100
    sink.gate.set()
    assert writer.flush(LONG_S)
    assert sink.ids == [str(i) for i in range(100)]
    assert (meter.kept, meter.lost) == (100, {"full": 151})


def test_what_waited_is_written_once_the_store_is_well_again(make: Any, caplog: Any) -> None:
    sink = Sink(*[JournalError("The disk is full.")] * 9)
    writer, meter = make(sink, clock=lambda: 0.0)
    _submit(writer, 10)
    assert not writer.flush(0.2)
    _submit(writer, 10, first=10)
    assert not writer.flush(0.2)
    sink.faults.clear()
    assert writer.flush(LONG_S)
    assert sink.ids == [str(i) for i in range(20)]
    assert (meter.kept, meter.lost) == (20, {})
    assert sink.opened >= 3  # each time, for it may be another one by now
    assert [r.getMessage() for r in caplog.records] == [
        f"Heimdall: The disk is full. What comes meanwhile waits until the queue is full. {COUNTED}",
        "Heimdall's journal is written again.",
    ]


def test_a_store_that_fails_is_left_in_peace_however_much_comes(make: Any) -> None:
    sink = Sink(*[JournalError("no")] * 100)
    writer, meter = make(sink, size=5 * BATCH, clock=lambda: 0.0)
    _submit(writer, 1)
    assert not writer.flush(0.2)
    before = sink.tries
    _submit(writer, 6 * BATCH, first=1)
    # What it was made from isn't held on to meanwhile: the thread makes it, and doesn't try the store.
    while writer._queue:
        writer._wake.set()
    assert sink.tries == before
    assert len(writer._kept) == 5 * BATCH
    assert meter.lost == {"full": BATCH + 1}
    sink.faults.clear()
    assert writer.flush(LONG_S)
    assert meter.kept == 5 * BATCH


def test_closing_writes_what_waits_and_what_comes_later_is_counted(make: Any) -> None:
    sink = Sink()
    writer, meter = make(sink)
    _submit(writer, 3)
    writer.close()
    writer.close()
    assert sink.ids == ["0", "1", "2"]
    assert not writer.submit(lambda: (record("late"),))
    assert (meter.kept, meter.lost) == (3, {"unwritable": 1})


def test_closing_counts_what_cannot_be_written_and_says_so(make: Any, caplog: Any) -> None:
    sink = Sink(*[JournalError("no")] * 5)
    writer, meter = make(sink)
    _submit(writer, 7)
    writer.close()
    assert (meter.kept, meter.lost) == (0, {"unwritable": 7})
    assert caplog.records[-1].getMessage() == (
        "Heimdall's journal: 7 items that waited when the process ended are lost."
    )


def test_many_threads_lose_nothing_and_write_nothing_twice(make: Any) -> None:
    sink = Sink()
    writer, meter = make(sink, size=100_000)
    threads = [threading.Thread(target=_submit, args=(writer, 1_000, 1_000 * n)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert writer.flush(LONG_S)
    assert sorted(map(int, sink.ids)) == list(range(8_000))
    assert (meter.kept, meter.lost) == (8_000, {})


def test_a_child_writes_its_own_and_nothing_of_its_parents(make: Any) -> None:
    sink = Sink()
    writer, _ = make(sink)
    _submit(writer, 3)
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - coverage doesn't follow
        status = 1
        try:
            sink.items.clear()
            sink.gate.set()
            _submit(writer, 2, first=100)
            status = 0 if writer.flush(LONG_S) else 2
            os.write(theirs, ",".join(sink.ids).encode())
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    os.close(theirs)
    assert os.read(ours, 1_000) == b"100,101"
    os.close(ours)
    assert writer.flush(LONG_S)
    assert sink.ids == ["0", "1", "2"]


def test_tending_that_fails_stops_nothing(make: Any, caplog: Any) -> None:
    class Untidy(Sink):
        def tend(self) -> None:
            raise JournalError("The journal can't be pruned.")

    sink = Untidy()
    writer, meter = make(sink)
    for first in (0, 1):
        _submit(writer, 1, first=first)
        assert writer.flush(LONG_S)
    assert meter.kept == 2
    assert [r.getMessage() for r in caplog.records].count(
        f"Heimdall: The journal can't be pruned. {COUNTED}"
    ) <= 1
