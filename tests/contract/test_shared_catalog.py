"""The catalog through a real Redis, and as LiteLLM's own cache presents it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from litellm.caching.redis_cache import RedisCache

from heimdall_litellm.catalog.facts import Listing
from heimdall_litellm.catalog.shared import Neighbours, from_bytes, to_bytes
from heimdall_litellm.plugin.shared_catalog import find_shared
from tests import servers

LISTINGS = (Listing("p", "m", {"input_usd_per_mtok": 1.0}),)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with servers.redis_server(tmp_path_factory.mktemp("redis")) as found:
        yield found


class Cache:
    """LiteLLM's Redis cache, as far as it is used."""

    def __init__(self, port: int, namespace: str | None = None, **more: Any) -> None:
        self.redis_client = redis.Redis(port=port, socket_timeout=1, **more)
        self.namespace = namespace


@pytest.fixture
def cache(port: int) -> Iterator[Cache]:
    made = Cache(port, "team")
    made.redis_client.flushall()
    yield made
    made.redis_client.close()


def neighbours(cache: object) -> Neighbours:
    return Neighbours(lambda: find_shared(lambda: cache))


def test_what_one_machine_tells_the_others_hear(cache: Cache) -> None:
    neighbours(cache).set("heimdall:catalog:1:x", to_bytes(5.0, LISTINGS), 60)
    told = from_bytes(neighbours(cache).get("heimdall:catalog:1:x"))
    assert told is not None
    assert (told.read_at, told.listings) == (5.0, LISTINGS)
    assert cache.redis_client.keys() == [b"team:heimdall:catalog:1:x"]
    assert 0 < cache.redis_client.pttl("team:heimdall:catalog:1:x") <= 60_000
    assert neighbours(cache).get("nothing") is None


def test_texts_instead_of_bytes_are_heard_too(cache: Cache, port: int) -> None:
    neighbours(cache).set("k", to_bytes(5.0, LISTINGS), 60)
    other = Cache(port, "team", decode_responses=True)
    assert from_bytes(neighbours(other).get("k")) is not None
    other.redis_client.close()


def test_a_lock_is_had_by_one_and_ends_by_itself(cache: Cache) -> None:
    assert neighbours(cache).lock("l", 60) is True
    assert neighbours(cache).lock("l", 60) is False
    assert 0 < cache.redis_client.pttl("team:l") <= 60_000
    cache.redis_client.pexpire("team:l", 1)
    while cache.redis_client.exists("team:l"):
        pass
    assert neighbours(cache).lock("l", 60) is True


def test_litellms_own_cache_has_what_this_needs(port: int, cache: Cache) -> None:
    own = RedisCache(host="127.0.0.1", port=port, namespace="own")
    neighbours(own).set("k", b"v", 60)
    assert cache.redis_client.get("own:k") == b"v"
    own.redis_client.close()


@pytest.mark.parametrize("cache_", [None, object(), Cache(1)])
def test_without_redis_each_goes_on_alone(cache_: object) -> None:
    alone = neighbours(cache_)
    alone.set("k", b"v", 60)
    assert alone.get("k") is None
    assert alone.lock("l", 60) is True
