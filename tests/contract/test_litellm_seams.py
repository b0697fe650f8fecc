"""LiteLLM still behaves as we rely on: what the installed release does, pinned."""

from __future__ import annotations

import copy
import inspect
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import litellm
import pytest
from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy._types import LitellmUserRoles, ProxyException, UserAPIKeyAuth
from litellm.proxy.openai_files_endpoints.common_utils import encode_file_id_with_model

from heimdall_litellm.catalog import load_price_map
from heimdall_litellm.catalog.credentials import ADDRESS_VARIABLES, KEY_VARIABLES
from heimdall_litellm.catalog.price_map import bundled_price_map_path
from heimdall_litellm.errors import BadOverride, NoCandidate
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
    error: Any = seams.http_error(NoCandidate({"a": "why"}, is_permission=True))
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


def _models(*groups: tuple[str, str]) -> Any:
    models = [{"model_name": g, "litellm_params": {"model": m, "api_key": "x"}} for g, m in groups]
    return litellm.Router(model_list=models)


async def _may(token: UserAPIKeyAuth, router: Any, *candidates: str) -> bool:
    return await access.may_use_default("heimdall", candidates, token, router, {"heimdall"}, Failures())


async def test_the_default_model_is_open_to_whoever_may_use_it_by_another_name() -> None:
    router = _router("heimdall", "plain")
    assert await _may(_token("heimdall", "plain"), router)
    assert not await _may(_token("heimdall"), router)
    assert not await _may(_token("heimdall", "a"), router, "a")


async def test_without_another_name_it_is_open_to_admins_and_to_who_may_use_every_candidate() -> None:
    router = _models(("heimdall", "openai/own"), ("a", "openai/gpt-5"), ("b", "openai/gpt-5-mini"))
    assert not await _may(_token("heimdall"), router, "a", "b")
    assert not await _may(_token("heimdall"), router)
    assert not await _may(_token("heimdall", "a"), router, "a", "b")
    assert await _may(_token("heimdall", "a", "b"), router, "a", "b")
    assert await _may(_token(role=LitellmUserRoles.PROXY_ADMIN), router)


async def test_every_deployment_of_the_default_model_must_be_open() -> None:
    router = _models(
        ("heimdall", "openai/a"), ("one", "openai/a"), ("heimdall", "openai/b"), ("two", "openai/b")
    )
    assert not await _may(_token("heimdall", "one"), router)
    assert await _may(_token("heimdall", "one", "two"), router)


@pytest.mark.parametrize(
    ("upstream", "group", "model", "names"),
    [
        ("gpt-4.1", "plain", "openai/gpt-4.1", {"plain"}),
        ("openai/gpt-4.1", "plain", "gpt-4.1", {"plain"}),
        ("m", "plain", "m", {"plain"}),
        ("openai/gpt-4.1", "plain", "azure/gpt-4.1", set()),
        ("gpt-4.1", "openai/*", "openai/*", {"openai/gpt-4.1"}),
        ("openai/gpt-4.1", "mine/*", "openai/*", {"mine/gpt-4.1"}),
        ("openai/gpt-4.1", "*", "*", {"openai/gpt-4.1"}),
        ("openai/gpt-4.1", "anthropic/*", "anthropic/*", set()),
        ("openai/gpt-4.1", "eco", "openai/gpt-4.1", set()),
    ],
)
def test_a_model_is_known_by_the_names_that_lead_to_it(
    upstream: str, group: str, model: str, names: set[str]
) -> None:
    models = [
        {"model_name": g, "litellm_params": {"model": m}} for g, m in (("heimdall", upstream), (group, model))
    ]
    assert access.other_names(models, "heimdall", {"heimdall", "eco"}) == [names]


async def test_a_wildcard_opens_the_default_model_only_to_a_key_that_holds_it() -> None:
    router = _models(("heimdall", "gpt-4.1"), ("openai/*", "openai/*"), ("a", "openai/gpt-5"))
    assert await _may(_token("heimdall", "openai/*"), router, "a")
    assert await _may(_token(), router, "a")
    assert not await _may(_token("heimdall"), router, "a")
    assert not await _may(_token("heimdall", "a"), router, "a")


def test_a_malformed_override_is_named_as_the_parameter() -> None:
    error: Any = seams.http_error(BadOverride("heimdall-alpha must be a number"))
    assert error.to_dict()["param"] == "heimdall-alpha"


def test_the_model_in_an_id_of_litellms_is_read() -> None:
    made = encode_file_id_with_model("file-1", "heimdall")
    assert seams.model_of_id(made) == "heimdall"
    assert [seams.model_of_id(other) for other in ("file-1", None, 7)] == [None, None, None]


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


def test_who_watches_streams_first_is_told_by_the_order_of_callbacks(monkeypatch: pytest.MonkeyPatch) -> None:
    class Plain(CustomLogger):  # type: ignore[misc]
        pass

    class Guardrail(CustomLogger):  # type: ignore[misc]
        async def apply_guardrail(self) -> None: ...

    mine = object.__new__(HeimdallHandler)
    for callbacks, is_first in (
        ([Plain(), "prometheus", mine, Guardrail()], True),
        ([Guardrail(), mine], False),
        ([object.__new__(HeimdallHandler), mine], False),
        ([], False),
    ):
        monkeypatch.setattr(litellm, "callbacks", callbacks)
        assert seams.is_first_to_watch(mine) == is_first


