"""The live catalog against real servers that are down, slow, lying or well, alone and among processes."""

from __future__ import annotations

import itertools
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from heimdall_litellm.catalog.facts import CatalogView, Fact, SourceStatus
from heimdall_litellm.catalog.fetch import Fetcher
from heimdall_litellm.catalog.lookout import FIRST_PAUSE_S, LONGEST_PAUSE_S, POLL_S
from heimdall_litellm.catalog.watchtower import Watchtower
from heimdall_litellm.config import CatalogSettings
from heimdall_litellm.errors import CatalogError, ConfigError
from tests.fakes import lists as fake
from tests.fakes.hosts import ANTHROPIC, GEMINI, OPENAI, OPENROUTER, VENDORS
from tests.fakes.lists import Lists
from tests.unit.test_catalog_entries import PRICES, deployment
from tests.unit.test_catalog_sources import recorded

OR = f"https://{OPENROUTER}/api/v1/models"
OA = f"https://{OPENAI}/v1/models"
KEYS = {"OPENAI_API_KEY": "sk-canary-o", "GEMINI_API_KEY": "canary-g", "ANTHROPIC_API_KEY": "canary-a"}
MODELS = [deployment("openrouter/deepseek/deepseek-r1", "r1"), deployment("openai/gpt-5", "gpt", api_key="k")]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def module_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lists]:
    with fake.running(tmp_path_factory.mktemp("lists")) as running:
        yield running


@pytest.fixture
def server(module_server: Lists) -> Lists:
    module_server.served.clear()
    module_server.asked.clear()
    return module_server


def serve_all(server: Lists) -> None:
    server.serve(OR, fake.tagged(recorded("openrouter"), '"one"'))
    server.serve(OA, recorded("openai"))

    def paged(name: str, parameter: str) -> fake.Play:
        return lambda http: fake.send(http, recorded(f"{name}-{2 if parameter in http.path else 1}"))

    server.serve(f"https://{GEMINI}/v1beta/models", paged("google", "pageToken="))
    server.serve(f"https://{ANTHROPIC}/v1/models", paged("anthropic", "after_id="))


class Meter:
    def __init__(self) -> None:
        self.reads: list[tuple[str, str]] = []
        self.states: dict[str, tuple[int, float | None]] = {}
        self.drifts: list[str] = []

    def read(self, source: str, outcome: str) -> None:
        self.reads.append((source, outcome))

    def state(self, source: str, models: int, age_s: float | None) -> None:
        self.states[source] = (models, age_s)

    def drift(self, kind: str) -> None:
        self.drifts.append(kind)


class Process:
    """One process of the proxy: its watchtower, and a clock of its own."""

    def __init__(self, server: Lists, store: Path, **more: Any) -> None:
        self.now = more.pop("now", 1_800_000_000.0)
        self.environ: dict[str, str] = dict(more.pop("environ", {}))
        self.prices: dict[str, Mapping[str, object]] = dict(more.pop("prices", PRICES))
        self.meter, self.views = Meter(), list[CatalogView]()
        self.map_read_at: datetime | None = None
        find_shared = more.pop("find_shared", lambda: None)
        is_telling = more.pop("is_telling", True)
        settings = CatalogSettings.model_validate({"store": str(store), "refresh_seconds": 300, **more})
        self.tower = Watchtower(
            settings,
            lambda: self.prices,
            map_read_at=lambda: self.map_read_at,
            environ=lambda: self.environ,
            listener=self.views.append,
            meter=self.meter,
            find_shared=find_shared,
            is_telling=is_telling,
            fetcher=Fetcher(
                timeout_s=settings.timeout_s,
                private_hosts=[*VENDORS, *settings.private_hosts],
                resolve=server.resolve,
                ssl_context=server.ssl_context,
            ),
            now=lambda: self.now,
            jitter=lambda: 1.0,
        )

    @property
    def outcomes_so_far(self) -> list[tuple[str, str]]:
        return self.meter.reads

    def look(self, later_s: float = 0.0) -> CatalogView:
        self.now += later_s
        self.tower._look(is_forced=False)
        return self.tower.current

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        found, self.meter.reads = self.meter.reads, []
        return found

    def status(self, name: str) -> SourceStatus:
        return next(each for each in self.tower.status() if each.name == name)


@pytest.fixture
def process(server: Lists, tmp_path: Path) -> Process:
    serve_all(server)
    made = Process(server, tmp_path / "store.sqlite", environ=KEYS)
    made.tower.view(MODELS)
    return made


def price(view: CatalogView, group: str = "r1") -> Fact:
    return view.cards[group].facts["output_usd_per_mtok"]


