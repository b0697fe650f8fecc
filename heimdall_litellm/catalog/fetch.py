"""Fetching a list over HTTPS, from where it is meant to come from and from nowhere else.

What is asked for and where an answer comes from are decided before a byte is sent:

- `https` on port 443, without user name, password or fragment, at a host that the source names;
- a name is resolved once for each connection, all its addresses are judged, and one that was judged is
  connected to: a second answer of the name's server changes nothing (DNS rebinding). TLS is for the name. No
  proxy of the environment is used;
- a redirect is followed on the same host only, and judged like the first URL;
- an answer is read up to a size, as it is sent and as it is unpacked, and up to a time for everything
  together. Of a list with several pages both are for all of them (`Budget`).

Errors say what went wrong and never what was sent, or what came back.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import httpcore2

from heimdall_litellm.catalog.addresses import is_odd, may_connect
from heimdall_litellm.errors import FetchFailed, FetchRefused

Resolve = Callable[[str, int], Sequence[tuple[str, int]]]

_PORT: Final = 443
_MOST_REDIRECTS: Final = 3
_MOST_ADDRESSES: Final = 4
_REDIRECTS: Final = (301, 302, 307, 308)
_AGENT: Final = "heimdall-litellm"


@dataclass(frozen=True, slots=True)
class Ask:
    """One GET. `hosts` are all that it may go to; `headers` may hold a key, and are never shown."""

    url: str = field(repr=False)
    hosts: frozenset[str]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `body` is None where nothing has changed since the last time."""

    body: bytes | None = field(repr=False)
    etag: str | None = None
    last_modified: str | None = None


def resolve(host: str, port: int) -> list[tuple[str, int]]:
    """Ask the system for the addresses of a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys((str(at[4][0]), int(at[4][1])) for at in found))


class Budget:
    """What one list may take, all its pages together: seconds from now, and bytes."""

    def __init__(self, timeout_s: float, max_bytes: int, clock: Callable[[], float]) -> None:
        self._deadline, self._max_bytes, self._clock = clock() + timeout_s, max_bytes, clock
        self._sent = self._unpacked = 0

    def left(self) -> float:
        """Return the seconds that are left. Raises httpcore2's ReadTimeout if there are none."""
        seconds = self._deadline - self._clock()
        if seconds <= 0:
            raise httpcore2.ReadTimeout("the time is over")
        return seconds

    def announce(self, size: int) -> None:
        """Judge a stated length before anything comes. Raises OverflowError if it is too much."""
        if self._sent + size > self._max_bytes:
            raise OverflowError

    def sent(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Count pieces as they come, as some unpack to nothing. Raises OverflowError."""
        for piece in pieces:
            self.announce(len(piece))
            self._sent += len(piece)
            yield piece

    def unpacked(self, pieces: Iterable[bytes]) -> bytes:
        """Put pieces together. Raises OverflowError."""
        whole = bytearray()
        for piece in pieces:
            self._unpacked += len(piece)
            if self._unpacked > self._max_bytes:
                raise OverflowError
            whole += piece
        return bytes(whole)


class Fetcher:
    """Fetches lists; blocking, from any number of threads. Every call opens a connection of its own.

    `private_hosts` may have private addresses. Raises FetchRefused for what is not to be asked, and
    FetchFailed for what doesn't come.
    """

    def __init__(
        self,
        *,
        timeout_s: float = 20.0,
        max_bytes: int = 16_000_000,
        private_hosts: Collection[str] = (),
        resolve: Resolve = resolve,
        ssl_context: ssl.SSLContext | None = None,
        backend: httpcore2.NetworkBackend | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timeout_s, self._max_bytes = timeout_s, max_bytes
        self._private = frozenset(host.lower() for host in private_hosts)
        self._resolve, self._context, self._clock = resolve, ssl_context, clock
        self._backend = httpcore2.SyncBackend() if backend is None else backend

    def budget(self) -> Budget:
        """Return what the next list may take, from now."""
        return Budget(self._timeout_s, self._max_bytes, self._clock)

    def get(self, ask: Ask, budget: Budget | None = None) -> Answer:
        """Fetch one page, out of the `budget` of its list; without one, it is the whole list."""
        budget = budget or self.budget()
        host = _host(ask.url, ask.hosts)
        url = ask.url
        for _ in range(_MOST_REDIRECTS + 1):
            try:
                location, answer = self._once(url, ask, budget)
            except httpcore2.TimeoutException:
                raise FetchFailed(f"{host} did not answer in {self._timeout_s:g} s") from None
            except OverflowError:
                raise FetchFailed(f"the list of {host} is longer than {self._max_bytes / 1e6:g} MB") from None
            except zlib.error:
                raise FetchFailed(f"{host} gave an answer that makes no sense") from None
            except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
                raise FetchFailed(f"{host} cannot be reached ({_cause(error)})") from None
            if answer is not None:
                return answer
            url = urljoin(url, location)
            if _host(url, ask.hosts) != host:
                raise FetchRefused(f"{host} redirects to another host")
        raise FetchFailed(f"{host} redirects without end")

    def _once(self, url: str, ask: Ask, budget: Budget) -> tuple[str, Answer | None]:
        """Ask once; gives the place of a redirect, or the answer."""
        host = _host(url, ask.hosts)
        backend = _Guarded(self, host in self._private, budget)
        limits = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), budget.left())}
        if self._context is None:
            self._context = httpcore2.default_ssl_context()
        with (
            httpcore2.ConnectionPool(ssl_context=self._context, network_backend=backend, retries=0) as pool,
            pool.stream("GET", url, headers=_headers(ask), extensions=limits) as response,
        ):
            headers = {
                key.lower().decode("latin-1"): value.decode("latin-1") for key, value in response.headers
            }
            if response.status in _REDIRECTS and "location" in headers:
                return headers["location"], None
            if response.status == 304 and (ask.etag or ask.last_modified):
                return "", Answer(None, ask.etag, ask.last_modified)
            if response.status != 200:
                raise FetchFailed(f"{host} answered {response.status}")
            body = self._read(host, headers, response.iter_stream(), budget)
        return "", Answer(body, headers.get("etag"), headers.get("last-modified"))

    def _read(self, host: str, headers: Mapping[str, str], pieces: Iterable[bytes], budget: Budget) -> bytes:
        length = headers.get("content-length", "")
        if length.isdecimal():
            budget.announce(int(length[:20]))
        coding = headers.get("content-encoding", "identity").strip().lower()
        if coding not in ("identity", "gzip"):
            raise FetchFailed(f"{host} answered in an encoding that was not asked for")
        sent = budget.sent(pieces)
        return budget.unpacked(self._plain(sent) if coding == "gzip" else sent)

    def _plain(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Decompress in bounded steps: a small answer may hold any number of zeros."""
        unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
        for piece in pieces:
            rest = piece
            while rest:
                yield unpack.decompress(rest, 1 << 20)
                rest = unpack.unconsumed_tail
        if not unpack.eof:
            raise zlib.error("it ends too early")

    def connect(self, host: str, port: int, is_private: bool, budget: Budget) -> httpcore2.NetworkStream:
        """Resolve a name, judge all its addresses, and connect to one of them."""
        found = _within(budget.left(), lambda: self._resolve(host, port))
        if not found:
            raise httpcore2.ConnectError("the name has no address")
        if not all(may_connect(address, is_private=is_private) for address, _ in found):
            raise FetchRefused(f"{host} leads to an address that is not public")
        failure: Exception = httpcore2.ConnectError("nobody listens")
        for address, at in found[:_MOST_ADDRESSES]:
            try:
                return self._backend.connect_tcp(address, at, timeout=budget.left())
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure


class _Guarded(httpcore2.NetworkBackend):
    """Connects for one request, to what was judged."""

    def __init__(self, fetcher: Fetcher, is_private: bool, budget: Budget) -> None:
        self._fetcher, self._is_private, self._budget = fetcher, is_private, budget

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore2.NetworkStream:
        stream = self._fetcher.connect(host, port, self._is_private, self._budget)
        return _Timed(stream, self._budget)


class _Timed(httpcore2.NetworkStream):
    """A connection whose every wait ends with the time for the whole: a limit for each piece is none."""

    def __init__(self, stream: httpcore2.NetworkStream, budget: Budget) -> None:
        self._stream, self._budget = stream, budget

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, self._left(timeout))
        return _Timed(stream, self._budget)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _left(self, timeout: float | None) -> float:
        left = self._budget.left()
        return left if timeout is None else min(timeout, left)


