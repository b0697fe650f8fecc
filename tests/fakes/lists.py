"""Model lists at their vendors' real names, over TLS on loopback: sound ones, and all that can be wrong.

`serve` sets what a host answers at a path: a callable that is given the HTTP handler, or a value, which is
sent as JSON. Requests are kept. `resolve` leads every known name here, as a resolver would.
"""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.hosts import tls_context

Play = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Lists:
    """What is served, what was asked for, and how many bytes of body went out."""

    port: int
    authority: Path
    served: dict[tuple[str, str], Play] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    sent: int = 0
    resolved: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def ssl_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.authority))

    @property
    def hosts(self) -> list[str]:
        return [host for host, _, _ in self.asked]

    def resolve(self, host: str, port: int) -> list[tuple[str, int]]:
        self.resolved.append(host)
        assert port == 443
        return [("127.0.0.1", self.port)]

    def serve(self, url: str, answer: object) -> None:
        parts = urlsplit(url)
        play: Play = answer if callable(answer) else lambda http: send(http, answer)
        self.served[parts.hostname or "", parts.path] = play

    def play(self, http: BaseHTTPRequestHandler) -> None:
        headers = {name.lower(): value for name, value in http.headers.items()}
        host = headers.get("host", "")
        self.asked.append((host, http.path, headers))
        play = self.served.get((host, urlsplit(http.path).path))
        if play is None:
            send(http, {"error": "sk-canary"}, status=404)
        else:
            play(http)

    def flood(self, piece: bytes, count: int, **headers: str) -> Play:
        """Send the same piece many times, and count what the other side takes."""

        def play(http: BaseHTTPRequestHandler) -> None:
            http.send_response(200)
            for name, value in headers.items():
                http.send_header(name.replace("_", "-"), value)
            http.send_header("connection", "close")
            http.end_headers()
            with suppress(OSError):
                for _ in range(count):
                    http.wfile.write(piece)
                    self.sent += len(piece)

        return play

    def drip(self, http: BaseHTTPRequestHandler) -> None:
        """Send a byte now and then, so that no single wait is long."""
        http.send_response(200)
        http.send_header("content-length", "1000")
        http.end_headers()
        with suppress(OSError):
            while not self.released.wait(0.05):
                http.wfile.write(b" ")
                http.wfile.flush()

    def hang(self, http: BaseHTTPRequestHandler) -> None:
        self.released.wait(20)


def send(http: BaseHTTPRequestHandler, answer: object, status: int = 200, **headers: str) -> None:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    http.send_response(status)
    for name, value in {"content_length": str(len(body)), **headers}.items():
        http.send_header(name.replace("_", "-"), value)
    http.end_headers()
    http.wfile.write(body)


def tagged(answer: object, etag: str, last_modified: str = "Sun, 01 Nov 2026 00:00:00 GMT") -> Play:
    """Answer 304 to whoever has this state already."""

    def play(http: BaseHTTPRequestHandler) -> None:
        if http.headers.get("if-none-match") == etag:
            send(http, b"", 304)
        else:
            send(http, answer, etag=etag, last_modified=last_modified)

    return play


def zipped(answer: object) -> Play:
    return lambda http: send(http, gzip.compress(json.dumps(answer).encode()), content_encoding="gzip")


def leads_to(location: str, status: int = 302) -> Play:
    return lambda http: send(http, b"", status, location=location)


def reset(http: BaseHTTPRequestHandler) -> None:
    """Reset the connection in the middle of a body."""
    http.send_response(200)
    http.send_header("content-length", "1000")
    http.end_headers()
    http.wfile.write(b'{"data": [')
    http.wfile.flush()
    connection: Any = http.connection
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    http.close_connection = True


@contextmanager
def running(directory: Path) -> Iterator[Lists]:
    """Serve until the end of the block; `directory` receives the certificates."""
    authority, context = tls_context(directory)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            lists.play(self)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    lists = Lists(server.server_address[1], authority)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield lists
    finally:
        lists.released.set()
        server.shutdown()
        server.server_close()
