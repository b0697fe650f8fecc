"""Leads the names of providers to the fakes, in a process of its own.

A copy of this file, named `sitecustomize.py` and first in a process' PYTHONPATH, runs before anything that
could open a connection, in every worker. The names in FAKE_HOSTS lead to 127.0.0.1 and the port of the
fakes, whatever port was asked for. Any other name that isn't this machine's is refused, and written to
a file, so that nothing goes out unseen.
"""

from __future__ import annotations

import json
import os
import socket
from typing import Any

import anyio
import uvloop

FAKE_HOSTS = "FAKE_HOSTS"

_resolve = socket.getaddrinfo
_connect_tcp = anyio.connect_tcp
_create_connection = uvloop.Loop.create_connection


def lead(host: Any, port: Any) -> tuple[Any, Any]:
    """Return where a name and port lead. Raises socket.gaierror for names of the world outside."""
    name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    if name in ("localhost", "::1", "0.0.0.0", "::") or name.startswith("127."):
        return host, port
    world = json.loads(os.environ[FAKE_HOSTS])
    if name in world["names"]:
        return "127.0.0.1", world["port"]
    with open(world["refused"], "a") as refused:
        refused.write(f"{name}\n")
    raise socket.gaierror(socket.EAI_NONAME, f"{name} is out of this world")


def getaddrinfo(host: Any, port: Any, *args: Any, **options: Any) -> Any:
    return _resolve(*lead(host, port), *args, **options)


async def _loop_getaddrinfo(loop: Any, host: Any, port: Any, **options: Any) -> Any:
    return getaddrinfo(host, port, **options)


async def _loop_create_connection(
    loop: Any, factory: Any, host: Any = None, port: Any = None, **options: Any
) -> Any:
    if host is not None and options.get("ssl"):
        options.setdefault("server_hostname", host)
    at = (host, port) if host is None else lead(host, port)
    return await _create_connection(loop, factory, *at, **options)


async def connect_tcp(remote_host: Any, remote_port: int, **options: Any) -> Any:
    return await _connect_tcp(*lead(remote_host, remote_port), **options)


def install() -> None:
    """Put these in the place of the real ones: sync clients and asyncio use the first, uvloop resolves names
    on its own, and anyio drops the port that comes with an address."""
    socket.getaddrinfo = getaddrinfo
    anyio.connect_tcp = connect_tcp
    loop: Any = uvloop.Loop
    loop.getaddrinfo = _loop_getaddrinfo
    loop.create_connection = _loop_create_connection


if FAKE_HOSTS in os.environ:
    install()
