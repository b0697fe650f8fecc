"""What a wrong configuration gets at start: one clear paragraph, and no traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e import configs
from tests.e2e.proxy import Proxy, launch, running, stop

NOWHERE = "http://127.0.0.1:9"


def refused(directory: Path, settings: dict[str, Any]) -> Proxy:
    """Start a proxy that is to refuse, and wait for that."""
    proxy = launch(directory, configs.config(NOWHERE, settings))
    try:
        assert proxy.process.wait(60) != 0
        proxy.gatherer.join(10)
    finally:
        stop(proxy)
    return proxy


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"router": {"alpha": 7}}, "callback_settings.heimdall.router.alpha"),
        ({"router": {"cheap_candidates": ["no-such-model"]}}, "no-such-model"),
        ({"profiles": {"heimdall-eco": {}}}, "heimdall-eco"),
        ({"tuning": {"bundle": "/no/such/bundle"}}, "/no/such/bundle"),
    ],
)
def test_the_start_is_refused_with_the_wrong_thing_named(
    tmp_path: Path, settings: dict[str, Any], named: str
) -> None:
    proxy = refused(tmp_path, settings)
    assert "Heimdall can't start." in proxy.output
    assert named in proxy.output
    assert "Traceback" not in proxy.output


def test_a_settings_key_gets_a_suggestion(tmp_path: Path) -> None:
    proxy = refused(tmp_path, {"router": {"alhpa": 0.5}})
    assert "alpha" in proxy.output.split("Heimdall can't start.")[1]


def test_a_litellm_that_lacks_a_seam_starts_bypassed(tmp_path: Path) -> None:
    (tmp_path / "older_litellm.py").write_text(
        "from litellm.proxy.auth import fallback_model_access\n"
        "del fallback_model_access.is_model_authorized_for_token\n"
        "from heimdall_litellm.plugin.handler import build\n"
        "heimdall = build()\n"
    )
    config = configs.config(None, configs.settings())
    config["model_list"][0]["litellm_params"]["mock_response"] = "the default answers"
    config["litellm_settings"]["callbacks"] = ["older_litellm.heimdall"]
    with running(tmp_path, config) as proxy:
        answer = proxy.chat()
        assert answer.json()["choices"][0]["message"]["content"] == "the default answers"
        assert "is_model_authorized_for_token" in proxy.output
        assert "bypassed" in proxy.output
