"""The fetcher of lists goes nowhere but to public addresses of the hosts it is told, whoever answers what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import httpcore2
import pytest

from heimdall_litellm.catalog.addresses import is_odd, may_connect
from heimdall_litellm.catalog.fetch import Ask, Fetcher
from heimdall_litellm.errors import FetchFailed, FetchRefused
from tests.fakes import lists as fake
from tests.fakes.hosts import EVIL, OPENROUTER
from tests.fakes.lists import Lists

URL = f"https://{OPENROUTER}/api/v1/models"
MIRROR = "mirror.internal"
PUBLIC = "93.184.215.14"

PRIVATE = [
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "fd00::1",
    "fc00::1",
]
LOOPBACK = ["127.0.0.1", "127.8.8.8", "::1"]
NOWHERE = [
    # link-local, and the metadata services of clouds
    "169.254.1.1", "169.254.169.254", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "fd20:ce::254",
    "168.63.129.16", "100.100.100.200", "192.0.0.192",
    # unspecified, broadcast, multicast, reserved, documentation, relays
    "0.0.0.0", "0.1.2.3", "::", "255.255.255.255", "224.0.0.1", "ff02::1", "240.0.0.1", "2001:db8::1",
    "192.88.99.1",
    # IPv4 within IPv6: mapped, compatible, NAT64, 6to4, Teredo
    "::ffff:127.0.0.1", "::ffff:93.184.215.14", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::5db8:d70e",
    "64:ff9b:1::a00:1", "2002:7f00:1::", "2001:0:5ef5:79fb::1",
    # no addresses at all
    "", "localhost", "2130706433", "0x7f000001", "127.1",
]  # fmt: skip


class Backend(httpcore2.NetworkBackend):
    """Connects to nothing, and says where it was sent."""

    def __init__(self) -> None:
        self.connected: list[tuple[str, int]] = []

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore2.NetworkStream:
        self.connected.append((host, port))
        raise httpcore2.ConnectError("a dead end")


class Resolver:
    """Answers with the next of several lists of addresses."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, host: str, port: int) -> list[tuple[str, int]]:
        self.asked += 1
        return [(address, port) for address in self.answers[min(self.asked, len(self.answers)) - 1]]


def fetch(
    url: str, resolver: Resolver, hosts: Sequence[str] = (OPENROUTER,), private: Sequence[str] = ()
) -> Backend:
    backend = Backend()
    with suppress(FetchFailed):
        Fetcher(resolve=resolver, backend=backend, private_hosts=private, timeout_s=5).get(
            Ask(url, frozenset(hosts), {"authorization": "Bearer sk-canary"})
        )
    return backend


def test_a_public_address_is_connected_to_at_the_port_of_https() -> None:
    resolver = Resolver([PUBLIC])
    assert fetch(URL, resolver).connected == [(PUBLIC, 443)]
    assert resolver.asked == 1


@pytest.mark.parametrize("address", [*PRIVATE, *LOOPBACK, *NOWHERE])
def test_no_other_address_is_connected_to(address: str) -> None:
    with pytest.raises(FetchRefused, match="not public"):
        fetch(URL, Resolver([address]))


@pytest.mark.parametrize("address", [*PRIVATE, *LOOPBACK, *NOWHERE])
@pytest.mark.parametrize("is_first", [True, False])
def test_one_bad_address_among_public_ones_spoils_them_all(address: str, is_first: bool) -> None:
    found = [address, PUBLIC] if is_first else [PUBLIC, address]
    with pytest.raises(FetchRefused, match="not public"):
        fetch(URL, Resolver(found))


def test_a_name_that_turns_private_after_it_was_judged_is_connected_to_where_it_was_judged() -> None:
    resolver = Resolver([PUBLIC], ["127.0.0.1"])
    assert fetch(URL, resolver).connected == [(PUBLIC, 443)]
    assert resolver.asked == 1
    with pytest.raises(FetchRefused, match="not public"):
        fetch(URL, resolver)


@pytest.mark.parametrize("address", [*PRIVATE, *LOOPBACK])
def test_a_host_named_as_private_may_be_at_home(address: str) -> None:
    made = fetch(
        "https://mirror.internal/m.json", Resolver([address]), ["mirror.internal"], ["mirror.internal"]
    )
    assert made.connected == [(address, 443)]


@pytest.mark.parametrize("address", NOWHERE)
def test_and_still_not_at_the_metadata_of_a_cloud(address: str) -> None:
    with pytest.raises(FetchRefused, match="not public"):
        fetch(f"https://{MIRROR}/m.json", Resolver([address]), [MIRROR], [MIRROR])


