"""Refreshing: once, whoever asks; ahead of time; and bearing what goes wrong."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from heimdall_litellm.auth import (
    KEY_VARIABLE,
    Grant,
    Limits,
    Login,
    Secret,
    StoredLogin,
    TokenKeys,
    TokenStore,
    new_key,
)
from heimdall_litellm.auth.google_login import google
from heimdall_litellm.auth.oauth import OAuthClient, Provider
from heimdall_litellm.config import load_settings
from heimdall_litellm.errors import LoginRefused, ProviderUnreachable
from tests.fakes.oauth_server import CLIENT_ID, CLIENT_SECRET, Family, OAuthServer, oauth_server

ROOT = Path(__file__).parents[2]
KEY = new_key()
START = 1_000_000.0


class Clock:
    """Time as the test says."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server() -> Iterator[OAuthServer]:
    with oauth_server() as made:
        yield made


@pytest.fixture
def client(server: OAuthServer) -> OAuthClient:
    given = load_settings({"auth_adapters": {"google": server.settings()}})
    return OAuthClient(google(given.auth_adapters.google, timeout=5))


@pytest.fixture
def store(tmp_path: Path) -> TokenStore:
    return TokenStore(tmp_path / "store", TokenKeys({KEY_VARIABLE: KEY}))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def login(server: OAuthServer, store: TokenStore) -> Login:
    """A login of an hour that begins now."""
    family = Family("one two")
    granted = server.grant(family, is_first=True)
    made = Login.begun(
        Grant(Secret(str(granted["access_token"])), 3600.0, Secret(str(granted["refresh_token"]))),
        client_id=CLIENT_ID,
        scopes=("one", "two"),
        now=START,
    )
    store.write("google", made)
    return made


@pytest.fixture
def stored(store: TokenStore, client: OAuthClient, clock: Clock, login: Login) -> StoredLogin:
    return StoredLogin(store, "google", client, clock=clock, jitter=lambda: 1.0)


@pytest.fixture(autouse=True)
def _nothing_shows(caplog: pytest.LogCaptureFixture, server: OAuthServer) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    yield
    for secret in (*server.given, CLIENT_SECRET, KEY):
        assert secret not in caplog.text


async def settled(stored: StoredLogin) -> None:
    """Wait until no refresh is going on."""
    if stored._task is not None and not stored._task.done():
        await asyncio.wait([stored._task])


def blocked(*_: object, **__: object) -> Any:
    raise AssertionError("nobody was to be asked")


