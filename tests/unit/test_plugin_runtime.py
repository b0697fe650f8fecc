"""The engine within a process, and what keeps it up to date."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from copy import copy
from typing import Any

import pytest

from heimdall_litellm.bundle import Bundle
from heimdall_litellm.catalog.facts import CatalogView
from heimdall_litellm.catalog.watchtower import Watchtower
from heimdall_litellm.config import CatalogSettings, load_settings
from heimdall_litellm.errors import ConfigError
from heimdall_litellm.plugin import seams
from heimdall_litellm.plugin.runtime import RETRY_S, Runtime
from heimdall_litellm.plugin.shield import Failures
from heimdall_litellm.priors import with_priors
from tests.fakes.engine import FakeEngine
from tests.support import QUIET

SETTINGS: dict[str, Any] = {
    "router": {"cheap_candidates": ["a"], "mid_candidates": ["a"], "hard_candidates": ["a"]},
    **QUIET,
}


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _models(*groups: str) -> list[dict[str, Any]]:
    return [
        {
            "model_name": g,
            "litellm_params": {"model": "openai/gpt-5", "api_key": "sk-x"},
            "model_info": {"id": g},
        }
        for g in ("heimdall", *groups)
    ]


def _runtime(clock: Clock | None = None, **more: Any) -> Runtime:
    watch = more.pop("watch", lambda *_: None)
    return Runtime(
        load_settings({**SETTINGS, **more.pop("settings", {})}),
        Failures(),
        make=more.pop("make", FakeEngine),
        watch=watch,
        clock=clock or Clock(),
        **more,
    )


async def test_the_first_request_builds_the_engine_and_the_others_wait_for_it() -> None:
    made: list[object] = []

    def make(*args: Any) -> Any:
        made.append(args)
        return FakeEngine(*args)

    runtime = _runtime(make=make)
    engines = await asyncio.gather(*(runtime.engine(_models("a")) for _ in range(3)))
    assert len(made) == 1
    assert engines[0] is engines[1] is engines[2]


async def test_an_engine_that_cannot_be_built_is_tried_again_later() -> None:
    clock = Clock()
    runtime = _runtime(clock)
    with pytest.raises(ConfigError, match="heimdall"):
        await runtime.engine(_models("a")[1:])
    with pytest.raises(RuntimeError, match="comes later"):
        await runtime.engine(_models("a"))
    clock.now += RETRY_S
    assert await runtime.engine(_models("a"))


async def test_a_group_that_shadow_mode_cannot_watch_stops_no_routing_once_the_proxy_is_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shadow = {"mode": "shadow", "shadow": {"models": ["nothere"]}}
    assert await _runtime(settings=shadow).engine(_models("a")) is not None
    assert "shadow.models names 'nothere'" in caplog.text
    with pytest.raises(ConfigError, match=r"shadow\.models"):
        _runtime(settings=shadow).build(_models("a"))


async def test_an_engine_that_breaks_in_the_making_is_tried_again_later() -> None:
    def broken(*_: Any) -> Any:
        raise OSError("disk")

    runtime = _runtime(make=broken)
    with pytest.raises(OSError, match="disk"):
        await runtime.engine(_models("a"))
    with pytest.raises(RuntimeError):
        runtime.candidate_names("heimdall")


async def test_a_changed_model_list_is_read_again_and_the_old_one_serves_meanwhile() -> None:
    clock = Clock()
    runtime = _runtime(clock)
    engine: Any = await runtime.engine(_models("a"))
    clock.now += 2
    assert await runtime.engine(_models("a", "b")) is engine
    await runtime.refreshed()
    assert [entry.name for entry in engine.entries] == ["heimdall", "a", "b"]
    assert runtime.entry("b") is not None
    assert runtime.entry(None) is None


async def test_news_of_the_catalog_reach_the_engine_and_nothing_is_replaced_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runtime = _runtime()
    engine: Any = await runtime.engine(_models("a"))
    engine.entries = ()
    runtime.tower.refresh_now()
    assert engine.entries == ()
    prices = {**seams.price_map(), "gpt-5": {**seams.price_map()["gpt-5"], "input_cost_per_token": 9e-06}}
    monkeypatch.setattr(seams, "price_map", lambda: prices)
    runtime.tower._price_map = seams.price_map
    runtime.tower.refresh_now()
    assert [entry.input_usd_per_mtok for entry in engine.entries] == [9.0, 9.0]
    entry = runtime.entry("a")
    assert entry is not None
    assert entry.input_usd_per_mtok == 9.0
    assert runtime.tower.current.cards["a"].facts["input_usd_per_mtok"].value == 9.0


def test_the_catalog_is_watched_once_there_is_an_engine() -> None:
    towers = []

    def tower(settings: CatalogSettings, listener: Any) -> Watchtower:
        towers.append(Watchtower(settings, seams.price_map, listener=listener))
        return towers[0]

    runtime = _runtime(settings={"catalog": {"sources": [], "refresh_seconds": 60}}, tower=tower)
    others = _watching()
    runtime.build(_models("a"))
    try:
        assert _watching() == others + 1
    finally:
        towers[0].stop()
    assert _watching() == others


def _watching() -> int:
    return [thread.name for thread in threading.enumerate()].count("heimdall-catalog")


async def test_a_model_list_that_does_not_fit_leaves_the_last_good_one_serving() -> None:
    clock = Clock()
    runtime = _runtime(clock)
    engine: Any = await runtime.engine(_models("a"))
    entries = engine.entries
    clock.now += 2
    await runtime.engine(_models("a")[1:])
    await runtime.refreshed()
    assert engine.entries is entries
    assert runtime.failures.counts() == {("refresh", "ConfigError"): 1}


def test_latency_is_a_moving_average_of_a_bounded_number_of_groups() -> None:
    runtime = _runtime()
    runtime.observe_latency("a", 1.0)
    runtime.observe_latency("a", 2.0)
    assert runtime.latencies["a"] == pytest.approx(1.2)
    for number in range(2000):
        runtime.observe_latency(f"m{number}", 1.0)
    assert len(runtime.latencies) <= 1000


@pytest.mark.parametrize(
    ("mode", "key", "expected"),
    [("auto", None, True), ("auto", "sk", False), ("always", "sk", True), ("never", None, False)],
)
def test_simulation_is_on_where_no_key_is_set_at_all_or_as_the_settings_say(
    mode: str, key: str | None, expected: bool
) -> None:
    runtime = _runtime(settings={"simulation": {"mode": mode}})
    models = _models("a")
    for deployment in models:
        deployment["litellm_params"]["api_key"] = key
    runtime.build(models)
    assert runtime.is_simulating is expected


def test_a_bundle_directory_is_watched_once_there_is_an_engine() -> None:
    watched: list[Any] = []
    runtime = _runtime(watch=lambda *args: watched.append(args))
    engine = runtime.build(_models("a"))
    ((*given, take),) = watched
    assert given == [runtime.settings, engine]
    assert callable(take)


def test_the_catalog_shows_what_is_expected_of_each_model_found_out_once() -> None:
    runtime = Runtime(load_settings(SETTINGS), Failures())
    assert runtime.catalog_view().cards == {}
    runtime.build(_models("a"))
    prior = runtime.catalog_view().cards["a"].prior
    assert prior is not None
    assert prior.known_as == "gpt-5@medium"
    assert prior.by_kind
    assert runtime.catalog_view().cards is runtime.catalog_view().cards


def _expecting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note by which threads it is found out what is expected of the models."""
    threads: list[str] = []

    def noted(view: CatalogView, bundle: Bundle) -> CatalogView:
        threads.append(threading.current_thread().name)
        return with_priors(view, bundle)

    monkeypatch.setattr("heimdall_litellm.plugin.runtime.with_priors", noted)
    return threads


