"""What an answer cost, and what it would have cost: found on the writer's thread, for a request's outcome.

Spend is LiteLLM's own figure. LiteLLM (1.106) says 0 of what it doesn't know, too: of a model whose price
nobody states, of Gemini's own streams, and of chat streams that another model took over. So a 0 counts only
where the catalog states such a price; otherwise the tokens are counted at the catalog's prices, and where it
has none, the cost is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from heimdall_litellm.core.cost import expected_cost_usd, expected_output_tokens
from heimdall_litellm.journal.record import Baseline
from heimdall_litellm.journal.savings import Counterfactual, counterfactual

if TYPE_CHECKING:
    from heimdall_litellm.catalog.facts import Fact
    from heimdall_litellm.core.candidates import CandidateSet
    from heimdall_litellm.core.types import CatalogEntry, Decision, RequestFacts
    from heimdall_litellm.engine import Snapshot
    from heimdall_litellm.plugin.answers import Usage

_MTOK: Final = 1e6
_ENDS: Final = 4
_MARKS: Final = ("cache_control", "cache_control_injection_points")
_BY_REQUEST: Final = ("anthropic", "bedrock", "bedrock_converse")


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


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of an answer: `paid_usd` is None where nobody knows its price.

    `read_by` is who answered the request in which its repeated tokens stood; `is_asked`: we said how hard its
    model is to think; `is_cached`: LiteLLM's own cache answered.
    """

    model: str | None
    paid_usd: float | None
    usage: Usage
    read_by: str | None = None
    is_asked: bool = False
    is_cached: bool = False


@dataclass(slots=True)
class Reckoning:
    """What the writer's thread finds out of a request for its outcome.

    `expected_tokens` is what each model that may serve it is expected to write, thinking as hard as decided;
    `unasked` what a model is expected to write that thinks as it does unasked. `earlier` is the request in
    which the `repeated_tokens` stood, `caching` the models whose providers would have kept them. `followed`
    is the model decided on where another one may answer: in shadow mode.
    """

    baseline: Baseline | None = None
    expected_tokens: Mapping[str, float] = field(default_factory=dict)
    unasked: Callable[[str], float | None] = lambda _: None
    repeated_tokens: int = 0
    earlier: str | None = None
    caching: frozenset[str] = frozenset()
    followed: Baseline | None = None

    def against(self, model: Baseline | None, answer: Answer) -> Counterfactual | None:
        """Return what an answer would have cost of another model; None where nobody can tell."""
        read, written, served = answer.usage.input, answer.usage.output, answer.model or ""
        if model is None or answer.paid_usd is None or read is None or written is None:
            return None
        if answer.is_cached:
            return Counterfactual(0.0, 0.0)  # nobody would have been asked without us either
        asked = self.expected_tokens.get(served)
        return counterfactual(
            model,
            served=served,
            paid_usd=answer.paid_usd,
            input_tokens=read,
            output_tokens=written,
            expected_output_tokens=asked if answer.is_asked else self.unasked(served) or asked,
            repeated_tokens=self.repeated_tokens,
            read_by=answer.read_by,
            cached_tokens=answer.usage.cached,
            caches=model.model in self.caching,
        )


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


def baseline_of(
    decision: Decision, facts: RequestFacts, snapshot: Snapshot, prices_of: PricesOf
) -> Baseline | None:
    """Return what not routing would have meant; None where that is unknown, as where its price is."""
    alone, near = snapshot.baselines.get(decision.policy), decision.near
    if alone is None or near is None or not alone.rows[0].entry.is_priced:
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


class Unasked:
    """What models of one snapshot are expected to write where nobody asks them to think harder or less."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._known: dict[str, CandidateSet | None] = {}

    def of(self, decision: Decision, facts: RequestFacts) -> Callable[[str], float | None]:
        """Return the tokens for one request, by model; None for a model that nobody knows."""
        near, counts = decision.near, replace(facts, ask="", topic="", opening="")
        policy = self._snapshot.baselines[decision.policy].policy

        def tokens(model: str) -> float | None:
            if model not in self._known:
                self._known[model] = self._snapshot.unasked(model, policy)
            alone = self._known[model]
            return None if alone is None or near is None else expected_output_tokens(alone, counts, near)[0]

        return tokens


def followed_of(
    decision: Decision, snapshot: Snapshot, prices_of: PricesOf, unasked: float | None
) -> Baseline | None:
    """Return the model decided on as what might have answered; None where nobody knows its price.

    `unasked` is what it is expected to write where the client says itself how hard it is to think.
    """
    row, entry = decision.rows[decision.model], snapshot.entries.get(decision.model)
    if entry is None or not row.is_priced:
        return None
    return Baseline(
        row.model,
        row.cost_usd,
        row.output_tokens if unasked is None else unasked,
        row.quality,
        entry.input_usd_per_mtok or 0.0,
        entry.output_usd_per_mtok or 0.0,
        prices_of(row.model).cache_read,
    )


def caches(entry: CatalogEntry, body: Mapping[str, Any]) -> bool:
    """Whether a model's provider would keep a request for the next one: most do, Claude's where asked to.

    Of long lists the ends are looked at, where clients put their marks.
    """
    if entry.provider not in _BY_REQUEST and "claude" not in entry.upstream.lower():
        return True
    messages = tuple(_ends(body.get("messages")))
    contents = chain.from_iterable(_ends(message.get("content")) for message in messages)
    tools = tuple(_ends(body.get("tools")))
    functions = (tool["function"] for tool in tools if isinstance(tool.get("function"), Mapping))
    places = chain((body,), _ends(body.get("system")), tools, functions, messages, contents)
    return any(mark in place for place in places for mark in _MARKS)


def _ends(found: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(found, list):
        kept = found if len(found) <= 2 * _ENDS else (*found[:_ENDS], *found[-_ENDS:])
        yield from (item for item in kept if isinstance(item, Mapping))