def test_another_host_does_not_become_private_with_it() -> None:
    with pytest.raises(FetchRefused, match="not public"):
        fetch(URL, Resolver(["10.0.0.1"]), [OPENROUTER], [MIRROR])


@pytest.mark.parametrize(
    "url",
    [
        "http://openrouter.ai/", "ftp://openrouter.ai/", "file:///etc/passwd", "gopher://openrouter.ai/",
        "//openrouter.ai/", "openrouter.ai", "", "data:application/json,{}", "HTTPS://openrouter.ai:444/",
        "https://openrouter.ai:80/", "https://openrouter.ai:0/", "https://openrouter.ai:99999/",
        "https://openrouter.ai:x/", "https://user@openrouter.ai/", "https://user:pass@openrouter.ai/",
        "https://@openrouter.ai/", "https://openrouter.ai@evil.example/", "https://openrouter.ai/#x",
        "https://evil.example/", "https://openrouter.ai.evil.example/", "https://evil.example/openrouter.ai",
        "https://openrouter.ai./", "https://xopenrouter.ai/", "https://openrouter.ai\\@evil.example/",
        "https://openrouter.ai/\r\nx: y", "https://openrouter.ai/ x", "https://openrouter.ai\t/",
        "https://openrоuter.ai/", "https:///api", "https://[::1]/", "https://[broken/", "https://127.0.0.1/",
        "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/",
        "https://169.254.169.254/latest/meta-data", "https://[::ffff:127.0.0.1]/", "https://localhost/",
    ],
)  # fmt: skip
def test_no_other_url_is_asked_and_no_name_of_it_resolved(url: str) -> None:
    resolver = Resolver([PUBLIC])
    with pytest.raises(FetchRefused):
        fetch(url, resolver)
    assert resolver.asked == 0


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.0.0.1", "1.2.3.04"]
)
def test_an_address_in_disguise_is_refused_even_where_it_was_allowed(host: str) -> None:
    resolver = Resolver(["127.0.0.1"])
    with pytest.raises(FetchRefused, match="does not name"):
        fetch(f"https://{host}/", resolver, [host], [host])
    assert resolver.asked == 0


@pytest.mark.parametrize("host", ["openrouter.ai", "10.0.0.1", "::1", "mirror2", "0xmirror.internal", "a.1b"])
def test_a_name_is_no_address_in_disguise(host: str) -> None:
    assert not is_odd(host)


@pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"])
def test_the_public_internet_stays_reachable(address: str) -> None:
    assert may_connect(address)
    assert may_connect(address, is_private=True)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lists]:
    with fake.running(tmp_path_factory.mktemp("lists")) as running:
        yield running


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize(
    "location",
    [
        f"https://{EVIL}/", f"//{EVIL}/", "https://169.254.169.254/latest/meta-data", "https://127.0.0.1/",
        "https://[::1]/", "https://2130706433/", f"http://{OPENROUTER}/", f"https://{OPENROUTER}:8443/",
        f"https://key@{OPENROUTER}/", "file:///etc/passwd", "https://api.openai.com/v1/models",
        f"https://{OPENROUTER}@{EVIL}/", f"https://{OPENROUTER}.{EVIL}/",
    ],
)  # fmt: skip
def test_a_redirect_leads_nowhere_else(server: Lists, location: str, status: int) -> None:
    server.asked.clear()
    server.resolved.clear()
    server.serve(URL, fake.leads_to(location, status))
    hosts = frozenset({OPENROUTER, "api.openai.com"})
    asker = Fetcher(private_hosts=hosts, resolve=server.resolve, ssl_context=server.ssl_context)
    with pytest.raises(FetchRefused):
        asker.get(Ask(URL, hosts, {"authorization": "Bearer sk-canary"}))
    assert server.hosts == [OPENROUTER]
    assert set(server.resolved) == {OPENROUTER}


def test_a_redirect_on_the_same_host_is_judged_by_a_resolution_of_its_own(server: Lists) -> None:
    server.serve(URL, fake.leads_to("/next"))
    server.serve(f"https://{OPENROUTER}/next", {"data": []})
    answers = [[("127.0.0.1", server.port)], [("169.254.169.254", 443)]]
    asker = Fetcher(
        private_hosts=[OPENROUTER], resolve=lambda *_: answers.pop(0), ssl_context=server.ssl_context
    )
    with pytest.raises(FetchRefused, match="not public"):
        asker.get(Ask(URL, frozenset({OPENROUTER})))


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert fetch(URL, Resolver([PUBLIC])).connected == [(PUBLIC, 443)]
