"""From the catalog's values to the answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Final

from heimdall_litellm.catalog import facts
from heimdall_litellm.catalog.facts import Card, CatalogView, SourceStatus
from heimdall_litellm.catalog.families import family_of
from heimdall_litellm.core.explain import to_dict
from heimdall_litellm.core.types import CatalogEntry
from heimdall_litellm.journal.ledger import Standing
from heimdall_litellm.web import models
from heimdall_litellm.web.backend import Endpoint, Outcome, Report, Virtual

_ABILITIES: Final[Mapping[models.Capability, str]] = {
    "vision": "has_vision",
    "audio": "has_audio",
    "files": "has_files",
    "tools": "has_tools",
    "json": "has_json",
    "reasoning": "is_reasoning",
}
_WINDOWS: Final = ("max_input_tokens", "max_output_tokens")
_PRICES: Final = (
    "input_usd_per_mtok",
    "output_usd_per_mtok",
    "cache_read_usd_per_mtok",
    "cache_write_usd_per_mtok",
)


@dataclass(frozen=True, slots=True)
class Shelf:
    """What one caller may know of: models by name, and virtual names with those of their candidates."""

    cards: Mapping[str, Card]
    virtual: Mapping[str, Virtual]

    @property
    def ids(self) -> list[str]:
        """Every name, in order."""
        return sorted({*self.cards, *self.virtual})

    def has(self, name: str) -> bool:
        """Whether there is such a name."""
        return name in self.virtual or name in self.cards

    def candidates(self, virtual: Virtual) -> list[str]:
        """Return the candidates of a virtual name that are known."""
        return [name for name in virtual.candidates if name in self.cards]


def names_of(view: CatalogView, virtual: Mapping[str, Virtual]) -> list[str]:
    """Return every name there is to ask about."""
    candidates = (name for one in virtual.values() for name in one.candidates)
    return list(dict.fromkeys([*view.cards, *virtual, *candidates]))


def shelf(view: CatalogView, virtual: Mapping[str, Virtual], allowed: frozenset[str]) -> Shelf:
    """Return what may be known of by somebody who may use what is `allowed`."""
    return Shelf(
        {name: card for name, card in view.cards.items() if name in allowed and name not in virtual},
        {name: one for name, one in virtual.items() if name in allowed},
    )


def summary(shelf: Shelf, name: str) -> models.ModelSummary:
    """Return a model or a virtual name in short."""
    if (virtual := shelf.virtual.get(name)) is not None:
        entries = [shelf.cards[one].entry for one in shelf.candidates(virtual)]
        return models.ModelSummary(
            id=name,
            kind="virtual",
            provider=None,
            upstream=None,
            family=None,
            display_name=None,
            capabilities=_any_ability(entries),
            max_input_tokens=_widest(entries, "max_input_tokens"),
            max_output_tokens=_widest(entries, "max_output_tokens"),
            input_usd_per_mtok=None,
            output_usd_per_mtok=None,
            candidates=shelf.candidates(virtual),
        )
    card = shelf.cards[name]
    entry = card.entry
    display = card.facts.get("display_name")
    return models.ModelSummary(
        id=name,
        kind="model",
        provider=entry.provider,
        upstream=entry.upstream,
        family=family_of(entry.upstream),
        display_name=str(display.value) if display is not None else None,
        capabilities=_any_ability([entry]),
        max_input_tokens=entry.max_input_tokens,
        max_output_tokens=entry.max_output_tokens,
        input_usd_per_mtok=_number(entry.input_usd_per_mtok),
        output_usd_per_mtok=_number(entry.output_usd_per_mtok),
        candidates=None,
    )


def card(shelf: Shelf, name: str) -> models.ModelCard:
    """Return all that is known of a model or a virtual name."""
    short = summary(shelf, name).model_dump()
    if (virtual := shelf.virtual.get(name)) is not None:
        able = [one for one in shelf.candidates(virtual) if not shelf.cards[one].entry.missing_credential]
        return models.ModelCard(
            **short,
            facts={},
            prior=None,
            is_listed=None,
            has_credential=bool(able),
            alpha=virtual.alpha,
            policy=virtual.policy,
        )
    found = shelf.cards[name]
    return models.ModelCard(
        **short,
        facts=_facts(found, found.facts),
        prior=_prior(found.prior),
        is_listed=found.is_listed,
        has_credential=found.entry.missing_credential is None,
        alpha=None,
        policy=None,
    )


def capabilities(shelf: Shelf, name: str) -> models.Capabilities:
    """Return what a model can do, or any candidate of a virtual name."""
    virtual = shelf.virtual.get(name)
    cards = [shelf.cards[one] for one in ([name] if virtual is None else shelf.candidates(virtual))]
    entries = [one.entry for one in cards]
    able = set(_any_ability(entries))
    return models.Capabilities(
        id=name,
        kind="model" if virtual is None else "virtual",
        vision="vision" in able,
        audio="audio" in able,
        files="files" in able,
        tools="tools" in able,
        json_="json" in able,
        reasoning="reasoning" in able,
        max_input_tokens=_widest(entries, "max_input_tokens"),
        max_output_tokens=_widest(entries, "max_output_tokens"),
        sources=_capability_sources(cards[0]) if virtual is None else {},
    )


def pricing(shelf: Shelf, name: str) -> models.Pricing:
    """Return the prices of a model, or of a virtual name's candidates."""
    virtual = shelf.virtual.get(name)
    whose = [name] if virtual is None else shelf.candidates(virtual)
    return models.Pricing(
        id=name,
        kind="model" if virtual is None else "virtual",
        prices=[_price(one, shelf.cards[one]) for one in whose],
    )


