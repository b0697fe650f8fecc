"""What a failover adds to a request, and what a deployment that is set aside adds to the next one.

Real proxies in front of the same fake providers on loopback, in the same run: Heimdall, and LiteLLM alone
with the same two models as group and fallback, once with its default retries and once with `num_retries: 0`.
The first model's provider answers 503 at once; what is measured is the client's whole request.

    python -m benchmarks.failover [--requests 100]
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx

from tests.e2e import configs
from tests.e2e.proxy import MASTER_KEY, ROOT, Proxy, running
from tests.fakes.providers import FakeProviders, fake_providers

_DEPLOYED: Mapping[str, str] = {"gpt-mini": "gpt_5_mini", "gemini": "gemini_2_5_pro"}


def _config(url: str, heimdall: dict[str, Any] | None, retries: int | None) -> dict[str, Any]:
    config = configs.config(url, heimdall, router_settings={"fallbacks": [{"gpt-mini": ["gemini"]}]})
    config["general_settings"].pop("custom_auth_run_common_checks")
    config["litellm_settings"].pop("num_retries")
    if retries is not None:
        config["litellm_settings"]["num_retries"] = retries
    return config


@contextmanager
def _started(config: dict[str, Any]) -> Iterator[Proxy]:
    with tempfile.TemporaryDirectory() as directory:
        shutil.copy(ROOT / "tests" / "e2e" / "watched.py", Path(directory, "watched_heimdall.py"))
        with running(Path(directory), config) as proxy:
            yield proxy


def _timed(
    proxy: Proxy, model: str, count: int, before: Callable[[], object], bucket: str = "cheap"
) -> list[float]:
    """Milliseconds of `count` requests, one after another on one connection; `before` each is untimed."""
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
    headers = {"authorization": f"Bearer {MASTER_KEY}", "heimdall-bucket": bucket}
    took = []
    with httpx.Client(trust_env=False, timeout=60) as client:
        for _ in range(count):
            before()
            started = time.perf_counter()
            answer = client.post(f"{proxy.url}/v1/chat/completions", json=body, headers=headers)
            took.append((time.perf_counter() - started) * 1000)
            answer.raise_for_status()
    return took


def _nothing() -> None:
    pass


def _row(name: str, took: list[float], base: float | None) -> str:
    p50, p99 = median(took), quantiles(took, n=100)[98]
    added = "" if base is None else f"{p50 - base:+.0f}"
    return f"| {name} | {p50:.0f} / {p99:.0f} | {added} |"


def _measured(
    fakes: FakeProviders, proxy: Proxy, model: str, name: str, count: int, *, is_ours: bool
) -> None:
    def well() -> None:
        if is_ours:
            httpx.post(f"{proxy.url}/test/well", trust_env=False)

    fakes.reset()
    _timed(proxy, model, 10, _nothing)
    healthy = _timed(proxy, model, count, _nothing)
    base = median(healthy)
    print(_row(f"{name}: all well", healthy, None), flush=True)
    second = "heimdall" if is_ours else "gemini"
    print(_row(f"{name}: all well, the second model", _timed(proxy, second, count, _nothing, "mid"), base))
    fakes.script(**{_DEPLOYED["gpt-mini"]: "503"})
    # The alternatives take seconds for each with their retries: a tenth of the requests will do.
    failing = _timed(proxy, model, count if is_ours else max(10, count // 10), well)
    print(_row(f"{name}: first model down, each request meets it", failing, base), flush=True)
    before = len(fakes.received)
    after = _timed(proxy, model, count if is_ours else max(10, count // 10), _nothing)
    hits = sum(request.model == configs.UPSTREAM["gpt-mini"] for request in fakes.received[before:])
    print(_row(f"{name}: first model down, later requests ({hits} calls of it)", after, base), flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100)
    count: int = parser.parse_args().requests
    print("| request | ms, p50 / p99 | added |\n|---|---:|---:|", flush=True)
    with fake_providers() as fakes:
        settings = configs.settings(failover={"circuit_breaker": True})
        ours = _config(fakes.url, settings, None)
        ours["litellm_settings"]["callbacks"] = ["watched_heimdall.heimdall"]
        with _started(ours) as proxy:
            _measured(fakes, proxy, "heimdall", "Heimdall", count, is_ours=True)
        for name, retries in (("LiteLLM, num_retries 0", 0), ("LiteLLM, its default retries", None)):
            with _started(_config(fakes.url, None, retries)) as proxy:
                _measured(fakes, proxy, "gpt-mini", name, count, is_ours=False)


if __name__ == "__main__":
    main()
