"""Providers on loopback: OpenAI (chat, Responses), Anthropic, Gemini, OpenRouter.

One server plays them all, told apart by path and host. Every request is kept to the byte. What a
model answers is set per model name with `script`: a list of outcomes, played in turn, the
last one for ever. An outcome is one of

| outcome | what the provider does |
|---|---|
| `ok` | answers |
| `tool` | calls the first tool it was offered, with a signed thought if thinking was turned on |
| `429`, `429:retry-after=7` | fails with that status, in its own words; with that header |
| `context`, `policy`, `bad`, `quota` | says: too long, not allowed, malformed, no money left |
| `hang` | accepts and says nothing, until `reset` or `close` or for `HANG_S` |
| `reset` | resets the connection |
| `garbage`, `garbage:data` | answers 200 with no JSON; as a stream: no events; events without JSON |
| `redirect:<url>` | leads elsewhere, with a 307 |
| `cut:0`, `cut:start`, `cut:2` | breaks off a stream: at once, before any content, after 2 pieces of it |
| `error:0`, `error:start`, `error:2` | the same with the vendor's own error as the last event |
| `stall:0`, `stall:start`, `stall:2` | the same, and says nothing more, as `hang` |

An answer that isn't streamed breaks off in the middle of its body for every `cut`, `error` and `stall`.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import re
import socket
import ssl
import struct
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.fakes.vendors import BAD, CONTEXT, POLICY, QUOTA, Call, Said, Stream, Vendor, vendor_of

HANG_S = 30.0
GARBAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>\n"
_OUTCOME = re.compile(
    rf"ok|tool|hang|reset|{CONTEXT}|{POLICY}|{BAD}|{QUOTA}|garbage(:data)?|redirect:\S+"
    r"|(cut|error|stall):(start|\d+)|[45]\d\d(:retry-after=\S+)?"
)


@dataclass(frozen=True)
class Received:
    """One request as it came in: when (`time.monotonic`), for which host, and whether by TLS."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    head: bytes = b""
    at: float = field(default_factory=time.monotonic)
    tls: bool = False

    @property
    def json(self) -> Any:
        return json.loads(self.body or b"{}")

    @property
    def host(self) -> str:
        """The name in the Host header, without a port."""
        named = {name.lower(): value for name, value in self.headers.items()}
        return named.get("host", "").partition(":")[0]

    @property
    def model(self) -> str:
        if ":" in self.path and "/models/" in self.path:
            return self.path.split("/models/")[1].split(":")[0]
        return str(self.json.get("model"))

    @property
    def raw(self) -> bytes:
        """Every byte: the request line, all headers, the body."""
        return self.head + self.body


