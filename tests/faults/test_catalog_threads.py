"""Threads of the live catalog that meet: lists that come at once, a watch and a command, and a fork."""

from __future__ import annotations

import logging
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from heimdall_litellm.catalog.readers import Readers
from tests.fakes.hosts import OPENROUTER
from tests.fakes.lists import Lists
from tests.faults.test_catalog_watchtower import (
    KEYS,
    MODELS,
    OA,
    Process,
    lines,
    module_server,
    price,
    process,
    serve_all,
    server,
    wait_for,
)
from tests.unit.test_catalog_entries import deployment
from tests.unit.test_catalog_sources import recorded

__all__ = ["module_server", "process", "server"]

NEW = "gpt-9"
OWN = [*MODELS, deployment(f"openai/{NEW}", "new")]


def serve_new(server: Lists) -> None:
    server.serve(OA, {"data": [*recorded("openai")["data"], {"id": NEW}]})


def test_lists_are_merged_and_then_compared_one_at_a_time(server: Lists, process: Process) -> None:
    tower = process.tower
    tower.view(OWN)
    process.look()
    serve_new(server)
    notice, met = tower._chronicle.notice, []

    def noticed(source: str, *rest: Any) -> None:
        met.append((tower._telling.locked(), source, ("openai", "openai", NEW, None) in tower._heard))
        notice(source, *rest)

    tower._chronicle.notice = noticed  # type: ignore[method-assign]
    process.prices = dict(process.prices)  # another price map, which is compared too
    process.look(301)
    assert {source for _, source, _ in met} == {"openrouter", "openai", "google", "anthropic", "litellm"}
    assert all(is_alone for is_alone, _, _ in met)
    # Whoever tells the change, of whatever thread, has to know by then that it touches the user's own model.
    assert [is_own for _, source, is_own in met if source == "openai"] == [True]


def test_what_a_command_found_is_told_once_it_has_been_taken_over(
    server: Lists, process: Process, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "heimdall_litellm")
    tower = process.tower
    tower.view(OWN)
    process.look()
    process.now += 10
    serve_new(server)
    Process(
        server, tmp_path / "store.sqlite", environ=KEYS, now=process.now, is_telling=False
    ).tower.refresh_now()
    assert lines(caplog) == []
    renew, renewed = tower._renew, threading.Event()
    (openai,) = [each for each in tower._lookouts if each.source.name == "openai"]
    look = openai.look

    def renewing(**how: bool) -> None:
        renew(**how)  # type: ignore[arg-type]
        renewed.set()

    def slow(**how: bool) -> Any:
        renewed.wait(0.3)
        return look(**how)

    tower._renew, openai.look = renewing, slow  # type: ignore[method-assign,assignment]
    tower.start()
    wait_for(lambda: process.meter.drifts)
    wait_for(renewed.is_set)
    tower.stop()
    assert lines(caplog) == [f"Catalog: openai/{NEW} is new in the list of openai"]


def test_refresh_now_reads_what_somebody_is_looking_at_already(server: Lists, process: Process) -> None:
    process.look()
    server.asked.clear()
    released = threading.Event()
    process.tower._readers.begin("openrouter", lambda: released.wait(20) and None)
    command = threading.Thread(target=process.tower.refresh_now)
    command.start()
    released.set()
    command.join(20)
    assert OPENROUTER in server.hosts


def test_a_thread_that_cannot_be_started_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    readers, done = Readers(), threading.Event()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", _refuse)
        with pytest.raises(RuntimeError, match="can't start"):
            readers.begin("one", done.set)
    assert not readers.is_reading("one")
    readers.wait()
    readers.begin("one", done.set)
    readers.wait()
    assert done.is_set()


def _refuse(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_fork_in_the_middle_of_everything_holds_up_nothing(server: Lists, tmp_path: Path) -> None:
    serve_all(server)
    process = Process(server, tmp_path / "s", sources=["openrouter"])
    tower = process.tower
    held, released = threading.Event(), threading.Event()

    def hold() -> None:
        with tower._looking, tower._telling, tower._merging:
            for number in range(8):
                tower._readers.begin(f"hanging-{number}", lambda: released.wait(30) and None)
            held.set()
            released.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(10)
    child = os.fork()
    if child == 0:  # pragma: no cover - it ends without a word
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(20)
        try:
            tower.start()
            tower.view(MODELS)
            wait_for(lambda: price(tower.current).source == "openrouter")
            os._exit(0)
        finally:
            os._exit(1)
    try:
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        released.set()
        holder.join()
