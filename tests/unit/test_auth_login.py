"""Logging in, by browser, by paste and by device, against a strict provider; and all that goes wrong."""

from __future__ import annotations

import json
import logging
import os
import queue
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from click.testing import CliRunner, Result

from heimdall_litellm.auth import KEY_VARIABLE, Secret, TokenKeys, TokenStore, new_key
from heimdall_litellm.auth.google_login import PASTE_URI, by_browser, by_device, by_paste, google
from heimdall_litellm.auth.loopback import Listener
from heimdall_litellm.auth.oauth import OAuthClient, Provider
from heimdall_litellm.cli.main import main
from heimdall_litellm.config import GoogleSettings, load_settings
from heimdall_litellm.errors import ConfigError, LoginError, LoginRefused, ProviderUnreachable
from tests.fakes.oauth_server import CLIENT_SECRET, OAuthServer, oauth_server

ROOT = Path(__file__).parents[2]
SCOPES = [
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/generative-language.retriever",
]
KEY = new_key()


@pytest.fixture
def server() -> Iterator[OAuthServer]:
    with oauth_server() as made:
        yield made


@pytest.fixture
def provider(server: OAuthServer) -> Provider:
    given = load_settings({"auth_adapters": {"google": server.settings()}})
    return google(given.auth_adapters.google, timeout=5)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(KEY_VARIABLE, KEY)


@pytest.fixture
def config(server: OAuthServer, tmp_path: Path) -> str:
    path = tmp_path / "config.yaml"
    google_settings = {**server.settings(), "client_secret": "os.environ/SECRET_OF_THE_TEST"}
    auth = {"store": str(tmp_path / "store"), "google": google_settings}
    path.write_text(yaml.safe_dump({"callback_settings": {"heimdall": {"auth_adapters": auth}}}))
    return str(path)


@pytest.fixture
def heimdall(
    config: str, server: OAuthServer, caplog: pytest.LogCaptureFixture
) -> Iterator[Callable[..., Result]]:
    """The command; whatever it does, no token, code or secret may show."""
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []

    def run(*arguments: str, stdin: str | None = None) -> Result:
        env = {"COLUMNS": "200", "SECRET_OF_THE_TEST": CLIENT_SECRET}
        done = CliRunner().invoke(main, ["auth", *arguments, "--config", config], input=stdin, env=env)
        shown.extend((done.output, done.stderr, repr(done.exception)))
        return done

    yield run
    everything = "\n".join((*shown, caplog.text))
    for secret in (*server.given, CLIENT_SECRET, KEY):
        assert secret not in everything


def follow(url: str) -> str:
    """Open a page as a browser would, and give what it says."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.read().decode()


def redirect_of(url: str) -> str:
    """Ask the provider where it sends the browser, without going there."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port or 0, timeout=10)
    connection.request("GET", f"{parts.path}?{parts.query}")
    answer = connection.getresponse()
    where = answer.headers["Location"]
    connection.close()
    return where


class Browser(webbrowser.BaseBrowser):
    """Opens pages itself; `pages` are what it saw."""

    def __init__(self) -> None:
        super().__init__("scripted")
        self.pages: queue.SimpleQueue[str] = queue.SimpleQueue()

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        self.pages.put(follow(url))
        return True


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Browser:
    made = Browser()
    monkeypatch.setattr(webbrowser, "_tryorder", ["scripted"])
    monkeypatch.setattr(webbrowser, "_browsers", {"scripted": [None, made]})
    return made


def stored(tmp_path: Path) -> Any:
    return TokenStore(tmp_path / "store", TokenKeys({KEY_VARIABLE: KEY})).read("google")


def test_a_login_by_browser_is_kept_shown_and_taken_back(
    heimdall: Callable[..., Result], browser: Browser, server: OAuthServer, tmp_path: Path
) -> None:
    assert heimdall("status").exit_code == 1
    done = heimdall("login", "google")
    assert done.exit_code == 0, done.output
    assert "Logged in at google." in done.stdout
    assert f"{server.url}/auth?" in done.stderr
    assert "Heimdall has got the answer." in browser.pages.get(timeout=10)
    assert server.is_valid(stored(tmp_path).access_token.reveal())
    status = heimdall("status")
    assert status.exit_code == 0
    assert "unknown (token " in status.stdout
    assert "possible, not needed yet" in status.stdout
    gone = heimdall("logout", "google")
    assert (gone.exit_code, "google has revoked them." in gone.stdout) == (0, True)
    assert stored(tmp_path) is None
    assert all(family.is_revoked for family in server.refresh.values())
    assert heimdall("logout", "google").exit_code == 1
    assert json.loads(heimdall("logout", "google", "--json").stdout)["deleted"] is False
    assert "No login in" in heimdall("status").stdout