class _Kept(io.BufferedReader):
    """A connection to read from that keeps the lines it has read: a request's head, as it was sent."""

    def __init__(self, raw: io.RawIOBase) -> None:
        super().__init__(raw)
        self.lines: list[bytes] = []

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        self.lines.append(line)
        return line


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that hangs up or refuses our certificate; a fault of the fake is shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class FakeProviders:
    """The servers, what they received, and what they are to answer.

    With a TLS context they serve at `tls_port` too. They keep no lists of models: who asks for one, as each
    proxy's catalog does at its own times, gets a 404 and is `listed`, and not among what they received.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self.listed: list[Received] = []
        self._scripts: dict[str, list[str]] = {}
        self._played: dict[str, int] = defaultdict(int)
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._calls = itertools.count(1)
        self._server = self._serve(None)
        self._tls_server = None if tls is None else self._serve(tls)

    def _serve(self, tls: ssl.SSLContext | None) -> _Server:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # or else every answer in two packets takes 40 ms longer
            rfile: _Kept

            def setup(self) -> None:
                super().setup()
                self.rfile = _Kept(self.rfile.detach())

            def do_POST(self) -> None:
                fake.answer(self._request(), self)

            def _request(self) -> Received:
                head = b"".join(self.rfile.lines)
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                self.rfile.lines.clear()
                return Received(
                    self.command, self.path, dict(self.headers), body, head, time.monotonic(), tls is not None
                )

            def do_GET(self) -> None:
                if self.path.partition("?")[0].endswith("/models"):
                    fake.listed.append(self._request())
                    _send(self, 404, b"{}")
                else:
                    self.do_POST()

            def log_message(self, *_: object) -> None:
                pass

        server = _Server(("127.0.0.1", 0), Handler)
        if tls is not None:
            # The handshake is left to the thread of each connection; here it would hold up the others.
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return server

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def tls_port(self) -> int:
        assert self._tls_server is not None
        return int(self._tls_server.server_address[1])

    def close(self) -> None:
        self._released.set()
        for server in filter(None, (self._server, self._tls_server)):
            server.shutdown()
            server.server_close()

    def reset(self) -> None:
        """Forget what came in and what was to be answered; hang up on those who wait for an answer."""
        with self._lock:
            self.received.clear()
            self.listed.clear()
            self._scripts.clear()
            self._played.clear()
            self._released.set()
            self._released = threading.Event()

    def script(self, **outcomes: Sequence[str] | str) -> None:
        """Set outcomes by model name, with _ for - and . (`gpt_5=["429", "ok"]`)."""
        for name, played in outcomes.items():
            script = [played] if isinstance(played, str) else list(played)
            if unknown := [outcome for outcome in script if not _OUTCOME.fullmatch(outcome)]:
                raise ValueError(f"no such outcome: {unknown}")
            self._scripts[name] = script

    @property
    def models(self) -> list[str]:
        """The models called, in order."""
        return [request.model for request in self.received]

    @property
    def hosts(self) -> list[str]:
        """The hosts called, in order."""
        return [request.host for request in self.received]

    @property
    def raw(self) -> bytes:
        """Every byte received."""
        return b"\n\n".join(request.raw for request in self.received)

    def _outcome(self, model: str) -> str:
        key = "".join(c if c.isalnum() else "_" for c in model.rpartition("/")[2])
        script = self._scripts.get(key, ["ok"])
        number = self._played[key]
        self._played[key] += 1
        return script[min(number, len(script) - 1)]

    def answer(self, request: Received, http: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self.received.append(request)
            outcome, _, detail = self._outcome(request.model).partition(":")
            released = self._released
        vendor = vendor_of(request.host, request.path)
        streams = vendor.streams(request.path, request.json)
        match outcome:
            case "ok" | "tool" | "cut" | "error" | "stall":
                said = self._said(vendor, request, calls=outcome == "tool")
                if streams:
                    stalls = released if outcome == "stall" else None
                    events = _played(outcome, detail, vendor, said)
                    _send_stream(http, events, stalls, whole=outcome not in ("cut", "stall"))
                elif outcome in ("cut", "error", "stall"):
                    _send_half(http, json.dumps(vendor.whole(said)).encode())
                else:
                    _send(http, 200, json.dumps(vendor.whole(said)).encode())
            case "hang":
                released.wait(HANG_S)
                http.close_connection = True
            case "reset":
                _reset(http)
            case "garbage":
                kind = "text/event-stream" if streams else "application/json"
                _send(http, 200, b"data: " + GARBAGE + b"\n" if streams and detail else GARBAGE, {}, kind)
            case "redirect":
                _send(http, 307, b"", {"location": detail})
            case _:
                after = detail.removeprefix("retry-after=") or None
                refusal = vendor.error("400" if outcome == BAD else outcome, request.model, after)
                _send(http, refusal.status, json.dumps(refusal.body).encode(), refusal.headers)

    def _said(self, vendor: Vendor, request: Received, *, calls: bool) -> Said:
        if not calls:
            return Said(request.model, f"hello from {request.model}")
        tool = vendor.tool(request.json)
        required = tool.get("parameters", {}).get("required", ())
        call = Call(f"call_{next(self._calls)}", tool["name"], dict.fromkeys(required, "x"))
        return Said(request.model, call=call, thought=vendor.thinks(request.json))


def _played(outcome: str, detail: str, vendor: Vendor, said: Said) -> list[bytes]:
    """The events that are sent, of a stream that may be broken off."""
    stream: Stream = vendor.stream(said)
    if outcome in ("ok", "tool"):
        return [*stream.head, *stream.pieces, *stream.tail]
    if detail == "0":
        sent = []
    elif detail == "start":
        sent = stream.head
    else:
        sent = [*stream.head, *stream.pieces[: int(detail)]]
    return [*sent, vendor.error_event(said.model)] if outcome == "error" else sent


def _send(
    http: BaseHTTPRequestHandler,
    status: int,
    body: bytes,
    headers: Mapping[str, str] | None = None,
    kind: str = "application/json",
) -> None:
    http.send_response(status)
    sent = {"content-type": kind, "content-length": str(len(body)), **(headers or {})}
    for name, value in sent.items():
        http.send_header(name, value)
    http.end_headers()
    http.wfile.write(body)


def _send_half(http: BaseHTTPRequestHandler, body: bytes) -> None:
    _send(http, 200, body[: len(body) // 2], {"content-length": str(len(body))})
    http.close_connection = True


def _send_stream(
    http: BaseHTTPRequestHandler, events: Iterable[bytes], stalls: threading.Event | None, *, whole: bool
) -> None:
    """Send events as chunks; without the last, empty one if the stream is to look broken.

    Where it `stalls`, it waits for that before its end.
    """
    http.send_response(200)
    http.send_header("content-type", "text/event-stream")
    http.send_header("transfer-encoding", "chunked")
    http.end_headers()
    for event in events:
        http.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
    if stalls is not None:
        stalls.wait(HANG_S)
    if whole:
        http.wfile.write(b"0\r\n\r\n")
    http.close_connection = not whole


def _reset(http: BaseHTTPRequestHandler) -> None:
    """Close so that the other side gets a reset, not an end."""
    http.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(http.connection.detach())
    http.close_connection = True


@contextmanager
def fake_providers(tls: ssl.SSLContext | None = None) -> Iterator[FakeProviders]:
    """Serve while the context lasts."""
    fakes = FakeProviders(tls)
    try:
        yield fakes
    finally:
        fakes.close()


@contextmanager
def refused() -> Iterator[str]:
    """A URL at which every connection is refused: its port is held, and nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"