def test_what_all_sources_say_is_in_the_cards_after_one_round(server: Lists, process: Process) -> None:
    assert price(process.tower.current).source == "litellm"
    view = process.look()
    assert price(view).value == 2.0
    assert price(view).source == "openrouter"
    assert view.cards["gpt"].is_listed is True
    assert {each.name: each.models for each in view.sources} == {
        "openrouter": 13, "openai": 12, "google": 4, "anthropic": 4, "litellm": len(PRICES),
    }  # fmt: skip
    *fetched, own = view.sources
    assert all(each.is_active and each.error is None and each.read_at for each in fetched)
    assert (own.name, own.is_active, own.is_bundled, own.read_at) == ("litellm", True, True, None)
    assert sorted(process.outcomes) == [
        (name, "fetched") for name in ("anthropic", "google", "openai", "openrouter")
    ]
    assert process.meter.states["openrouter"] == (13, 0.0)
    assert process.views[-1].cards is view.cards


def test_each_key_goes_to_its_vendor_and_nowhere_else(server: Lists, process: Process) -> None:
    process.look()
    carried = {
        (host, key) for host, path, headers in server.asked for key in KEYS.values()
        if any(key in value for value in headers.values()) or key in path
    }  # fmt: skip
    assert carried == {
        (OPENAI, KEYS["OPENAI_API_KEY"]),
        (GEMINI, KEYS["GEMINI_API_KEY"]),
        (ANTHROPIC, KEYS["ANTHROPIC_API_KEY"]),
    }
    assert server.hosts.count(GEMINI) == server.hosts.count(ANTHROPIC) == 2


def test_a_source_without_a_key_is_not_asked_until_there_is_one(server: Lists, tmp_path: Path) -> None:
    serve_all(server)
    process = Process(server, tmp_path / "s", sources=["openai"])
    assert process.look().sources[0] == SourceStatus("openai", False)
    assert server.asked == []
    process.environ.update(KEYS)
    assert process.look(1).sources[0].models == 12
    process.environ.clear()
    view = process.look(400)
    assert view.sources[0] == SourceStatus("openai", False)
    assert all(card.is_listed is None for card in process.tower.view(MODELS).cards.values())


def test_what_is_due_is_asked_again_and_what_has_not_changed_is_not_sent(
    server: Lists, process: Process
) -> None:
    process.look()
    server.asked.clear()
    process.look(299)
    assert server.asked == []
    before = process.status("openrouter").read_at
    process.look(1)
    assert ("openrouter", "unchanged") in process.outcomes
    headers = next(headers for host, _, headers in server.asked if host == OPENROUTER)
    assert headers["if-none-match"] == '"one"'
    read_at = process.status("openrouter").read_at
    assert read_at is not None
    assert before is not None
    assert (read_at - before).total_seconds() == 300


def test_every_source_may_be_down_from_the_start(server: Lists, tmp_path: Path) -> None:
    process = Process(server, tmp_path / "s", environ=KEYS)
    view = process.tower.view(MODELS)
    assert view.cards["gpt"].facts["output_usd_per_mtok"].source == "litellm"
    assert process.look().cards == view.cards
    assert {outcome for _, outcome in process.outcomes} == {"failed"}
    assert process.status("openrouter").error == f"{OPENROUTER} answered 404"
    assert process.status("litellm").error is None


def test_a_source_that_fails_is_tried_again_after_a_growing_pause(server: Lists, tmp_path: Path) -> None:
    process = Process(server, tmp_path / "s", sources=["openrouter"])
    tried = []
    for _ in range(4000):
        process.look(5)
        if process.outcomes:
            tried.append(process.now)
    pauses = [later - sooner for sooner, later in itertools.pairwise(tried)]
    assert pauses[:4] == [FIRST_PAUSE_S * 2**n for n in range(4)]
    assert pauses[-1] == LONGEST_PAUSE_S
    serve_all(server)
    process.look(LONGEST_PAUSE_S)
    assert process.outcomes == [("openrouter", "fetched")]
    assert process.status("openrouter").error is None


LIES: list[tuple[object, str]] = [
    (b"<html>no list</html>", "makes no sense"),
    (b'{"data": [', "makes no sense"),
    (b"[" * 100_000, "makes no sense"),
    ({"error": "sk-canary"}, "makes no sense"),
    ({"data": []}, "is empty"),
    ({"data": [{"id": ""}]}, "is empty"),
    (b"\xff\xfe", "makes no sense"),
    ({"data": [{"id": "x/only-one"}]}, "13 of 13 models are gone"),
]


@pytest.mark.parametrize(("lie", "says"), LIES)
def test_a_source_that_lies_changes_nothing(server: Lists, process: Process, lie: object, says: str) -> None:
    before = process.look()
    server.serve(OR, lie)
    view = process.look(301)
    assert view.cards["r1"].entry == before.cards["r1"].entry
    assert price(view) == price(before)
    status = process.status("openrouter")
    assert says in (status.error or "")
    assert "canary" not in (status.error or "")
    assert (status.models, status.read_at) == (13, next(iter(before.sources)).read_at)
    assert process.meter.states["openrouter"][1] == 301.0
    assert process.status("openai").error is None


