"""LiteLLM's key check, asked as the HTTP API asks it, with virtual keys as its database would hold them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import pytest
from starlette.requests import Request

from heimdall_litellm.plugin import keycheck, seams
from heimdall_litellm.web.problems import Problem

MASTER = "sk-master"
PATHS = ("/heimdall/v1/models", "/heimdall/v1/explain", "/v1/pricing/gpt-5", "/heimdall/health")


class _Database:
    """Stands where LiteLLM's client of a database would; what is asked of it isn't there."""

    def __getattr__(self, name: str) -> Any:
        raise LookupError(name)


class _Errors(ModuleType):
    """The errors of LiteLLM's client of a database, none of which is ever raised."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (Exception,), {})


def _stand_in_for_prisma(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let LiteLLM ask whether an error is the database's, where its client isn't installed."""
    if find_spec("prisma") is None:
        prisma, engine, errors = ModuleType("prisma"), ModuleType("prisma.engine"), _Errors("prisma.errors")
        vars(prisma).update(engine=engine, errors=errors)
        vars(engine).update(errors=errors)
        made = {"prisma": prisma, "prisma.engine": engine, "prisma.errors": errors}
        for name, module in {**made, "prisma.engine.errors": errors}.items():
            monkeypatch.setitem(sys.modules, name, module)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The proxy's state with a master key and some virtual ones, remembered as after their first use."""
    from litellm.caching.caching import DualCache
    from litellm.proxy import proxy_server
    from litellm.proxy._types import LitellmUserRoles, UserAPIKeyAuth, hash_token

    _stand_in_for_prisma(monkeypatch)
    over = datetime.now(UTC) - timedelta(days=1)
    made: dict[str, dict[str, Any]] = {
        "sk-user": {"models": ["gpt-5"], "user_role": LitellmUserRoles.INTERNAL_USER},
        "sk-viewer": {"models": ["gpt-5"], "user_role": LitellmUserRoles.INTERNAL_USER_VIEW_ONLY},
        "sk-roleless": {"models": ["gpt-5"]},
        "sk-blocked": {"models": ["gpt-5"], "blocked": True},
        "sk-expired": {"models": ["gpt-5"], "expires": over},
        "sk-manager": {"models": ["gpt-5"], "allowed_routes": ["management_routes"]},
        "sk-chat": {"models": ["gpt-5"], "allowed_routes": ["/v1/chat/completions"]},
        "sk-listing": {"models": ["gpt-5"], "allowed_routes": ["/v1/models"]},
    }
    cache = DualCache()
    for key, about in made.items():
        token = hash_token(key)
        cache.set_cache(token, UserAPIKeyAuth(token=token, **about))
    for name, value in {
        "master_key": MASTER,
        "prisma_client": _Database(),
        "user_api_key_cache": cache,
        "general_settings": {"master_key": MASTER},
        "user_custom_auth": None,
    }.items():
        monkeypatch.setattr(proxy_server, name, value)
    return made


def request(path: str = PATHS[0], method: str = "GET", query: str = "", **headers: str) -> Request:
    async def receive() -> Any:
        raise AssertionError("the body was read")

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "scheme": "http",
        "server": ("127.0.0.1", 4000),
        "client": ("127.0.0.1", 50_000),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        "path_params": {"model": "secret"},
    }
    return Request(scope, receive)


def bearing(key: str, path: str = PATHS[0], **more: Any) -> Request:
    return request(path, authorization=f"Bearer {key}", **more)


async def refusal(asked: Request) -> Problem:
    with pytest.raises(Problem) as raised:
        await keycheck.authenticate(asked)
    # What LiteLLM logs of a refusal, it logs in the background.
    await asyncio.sleep(0)
    return raised.value


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("key", ["sk-user", "sk-viewer", "sk-roleless", "sk-listing"])
async def test_a_virtual_key_is_let_in_with_what_it_may_use(keys: Any, key: str, path: str) -> None:
    token: Any = await keycheck.authenticate(bearing(key, path, method="POST"))
    assert token.models == ["gpt-5"]


async def test_the_master_key_is_let_in_as_an_admins(keys: Any) -> None:
    token: Any = await keycheck.authenticate(bearing(MASTER))
    assert token.user_role.value == "proxy_admin"


@pytest.mark.parametrize(
    ("key", "status"),
    [("sk-blocked", 401), ("sk-expired", 401), ("sk-manager", 403), ("sk-chat", 403), ("sk-unknown", 401)],
)
async def test_what_litellm_refuses_on_its_list_is_refused(keys: Any, key: str, status: int) -> None:
    problem = await refusal(bearing(key))
    assert problem.status == status
    assert key not in problem.detail


async def test_no_key_is_refused(keys: Any) -> None:
    assert (await refusal(request())).status == 401