def test_everything_is_told_as_json_too(
    heimdall: Callable[..., Result], browser: Browser, server: OAuthServer, config: str, tmp_path: Path
) -> None:
    asked = yaml.safe_load(Path(config).read_text())
    asked["callback_settings"]["heimdall"]["auth_adapters"]["google"]["scopes"] = ["openid", "email"]
    Path(config).write_text(yaml.safe_dump(asked))
    done = json.loads(heimdall("login", "google", "--json").stdout)
    assert (done["account"], done["scopes"], done["missing_scopes"]) == (
        "ada@example.org",
        ["openid", "email"],
        [],
    )
    assert (done["usable"], done["set_aside"]) == (True, None)
    status = json.loads(heimdall("status", "--json").stdout)
    assert (status["key"], status["logins"][0]["digest"]) == (KEY_VARIABLE, done["digest"])
    assert "ada@example.org" in heimdall("status").stdout
    gone = json.loads(heimdall("logout", "google", "--json").stdout)
    assert gone == {"login": "google", "deleted": True, "revoked": True, "note": None}


def test_a_login_by_paste_takes_the_address_or_the_code(
    server: OAuthServer, provider: Provider, config: str, tmp_path: Path
) -> None:
    client = OAuthClient(provider)
    for pick in (
        lambda url: url,
        lambda url: urlsplit(url).query,
        lambda url: parse_qs(urlsplit(url).query)["code"][0],
    ):
        pages: list[str] = []
        grant = by_paste(client, pages.append, lambda: f" {pick(redirect_of(pages[0]))}\n")  # noqa: B023
        assert server.is_valid(grant.access_token.reveal())
        assert redirect_of(pages[0]).startswith(PASTE_URI)