def test_pages_without_end_leave_the_last_good_list(server: Lists, process: Process) -> None:
    before = process.look()
    page = {"models": [{"name": "models/x"}], "nextPageToken": "again"}
    server.serve(f"https://{GEMINI}/v1beta/models", page)
    process.look(301)
    assert "leads back to a page that was read" in (process.status("google").error or "")
    assert process.status("google").models == 4
    assert process.status("google").read_at == next(
        each.read_at for each in before.sources if each.name == "google"
    )


def test_a_token_for_the_next_page_stays_in_the_query(server: Lists, tmp_path: Path) -> None:
    token = "@evil.example/?x=1&y#z"
    pages = [{"models": [{"name": "models/x"}], "nextPageToken": token}, {"models": [{"name": "models/y"}]}]
    server.serve(
        f"https://{GEMINI}/v1beta/models",
        lambda http: fake.send(http, pages[1 if "pageToken" in http.path else 0]),
    )
    process = Process(server, tmp_path / "s", sources=["google"], environ=KEYS)
    process.look()
    assert process.status("google").models == 2
    assert server.asked[1][1].endswith("pageSize=1000&pageToken=%40evil.example%2F%3Fx%3D1%26y%23z")


@pytest.mark.parametrize("play", ["hang", "drip"])
def test_a_slow_source_holds_up_neither_the_view_nor_the_others(
    server: Lists, tmp_path: Path, play: str
) -> None:
    serve_all(server)
    server.serve(OR, getattr(server, play))
    process = Process(server, tmp_path / "s", environ=KEYS, timeout_s=3.0)
    thread = threading.Thread(target=process.look)
    thread.start()
    wait_for(lambda: OPENROUTER in server.hosts)
    assert process.tower.view(MODELS).cards["gpt"].entry.input_usd_per_mtok == 1.25
    # The first of the sources hangs, and all the others are in the cards already.
    wait_for(lambda: len(process.outcomes_so_far) == 3)
    wait_for(lambda: process.tower.current.cards["gpt"].is_listed)
    assert process.status("openrouter").tried_at is None
    thread.join()
    assert "did not answer in 3 s" in (process.status("openrouter").error or "")


def test_a_source_that_still_hangs_does_not_hold_up_the_next_round(server: Lists, tmp_path: Path) -> None:
    serve_all(server)
    released = threading.Event()

    def late(http: Any) -> None:
        released.wait(20)
        fake.send(http, recorded("openrouter"))

    server.serve(OR, late)
    process = Process(server, tmp_path / "s", environ=KEYS, sources=["openrouter", "openai"])
    process.tower.view(MODELS)
    process.tower._begin(is_forced=False)
    wait_for(lambda: OPENROUTER in server.hosts and not process.tower._readers.is_reading("openai"))
    assert process.status("openai").models == 12
    process.now += 301
    server.serve(OA, {"data": [{"id": f"new-{n}"} for n in range(12)] + recorded("openai")["data"]})
    process.tower._begin(is_forced=False)
    wait_for(lambda: process.status("openai").models == 24)
    assert server.hosts.count(OPENROUTER) == 1  # nor is it asked a second time meanwhile
    released.set()
    wait_for(lambda: process.status("openrouter").models == 13)
    wait_for(lambda: price(process.tower.current).source == "openrouter")


def test_what_comes_after_the_end_is_left(server: Lists, tmp_path: Path) -> None:
    serve_all(server)
    released = threading.Event()

    def late(http: Any) -> None:
        released.wait(20)
        fake.send(http, recorded("openrouter"))

    server.serve(OR, late)
    process = Process(server, tmp_path / "s", sources=["openrouter"])
    process.tower.view(MODELS)
    process.tower._begin(is_forced=False)
    wait_for(lambda: OPENROUTER in server.hosts)
    process.tower.stop(0.0)
    released.set()
    wait_for(lambda: "heimdall-catalog-openrouter" not in [each.name for each in threading.enumerate()])
    assert price(process.tower.current).source == "litellm"


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_restart_starts_warm_and_asks_nobody_before_it_is_time(
    server: Lists, process: Process, tmp_path: Path
) -> None:
    process.look()
    server.served.clear()
    server.asked.clear()
    again = Process(server, tmp_path / "store.sqlite", environ=KEYS, now=process.now + 100)
    view = again.tower.view(MODELS)
    assert price(view) == price(process.tower.current)
    again.look()
    assert server.asked == []
    again.look(200)
    assert set(server.hosts) == {OPENROUTER, OPENAI, GEMINI, ANTHROPIC}
    assert price(again.tower.current) == price(view)


