"""Two proxies and one Redis: what one finds out, the other knows; with Redis gone each goes on alone."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import servers
from tests.e2e import configs
from tests.e2e.conftest import _directory, _with_keys
from tests.e2e.proxy import Proxy, running
from tests.fakes.providers import FakeProviders

WITHIN_S = 3.0
"""Within which one that is asked something knows what another found out: an interval, and a slow machine."""


def _config(url: str, port: int) -> dict[str, Any]:
    config = configs.config(url, configs.settings(failover={"circuit_breaker": True}))
    # LiteLLM's Redis, and none of its answers kept there.
    shared = {"type": "redis", "host": "127.0.0.1", "port": port, "supported_call_types": []}
    config["litellm_settings"] |= {"cache": True, "cache_params": shared}
    config["litellm_settings"]["callbacks"] = ["watched_heimdall.heimdall"]
    return _with_keys(config)


def _aside(proxy: Proxy) -> dict[str, Any]:
    with httpx.Client(trust_env=False) as client:
        return dict(client.get(f"{proxy.url}/test/aside").json())


def _comes_to_know(proxy: Proxy) -> bool:
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        proxy.chat(headers={"heimdall-bucket": "mid"})
        if _aside(proxy):
            return True
        threading.Event().wait(0.1)
    return False


def test_what_one_proxy_finds_out_the_other_knows_until_redis_goes(
    provider_server: FakeProviders,
    fakes: FakeProviders,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with ExitStack() as stack:
        redis = stack.enter_context(ExitStack())
        port = redis.enter_context(servers.redis_server(tmp_path))
        one, two = (
            stack.enter_context(
                running(_directory(tmp_path_factory, "shared"), _config(provider_server.url, port))
            )
            for _ in range(2)
        )
        fakes.script(gpt_5_mini="503")
        assert one.chat(headers={"heimdall-bucket": "cheap"}).status_code == 200
        assert len(_aside(one)) == 1
        assert _comes_to_know(two)
        fakes.received.clear()
        assert two.chat(headers={"heimdall-bucket": "cheap"}).status_code == 200
        assert "gpt-5-mini" not in fakes.models

        redis.close()
        fakes.script(gpt_5_mini="ok", gemini_2_5_pro="503")
        started = time.monotonic()
        assert one.chat(headers={"heimdall-bucket": "mid"}).status_code == 200
        assert time.monotonic() - started < 5
        assert len(_aside(one)) == 2
        assert len(_aside(two)) == 1
        assert two.chat(headers={"heimdall-bucket": "mid"}).status_code == 200