def test_the_command_asks_for_the_address(
    heimdall: Callable[..., Result], server: OAuthServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[str] = []
    known = OAuthClient.authorization

    def noted(self: OAuthClient, redirect_uri: str) -> Any:
        made = known(self, redirect_uri)
        pages.append(made.url)
        return made

    monkeypatch.setattr(OAuthClient, "authorization", noted)
    monkeypatch.setattr("click.prompt", lambda *_, **__: redirect_of(pages[0]))
    assert heimdall("login", "google", "--paste").exit_code == 0
    assert stored(tmp_path).can_refresh


def test_a_paste_that_ends_is_no_login(heimdall: Callable[..., Result]) -> None:
    assert heimdall("login", "google", "--paste", stdin="").exit_code == 1
    refused = heimdall("login", "google", "--paste", "--json", stdin=f"{PASTE_URI}/?code=x&state=y\n")
    assert refused.exit_code == 1
    assert "not the answer to this login" in refused.output


def test_a_login_by_device_waits_until_the_user_agrees(
    heimdall: Callable[..., Result], server: OAuthServer, tmp_path: Path
) -> None:
    server.device_answers = ["authorization_pending", "authorization_pending", "yes"]
    done = heimdall("login", "google", "--device")
    assert done.exit_code == 0, done.output
    assert "ABCD-EFGH" in done.stderr
    assert f"{server.url}/device" in done.stderr
    assert server.is_valid(stored(tmp_path).access_token.reveal())


def test_the_device_flow_slows_down_when_told(server: OAuthServer, provider: Provider) -> None:
    server.device_answers = ["slow_down", "authorization_pending", "slow_down", "yes"]
    slept: list[float] = []
    by_device(OAuthClient(provider), lambda _: None, 300, sleep=slept.append)
    assert slept == pytest.approx([0.01, 5.01, 5.01, 10.01])


def test_the_device_flow_bears_a_provider_that_stumbles(server: OAuthServer, provider: Provider) -> None:
    server.misbehave = [None, (500, b""), (200, b"<html>"), None]
    slept: list[float] = []
    by_device(OAuthClient(provider), lambda _: None, 300, sleep=slept.append)
    assert slept == pytest.approx([0.01, 0.02, 0.04, 0.04])


@pytest.mark.parametrize("said", ["access_denied", "expired_token"])
def test_a_device_login_that_is_refused_is_told(server: OAuthServer, provider: Provider, said: str) -> None:
    server.device_answers = [said]
    with pytest.raises(LoginRefused, match=said):
        by_device(OAuthClient(provider), lambda _: None, 300, sleep=lambda _: None)


def test_a_device_login_ends_when_time_is_up(server: OAuthServer, provider: Provider) -> None:
    server.device_answers = ["authorization_pending"]
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds + 1

    with pytest.raises(LoginRefused, match="nobody agreed in time"):
        by_device(OAuthClient(provider), lambda _: None, 20, sleep=sleep, clock=lambda: now[0])
    assert 15 < now[0] < 25


@pytest.mark.parametrize(
    "answer",
    [
        {"device_code": "x", "user_code": "y", "expires_in": 5},
        {"device_code": "x", "user_code": "y\x1b[2J", "expires_in": 5, "verification_url": "https://x"},
        {"device_code": "x", "user_code": "y", "expires_in": 5, "verification_url": "javascript:x"},
        {"device_code": "x", "user_code": "y", "expires_in": "soon", "verification_url": "https://x"},
        ["device_code"],
    ],
)
def test_a_device_answer_that_makes_no_sense_is_refused(
    server: OAuthServer, provider: Provider, answer: object
) -> None:
    server.misbehave = [(200, json.dumps(answer).encode())]
    with pytest.raises(ProviderUnreachable, match="makes no sense"):
        OAuthClient(provider).begin_device()


def test_a_user_who_says_no_is_told_so(
    heimdall: Callable[..., Result], browser: Browser, server: OAuthServer
) -> None:
    server.consent = "access_denied"
    refused = heimdall("login", "google")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "error: the login was refused: access_denied" in refused.stderr
    assert "The login was refused." in browser.pages.get(timeout=10)
    assert json.loads(heimdall("login", "google", "--json").stdout)["error"].endswith("access_denied")


def test_only_the_right_request_is_the_answer_and_the_others_are_turned_away(
    server: OAuthServer, provider: Provider
) -> None:
    said: list[str] = []

    def act(url: str) -> None:
        right = redirect_of(url)
        base = right.split("?")[0]
        silent = socket.create_connection(
            (urlsplit(base).hostname, urlsplit(base).port)
        )  # as browsers do ahead
        for wrong in (
            f"{base}/favicon.ico",
            f"{base}/?code=stolen&state=guessed",
            f"{base}/?error=access_denied&state=guessed",
            f"{base}/other?{urlsplit(right).query}",
            base,
            f"{base}/?{'a=1&' * 60}{urlsplit(right).query}",
            f"{base}/?state={parse_qs(urlsplit(right).query)['state'][0]}",
        ):
            said.append(follow(wrong))  # noqa: PERF401  # one after the other
        said.append(follow(right))
        silent.close()

    grant = by_browser(OAuthClient(provider), lambda _: None, 20, act)
    assert server.is_valid(grant.access_token.reveal())
    assert ["nothing here" in text for text in said[:4]] == [True, False, False, True]
    assert all("not the answer" in said[at] for at in (1, 2, 4, 5, 6))
    assert "has got the answer" in said[7]


def test_the_listener_serves_one_plain_page_once_and_nothing_else() -> None:
    with Listener() as listener:
        host = urlsplit(listener.redirect_uri)
        assert host.hostname == "127.0.0.1"
        assert "not the answer" in follow(f"{listener.redirect_uri}/?code=x&state=")
        listener.expect(Secret("s"))
        connection = HTTPConnection("127.0.0.1", host.port or 0, timeout=10)
        for method in ("POST", "PUT", "HEAD", "OPTIONS"):
            connection.request(method, "/?code=x&state=s")
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 501
        connection.request("GET", "/?code=x&state=s")
        answer = connection.getresponse()
        page = answer.read().decode()
        assert (answer.status, answer.headers["Cache-Control"], answer.headers["Server"]) == (
            200,
            "no-store",
            "Heimdall",
        )
        assert "x&state" not in page
        connection.close()
        assert "not the answer" in follow(f"{listener.redirect_uri}/?code=x&state=s")
        assert listener.wait(1) == Secret("x")
    with pytest.raises(OSError):  # noqa: PT011
        socket.create_connection(("127.0.0.1", host.port or 0), timeout=1)


def test_a_browser_that_hangs_up_or_says_nonsense_is_no_event(capfd: pytest.CaptureFixture[str]) -> None:
    with Listener() as listener:
        address = ("127.0.0.1", urlsplit(listener.redirect_uri).port or 0)
        for sent in (b"", b"\xff\xfe\r\n\r\n", b"GET " + b"/a" * 40_000, b"GET / HTTP/1.1\r\n"):
            with socket.create_connection(address) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                connection.sendall(sent)
        listener.expect(Secret("s"))
        assert "got the answer" in follow(f"{listener.redirect_uri}/?code=x&state=s")
    assert capfd.readouterr() == ("", "")


def test_nobody_coming_back_is_told_in_time(provider: Provider) -> None:
    began = time.monotonic()
    with pytest.raises(ProviderUnreachable, match=r"in 0\.1 s.*--paste"):
        by_browser(OAuthClient(provider), lambda _: None, 0.1, lambda _: True)
    assert time.monotonic() - began < 5


def test_the_verifier_the_redirect_and_the_single_use_of_a_code_are_checked(
    server: OAuthServer, provider: Provider
) -> None:
    client = OAuthClient(provider)

    def trade(**changed: Any) -> None:
        authorization = client.authorization(PASTE_URI)
        code = Secret(parse_qs(urlsplit(redirect_of(authorization.url)).query)["code"][0])
        for _ in range(changed.pop("times", 1)):
            client.exchange(replace(authorization, **changed), code)

    trade()
    with pytest.raises(LoginRefused, match=r"invalid_grant \(code_verifier does not match\)"):
        trade(verifier=Secret("wrong" * 10))
    with pytest.raises(LoginRefused, match="redirect_uri_mismatch"):
        trade(redirect_uri="http://127.0.0.1:1")
    with pytest.raises(LoginRefused, match="Malformed auth code"):
        trade(times=2)
    server.code_seconds = -1
    with pytest.raises(LoginRefused, match="invalid_grant"):
        trade()
    client = OAuthClient(replace(provider, client_secret=Secret("wrong")))
    with pytest.raises(LoginRefused, match="invalid_client"):
        trade()
    client = OAuthClient(replace(provider, client_secret=None))
    with pytest.raises(LoginRefused, match="invalid_client"):
        trade()


def test_state_and_verifier_are_long_and_new_each_time(provider: Provider) -> None:
    client = OAuthClient(provider)
    made = [client.authorization("http://127.0.0.1:1") for _ in range(20)]
    assert len({one.state for one in made}) == len({one.verifier for one in made}) == 20
    assert all(len(one.state.reveal()) >= 32 and 43 <= len(one.verifier.reveal()) <= 128 for one in made)
    asked = parse_qs(urlsplit(made[0].url).query)
    assert (asked["access_type"], asked["prompt"], asked["scope"]) == (
        ["offline"],
        ["consent"],
        [" ".join(SCOPES)],
    )
    assert made[0].verifier.reveal() not in made[0].url
    assert made[0].verifier.reveal() not in repr(made[0])


NONSENSE: list[Any] = [
    (200, b""),
    (200, b"<html>"),
    (200, b"\xff\xfe"),
    (200, b"[]"),
    (200, b"null"),
    (200, b"[" * 5_000),
    (200, b"{}"),
    (200, b'{"access_token": ""}'),
    (200, b'{"access_token": 7}'),
    (200, b'{"access_token": "two words"}'),
    (200, b'{"access_token": "x\\r\\nHost: evil"}'),
    (200, b'{"access_token": "x", "expires_in": "soon"}'),
    (200, b'{"access_token": "x", "expires_in": {}}'),
    (200, b'{"access_token": "x", "expires_in": -5}'),
    (200, b'{"access_token": "x", "expires_in": 1e999}'),
    (200, b'{"access_token": "x", "refresh_token": ["y"]}'),
    (200, b'{"access_token": "x", "scope": 5}'),
    (200, b'{"access_token": "' + b"x" * 1_000_000 + b'"}'),
]


@pytest.mark.parametrize("answer", NONSENSE, ids=range(len(NONSENSE)))
def test_an_answer_that_makes_no_sense_is_an_error_of_ours(
    server: OAuthServer, provider: Provider, answer: Any
) -> None:
    server.misbehave = [answer]
    with pytest.raises(ProviderUnreachable, match=r"127\.0\.0\.1:[0-9]+ gave an answer that makes no sense"):
        OAuthClient(provider).refresh(Secret("canary-sent"))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((500, b'{"error": "invalid_grant"}'), "answered 500"),
        ((503, b"canary-sent"), "answered 503"),
        ((429, b"slow down"), "answered 429"),
        ((302, b""), "answered 302"),
        ((400, b'{"error": {"code": 400}}'), "refused: error$"),
        ((400, b'{"error": "a\\nb"}'), "refused: error$"),
        ((400, b'{"error": "x", "error_description": "you sent canary-sent"}'), "refused: x$"),
        ((400, b'{"error": "x", "error_description": "you are canary-client-secret-5f1d"}'), "refused: x$"),
        ((400, b'{"error": "x", "error_description": "\\u001b[2J"}'), "refused: x$"),
        ((400, b'{"error": "x", "error_description": 5}'), "refused: x$"),
        ((400, b'{"error": "x", "error_description": "as it is"}'), r"refused: x \(as it is\)$"),
    ],
)
def test_what_a_provider_says_is_told_without_what_was_sent(
    server: OAuthServer, provider: Provider, answer: tuple[int, bytes], said: str
) -> None:
    server.misbehave = [answer]
    with pytest.raises(LoginError, match=said) as refused:
        OAuthClient(provider).refresh(Secret("canary-sent"))
    assert "canary" not in str(refused.value)
    assert refused.value.__suppress_context__