def health(
    report: Report, view: CatalogView, seen: frozenset[str], version: str, now: datetime, *, is_admin: bool
) -> models.Health:
    """Return how the process is doing, as far as its caller may know."""
    circuits = None
    if is_admin:
        circuits = [
            models.SetAside(id=_circuit(key), cause=cause, seconds=round(left, 1))
            for key, (left, cause) in report.aside.items()
        ]
    status, journal = status_of(report), _journal(report.journal, now, is_admin=is_admin)
    is_degraded = status == "ok" and journal is not None and journal.state == "degraded"
    return models.Health(
        status="degraded" if is_degraded else status,
        version=version,
        started_at=_utc(report.started_at),
        uptime_seconds=max(0, int((now - _utc(report.started_at)).total_seconds())),
        is_simulating=report.is_simulating,
        bundle=_bundle(report),
        circuit_breaker=models.BreakerHealth(
            is_on=report.is_breaking,
            is_shared=report.is_sharing,
            models=[
                models.SetAside(id=name, cause=cause, seconds=None)
                for name, cause in sorted(report.groups_aside.items())
                if name in seen
            ],
            circuits=circuits,
        ),
        sources=[_source(one, now, is_admin=is_admin) for one in view.sources],
        failures=[
            models.FailureCount(stage=stage, cause=cause, count=count)
            for (stage, cause), count in sorted(report.failures.items())
        ],
        journal=journal,
    )


def _journal(found: Standing | None, now: datetime, *, is_admin: bool) -> models.JournalHealth | None:
    if found is None:
        return None
    state: models.JournalState = "ok" if found.wrote_at is not None else "idle"
    return models.JournalHealth(
        state="degraded" if found.failing is not None else state,
        waiting=found.waiting,
        written=found.written,
        dropped=dict(sorted(found.dropped.items())),
        error=found.failed if is_admin else None,
        wrote_at=found.wrote_at,
        age_seconds=max(0, int((now - found.wrote_at).total_seconds())) if found.wrote_at else None,
    )


def status_of(report: Report) -> models.Status:
    """Return in one word how the process is doing."""
    if report.is_bypassed:
        return "bypassed"
    return "starting" if report.bundle_id is None else "ok"