async def test_a_wrong_key_is_refused_without_a_database(keys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from litellm.proxy import proxy_server

    monkeypatch.setattr(proxy_server, "prisma_client", None)
    assert (await refusal(bearing("sk-user"))).status == 401
    assert await keycheck.authenticate(bearing(MASTER))


async def test_litellm_would_refuse_it_on_a_path_it_does_not_know(keys: Any) -> None:
    """Why a known path is asked about: if this fails, the detour is needed no more."""
    check, _ = seams.key_check()
    asked = keycheck.as_listing(bearing("sk-user"), PATHS[0])
    with pytest.raises(Exception, match=r"(?i)proxy admin|not allowed"):
        await check(request=asked, **await keycheck._presented(check, asked))


@pytest.mark.parametrize("name", ["x_litellm_api_key", "api_key", "x_api_key", "x_goog_api_key"])
async def test_every_header_for_keys_is_looked_at(keys: Any, name: str) -> None:
    token: Any = await keycheck.authenticate(request(**{name: "sk-user"}))
    assert token.models == ["gpt-5"]
    assert await keycheck.presents_key(request(**{name: "sk-user"}))


async def test_a_header_of_the_proxys_own_choice_is_looked_at(
    keys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from litellm.proxy import proxy_server

    assert not await keycheck.presents_key(request(x_company_key="Bearer sk-user"))
    given = {"master_key": MASTER, "litellm_key_header_name": "X-Company-Key"}
    monkeypatch.setattr(proxy_server, "general_settings", given)
    asked = request(x_company_key="Bearer sk-user")
    assert await keycheck.presents_key(asked)
    token: Any = await keycheck.authenticate(asked)
    assert token.models == ["gpt-5"]


async def test_nothing_presented_is_told_from_something(keys: Any) -> None:
    assert not await keycheck.presents_key(request(accept="*/*", cookie="token=sk-user"))
    assert await keycheck.presents_key(bearing("sk-unknown"))


@pytest.mark.parametrize("public", [["/v1/models"], ["/v1/models", "/models"]])
async def test_a_list_that_is_public_is_not_asked_about(
    keys: Any, monkeypatch: pytest.MonkeyPatch, public: list[str]
) -> None:
    _publish(monkeypatch, public)
    assert (await refusal(request())).status == 401
    assert (await refusal(bearing("sk-unknown"))).status == 401
    token: Any = await keycheck.authenticate(bearing("sk-user"))
    assert token.models == ["gpt-5"]


async def test_where_all_lists_are_public_nobody_gets_in(keys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _publish(monkeypatch, list(keycheck.LISTS))
    assert (await refusal(bearing(MASTER))).status == 401


def _publish(monkeypatch: pytest.MonkeyPatch, paths: list[str]) -> None:
    from litellm.proxy import proxy_server

    monkeypatch.setattr(proxy_server, "premium_user", True)
    given = {"master_key": MASTER, "public_routes": paths}
    monkeypatch.setattr(proxy_server, "general_settings", given)


async def test_what_is_asked_about_leaves_no_mark_on_the_request(keys: Any) -> None:
    asked = bearing("sk-user", query="key=sk-master&model=secret")
    before = _frozen(asked.scope)
    listing = keycheck.as_listing(asked, "/v1/models")
    assert (listing.url.path, listing.method, listing.url.query) == ("/v1/models", "GET", "")
    assert listing.path_params == {}
    assert await listing.body() == b""
    await keycheck.authenticate(asked)
    assert _frozen(asked.scope) == before


def _frozen(scope: Mapping[str, Any]) -> str:
    return repr(sorted(scope.items()))


@pytest.mark.parametrize("error", [ZeroDivisionError("sk-secret"), ValueError("x")])
async def test_a_check_that_breaks_lets_nobody_in(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    async def check(request: Request) -> object:
        raise error

    monkeypatch.setattr(seams, "key_check", lambda: (check, lambda path: False))
    with pytest.raises(type(error)):
        await keycheck.authenticate(request())


@pytest.mark.parametrize("answer", [None, {}, "sk-user", True])
async def test_a_check_that_returns_no_key_lets_nobody_in(
    monkeypatch: pytest.MonkeyPatch, answer: object
) -> None:
    async def check(request: Request) -> object:
        return answer

    monkeypatch.setattr(seams, "key_check", lambda: (check, lambda path: False))
    with pytest.raises(TypeError):
        await keycheck.authenticate(request())


async def test_without_the_check_nobody_gets_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seams, "_KEY_CHECK", "litellm.proxy.auth.user_api_key_auth:gone")
    with pytest.raises(LookupError):
        await keycheck.authenticate(bearing(MASTER))


class _Refused(Exception):
    def __init__(self, status: object, kind: object = None) -> None:
        self.code, self.type = status, kind
        super().__init__("Received API Key = sk-...cret, Key Hash (Token) =abcdef")


@pytest.mark.parametrize(
    ("raised", "status", "word"),
    [
        (_Refused("401", "expired_key"), 401, "expired_key"),
        (_Refused(400, "no_db_connection"), 401, "no_db_connection"),
        (_Refused(429, "budget_exceeded"), 429, "budget_exceeded"),
        (_Refused(403, "Bad Key: sk-...cret"), 403, None),
        (_Refused(418), 418, None),
        (_Refused(503, "no_db_connection"), 503, None),
    ],
)
async def test_a_refusal_keeps_its_status_and_nothing_of_its_text(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, status: int, word: str | None
) -> None:
    async def check(request: Request) -> object:
        raise raised

    monkeypatch.setattr(seams, "key_check", lambda: (check, lambda path: False))
    problem = await refusal(request())
    assert problem.status == status
    assert "cret" not in problem.detail
    assert "abcdef" not in problem.detail
    assert word is None or word in problem.detail


@pytest.mark.parametrize("status", [200, 302, 500, 502, "many", None])
async def test_what_is_no_refusal_is_a_failure(monkeypatch: pytest.MonkeyPatch, status: object) -> None:
    async def check(request: Request) -> object:
        raise _Refused(status)

    monkeypatch.setattr(seams, "key_check", lambda: (check, lambda path: False))
    with pytest.raises(_Refused):
        await keycheck.authenticate(request())