@pytest.mark.parametrize("wrong", [30, "drip"])
def test_a_provider_that_hangs_or_drips_is_left_in_time(
    server: OAuthServer, provider: Provider, wrong: Any
) -> None:
    server.misbehave = [wrong]
    began = time.monotonic()
    with pytest.raises(ProviderUnreachable, match=r"did not answer in 0\.3 s"):
        OAuthClient(replace(provider, timeout=0.3)).refresh(Secret("x"))
    assert time.monotonic() - began < 3


def test_nobody_listening_is_told(provider: Provider) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/token"
    with pytest.raises(ProviderUnreachable, match=r"cannot be reached \(ConnectError\)"):
        OAuthClient(replace(provider, token_url=url)).refresh(Secret("x"))


@pytest.mark.parametrize(
    "token", ["nonsense", "a.b.c", "e30.WzFd.eA", "e30.eyJlbWFpbCI6N30.eA", "e30.eyJlbWFpbCI6ICJhXG5iIn0.eA"]
)
def test_an_id_token_that_says_nothing_leaves_the_account_unknown(
    server: OAuthServer, provider: Provider, token: str
) -> None:
    server.misbehave = [(200, json.dumps({"access_token": "x", "id_token": token}).encode())]
    grant = OAuthClient(provider).refresh(Secret("x"))
    assert (grant.account, grant.expires_in, grant.scopes) == (None, 3600.0, None)


