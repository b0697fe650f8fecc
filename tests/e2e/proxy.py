"""A real LiteLLM proxy as a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

ROOT = Path(__file__).parents[2]
MASTER_KEY = "sk-master"
START_TIMEOUT_S = 90.0


@dataclass
class Proxy:
    """A running proxy: where it is and what it has printed."""

    url: str
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    gatherer: threading.Thread = field(default_factory=threading.Thread)

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def post(
        self, path: str, body: Any, *, key: str = MASTER_KEY, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """POST a body: bytes as they are, anything else as JSON."""
        sent = {"authorization": f"Bearer {key}", "content-type": "application/json", **(headers or {})}
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        with httpx.Client(trust_env=False) as client:
            return client.post(self.url + path, headers=sent, timeout=60, **content)

    def chat(self, text: str = "hi", *, model: str = "heimdall", **more: Any) -> httpx.Response:
        """Ask one chat question; `key` and `headers` as in `post`, the rest goes into the body."""
        key, headers = more.pop("key", MASTER_KEY), more.pop("headers", None)
        body = {"model": model, "messages": [{"role": "user", "content": text}], **more}
        return self.post("/v1/chat/completions", body, key=key, headers=headers)


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.endswith(("_API_KEY", "_TOKEN"))}
    return {
        **kept,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MASTER_KEY": MASTER_KEY,
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), kept.get("PYTHONPATH", "")])),
        **extra,
    }


def launch(directory: Path, config: Mapping[str, Any], env: Mapping[str, str] | None = None) -> Proxy:
    """Start a proxy and return at once; its output is gathered as it comes."""
    path = directory / "litellm_config.yaml"
    path.write_text(yaml.safe_dump(dict(config), sort_keys=False))
    port = free_port()
    command = [sys.executable, "-m", "litellm.proxy.proxy_cli"]
    litellm = Path(sys.executable).with_name("litellm")
    if litellm.exists():
        command = [sys.executable, str(litellm)]
    process = subprocess.Popen(
        [*command, "--config", str(path), "--host", "127.0.0.1", "--port", str(port)],
        cwd=ROOT,
        env=_environment(env or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    proxy = Proxy(f"http://127.0.0.1:{port}", process)

    def gather() -> None:
        assert process.stdout is not None
        with process.stdout:
            proxy.lines.extend(iter(process.stdout.readline, ""))

    proxy.gatherer = threading.Thread(target=gather, daemon=True)
    proxy.gatherer.start()
    return proxy


def until(condition: Callable[[], bool]) -> None:
    """Wait until it holds. Raises AssertionError if it doesn't within half a minute."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def wait_until_up(proxy: Proxy, within_s: float = START_TIMEOUT_S) -> None:
    """Wait until the proxy answers. Raises AssertionError with its output if it doesn't."""
    deadline = time.monotonic() + within_s
    with httpx.Client(trust_env=False) as client:
        while time.monotonic() < deadline and proxy.process.poll() is None:
            try:
                if client.get(proxy.url + "/health/liveliness", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            threading.Event().wait(0.1)
    raise AssertionError(f"the proxy didn't start:\n{proxy.output}")


def stop(proxy: Proxy) -> None:
    """End the process, politely so that coverage is written."""
    if proxy.process.poll() is None:
        proxy.process.send_signal(signal.SIGTERM)
        try:
            proxy.process.wait(20)
        except subprocess.TimeoutExpired:
            proxy.process.kill()
            proxy.process.wait()


@contextmanager
def running(
    directory: Path,
    config: Mapping[str, Any],
    env: Mapping[str, str] | None = None,
    within_s: float = START_TIMEOUT_S,
) -> Iterator[Proxy]:
    """Serve while the context lasts."""
    proxy = launch(directory, config, env)
    try:
        wait_until_up(proxy, within_s)
        yield proxy
    finally:
        stop(proxy)
