"""Health through a real Redis: what one worker finds out, the others know; without it each goes on alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import redis.asyncio

from heimdall_litellm.health import OWN_PAUSE, PAUSES, Failure, Health, own_key
from heimdall_litellm.plugin import shared
from heimdall_litellm.plugin.shared import Shared
from heimdall_litellm.plugin.shield import Failures
from tests import servers

DOWN = Failure("unavailable", 503)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with servers.redis_server(tmp_path_factory.mktemp("redis")) as found:
        yield found


class Cache:
    """LiteLLM's Redis cache, as far as it is used: a client, and a prefix for keys."""

    def __init__(self, port: int, namespace: str | None) -> None:
        self.client = redis.asyncio.Redis(port=port)
        self.namespace = namespace

    def init_async_client(self) -> Any:
        return self.client


class Worker:
    """One process: its health, and its way to the shared one. Its clock is the test's."""

    def __init__(self, cache: Cache | None, offset: float = 0.0) -> None:
        self.now = offset
        self.failures = Failures()
        self.health = Health(clock=lambda: self.now, jitter=lambda: 0.0)
        self.health.know({"gpt": ["a"], "claude": ["c"]})
        self.shared = Shared(self.health, self.failures, find=lambda: cache, clock=lambda: self.now)

    def down(self, key: str = "a") -> None:
        self.health.fail(key, DOWN, PAUSES["unavailable"])

    async def in_step(self) -> None:
        self.now += shared.INTERVAL_S
        self.shared.keep_in_step()
        await self.shared.settled()


@pytest.fixture
async def cache(port: int) -> AsyncIterator[Cache]:
    made = Cache(port, "team")
    await made.client.flushall()
    yield made
    await made.client.aclose()


async def test_what_one_worker_finds_out_the_others_know_whatever_their_clocks_say(cache: Cache) -> None:
    one, two = Worker(cache), Worker(cache, offset=1e6)
    one.down()
    await one.shared.settled()
    await two.in_step()
    assert two.health.why_aside("gpt") == "unavailable (503)"
    left, _ = two.health.aside()["a"]
    assert 28 < left <= 30
    assert one.failures.counts() == two.failures.counts() == {}


async def test_a_probe_that_succeeds_makes_it_well_for_all(cache: Cache) -> None:
    one, two = Worker(cache), Worker(cache)
    one.down()
    await one.shared.settled()
    await two.in_step()
    one.now += 31
    assert one.health.admit(["a"]) == ["a"]
    one.health.succeed(["a"])
    await one.shared.settled()
    await two.in_step()
    assert two.health.why_aside("gpt") is None


async def test_a_pause_that_is_over_is_no_recovery(cache: Cache) -> None:
    one, two = Worker(cache), Worker(cache)
    one.health.fail("a", Failure("rate-limited", 429, retry_after_s=1.0), PAUSES["rate-limited"])
    await one.shared.settled()
    await two.in_step()
    await cache.client.delete("team:{heimdall:health:1}:ends")
    two.now += 10
    await two.in_step()
    assert two.health.admit(["a"]) == ["a"]
    assert two.health.admit(["a"]) == []
    assert one.health.why_aside("gpt") is not None


async def test_a_callers_own_limit_is_shared_and_its_credential_is_not(cache: Cache) -> None:
    one, two = Worker(cache), Worker(cache)
    mine = own_key("anthropic", "0123456789abcdef")
    one.health.fail(mine, Failure("rate-limited", 429), OWN_PAUSE)
    await one.shared.settled()
    await two.in_step()
    assert two.health.why_aside("claude", mine) == "rate-limited (429)"
    assert two.health.why_aside("claude") is None


async def test_keys_bear_litellms_prefix_and_expire(cache: Cache) -> None:
    one = Worker(cache)
    one.down()
    await one.shared.settled()
    keys = await cache.client.keys("*")
    assert sorted(keys) == [b"team:{heimdall:health:1}:causes", b"team:{heimdall:health:1}:ends"]
    for key in keys:
        assert 0 < await cache.client.ttl(key) <= 7200


async def test_what_is_over_is_swept_out(cache: Cache) -> None:
    one = Worker(cache)
    await cache.client.zadd("team:{heimdall:health:1}:ends", {"old": 1})
    await cache.client.hset("team:{heimdall:health:1}:causes", "old", "{}")
    await one.in_step()
    assert await cache.client.zcard("team:{heimdall:health:1}:ends") == 0
    assert await cache.client.hlen("team:{heimdall:health:1}:causes") == 0
    assert one.health.aside() == {}


@pytest.mark.parametrize(
    "told",
    [
        *("", "nonsense", "[]", '{"row": "x"}', '{"row": 1, "cause": "<script>"}', "[" * 100_000, b"\xff"),
        *('{"row": 1e999, "cause": "timeout"}', '{"row": NaN, "cause": "timeout"}'),
    ],
)
async def test_nonsense_in_redis_is_taken_for_an_outage_of_no_name(cache: Cache, told: str | bytes) -> None:
    far = 9_999_999_999_999
    await cache.client.zadd("team:{heimdall:health:1}:ends", {"a": far})
    await cache.client.hset("team:{heimdall:health:1}:causes", "a", told)
    worker = Worker(cache)
    await worker.in_step()
    left, cause = worker.health.aside()["a"]
    assert (left, cause) == (3600.0, "unavailable")


async def test_a_row_that_makes_no_sense_hides_no_other(cache: Cache) -> None:
    rows = {"for ever": float("inf"), b"\xff": 9_999_999_999_998, "a": 9_999_999_999_999}
    await cache.client.zadd("team:{heimdall:health:1}:ends", rows)
    worker = Worker(cache)
    await worker.in_step()
    assert "a" in worker.health.aside()
    assert "for ever" not in worker.health.aside()
    assert worker.failures.counts() == {}


async def test_a_key_of_another_kind_in_the_way_costs_nothing_but_the_sharing(cache: Cache) -> None:
    await cache.client.set("team:{heimdall:health:1}:ends", "hello")
    worker = Worker(cache)
    await worker.in_step()
    worker.down()
    await worker.shared.settled()
    assert worker.health.why_aside("gpt") == "unavailable (503)"
    assert {stage for stage, _ in worker.failures.counts()} == {"redis"}


async def test_with_a_silent_redis_a_worker_goes_on_alone_and_asks_ever_more_rarely() -> None:
    with servers.silent_server() as port:
        cache = Cache(port, None)
        worker = Worker(cache)
        await worker.in_step()
        assert worker.failures.counts() == {("redis", "TimeoutError"): 1}
        await worker.in_step()
        assert worker.failures.counts() == {("redis", "TimeoutError"): 1}
        worker.now += 2
        await worker.in_step()
        assert worker.failures.counts() == {("redis", "TimeoutError"): 2}
        worker.down()
        assert worker.health.why_aside("gpt") == "unavailable (503)"
        await worker.shared.settled()
        await cache.client.aclose()


async def test_without_redis_nothing_is_asked() -> None:
    worker = Worker(None)
    await worker.in_step()
    worker.down()
    await worker.shared.settled()
    assert worker.failures.counts() == {}


def test_outside_an_event_loop_nothing_is_told() -> None:
    worker = Worker(None)
    worker.down()
    assert worker.health.why_aside("gpt") == "unavailable (503)"
