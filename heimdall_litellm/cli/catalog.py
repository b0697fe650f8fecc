"""`heimdall catalog`: what the models cost, can do and are good for, and where that is known from.

Only `refresh` asks anybody; the others show what is known already: to the running proxy's store, and to
LiteLLM's price map.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

import click
from rich.text import Text

from heimdall_litellm.bundle import load_bundle
from heimdall_litellm.catalog import load_price_map
from heimdall_litellm.catalog.drift import in_words, is_loss
from heimdall_litellm.catalog.facts import Card, CatalogView, Drift
from heimdall_litellm.catalog.families import family_of
from heimdall_litellm.catalog.watchtower import Watchtower
from heimdall_litellm.cli.cards import (
    CAPABILITIES,
    FIELD_OF,
    VirtualName,
    as_data,
    moment,
    show_card,
    show_cards,
    show_sources,
    show_virtual,
    statuses,
    virtual_as_data,
)
from heimdall_litellm.cli.options import config_option, json_option
from heimdall_litellm.cli.render import (
    NEGATIVE,
    OK,
    answers,
    err,
    out,
    print_item,
    print_json,
)
from heimdall_litellm.cli.session import DEFAULT_CONFIG
from heimdall_litellm.config import Settings, environment, load_config, settings_from_config
from heimdall_litellm.engine import Heimdall, model_list_of, simulates_all
from heimdall_litellm.errors import ConfigError
from heimdall_litellm.priors import with_priors


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
@click.option("--family", help="Only models of this family, the first word of their names: gpt, claude, ...")
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
def show_all(
    provider: str | None,
    family: str | None,
    capabilities: tuple[str, ...],
    config: str | None,
    as_json: bool,
) -> int:
    """List the models of the configuration: prices, windows, capabilities, expected quality."""
    opened = _open(config, needs_models=True)
    view = opened.view()
    known = [card for name, card in sorted(view.cards.items()) if name not in opened.settings.names]
    cards = [
        card
        for card in known
        if provider in (None, card.entry.provider)
        and family in (None, family_of(card.entry.upstream))
        and all(getattr(card.entry, FIELD_OF[capability]) for capability in capabilities)
    ]
    if as_json:
        print_json({"models": [as_data(card) for card in cards], "sources": statuses(view.sources)})
        return OK
    if not cards:
        err().print(_nothing_matches(known, provider, family, capabilities), soft_wrap=True)
        return OK
    console = out()
    show_cards(console, cards)
    for card in cards:
        if card.is_listed is False:
            said = f"{card.entry.upstream} is not in {card.entry.provider}'s own list"
            print_item(console, Text("!", "yellow"), Text.assemble((f"{card.entry.name}: ", "bold"), said))
    show_sources(console, view.sources)
    return OK


def _nothing_matches(
    known: Sequence[Card], provider: str | None, family: str | None, capabilities: Sequence[str]
) -> str:
    """Say what there is instead of the models that were asked for."""
    if not known:
        return "There is nothing to list: model_list is empty, or holds virtual names only."
    providers = {card.entry.provider for card in known}
    families = {family_of(card.entry.upstream) for card in known}
    for asked, there in ((provider, providers), (family, families)):
        if asked is not None and asked not in there:
            near = get_close_matches(asked, there, 1)
            hint = f"; did you mean {near[0]}?" if near else "."
            return f"No model here is of {asked!r}{hint} The models here are of {', '.join(sorted(there))}."
    whose = " and ".join(asked for asked in (provider, family) if asked is not None)
    if not capabilities:
        return f"No model here is of {whose}."
    return f"No model here{' of ' if whose else ''}{whose} has {' and '.join(capabilities)}."


@catalog.command("show")
@click.argument("model")
@config_option
@json_option
@answers
def show_one(model: str, config: str | None, as_json: bool) -> int:
    """Show all that is known of MODEL, a name of the configuration or LiteLLM's of any model.

    Of a virtual name, the models that it routes over. Exit code 1 if nothing is known.
    """
    if not model.strip():
        raise ConfigError("the model has no name; heimdall catalog list shows your models")
    opened = _open(config)
    groups = {str(each.get("model_name")) for each in opened.models}
    stranger: list[Mapping[str, object]] = [{"model_name": model, "litellm_params": {"model": model}}]
    if model in groups and model in opened.settings.names:
        _show_virtual(opened, model, as_json)
        return OK
    card = opened.view(None if model in groups else stranger).cards.get(model)
    is_known = card is not None and (model in groups or bool(card.facts) or _is_in_bundle(card))
    if as_json:
        print_json(as_data(card) if card is not None and is_known else {"error": f"{model} is unknown"})
    elif card is None or not is_known:
        near = get_close_matches(model, groups, 1)
        hint = f"Did you mean {near[0]}?" if near else "heimdall catalog list shows your models."
        said = f" is unknown here and in every list. {hint}"
        err().print(Text.assemble((model, "bold"), said), soft_wrap=True)
    else:
        show_card(out(), card)
    return OK if is_known else NEGATIVE


def _show_virtual(opened: _Opened, name: str, as_json: bool) -> None:
    cards, settings = opened.view().cards, opened.settings
    engine = Heimdall(
        settings.without_cache(),
        [card.entry for card in cards.values()],
        load_bundle(settings.tuning.bundle),
    )
    virtual = VirtualName(
        name,
        settings.router_of(name).alpha,
        settings.router_of(name).router_policy,
        [cards[candidate] for candidate in engine.candidate_names(name)],
        cards[name].entry.upstream,
    )
    if as_json:
        print_json(virtual_as_data(virtual))
    else:
        show_virtual(out(), virtual)


@catalog.command()
@config_option
@json_option
@answers
def refresh(config: str | None, as_json: bool) -> int:
    """Read all sources now; exit code 1 if one gave no list, or one that isn't believed yet."""
    opened = _open(config)
    opened.view([])
    with err().status("asking the sources"):
        view = opened.tower.refresh_now()
    if as_json:
        print_json({"sources": statuses(view.sources)})
    else:
        show_sources(out(), view.sources)
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
    tower = Watchtower(settings.catalog, lambda: price_map, environ=lambda: environ, is_telling=False)
    return _Opened(settings, model_list_of(raw), environ, tower)


def _is_in_bundle(card: Card) -> bool:
    return card.prior is not None and card.prior.known_as is not None


def _change(drift: Drift) -> dict[str, object]:
    return {
        "at": moment(drift.at),
        "kind": drift.kind,
        "provider": drift.provider,
        "model": drift.model,
        "source": drift.source,
        "field": drift.field,
        "before": drift.before,
        "after": drift.after,
    }
