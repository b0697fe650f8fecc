"""Heimdall, with a way in for tests; the proxy under test loads a copy of this file as its callback.

`POST /test/well` makes everybody well again; `GET /test/aside` says who is set aside; `POST /test/later` lets
a number of seconds pass for the circuit breaker; `GET /test/traces` counts what requests leave behind.
"""

from __future__ import annotations

from typing import Any

from litellm.proxy import proxy_server

from heimdall_litellm.plugin import handler

heimdall = handler.build()
_health = heimdall.runtime.health
_real_clock = _health._clock
_ahead = 0.0
_health._clock = lambda: _real_clock() + _ahead


@proxy_server.app.post("/test/well")
async def well() -> dict[str, Any]:
    """Forget all circuits."""
    _health._circuits.clear()
    _health._unwell.clear()
    return {}


@proxy_server.app.get("/test/aside")
async def aside() -> dict[str, Any]:
    """Return seconds and cause for all that is set aside."""
    return _health.aside()


@proxy_server.app.post("/test/later")
async def later(seconds: float) -> dict[str, Any]:
    """Let time pass."""
    global _ahead
    _ahead += seconds
    return {}


@proxy_server.app.get("/test/traces")
async def traces() -> dict[str, Any]:
    """Count records, remembered decisions, circuits and failures."""
    snapshot = heimdall.runtime.snapshot
    return {
        "records": len(heimdall.records),
        "remembered": sum(map(len, [snapshot.cache] if snapshot is not None else [])),
        "circuits": len(_health._circuits),
        "failures": sum(heimdall.failures.counts().values()),
    }
