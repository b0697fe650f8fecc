"""A journal whose database goes away under a real proxy: all are answered, losses are counted, it goes on."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from heimdall_litellm.config import JournalSettings
from heimdall_litellm.journal.opening import open_store
from heimdall_litellm.journal.store import Store
from tests.e2e import configs
from tests.e2e.conftest import _directory, _with_keys
from tests.e2e.proxy import Proxy, running
from tests.e2e.test_metrics import _scrape, _sum
from tests.e2e.test_metrics import _until as _until_within
from tests.e2e.test_web import get
from tests.servers import lacking, postgres_server

WITHIN_S = 60.0
"""Within which the journal is tried again: pauses double up to as long as the database was away."""


_until = partial(_until_within, within_s=WITHIN_S)


@contextmanager
def _proxy(directory: Path, url: str, **journal: Any) -> Iterator[Proxy]:
    given = configs.settings(
        simulation={"mode": "always", "first_token_ms": 0, "ms_per_token": 0},
        journal={"url": url, "flush_seconds": 0.1, **journal},
    )
    config = _with_keys(configs.config(None, given))
    config["litellm_settings"]["callbacks"] = ["prometheus", "heimdall_litellm.heimdall"]
    with running(directory, config) as proxy:
        yield proxy


@contextmanager
def _opened(url: str) -> Iterator[Store]:
    store = open_store(JournalSettings(url=SecretStr(url)))
    try:
        yield store
    finally:
        store.database.close()


def _ask(proxy: Proxy, count: int) -> list[str]:
    answers = [proxy.chat(f"{at}: what then?", key="sk-mini") for at in range(count)]
    assert [answer.status_code for answer in answers] == [200] * count
    return [answer.headers["heimdall-decision-id"] for answer in answers]


def _over(store: Store, known: list[str]) -> list[str]:
    """Return which of some requests have a record and an outcome."""
    entries = [store.get(one) for one in known]
    return [entry.record.id for entry in entries if entry is not None and entry.outcome is not None]


def _lost(proxy: Proxy) -> float:
    found = _scrape(proxy)
    return _sum(found, "heimdall_journal_items_total") - _sum(
        found, "heimdall_journal_items_total", outcome="written"
    )


@pytest.mark.timeout(240)
def test_postgresql_serves_the_api_and_may_die_in_the_middle_of_traffic(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with postgres_server() as server, ExitStack() as stack:
        url = server.url(server.database())
        with _proxy(_directory(tmp_path_factory, "postgres"), url, queue_size=100) as proxy:
            first = _ask(proxy, 5)
            store = stack.enter_context(_opened(url))
            assert _until(lambda: _over(store, first) == first)

            listed = get(proxy, "/heimdall/v1/decisions?limit=3", "sk-mini").json()
            assert [one["id"] for one in listed["data"]] == first[:1:-1]
            following = get(proxy, f"/heimdall/v1/decisions?before={listed['next_before']}", "sk-mini").json()
            assert [one["id"] for one in following["data"]] == first[1::-1]
            body = {"decision_id": first[0], "score": "down", "comment": "no"}
            assert proxy.post("/heimdall/v1/feedback", body, key="sk-mini").status_code == 202
            shown = f"/heimdall/v1/decisions/{first[0]}"
            assert _until(lambda: len(get(proxy, shown, "sk-mini").json()["signals"]) == 1)
            assert get(proxy, shown, "sk-mini").json()["signals"][0]["comment"] == "no"
            assert get(proxy, shown, "sk-default").status_code == 404
            assert get(proxy, "/heimdall/v1/summary?since=1h", "sk-mini").json()["requests"]["total"] == 5
            assert get(proxy, "/heimdall/v1/preview?since=1h", "sk-mini").json()["sampled"] == 5

            server.stop()
            meanwhile = _ask(proxy, 60)
            assert get(proxy, "/heimdall/v1/decisions").status_code == 503
            server.start()
            assert _until(lambda: "journal is written again" in proxy.output)
            last = _ask(proxy, 5)
            assert _until(lambda: _over(store, last) == last)

            kept = _over(store, meanwhile)
            assert kept == meanwhile[: len(kept)]
            assert len(kept) >= 45  # what finds room in a queue of 100 items: a record and an outcome each
            # Where a record finds no room its outcome isn't even handed over.
            missing = len(meanwhile) - len(kept)
            assert 0 < missing <= _lost(proxy) <= 2 * missing


@pytest.mark.timeout(240)
def test_a_file_that_cannot_grow_touches_no_request_and_is_written_again_once_it_can(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    if not hasattr(resource, "prlimit"):
        lacking("prlimit, which limits the files of a running process, is Linux's alone")
    url = f"sqlite:///{tmp_path}/journal.sqlite"
    with _proxy(_directory(tmp_path_factory, "full"), url) as proxy, ExitStack() as stack:
        first = _ask(proxy, 3)
        store = stack.enter_context(_opened(url))
        assert _until(lambda: _over(store, first) == first)
        _, most = resource.prlimit(proxy.process.pid, resource.RLIMIT_FSIZE)
        # Whatever the process writes beyond that fails, as on a disk that is full.
        resource.prlimit(proxy.process.pid, resource.RLIMIT_FSIZE, (1_024, most))
        meanwhile = _ask(proxy, 30)
        assert _until(lambda: "can't be" in proxy.output)
        assert _over(store, meanwhile) == []
        resource.prlimit(proxy.process.pid, resource.RLIMIT_FSIZE, (most, most))
        assert _until(lambda: _over(store, meanwhile) == meanwhile)
        assert _lost(proxy) == 0
    assert proxy.output.count("Further failures are counted") == 1