def test_each_variable_that_names_an_address_is_one_litellm_reads() -> None:
    text = "".join(
        file.read_text(encoding="utf-8")
        for file in Path(litellm.__file__).parent.rglob("*.py")
        if "/proxy/" not in file.as_posix()
    )
    for provider, variables in ADDRESS_VARIABLES.items():
        for variable in variables:
            assert f'"{variable}"' in text, (provider, variable)
    stated = {variable for variables in ADDRESS_VARIABLES.values() for variable in variables}
    # Whatever follows LiteLLM's way of naming them, of a provider whose lists or prices are known.
    for provider in KEY_VARIABLES:
        for end in ("_API_BASE", "_BASE_URL"):
            variable = f"{provider.upper()}{end}"
            assert f'"{variable}"' not in text or variable in stated


def _routed(
    monkeypatch: pytest.MonkeyPatch, *deployments: dict[str, Any]
) -> Mapping[str, Mapping[str, object]]:
    """Make a router before anybody has seen the price map; returns the map as Heimdall then takes it."""
    monkeypatch.setattr(litellm, "model_cost", copy.deepcopy(load_price_map()))
    monkeypatch.setattr(seams, "_pristine", (None, {}))
    litellm.Router(model_list=list(deployments))
    return seams.price_map()


def test_what_a_router_has_registered_is_not_taken_for_the_price_maps_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bundled = load_price_map()
    own = {"input_cost_per_token": 1e-12, "output_cost_per_token": 1e-12, "api_key": "k"}
    limits = {"max_input_tokens": 5, "max_output_tokens": 6, "supports_vision": False}
    found = _routed(
        monkeypatch,
        {"model_name": "a", "litellm_params": {"model": "openai/gpt-5", **own}, "model_info": limits},
        # An id that is a model's name: the price is registered under it.
        {
            "model_name": "b",
            "litellm_params": {"model": "openai/gpt-4o", **own},
            "model_info": {"id": "gpt-4.1", **limits},
        },
    )
    assert litellm.model_cost["gpt-4.1"]["input_cost_per_token"] == 1e-12
    assert litellm.model_cost["gpt-5"]["max_input_tokens"] == 5
    priced = ("input_cost_per_token", "output_cost_per_token", *limits)
    for name in ("gpt-5", "gpt-4o", "gpt-4.1"):
        assert {key: found[name].get(key) for key in priced} == {
            key: bundled[name].get(key) for key in priced
        }
    assert not any("1e-12" in str(facts.get("input_cost_per_token")) for facts in found.values())


def test_what_is_not_registered_stays_as_litellm_has_loaded_it(monkeypatch: pytest.MonkeyPatch) -> None:
    newer = copy.deepcopy(load_price_map())
    newer["gpt-5"] = {**newer["gpt-5"], "input_cost_per_token": 7e-06}
    newer["gpt-99"] = {**newer["gpt-5"], "max_input_tokens": 99}
    newer["sample_spec"] = {"litellm_provider": "one of those documented", "max_tokens": "LEGACY"}
    monkeypatch.setattr(litellm, "model_cost", newer)
    monkeypatch.setattr(seams, "_pristine", (None, {}))
    models = [
        {"model_name": m, "litellm_params": {"model": f"openai/{m}", "api_key": "k"}}
        for m in ("gpt-5", "gpt-99")
    ]
    litellm.Router(model_list=models)
    found = seams.price_map()
    assert found["gpt-5"]["input_cost_per_token"] == 7e-06
    assert found["gpt-99"]["max_input_tokens"] == 99
    assert "sample_spec" not in found


@pytest.mark.parametrize("is_reachable", [True, False])
def test_a_price_map_that_litellm_fetched_has_a_time_and_the_one_it_came_with_has_none(
    is_reachable: bool,
) -> None:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    path = bundled_price_map_path()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=path.parent))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    name = path.name if is_reachable else "missing.json"
    environ = {
        "PATH": os.environ["PATH"],
        "LITELLM_MODEL_COST_MAP_URL": f"http://127.0.0.1:{server.server_port}/{name}",
    }
    code = "import litellm; from heimdall_litellm.plugin import seams; print(seams.price_map_read_at())"
    before = datetime.now(UTC)
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True, timeout=120
        )
    finally:
        server.shutdown()
        server.server_close()
    said = done.stdout.strip()
    if is_reachable:
        assert before <= datetime.fromisoformat(said) <= datetime.now(UTC)
    else:
        assert said == "None"


def test_a_price_map_of_which_litellm_tells_nothing_has_no_age(monkeypatch: pytest.MonkeyPatch) -> None:
    def told_otherwise(_given: str) -> dict[str, str]:
        return {}

    place = "litellm.litellm_core_utils.get_model_cost_map.get_model_cost_map_source_info"
    monkeypatch.setattr(place, told_otherwise)
    assert seams.price_map_read_at() is None
    monkeypatch.delattr(place)
    assert seams.price_map_read_at() is None


def test_what_the_user_has_registered_by_hand_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("litellm.utils._runtime_registered_model_cost", {})
    monkeypatch.setattr(litellm, "model_cost", copy.deepcopy(load_price_map()))
    monkeypatch.setattr(seams, "_pristine", (None, {}))
    by_hand = {"litellm_provider": "openai", "input_cost_per_token": 3e-06, "mode": "chat"}
    litellm.register_model({"my-own-model": by_hand})
    assert seams.price_map()["my-own-model"]["input_cost_per_token"] == 3e-06


@pytest.mark.parametrize("given", [None, 5, ["resp_x"], {}])
def test_what_is_no_id_of_a_response_leads_to_no_group(given: object) -> None:
    assert seams.group_of_response(given, None) is None