async def test_a_fresh_token_is_given_without_reading_or_asking(
    stored: StoredLogin, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await stored.bearer() == login.access_token
    monkeypatch.setattr(TokenStore, "read", blocked)
    monkeypatch.setattr(OAuthClient, "refresh", blocked)
    monkeypatch.setattr(asyncio, "to_thread", blocked)
    assert stored.is_present()
    assert await stored.bearer() == login.access_token
    assert await stored.bearer(START + 3_299) == login.access_token


async def test_shortly_before_the_end_the_old_one_is_given_while_a_new_one_is_fetched(
    stored: StoredLogin, login: Login, clock: Clock, server: OAuthServer
) -> None:
    clock.now += 3_301
    assert await stored.bearer() == login.access_token
    await settled(stored)
    renewed = await stored.bearer()
    assert renewed is not None
    assert renewed != login.access_token
    assert server.is_valid(renewed.reveal())
    assert server.refreshes == 1


async def test_of_many_callers_after_the_end_one_asks_and_all_wait(
    stored: StoredLogin, clock: Clock, server: OAuthServer
) -> None:
    clock.now += 4_000
    server.delay = 0.1
    given = await asyncio.gather(*(stored.bearer() for _ in range(50)))
    assert len(set(given)) == 1
    assert given[0] is not None
    assert server.is_valid(given[0].reveal())
    assert server.refreshes == 1


async def test_a_caller_who_gives_up_leaves_the_refresh_to_the_others(
    stored: StoredLogin, clock: Clock, server: OAuthServer
) -> None:
    clock.now += 4_000
    server.delay = 0.2
    impatient = asyncio.create_task(stored.bearer())
    await asyncio.sleep(0.02)
    impatient.cancel()
    assert await stored.bearer() is not None
    assert (server.refreshes, server.replays) == (1, 0)


async def test_refresh_tokens_are_used_once_each(
    stored: StoredLogin, clock: Clock, server: OAuthServer
) -> None:
    for _ in range(5):
        clock.now += 4_000
        assert await stored.bearer() is not None
    assert (server.refreshes, server.replays) == (5, 0)


async def test_a_provider_that_does_not_rotate_leaves_the_refresh_token(
    stored: StoredLogin, clock: Clock, server: OAuthServer, store: TokenStore, login: Login
) -> None:
    server.rotates = False
    for _ in range(3):
        clock.now += 4_000
        assert await stored.bearer() is not None
    kept = store.read("google")
    assert kept is not None
    assert kept.refresh_token == login.refresh_token


async def test_a_peers_newer_token_is_taken_without_asking(
    stored: StoredLogin, store: TokenStore, client: OAuthClient, clock: Clock, server: OAuthServer
) -> None:
    peer = StoredLogin(store, "google", client, clock=clock)
    clock.now += 4_000
    assert await stored.bearer() == await peer.bearer()
    assert server.refreshes == 1


async def test_a_refused_login_is_given_up_by_all(
    stored: StoredLogin, store: TokenStore, client: OAuthClient, clock: Clock, server: OAuthServer,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    for family in server.refresh.values():
        family.is_revoked = True
    clock.now += 4_000
    assert await stored.bearer() is None
    assert not stored.is_present()
    peer = StoredLogin(store, "google", client, clock=clock)
    assert (await peer.bearer(), peer.is_present()) == (None, False)
    assert server.refreshes == 1
    assert "log in again" in caplog.text
    kept = store.read("google")
    assert kept is not None
    assert kept.refused == "invalid_grant"


@pytest.mark.parametrize("wrong", [(500, b""), (200, b"{"), (401, b'{"error": "invalid_client"}')])
async def test_a_failure_is_waited_out_longer_each_time_by_all_processes(
    stored: StoredLogin, store: TokenStore, client: OAuthClient, clock: Clock, server: OAuthServer,
    login: Login, wrong: Any,
) -> None:  # fmt: skip
    peer = StoredLogin(store, "google", client, clock=clock)
    server.misbehave = [wrong] * 100
    clock.now += 3_400
    asked: list[float] = []
    for _ in range(600):
        clock.now += 1
        left = len(server.misbehave)
        for one in (stored, peer):
            given = await one.bearer()
            assert given == (login.access_token if clock.now < login.expires_at else None)
            await settled(one)
        if len(server.misbehave) < left:
            asked.append(clock.now)
    pauses = [later - earlier for earlier, later in pairwise(asked)]
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256]
    server.misbehave = []
    clock.now += 300
    assert await stored.bearer() is not None
    kept = store.read("google")
    assert kept is not None
    assert (kept.failures, kept.retry_at) == (0, 0)


def test_pauses_are_jittered_and_bounded(store: TokenStore, client: OAuthClient) -> None:
    low, high = (StoredLogin(store, "google", client, jitter=lambda j=j: j) for j in (0.0, 1.0))  # type: ignore[misc]
    assert [one._pause(failures) for one in (low, high) for failures in (0, 3, 99)] == [1, 8, 150, 2, 16, 300]


async def test_a_provider_that_hangs_costs_a_caller_a_bounded_time(
    store: TokenStore, client: OAuthClient, clock: Clock, server: OAuthServer, login: Login
) -> None:
    impatient = StoredLogin(store, "google", client, clock=clock, limits=Limits(wait=0.1))
    server.misbehave = [30]
    clock.now += 4_000
    began = time.monotonic()
    assert await impatient.bearer() is None
    assert time.monotonic() - began < 2
    server.closing.set()
    await settled(impatient)


async def test_a_store_that_is_locked_too_long_is_told(
    store: TokenStore, client: OAuthClient, clock: Clock, login: Login, caplog: pytest.LogCaptureFixture
) -> None:
    waiting = StoredLogin(store, "google", client, clock=clock, limits=Limits(lock=0.05))
    clock.now += 4_000
    with store.lock("google", 1):
        assert await waiting.bearer() is None
        assert await waiting.bearer() is None
    assert caplog.text.count("another process has held this") == 1  # told when it begins
    assert await waiting.bearer() is not None


async def test_a_login_that_is_not_there_or_goes_is_no_error(
    store: TokenStore, client: OAuthClient, stored: StoredLogin, clock: Clock
) -> None:
    other = StoredLogin(store, "other", client, clock=clock)
    assert (await other.bearer(), other.is_present()) == (None, False)
    assert stored.is_present()
    store.delete("google")
    assert (await stored.bearer(), stored.is_present()) == (None, False)


async def test_a_logout_during_a_refresh_is_final(
    stored: StoredLogin, store: TokenStore, clock: Clock, server: OAuthServer
) -> None:
    clock.now += 4_000
    with store.lock("google", 1):
        waiting = asyncio.create_task(stored.bearer())
        await asyncio.sleep(0.1)
        store.delete("google")
    assert await waiting is None
    assert (server.refreshes, store.read("google")) == (0, None)


async def test_without_a_refresh_token_a_login_ends_with_its_token(
    stored: StoredLogin, store: TokenStore, login: Login, clock: Clock
) -> None:
    store.write("google", replace(login, refresh_token=None))
    clock.now += 3_400
    assert await stored.bearer() == login.access_token
    stored._refresh()
    clock.now += 300
    assert (await stored.bearer(), stored.is_present()) == (None, False)


async def test_a_login_of_another_client_is_not_refreshed(
    store: TokenStore, client: OAuthClient, clock: Clock, login: Login, server: OAuthServer,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    store.write("google", replace(login, client_id="other"))
    clock.now += 4_000
    assert await StoredLogin(store, "google", client, clock=clock).bearer() is None
    assert server.refreshes == 0
    assert "another client id" in caplog.text


async def test_a_store_that_cannot_be_read_is_told_once_and_looked_at_now_and_then(
    store: TokenStore, client: OAuthClient, clock: Clock, login: Login, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    blind = StoredLogin(
        TokenStore(store.directory, TokenKeys({KEY_VARIABLE: new_key()})), "google", client, clock=clock
    )
    for _ in range(5):
        assert (await blind.bearer(), blind.is_present()) == (None, False)
    assert caplog.text.count("cannot be decrypted") == 1
    reads: list[float] = []
    known = TokenStore.read
    monkeypatch.setattr(TokenStore, "read", lambda *a: (reads.append(clock.now), known(*a))[1])
    for _ in range(12):
        clock.now += 1
        blind.is_present()
    assert len(reads) == 2
    stamps: list[object] = []

    def unreadable(*_: object) -> Any:
        stamps.append(None)
        raise store_error

    store_error = OSError(errno.EACCES, "Permission denied")
    monkeypatch.setattr(Path, "stat", unreadable)
    clock.now += 10
    assert await blind.bearer() is None
    assert "Permission denied" in caplog.text


async def test_a_disk_that_is_full_is_found_before_a_token_is_spent(
    stored: StoredLogin, clock: Clock, server: OAuthServer, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    clock.now += 4_000
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        assert await stored.bearer() is None
    assert server.refreshes == 0
    assert "No space left" in caplog.text
    assert await stored.bearer() is not None


async def test_tokens_that_cannot_be_written_are_used_and_written_later(
    stored: StoredLogin, store: TokenStore, clock: Clock, server: OAuthServer, login: Login,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    known, refresh = os.fsync, OAuthClient.refresh
    full = threading.Event()

    def fsync(handle: int) -> None:
        if full.is_set():
            raise OSError(errno.ENOSPC, "No space left on device")
        known(handle)

    def fills(self: OAuthClient, token: Secret) -> Grant:
        full.set()
        return refresh(self, token)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(OAuthClient, "refresh", fills)
    clock.now += 4_000
    given = await stored.bearer()
    assert given is not None
    assert server.is_valid(given.reveal())
    assert store.read("google").refresh_token == login.refresh_token  # type: ignore[union-attr]
    assert await stored.bearer() == given
    await settled(stored)
    full.clear()
    assert await stored.bearer() == given
    await settled(stored)
    assert store.read("google").access_token == given  # type: ignore[union-attr]
    clock.now += 4_000
    assert await stored.bearer() is not None
    assert (server.refreshes, server.replays) == (2, 0)


async def test_a_new_login_takes_the_place_of_tokens_that_could_not_be_written(
    stored: StoredLogin, store: TokenStore, login: Login
) -> None:
    stored._unsaved = (Secret("spent"), replace(login, access_token=Secret("lost")))
    assert await stored.bearer() == login.access_token
    await settled(stored)
    assert stored._unsaved is None
    assert store.read("google") == login


async def test_an_error_of_ours_is_told_and_kept_from_the_request(
    stored: StoredLogin, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def bug(*_: object) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(OAuthClient, "refresh", bug)
    clock.now += 4_000
    assert await stored.bearer() is None
    await asyncio.sleep(0)
    assert "an error of ours: ZeroDivisionError" in caplog.text


def test_each_event_loop_gets_its_answer(stored: StoredLogin, clock: Clock, server: OAuthServer) -> None:
    for _ in range(2):
        clock.now += 4_000
        assert asyncio.run(stored.bearer()) is not None
    assert (server.refreshes, server.replays) == (2, 0)


async def test_a_short_life_is_not_spent_on_refreshing(
    stored: StoredLogin, clock: Clock, server: OAuthServer
) -> None:
    server.access_seconds = 60
    clock.now += 4_000
    await stored.bearer()
    for _ in range(40):
        clock.now += 1
        await stored.bearer()
        await settled(stored)
    assert server.refreshes == 1


WORKER = """
import asyncio, json, sys, time, warnings
from itertools import pairwise
from pathlib import Path
from heimdall_litellm.auth import StoredLogin, TokenKeys, TokenStore
from heimdall_litellm.auth.oauth import OAuthClient, Provider
from heimdall_litellm.auth import Secret

given = json.loads(sys.argv[1])
secret = Secret(given["provider"].pop("client_secret"))
client = OAuthClient(Provider(client_secret=secret, scopes=("one",), **given["provider"]))
store = TokenStore(Path(given["store"]), TokenKeys({"HEIMDALL_TOKEN_KEY": given["key"]}))
login = StoredLogin(store, "google", client)

async def main():
    print("ready", flush=True)
    sys.stdin.readline()
    tokens = await asyncio.gather(*(login.bearer() for _ in range(5)))
    late, last = time.monotonic() + 20, await login.bearer()
    while last and last.digest == given["old"] and time.monotonic() < late:
        await asyncio.sleep(0.1)  # somebody refreshes in the background
        last = await login.bearer()
    print(json.dumps([token and token.digest for token in (*tokens, last)]))

asyncio.run(main())
"""


@pytest.mark.parametrize("left", [-100.0, 100.0])
def test_ten_processes_refresh_once_and_burn_no_family(
    server: OAuthServer, client: OAuthClient, store: TokenStore, login: Login, left: float
) -> None:
    now = time.time()
    store.write("google", replace(login, made_at=now - 3_500, expires_at=now + left))
    server.delay = 0.2
    old = login.access_token.digest
    given = {"provider": server.settings(), "store": str(store.directory), "key": KEY, "old": old}
    workers = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", WORKER, json.dumps(given)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(10)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    ended = [worker.communicate(timeout=60) for worker in workers]
    assert [said for _, said in ended] == [""] * 10
    answers = [json.loads(said) for said, _ in ended]
    kept = store.read("google")
    assert kept is not None
    assert (server.refreshes, server.replays) == (1, 0)
    assert server.is_valid(kept.access_token.reveal())
    fresh = kept.access_token.digest
    assert {digest for answer in answers for digest in answer} <= {fresh, login.access_token.digest}
    assert {answer[-1] for answer in answers} == {fresh}
    if left < 0:
        assert {digest for answer in answers for digest in answer} == {fresh}


class Strict:
    """A provider in memory that rotates, and revokes everything on replay."""

    def __init__(self) -> None:
        self.provider = Provider("client", None, ("one",), "", "", "", "")
        self.current, self.spent, self.made = "r0", set[str](), 0
        self.is_revoked = self.is_down = self.loses_answers = False

    def refresh(self, token: Secret) -> Grant:
        if self.is_down:
            raise ProviderUnreachable("down")
        assert token.reveal() not in self.spent, "used twice"
        if self.is_revoked or token.reveal() != self.current:
            raise LoginRefused("no", "invalid_grant")
        self.spent.add(self.current)
        self.made += 1
        self.current = f"r{self.made}"
        return Grant(Secret(f"a{self.made}"), 3600.0, Secret(self.current))


class Refresher(RuleBasedStateMachine):
    """Workers, time, outages, logouts and logins in any order."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.strict = Strict()
        self.store = TokenStore(Path(self.folder.name) / "s", TokenKeys({KEY_VARIABLE: KEY}))
        self.workers = [
            StoredLogin(self.store, "google", self.strict, clock=self.clock)  # type: ignore[arg-type]
            for _ in range(3)
        ]
        self.is_logged_in = False
        self.log_in()

    @rule()
    def log_in(self) -> None:
        self.strict.made += 1
        self.strict.current, self.strict.is_revoked = f"r{self.strict.made}", False
        grant = Grant(Secret(f"a{self.strict.made}"), 3600.0, Secret(self.strict.current))
        with self.store.lock("google", 1):
            self.store.write(
                "google", Login.begun(grant, client_id="client", scopes=("one",), now=self.clock.now)
            )
        self.is_logged_in = True

    @rule()
    def log_out(self) -> None:
        self.store.delete("google")
        self.is_logged_in = False

    @rule(seconds=st.sampled_from([1, 100, 3_000, 3_400, 3_700]))
    def time_goes_by(self, seconds: int) -> None:
        self.clock.now += seconds

    @rule(is_down=st.booleans())
    def outage(self, is_down: bool) -> None:
        self.strict.is_down = is_down

    @rule()
    def revoked(self) -> None:
        self.strict.is_revoked = True

    @rule(at=st.integers(0, 2), callers=st.integers(1, 3))
    def ask(self, at: int, callers: int) -> None:
        worker = self.workers[at]

        async def several() -> list[Secret | None]:
            given = await asyncio.gather(*(worker.bearer() for _ in range(callers)))
            await settled(worker)
            return given

        before = self.store.read("google")
        given = asyncio.run(several())
        kept = self.store.read("google")
        if not self.is_logged_in:
            assert given == [None] * callers
            return
        assert kept is not None
        assert before is not None
        held_back = before.failures > 0 and self.clock.now < before.retry_at
        if (
            not self.strict.is_down
            and not self.strict.is_revoked
            and before.refused is None
            and not held_back
        ):
            assert None not in given
        for token in given:
            assert token in (None, kept.access_token, before.access_token)

    @invariant()
    def presence_is_as_stored(self) -> None:
        kept = self.store.read("google")
        expected = kept is not None and kept.is_usable(self.clock.now)
        assert [worker.is_present() for worker in self.workers] == [expected] * 3

    def teardown(self) -> None:
        self.folder.cleanup()


Refresher.TestCase.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestRefresher = Refresher.TestCase
