"""A backend for the HTTP API whose keys are written down here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from starlette.requests import Request

from heimdall_litellm.bundle import Bundle
from heimdall_litellm.catalog.facts import Card, CatalogView, Fact, Prior, SourceStatus
from heimdall_litellm.core.types import CatalogEntry
from heimdall_litellm.journal.ledger import Ledger
from heimdall_litellm.journal.record import Signal
from heimdall_litellm.web.archive import Archive
from heimdall_litellm.web.backend import Caller, Endpoint, Outcome, Recent, Report, Virtual
from heimdall_litellm.web.problems import refused_key

READ_AT = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
KEYS: Mapping[str, tuple[str, ...]] = {
    "admin": ("*",),
    "some": ("heimdall", "openai/gpt-5", "große/modell ü"),
    "none": (),
}


def entry(name: str, provider: str, upstream: str, **more: Any) -> CatalogEntry:
    return CatalogEntry(name=name, upstream=upstream, provider=provider, **more)


def cards() -> dict[str, Card]:
    """Three models: with everything known, with hardly anything, and with a name that has everything."""
    known = entry(
        "openai/gpt-5",
        "openai",
        "openai/gpt-5-2025-08-07",
        input_usd_per_mtok=1.25,
        output_usd_per_mtok=10.0,
        max_input_tokens=272_000,
        max_output_tokens=128_000,
        has_vision=True,
        is_reasoning=True,
    )
    facts = {
        "input_usd_per_mtok": Fact(1.25, "config"),
        "output_usd_per_mtok": Fact(10.0, "openrouter", READ_AT),
        "cache_read_usd_per_mtok": Fact(0.125, "litellm", READ_AT.replace(tzinfo=None)),
        "has_vision": Fact(True, "openrouter", READ_AT),
        "display_name": Fact("GPT-5", "openrouter", READ_AT),
    }
    bare = entry("a/b/c", "ollama", "ollama/qwen3", has_tools=False, has_json=False)
    return {
        "openai/gpt-5": Card(
            known,
            facts,
            True,
            Prior(0.8, "published", "gpt-5@medium", {"coding": 0.9, "other": 0.7}, 12, 3, date(2026, 10, 1)),
        ),
        "a/b/c": Card(bare, {}),
        "große/modell ü": Card(entry("große/modell ü", "anthropic", "anthropic/claude-sonnet-4-5"), {}),
        "heimdall": Card(entry("heimdall", "openai", "openai/gpt-secret-default"), {}),
    }


@dataclass
class FakeBackend:
    """Answers from its fields; `broken` names the method that raises."""

    view: CatalogView = field(
        default_factory=lambda: CatalogView(cards(), (SourceStatus("openrouter", True),))
    )
    candidates: tuple[str, ...] = ("openai/gpt-5", "a/b/c")
    outcome: Outcome | Exception = field(
        default_factory=lambda: Outcome("heimdall", "openai/gpt-5", "why not")
    )
    aside: dict[str, tuple[float, str]] = field(default_factory=dict)
    groups_aside: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    explained: list[tuple[Endpoint, Mapping[str, Any], Mapping[str, str]]] = field(default_factory=list)
    broken: str | None = None
    journal: Archive | None = None
    loaded: Bundle | None = None
    in_memory: list[tuple[str, Recent]] = field(default_factory=list)
    rated: list[Signal] = field(default_factory=list)
    is_full: bool = False
    ledger: Ledger | None = None

    def _break(self, name: str) -> None:
        if self.broken == name:
            raise ZeroDivisionError("sk-secret in the text of an error")

    async def presents_key(self, request: Request) -> bool:
        self._break("presents_key")
        return "authorization" in request.headers

    async def authenticate(self, request: Request) -> Caller:
        self._break("authenticate")
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if key == "blocked":
            raise refused_key(403, "key_blocked")
        if key not in KEYS:
            raise refused_key(401)
        return Caller(key == "admin", key, f"hash-of-{key}")

    async def permitted(self, caller: Caller, names: Iterable[str]) -> frozenset[str]:
        self._break("permitted")
        mine = KEYS[str(caller.token)]
        return frozenset(name for name in names if name in mine or "*" in mine)

    def catalog(self) -> CatalogView:
        self._break("catalog")
        return self.view

    def virtual(self) -> Mapping[str, Virtual]:
        return {"heimdall": Virtual("heimdall", self.candidates, 0.6, "triage")}

    def flags(self) -> Mapping[str, bool]:
        self._break("flags")
        return {"http_api": True, "circuit_breaker": False}

    def report(self) -> Report:
        self._break("report")
        return Report(
            started_at=READ_AT,
            is_bypassed=False,
            is_simulating=False,
            bundle_id="bundle-1",
            bundle_sha256="00ff",
            bundle_created=READ_AT,
            is_breaking=True,
            is_sharing=False,
            aside=self.aside,
            groups_aside=self.groups_aside,
            failures={("decide", "ValueError"): 2},
            journal=self.ledger.standing() if self.ledger is not None else None,
        )

    def archive(self) -> Archive | None:
        self._break("archive")
        return self.journal

    def bundle(self) -> Bundle | None:
        return self.loaded

    def recent(self, known_as: str) -> Sequence[Recent]:
        return [one for call, one in self.in_memory if known_as in (call, one.id)]

    def rate(self, signal: Signal) -> bool:
        self.rated.append(signal)
        return not self.is_full

    async def explain(
        self, caller: Caller, endpoint: Endpoint, body: Mapping[str, Any], headers: Mapping[str, str]
    ) -> Outcome:
        self._break("explain")
        self.explained.append((endpoint, body, headers))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    def failed(self, error: BaseException) -> None:
        self.failures.append(type(error).__name__)
