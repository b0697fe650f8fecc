"""Gemini with the proxy's own login: bearers from the store, renewed by a real OAuth server, to Google."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from heimdall_litellm.auth import KEY_VARIABLE, Grant, Login, Secret, TokenKeys, TokenStore, new_key
from tests.e2e import configs
from tests.e2e.conftest import _directory, _with_keys
from tests.e2e.proxy import Proxy, running
from tests.e2e.test_faults import ENDPOINTS, PATHS, placed
from tests.fakes import hosts as names
from tests.fakes.hosts import Hosts
from tests.fakes.oauth_server import CLIENT_ID, CLIENT_SECRET, Family, OAuthServer, oauth_server
from tests.fakes.providers import FakeProviders, refused

KEY = new_key()


@dataclass
class World:
    proxy: Proxy
    server: OAuthServer
    store: TokenStore

    def log_in(self, seconds: float) -> None:
        """Store a login whose access token is good for `seconds`."""
        granted = self.server.grant(Family("one"), is_first=True)
        access, renewal = (Secret(str(granted[name])) for name in ("access_token", "refresh_token"))
        grant = Grant(access, seconds, renewal)
        self.store.write("google", Login.begun(grant, client_id=CLIENT_ID, scopes=("one",), now=time.time()))


@pytest.fixture(scope="module")
def world(
    provider_hosts: tuple[FakeProviders, Hosts], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    directory: Path = tmp_path_factory.mktemp("logins") / "store"
    with oauth_server() as server, refused() as url:
        settings = configs.hosts_settings(
            auth_adapters={
                "enabled": ["anthropic-oauth", "google-oauth"],
                "store": str(directory),
                "google": {**server.settings(), "quota_project": "the-project-that-pays"},
            }
        )
        config = configs.hosts_config(settings, url, router_settings={"disable_cooldowns": True})
        # No key for Gemini, so that only the login can serve.
        keys = {name: key for name, key in configs.HOSTS_KEYS.items() if name != "GEMINI_API_KEY"}
        env = {**keys, **provider_hosts[1].environment(), KEY_VARIABLE: KEY, "LITELLM_LOG": "DEBUG"}
        with running(_directory(tmp_path_factory, "google"), _with_keys(config), env) as proxy:
            yield World(proxy, server, TokenStore(directory, TokenKeys({KEY_VARIABLE: KEY})))


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("path", "body"), ENDPOINTS, ids=PATHS)
def test_gemini_is_called_with_the_proxys_login_and_nobody_else_is(
    world: World, fakes: FakeProviders, path: str, body: dict[str, object], stream: bool
) -> None:
    world.log_in(3600)
    current = world.store.read("google")
    assert current is not None
    at, asked = placed(path, body, "heimdall-pair", stream=stream)
    answer = world.proxy.post(at, asked, headers={"heimdall-bucket": "hard"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["heimdall-credential"] == "google-oauth"
    assert fakes.hosts == [names.GEMINI]
    sent = {name.lower(): value for name, value in fakes.received[0].headers.items()}
    assert sent["authorization"] == f"Bearer {current.access_token.reveal()}"
    assert sent["x-goog-user-project"] == "the-project-that-pays"
    assert "x-goog-api-key" not in sent
    assert "key=" not in fakes.received[0].path


def test_an_expired_token_is_renewed_once_and_no_token_is_seen(world: World, fakes: FakeProviders) -> None:
    world.log_in(-10)
    answer = world.proxy.chat(model="heimdall-pair", headers={"heimdall-bucket": "hard"})
    assert answer.status_code == 200, answer.text
    assert fakes.hosts == [names.GEMINI]
    renewed = world.store.read("google")
    assert renewed is not None
    assert world.server.is_valid(renewed.access_token.reveal())
    assert f"Bearer {renewed.access_token.reveal()}".encode() in fakes.raw
    world.proxy.chat(model="heimdall-pair", headers={"heimdall-bucket": "hard"})
    again = world.store.read("google")
    assert again == renewed
    for secret in (*world.server.given, CLIENT_SECRET, KEY):
        assert secret not in world.proxy.output


def test_a_failing_gemini_goes_on_elsewhere_without_the_token(world: World, fakes: FakeProviders) -> None:
    world.log_in(3600)
    fakes.script(gemini_2_5_pro="429")
    answer = world.proxy.chat(model="heimdall-pair", headers={"heimdall-bucket": "hard"})
    assert answer.status_code == 200, answer.text
    assert fakes.hosts == [names.GEMINI, names.OPENAI]
    assert "heimdall-credential" not in answer.headers
    assert not any(secret.encode() in fakes.received[1].raw for secret in world.server.given)


def test_without_a_login_gemini_is_no_candidate(world: World, fakes: FakeProviders) -> None:
    with world.store.lock("google", 5):
        world.store.delete("google")
    answer = world.proxy.chat(model="heimdall-pair", headers={"heimdall-bucket": "hard"})
    assert answer.status_code == 200, answer.text
    assert fakes.hosts == [names.OPENAI]
