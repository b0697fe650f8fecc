"""All that is known of the user's model groups, each field with its source: the cards.

For each field of a deployment the first of these that knows it counts:

1. the user (`litellm_params`, then `model_info`);
2. the provider's own list;
3. OpenRouter (or another reseller), of its own offer, and of a maker's own API;
4. LiteLLM's price map;
5. a reseller, of other hosts;
6. of programs that run on one's own machine (Ollama), that they cost nothing.

Three cautions bend this order. What a list says that is absurd beside the price map isn't believed
(`is_plausible`). A reseller's context window counts the answer in, so it lowers what the price
map says of the input, and never raises it. And what a reseller can't pass on, its maker's API may do all the
same: of that, a reseller's "no" counts only where the price map doesn't know the model.

A group with several deployments promises what all of them keep: the dearest price, the smallest window, only
shared abilities. A number unknown for one is taken from the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypeVar

from heimdall_litellm.background import give_way
from heimdall_litellm.catalog.credentials import LOCAL_PROVIDERS, missing_credential
from heimdall_litellm.catalog.deployments import Deployment, read_deployment, stated, stated_quality
from heimdall_litellm.catalog.facts import Card, Fact, Value
from heimdall_litellm.catalog.listings_index import ListingsIndex, Spoken
from heimdall_litellm.catalog.map_index import CHAT_MODES, MapIndex
from heimdall_litellm.catalog.price_map import PriceMap
from heimdall_litellm.catalog.sources.litellm_map import LiteLLMMap, facts_of, named
from heimdall_litellm.catalog.sources.reading import CLAIMS, PRICES, WINDOWS
from heimdall_litellm.core.types import CatalogEntry

USER: Final = "user"
MAP: Final = LiteLLMMap.name
LOCAL: Final = "local"
NO_LISTINGS: Final = ListingsIndex()
_MOST_MOVED: Final = 20.0
_MOST_SHRUNK: Final = 4.0

Key = tuple[str, str, str, str | None]
"""What a listing has decided: source, provider, model, field; None for that it is there at all."""
N = TypeVar("N", int, float)


@dataclass(frozen=True, slots=True)
class Merged:
    """The cards by model group, and what of the lists and the price map decided something in them."""

    cards: Mapping[str, Card]
    heard: frozenset[Key] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class _Layer:
    source: str
    at: datetime | None
    facts: Mapping[str, Value | None]


def merge(
    model_list: Sequence[Mapping[str, object]],
    price_map: PriceMap,
    environ: Mapping[str, str],
    *,
    listings: ListingsIndex = NO_LISTINGS,
    map_at: datetime | None = None,
    assume_credentials: bool = False,
) -> Merged:
    """Make one card for each chat model group, in the order in which the groups first appear.

    Wildcard groups and groups for embeddings, images and the like are left out. With
    `assume_credentials` none is missing. Raises CatalogError naming the group and the key.
    """
    by_map = MapIndex(price_map)
    groups: dict[str, list[Card]] = {}
    heard: set[Key] = set()
    for position, item in enumerate(model_list):
        give_way()
        deployment = read_deployment(item, position, price_map, environ)
        if "*" in deployment.group:
            continue
        mapped, raw = by_map.find(deployment.upstream, deployment.provider)
        mode = deployment.info.get("mode") or raw.get("mode")
        if mode is not None and mode not in CHAT_MODES:
            continue
        spoken = listings.spoken(deployment)
        missing = None
        if not assume_credentials:
            missing = missing_credential(deployment.params, deployment.provider, environ)
        card = _card(deployment, raw, spoken, map_at)
        heard.update(
            _heard(card, (MAP, *(named(mapped, raw) or (deployment.provider, deployment.bare))), spoken)
        )
        entry = replace(card.entry, missing_credential=missing)
        card = replace(card, entry=entry, is_listed=listings.is_listed(deployment))
        groups.setdefault(deployment.group, []).append(card)
    return Merged({name: _merged(cards) for name, cards in groups.items()}, frozenset(heard))


def settled(before: Merged, after: Merged) -> Merged:
    """Keep each card that says the same as before, with its times, and all of them where nothing is new."""
    cards = {
        name: was if (was := before.cards.get(name)) is not None and _says_the_same(was, card) else card
        for name, card in after.cards.items()
    }
    is_same = list(cards) == list(before.cards) and all(
        card is before.cards[name] for name, card in cards.items()
    )
    return Merged(before.cards if is_same else cards, after.heard)


def _says_the_same(one: Card, other: Card) -> bool:
    return (one.entry, one.is_listed) == (other.entry, other.is_listed) and _undated(one) == _undated(other)


def _undated(card: Card) -> dict[str, tuple[Value, str]]:
    return {name: (fact.value, fact.source) for name, fact in card.facts.items()}


def _heard(card: Card, mapped: tuple[str, str, str], spoken: Sequence[Spoken]) -> Iterable[Key]:
    """Give what decided something in the card of one deployment."""
    listings = [(each.reading.source, each.listing.provider, each.listing.model) for each in spoken]
    for listing in (mapped, *listings):
        yield (*listing, None)
        yield from ((*listing, name) for name, fact in card.facts.items() if fact.source == listing[0])


def card_of(name: str, price_map: PriceMap, by_map: MapIndex) -> Card:
    """Make the card of a model known by name alone, at the maker's price or the median host's."""
    deployment = read_deployment({"model_name": name, "litellm_params": {"model": name}}, 0, price_map)
    return _card(deployment, price_map.get(name) or by_map.by_model(name) or {}, (), None)


def _card(
    deployment: Deployment, raw: Mapping[str, object], spoken: Sequence[Spoken], map_at: datetime | None
) -> Card:
    picked: dict[str, Fact | None] = {}
    for layer in _layers(deployment, raw, spoken, map_at):
        for name, value in layer.facts.items():
            if name not in picked:
                picked[name] = None if value is None else Fact(value, layer.source, layer.at)
    facts = {name: fact for name, fact in picked.items() if fact is not None}
    # The map lists what a model can do; of a model that is not in it, nobody knows.
    return Card(_entry(deployment, facts, has_tools=not raw), MappingProxyType(facts))


def _layers(
    deployment: Deployment, raw: Mapping[str, object], spoken: Sequence[Spoken], map_at: datetime | None
) -> Iterable[_Layer]:
    """Give what each source says, the most trusted first."""
    mapped = facts_of(raw)
    yield _Layer(USER, None, stated(deployment))
    for reading, listing, role in spoken:
        facts = dict(listing.facts)
        if role == "as_last":
            continue
        if role == "as_maker" and raw:
            facts = {name: value for name, value in facts.items() if name not in CLAIMS or value is True}
        facts = {name: value for name, value in facts.items() if is_plausible(name, value, mapped.get(name))}
        if reading.rank is reading.rank.RESELLER and "max_input_tokens" in facts:
            known = mapped.get("max_input_tokens")
            if known is not None and known <= facts["max_input_tokens"]:  # type: ignore[operator]  # counts
                del facts["max_input_tokens"]
        yield _Layer(reading.source, reading.at, facts)
    yield _Layer(MAP, map_at, mapped)
    for reading, listing, role in spoken:
        if role == "as_last":
            silent = CLAIMS if raw else ()
            facts = {name: value for name, value in listing.facts.items() if name not in silent}
            yield _Layer(reading.source, reading.at, facts)
    if deployment.provider in LOCAL_PROVIDERS:
        yield _Layer(LOCAL, None, dict.fromkeys(("input_usd_per_mtok", "output_usd_per_mtok"), 0.0))


def is_plausible(name: str, value: Value, known: Value | None) -> bool:
    """Whether a list is believed where it differs from the price map: a list can be wrong, or be made to lie.

    A price may move to a twentieth or to twenty times what the map says, and a window shrink to a quarter.
    """
    if isinstance(value, (str, bool)) or isinstance(known, (str, bool)) or not known:
        return True
    if name in PRICES:
        return value == 0 or 1 / _MOST_MOVED <= value / known <= _MOST_MOVED
    return name not in WINDOWS or value >= known / _MOST_SHRUNK


def _entry(deployment: Deployment, facts: Mapping[str, Fact], *, has_tools: bool) -> CatalogEntry:
    def price(name: str) -> float | None:
        return float(facts[name].value) if name in facts else None

    def tokens(name: str) -> int | None:
        return int(facts[name].value) if name in facts else None

    def claim(name: str, unknown: bool) -> bool:
        return bool(facts[name].value) if name in facts else unknown

    has_tools = claim("has_tools", has_tools)
    return CatalogEntry(
        name=deployment.group,
        upstream=deployment.upstream,
        provider=deployment.provider,
        input_usd_per_mtok=price("input_usd_per_mtok"),
        output_usd_per_mtok=price("output_usd_per_mtok"),
        max_input_tokens=tokens("max_input_tokens"),
        max_output_tokens=tokens("max_output_tokens"),
        has_vision=claim("has_vision", False),
        has_audio=claim("has_audio", False),
        has_files=claim("has_files", False),
        has_tools=has_tools,
        has_json=claim("has_json", has_tools),
        is_reasoning=claim("is_reasoning", False),
        quality_override=stated_quality(deployment),
    )


def _merged(cards: Sequence[Card]) -> Card:
    """Keep what is true of all deployments of a group; a number unknown for one is taken from the others."""
    first = cards[0]
    if len(cards) == 1:
        return first
    entries = [card.entry for card in cards]
    missing = [entry.missing_credential for entry in entries]
    entry = replace(
        first.entry,
        input_usd_per_mtok=max(_known(e.input_usd_per_mtok for e in entries), default=None),
        output_usd_per_mtok=max(_known(e.output_usd_per_mtok for e in entries), default=None),
        max_input_tokens=min(_known(e.max_input_tokens for e in entries), default=None),
        max_output_tokens=min(_known(e.max_output_tokens for e in entries), default=None),
        has_vision=all(e.has_vision for e in entries),
        has_audio=all(e.has_audio for e in entries),
        has_files=all(e.has_files for e in entries),
        has_tools=all(e.has_tools for e in entries),
        has_json=all(e.has_json for e in entries),
        is_reasoning=all(e.is_reasoning for e in entries),
        missing_credential=missing[0] if all(missing) else None,
        quality_override=min(_known(e.quality_override for e in entries), default=None),
    )
    listed = {card.is_listed for card in cards}
    is_listed = False if False in listed else True if True in listed else None
    return Card(entry, MappingProxyType(_shared_facts(cards, entry)), is_listed)


def _shared_facts(cards: Sequence[Card], entry: CatalogEntry) -> dict[str, Fact]:
    """Give for each field the fact that decided it."""
    found: dict[str, Fact] = {}
    for name in dict.fromkeys(name for card in cards for name in card.facts):
        facts = [card.facts[name] for card in cards if name in card.facts]
        if name in CLAIMS:
            # Where one deployment lacks what others have, and nobody says so, it is no fact.
            facts = [fact for fact in facts if fact.value == getattr(entry, name)]
        if facts:
            found[name] = _deciding(name)(facts)
    return found


def _deciding(name: str) -> Callable[[Sequence[Fact]], Fact]:
    if name in PRICES:
        return lambda facts: max(facts, key=lambda fact: fact.value)
    if name in WINDOWS or name == "retires":
        return lambda facts: min(facts, key=lambda fact: fact.value)
    return lambda facts: facts[0]


def _known(values: Iterable[N | None]) -> list[N]:
    return [value for value in values if value is not None]
