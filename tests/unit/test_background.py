"""Work in the background: who gives way, how often, and where nobody may."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from heimdall_litellm import background
from heimdall_litellm.background import give_way, hurry, hurry_when
from heimdall_litellm.bundle import load_bundle
from heimdall_litellm.catalog.drift import compare
from heimdall_litellm.catalog.facts import Listing
from heimdall_litellm.catalog.fetch import Fetcher
from heimdall_litellm.catalog.listings_index import ListingsIndex
from heimdall_litellm.catalog.map_index import MapIndex
from heimdall_litellm.catalog.merge import merge
from heimdall_litellm.catalog.readings import Reading, listings_from_json, listings_to_json
from heimdall_litellm.catalog.sources import Rank
from heimdall_litellm.catalog.sources.openrouter import OpenRouter
from heimdall_litellm.catalog.watchtower import Watchtower
from heimdall_litellm.config import CatalogSettings, JournalSettings, load_settings
from heimdall_litellm.journal.opening import open_store
from heimdall_litellm.journal.record import Item
from heimdall_litellm.journal.sink import NoMeter, NoSink
from heimdall_litellm.journal.store import Page
from heimdall_litellm.journal.writer import BATCH, Writer
from heimdall_litellm.plugin.runtime import Runtime
from heimdall_litellm.plugin.shield import Failures
from heimdall_litellm.priors import prior_quality
from tests.fakes import lists as fake
from tests.fakes.engine import FakeEngine
from tests.fakes.journal import record
from tests.support import QUIET

MANY = 50
NAMES = [f"openrouter/maker/model-{number}" for number in range(MANY)]
LISTINGS = tuple(Listing("openrouter", name, {"input_usd_per_mtok": 1.0}) for name in NAMES)
MODELS = [{"model_name": name, "litellm_params": {"model": name}} for name in NAMES]


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each pause was that somebody made."""
    made: list[float] = []
    clock = SimpleNamespace(sleep=made.append, perf_counter=time.perf_counter)
    monkeypatch.setattr(background, "time", clock)  # nobody else's
    return made


def on_a_thread(work: Callable[[], object]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def at_times(monkeypatch: pytest.MonkeyPatch, step_s: float) -> None:
    """Let every look at the clock find it so much later."""
    ticks = count(1)
    monkeypatch.setattr(background.time, "perf_counter", lambda: next(ticks) * step_s)


def test_a_thread_rests_once_it_has_worked_for_a_while(
    monkeypatch: pytest.MonkeyPatch, rests: list[float]
) -> None:
    at_times(monkeypatch, background.WORK_S / 4)
    on_a_thread(lambda: [give_way() for _ in range(41)])
    # The first call is the first of all; after each rest four looks at the clock pass till the next.
    assert rests == [background.REST_S] * 9


def test_a_thread_that_hurries_rests_no_more_until_it_has_time(
    monkeypatch: pytest.MonkeyPatch, rests: list[float]
) -> None:
    at_times(monkeypatch, 1.0)

    def work() -> None:
        for is_hurried in (True, False):
            hurry(is_hurried)
            for _ in range(5):
                give_way()

    on_a_thread(work)
    on_a_thread(give_way)  # one's hurry is none of another's
    assert rests == [background.REST_S] * 6


def test_a_thread_that_is_to_end_rests_no_more(monkeypatch: pytest.MonkeyPatch, rests: list[float]) -> None:
    at_times(monkeypatch, 1.0)
    is_over = threading.Event()

    def work() -> None:
        hurry_when(is_over.is_set)
        give_way()
        is_over.set()
        for _ in range(5):
            give_way()

    on_a_thread(work)
    assert rests == [background.REST_S]


def test_the_main_thread_never_rests(monkeypatch: pytest.MonkeyPatch, rests: list[float]) -> None:
    at_times(monkeypatch, 1.0)
    for _ in range(10):
        give_way()
    assert rests == []


def openrouter(names: Sequence[str]) -> object:
    return OpenRouter().read({"data": [{"id": name, "pricing": {"prompt": "0.000001"}} for name in names]})


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(lambda: openrouter(NAMES), id="reading a list"),
        pytest.param(lambda: listings_to_json(LISTINGS), id="writing it down"),
        pytest.param(lambda: listings_from_json(listings_to_json(LISTINGS)), id="reading it back"),
        pytest.param(
            lambda: compare("s", LISTINGS, LISTINGS, (), datetime.now(UTC)), id="comparing it with the last"
        ),
        pytest.param(
            lambda: ListingsIndex([Reading("s", Rank.RESELLER, frozenset(), datetime.now(UTC), LISTINGS)]),
            id="indexing it",
        ),
        pytest.param(
            lambda: MapIndex({name: {"mode": "chat"} for name in NAMES}).by_model("gpt-9"),
            id="indexing the price map",
        ),
        pytest.param(lambda: merge(MODELS, {}, {}), id="merging"),
        pytest.param(
            lambda: prior_quality([c.entry for c in merge(MODELS, {}, {}).cards.values()], load_bundle()),
            id="finding out what is expected of the models",
        ),
    ],
)
def test_whatever_loops_over_models_gives_way_between_them(
    monkeypatch: pytest.MonkeyPatch, rests: list[float], work: Callable[[], object]
) -> None:
    at_times(monkeypatch, 1.0)
    on_a_thread(work)
    assert len(rests) >= MANY