def test_of_several_processes_one_fetches_and_the_others_read(
    server: Lists, process: Process, tmp_path: Path
) -> None:
    other = Process(server, tmp_path / "store.sqlite", environ=KEYS)
    other.tower.view(MODELS)
    process.look()
    asked = len(server.asked)
    view = other.look()
    assert len(server.asked) == asked
    assert set(other.outcomes) == {
        (name, "adopted") for name in ("openrouter", "openai", "google", "anthropic")
    }
    assert price(view) == price(process.tower.current)
    server.serve(OR, changed(2.0, 4.0))
    process.look(301)
    other.look(302)
    assert price(other.tower.current).value == 4.0
    assert [change.kind for change in other.tower.current.drift] == ["price"]
    assert (process.meter.drifts, other.meter.drifts) == (["price"], [])


def test_while_another_process_fetches_one_waits_and_goes_on(
    server: Lists, process: Process, tmp_path: Path
) -> None:
    released = threading.Event()

    def slowly(http: Any) -> None:
        released.wait(10)
        fake.send(http, recorded("openrouter"))

    server.serve(OR, slowly)
    other = Process(server, tmp_path / "store.sqlite", sources=["openrouter"])
    other.tower.view(MODELS)
    thread = threading.Thread(target=process.look)
    thread.start()
    wait_for(lambda: OPENROUTER in server.hosts)
    other.look()
    assert (other.outcomes, server.hosts.count(OPENROUTER)) == ([], 1)
    assert price(other.tower.current).source == "litellm"
    released.set()
    thread.join()
    other.look(POLL_S)
    assert other.outcomes == [("openrouter", "adopted")]
    assert server.hosts.count(OPENROUTER) == 1


def test_what_failed_in_one_process_is_not_tried_at_once_in_the_next(server: Lists, tmp_path: Path) -> None:
    one, two = (Process(server, tmp_path / "s", sources=["openrouter"]) for _ in range(2))
    one.look()
    two.look(1)
    assert len(server.asked) == 1
    assert two.status("openrouter").error == one.status("openrouter").error


def test_processes_with_different_keys_keep_their_lists_apart(server: Lists, tmp_path: Path) -> None:
    def by_account(http: Any) -> None:
        ids = ["gpt-5"] if "one" in http.headers["authorization"] else ["gpt-5", "gpt-4o"]
        fake.send(http, {"data": [{"id": model} for model in ids]})

    server.serve(OA, by_account)
    one, two = (
        Process(server, tmp_path / "s", sources=["openai"], environ={"OPENAI_API_KEY": key})
        for key in ("one", "two")
    )
    assert (one.look().sources[0].models, two.look().sources[0].models) == (1, 2)
    assert b"one" not in (tmp_path / "s").read_bytes().replace(b"none", b"")
    one.environ["OPENAI_API_KEY"] = "two"
    assert one.look(1).sources[0].models == 2


def test_without_a_store_each_goes_on_alone(server: Lists, tmp_path: Path) -> None:
    serve_all(server)
    (tmp_path / "file").write_text("")
    process = Process(server, tmp_path / "file" / "store", sources=["openrouter"])
    process.tower.view(MODELS)
    assert price(process.look()).source == "openrouter"
    process.look(301)
    assert process.outcomes == [("openrouter", "fetched"), ("openrouter", "unchanged")]


