"""`heimdall catalog`: what the models cost, can do and are good for, and where that is known from.

Only `refresh` asks anybody; the others show what is known already: to the running proxy's store, and to
LiteLLM's price map.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.text import Text

from heimdall_litellm.bundle import load_bundle
from heimdall_litellm.catalog import load_price_map
from heimdall_litellm.catalog.drift import in_words, is_loss
from heimdall_litellm.catalog.facts import FIELDS, Card, CatalogView, Drift, SourceStatus
from heimdall_litellm.catalog.watchtower import Watchtower
from heimdall_litellm.cli.options import config_option, json_option
from heimdall_litellm.cli.render import (
    NEGATIVE,
    OK,
    answers,
    err,
    out,
    print_item,
    print_json,
    table,
    tokens,
    usd_per_mtok,
)
from heimdall_litellm.cli.session import DEFAULT_CONFIG
from heimdall_litellm.config import Settings, environment, load_config, settings_from_config
from heimdall_litellm.engine import model_list_of, simulates_all
from heimdall_litellm.errors import ConfigError
from heimdall_litellm.priors import with_priors

CAPABILITIES: Final = ("vision", "audio", "files", "tools", "json", "reasoning")
_FIELD_OF: Final = {name: f"{'is' if name == 'reasoning' else 'has'}_{name}" for name in CAPABILITIES}
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
class _Opened:
    """A configuration, and the catalog's keeper for it."""

    settings: Settings
    models: list[Mapping[str, object]]
    environ: Mapping[str, str]
    tower: Watchtower

    @property
    def is_simulated(self) -> bool:
        return simulates_all(self.settings, self.models, self.environ)

    def view(self, models: list[Mapping[str, object]] | None = None) -> CatalogView:
        """Return the catalog of these models, or else of the configuration's, with their priors."""
        listed = self.models if models is None else models
        view = self.tower.view(listed, assume_credentials=self.is_simulated)
        return with_priors(view, load_bundle(self.settings.tuning.bundle))


@click.group()
def catalog() -> None:
    """What the models cost, can do and are good for, and where that is known from."""


@catalog.command("list")
@click.option("--provider", help="Only models of this provider, in LiteLLM's spelling: openai, gemini, ...")
@click.option(
    "--capability",
    "capabilities",
    multiple=True,
    type=click.Choice(CAPABILITIES),
    help="Only models that can do this; may be repeated.",
)
@config_option
@json_option
@answers
def show_all(provider: str | None, capabilities: tuple[str, ...], config: str | None, as_json: bool) -> int:
    """List the models of the configuration: prices, windows, capabilities, expected quality."""
    opened = _open(config, needs_models=True)
    view = opened.view()
    cards = [
        card
        for name, card in sorted(view.cards.items())
        if name not in opened.settings.names
        and (provider is None or card.entry.provider == provider)
        and all(getattr(card.entry, _FIELD_OF[capability]) for capability in capabilities)
    ]
    if as_json:
        print_json({"models": [_as_data(card) for card in cards], "sources": _statuses(view.sources)})
        return OK
    figures = ("$ in", "$ out", "window", "quality")
    shown = table("model", *figures, "by", "can", "price", right=figures)
    for card in cards:
        entry, prior = card.entry, card.prior
        price = card.facts.get("output_usd_per_mtok")
        shown.add_row(
            Text(entry.name, "yellow" if card.is_listed is False else ""),
            usd_per_mtok(entry.input_usd_per_mtok),
            usd_per_mtok(entry.output_usd_per_mtok),
            tokens(entry.max_input_tokens),
            "?" if prior is None else f"{prior.quality:.2f}",
            "" if prior is None else _BASIS[prior.basis],
            "".join(name[0].upper() if getattr(entry, _FIELD_OF[name]) else "-" for name in CAPABILITIES),
            "?" if price is None else price.source,
        )
    console = out()
    console.print(shown)
    legend = ", ".join(f"{name[0].upper()} {name}" for name in CAPABILITIES)
    console.print(f"USD per million tokens; window in tokens; quality 0 to 1; {legend}", style="dim")
    for card in cards:
        if card.is_listed is False:
            said = f"{card.entry.upstream} is not in {card.entry.provider}'s own list"
            print_item(console, Text("!", "yellow"), Text.assemble((f"{card.entry.name}: ", "bold"), said))
    _show_sources(console, view.sources)
    return OK


@catalog.command("show")
@click.argument("model")
@config_option
@json_option
@answers
def show_one(model: str, config: str | None, as_json: bool) -> int:
    """Show all that is known of MODEL, a name of the configuration or LiteLLM's of any model.

    Exit code 1 if nothing is known.
    """
    opened = _open(config)
    groups = {str(each.get("model_name")) for each in opened.models}
    stranger: list[Mapping[str, object]] = [{"model_name": model, "litellm_params": {"model": model}}]
    card = opened.view(None if model in groups else stranger).cards.get(model)
    is_known = card is not None and (model in groups or bool(card.facts) or _is_in_bundle(card))
    if as_json:
        print_json(_as_data(card) if card is not None and is_known else {"error": f"{model} is unknown"})
    elif card is None or not is_known:
        said = "is unknown here and in every list. heimdall catalog list shows your models."
        err().print(Text.assemble((model, "bold"), f" {said}"))
    else:
        _show_card(out(), card)
    return OK if is_known else NEGATIVE


