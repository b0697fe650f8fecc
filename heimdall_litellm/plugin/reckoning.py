"""What an answer cost, and what it would have cost: found on the writer's thread, for a request's outcome.

Spend is LiteLLM's own figure. LiteLLM (1.106) says 0 of what it doesn't know, too: of a model whose price
nobody states, of Gemini's own streams, and of chat streams that another model took over. So a 0 counts only
where the catalog states such a price; otherwise the tokens are counted at the catalog's prices, and where it
has none, the cost is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from heimdall_litellm.core.cost import expected_cost_usd, expected_output_tokens
from heimdall_litellm.journal.record import Baseline

if TYPE_CHECKING:
    from heimdall_litellm.catalog.facts import Fact
    from heimdall_litellm.core.types import CatalogEntry, Decision, RequestFacts
    from heimdall_litellm.engine import Snapshot
    from heimdall_litellm.plugin.answers import Usage

_MTOK: Final = 1e6


class Prices(NamedTuple):
    """USD per million tokens of a model group; None where nobody knows it."""

    input: float | None = None
    output: float | None = None
    cache_read: float | None = None
    cache_write: float | None = None


PricesOf = Callable[[str], Prices]
"""The catalog's prices of a model group."""


def prices_of(facts: Mapping[str, Fact]) -> Prices:
    """Return the prices among what is known of a model."""
    found = (facts.get(f"{name}_usd_per_mtok") for name in Prices._fields)
    return Prices(*(None if fact is None else float(fact.value) for fact in found))


@dataclass(slots=True)
class Reckoning:
    """What the writer's thread finds out of a request for its outcome.

    `expected_tokens` is what each model is expected to write that may serve it, as hard as it thinks there.
    """

    baseline: Baseline | None = None
    expected_tokens: Mapping[str, float] | None = None
    repeated_tokens: int = 0


def list_price(usage: Usage, prices: Prices) -> float | None:
    """Return what an answer costs by the catalog, USD; None where that can't be told.

    Cached input counts at its own prices, and as plain where nobody knows these.
    """
    if prices.input is None or prices.output is None:
        return None
    if prices.input == prices.output == 0:
        return 0.0
    if usage.input is None or usage.output is None:
        return None
    cached = min(usage.cached, usage.input)
    written = min(usage.written, usage.input - cached)
    read_at = prices.input if prices.cache_read is None else prices.cache_read
    written_at = prices.input if prices.cache_write is None else prices.cache_write
    read = (usage.input - cached - written) * prices.input + cached * read_at + written * written_at
    return (read + usage.output * prices.output) / _MTOK


def is_priced(entry: CatalogEntry | None) -> bool:
    """Whether it is known what a model costs."""
    return (
        entry is not None and entry.input_usd_per_mtok is not None and entry.output_usd_per_mtok is not None
    )


def expected_usd(decision: Decision, snapshot: Snapshot) -> float | None:
    """Return what was expected of the model decided on; None where nobody knows its price."""
    chosen = decision.rows.get(decision.model)
    return chosen.cost_usd if chosen is not None and is_priced(snapshot.entries.get(chosen.model)) else None


def baseline_of(
    decision: Decision, facts: RequestFacts, snapshot: Snapshot, prices_of: PricesOf
) -> Baseline | None:
    """Return what not routing would have meant; None where that is unknown, as where its price is."""
    alone, near = snapshot.baselines.get(decision.policy), decision.near
    if alone is None or near is None or not is_priced(alone.rows[0].entry):
        return None
    name = alone.rows[0].entry.name
    tokens = expected_output_tokens(alone, facts, near)
    scored = [c.quality for c in decision.candidates if c.model == name]
    return Baseline(
        name,
        expected_cost_usd(alone, facts, tokens)[0],
        tokens[0],
        scored[-1] if scored else near.blend(alone.quality, alone.typical_quality)[0],
        alone.input_usd[0] * _MTOK,
        alone.output_usd[0] * _MTOK,
        prices_of(name).cache_read,
    )