def test_without_a_store_each_finds_and_tells_by_itself(
    server: Lists, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    serve_all(server)
    caplog.set_level(logging.INFO, "heimdall_litellm")
    (tmp_path / "file").write_text("")
    process = Process(server, tmp_path / "file" / "store", sources=["openrouter"])
    process.tower.view(MODELS)
    process.look()
    for usd in (2.15, 2.3, 2.0, 2.3):
        server.serve(OR, changed(2.0, usd))
        process.look(301)
    assert process.meter.drifts == ["price", "price"]
    assert [change.after for change in process.tower.current.drift] == [2.0, 2.3]
    assert len([line for line in caplog.messages if "output $" in line]) == 2


def test_a_store_that_is_deleted_is_made_anew_and_no_change_is_missed(
    server: Lists, process: Process, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    process.look()
    for file in tmp_path.glob("store.sqlite*"):
        file.unlink()
    server.serve(OR, changed(2.0, 4.0))
    process.look(301)
    assert process.meter.drifts == ["price"]
    assert not [line for line in caplog.messages if "cannot be used" in line]
    for file in tmp_path.glob("store.sqlite*"):
        file.unlink()
    process.look(301)
    assert ("openai", "fetched") in process.outcomes
    again = Process(server, tmp_path / "store.sqlite", environ=KEYS, now=process.now)
    assert price(again.tower.view(MODELS)).value == 4.0


def test_a_list_that_is_read_again_unchanged_changes_no_card(server: Lists, process: Process) -> None:
    before = process.look()
    made = len(process.views)
    view = process.look(301)
    assert view.cards is before.cards
    assert len(process.views) == made
    assert [each.read_at for each in view.sources] != [each.read_at for each in before.sources]
    server.serve(OR, changed(2.0, 2.01))
    view = process.look(301)
    assert view.cards["gpt"] is before.cards["gpt"]
    assert price(view).value == 2.01


def test_a_clock_that_is_set_back_stops_nothing(server: Lists, process: Process) -> None:
    process.look()
    process.look(-1e6)
    assert ("openrouter", "unchanged") in process.outcomes


def test_a_mirror_is_asked_without_a_key(server: Lists, tmp_path: Path) -> None:
    mirrors = {"openai": f"https://{OPENROUTER}/mirror.json", "openrouter": f"https://{OPENROUTER}/or.json"}
    server.serve(mirrors["openai"], recorded("openai"))
    server.serve(mirrors["openrouter"], recorded("openrouter"))
    process = Process(
        server, tmp_path / "s", environ=KEYS, urls=mirrors, private_hosts=[OPENROUTER], sources=list(mirrors)
    )
    process.tower.view(MODELS)
    view = process.look()
    assert view.cards["gpt"].is_listed is True
    assert price(view).source == "openrouter"
    assert server.hosts == [OPENROUTER, OPENROUTER]
    assert "canary" not in json.dumps(server.asked)


def test_a_mirror_needs_no_key(server: Lists, tmp_path: Path) -> None:
    url = f"https://{OPENROUTER}/mirror.json"
    server.serve(url, recorded("openai"))
    process = Process(server, tmp_path / "s", urls={"openai": url}, sources=["openai"])
    assert process.look().sources[0].models == 12


def test_the_price_map_has_no_url(tmp_path: Path) -> None:
    settings = CatalogSettings(urls={"litellm": "https://mirror.example/"}, store=str(tmp_path / "s"))
    with pytest.raises(ConfigError, match=r"urls\.litellm"):
        Watchtower(settings, dict)


def changed(before: float, after: float, **drop: str) -> object:
    text = json.dumps(recorded("openrouter"))
    answer = json.loads(
        text.replace(f'"completion": "{before / 1e6:.6f}"', f'"completion": "{after / 1e6:.9f}"')
    )
    answer["data"] = [item for item in answer["data"] if item["id"] not in drop.values()]
    return answer


def test_a_price_that_rises_is_logged_counted_kept_and_used(
    server: Lists, process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    process.look()
    server.serve(OR, changed(2.0, 2.4, gone="x-ai/grok-4"))
    with caplog.at_level(logging.INFO, "heimdall_litellm"):
        view = process.look(301)
    assert price(view).value == 2.4
    assert [(change.kind, change.model) for change in view.drift] == [
        ("vanished", "x-ai/grok-4"),
        ("price", "deepseek/deepseek-r1"),
    ]
    assert sorted(process.meter.drifts) == ["price", "vanished"]
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (
            "WARNING",
            "Catalog: openrouter/deepseek/deepseek-r1: output $2 -> $2.4 per 1M tokens, says openrouter",
        )
    ]


@pytest.mark.parametrize(
    ("answer", "level", "says"),
    [
        (changed(2.0, 1.0), "INFO", "output $2 -> $1"),
        (changed(2.0, 2.0, gone="deepseek/deepseek-r1"), "WARNING", "is gone from the list of openrouter"),
    ],
)
def test_a_loss_of_ones_own_model_warns(
    server: Lists, process: Process, caplog: pytest.LogCaptureFixture, answer: object, level: str, says: str
) -> None:
    process.look()
    server.serve(OR, answer)
    with caplog.at_level(logging.INFO, "heimdall_litellm"):
        process.look(301)
    (record,) = caplog.records
    assert record.levelname == level
    assert says in record.getMessage()


def test_a_change_of_the_price_map_is_used_and_told(
    process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    process.tower.view([deployment("azure/gpt-5", "az", api_key="k")])
    process.look()
    dearer = {**PRICES["azure/gpt-5"], "input_cost_per_token": 3e-06}
    process.prices = {**PRICES, "azure/gpt-5": dearer}
    with caplog.at_level(logging.INFO, "heimdall_litellm"):
        view = process.look(301)
    assert view.cards["az"].entry.input_usd_per_mtok == 3.0
    assert "azure/gpt-5: input $1.5 -> $3 per 1M tokens, says litellm" in caplog.text


def test_the_price_map_is_as_old_as_litellms_last_fetch_and_a_bundled_one_has_no_age(
    process: Process,
) -> None:
    process.tower.view([deployment("azure/gpt-5", "az", api_key="k")])
    bundled = process.look(301)
    assert bundled.cards["az"].facts["input_usd_per_mtok"].at is None
    assert process.meter.states["litellm"] == (len(PRICES), None)
    process.map_read_at = datetime.fromtimestamp(process.now, UTC)
    process.prices = {**PRICES, "azure/gpt-5": {**PRICES["azure/gpt-5"], "input_cost_per_token": 2.1e-06}}
    view = process.look(40)
    assert view.cards["az"].facts["input_usd_per_mtok"] == Fact(2.1, "litellm", process.map_read_at)
    process.look(3600)
    status = process.status("litellm")
    assert (status.read_at, status.is_bundled) == (process.map_read_at, False)
    assert process.meter.states["litellm"] == (len(PRICES), 3640.0)


def test_a_source_that_never_answered_grows_old_from_when_it_was_first_asked(
    server: Lists, tmp_path: Path
) -> None:
    server.serve(OR, {"error": "maintenance"})
    process = Process(server, tmp_path / "store.sqlite", environ={})
    process.tower.view(MODELS)
    process.look()
    process.look(86_401)
    assert process.meter.states["openrouter"] == (0, 86_401.0)
    assert process.meter.states["openai"] == (0, None), "it has no key, so nobody waits for it"
    process.environ.update(KEYS)
    process.look(10)
    process.look(20)
    assert process.meter.states["openai"][1] is not None
    assert process.meter.states["openai"][1] <= 20


def test_a_source_that_fails_is_logged_once_and_once_more_when_it_answers_again(
    server: Lists, process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "heimdall_litellm")
    process.look()
    read = process.status("openrouter").read_at
    assert read is not None
    caplog.clear()
    server.serve(OR, {"error": "maintenance"})
    for _ in range(3):
        process.look(LONGEST_PAUSE_S)
    (line,) = lines(caplog)
    assert line.startswith("Catalog: openrouter")
    assert f"its list of {read:%Y-%m-%d %H:%M} UTC serves" in line
    serve_all(server)
    process.look(LONGEST_PAUSE_S)
    assert lines(caplog) == ["Catalog: openrouter answers again"]
    server.serve(OR, {"error": "maintenance"})
    process.look(301)
    assert len(lines(caplog)) == 1, "another outage is told again"


def test_a_source_that_is_asked_with_another_key_is_told_of_anew(
    server: Lists, process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "heimdall_litellm")
    server.serve(OA, {"error": "no such key"})
    process.look()
    assert len([line for line in lines(caplog) if line.startswith("Catalog: openai")]) == 1
    process.environ["OPENAI_API_KEY"] = ""
    process.look(20)
    process.environ["OPENAI_API_KEY"] = "sk-another"
    process.look(20)
    assert len([line for line in lines(caplog) if line.startswith("Catalog: openai")]) == 1


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = [record.getMessage() for record in caplog.records if record.levelno >= logging.INFO]
    caplog.clear()
    return found


def test_what_a_process_fetched_and_did_not_tell_is_told_by_whoever_adopts_it(
    server: Lists, process: Process, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "heimdall_litellm")
    workers = [Process(server, tmp_path / "store.sqlite", environ=KEYS) for _ in range(2)]
    for each in (process, *workers):
        each.tower.view(MODELS)
        each.look()
    command = Process(server, tmp_path / "store.sqlite", environ=KEYS, now=process.now + 10, is_telling=False)
    server.serve(OR, changed(2.0, 4.0))
    assert [change.kind for change in command.tower.refresh_now().drift] == ["price"]
    assert (lines(caplog), command.meter.drifts) == ([], [])
    for each in workers:
        each.look(15)
        assert price(each.tower.current).value == 4.0
    assert lines(caplog) == [
        "Catalog: openrouter/deepseek/deepseek-r1: output $2 -> $4 per 1M tokens, says openrouter"
    ]
    assert [each.meter.drifts for each in workers] == [["price"], []]
    assert workers[1].look(300).drift == workers[0].look(300).drift == command.tower.current.drift


def test_a_price_that_creeps_over_many_readings_and_restarts_is_told(
    server: Lists, process: Process, tmp_path: Path
) -> None:
    process.look()
    prices = [2.0, 2.1, 2.18, 2.25, 2.3]
    for before, after in itertools.pairwise(prices):
        server.serve(OR, changed(2.0, after))
        process = Process(server, tmp_path / "store.sqlite", environ=KEYS, now=process.now + 301)
        process.tower.view(MODELS)
        assert price(process.look()).value == after, before
    assert [(each.before, each.after) for each in process.tower.current.drift] == [(2.0, 2.25)]


def test_models_of_the_price_map_come_and_go_with_an_upgrade_of_litellm(
    server: Lists, process: Process, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "heimdall_litellm")
    process.look()
    new = {f"openai/new-{n}": {"litellm_provider": "openai", "mode": "chat"} for n in range(700)}
    old = {name: facts for name, facts in PRICES.items() if name not in ("gpt-5", "deepseek/deepseek-r1")}
    deployed = {"0b5f": {"litellm_provider": "openai", "mode": "chat", "id": "0b5f"}}
    workers = [
        Process(server, tmp_path / "store.sqlite", prices={**old, **new, **deployed}, now=process.now + 60)
        for _ in range(3)
    ]
    caplog.clear()
    for each in workers:
        each.tower.view(MODELS)
        each.look()
    assert lines(caplog) == [
        "Catalog: openai/gpt-5 is gone from the list of litellm",
        "Catalog: litellm: 700 new, 1 gone; `heimdall catalog diff` names them",
    ]
    assert [len(each.meter.drifts) for each in workers] == [702, 0, 0]
    found = workers[2].tower.current.drift
    assert {(change.source, change.kind) for change in found} == {
        ("litellm", "appeared"), ("litellm", "vanished"),
    }  # fmt: skip
    assert len(found) == 702


def test_other_models_are_merged_at_once_and_wrong_ones_change_nothing(process: Process) -> None:
    process.look()
    view = process.tower.view([deployment("openai/gpt-5", "only")])
    assert list(view.cards) == ["only"]
    assert view.cards["only"].entry.missing_credential is None
    with pytest.raises(CatalogError):
        process.tower.view([{"model_name": "x"}])
    assert list(process.look(301).cards) == ["only"]
    assumed = process.tower.view([deployment("groq/x", "g")], assume_credentials=True)
    assert assumed.cards["g"].entry.missing_credential is None


def test_refresh_now_asks_everybody_though_nothing_is_due(server: Lists, process: Process) -> None:
    process.look()
    server.asked.clear()
    server.serve(OR, changed(2.0, 3.0))
    assert price(process.tower.refresh_now()).value == 3.0
    assert set(server.hosts) == {OPENROUTER, OPENAI, GEMINI, ANTHROPIC}


def test_the_thread_keeps_it_current_and_outlives_its_listener(
    server: Lists, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    serve_all(server)
    seen = threading.Event()

    def listener(view: CatalogView) -> None:
        if price(view).source == "openrouter":
            seen.set()
            raise RuntimeError("sk-canary")

    settings = CatalogSettings(sources=("openrouter",), store=str(tmp_path / "s"), refresh_seconds=1)
    fetcher = Fetcher(private_hosts=VENDORS, resolve=server.resolve, ssl_context=server.ssl_context)
    tower = Watchtower(settings, lambda: PRICES, environ=dict, listener=listener, fetcher=fetcher)
    tower.view(MODELS)
    tower.start()
    tower.start()
    assert [thread.name for thread in threading.enumerate()].count("heimdall-catalog") == 1
    assert seen.wait(10)
    wait_for(lambda: server.hosts.count(OPENROUTER) >= 2)
    tower.stop()
    assert "heimdall-catalog" not in [thread.name for thread in threading.enumerate()]
    assert price(tower.current).source == "openrouter"
    assert "the last good one serves: RuntimeError" in caplog.text
    assert "canary" not in caplog.text


def test_zero_seconds_mean_never_by_itself(server: Lists, tmp_path: Path) -> None:
    process = Process(server, tmp_path / "s", refresh_seconds=0)
    process.tower.start()
    assert "heimdall-catalog" not in [thread.name for thread in threading.enumerate()]
    process.tower.stop()
    assert server.asked == []


def test_without_sources_nobody_is_asked_and_nothing_kept(server: Lists, tmp_path: Path) -> None:
    process = Process(server, tmp_path / "s", sources=[])
    process.tower.view(MODELS)
    assert process.look().cards["gpt"].entry.input_usd_per_mtok == 1.25
    assert [each.name for each in process.tower.status()] == ["litellm"]
    assert not (tmp_path / "s").exists()


class Redis:
    """A place that machines share; may be down."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.locks: dict[str, float] = {}
        self.is_down = False

    def _up(self) -> None:
        if self.is_down:
            raise ConnectionError("sk-canary")

    def get(self, key: str) -> bytes | None:
        self._up()
        return self.kept.get(key)

    def set(self, key: str, value: bytes, ttl_s: float) -> None:
        self._up()
        self.kept[key] = value

    def lock(self, key: str, ttl_s: float) -> bool:
        self._up()
        return self.locks.setdefault(key, ttl_s) is ttl_s


def machines(server: Lists, tmp_path: Path, redis: Redis, count: int = 2, **more: Any) -> list[Process]:
    made = [
        Process(server, tmp_path / f"machine{n}", sources=["openrouter"], find_shared=lambda: redis, **more)
        for n in range(count)
    ]
    for each in made:
        each.tower.view(MODELS)
    return made


def test_of_several_machines_one_fetches_for_all(server: Lists, tmp_path: Path) -> None:
    serve_all(server)
    one, two = machines(server, tmp_path, Redis())
    one.look()
    two.look(50)
    assert (two.outcomes, len(server.asked)) == ([("openrouter", "adopted")], 1)
    assert price(two.tower.current) == price(one.tower.current)
    assert "canary" not in str(one.tower.current)
    third = Process(server, tmp_path / "machine1", sources=["openrouter"], now=two.now)
    assert price(third.tower.view(MODELS)).source == "openrouter"  # it was put into the store too


def test_each_machine_tells_what_it_adopts_from_another(server: Lists, tmp_path: Path) -> None:
    serve_all(server)
    redis = Redis()
    one, two = machines(server, tmp_path, redis)
    one.look()
    two.look(1)
    redis.locks.clear()
    server.serve(OR, changed(2.0, 4.0))
    one.look(301)
    two.look(301)
    assert two.outcomes[-1] == ("openrouter", "adopted")
    assert one.meter.drifts == two.meter.drifts == ["price"]
    (mine,), (theirs,) = one.tower.current.drift, two.tower.current.drift
    assert mine == theirs


def test_while_another_machine_fetches_one_waits(server: Lists, tmp_path: Path) -> None:
    serve_all(server)
    redis = Redis()
    one, two = machines(server, tmp_path, redis)
    one.look()
    kept, redis.kept = redis.kept, {}
    two.look()
    assert (two.outcomes, len(server.asked)) == ([], 1)
    redis.kept = kept
    two.look(POLL_S)
    assert two.outcomes == [("openrouter", "adopted")]


TOLD = [
    b"",
    b"{}",
    b"[" * 100_000,
    b'{"read_at": 1e999, "listings": "{}"}',
    b'{"read_at": 9, "listings": 5}',
    b'{"read_at": 9e9, "listings": "{\\"listings\\": []}"}',
    b"\xff",
]


@pytest.mark.parametrize("told", TOLD)
def test_what_makes_no_sense_there_is_not_believed(server: Lists, tmp_path: Path, told: bytes) -> None:
    serve_all(server)
    redis = Redis()
    one, two = machines(server, tmp_path, redis)
    one.look()
    redis.kept = dict.fromkeys(redis.kept, told)
    redis.locks.clear()
    two.look()
    assert two.outcomes == [("openrouter", "fetched")]


def test_a_machine_whose_clock_is_ahead_is_believed_up_to_now(server: Lists, tmp_path: Path) -> None:
    serve_all(server)
    one, two = machines(server, tmp_path, Redis())
    one.look(1000)
    two.look()
    read_at = two.status("openrouter").read_at
    assert read_at is not None
    assert read_at.timestamp() == two.now


def test_an_old_list_of_another_machine_is_fetched_anew(server: Lists, tmp_path: Path) -> None:
    serve_all(server)
    redis = Redis()
    one, two = machines(server, tmp_path, redis)
    one.look()
    redis.locks.clear()
    two.look(300)
    assert two.outcomes == [("openrouter", "fetched")]


def test_with_redis_down_each_machine_goes_on_alone(server: Lists, tmp_path: Path) -> None:
    serve_all(server)
    redis = Redis()
    redis.is_down = True
    for each in machines(server, tmp_path, redis):
        each.look()
        assert each.outcomes == [("openrouter", "fetched")]


PROCESS = """
import json, sys, time
from pathlib import Path
from heimdall_litellm.catalog.fetch import Fetcher
from heimdall_litellm.catalog.watchtower import Watchtower
from heimdall_litellm.config import CatalogSettings
from tests.fakes.hosts import VENDORS
import ssl
port, authority, store = int(sys.argv[1]), sys.argv[2], sys.argv[3]
fetcher = Fetcher(private_hosts=VENDORS, resolve=lambda *_: [("127.0.0.1", port)],
                  ssl_context=ssl.create_default_context(cafile=authority))
tower = Watchtower(CatalogSettings(sources=("openrouter",), store=store), dict, environ=dict, fetcher=fetcher)
tower.start()
deadline = time.monotonic() + 30
while tower.status()[0].models == 0 and time.monotonic() < deadline:
    time.sleep(0.02)
tower.stop()
print(tower.status()[0].models)
"""


def test_real_processes_started_at_once_ask_once(server: Lists, tmp_path: Path) -> None:
    serve_all(server)
    arguments = [str(server.port), str(server.authority), str(tmp_path / "store.sqlite")]
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    assert [process.communicate(timeout=60)[0].strip() for process in started] == ["13"] * 4
    assert server.hosts == [OPENROUTER]
