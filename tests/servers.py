"""Servers that tests start for themselves. Where one is missing, a test skips; in CI it fails."""

from __future__ import annotations

import importlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

import pytest


def free_port() -> int:
    """Return a port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def program(name: str, path: str | None = None) -> str:
    """Return the path of a program; skip the test, or fail it in CI, where it isn't installed."""
    found = shutil.which(name, path=path)
    if found is None:
        lacking(f"{name} is not installed")
    return found


def module(name: str) -> None:
    """Import a package of the dev extra; skip the test, or fail it in CI, where it isn't installed."""
    try:
        importlib.import_module(name)
    except ImportError:
        lacking(f"{name} is not installed: pip install -e '.[dev]'")


def lacking(words: str) -> NoReturn:
    """Skip a test, or a module of tests, for want of what `words` name; in CI, which must have it, fail."""
    if os.environ.get("CI"):
        pytest.fail(f"{words}; CI must have it")
    pytest.skip(words, allow_module_level=True)


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


@dataclass(frozen=True)
class Postgres:
    """A PostgreSQL server on loopback whose superuser has a password."""

    directory: Path
    port: int
    password: str = "pg-s3cret/word"

    def url(self, database: str = "postgres", scheme: str = "postgresql", query: str = "") -> str:
        """Return the address of a database."""
        return f"{scheme}://postgres:{quote(self.password, safe='')}@127.0.0.1:{self.port}/{database}{query}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-p {self.port} -h 127.0.0.1 -k {self.directory} -c fsync=off -c max_connections=60"
        log = str(self.directory / "log")
        self._control("start", "-w", "-l", log, "-o", options)

    def stop(self, how: str = "immediate") -> None:
        """End it as `pg_ctl` does: `immediate` is as good as killing it."""
        self._control("stop", "-m", how)

    def database(self) -> str:
        """Make an empty database and return its name."""
        name = f"db_{uuid.uuid4().hex}"
        self.execute(f'CREATE DATABASE "{name}"')
        return name

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run a statement outside of a transaction."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement)

    def _control(self, *arguments: str) -> None:
        _as_postgres([_of_postgres("pg_ctl"), *arguments, "-D", str(self.directory / "data")])


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Run a PostgreSQL of its own. It refuses to run as root, who runs it as `postgres`."""
    initdb = _of_postgres("initdb")
    # Not within pytest's directories, which nobody else may enter.
    directory = Path(tempfile.mkdtemp(prefix="heimdall-pg-"))
    try:
        server = Postgres(directory, free_port())
        secret = directory / "password"
        secret.write_text(server.password)
        for path in (directory, secret) if os.geteuid() == 0 else ():
            shutil.chown(path, "postgres", "postgres")
        made = [initdb, "-D", str(directory / "data"), "-U", "postgres", "--pwfile", str(secret)]
        _as_postgres([*made, "-A", "scram-sha-256", "-E", "UTF8", "--no-locale", "-N"])
        server.start()
        try:
            yield server
        finally:
            with suppress(subprocess.CalledProcessError):
                server.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _of_postgres(name: str) -> str:
    places = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    return program(name, os.pathsep.join([*places, os.environ.get("PATH", "")]))


def _as_postgres(command: list[str]) -> None:
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    # Into a file of nobody's: a pipe would stay open as long as the server runs.
    subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **user)  # type: ignore[call-overload]


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
