"""Proxies that all end-to-end tests share: each takes seconds to start."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import configs
from tests.e2e.proxy import Proxy, running
from tests.fakes.hosts import Hosts, tls_context
from tests.fakes.providers import FakeProviders, fake_providers, refused


@pytest.fixture(scope="session")
def provider_hosts(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[FakeProviders, Hosts]]:
    """The fake providers, and the names under which they are found over TLS."""
    directory = tmp_path_factory.mktemp("hosts")
    authority, context = tls_context(tmp_path_factory.mktemp("authority"))
    with fake_providers(context) as fakes:
        yield fakes, Hosts(directory, authority, fakes.tls_port)


@pytest.fixture(scope="session")
def provider_server(provider_hosts: tuple[FakeProviders, Hosts]) -> FakeProviders:
    return provider_hosts[0]


@pytest.fixture
def fakes(provider_server: FakeProviders) -> Iterator[FakeProviders]:
    """The fake providers, with nothing received and nothing scripted."""
    provider_server.reset()
    yield provider_server
    provider_server.reset()


@pytest.fixture
def hosts(provider_hosts: tuple[FakeProviders, Hosts]) -> Hosts:
    """The names of the providers, and those that were asked for in vain."""
    provider_hosts[1].reset()
    return provider_hosts[1]


def _directory(factory: pytest.TempPathFactory, name: str) -> Path:
    directory = factory.mktemp(name)
    (directory / "proxy_keys.py").write_text(configs.AUTH_MODULE)
    shutil.copy(Path(__file__).with_name("faulty.py"), directory / "planted_faults.py")
    shutil.copy(Path(__file__).with_name("watched.py"), directory / "watched_heimdall.py")
    return directory


def _with_keys(config: dict[str, Any]) -> dict[str, Any]:
    config["general_settings"]["custom_auth"] = "proxy_keys.check"
    return config


@pytest.fixture(scope="session")
def proxy(provider_server: FakeProviders, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Heimdall in front of the fake providers; the router's own fallbacks all lead to `secret`."""
    everywhere = [{"*": ["secret"]}]
    router = {"fallbacks": everywhere, "default_fallbacks": ["secret"]}
    for kind in ("context_window_fallbacks", "content_policy_fallbacks"):
        router[kind] = [{group: ["secret"]} for group in configs.UPSTREAM if group != "secret"]
    config = _with_keys(configs.config(provider_server.url, configs.settings(), router_settings=router))
    with running(_directory(tmp_path_factory, "proxy"), config) as started:
        yield started


@pytest.fixture(scope="session")
def plain_proxy(provider_server: FakeProviders, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """The same configuration with Heimdall taken out."""
    config = _with_keys(configs.config(provider_server.url, None))
    with running(_directory(tmp_path_factory, "plain"), config) as started:
        yield started


@pytest.fixture(scope="session")
def detour_proxy(provider_server: FakeProviders, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Heimdall where other names lead to a virtual one, and the router goes on to `secret` from there."""
    router = {
        "fallbacks": [{"heimdall-lone": ["secret"]}, {"gpt-mini": ["heimdall-lone"]}],
        "default_fallbacks": ["secret"],
        "model_group_alias": {"nickname": "heimdall-lone"},
    }
    config = _with_keys(configs.config(provider_server.url, configs.settings(), router_settings=router))
    with running(_directory(tmp_path_factory, "detour"), config) as started:
        yield started


@pytest.fixture(scope="session")
def faulty_proxy(provider_server: FakeProviders, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Heimdall with faults that prompts set off; see `faulty.py`."""
    config = _with_keys(configs.config(provider_server.url, configs.settings()))
    config["litellm_settings"]["callbacks"] = ["planted_faults.heimdall"]
    with running(_directory(tmp_path_factory, "faulty"), config) as started:
        yield started


@pytest.fixture(scope="session")
def web_proxy(provider_server: FakeProviders, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Heimdall with a circuit breaker, a way in for tests, and a model whose name holds everything."""
    given = configs.settings(failover={"circuit_breaker": True})
    router = {"disable_cooldowns": True}
    config = _with_keys(configs.config(provider_server.url, given, router_settings=router))
    named = configs.deployment(configs.SLASHED, "openai/gpt-5", f"{provider_server.url}/v1")
    config["model_list"].append(named)
    config["litellm_settings"]["callbacks"] = ["watched_heimdall.heimdall"]
    with running(_directory(tmp_path_factory, "web"), config) as started:
        yield started


@pytest.fixture
def hosts_proxy(started_hosts_proxy: Proxy) -> Proxy:
    """Heimdall in front of providers at their real names, with nobody set aside."""
    started_hosts_proxy.post("/test/well", {})
    return started_hosts_proxy


@pytest.fixture(scope="session")
def started_hosts_proxy(
    provider_hosts: tuple[FakeProviders, Hosts], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    """Heimdall in front of providers at their real names, over TLS; see `configs.hosts_models`.

    The router doesn't cool models down, so that a failure in one test doesn't reach the next.
    """
    router = {"disable_cooldowns": True}
    env = {**configs.HOSTS_KEYS, **provider_hosts[1].environment()}
    with refused() as url:
        config = _with_keys(configs.hosts_config(configs.hosts_settings(), url, router_settings=router))
        config["litellm_settings"]["callbacks"] = ["watched_heimdall.heimdall"]
        with running(_directory(tmp_path_factory, "hosts-proxy"), config, env) as started:
            yield started


@pytest.fixture(scope="session")
def simulated_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """A proxy without a single provider key; the models named in `models` fail as they say."""
    simulation = {
        "mode": "auto",
        "first_token_ms": 0,
        "ms_per_token": 0,
        "output_tokens": 40,
        "models": {"r1": {"fail": ["429"]}, "gemini": {"fail": ["context"]}},
    }
    settings = configs.settings(simulation=simulation)
    config = configs.config(None, settings)
    config["model_list"].append(configs.deployment("mocked", "heimdall-sim/mocked", mock_response="mine"))
    with running(_directory(tmp_path_factory, "simulated"), config) as started:
        yield started
