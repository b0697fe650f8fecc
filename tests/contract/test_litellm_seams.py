"""LiteLLM still behaves as we rely on: what the installed release does, pinned."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import litellm
import pytest
from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy._types import LitellmUserRoles, ProxyException, UserAPIKeyAuth

from heimdall_litellm.plugin import access, seams
from heimdall_litellm.plugin.handler import HeimdallHandler
from heimdall_litellm.plugin.shield import Failures

HOOKS = [name for name in vars(HeimdallHandler) if name.startswith("async_")]


def test_every_essential_seam_is_present_in_the_installed_litellm() -> None:
    assert [seam.name for seam in seams.probe() if seam.is_essential and not seam.is_present] == []


def test_a_missing_seam_is_told_by_name_with_what_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("litellm.proxy.auth.fallback_model_access.is_model_authorized_for_token")
    monkeypatch.delattr(CustomLogger, "async_filter_deployments")
    missing = [seam for seam in seams.probe() if seam.is_essential and not seam.is_present]
    assert len(missing) == 2
    assert all(seam.detail for seam in missing)
    with pytest.raises(LookupError):
        seams.access_checks()


def test_a_module_that_is_gone_is_a_missing_seam_and_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "litellm.proxy.auth.fallback_budget", None)
    assert [seam.is_essential for seam in seams.probe() if not seam.is_present] == [False]
    assert len(seams.access_checks()) == 1


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_litellms_by_name_and_parameters(hook: str) -> None:
    theirs = inspect.signature(getattr(CustomLogger, hook)).parameters
    ours = inspect.signature(getattr(HeimdallHandler, hook)).parameters
    assert list(ours) == list(theirs)


def test_before_a_router_exists_nothing_is_known() -> None:
    assert seams.proxy_router() is None
    assert list(seams.configured_models()) == []
    assert seams.callback_settings() == {}
    assert "gpt-5" in seams.price_map()


def test_a_router_that_tells_nothing_of_its_fallbacks_is_shut_out_of_all() -> None:
    assert seams.router_fallback_kinds(None) == frozenset(seams.FALLBACK_KINDS)
    router = litellm.Router(model_list=[], fallbacks=[{"a": ["b"]}])
    assert seams.router_fallback_kinds(router) == frozenset({"fallbacks"})


def test_a_refusal_is_litellms_own_error_with_our_code() -> None:
    error: Any = seams.http_error("said", 403, "heimdall_no_candidate")
    assert isinstance(error, ProxyException)
    assert error.to_dict()["code"] == "403"
    assert error.to_dict()["provider_specific_fields"] == {"heimdall_code": "heimdall_no_candidate"}


def _router(*groups: str) -> Any:
    models = [{"model_name": g, "litellm_params": {"model": "openai/gpt-5", "api_key": "x"}} for g in groups]
    return litellm.Router(model_list=models)


def _token(*models: str, role: Any = LitellmUserRoles.INTERNAL_USER, **more: Any) -> UserAPIKeyAuth:
    return UserAPIKeyAuth(api_key="sk-x", models=list(models), user_role=role, **more)


async def test_a_key_is_permitted_what_its_list_names() -> None:
    failures = Failures()
    allowed = await access.permitted(["a", "b", "a"], _token("a"), _router("a", "b"), failures)
    assert allowed == {"a"}
    assert await access.permitted(["a", "b"], _token(), _router("a", "b"), failures) == {"a", "b"}
    assert failures.counts() == {}


async def test_a_teams_list_counts_too() -> None:
    token = _token("a", "b", team_id="t", team_models=["b"])
    assert await access.permitted(["a", "b"], token, _router("a", "b"), Failures()) == {"b"}


async def test_a_check_that_breaks_refuses_all_but_an_admin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seams, "access_checks", lambda: 1 // 0)
    failures = Failures()
    assert await access.permitted(["a"], _token("a"), None, failures) == frozenset()
    admin = _token(role=LitellmUserRoles.PROXY_ADMIN)
    assert await access.permitted(["a"], admin, None, failures) == {"a"}
    assert failures.counts() == {("access", "ZeroDivisionError"): 2}
    limited = _token("a", role=LitellmUserRoles.PROXY_ADMIN)
    assert await access.permitted(["b"], limited, None, failures) == frozenset()


async def test_an_answer_that_is_not_true_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    async def truthy(**_: object) -> object:
        return "yes"

    monkeypatch.setattr(seams, "access_checks", lambda: (truthy,))
    assert await access.permitted(["a"], _token(), None, Failures()) == frozenset()


def _models(**upstream: str) -> Any:
    models = [{"model_name": n, "litellm_params": {"model": m}} for n, m in upstream.items()]
    return SimpleNamespace(model_list=models)


async def test_the_default_model_is_open_to_whoever_may_use_it_by_another_name() -> None:
    router = _router("heimdall", "plain")
    ask = (router, {"heimdall"}, Failures())
    assert await access.may_use_default("heimdall", _token("heimdall", "plain"), *ask)
    assert not await access.may_use_default("heimdall", _token("heimdall"), *ask)


async def test_the_default_model_is_open_to_all_if_it_has_no_other_name() -> None:
    router = _models(heimdall="openai/own", other="openai/gpt-5")
    assert await access.may_use_default("heimdall", _token("heimdall"), router, {"heimdall"}, Failures())


def test_only_real_groups_are_twins() -> None:
    router = _models(heimdall="m", eco="m", plain="m", other="n")
    assert access.twins(seams.models_of(router), "heimdall", {"heimdall", "eco"}) == {"plain"}


def test_the_supported_range_is_what_the_package_declares() -> None:
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert "litellm[proxy]>=1.100,<1.110" in text
    assert seams.SUPPORTED == ">=1.100,<1.110"


def test_a_newer_routers_entry_points_are_asked_where_it_has_them() -> None:
    models = [{"model_name": "a"}]
    settings = SimpleNamespace(
        fallbacks=[{"a": ["b"]}], context_window_fallbacks=None, content_policy_fallbacks=None
    )
    router: Any = SimpleNamespace(
        registry=lambda: SimpleNamespace(all=lambda: models), settings=lambda: settings
    )
    assert seams.models_of(router) == models
    assert seams.router_fallback_kinds(router) == frozenset({"fallbacks"})
    assert list(seams.models_of(None)) == []
