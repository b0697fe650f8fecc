"""Names of providers lead to the fakes whatever client and event loop a process uses; no other name does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.fakes.hosts import ANTHROPIC, EVIL, Hosts, tls_context
from tests.fakes.providers import FakeProviders, fake_providers

ASKS = """
import asyncio, sys
import aiohttp, httpx, openai, requests, uvloop

tls = httpx.create_ssl_context()
url = f"https://{sys.argv[1]}/v1/chat/completions"
asked = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}

async def by_httpx():
    async with httpx.AsyncClient() as client:
        await client.post(url, json=asked)

async def by_aiohttp():
    async with aiohttp.ClientSession() as client, client.post(url, json=asked, ssl=tls):
        pass

async def by_openai():
    base = url.removesuffix("/chat/completions")
    async with openai.AsyncOpenAI(base_url=base, api_key="k", max_retries=0) as client:
        await client.chat.completions.create(**asked)

async def by_name():
    reader, writer = await asyncio.open_connection(sys.argv[1], 443, ssl=tls)
    head = f"POST /v1/x HTTP/1.1\\nhost: {sys.argv[1]}\\ncontent-length: 2\\n\\n"
    writer.write(head.encode() + b"{}")
    await reader.readline()
    writer.close()

ways = {
    "httpx": lambda: httpx.post(url, json=asked),
    "requests": lambda: requests.post(url, json=asked),
    **{f"asyncio {way.__name__}": lambda way=way: asyncio.run(way())
       for way in (by_httpx, by_aiohttp, by_openai, by_name)},
    **{f"uvloop {way.__name__}": lambda way=way: uvloop.run(way())
       for way in (by_httpx, by_aiohttp, by_openai, by_name)},
}
for name, way in ways.items():
    try:
        way()
        print(name, "went")
    except Exception as error:
        print(name, "failed", type(error).__name__, error)
"""
WAYS = 10


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeProviders, Hosts]]:
    authority, context = tls_context(tmp_path_factory.mktemp("authority"))
    with fake_providers(context) as fakes:
        yield fakes, Hosts(tmp_path_factory.mktemp("hosts"), authority, fakes.tls_port)


def _ask_in_every_way(hosts: Hosts, name: str) -> list[str]:
    command = [sys.executable, "-W", "ignore", "-c", ASKS, name]
    done = subprocess.run(command, env=hosts.environment(), capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("name", [ANTHROPIC, EVIL])
def test_a_known_name_leads_to_the_fakes(world: tuple[FakeProviders, Hosts], name: str) -> None:
    fakes, hosts = world
    fakes.reset()
    hosts.reset()
    said = _ask_in_every_way(hosts, name)
    assert [line for line in said if not line.endswith("went")] == []
    assert fakes.hosts == [name] * WAYS
    assert all(request.tls for request in fakes.received)
    assert hosts.refused == []


def test_any_other_name_is_refused_and_noted(world: tuple[FakeProviders, Hosts]) -> None:
    fakes, hosts = world
    fakes.reset()
    hosts.reset()
    said = _ask_in_every_way(hosts, "api.openai.com.nowhere.example")
    assert len([line for line in said if " failed " in line]) == WAYS
    assert set(hosts.refused) == {"api.openai.com.nowhere.example"}
    assert fakes.received == []
