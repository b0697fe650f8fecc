"""What is expected of a model before anything is asked of it, and how that is known.

Which of a bundle's models a deployment is, is a question about both: first the very model
(`catalog/identity.py`), then a relative of the same family (`catalog/families.py`), then its
price. The same answers stand behind every decision (`core/strangers.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from heimdall_litellm.background import give_way
from heimdall_litellm.bundle import Bundle
from heimdall_litellm.catalog import match
from heimdall_litellm.catalog.facts import CatalogView, Prior
from heimdall_litellm.catalog.families import relative
from heimdall_litellm.core.strangers import Expectations, at_effort, is_price
from heimdall_litellm.core.types import CatalogEntry, EffortSpec


@dataclass(frozen=True, slots=True)
class Matches:
    """Finds catalog entries among a bundle's models."""

    models: Sequence[str]

    def known_as(self, entry: CatalogEntry, effort: EffortSpec) -> str | None:
        """The bundle's name for a model at an effort, or the nearest effort; None for a stranger."""
        give_way()
        return match(entry.upstream, self.models, effort.reasoning_effort)

    def relative_of(self, entry: CatalogEntry, effort: EffortSpec) -> str | None:
        """The bundle's name for the relative that stands for a model, or None."""
        return relative(entry.upstream, self.models, effort.reasoning_effort)


def prior_of(entry: CatalogEntry, bundle: Bundle) -> Prior:
    """Say what a bundle expects of a model, asked to think as it does unasked."""
    return _prior(entry, bundle, Expectations.of_table(bundle.knowledge.table))


def prior_quality(entries: Sequence[CatalogEntry], bundle: Bundle) -> dict[str, float]:
    """Expected quality of each model over the bundle's own mix of clusters, 0..1, by name."""
    expectations = Expectations.of_table(bundle.knowledge.table)
    return {entry.name: _prior(entry, bundle, expectations).quality for entry in entries}


def with_priors(view: CatalogView, bundle: Bundle) -> CatalogView:
    """Fill in the prior of every card of a catalog."""
    expectations = Expectations.of_table(bundle.knowledge.table)
    cards = {
        name: replace(card, prior=_prior(card.entry, bundle, expectations))
        for name, card in view.cards.items()
    }
    return replace(view, cards=cards)


def _prior(entry: CatalogEntry, bundle: Bundle, expectations: Expectations) -> Prior:
    matches, effort = Matches(bundle.models), EffortSpec("medium" if entry.is_reasoning else None)
    known_as = matches.known_as(entry, effort)
    kin = matches.relative_of(entry, effort) if known_as is None else None
    found = expectations.of(entry, known_as, kin, effort.reasoning_effort)
    named = known_as or kin
    if entry.quality_override is not None:
        return Prior(entry.quality_override, "user", known_as)
    overall = min(1.0, max(0.0, float(found.quality @ bundle.knowledge.table.share)))
    table = bundle.priors
    if table is None:
        return Prior(overall, found.basis, named)
    usd = entry.output_usd_per_mtok
    by_price = table.kinds_for(usd) if is_price(usd) and found.basis in ("price-class", "family") else {}
    if named is None:
        return Prior(overall, found.basis, None, by_price)
    at = expectations.index[named]
    own = at_effort(table.by_kind[at], named, effort.reasoning_effort)
    by_kind = table.named(own)
    return Prior(
        overall,
        found.basis,
        named,
        {kind: max(quality, by_price.get(kind, 0.0)) for kind, quality in by_kind.items()},
        int(table.outcomes[at]),
        int(table.published[at]),
        table.latest_at(at),
    )
