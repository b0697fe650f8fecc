"""A real proxy with a live list: its prices decide, wherever they come from, and nobody else is asked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e import configs
from tests.e2e.proxy import MASTER_KEY, Proxy, running, until
from tests.fakes import lists as fake
from tests.fakes.hosts import OPENROUTER, Hosts
from tests.fakes.lists import Lists

URL = f"https://{OPENROUTER}/api/v1/models"


def priced(**usd_per_mtok: float) -> object:
    return {
        "data": [
            {
                "id": f"maker/{name}",
                "context_length": 100_000,
                "pricing": {"prompt": f"{usd / 1e6:.9f}", "completion": f"{usd / 1e6:.9f}"},
                "supported_parameters": ["tools", "response_format"],
            }
            for name, usd in usd_per_mtok.items()
        ]
    }


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lists]:
    with fake.running(tmp_path_factory.mktemp("lists")) as running_lists:
        running_lists.serve(URL, priced(one=0.1, two=9.0))
        yield running_lists


@pytest.fixture(scope="module")
def hosts(lists: Lists, tmp_path_factory: pytest.TempPathFactory) -> Hosts:
    return Hosts(tmp_path_factory.mktemp("hosts"), lists.authority, lists.port)


@pytest.fixture(scope="module")
def proxy(lists: Lists, hosts: Hosts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    directory = tmp_path_factory.mktemp("proxy")
    names = ["one", "two"]
    heimdall = {
        "router": {"alpha": 0.0, **{f"{bucket}_candidates": names for bucket in ("cheap", "mid", "hard")}},
        "simulation": {"mode": "always", "first_token_ms": 0, "ms_per_token": 0},
        "catalog": {
            "sources": ["litellm", "openrouter", "openai"],
            "refresh_seconds": 1,
            "store": str(directory / "catalog.sqlite"),
            # Only this one may be at home, so the other list is not to be had here.
            "urls": {"openrouter": URL},
            "private_hosts": [OPENROUTER],
        },
    }
    models = [
        configs.deployment("heimdall", "openai/gpt-5"),
        *(configs.deployment(name, f"openrouter/maker/{name}") for name in names),
    ]
    config: dict[str, Any] = configs.config(None, heimdall, model_list=models)
    keys = {"OPENAI_API_KEY": "sk-canary", "OPENROUTER_API_KEY": "sk-canary-or"}
    with running(directory, config, {**hosts.environment(), **keys}) as started:
        yield started


def chosen(proxy: Proxy) -> str:
    answer = proxy.chat("hi")
    assert answer.status_code == 200, answer.text
    return str(answer.headers["heimdall-model"])


def test_a_price_that_changes_decides_at_once(proxy: Proxy, lists: Lists) -> None:
    until(lambda: chosen(proxy) == "one")
    lists.serve(URL, priced(one=9.0, two=0.1))
    until(lambda: chosen(proxy) == "two")
    until(lambda: "openrouter/maker/one: input $0.1 -> $9 per 1M tokens, says openrouter" in proxy.output)


def test_a_model_that_stays_the_same_is_not_sent_again_after_a_refresh(proxy: Proxy) -> None:
    def get(path: str, **headers: str) -> httpx.Response:
        with httpx.Client(trust_env=False) as client:
            sent = {"authorization": f"Bearer {MASTER_KEY}", **headers}
            return client.get(proxy.url + path, headers=sent, timeout=60)

    def read_at() -> dict[str, str]:
        return {each["name"]: each["read_at"] for each in get("/heimdall/health").json()["sources"]}

    until(lambda: chosen(proxy) == "two")
    for path in ("/heimdall/v1/models/two", "/heimdall/v1/pricing/two", "/heimdall/v1/models"):
        first, before = get(path), read_at()
        assert first.status_code == 200
        until(lambda before=before: read_at()["openrouter"] != before["openrouter"])  # type: ignore[misc]
        again = get(path, **{"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_a_host_that_leads_home_is_not_asked_and_no_key_leaves(
    proxy: Proxy, lists: Lists, hosts: Hosts
) -> None:
    until(lambda: len(lists.asked) > 0)
    assert set(lists.hosts) == {OPENROUTER}
    assert not any("canary" in value for _, _, headers in lists.asked for value in headers.values())
    assert hosts.refused == []
    assert "canary" not in proxy.output


def test_a_list_that_breaks_fails_no_request(proxy: Proxy, lists: Lists) -> None:
    lists.serve(URL, priced(one=0.1, two=9.0))
    until(lambda: chosen(proxy) == "one")
    lists.serve(URL, lists.flood(b"x" * 65_536, 800))
    for _ in range(20):
        assert chosen(proxy) == "one"
        time.sleep(0.1)
    lists.serve(URL, priced(one=9.0, two=0.1))
    until(lambda: chosen(proxy) == "two")