def _on_thread(work: Callable[[], object]) -> None:
    thread = threading.Thread(target=work, name="background")
    thread.start()
    thread.join()


def test_priors_are_found_out_by_whoever_brings_news_and_never_by_a_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads = _expecting(monkeypatch)
    watched: list[Any] = []
    runtime = Runtime(load_settings(SETTINGS), Failures(), watch=lambda *args: watched.append(args))
    runtime.build(_models("a"))
    threads.clear()
    dearer = {**seams.price_map()["gpt-5"], "input_cost_per_token": 9e-06}
    prices = {**seams.price_map(), "gpt-5": dearer}
    runtime.tower._price_map = lambda: prices
    _on_thread(runtime.tower.refresh_now)
    card = runtime.catalog_view().cards["a"]
    assert card.entry.input_usd_per_mtok == 9.0
    assert card.prior is not None
    ((_, engine, take),) = watched
    bundle = copy(engine.snapshot.bundle)
    _on_thread(lambda: take(bundle))
    assert engine.snapshot.bundle is bundle
    assert runtime.catalog_view().cards["a"].prior == card.prior
    _on_thread(runtime.tower.refresh_now)  # nothing is new, so nothing is found out
    assert threads == ["background", "background"]


def test_without_priors_prices_are_shown_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> CatalogView:
        raise ZeroDivisionError

    monkeypatch.setattr("heimdall_litellm.plugin.runtime.with_priors", broken)
    runtime = Runtime(load_settings(SETTINGS), Failures())
    runtime.build(_models("a"))
    assert runtime.catalog_view().cards["a"].entry.input_usd_per_mtok == 1.25
    assert runtime.failures.counts() == {("priors", "ZeroDivisionError"): 1}


def test_what_one_deployment_states_does_not_become_the_price_maps_word_of_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import litellm

    live = {"m": {"max_input_tokens": 128_000, "litellm_provider": "openai"}, "odd": "no facts"}
    monkeypatch.setattr(litellm, "model_cost", live)
    assert seams.price_map()["m"]["max_input_tokens"] == 128_000
    live["m"]["max_input_tokens"] = 5  # type: ignore[index]  # as the router registers a deployment
    assert seams.price_map()["m"]["max_input_tokens"] == 128_000
    monkeypatch.setattr(litellm, "model_cost", {"m": {"max_input_tokens": 64_000}})
    assert seams.price_map()["m"]["max_input_tokens"] == 64_000
