"""A source that suddenly says something else: an attack, a mistake, or a vendor's new prices."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import lists as fake
from tests.fakes.hosts import OPENROUTER
from tests.fakes.lists import Lists
from tests.faults.test_catalog_watchtower import MODELS, OR, Process, Redis, price
from tests.unit.test_catalog_sources import recorded

R1 = "deepseek/deepseek-r1"


@pytest.fixture(scope="module")
def module_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lists]:
    with fake.running(tmp_path_factory.mktemp("lists")) as running:
        yield running


@pytest.fixture
def server(module_server: Lists) -> Lists:
    module_server.served.clear()
    module_server.asked.clear()
    module_server.serve(OR, fake.tagged(recorded("openrouter"), '"good"'))
    return module_server


def process(server: Lists, store: Path, **more: Any) -> Process:
    made = Process(server, store, sources=["openrouter"], **more)
    made.tower.view(MODELS)
    return made


@pytest.fixture
def alone(server: Lists, tmp_path: Path) -> Process:
    made = process(server, tmp_path / "store.sqlite")
    made.look()
    assert made.outcomes == [("openrouter", "fetched")]
    return made


def scaled(factor: float, only: str | None = None) -> Any:
    """The recorded list with other prices."""
    answer = json.loads(json.dumps(recorded("openrouter")))
    for model in answer["data"]:
        by = factor if only in (None, model["id"]) else 1.0
        for key, value in model["pricing"].items():
            if isinstance(value, str) and float(value) > 0:
                model["pricing"][key] = str(float(value) * by)
    return answer


def outcomes(of: Process, rounds: int, later_s: float = 300.0) -> list[str]:
    for _ in range(rounds):
        of.look(later_s)
    return [outcome for _, outcome in of.outcomes]


def test_a_vendor_that_halves_all_prices_is_believed_after_two_more_refreshes(
    server: Lists, alone: Process
) -> None:
    server.serve(OR, scaled(0.5))
    assert outcomes(alone, 2) == ["suspected", "suspected"]
    assert price(alone.tower.current).value == 2.0
    assert outcomes(alone, 1) == ["fetched"]
    assert price(alone.tower.current).value == 1.0
    status = alone.status("openrouter")
    assert (status.error, status.suspected_since) == (None, None)
    assert outcomes(alone, 2) == ["fetched", "fetched"]


def test_who_rules_a_source_for_five_minutes_changes_nothing(
    server: Lists, alone: Process, caplog: pytest.LogCaptureFixture
) -> None:
    before = alone.tower.current.cards["r1"].entry
    server.serve(OR, scaled(0.1))
    began = alone.now + 300
    with caplog.at_level(logging.INFO, "heimdall_litellm"):
        assert outcomes(alone, 2) == ["suspected"] * 2
        status = alone.status("openrouter")
        assert status.suspected_since == datetime.fromtimestamp(began, UTC)
        assert "suspected since 2027-01-15 08:05 UTC" in (status.error or "")
        assert status.models == 13
        server.serve(OR, fake.tagged(recorded("openrouter"), '"good"'))
        assert outcomes(alone, 1) == ["unchanged"]
    assert alone.status("openrouter").suspected_since is None
    assert {view.cards["r1"].entry for view in alone.views[1:]} == {before}
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert alone.tower.current.drift == ()
    server.serve(OR, scaled(0.1))
    assert outcomes(alone, 2) == ["suspected"] * 2  # it begins anew


def test_a_failure_in_between_neither_counts_nor_begins_anew(server: Lists, alone: Process) -> None:
    server.serve(OR, scaled(0.5))
    assert outcomes(alone, 1) == ["suspected"]
    server.serve(OR, lambda http: fake.send(http, b"", 503))
    assert outcomes(alone, 1) == ["failed"]
    assert alone.status("openrouter").error == f"{OPENROUTER} answered 503"
    server.serve(OR, scaled(0.5))
    assert outcomes(alone, 1, 30) == ["suspected"]
    assert outcomes(alone, 1, 299) == []
    assert outcomes(alone, 1, 1) == ["fetched"]


def test_prices_that_are_others_each_time_are_never_believed(server: Lists, alone: Process) -> None:
    for number in range(6):
        server.serve(OR, scaled(0.5 - number / 100))
        assert outcomes(alone, 1) == ["suspected"]
    assert price(alone.tower.current).value == 2.0


def test_one_model_that_suddenly_costs_next_to_nothing_waits_and_a_usual_change_does_not(
    server: Lists, alone: Process
) -> None:
    server.serve(OR, scaled(0.6, only=R1))
    assert outcomes(alone, 1) == ["fetched"]
    server.serve(OR, scaled(0.6 / 5, only=R1))
    assert outcomes(alone, 3) == ["suspected", "suspected", "fetched"]
    assert price(alone.tower.current).value == pytest.approx(0.24)


def test_what_is_held_is_read_at_the_pace_of_refreshes(server: Lists, alone: Process) -> None:
    server.serve(OR, scaled(0.5))
    assert outcomes(alone, 1) == ["suspected"]
    server.asked.clear()
    assert outcomes(alone, 1, 299) == []
    assert outcomes(alone, 1, 1) == ["suspected"]
    assert len(server.asked) == 1


def test_whichever_process_asks_the_count_goes_on_and_others_read_what_is_believed(
    server: Lists, alone: Process, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    others = [process(server, tmp_path / "store.sqlite", now=alone.now) for _ in range(2)]
    server.serve(OR, scaled(0.5))
    everybody = [alone, *others]
    with caplog.at_level(logging.WARNING, "heimdall_litellm"):
        for number, asking in enumerate(everybody):
            asking.look(300 * (number + 1))
            assert [outcome for _, outcome in asking.outcomes] == ["suspected" if number < 2 else "fetched"]
    assert len([each for each in caplog.records if "suspected since" in each.getMessage()]) == 1
    for other in others[:1]:
        assert price(other.tower.current).value == 2.0
        other.look(301)
        assert price(other.tower.current).value == 1.0
        assert other.status("openrouter").suspected_since is None


def test_another_process_shows_what_is_held(server: Lists, alone: Process, tmp_path: Path) -> None:
    server.serve(OR, scaled(0.5))
    alone.look(300)
    again = process(server, tmp_path / "store.sqlite", now=alone.now)
    assert price(again.tower.current).value == 2.0
    assert again.status("openrouter").suspected_since == alone.status("openrouter").suspected_since
    assert again.status("openrouter").error == alone.status("openrouter").error


def test_without_a_store_the_process_remembers_for_itself(server: Lists, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    made = process(server, tmp_path / "file" / "store")
    made.look()
    server.serve(OR, scaled(0.5))
    assert outcomes(made, 2) == ["fetched", "suspected", "suspected"]
    assert outcomes(made, 1) == ["fetched"]
    assert price(made.tower.current).value == 1.0


def test_other_machines_are_not_told_what_is_held(server: Lists, tmp_path: Path) -> None:
    redis = Redis()
    made = process(server, tmp_path / "one", find_shared=lambda: redis)
    made.look()
    told = dict(redis.kept)
    server.serve(OR, scaled(0.5))
    for _ in range(2):
        redis.locks.clear()
        made.look(300)
        assert redis.kept == told
    redis.locks.clear()
    made.look(300)
    assert redis.kept != told


def test_who_refreshes_by_hand_may_confirm_at_once(server: Lists, alone: Process) -> None:
    server.serve(OR, scaled(0.5))
    values = [price(alone.tower.refresh_now()).value for _ in range(3)]
    assert values == [2.0, 2.0, 1.0]


def test_a_source_whose_models_are_nearly_all_gone_waits(server: Lists, alone: Process) -> None:
    server.serve(OR, {"data": [{"id": "x/only-one"}]})
    assert outcomes(alone, 3) == ["suspected", "suspected", "fetched"]
    assert alone.status("openrouter").models == 1
    assert server.hosts == [OPENROUTER] * 4