def test_a_client_must_be_configured() -> None:
    with pytest.raises(ConfigError, match=r"google\.client_id is not set.*docs/auth-google\.md"):
        google(GoogleSettings())
    assert CliRunner().invoke(main, ["auth", "login", "google"]).exit_code == 2


def test_paste_and_device_exclude_each_other(heimdall: Callable[..., Result]) -> None:
    assert heimdall("login", "google", "--paste", "--device").exit_code == 2


def test_what_stops_us_does_so_before_the_browser(
    heimdall: Callable[..., Result], browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "wrong")
    assert heimdall("login", "google").exit_code == 2
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    (tmp_path / "store").mkdir(mode=0o755)
    refused = heimdall("login", "google", "--json")
    assert (refused.exit_code, "chmod 700" in json.loads(refused.stdout)["error"]) == (2, True)
    assert browser.pages.empty()


def test_a_login_that_cannot_be_decrypted_is_set_aside(
    heimdall: Callable[..., Result], browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert heimdall("login", "google").exit_code == 0
    kept = (tmp_path / "store" / "google.login").read_bytes()
    other = new_key()
    monkeypatch.setenv(KEY_VARIABLE, other)
    status = heimdall("status")
    assert (status.exit_code, "cannot be decrypted" in status.stdout) == (1, True)
    done = heimdall("login", "google")
    assert done.exit_code == 0
    assert "set aside" in done.stdout
    assert (tmp_path / "store" / "google.login.unreadable").read_bytes() == kept
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    gone = heimdall("logout", "google")
    assert (gone.exit_code, "They were not revoked: " in gone.stdout) == (0, True)
    assert not (tmp_path / "store" / "google.login").exists()


def test_a_logout_deletes_even_if_the_provider_does_not_answer(
    heimdall: Callable[..., Result], browser: Browser, server: OAuthServer, tmp_path: Path, config: str
) -> None:
    for wrong in ((500, b""), (400, b'{"error": "invalid_token"}'), (302, b"{}")):
        assert heimdall("login", "google").exit_code == 0
        server.misbehave = [wrong]
        gone = json.loads(heimdall("logout", "google", "--json").stdout)
        assert (gone["deleted"], gone["revoked"]) == (True, False)
        assert stored(tmp_path) is None
    assert heimdall("login", "google").exit_code == 0
    changed = yaml.safe_load(Path(config).read_text())
    del changed["callback_settings"]["heimdall"]["auth_adapters"]["google"]["client_id"]
    Path(config).write_text(yaml.safe_dump(changed))
    assert json.loads(heimdall("logout", "google", "--json").stdout)["revoked"] is True


def test_fewer_scopes_and_no_refresh_token_are_told(
    heimdall: Callable[..., Result], server: OAuthServer, browser: Browser
) -> None:
    server.misbehave = [
        (200, json.dumps({"access_token": "x", "expires_in": 60, "scope": SCOPES[0]}).encode())
    ]
    done = heimdall("login", "google")
    assert done.exit_code == 0
    assert "not granted" in done.stdout
    assert SCOPES[1] in done.stdout
    assert "no refresh token" in done.stdout
    assert "not possible" in heimdall("status").stdout


@pytest.mark.parametrize(
    ("changed", "said", "exit_code"),
    [
        ({"refreshed_at": 86_400.0}, "works, last at 1970-01-02T00:00:00+00:00", 0),
        ({"failures": 1, "retry_at": 86_400.0}, "came to nothing once; next try from 1970-01-02", 0),
        ({"failures": 3, "retry_at": 86_400.0}, "came to nothing 3 times", 0),
        ({"refused": "invalid_grant"}, "refused (invalid_grant): log in again", 1),
    ],
)
def test_the_status_says_how_refreshing_goes(
    heimdall: Callable[..., Result], browser: Browser, tmp_path: Path, changed: dict[str, Any],
    said: str, exit_code: int, config: str,
) -> None:  # fmt: skip
    assert heimdall("login", "google").exit_code == 0
    store = TokenStore(tmp_path / "store", TokenKeys({KEY_VARIABLE: KEY}))
    store.write("google", replace(stored(tmp_path), **changed))
    status = heimdall("status")
    assert (status.exit_code, said in status.stdout) == (exit_code, True)
    Path(config).rename(tmp_path / "litellm_config.yaml")  # found without being named
    found = CliRunner().invoke(main, ["auth", "status"], env={"COLUMNS": "200", "SECRET_OF_THE_TEST": "x"})
    assert (found.exit_code, found.stdout) == (status.exit_code, status.stdout)


def test_a_login_that_goes_while_logging_out_is_no_error(
    heimdall: Callable[..., Result], browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert heimdall("login", "google").exit_code == 0
    monkeypatch.setattr(TokenStore, "read", lambda *_: None)
    assert json.loads(heimdall("logout", "google", "--json").stdout)["note"] == "they are gone already"


def test_a_key_is_printed_to_be_used() -> None:
    made = CliRunner().invoke(main, ["auth", "key"]).stdout.strip()
    TokenKeys({KEY_VARIABLE: made}).cipher()
    other = json.loads(CliRunner().invoke(main, ["auth", "key", "--json"]).stdout)["key"]
    TokenKeys({KEY_VARIABLE: other}).cipher()
    assert made != other


BROWSER = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1]).read()"


