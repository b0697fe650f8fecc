"""Fetching a list over real HTTPS from a server that is slow, broken, huge or mistaken."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator

import pytest

from heimdall_litellm.catalog.fetch import Answer, Ask, Fetcher
from heimdall_litellm.errors import FetchFailed, FetchRefused
from tests.fakes import lists as fake
from tests.fakes.hosts import OPENROUTER
from tests.fakes.lists import Lists

URL = f"https://{OPENROUTER}/api/v1/models"
KEY = {"authorization": "Bearer sk-canary"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lists]:
    with fake.running(tmp_path_factory.mktemp("lists")) as running:
        yield running


@pytest.fixture(autouse=True)
def _afresh(server: Lists) -> None:
    server.served.clear()
    server.asked.clear()
    server.sent = 0


def fetcher(server: Lists, **more: object) -> Fetcher:
    options = {"timeout_s": 5.0, "max_bytes": 1_000_000, "private_hosts": [OPENROUTER], **more}
    return Fetcher(resolve=server.resolve, ssl_context=server.ssl_context, **options)  # type: ignore[arg-type]


def get(server: Lists, url: str = URL, **more: object) -> Answer:
    return fetcher(server, **more).get(Ask(url, frozenset({OPENROUTER}), KEY))


def test_a_sound_answer_comes_whole(server: Lists) -> None:
    server.serve(URL, fake.tagged({"data": []}, '"one"'))
    answer = get(server, URL + "?limit=9")
    assert json.loads(answer.body or b"") == {"data": []}
    assert (answer.etag, answer.last_modified) == ('"one"', "Sun, 01 Nov 2026 00:00:00 GMT")
    host, path, headers = server.asked[0]
    assert (host, path) == (OPENROUTER, "/api/v1/models?limit=9")
    assert headers["authorization"] == "Bearer sk-canary"
    assert headers["user-agent"] == "heimdall-litellm"


def test_what_has_not_changed_is_not_sent_again(server: Lists) -> None:
    server.serve(URL, fake.tagged({"data": []}, '"one"'))
    ask = Ask(URL, frozenset({OPENROUTER}), etag='"one"', last_modified="then")
    assert fetcher(server).get(ask) == Answer(None, '"one"', "then")
    assert server.asked[0][2]["if-modified-since"] == "then"


def test_a_304_that_nobody_asked_for_is_no_answer(server: Lists) -> None:
    server.serve(URL, lambda http: fake.send(http, b"", 304))
    with pytest.raises(FetchFailed, match="answered 304"):
        get(server)


def test_a_compressed_answer_is_unpacked(server: Lists) -> None:
    server.serve(URL, fake.zipped({"data": ["x" * 5000]}))
    assert json.loads(get(server).body or b"") == {"data": ["x" * 5000]}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_a_refusal_is_told_by_its_number_and_not_by_its_words(server: Lists, status: int) -> None:
    server.serve(URL, lambda http: fake.send(http, {"error": "sk-canary"}, status))
    with pytest.raises(FetchFailed, match=f"^{OPENROUTER} answered {status}$"):
        get(server)


def test_fifty_megabytes_are_refused_by_their_length_before_they_come(server: Lists) -> None:
    server.serve(URL, server.flood(b"x" * 65_536, 763, content_length="50000000"))
    with pytest.raises(FetchFailed, match="longer than 1 MB"):
        get(server)


def test_fifty_megabytes_without_a_length_are_refused_on_the_way(server: Lists) -> None:
    server.serve(URL, server.flood(b"x" * 65_536, 763))
    with pytest.raises(FetchFailed, match="longer than 1 MB"):
        get(server)
    assert server.sent < 20_000_000


def test_a_small_answer_that_unpacks_to_much_is_refused(server: Lists) -> None:
    bomb = gzip.compress(b"0" * 200_000_000, 9)
    assert len(bomb) < 1_000_000
    server.serve(URL, lambda http: fake.send(http, bomb, content_encoding="gzip"))
    with pytest.raises(FetchFailed, match="longer than 1 MB"):
        get(server)


@pytest.mark.parametrize(
    "body", [b"no gzip at all", gzip.compress(b"x" * 999)[:-12]], ids=["none", "half of one"]
)
def test_what_cannot_be_unpacked_makes_no_sense(server: Lists, body: bytes) -> None:
    server.serve(URL, lambda http: fake.send(http, body, content_encoding="gzip"))
    with pytest.raises(FetchFailed, match="makes no sense"):
        get(server)


@pytest.mark.parametrize("coding", ["br", "gzip, gzip", "deflate"])
def test_an_encoding_that_was_not_asked_for_is_refused(server: Lists, coding: str) -> None:
    server.serve(URL, lambda http: fake.send(http, b"x", content_encoding=coding))
    with pytest.raises(FetchFailed, match="not asked for"):
        get(server)


@pytest.mark.parametrize("play", ["hang", "drip"])
def test_the_time_is_for_everything_together(server: Lists, play: str) -> None:
    server.serve(URL, getattr(server, play))
    began = time.monotonic()
    with pytest.raises(FetchFailed, match=r"did not answer in 0\.4 s"):
        get(server, timeout_s=0.4)
    assert time.monotonic() - began < 3


def test_a_resolver_that_never_answers_is_left_to_itself(server: Lists) -> None:
    def stuck(host: str, port: int) -> list[tuple[str, int]]:
        server.released.wait(20)
        return []

    with pytest.raises(FetchFailed, match="did not answer in"):
        Fetcher(timeout_s=0.2, resolve=stuck).get(Ask(URL, frozenset({OPENROUTER})))


@pytest.mark.parametrize("error", [OSError("no such name"), UnicodeError("label too long")])
def test_a_name_that_is_unknown_cannot_be_reached(error: Exception) -> None:
    def unknown(host: str, port: int) -> list[tuple[str, int]]:
        raise error

    with pytest.raises(FetchFailed, match="cannot be reached"):
        Fetcher(resolve=unknown).get(Ask(URL, frozenset({OPENROUTER})))


def test_a_name_without_an_address_cannot_be_reached() -> None:
    with pytest.raises(FetchFailed, match="cannot be reached"):
        Fetcher(resolve=lambda *_: []).get(Ask(URL, frozenset({OPENROUTER})))


def test_a_connection_that_breaks_is_no_answer(server: Lists) -> None:
    server.serve(URL, fake.reset)
    with pytest.raises(FetchFailed, match="cannot be reached"):
        get(server)


def test_where_nobody_listens_nothing_comes(server: Lists) -> None:
    lonely = Fetcher(private_hosts=[OPENROUTER], resolve=lambda *_: [("127.0.0.1", 1), ("127.0.0.1", 2)])
    with pytest.raises(FetchFailed, match="cannot be reached"):
        lonely.get(Ask(URL, frozenset({OPENROUTER})))


def test_the_next_address_is_tried_where_nobody_listens(server: Lists) -> None:
    server.serve(URL, {"data": []})
    found = [("127.0.0.1", 1), ("127.0.0.1", server.port)]
    answer = Fetcher(
        private_hosts=[OPENROUTER], resolve=lambda *_: found, ssl_context=server.ssl_context
    ).get(Ask(URL, frozenset({OPENROUTER})))
    assert answer.body == b'{"data": []}'


def test_a_certificate_that_nobody_vouches_for_ends_it(server: Lists) -> None:
    server.serve(URL, {"data": []})
    stranger = Fetcher(private_hosts=[OPENROUTER], resolve=server.resolve)
    with pytest.raises(FetchFailed, match="certificate is not trusted"):
        stranger.get(Ask(URL, frozenset({OPENROUTER})))
    assert server.asked == []


def test_a_certificate_for_another_name_ends_it(server: Lists) -> None:
    url = "https://models.internal/list"
    ours = Fetcher(private_hosts=["models.internal"], resolve=server.resolve, ssl_context=server.ssl_context)
    with pytest.raises(FetchFailed, match="certificate is not trusted"):
        ours.get(Ask(url, frozenset({"models.internal"})))
    assert server.asked == []


def test_a_redirect_on_the_same_host_is_followed(server: Lists) -> None:
    server.serve(URL, fake.leads_to("/api/v2/models"))
    server.serve(f"https://{OPENROUTER}/api/v2/models", {"data": [2]})
    assert get(server).body == b'{"data": [2]}'


def test_a_redirect_to_itself_ends(server: Lists) -> None:
    server.serve(URL, fake.leads_to(URL))
    with pytest.raises(FetchFailed, match="without end"):
        get(server)
    assert len(server.asked) == 4


def test_no_error_says_a_key_or_a_word_of_the_answer(server: Lists) -> None:
    plays = [
        fake.reset,
        lambda http: fake.send(http, {"error": "sk-canary"}, 500),
        fake.leads_to("https://sk-canary@evil.example/"),
        fake.leads_to("https://openrouter.ai/?k=sk-canary"),
    ]
    for play in plays:
        server.serve(URL, play)
        with pytest.raises((FetchFailed, FetchRefused)) as failure:
            get(server)
        error: BaseException | None = failure.value
        while error is not None:
            assert "canary" not in str(error)
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    assert "canary" not in repr(Ask(URL, frozenset(), KEY))
