"""What is planted in requests is found nowhere that the journal writes to, unless the settings ask for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import litellm
import pytest
from litellm.proxy._types import LitellmUserRoles, UserAPIKeyAuth
from prometheus_client import REGISTRY, generate_latest

from heimdall_litellm.config import load_settings
from heimdall_litellm.plugin import seams
from heimdall_litellm.plugin.handler import HeimdallHandler
from heimdall_litellm.plugin.runtime import Runtime
from heimdall_litellm.plugin.shield import Failures
from heimdall_litellm.plugin.simulated import SimulatedProvider
from tests.servers import Postgres

PROMPTS = ("canary-user-text", "canary-system-text", "canary-tool-text")
KEYS = ("sk-canary-caller-key", "sk-canary-body-key", "canary-header-value", "canary-metadata-value")
ANSWER = "canary-answer-text"
GROUPS = {"heimdall": "openai/gpt-4.1", "a": "openai/gpt-5", "b": "openai/gpt-5-mini"}


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Callable[[], bytes]]:
    """The address of a journal, and how to read every byte of it."""
    if request.param == "sqlite":
        folder = tmp_path / "kept"
        return f"sqlite:///{folder}/j.sqlite", lambda: b"".join(p.read_bytes() for p in folder.iterdir())
    server: Postgres = request.getfixturevalue("postgres")
    name = server.database()
    return server.url(name), lambda: _dump(server, name)


def _dump(server: Postgres, name: str) -> bytes:
    import psycopg

    told = b""
    with psycopg.connect(server.url(name)) as connection:
        for table in ("records", "outcomes", "signals", "documents"):
            with connection.cursor().copy(f"COPY heimdall.{table} TO STDOUT") as copy:
                told += b"".join(bytes(piece) for piece in copy)
    return told


@pytest.mark.parametrize("prompts", ["off", "hash", "full"])
async def test_nothing_planted_is_written(
    place: Any, prompts: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    url, read = place
    caplog.set_level("DEBUG", "heimdall_litellm")
    models = [{"model_name": g, "litellm_params": {"model": m, "api_key": "x"}} for g, m in GROUPS.items()]
    router = litellm.Router(model_list=models)
    monkeypatch.setattr(seams, "proxy_router", lambda: router)
    lists = {f"{bucket}_candidates": ["a", "b"] for bucket in ("cheap", "mid", "hard")}
    settings = load_settings(
        {
            "catalog": {"sources": ["litellm"], "refresh_seconds": 0},
            "journal": {"url": url, "prompts": prompts},
            "router": lists,
        }
    )
    runtime = Runtime(settings, Failures(), watch=lambda *_: None)
    runtime.build(models)
    hooks = HeimdallHandler(runtime, SimulatedProvider())
    token = UserAPIKeyAuth(api_key=KEYS[0], user_role=LitellmUserRoles.PROXY_ADMIN)
    data: dict[str, Any] = {
        "model": "heimdall",
        "messages": [
            {"role": "system", "content": PROMPTS[1]},
            {"role": "user", "content": f"Explain {PROMPTS[0]} in a few words, please"},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "description": PROMPTS[2]}}],
        "api_key": KEYS[1],
        "metadata": {"mine": KEYS[3]},
        "proxy_server_request": {"headers": {"x-mine": KEYS[2]}, "body": {}},
        "secret_fields": {"raw_headers": {"authorization": f"Bearer {KEYS[0]}"}},
        "litellm_call_id": "the-call",
    }
    routed = await hooks.async_pre_call_hook(token, None, data, "acompletion")
    logged = {
        "prompt_tokens": 5,
        "completion_tokens": 5,
        "response_cost": 0.1,
        "messages": data["messages"],
        "response": {"choices": [{"message": {"content": ANSWER}, "finish_reason": "stop"}]},
        "model_parameters": {"api_key": KEYS[1]},
    }
    now = datetime.now(UTC)
    kwargs = {"standard_logging_object": logged, "litellm_params": {"metadata": routed["metadata"]}}
    await hooks.async_log_success_event(kwargs, None, now, now)
    assert runtime.writer is not None
    assert await asyncio.to_thread(runtime.writer.flush, 60)
    written = read()
    assert b"the-call" in written  # it is looked for where it would be
    everywhere = written + caplog.text.encode() + generate_latest(REGISTRY)
    for planted in (*KEYS, ANSWER):
        assert planted.encode() not in everywhere
    if prompts == "full":
        assert PROMPTS[0].encode() in written
        assert PROMPTS[1].encode() in written
    else:
        for planted in PROMPTS:
            assert planted.encode() not in everywhere
    runtime.writer.close()
    runtime.writer._sink._sink._store.database.close()  # type: ignore[attr-defined]
