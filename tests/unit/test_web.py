"""The HTTP API before a backend whose keys are known."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
import re
import sqlite3
from collections.abc import AsyncIterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import jsonschema
import pytest

from heimdall_litellm.catalog.facts import CatalogView, Fact, SourceStatus
from heimdall_litellm.config import JournalSettings
from heimdall_litellm.core.explain import to_dict
from heimdall_litellm.core.types import CandidateScore, Decision, EffortSpec
from heimdall_litellm.errors import BadOverride, JournalError, NoCandidate
from heimdall_litellm.journal.ledger import Ledger, in_few_words
from heimdall_litellm.journal.sink import DatabaseSink
from heimdall_litellm.journal.writer import Writer
from heimdall_litellm.web import bodies
from heimdall_litellm.web.app import AT_ONCE, make_app
from heimdall_litellm.web.backend import Outcome
from heimdall_litellm.web.openapi import document
from tests.fakes.backend import READ_AT, FakeBackend, cards
from tests.fakes.journal import Meter, record

GETS = (
    "/heimdall/v1/models",
    "/heimdall/v1/models/openai/gpt-5",
    "/heimdall/v1/capabilities/openai/gpt-5",
    "/heimdall/v1/pricing/openai/gpt-5",
    "/heimdall/v1/feature-flags",
    "/v1/capabilities/openai/gpt-5",
    "/v1/pricing/openai/gpt-5",
    "/v1/feature-flags",
)
OF_A_MODEL = (
    "/heimdall/v1/models/",
    "/heimdall/v1/capabilities/",
    "/heimdall/v1/pricing/",
    "/v1/capabilities/",
    "/v1/pricing/",
)


openapi = lru_cache(document)


class Client:
    """Asks the application without a network; what escapes from it fails the test."""

    def __init__(self, backend: FakeBackend) -> None:
        self.backend = backend
        self._transport = httpx.ASGITransport(make_app(backend), raise_app_exceptions=True)

    async def ask(self, method: str, path: str, key: str | None = "admin", **more: Any) -> httpx.Response:
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(transport=self._transport, base_url="http://heimdall") as client:
            return await client.request(method, path, headers=headers | more.pop("headers", {}), **more)

    async def get(self, path: str, key: str | None = "admin", **more: Any) -> httpx.Response:
        return await self.ask("GET", path, key, **more)

    async def explain(self, body: Any, key: str | None = "admin", **more: Any) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.ask("POST", "/heimdall/v1/explain", key, content=content, **more)


@pytest.fixture
def client() -> Client:
    return Client(FakeBackend())


def check_problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check that an answer is a problem document, and return it."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    said: dict[str, Any] = answer.json()
    jsonschema.validate(
        said, {"$ref": "#/components/schemas/ProblemDocument", "components": openapi()["components"]}
    )
    assert (said["status"], said["code"], said["type"]) == (status, code, "about:blank")
    return said


# Who may see what


@pytest.mark.parametrize("path", GETS)
@pytest.mark.parametrize("key", [None, "unknown", ""])
async def test_nothing_is_shown_without_a_key(client: Client, path: str, key: str | None) -> None:
    answer = await client.get(path, key)
    check_problem(answer, 401, "heimdall_unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_nothing_is_explained_without_a_key_and_no_body_is_read(client: Client) -> None:
    async def body() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    answer = await client.ask("POST", "/heimdall/v1/explain", None, content=body())
    check_problem(answer, 401, "heimdall_unauthenticated")
    assert client.backend.explained == []


async def test_what_the_key_check_says_is_told_in_its_own_word_only(client: Client) -> None:
    said = check_problem(await client.get("/heimdall/v1/models", "blocked"), 403, "heimdall_refused")
    assert "key_blocked" in said["detail"]


@pytest.mark.parametrize(
    ("key", "ids"),
    [
        ("admin", ["a/b/c", "große/modell ü", "heimdall", "openai/gpt-5"]),
        ("some", ["große/modell ü", "heimdall", "openai/gpt-5"]),
        ("none", []),
    ],
)
async def test_a_key_sees_what_it_may_use(client: Client, key: str, ids: list[str]) -> None:
    page = (await client.get("/heimdall/v1/models", key)).json()
    assert [one["id"] for one in page["data"]] == ids
    assert page["next_cursor"] is None


@pytest.mark.parametrize("prefix", OF_A_MODEL)
async def test_what_a_key_may_not_use_is_like_what_is_not_there(client: Client, prefix: str) -> None:
    hidden, missing = [await client.get(prefix + name, "some") for name in ("a/b/c", "a/b/d")]
    check_problem(hidden, 404, "heimdall_no_such_model")
    assert hidden.text.replace("a/b/c", "a/b/d") == missing.text
    assert {**hidden.headers, "content-length": ""} == {**missing.headers, "content-length": ""}


async def test_a_virtual_name_is_shown_as_one_with_what_the_key_may_use_of_it(client: Client) -> None:
    listed = {one["id"]: one for one in (await client.get("/heimdall/v1/models", "some")).json()["data"]}
    assert listed["heimdall"]["kind"] == "virtual"
    assert listed["heimdall"]["candidates"] == ["openai/gpt-5"]
    assert listed["heimdall"]["capabilities"] == ["vision", "tools", "json", "reasoning"]
    assert listed["openai/gpt-5"]["kind"] == "model"
    card = await client.get("/heimdall/v1/models/heimdall", "some")
    assert (card.json()["alpha"], card.json()["policy"]) == (0.6, "triage")
    for path in (
        "/heimdall/v1/models",
        "/heimdall/v1/models/heimdall",
        "/v1/pricing/heimdall",
        "/v1/capabilities/heimdall",
    ):
        text = (await client.get(path, "some")).text
        assert "secret-default" not in text
        assert "a/b/c" not in text


async def test_prices_of_a_virtual_name_are_those_of_its_candidates(client: Client) -> None:
    some = (await client.get("/v1/pricing/heimdall", "some")).json()
    every = (await client.get("/v1/pricing/heimdall", "admin")).json()
    assert [price["id"] for price in some["prices"]] == ["openai/gpt-5"]
    assert [price["id"] for price in every["prices"]] == ["openai/gpt-5", "a/b/c"]
    assert every["prices"][1]["input_usd_per_mtok"] is None


# What is shown


async def test_a_card_says_of_every_field_where_it_is_from_and_when(client: Client) -> None:
    card = (await client.get("/heimdall/v1/models/openai/gpt-5")).json()
    assert card["facts"]["input_usd_per_mtok"] == {"value": 1.25, "source": "config", "at": None}
    at = {"source": "openrouter", "at": "2026-11-01T12:00:00Z"}
    assert card["facts"]["output_usd_per_mtok"] == {"value": 10.0, **at}
    assert card["facts"]["has_vision"] == {"value": True, **at}
    # Of a time without a zone it is known that it is UTC.
    assert card["facts"]["cache_read_usd_per_mtok"]["at"] == "2026-11-01T12:00:00Z"
    assert card["prior"] == {
        "quality": 0.8,
        "basis": "published",
        "known_as": "gpt-5@medium",
        "by_kind": {"coding": 0.9, "other": 0.7},
        "outcomes": 12,
        "published": 3,
        "latest": "2026-10-01",
    }
    assert (card["display_name"], card["is_listed"], card["has_credential"]) == ("GPT-5", True, True)
    assert (card["family"], card["provider"]) == ("gpt", "openai")


async def test_prices_name_their_unit(client: Client) -> None:
    said = (await client.get("/heimdall/v1/pricing/openai/gpt-5")).json()
    assert (said["currency"], said["per_tokens"]) == ("USD", 1_000_000)
    price = said["prices"][0]
    assert (price["input_usd_per_mtok"], price["output_usd_per_mtok"]) == (1.25, 10.0)
    assert (price["cache_read_usd_per_mtok"], price["cache_write_usd_per_mtok"]) == (0.125, None)
    assert price["sources"]["output_usd_per_mtok"]["source"] == "openrouter"


async def test_capabilities_say_yes_or_no(client: Client) -> None:
    said = (await client.get("/heimdall/v1/capabilities/openai/gpt-5")).json()
    assert {name: said[name] for name in ("vision", "audio", "files", "tools", "json", "reasoning")} == {
        "vision": True,
        "audio": False,
        "files": False,
        "tools": True,
        "json": True,
        "reasoning": True,
    }
    assert said["max_input_tokens"] == 272_000
    assert said["sources"] == {
        "vision": {"value": True, "source": "openrouter", "at": "2026-11-01T12:00:00Z"}
    }


async def test_figures_that_are_no_numbers_are_left_out(client: Client) -> None:
    card = cards()["openai/gpt-5"]
    strange = dataclasses.replace(
        card.entry, input_usd_per_mtok=float("nan"), output_usd_per_mtok=float("inf")
    )
    facts = {"input_usd_per_mtok": Fact(float("nan"), "lying")}
    client.backend.view = CatalogView({"x": dataclasses.replace(card, entry=strange, facts=facts)})
    for path in ("/heimdall/v1/models", "/heimdall/v1/models/x", "/v1/pricing/x"):
        text = (await client.get(path)).text
        assert not re.search("nan|inf|lying", text, re.IGNORECASE)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("provider=openai", ["openai/gpt-5"]),
        ("provider=nobody", []),
        ("family=claude", ["große/modell ü"]),
        ("family=qwen", ["a/b/c"]),
        ("capability=vision", ["heimdall", "openai/gpt-5"]),
        ("capability=vision&capability=tools&provider=openai", ["openai/gpt-5"]),
        ("capability=audio", []),
    ],
)
async def test_models_are_found_by_provider_family_and_capability(
    client: Client, query: str, ids: list[str]
) -> None:
    page = (await client.get(f"/heimdall/v1/models?{query}")).json()
    assert [one["id"] for one in page["data"]] == ids


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
async def test_pages_together_are_the_whole_list(client: Client, limit: int) -> None:
    seen: list[str] = []
    cursor, pages = None, 0
    while cursor is not None or not pages:
        params = {"limit": limit} | ({} if cursor is None else {"cursor": cursor})
        page = (await client.get("/heimdall/v1/models", params=params)).json()
        assert len(page["data"]) <= limit
        seen += [one["id"] for one in page["data"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert seen == ["a/b/c", "große/modell ü", "heimdall", "openai/gpt-5"]
    assert pages == -(-4 // limit)


async def test_a_page_goes_on_where_it_was_though_models_came_and_went(client: Client) -> None:
    first = (await client.get("/heimdall/v1/models?limit=2")).json()
    gone = {name: card for name, card in cards().items() if name != first["next_cursor"]}
    client.backend.view = CatalogView(gone)
    second = (await client.get("/heimdall/v1/models", params={"cursor": first["next_cursor"]})).json()
    assert [one["id"] for one in second["data"]] == ["heimdall", "openai/gpt-5"]


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=many", "capability=flight"])
async def test_a_malformed_parameter_is_named(client: Client, query: str) -> None:
    said = check_problem(await client.get(f"/heimdall/v1/models?{query}"), 422, "heimdall_bad_parameter")
    assert said["errors"][0]["parameter"].startswith(f"query.{query.split('=', maxsplit=1)[0]}")
    assert "many" not in str(said)


# Names


@pytest.mark.parametrize("name", ["openai/gpt-5", "a/b/c", "große/modell ü"])
@pytest.mark.parametrize("safe", ["/", ""])
async def test_a_name_may_hold_slashes_and_letters_of_any_kind(client: Client, name: str, safe: str) -> None:
    for prefix in OF_A_MODEL:
        answer = await client.get(prefix + quote(name, safe=safe))
        assert (answer.status_code, answer.json()["id"]) == (200, name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/",
        "..",
        "../../x",
        "%2e%2e/%2e%2e/etc/passwd",
        "%00",
        "%ff%fe",
        "%ed%a0%80",
        "a/b/c/",
        "A/B/C",
        "a" * 9000,
        "*",
    ],
)
async def test_a_strange_name_is_none_of_ours(client: Client, name: str) -> None:
    answer = await client.get(f"/heimdall/v1/models/{name}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert client.backend.failures == []


# Caching


@pytest.mark.parametrize("path", [*GETS, "/heimdall/health"])
async def test_an_answer_that_is_known_is_not_sent_again(client: Client, path: str) -> None:
    key = None if path == "/heimdall/health" else "admin"
    first = await client.get(path, key)
    tag = first.headers["etag"]
    assert "private" in first.headers["cache-control"]
    assert first.headers["vary"] == "Authorization"
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await client.get(path, key, headers={"if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = await client.get(path, key, headers={"if-none-match": '"other"'})
    assert (other.status_code, other.content) == (200, first.content)


async def test_a_tag_changes_with_what_is_said_and_with_who_asks(client: Client) -> None:
    path = "/heimdall/v1/models"
    tags = [(await client.get(path, key)).headers["etag"] for key in ("admin", "some", "admin")]
    assert tags[0] == tags[2] != tags[1]
    client.backend.view = CatalogView({})
    assert (await client.get(path)).headers["etag"] != tags[0]


async def test_nobody_gets_304_without_a_key(client: Client) -> None:
    answer = await client.get("/heimdall/v1/models", None, headers={"if-none-match": "*"})
    assert answer.status_code == 401


# Health


async def test_liveness_says_one_word(client: Client) -> None:
    assert (await client.get("/heimdall/health", None)).json() == {"status": "ok"}


async def test_a_wrong_key_is_no_liveness_probe(client: Client) -> None:
    check_problem(await client.get("/heimdall/health", "unknown"), 401, "heimdall_unauthenticated")


async def test_health_tells_an_admin_more(client: Client) -> None:
    client.backend.aside = {"id-1": (12.34, "unavailable (503)"), "own:openai:d1gest": (3.0, "rate-limited")}
    client.backend.groups_aside = {"a/b/c": "unavailable (503)", "openai/gpt-5": "gone (404)"}
    source = SourceStatus("openrouter", True, READ_AT, READ_AT, 7, "timed out", READ_AT)
    client.backend.view = CatalogView(cards(), (source,))
    every = (await client.get("/heimdall/health", "admin")).json()
    some = (await client.get("/heimdall/health", "some")).json()
    assert every["circuit_breaker"]["circuits"] == [
        {"id": "id-1", "cause": "unavailable (503)", "seconds": 12.3},
        {"id": "own:openai", "cause": "rate-limited", "seconds": 3.0},
    ]
    assert [one["id"] for one in every["circuit_breaker"]["models"]] == ["a/b/c", "openai/gpt-5"]
    assert [one["id"] for one in some["circuit_breaker"]["models"]] == ["openai/gpt-5"]
    assert some["circuit_breaker"]["circuits"] is None
    assert [one["sources"][0]["error"] for one in (every, some)] == ["timed out", None]
    assert some["sources"][0]["read_at"] == "2026-11-01T12:00:00Z"
    assert some["sources"][0]["suspected_since"] == "2026-11-01T12:00:00Z"
    assert some["sources"][0]["age_seconds"] >= 0
    assert some["bundle"] == {"id": "bundle-1", "sha256": "00ff", "created_at": "2026-11-01T12:00:00Z"}
    assert some["failures"] == [{"stage": "decide", "cause": "ValueError", "count": 2}]
    assert datetime.fromisoformat(some["started_at"]) == READ_AT


async def test_health_says_when_the_journal_cannot_be_written(client: Client, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    place = f"sqlite:///{tmp_path}/file/sk-secret/j.sqlite"
    dead = Ledger(DatabaseSink(JournalSettings(url=place)), Meter())
    client.backend.ledger = dead
    idle = (await client.get("/heimdall/health", "admin")).json()
    assert (idle["status"], idle["journal"]["state"], idle["journal"]["error"]) == ("ok", "idle", None)
    with pytest.raises(JournalError):
        dead.open()
    dead.waiting(3)
    dead.dropped("full", 2)
    every, some = [(await client.get("/heimdall/health", key)).json() for key in ("admin", "some")]
    assert (every["status"], some["status"]) == ("degraded", "degraded")
    assert every["journal"] == {
        "state": "degraded",
        "waiting": 3,
        "written": 0,
        "dropped": {"full": 2},
        "error": "Not a directory",
        "wrote_at": None,
        "age_seconds": None,
    }
    assert some["journal"]["error"] is None
    assert (await client.get("/heimdall/health", None)).json() == {"status": "ok"}


async def test_health_says_when_the_journal_was_last_written(client: Client, tmp_path: Path) -> None:
    ledger = Ledger(
        DatabaseSink(JournalSettings(url=f"sqlite:///{tmp_path}/j.sqlite")), Meter(), lambda: READ_AT
    )
    client.backend.ledger = ledger
    ledger.open()
    writer = Writer(ledger, ledger)
    writer.submit(lambda: (record("a"),))
    assert writer.flush(60.0)
    writer.close()
    told = (await client.get("/heimdall/health", "some")).json()
    assert (told["status"], told["journal"]["state"], told["journal"]["written"]) == ("ok", "ok", 1)
    assert told["journal"]["wrote_at"] == "2026-11-01T12:00:00Z"
    assert told["journal"]["age_seconds"] >= 0


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(13, "Permission denied", "/home/someone/j.sqlite"), "Permission denied"),
        (sqlite3.OperationalError("disk I/O error"), "disk I/O error"),
        (RuntimeError("postgresql://user:sk-secret@host"), "RuntimeError; see the proxy's log"),
        (sqlite3.IntegrityError("sk-secret"), "IntegrityError; see the proxy's log"),
    ],
)
def test_what_fails_in_the_journal_is_said_without_place_or_value(error: Exception, words: str) -> None:
    def fail() -> None:
        try:
            raise error
        except type(error):
            raise JournalError("The journal /home/someone/j.sqlite can't be used.") from None

    with pytest.raises(JournalError) as ours:
        fail()
    assert in_few_words(ours.value) == words


# Explanations


def decision(**more: Any) -> Decision:
    row = CandidateScore("openai/gpt-5", "hard", "high", True, None, 0.8, 0.01, 900.0, 0.0, 0.7)
    hidden = row._replace(model="a/b/c", eligible=False, why_not="not yours", cost_usd=float("inf"))
    values: dict[str, Any] = {
        "model": "openai/gpt-5",
        "bucket": "hard",
        "p_cheap": 0.1,
        "p_mid": 0.2,
        "p_hard": 0.7,
        "difficulty": 0.6,
        "cluster": 3,
        "alpha": 0.6,
        "effort": EffortSpec("high", 20_000),
        "candidates": (row, hidden, hidden._replace(model="große/modell ü", score=float("-inf"))),
        "fallbacks": ("große/modell ü", "a/b/c"),
        "efforts": {},
        "reasons": ("looks hard", "scores best"),
        "features": None,
        **more,
    }
    return Decision(**values)


async def test_a_decision_is_shown_without_the_models_that_the_key_may_not_use(client: Client) -> None:
    made = decision()
    seen = frozenset({"openai/gpt-5", "große/modell ü"})
    client.backend.outcome = Outcome("heimdall", made.model, "looks hard", ("große/modell ü",), made, seen)
    answer = await client.explain({"messages": []}, "some")
    said = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert said["model"] == "openai/gpt-5"
    assert said["words"] == ["looks hard", "scores best"]
    assert "a/b/c" not in answer.text
    assert said["decision"]["fallbacks"] == ["große/modell ü"]
    shown, unfit = said["decision"]["candidates"]
    assert shown == {**shown, "model": "openai/gpt-5", "cost_usd": 0.01}
    assert (unfit["cost_usd"], unfit["score"], unfit["why_not"]) == (None, None, "not yours")
    # All that `heimdall explain --json` knows stands here too.
    assert set(said["decision"]) == set(to_dict(made))
    assert set(shown) == set(to_dict(made)["candidates"][0])  # type: ignore[index]


async def test_where_nothing_is_decided_the_reason_is_the_words(client: Client) -> None:
    said = (await client.explain({})).json()
    assert (said["decision"], said["words"], said["model"]) == (None, ["why not"], "openai/gpt-5")


@pytest.mark.parametrize(
    ("body", "headers", "endpoint"),
    [
        ({"messages": []}, {}, "chat"),
        ({}, {}, "chat"),
        ({"messages": [], "system": "x"}, {}, "messages"),
        ({"messages": []}, {"anthropic-version": "2023-06-01"}, "messages"),
        ({"input": "x"}, {}, "responses"),
        ({"prompt": "x"}, {}, "completions"),
        ({"contents": []}, {}, "gemini"),
    ],
)
async def test_a_body_tells_its_endpoint(
    client: Client, body: dict[str, Any], headers: dict[str, str], endpoint: str
) -> None:
    assert (await client.explain(body, headers=headers)).json()["endpoint"] == endpoint
    assert client.backend.explained[0][:2] == (endpoint, body)


async def test_an_endpoint_may_be_named(client: Client) -> None:
    answer = await client.ask("POST", "/heimdall/v1/explain?endpoint=gemini", json={"messages": []})
    assert answer.json()["endpoint"] == "gemini"
    wrong = await client.ask("POST", "/heimdall/v1/explain?endpoint=images", json={})
    check_problem(wrong, 422, "heimdall_bad_parameter")


async def test_headers_reach_the_backend_in_small_letters(client: Client) -> None:
    await client.explain({}, headers={"Heimdall-Alpha": "0.9"})
    assert client.backend.explained[0][2]["heimdall-alpha"] == "0.9"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "heimdall_bad_json"),
        (b"{", 400, "heimdall_bad_json"),
        (b"\xff\xfe", 400, "heimdall_bad_json"),
        (b'{"a": NaN}', 400, "heimdall_bad_json"),
        (b'{"a": ' + b"9" * 5000 + b"}", 400, "heimdall_bad_json"),
        (b"[" * 200_000, 400, "heimdall_bad_json"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400, "heimdall_bad_json"),
        (b"[]", 422, "heimdall_bad_body"),
        (b'"heimdall"', 422, "heimdall_bad_body"),
        (b"null", 422, "heimdall_bad_body"),
        (b'{"model": null}', 422, "heimdall_bad_body"),
        (b'{"model": 7}', 422, "heimdall_bad_body"),
        (b'{"model": ["heimdall"]}', 422, "heimdall_bad_body"),
    ],
)
async def test_a_malformed_body_is_refused(client: Client, body: bytes, status: int, code: str) -> None:
    check_problem(await client.explain(body), status, code)
    assert client.backend.explained == []
    assert client.backend.failures == []


async def test_a_body_that_says_it_is_too_large_is_not_read(client: Client) -> None:
    read: list[int] = []

    async def body() -> AsyncIterator[bytes]:
        read.append(1)
        yield b"{}"

    headers = {"content-length": str(bodies.MAX_BODY_BYTES + 1)}
    answer = await client.ask("POST", "/heimdall/v1/explain", content=body(), headers=headers)
    check_problem(answer, 413, "heimdall_too_large")
    assert len(read) <= 1  # the client's own first look at it


async def test_a_body_without_a_length_is_read_no_further_than_the_limit(client: Client) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b" " * 1_000_000

    answer = await client.ask("POST", "/heimdall/v1/explain", content=body())
    check_problem(answer, 413, "heimdall_too_large")
    assert sent < 30


async def test_few_requests_are_explained_at_a_time(client: Client) -> None:
    held, running, most = asyncio.Event(), 0, 0

    async def explained(*_: Any) -> Outcome:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await held.wait()
        running -= 1
        return Outcome("heimdall", "openai/gpt-5", "why not")

    client.backend.explain = explained  # type: ignore[method-assign]
    asking = [asyncio.create_task(client.explain({})) for _ in range(AT_ONCE + 3)]
    await asyncio.sleep(0.2)
    assert running == AT_ONCE
    held.set()
    answers = await asyncio.gather(*asking)
    assert [answer.status_code for answer in answers] == [200] * (AT_ONCE + 3)
    assert most == AT_ONCE


async def test_a_large_body_within_the_limit_is_taken(client: Client) -> None:
    body = b'{"messages": "' + b"x" * (bodies.MAX_BODY_BYTES - 20) + b'"}'
    assert (await client.explain(body)).status_code == 200


async def test_a_refusal_names_the_callers_own_models_only(client: Client) -> None:
    why = {"openai/gpt-5": "too small", "a/b/c": "this key may not use it"}
    client.backend.outcome = NoCandidate(why, is_permission=True)
    answer = await client.explain({}, "some")
    said = check_problem(answer, 409, "heimdall_no_candidate")
    assert (said["would_be"], said["why_not"]) == (403, {"openai/gpt-5": "too small"})
    assert "a/b/c" not in answer.text


async def test_a_malformed_override_is_told(client: Client) -> None:
    client.backend.outcome = BadOverride("heimdall-alpha must be a number")
    said = check_problem(await client.explain({}), 400, "heimdall_bad_override")
    assert said["detail"] == "heimdall-alpha must be a number"


# What else is asked for, and what fails


@pytest.mark.parametrize(
    "path",
    [
        "/heimdall/v1",
        "/heimdall/index.html",
        "/heimdall/v2/models",
        "/v1/pricing",
        "/heimdall/openapi.json",
        "/heimdall/docs",
    ],
)
async def test_there_is_nothing_else(client: Client, path: str) -> None:
    check_problem(await client.get(path), 404, "heimdall_not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/heimdall/v1/explain", "POST"),
        ("POST", "/heimdall/v1/models", "GET, HEAD"),
        ("DELETE", "/heimdall/v1/models/a/b/c", "GET, HEAD"),
        ("PUT", "/v1/feature-flags", "GET, HEAD"),
        ("TRACE", "/heimdall/health", "GET, HEAD"),
    ],
)
async def test_other_methods_are_refused(client: Client, method: str, path: str, allowed: str) -> None:
    answer = await client.ask(method, path)
    check_problem(answer, 405, "heimdall_method_not_allowed")
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize("path", [*GETS, "/heimdall/v2/models", "/heimdall/v1/explain"])
@pytest.mark.parametrize("key", ["admin", "unknown", None])
async def test_head_answers_as_get_without_the_body(client: Client, path: str, key: str | None) -> None:
    got, headed = [await client.ask(method, path, key) for method in ("GET", "HEAD")]
    assert (headed.status_code, headed.headers, headed.content) == (got.status_code, got.headers, b"")
    if "etag" in got.headers:
        known = {"if-none-match": got.headers["etag"]}
        assert (await client.ask("HEAD", path, key, headers=known)).status_code == 304


@pytest.mark.parametrize(
    ("broken", "path"),
    [
        ("presents_key", "/heimdall/health"),
        ("authenticate", "/heimdall/v1/models"),
        ("permitted", "/heimdall/v1/models"),
        ("catalog", "/heimdall/v1/models/a/b/c"),
        ("flags", "/v1/feature-flags"),
        ("report", "/heimdall/health"),
    ],
)
async def test_a_failure_says_nothing_and_is_counted(
    client: Client, broken: str, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    client.backend.broken = broken
    with caplog.at_level(logging.DEBUG):
        answer = await client.get(path)
    said = check_problem(answer, 500, "heimdall_internal")
    assert client.backend.failures == ["ZeroDivisionError"]
    assert "secret" not in answer.text + caplog.text
    assert said["detail"] == "Heimdall failed at this request."


async def test_a_failure_of_explaining_is_one_too(client: Client) -> None:
    client.backend.broken = "explain"
    check_problem(await client.explain({}), 500, "heimdall_internal")
    assert client.backend.failures == ["ZeroDivisionError"]


async def test_a_client_that_hangs_up_is_no_failure(client: Client) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/heimdall/v1/explain",
        "query_string": b"",
        "headers": [(b"authorization", b"Bearer admin")],
    }
    await make_app(client.backend)(scope, receive, send)
    assert (sent, client.backend.failures) == ([], [])


def test_every_operation_documents_its_answers() -> None:
    made = document()
    assert made["openapi"].startswith("3.1")
    assert made["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    for path, operations in made["paths"].items():
        for operation in operations.values():
            good = "202" if path == "/heimdall/v1/feedback" else "200"
            assert {good, "401", "403", "500"} <= set(operation["responses"])
            assert operation["security"] == (
                [{}, {"key": []}] if path == "/heimdall/health" else [{"key": []}]
            )
            for status, answer in operation["responses"].items():
                assert answer["description"]
                kind = "application/json" if status == good else "application/problem+json"
                assert status == "304" or list(answer["content"]) == [kind]
    referred = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(made)))
    assert referred == set(made["components"]["schemas"])
