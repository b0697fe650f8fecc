"""Lists of many pages over real HTTPS: one limit of time, bytes, pages and models for all of a list."""

from __future__ import annotations

import gzip
import itertools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from heimdall_litellm.catalog.fetch import Answer, Ask, Fetcher
from heimdall_litellm.catalog.paging import MOST_PAGES, fetch_list
from heimdall_litellm.catalog.sources import Collector, Page
from heimdall_litellm.catalog.sources.google import Google
from heimdall_litellm.catalog.sources.reading import MAX_MODELS
from heimdall_litellm.errors import FetchFailed
from tests.fakes import lists as fake
from tests.fakes.hosts import GEMINI
from tests.fakes.lists import Lists

URL = f"https://{GEMINI}/v1beta/models"


@pytest.fixture(scope="module")
def module_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lists]:
    with fake.running(tmp_path_factory.mktemp("lists")) as running:
        yield running


@pytest.fixture
def server(module_server: Lists) -> Lists:
    module_server.served.clear()
    module_server.asked.clear()
    module_server.sent = 0
    return module_server


def fetched(server: Lists, source: Any = None, **more: Any) -> tuple[Any, Answer]:
    options = {"timeout_s": 20.0, "max_bytes": 1_000_000, "private_hosts": [GEMINI], **more}
    fetcher = Fetcher(resolve=server.resolve, ssl_context=server.ssl_context, **options)
    return fetch_list(source or Google(), Ask(URL, frozenset({GEMINI})), fetcher)


def page(number: int, *, models: int = 1, filler: int = 0, following: str | None = None) -> bytes:
    """One page of Google's list; by default it names yet another one."""
    names = [{"name": f"models/m{number}-{each}", "description": "x" * filler} for each in range(models)]
    return json.dumps({"models": names, "nextPageToken": following or str(number + 1)}).encode()


def number_of(http: BaseHTTPRequestHandler) -> int:
    return int(parse_qs(urlsplit(http.path).query).get("pageToken", ["1"])[0])


def endless(**more: Any) -> fake.Play:
    return lambda http: fake.send(http, page(number_of(http), **more))


def test_pages_that_end_are_one_list(server: Lists) -> None:
    def play(http: BaseHTTPRequestHandler) -> None:
        whole = json.loads(page(number_of(http)))
        if number_of(http) == 3:
            del whole["nextPageToken"]
        fake.send(http, whole, etag='"first"')

    server.serve(URL, play)
    listings, answer = fetched(server)
    assert [each.model for each in listings] == ["m1-0", "m2-0", "m3-0"]
    assert answer.etag is None  # a mark of the first page says nothing of the others


def test_pages_without_end_are_not_followed_for_ever(server: Lists) -> None:
    server.serve(URL, endless())
    with pytest.raises(FetchFailed, match=f"more than {MOST_PAGES} pages"):
        fetched(server)
    assert len(server.asked) == MOST_PAGES


@pytest.mark.parametrize("cycle", [1, 2, 3])
def test_a_page_that_was_asked_for_before_ends_it(server: Lists, cycle: int) -> None:
    def play(http: BaseHTTPRequestHandler) -> None:
        at = number_of(http)
        fake.send(http, page(at, following=str(at % cycle + 2)))

    server.serve(URL, play)
    with pytest.raises(FetchFailed, match="leads back to a page that was read"):
        fetched(server)
    assert len(server.asked) <= cycle + 2


def test_the_bytes_of_all_pages_count_together(server: Lists) -> None:
    server.serve(URL, endless(filler=300_000))
    with pytest.raises(FetchFailed, match="longer than 1 MB"):
        fetched(server)
    assert len(server.asked) == 4


def test_a_stated_length_counts_beside_what_has_come(server: Lists) -> None:
    def play(http: BaseHTTPRequestHandler) -> None:
        if number_of(http) == 1:
            fake.send(http, page(1, filler=600_000))
        else:
            server.flood(b"x", 1, content_length="600000")(http)
            server.hang(http)

    server.serve(URL, play)
    with pytest.raises(FetchFailed, match="longer than 1 MB"):
        fetched(server)