def explanation(outcome: Outcome, endpoint: Endpoint) -> models.Explanation:
    """Return what would become of a request, without the models its caller may not know of."""
    decision = outcome.decision
    return models.Explanation(
        requested=outcome.requested,
        endpoint=endpoint,
        model=outcome.model,
        fallbacks=list(outcome.fallbacks),
        reason=outcome.reason,
        words=list(decision.reasons) if decision is not None else [outcome.reason],
        decision=None
        if decision is None
        else models.Decision.model_validate(_seen(to_dict(decision), outcome.seen)),
        failed=[models.Failed(stage=stage, cause=cause) for stage, cause in outcome.failed],
    )


def _seen(decision: dict[str, object], seen: frozenset[str]) -> dict[str, object]:
    rows = decision["candidates"]
    kept = [
        {
            key: None if isinstance(value, float) and not isfinite(value) else value
            for key, value in row.items()
        }
        for row in (rows if isinstance(rows, list) else [])
        if row["model"] in seen
    ]
    chain = decision["fallbacks"]
    fallbacks = [name for name in (chain if isinstance(chain, list) else []) if name in seen]
    return {**decision, "candidates": kept, "fallbacks": fallbacks}


def _circuit(key: str) -> str:
    # Of a caller's own credential the provider is told, and not even the digest of the rest.
    return ":".join(key.split(":")[:2]) if key.startswith("own:") else key


def _bundle(report: Report) -> models.BundleHealth | None:
    if report.bundle_id is None or report.bundle_sha256 is None:
        return None
    return models.BundleHealth(
        id=report.bundle_id, sha256=report.bundle_sha256, created_at=report.bundle_created
    )


def _source(source: SourceStatus, now: datetime, *, is_admin: bool) -> models.SourceHealth:
    read_at = _utc(source.read_at) if source.read_at is not None else None
    return models.SourceHealth(
        name=source.name,
        is_active=source.is_active,
        models=source.models,
        read_at=read_at,
        age_seconds=max(0, int((now - read_at).total_seconds())) if read_at is not None else None,
        is_bundled=source.is_bundled,
        tried_at=_utc(source.tried_at) if source.tried_at is not None else None,
        error=source.error if is_admin else None,
        suspected_since=_utc(source.suspected_since) if source.suspected_since is not None else None,
    )


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _prior(prior: facts.Prior | None) -> models.Prior | None:
    if prior is None:
        return None
    return models.Prior(
        quality=prior.quality,
        basis=prior.basis,
        known_as=prior.known_as,
        by_kind=dict(prior.by_kind),
        outcomes=prior.outcomes,
        published=prior.published,
        latest=prior.latest,
    )


def _facts(card: Card, names: Iterable[str]) -> dict[str, models.Fact]:
    known = {name: card.facts[name] for name in names if name in card.facts}
    return {
        name: models.Fact(value=fact.value, source=fact.source, at=None if fact.at is None else _utc(fact.at))
        for name, fact in known.items()
        if not isinstance(fact.value, float) or isfinite(fact.value)
    }


def _capability_sources(card: Card) -> dict[str, models.Fact]:
    spelt = {field: ability for ability, field in _ABILITIES.items()}
    found = _facts(card, [*spelt, *_WINDOWS])
    return {spelt.get(field, field): fact for field, fact in found.items()}


def _price(name: str, card: Card) -> models.Price:
    known = {field: card.facts[field].value for field in _PRICES[2:] if field in card.facts}
    return models.Price(
        id=name,
        input_usd_per_mtok=_number(card.entry.input_usd_per_mtok),
        output_usd_per_mtok=_number(card.entry.output_usd_per_mtok),
        cache_read_usd_per_mtok=_number(known.get("cache_read_usd_per_mtok")),
        cache_write_usd_per_mtok=_number(known.get("cache_write_usd_per_mtok")),
        sources=_facts(card, _PRICES),
    )


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        return None
    return float(value)


def _any_ability(entries: Sequence[CatalogEntry]) -> list[models.Capability]:
    return [name for name, field in _ABILITIES.items() if any(getattr(entry, field) for entry in entries)]


def _widest(entries: Sequence[CatalogEntry], field: str) -> int | None:
    known = [size for entry in entries if (size := getattr(entry, field)) is not None]
    return max(known, default=None)
