"""The routes about past requests on a real proxy: own requests, feedback, and a database that is gone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e import configs
from tests.e2e.conftest import _directory, _with_keys
from tests.e2e.proxy import MASTER_KEY, Proxy, running
from tests.e2e.test_web import get

PATHS = ("decisions", "decisions/x", "summary", "preview")


def settings(journal: dict[str, Any]) -> dict[str, Any]:
    return configs.settings(
        simulation={"mode": "always", "first_token_ms": 0, "ms_per_token": 0}, journal=journal
    )


def rate(proxy: Proxy, body: dict[str, Any], key: str) -> httpx.Response:
    return proxy.post("/heimdall/v1/feedback", body, key=key)


def test_feedback_and_decisions_are_of_ones_own_requests(tmp_path_factory: pytest.TempPathFactory) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('journal')}/journal.sqlite"
    given = settings({"url": url, "flush_seconds": 2})
    with running(_directory(tmp_path_factory, "rated"), _with_keys(configs.config(None, given))) as proxy:
        answer = proxy.chat("hi", key="sk-mini")
        assert answer.status_code == 200, answer.text
        known, call = answer.headers["heimdall-decision-id"], answer.headers["x-litellm-call-id"]
        first = rate(proxy, {"call_id": call, "score": "down", "comment": "no"}, "sk-mini")
        assert (first.status_code, first.json()["decision_id"]) == (202, known)
        for _ in range(2):
            again = rate(proxy, {"decision_id": known, "score": 0.75, "label": "fine"}, "sk-mini")
            assert again.json() == {"decision_id": known, "score": 0.75, "label": "fine", "comment": None}
        assert rate(proxy, {"decision_id": known, "score": 1}, MASTER_KEY).status_code == 202
        assert (
            rate(proxy, {"decision_id": known, "score": 0.75, "label": "fine"}, "sk-mini").status_code == 202
        )
        hidden, missing = (
            rate(proxy, {"decision_id": one, "score": 0}, "sk-default") for one in (known, "x")
        )
        assert (hidden.status_code, hidden.text) == (404, missing.text)
        wanted = [(0.75, "fine", None, 1.0)]
        for _ in range(600):
            said = get(proxy, f"/heimdall/v1/decisions/{call}", "sk-mini").json().get("signals", [])
            found = [(one["score"], one["label"], one["comment"], one["weight"]) for one in said]
            if found == wanted:
                break
            threading.Event().wait(0.1)
        assert found == wanted
        assert get(proxy, f"/heimdall/v1/decisions/{call}", "sk-default").status_code == 404


def test_without_a_journal_it_is_said_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    given = settings({"enabled": False})
    with running(_directory(tmp_path_factory, "unwritten"), _with_keys(configs.config(None, given))) as proxy:
        for path in PATHS:
            answer = get(proxy, f"/heimdall/v1/{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "heimdall_no_journal")
        assert (
            rate(proxy, {"decision_id": "x", "score": 1}, "sk-mini").json()["code"] == "heimdall_no_journal"
        )


@contextmanager
def mute() -> Iterator[int]:
    """Listen, take connections, and never say a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        yield int(server.getsockname()[1])
        for one in taken:
            one.close()


def test_a_dead_database_gets_503_and_touches_no_request(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    with mute() as port:
        given = settings({"url": f"postgresql://heimdall:sekret@127.0.0.1:{port}/db"})
        with running(_directory(tmp_path_factory, "dead"), _with_keys(configs.config(None, given))) as proxy:
            answers: list[httpx.Response] = []
            asking = [
                threading.Thread(target=lambda path=path: answers.append(get(proxy, f"/heimdall/v1/{path}")))
                for path in PATHS * 3
            ]
            for thread in asking:
                thread.start()
            for _ in range(5):
                assert proxy.chat("hi", key="sk-mini").status_code == 200
            assert get(proxy, "/heimdall/health").status_code == 200
            for thread in asking:
                thread.join()
            assert len(answers) == len(asking)
            for answer in answers:
                assert (answer.status_code, answer.headers["content-type"]) == (
                    503,
                    "application/problem+json",
                )
                assert answer.json()["code"] in (
                    "heimdall_journal_unavailable",
                    "heimdall_busy",
                    "heimdall_starting",
                )
                assert answer.elapsed.total_seconds() < 20
                assert "sekret" not in answer.text
