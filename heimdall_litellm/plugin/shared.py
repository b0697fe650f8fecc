"""Who is well, shared between workers and machines through LiteLLM's Redis, where it has one.

A worker writes each circuit that it opens or closes, and reads those of the others at most once
every `INTERVAL_S`, in the background and only while there are requests: what one finds out, the others know
about a second later. Nothing waits for it. With Redis slow, lying or gone each worker goes on from what it
knows itself, and tries again after a growing pause.

Times are pauses in milliseconds by the clock of Redis, so that no two machines need to agree on
theirs. Stored are ids of deployments and digests of credentials, never a credential.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from math import isfinite
from typing import Any, Final, cast

from heimdall_litellm.core.breaker import Circuit
from heimdall_litellm.health import Health
from heimdall_litellm.plugin import seams
from heimdall_litellm.plugin.shield import Failures, shield

INTERVAL_S: Final = 1.0
TIMEOUT_S: Final = 0.5
_LONGEST_BACKOFF_S: Final = 60.0
_MAX_PENDING: Final = 100
_MAX_SHARED: Final = 1_000

# One format, one version: a proxy of another version reads and writes other keys. The braces keep both keys
# on one node of a cluster.
_ENDS, _CAUSES = "{heimdall:health:1}:ends", "{heimdall:health:1}:causes"
_NOW: Final = "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000) "
_OPEN: Final = (
    _NOW
    + """
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('PEXPIRE', KEYS[1], 7200000)
redis.call('PEXPIRE', KEYS[2], 7200000)
"""
)
_CLOSE: Final = "redis.call('ZREM', KEYS[1], ARGV[1]) redis.call('HDEL', KEYS[2], ARGV[1])"
_READ: Final = (
    _NOW
    + """
for _, old in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)) do
  redis.call('ZREM', KEYS[1], old)
  redis.call('HDEL', KEYS[2], old)
end
local found = {}
local rows = redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[1])
for i = 1, #rows, 2 do
  found[#found + 1] = rows[i]
  found[#found + 1] = tostring(rows[i + 1] - now)
  found[#found + 1] = redis.call('HGET', KEYS[2], rows[i]) or ''
end
return found
"""
)
_CAUSE: Final = re.compile(r"[a-z-]{1,20}( \(\d{3}\))?")


class Shared:
    """Keeps one process's health and the shared one in step."""

    def __init__(
        self,
        health: Health,
        failures: Failures,
        *,
        find: Callable[[], Any] = seams.redis,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._health, self._failures = health, failures
        self._find, self._clock = find, clock
        self._next_read = float("-inf")
        self._backoff_s = 0.0
        self._reading: asyncio.Task[object] | None = None
        self._pending: set[asyncio.Task[object]] = set()
        self._ends: dict[str, float] = {}
        health.tell(self._tell)

    def keep_in_step(self) -> None:
        """Read what others found out, in the background, if it is time. Needs a running event loop."""
        now = self._clock()
        if (
            not self._health.is_on
            or now < self._next_read
            or (self._reading is not None and not self._reading.done())
        ):
            return
        self._next_read = now + INTERVAL_S
        if self._find() is not None:
            self._reading = asyncio.create_task(self._guarded(self._read))

    def _tell(self, key: str, circuit: Circuit, seconds: float) -> None:
        if len(self._pending) >= _MAX_PENDING or self._clock() < self._next_read - INTERVAL_S:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        task = loop.create_task(self._guarded(lambda: self._write(key, circuit, seconds)))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def settled(self) -> None:
        """Wait until what is under way is done."""
        await asyncio.gather(*self._pending, *filter(None, [self._reading]))

    async def _guarded(self, work: Callable[[], Awaitable[bool]]) -> None:
        async def limited() -> bool:
            async with asyncio.timeout(TIMEOUT_S):
                return await work()

        if await shield(self._failures, "redis", limited(), None) is not None:
            self._backoff_s = 0.0
            return
        self._backoff_s = min(max(2 * self._backoff_s, 2 * INTERVAL_S), _LONGEST_BACKOFF_S)
        self._next_read = self._clock() + self._backoff_s

    async def _run(self, script: str, *arguments: str) -> object:
        cache = self._find()
        if cache is None:
            return None
        prefix = f"{cache.namespace}:" if getattr(cache, "namespace", None) else ""
        run = cast("Callable[..., Awaitable[object]]", cache.init_async_client().eval)
        return await run(script, 2, prefix + _ENDS, prefix + _CAUSES, *arguments)

    async def _write(self, key: str, circuit: Circuit, seconds: float) -> bool:
        if seconds > 0:
            about = json.dumps({"row": circuit.row, "cause": circuit.cause})
            await self._run(_OPEN, key, str(round(seconds * 1000)), about)
        else:
            await self._run(_CLOSE, key)
        return True

    async def _read(self) -> bool:
        rows = await self._run(_READ, str(_MAX_SHARED))
        flat = [_text(cell) for cell in rows] if isinstance(rows, list) else []
        now = self._clock()
        ends: dict[str, float] = {}
        # Whoever else writes there may write anything: what makes no sense counts as not there.
        for key, left_ms, about in zip(flat[::3], flat[1::3], flat[2::3], strict=False):
            seconds = _seconds(left_ms)
            if seconds is None:
                continue
            row, cause = _about(about)
            ends[key] = now + seconds
            self._health.adopt(key, seconds, row, cause)
        for key, end in self._ends.items():
            # Gone before its time: closed by somebody's probe. After its time: due for one, which isn't known
            # yet.
            if key not in ends and end > now + INTERVAL_S:
                self._health.adopt(key, 0.0, 0, "")
        self._ends = ends
        return True


def _text(cell: object) -> str:
    return cell.decode(errors="replace") if isinstance(cell, bytes) else str(cell)


def _seconds(left_ms: str) -> float | None:
    try:
        seconds = float(left_ms) / 1000
    except ValueError:
        return None
    return seconds if isfinite(seconds) and seconds > 0 else None


def _about(told: str) -> tuple[int, str]:
    try:
        about = json.loads(told)
        row, cause = int(about["row"]), str(about["cause"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return 1, "unavailable"
    return row, cause if _CAUSE.fullmatch(cause) else "unavailable"
