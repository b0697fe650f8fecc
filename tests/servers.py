"""Servers that tests start for themselves. Where a program is missing, a test skips; in CI it fails."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(name: str) -> str:
    """Return the path of a program; skip the test, or fail it in CI, where it isn't installed."""
    found = shutil.which(name)
    if found is not None:
        return found
    words = f"{name} is not installed"
    if os.environ.get("CI"):
        pytest.fail(f"{words}; CI must have it")
    pytest.skip(words)


@contextmanager
def redis_server(directory: Path, port: int | None = None) -> Iterator[int]:
    """Run a Redis on loopback that keeps nothing, and give its port."""
    port = port or free_port()
    command = [
        program("redis-server"),
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
    ]
    with (directory / "redis.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=directory, stdout=log, stderr=log)
        try:
            _wait_for(port, process)
            yield port
        finally:
            process.terminate()
            process.wait(10)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), 0.2):
                return
        except OSError:
            threading.Event().wait(0.02)
    raise AssertionError("the server didn't start")


@contextmanager
def silent_server() -> Iterator[int]:
    """Accept connections on loopback and never answer."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)
        held: list[socket.socket] = []
        is_over = threading.Event()

        def accept() -> None:
            server.settimeout(0.05)
            while not is_over.is_set():
                try:
                    held.append(server.accept()[0])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield int(server.getsockname()[1])
        finally:
            is_over.set()
            thread.join()
            for connection in held:
                connection.close()