def test_the_journal_gives_way_unless_it_is_behind(
    monkeypatch: pytest.MonkeyPatch, rests: list[float]
) -> None:
    at_times(monkeypatch, 1.0)
    has_begun, may_go_on = threading.Event(), threading.Event()

    def first() -> list[Item]:
        has_begun.set()
        may_go_on.wait(10)
        return []

    writer = Writer(NoSink(), NoMeter())
    writer.submit(first)
    assert has_begun.wait(10)
    for _ in range(2 * BATCH):
        writer.submit(list)
    may_go_on.set()
    assert writer.flush(10)
    writer.close()
    # Before the first, which was alone, and before each of the last, of which there were fewer than a batch.
    assert rests == [background.BRIEF_S] * BATCH


def test_a_journal_that_is_closing_rests_no_more(
    monkeypatch: pytest.MonkeyPatch, rests: list[float], tmp_path: Path
) -> None:
    store = open_store(JournalSettings(url=f"sqlite:///{tmp_path / 'journal.sqlite'}"))

    class Kept(NoSink):
        def write(self, items: Sequence[Item]) -> int:
            return store.write(items)

    has_begun, may_go_on = threading.Event(), threading.Event()

    def first() -> list[Item]:
        has_begun.set()
        may_go_on.wait(10)
        return []

    at_times(monkeypatch, 1.0)
    writer = Writer(Kept(), NoMeter())
    writer.submit(first)
    assert has_begun.wait(10)
    for number in range(MANY):
        writer.submit(lambda number=number: [record(f"r{number}")])  # type: ignore[misc]
    closing = threading.Thread(target=writer.close)
    closing.start()
    while not writer._is_closing:
        time.sleep(0.001)
    may_go_on.set()
    closing.join()
    assert len(store.latest(Page())) == MANY
    store.database.close()
    assert rests == [background.BRIEF_S]  # before the first


def test_the_journal_gives_way_between_the_rows_it_makes(
    monkeypatch: pytest.MonkeyPatch, rests: list[float], tmp_path: Path
) -> None:
    store = open_store(JournalSettings(url=f"sqlite:///{tmp_path / 'journal.sqlite'}"))
    at_times(monkeypatch, 1.0)
    on_a_thread(lambda: store.write([record(f"r{number}") for number in range(MANY)]))
    store.database.close()
    assert rests == [background.BRIEF_S] * MANY


async def test_nobody_rests_while_requests_wait_for_the_first_engine(
    monkeypatch: pytest.MonkeyPatch, rests: list[float]
) -> None:
    at_times(monkeypatch, 1.0)
    settings = load_settings(
        {**QUIET, "router": {f"{bucket}_candidates": ["a"] for bucket in ("cheap", "mid", "hard")}}
    )
    runtime = Runtime(settings, Failures(), make=FakeEngine, watch=lambda *_: None)
    groups = [{"model_name": name, "litellm_params": {"model": "openai/gpt-5"}} for name in ("heimdall", "a")]
    await runtime.engine(groups)
    assert rests == []
    # The pool's thread that has built it has time again.
    await asyncio.to_thread(give_way)
    assert rests == [background.REST_S]


@pytest.mark.parametrize("is_waited_for", [True, False])
def test_a_refresh_rests_unless_somebody_waits_for_it(
    monkeypatch: pytest.MonkeyPatch, rests: list[float], tmp_path: Path, is_waited_for: bool
) -> None:
    at_times(monkeypatch, 1.0)
    with fake.running(tmp_path) as lists:
        lists.serve("https://openrouter.ai/api/v1/models", {"data": [{"id": name} for name in NAMES]})
        tower = Watchtower(
            CatalogSettings(sources=["openrouter"], store=str(tmp_path / "store.sqlite")),
            dict,
            environ=dict,
            fetcher=Fetcher(
                private_hosts=["openrouter.ai"], resolve=lists.resolve, ssl_context=lists.ssl_context
            ),
        )
        tower._look(is_forced=is_waited_for)
    assert tower.status()[0].models == MANY
    assert (rests == []) is is_waited_for