def test_the_real_command_logs_in_with_a_real_browser_process(
    server: OAuthServer, config: str, tmp_path: Path
) -> None:
    (tmp_path / "browser.py").write_text(BROWSER)
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error",
        "SECRET_OF_THE_TEST": CLIENT_SECRET,
        "BROWSER": f"{sys.executable} {tmp_path / 'browser.py'} %s",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).parent / "heimdall"), "auth", *arguments, "--config", config]
        return subprocess.run(
            command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )

    done = run("login", "google", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["usable"] is True
    assert server.is_valid(stored(tmp_path).access_token.reveal())
    status = run("status")
    assert status.returncode == 0, status.stderr
    said = done.stdout + done.stderr + status.stdout + status.stderr
    on_disk = b"".join(path.read_bytes() for path in (tmp_path / "store").iterdir())
    for secret in (*server.given, CLIENT_SECRET, KEY):
        assert secret not in said
        assert secret.encode() not in on_disk


def test_a_browser_that_blocks_does_not_block_us(provider: Provider) -> None:
    closed = threading.Event()

    def stays_open(url: str) -> None:
        follow(url)
        closed.wait(20)

    began = time.monotonic()
    by_browser(OAuthClient(provider), lambda _: None, 10, stays_open)
    assert time.monotonic() - began < 5
    closed.set()
