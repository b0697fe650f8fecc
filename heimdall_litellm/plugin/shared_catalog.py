"""What machines tell each other of the catalog, through LiteLLM's Redis, where it has one.

The watchtower's thread calls this, never the event loop; what Redis does wrong ends at `Neighbours`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from heimdall_litellm.catalog.shared import Shared
from heimdall_litellm.plugin import seams


class RedisShared:
    """`Shared` on LiteLLM's Redis cache, under its prefix for keys."""

    def __init__(self, cache: Any) -> None:
        self._client = cache.redis_client
        namespace = getattr(cache, "namespace", None)
        self._prefix = f"{namespace}:" if namespace else ""

    def get(self, key: str) -> bytes | None:
        """Return what is kept under a key."""
        found = self._client.get(self._prefix + key)
        return found.encode() if isinstance(found, str) else found

    def set(self, key: str, value: bytes, ttl_s: float) -> None:
        """Keep something for so long."""
        self._client.set(self._prefix + key, value, px=_ms(ttl_s))

    def lock(self, key: str, ttl_s: float) -> bool:
        """Take a lock that ends by itself."""
        return bool(self._client.set(self._prefix + key, b"1", nx=True, px=_ms(ttl_s)))


def find_shared(find: Callable[[], Any] = seams.redis) -> Shared | None:
    """Return the Redis that LiteLLM uses now; None where it has none."""
    cache = find()
    return None if getattr(cache, "redis_client", None) is None else RedisShared(cache)


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
