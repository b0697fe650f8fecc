"""Where LiteLLM's application hands requests to the HTTP API."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import Match, NoMatchFound

from heimdall_litellm.plugin import seams
from heimdall_litellm.plugin.mount import Door, mount
from heimdall_litellm.plugin.shield import Failures
from tests.fakes.backend import FakeBackend


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """An application that takes every path, as LiteLLM's does with a pass-through."""
    app = FastAPI()

    @app.get("/{rest:path}")
    async def anything(rest: str) -> dict[str, str]:
        return {"litellm": rest}

    monkeypatch.setattr(seams, "proxy_app", lambda: app)
    return app


async def get(app: FastAPI, path: str, *, root: str = "") -> httpx.Response:
    transport = httpx.ASGITransport(app, root_path=root)
    async with httpx.AsyncClient(transport=transport, base_url="http://proxy") as client:
        return await client.get(path, headers={"authorization": "Bearer admin"})


@pytest.mark.parametrize(
    "path",
    ["/heimdall/health", "/heimdall/v1", "/v1/feature-flags", "/v1/pricing/a/b/c", "/v1/capabilities/x"],
)
async def test_our_paths_are_ours(proxy: FastAPI, path: str) -> None:
    failures = Failures()
    mount(FakeBackend(), failures)
    answer = await get(proxy, path)
    assert "litellm" not in answer.json()
    assert failures.counts() == {}


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models",
        "/heimdallr",
        "/v1/pricings",
        "/v1/feature-flags-2",
        "/x/heimdall/health",
        "/v1",
        "/",
        "/health",
    ],
)
async def test_others_stay_litellms(proxy: FastAPI, path: str) -> None:
    mount(FakeBackend(), Failures())
    assert (await get(proxy, path)).json() == {"litellm": path.removeprefix("/")}


async def test_the_list_of_litellms_paths_stays_as_it_is(proxy: FastAPI) -> None:
    before = proxy.openapi()
    mount(FakeBackend(), Failures())
    proxy.openapi_schema = None
    assert proxy.openapi() == before


async def test_a_second_callback_takes_the_place_of_the_first(proxy: FastAPI) -> None:
    mount(FakeBackend(), Failures())
    mount(FakeBackend(broken="flags"), Failures())
    assert len([route for route in proxy.router.routes if isinstance(route, Door)]) == 1
    assert (await get(proxy, "/v1/feature-flags")).status_code == 500


async def test_a_failure_is_answered_here_and_not_by_litellm(proxy: FastAPI) -> None:
    backend = FakeBackend(broken="catalog")
    mount(backend, Failures())
    answer = await get(proxy, "/heimdall/v1/models")
    assert (answer.status_code, answer.json()["code"]) == (500, "heimdall_internal")
    assert backend.failures == ["ZeroDivisionError"]


@pytest.mark.parametrize("root", ["/gateway", "/gateway/"])
async def test_a_proxy_under_a_path_of_its_own_serves_us_there(proxy: FastAPI, root: str) -> None:
    mount(FakeBackend(), Failures())
    for path in ("/gateway/heimdall/v1/models/a/b/c", "/heimdall/v1/models/a/b/c"):
        answer = await get(proxy, path, root=root.rstrip("/"))
        assert (answer.status_code, answer.json()["id"]) == (200, "a/b/c")
    assert "litellm" in (await get(proxy, "/gatewayheimdall/health", root=root)).json()


def test_a_websocket_is_not_for_us() -> None:
    door = Door(FastAPI())
    scope: dict[str, Any] = {"type": "websocket", "path": "/heimdall/health"}
    assert door.matches(scope)[0] is Match.NONE
    with pytest.raises(NoMatchFound):
        door.url_path_for("health")


def test_without_a_proxy_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seams, "proxy_app", lambda: None)
    failures = Failures()
    mount(FakeBackend(), failures)
    assert failures.counts() == {}


@pytest.mark.parametrize("proxy", [object(), "an application"])
def test_a_proxy_of_another_make_fails_no_start(monkeypatch: pytest.MonkeyPatch, proxy: object) -> None:
    monkeypatch.setattr(seams, "proxy_app", lambda: proxy)
    failures = Failures()
    mount(FakeBackend(), failures)
    assert failures.counts() == {("mount", "AttributeError"): 1}
