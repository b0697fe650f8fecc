"""Which listings speak for a deployment, and as what.

Every source speaks for deployments of the very provider it lists (`as_listed`). A reseller's list says
something of the same model elsewhere too, found by canonical identity:

- of its maker's own API (`as_maker`), where the maker alone serves the model, so that the reseller passes
  the maker's price on, and only for the very release, window and speed: a sibling's price is its own.
  Makers of open weights aren't among them: what OpenRouter shows of such a model is the price of whichever
  host is cheapest there;
- of other hosts (`as_last`), which have prices of their own: only where nobody else knows anything.

Of one's own servers no public list knows anything. A deployment with an address of its own, in the
configuration or from the environment, counts as one, unless that address is its provider's or the source's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal, NamedTuple

from heimdall_litellm.background import give_way
from heimdall_litellm.catalog.credentials import KEY_VARIABLES
from heimdall_litellm.catalog.deployments import Deployment
from heimdall_litellm.catalog.facts import Listing
from heimdall_litellm.catalog.identity import identify, match
from heimdall_litellm.catalog.readings import Reading
from heimdall_litellm.catalog.sources.source import Rank

Role = Literal["as_listed", "as_maker", "as_last"]

# LiteLLM's name of a maker that alone serves its models → the reseller's, with what those models are called.
_SOLE_SELLERS: Final = {
    "anthropic": "anthropic/claude",
    "amazon_nova": "amazon/nova",
    "cohere": "cohere/",
    "cohere_chat": "cohere/",
    "gemini": "google/gemini",
    "openai": "openai/",
    "perplexity": "perplexity/",
    "xai": "x-ai/grok",
}
_OPEN_WEIGHTS: Final = "openai/gpt-oss"
# Hosts with addresses or credentials of their own, but public prices.
_CLOUDS: Final = frozenset(
    {"azure", "azure_ai", "bedrock", "databricks", "snowflake", "vertex_ai", "watsonx"}
)
_HOSTS: Final = frozenset(KEY_VARIABLES) | _CLOUDS


class Spoken(NamedTuple):
    """One listing that speaks for a deployment."""

    reading: Reading
    listing: Listing
    role: Role


class ListingsIndex:
    """The listings of all sources, for look-ups. Built once for each change, and never changed."""

    def __init__(self, readings: Iterable[Reading] = ()) -> None:
        self.readings: Sequence[Reading] = sorted(readings, key=lambda reading: reading.rank)
        self._shelves = [_Shelf(reading) for reading in self.readings]

    def spoken(self, deployment: Deployment) -> list[Spoken]:
        """Return all that is said of a deployment's model, each source's word at most once."""
        found = []
        for shelf in self._shelves:
            said = next(shelf.spoken(deployment), None)
            if said is not None:
                found.append(said)
        return found

    def is_listed(self, deployment: Deployment) -> bool | None:
        """Say whether the provider's own list has the model; None where there is no such list at hand."""
        lists = [shelf for shelf in self._shelves if shelf.is_list_of(deployment)]
        if not lists:
            return None
        if any(shelf.listed(deployment) for shelf in lists):
            return True
        # Another account may have other models.
        is_public = all(shelf.reading.rank is not Rank.PROVIDER for shelf in lists)
        return False if is_public or not deployment.has_own_key else None


class _Shelf:
    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self._exact = {(listing.provider, listing.model): listing for listing in reading.listings}
        self._providers = frozenset(listing.provider for listing in reading.listings)
        self._alike: dict[tuple[str, str], list[Listing]] = defaultdict(list)
        self._anywhere: dict[str, list[Listing]] = defaultdict(list)
        for listing in reading.listings:
            give_way()
            if ":" not in listing.model:  # `:free` and the like are offers of their own
                name = identify(listing.model).canonical
                self._alike[listing.provider, name].append(listing)
                self._anywhere[name].append(listing)

    def is_list_of(self, deployment: Deployment) -> bool:
        address = deployment.address
        return deployment.provider in self._providers and (address is None or address in self.reading.hosts)

    def spoken(self, deployment: Deployment) -> Iterator[Spoken]:
        """Yield what is said, the closest first."""
        if self.is_list_of(deployment) and (own := self.listed(deployment)):
            yield Spoken(self.reading, own, "as_listed")
        if self.reading.rank is not Rank.RESELLER or deployment.provider in self._providers:
            return
        wanted = identify(deployment.upstream)
        alike = self._anywhere.get(wanted.canonical, ())
        if not alike:
            return
        maker = _SOLE_SELLERS.get(deployment.provider)
        if deployment.address is not None:
            maker = None
        sold = [
            each
            for each in alike
            if maker
            and each.model.startswith(maker)
            and not each.model.startswith(_OPEN_WEIGHTS)
            and identify(each.model).is_same_offer(wanted)
        ]
        if sold:
            yield Spoken(self.reading, _closest(deployment.upstream, sold), "as_maker")
        is_cloud = deployment.provider in _CLOUDS
        if deployment.provider in _HOSTS and (is_cloud or deployment.address is None):
            yield Spoken(self.reading, _closest(deployment.upstream, alike), "as_last")

    def listed(self, deployment: Deployment) -> Listing | None:
        """Find a model in its provider's own list: by name, or else by identity and release.

        A variant of a reseller (`:nitro`, `:online`) is the model itself, except a free one.
        """
        provider, bare = deployment.provider, deployment.bare
        found = self._exact.get((provider, bare))
        if found is not None or bare.endswith(":free"):
            return found
        plain, _, variant = bare.partition(":")
        if variant and (found := self._exact.get((provider, plain))):
            return found
        wanted = identify(bare)
        alike = [
            each
            for each in self._alike.get((provider, wanted.canonical), ())
            if (its := identify(each.model)).offer == wanted.offer
            and (not wanted.release or its.release in ("", wanted.release))
        ]
        return _closest(bare, alike) if alike and wanted.canonical else None


def _closest(upstream: str, alike: Sequence[Listing]) -> Listing:
    best = match(upstream, [each.model for each in alike])
    return next((each for each in alike if each.model == best), alike[0])