@catalog.command()
@config_option
@json_option
@answers
def refresh(config: str | None, as_json: bool) -> int:
    """Read all sources now; exit code 1 if one that could be asked gave nothing."""
    opened = _open(config)
    opened.view([])
    with err().status("asking the sources"):
        view = opened.tower.refresh_now()
    if as_json:
        print_json({"sources": _statuses(view.sources)})
    else:
        _show_sources(out(), view.sources)
    return NEGATIVE if any(each.is_active and each.error for each in view.sources) else OK


@catalog.command()
@click.option("--days", type=click.IntRange(1, 365), default=30, show_default=True, help="How far back.")
@config_option
@json_option
@answers
def diff(days: int, config: str | None, as_json: bool) -> int:
    """Show what has changed, newest first: prices by 10 % or more, windows, models come and gone."""
    opened = _open(config)
    now = datetime.now(UTC)
    drift = [each for each in opened.view([]).drift if (now - each.at).days < days]
    if as_json:
        print_json({"changes": [_change(each) for each in drift]})
        return OK
    console = out()
    for each in drift:
        when = Text(each.at.strftime("%Y-%m-%d %H:%M"), "dim")
        print_item(console, when, Text(in_words(each), "yellow" if is_loss(each) else ""))
    if not drift:
        console.print(f"Nothing has changed in {days} days, as far as the store tells.")
    return OK


def _open(config: str | None, *, needs_models: bool = False) -> _Opened:
    if config is None and DEFAULT_CONFIG.is_file():
        config = str(DEFAULT_CONFIG)
    if config is None and needs_models:
        raise ConfigError(f"There is no {DEFAULT_CONFIG} here; name a configuration with --config.")
    raw = load_config(Path(config)) if config is not None else {}
    environ = environment(raw)
    settings = settings_from_config(raw, environ) if config is not None else Settings()
    price_map = load_price_map()
    tower = Watchtower(settings.catalog, lambda: price_map, environ=lambda: environ)
    return _Opened(settings, model_list_of(raw), environ, tower)


def _is_in_bundle(card: Card) -> bool:
    return card.prior is not None and card.prior.known_as is not None


def _show_card(console: Console, card: Card) -> None:
    entry, now = card.entry, datetime.now(UTC)
    console.print(
        Text.assemble((entry.name, "bold"), f"  {entry.upstream}, provider {entry.provider or '?'}")
    )
    shown = table("what", "value", "from", "read", right=("value",))
    for name in FIELDS:
        if (fact := card.facts.get(name)) is not None:
            age = "" if fact.at is None else f"{_age(now - fact.at)} ago"
            shown.add_row(_words(name), _value(name, fact.value), fact.source, age)
    console.print(shown)
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


def _show_sources(console: Console, sources: Sequence[SourceStatus]) -> None:
    now = datetime.now(UTC)
    shown = table("source", "models", "read", "", right=("models",))
    for each in sources:
        read = "never" if each.read_at is None else f"{_age(now - each.read_at)} ago"
        note = each.error or ("" if each.is_active else "not asked: no key, or switched off")
        shown.add_row(each.name, str(each.models), read, Text(note, "yellow" if each.error else "dim"))
    console.print()
    console.print(shown)


def _words(name: str) -> str:
    return name.removesuffix("_usd_per_mtok").replace("_", " ").removeprefix("has ").removeprefix("is ")


def _value(name: str, value: object) -> str:
    if name.endswith("_usd_per_mtok") and isinstance(value, (int, float)):
        return f"${value:,.4g} / 1M tokens"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,} tokens" if isinstance(value, int) else str(value)


def _age(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    for size, word in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {word}"
    return f"{seconds} s"


def _as_data(card: Card) -> dict[str, object]:
    entry, prior = card.entry, card.prior
    return {
        "name": entry.name,
        "upstream": entry.upstream,
        "provider": entry.provider,
        "is_listed": card.is_listed,
        "missing_credential": entry.missing_credential,
        "facts": {
            name: {"value": fact.value, "source": fact.source, "read_at": _moment(fact.at)}
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


def _statuses(sources: Sequence[SourceStatus]) -> list[dict[str, object]]:
    return [
        {
            "name": each.name,
            "is_active": each.is_active,
            "read_at": _moment(each.read_at),
            "tried_at": _moment(each.tried_at),
            "models": each.models,
            "error": each.error,
        }
        for each in sources
    ]


def _change(drift: Drift) -> dict[str, object]:
    return {
        "at": _moment(drift.at),
        "kind": drift.kind,
        "provider": drift.provider,
        "model": drift.model,
        "source": drift.source,
        "field": drift.field,
        "before": drift.before,
        "after": drift.after,
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")
