"""What is known of models, virtual names and sources, as tables and as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from rich.console import Console
from rich.text import Text

from heimdall_litellm.catalog.facts import FIELDS, Card, SourceStatus
from heimdall_litellm.catalog.families import family_of
from heimdall_litellm.cli.render import UNKNOWN, plain, print_item, table, tokens, usd_per_mtok
from heimdall_litellm.core.explain import UNPRICED

CAPABILITIES: Final = ("vision", "audio", "files", "tools", "json", "reasoning")
FIELD_OF: Final = {name: f"{'is' if name == 'reasoning' else 'has'}_{name}" for name in CAPABILITIES}
_BASIS: Final = {
    "user": "you",
    "outcomes": "outcomes",
    "published": "published",
    "family": "family",
    "price-class": "price",
    "unknown": "nothing",
}


_BASIS_IN_WORDS: Final = {
    "user": "as your configuration states",
    "outcomes": "measured in training",
    "published": "from published figures",
    "family": "taken from a relative of its family",
    "price-class": "guessed from its price class",
    "unknown": "a cautious guess: neither the model nor its price is known",
}


@dataclass(frozen=True, slots=True)
class VirtualName:
    """A name that is routed. `default` is the model of its own deployment, as LiteLLM names it."""

    name: str
    alpha: float
    policy: str
    candidates: Sequence[Card]
    default: str


def show_cards(console: Console, cards: Sequence[Card]) -> None:
    """Print one line for each model."""
    figures = ("$ in", "$ out", "window", "quality")
    shown = table("model", *figures, "by", "can", "price", right=figures, whole=("can",))
    for card in cards:
        entry, prior = card.entry, card.prior
        price = card.facts.get("output_usd_per_mtok")
        shown.add_row(
            Text(entry.name, "yellow" if card.is_listed is False else ""),
            usd_per_mtok(entry.input_usd_per_mtok),
            usd_per_mtok(entry.output_usd_per_mtok),
            tokens(entry.max_input_tokens),
            UNKNOWN if prior is None else f"{prior.quality:.2f}",
            "" if prior is None else _BASIS[prior.basis],
            "".join(name[0].upper() if getattr(entry, FIELD_OF[name]) else "-" for name in CAPABILITIES),
            UNKNOWN if price is None else price.source,
        )
    console.print(shown)
    legend = ", ".join(f"{name[0].upper()} {name}" for name in CAPABILITIES)
    console.print(f"USD per million tokens; window in tokens; quality 0 to 1; {legend}", style="dim")


def show_card(console: Console, card: Card) -> None:
    """Print all that is known of a model."""
    entry, now = card.entry, datetime.now(UTC)
    console.print(
        Text.assemble((entry.name, "bold"), f"  {entry.upstream}, provider {entry.provider or '?'}")
    )
    shown = table("what", "value", "from", "read", right=("value",))
    for name in FIELDS:
        if (fact := card.facts.get(name)) is not None:
            age = "" if fact.at is None else f"{_age(now - fact.at)} ago"
            shown.add_row(_words(name), _value(name, fact.value), fact.source, age)
    if card.facts:
        console.print(shown)
    if not entry.is_priced:
        print_item(console, "price  ", f"unknown; {UNPRICED}")
    if card.is_listed is not None:
        listed = "in" if card.is_listed else "not in"
        print_item(console, "list   ", f"{listed} {entry.provider}'s own list of models")
    if entry.missing_credential:
        print_item(console, "key    ", Text(f"set {entry.missing_credential}", "yellow"))
    if (prior := card.prior) is not None:
        known = f", as {prior.known_as}" if prior.known_as else ""
        counts = f"; {prior.outcomes} outcomes, {prior.published} columns of published figures"
        latest = f", the latest of {prior.latest}" if prior.latest is not None else ""
        more = counts + latest if prior.known_as else ""
        print_item(console, "quality", f"{prior.quality:.2f}, {_BASIS_IN_WORDS[prior.basis]}{known}{more}")
        for kind, quality in sorted(prior.by_kind.items(), key=lambda pair: -pair[1]):
            print_item(console, "       ", f"{quality:.2f} {kind}")


def show_virtual(console: Console, virtual: VirtualName) -> None:
    """Print how a virtual name routes, and over whom."""
    over = f"  virtual name: routes over {len(virtual.candidates)} models"
    how = f"; alpha {virtual.alpha:g}, policy {virtual.policy}"
    console.print(Text.assemble((virtual.name, "bold"), over, how))
    show_cards(console, virtual.candidates)
    print_item(console, "default", f"{virtual.default} answers where nothing is decided")


def show_sources(console: Console, sources: Sequence[SourceStatus]) -> None:
    """Print how each source is doing."""
    now = datetime.now(UTC)
    shown = table("source", "models", "read", "", right=("models",))
    for each in sources:
        read = "never" if each.read_at is None else f"{_age(now - each.read_at)} ago"
        read = "with LiteLLM" if each.is_bundled else read
        note = each.error or ("" if each.is_active else "not asked: no key, or switched off")
        shown.add_row(each.name, str(each.models), read, Text(note, "yellow" if each.error else "dim"))
    console.print()
    console.print(shown)


def as_data(card: Card) -> dict[str, object]:
    """Return all that is known of a model."""
    entry, prior = card.entry, card.prior
    return {
        "name": entry.name,
        "kind": "model",
        "upstream": entry.upstream,
        "provider": entry.provider,
        "family": family_of(entry.upstream),
        "is_listed": card.is_listed,
        "missing_credential": entry.missing_credential,
        "facts": {
            name: {"value": fact.value, "source": fact.source, "read_at": moment(fact.at)}
            for name, fact in card.facts.items()
        },
        "quality": None
        if prior is None
        else {
            "value": round(prior.quality, 4),
            "basis": prior.basis,
            "known_as": prior.known_as,
            "by_kind": {kind: round(quality, 4) for kind, quality in prior.by_kind.items()},
            "outcomes": prior.outcomes,
            "published": prior.published,
            "latest": None if prior.latest is None else prior.latest.isoformat(),
        },
    }


def virtual_as_data(virtual: VirtualName) -> dict[str, object]:
    """Return how a virtual name routes, and over whom."""
    return {
        "name": virtual.name,
        "kind": "virtual",
        "alpha": virtual.alpha,
        "policy": virtual.policy,
        "candidates": [card.entry.name for card in virtual.candidates],
        "default": virtual.default,
    }


def statuses(sources: Sequence[SourceStatus]) -> list[dict[str, object]]:
    """Return how each source is doing."""
    return [
        {
            "name": each.name,
            "is_active": each.is_active,
            "read_at": moment(each.read_at),
            "tried_at": moment(each.tried_at),
            "models": each.models,
            "error": each.error,
            "suspected_since": moment(each.suspected_since),
            "is_bundled": each.is_bundled,
        }
        for each in sources
    ]


def moment(at: datetime | None) -> str | None:
    """Write a time (RFC 3339)."""
    return None if at is None else at.isoformat(timespec="seconds")


def _words(name: str) -> str:
    return name.removesuffix("_usd_per_mtok").replace("_", " ").removeprefix("has ").removeprefix("is ")


def _value(name: str, value: object) -> str:
    if name.endswith("_usd_per_mtok") and isinstance(value, (int, float)):
        return f"${plain(value, 6)} / 1M tokens"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,} tokens" if isinstance(value, int) else str(value)


def _age(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    for size, word in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {word}"
    return f"{seconds} s"