def test_the_models_of_all_pages_count_together(server: Lists) -> None:
    server.serve(URL, endless(models=MAX_MODELS // 4))
    with pytest.raises(FetchFailed, match=f"more than {MAX_MODELS:,} models"):
        fetched(server, max_bytes=50_000_000)
    assert len(server.asked) == 5


def test_items_that_make_no_sense_count_too(server: Lists) -> None:
    broken = json.dumps({"models": [{}] * (MAX_MODELS + 1)}).encode()
    server.serve(URL, lambda http: fake.send(http, broken))
    with pytest.raises(FetchFailed, match=f"more than {MAX_MODELS:,} models"):
        fetched(server)


class Ticking:
    """A clock that goes on by a step whenever a page has been asked for."""

    def __init__(self, server: Lists, step_s: float) -> None:
        self._server, self._step_s = server, step_s

    def __call__(self) -> float:
        return len(self._server.asked) * self._step_s


def test_the_time_is_for_all_pages_together(server: Lists) -> None:
    server.serve(URL, endless())
    with pytest.raises(FetchFailed, match="did not answer in 20 s"):
        fetched(server, clock=Ticking(server, 6.0))
    assert len(server.asked) == 4


def test_pages_that_drip_end_with_the_time(server: Lists) -> None:
    def drip(http: BaseHTTPRequestHandler) -> None:
        body = page(number_of(http))
        http.send_response(200)
        http.send_header("content-length", str(len(body)))
        http.end_headers()
        with suppress(OSError):
            for at in range(len(body)):
                server.released.wait(0.005)
                http.wfile.write(body[at : at + 1])
                http.wfile.flush()

    server.serve(URL, drip)
    with pytest.raises(FetchFailed, match=r"did not answer in 1 s"):
        fetched(server, timeout_s=1.0)
    assert 1 <= len(server.asked) < MOST_PAGES


def raw(head: bytes, pieces: Callable[[], Iterator[bytes]] = lambda: iter(())) -> fake.Play:
    """Answer with these very bytes, and then with pieces for as long as they are taken."""

    def play(http: BaseHTTPRequestHandler) -> None:
        http.close_connection = True
        with suppress(OSError):
            http.wfile.write(b"HTTP/1.1 200 OK\r\n" + head)
            for piece in pieces():
                http.wfile.write(piece)

    return play


def floods() -> Iterator[bytes]:
    return itertools.repeat(b"x" * 65_536, 3000)


HEADS = {
    "a header without end": raw(b"x-much: ", floods),
    "headers without end": raw(b"", lambda: itertools.repeat(b"x-much: 1\r\n" * 1000, 10_000)),
    "a length that is too short": raw(b"content-length: 5\r\n\r\n" + page(1)),
    "a length that is too long": raw(b"content-length: 5000\r\n\r\n" + page(1)),
    "a length below nothing": raw(b"content-length: -1\r\n\r\n" + page(1)),
    "a length that is no number": raw(b"content-length: lots\r\n\r\n" + page(1)),
    "two lengths": raw(b"content-length: 5\r\ncontent-length: 6\r\n\r\n" + page(1)),
    "a chunk of a size that is none": raw(b"transfer-encoding: chunked\r\n\r\nzz\r\n" + page(1)),
    "a chunk's extension without end": raw(b"transfer-encoding: chunked\r\n\r\n5;", floods),
}


@pytest.mark.parametrize("what", HEADS)
def test_an_answer_that_breaks_http_is_none(server: Lists, what: str) -> None:
    server.serve(URL, HEADS[what])
    with pytest.raises(FetchFailed, match=r"cannot be reached|makes no sense"):
        fetched(server)
    assert len(server.asked) == 1


def test_a_second_page_that_unpacks_to_much_is_refused(server: Lists) -> None:
    def play(http: BaseHTTPRequestHandler) -> None:
        body = page(1) if number_of(http) == 1 else b"0" * 100_000_000
        fake.send(http, gzip.compress(body), content_encoding="gzip")

    server.serve(URL, play)
    with pytest.raises(FetchFailed, match="longer than 1 MB"):
        fetched(server)
    assert len(server.asked) == 2


@pytest.mark.parametrize("after", [b"", gzip.compress(b"{}")], ids=["within", "behind the end"])
def test_what_is_sent_counts_though_it_unpacks_to_nothing(server: Lists, after: bytes) -> None:
    """Empty blocks, or anything behind the end of what is compressed."""
    whole = gzip.compress(b"")
    start = after or whole[:10]
    blocks = start + b"\x00\x00\x00\xff\xff" * 13_107
    server.serve(URL, server.flood(blocks, 300, content_encoding="gzip"))
    with pytest.raises(FetchFailed, match=r"longer than 1 MB|makes no sense"):
        fetched(server)
    assert server.sent < 15_000_000


def test_a_source_whose_next_page_is_no_mapping_is_told_apart(server: Lists) -> None:
    class Odd(Google):
        def read(self, answer: object) -> Page:
            found = Collector()
            found.add("gemini", "x", ())
            return Page(found.listings, 0, ["sk-canary"])  # type: ignore[arg-type]

    server.serve(URL, endless())
    with pytest.raises(FetchFailed, match="makes no sense") as failure:
        fetched(server, Odd())
    assert "canary" not in str(failure.value)


def test_lists_are_counted_one_by_one(server: Lists) -> None:
    """One fetcher serves all sources at once: what one takes is not taken from another."""
    body = json.dumps({"models": [{"name": "models/x", "description": "x" * 700_000}]}).encode()
    server.serve(URL, lambda http: fake.send(http, body))
    fetcher = Fetcher(
        max_bytes=1_000_000, private_hosts=[GEMINI], resolve=server.resolve, ssl_context=server.ssl_context
    )
    found: list[int] = []

    def fetch() -> None:
        listings, _ = fetch_list(Google(), Ask(URL, frozenset({GEMINI})), fetcher)
        found.append(len(listings or ()))

    threads = [threading.Thread(target=fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 4
