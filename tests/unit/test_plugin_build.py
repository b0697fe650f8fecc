"""The callback as LiteLLM's configuration makes it."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from heimdall_litellm.errors import BundleError, ConfigError
from heimdall_litellm.plugin import handler, runtime, seams
from heimdall_litellm.plugin.runtime import Runtime
from tests.fakes.engine import FakeEngine
from tests.support import QUIET

NAMES = ("heimdall", "a")
GIVEN = {
    **QUIET,
    "router": {"cheap_candidates": ["a"], "mid_candidates": ["a"], "hard_candidates": ["a"]},
}


def _configure(monkeypatch: pytest.MonkeyPatch, given: Any, *, key: str | None = "sk-x") -> None:
    models = [{"model_name": n, "litellm_params": {"model": "openai/gpt-5", "api_key": key}} for n in NAMES]
    given = {**QUIET, **given} if isinstance(given, dict) else given
    monkeypatch.setattr(seams, "callback_settings", lambda: given)
    monkeypatch.setattr(seams, "configured_models", lambda: models)
    defaults = {**Runtime.__init__.__kwdefaults__, "make": FakeEngine, "watch": lambda *_: None}
    monkeypatch.setattr(Runtime.__init__, "__kwdefaults__", defaults)


def test_the_engine_is_ready_before_the_first_request(monkeypatch: pytest.MonkeyPatch) -> None:
    _configure(monkeypatch, GIVEN)
    made = handler.build()
    assert made.runtime.candidate_names("heimdall") == ("a",)
    assert not made.runtime.is_simulating


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"router": {"alpha": 7}}, "callback_settings.heimdall.router.alpha"),
        ({"name": "missing"}, "missing"),
        (
            {**GIVEN, "mode": "shadow", "shadow": {"models": ["a", "nothere"]}},
            "shadow.models names 'nothere'",
        ),
        ("not a mapping", "callback_settings.heimdall"),
    ],
)
def test_a_wrong_setting_stops_the_start_by_name(monkeypatch: Any, given: Any, named: str) -> None:
    _configure(monkeypatch, given)
    filters = logging.getLogger("uvicorn.error").filters
    before = list(filters)
    try:
        with pytest.raises(ConfigError, match=named):
            handler.build()
        assert len(filters) == len(before) + 1
    finally:
        filters[:] = before


def test_a_model_list_in_a_database_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    _configure(monkeypatch, GIVEN)
    monkeypatch.setattr(seams, "configured_models", tuple)
    made = handler.build()
    with pytest.raises(RuntimeError):
        made.runtime.candidate_names("heimdall")


@pytest.mark.parametrize(
    ("given", "why"),
    [({}, "no provider key is set"), ({"simulation": {"mode": "always"}}, "simulation.mode is always")],
)
def test_the_log_says_that_answers_are_simulated_and_why(
    monkeypatch: Any, caplog: pytest.LogCaptureFixture, given: Any, why: str
) -> None:
    _configure(monkeypatch, {**GIVEN, **given}, key=None)
    made = handler.build()
    assert made.runtime.is_simulating
    assert why in caplog.text


async def test_a_missing_seam_bypasses_and_says_which(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _configure(monkeypatch, GIVEN)
    gone = seams.Seam("litellm.gone", is_present=False, detail="what it is for")
    monkeypatch.setattr(seams, "probe", lambda: (gone,))
    made = handler.build()
    assert await made.async_pre_call_hook(None, None, {"model": "heimdall"}, "acompletion") is None
    assert "litellm.gone (what it is for)" in caplog.text
    assert seams.SUPPORTED in caplog.text


def test_a_real_engine_has_the_bundle_of_the_settings(bundle_path: Any) -> None:
    from heimdall_litellm.config import load_settings

    settings = load_settings({**GIVEN, "tuning": {"bundle": str(bundle_path), "reload_seconds": 3600}})
    models = [{"model_name": n, "litellm_params": {"model": "openai/gpt-5", "api_key": "x"}} for n in NAMES]
    made = Runtime(settings, handler.Failures())
    engine = made.build(models)
    watcher: Any = made._watcher
    try:
        assert watcher.look() is False
        (bundle_path / "manifest.json").write_text("{}")
        assert watcher.look() is False
        assert engine.candidate_names("heimdall") == ("a",)
    finally:
        watcher.stop()


def test_no_watch_without_a_directory_of_ones_own_or_if_switched_off() -> None:
    from heimdall_litellm.config import load_settings

    engine: Any = None
    assert runtime.watch_bundle(load_settings({}), engine, print) is None
    off = load_settings({"tuning": {"bundle": "x", "reload_seconds": 0}})
    assert runtime.watch_bundle(off, engine, print) is None


def test_a_refused_bundle_at_start_is_told_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> Any:
        raise BundleError("the bundle at X was refused")

    _configure(monkeypatch, GIVEN)
    monkeypatch.setitem(Runtime.__init__.__kwdefaults__, "make", refused)
    filters = logging.getLogger("uvicorn.error").filters
    before = list(filters)
    try:
        with pytest.raises(BundleError, match="X was refused"):
            handler.build()
    finally:
        filters[:] = before