def _host(url: str, hosts: Collection[str]) -> str:
    """Judge a URL and return its host. Raises FetchRefused, which never says the URL."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise FetchRefused("this is no URL") from None
    if parts.scheme != "https" or port not in (None, _PORT):
        raise FetchRefused("only https on port 443 is asked")
    if "@" in parts.netloc or parts.fragment or not (url.isascii() and url.isprintable() and " " not in url):
        raise FetchRefused("the URL holds more than a host, a path and a query")
    if host not in hosts or is_odd(host):
        raise FetchRefused("the URL leads to a host that the source does not name")
    return host


def _headers(ask: Ask) -> list[tuple[str, str]]:
    conditions = {"if-none-match": ask.etag, "if-modified-since": ask.last_modified}
    # A mark that can't be sent back is none.
    stated = {name: value for name, value in conditions.items() if value and value.isascii()}
    fixed = {"accept": "application/json", "accept-encoding": "gzip", "user-agent": _AGENT}
    for name, value in ask.headers.items():
        if not (value.isascii() and value.isprintable()):
            raise FetchRefused(f"what is to be sent as {name} holds letters that no key has")
    return [*fixed.items(), *stated.items(), *ask.headers.items()]


def _within(seconds: float, work: Callable[[], Sequence[tuple[str, int]]]) -> Sequence[tuple[str, int]]:
    """Wait so long for a resolver and no longer; it can't be interrupted, so it is left to itself."""
    found: list[Sequence[tuple[str, int]]] = []
    failed: list[Exception] = []

    def run() -> None:
        try:
            found.append(work())
        except (OSError, UnicodeError) as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="heimdall-resolve", daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise httpcore2.ConnectError("the name is unknown")
    if not found:
        raise httpcore2.ConnectTimeout("no answer from the resolver")
    return found[0]


def _cause(error: Exception) -> str:
    """Say in a word or two what went wrong; texts of libraries may hold anything."""
    root = error.__cause__ or error.__context__ or error
    return "its certificate is not trusted" if isinstance(root, ssl.SSLError) else type(error).__name__
