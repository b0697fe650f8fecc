"""What holds for every decision."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heimdall_litellm.core.decision import decide
from heimdall_litellm.core.features import N_FEATURES, featurize
from heimdall_litellm.core.request import read_request
from heimdall_litellm.core.types import (
    BUCKETS,
    Bucket,
    CatalogEntry,
    Decision,
    Overrides,
    Penalties,
    RequestFacts,
    RouterPolicy,
)
from heimdall_litellm.core.words import words
from heimdall_litellm.errors import NoCandidate
from tests.support import RAW, entry, field, knowledge, policy, table

NAMES = ["a", "b", "c", "d", "e", "f"]
FREE = Penalties(latency_sd=0.0, ctx_over_80pct=0.0)
FACTS = RequestFacts(ask="code", input_tokens=1_000)

unit = st.floats(0, 1, width=32)
policies = st.sampled_from(get_args(RouterPolicy))
price = st.floats(0.0009765625, 100, width=32)


@st.composite
def worlds(draw: st.DrawFn, smallest: int = 1) -> tuple[list[CatalogEntry], dict[str, list[float]], str]:
    """Some models with prices, qualities by cluster, and a bucket that holds them all."""
    names = NAMES[: draw(st.integers(smallest, len(NAMES)))]
    entries = [
        entry(
            name,
            draw(price),
            draw(price),
            max_input_tokens=draw(st.sampled_from([500, 10_000, 1_000_000])),
            has_vision=draw(st.booleans()),
        )
        for name in names
    ]
    return entries, {name: [draw(unit), draw(unit)] for name in names}, draw(st.sampled_from(BUCKETS))


def choose(
    world: tuple[Sequence[CatalogEntry], dict[str, list[float]], Bucket],
    alpha: float = 0.6,
    facts: RequestFacts = FACTS,
    penalties: Penalties = FREE,
    router_policy: RouterPolicy = "bucket",
    **how: object,
) -> Decision:
    entries, quality, bucket = world
    known = table(quality)
    rules = policy(
        {bucket: tuple(e.name for e in entries)},
        alpha=alpha,
        penalties=penalties,
        max_fallbacks=9,
        router_policy=router_policy,
    )
    return decide(facts, knowledge(known, RAW[bucket]), field(entries, known, rules), **how)  # type: ignore[arg-type]


def outcome(*args: object, **how: object) -> object:
    try:
        return choose(*args, **how)  # type: ignore[arg-type]
    except NoCandidate as error:
        return sorted(error.why_not)


@given(worlds(), st.randoms(use_true_random=False), unit)
def test_the_order_of_candidates_never_matters(world, random, alpha) -> None:  # type: ignore[no-untyped-def]
    entries, quality, bucket = world
    shuffled = list(entries)
    random.shuffle(shuffled)
    first, second = outcome(world, alpha), outcome((shuffled, quality, bucket), alpha)
    if isinstance(first, Decision) and isinstance(second, Decision):
        assert (first.model, first.fallbacks) == (second.model, second.fallbacks)
    else:
        assert first == second


@given(worlds(), unit, st.floats(1.0, 50.0), unit)
def test_a_dominated_candidate_never_changes_the_choice(world, alpha, dearer, worse) -> None:  # type: ignore[no-untyped-def]
    entries, quality, bucket = world
    able = [replace(e, max_input_tokens=None) for e in entries]
    best = able[0]
    dominated = replace(
        best,
        name="zz",
        input_usd_per_mtok=(best.input_usd_per_mtok or 0) * dearer + 0.01,
        output_usd_per_mtok=(best.output_usd_per_mtok or 0) * dearer + 0.01,
    )
    lower = [value * worse for value in quality[best.name]]
    without = choose((able, quality, bucket), alpha)
    with_it = choose(([*able, dominated], {**quality, "zz": lower}, bucket), alpha)
    assert with_it.model == without.model


@given(worlds(smallest=2), unit, unit)
def test_a_harder_request_never_goes_to_a_worse_model(world, alpha, share) -> None:  # type: ignore[no-untyped-def]
    """The triage says more of what a better model gains, so more is paid for it."""
    entries, quality, _ = world
    able = [replace(e, max_input_tokens=None) for e in entries]
    names = tuple(e.name for e in able)
    known = table(quality)
    rules = policy(dict.fromkeys(BUCKETS, names), alpha=alpha, penalties=FREE, router_policy="triage")
    base = dict(zip(names, (sum(q) / 2 for q in quality.values()), strict=True))
    facts = RequestFacts(ask="", input_tokens=1_000)
    raws = ((6.0, 0.0, 0.0), (6.0 * share, 0.0, 6.0 * (1 - share)), (0.0, 0.0, 6.0))
    chosen = [decide(facts, knowledge(known, raw), field(able, known, rules)).model for raw in raws]
    assert base[chosen[0]] <= base[chosen[1]] + 1e-5
    assert base[chosen[1]] <= base[chosen[2]] + 1e-5


def part(decision: Decision, which: str) -> float:
    value: float = next(getattr(c, which) for c in decision.candidates if c.model == decision.model)
    return value


@given(worlds(), unit, unit, policies)
def test_raising_alpha_never_lowers_quality_or_cost(world, one, other, rule) -> None:  # type: ignore[no-untyped-def]
    low, high = sorted((one, other))
    cheap, good = outcome(world, low, router_policy=rule), outcome(world, high, router_policy=rule)
    if isinstance(cheap, Decision) and isinstance(good, Decision):
        assert part(good, "quality") >= part(cheap, "quality") - 1e-5
        assert part(good, "cost_usd") >= part(cheap, "cost_usd") * (1 - 1e-5)


@given(worlds(), policies)
def test_the_ends_of_alpha_are_the_best_and_the_cheapest(world, rule) -> None:  # type: ignore[no-untyped-def]
    best, cheapest = outcome(world, 1.0, router_policy=rule), outcome(world, 0.0, router_policy=rule)
    if isinstance(best, Decision) and isinstance(cheapest, Decision):
        eligible = [c for c in best.candidates if c.eligible]
        assert part(best, "quality") == max(c.quality for c in eligible)
        assert part(cheapest, "cost_usd") == min(c.cost_usd for c in eligible)


@given(worlds(), st.sampled_from([0.01, 0.5, 7.0, 1_000.0]), unit)
def test_the_currency_does_not_matter(world, rate, alpha) -> None:  # type: ignore[no-untyped-def]
    entries, quality, bucket = world
    changed = [
        replace(
            e,
            input_usd_per_mtok=(e.input_usd_per_mtok or 0) * rate,
            output_usd_per_mtok=(e.output_usd_per_mtok or 0) * rate,
        )
        for e in entries
    ]
    first, second = outcome(world, alpha), outcome((changed, quality, bucket), alpha)
    if isinstance(first, Decision) and isinstance(second, Decision):
        gap = part(first, "score") - next(c.score for c in first.candidates if c.model == second.model)
        assert gap <= 1e-5


@given(worlds(), st.sets(st.sampled_from(NAMES)), st.booleans())
def test_nobody_ineligible_is_chosen_or_fallen_back_to(world, permitted, has_images) -> None:  # type: ignore[no-untyped-def]
    facts = replace(FACTS, has_images=has_images)
    by_name = {e.name: e for e in world[0]}
    decision = outcome(world, facts=facts, permitted=permitted)
    if not isinstance(decision, Decision):
        assert decision == sorted(by_name)
        return
    chain = (decision.model, *decision.fallbacks)
    assert len(set(chain)) == len(chain)
    for name in chain:
        assert name in permitted
        assert by_name[name].has_vision or not has_images
        assert (by_name[name].max_input_tokens or 0) > 1_000


@given(worlds(smallest=2), unit)
def test_ties_are_broken_by_cost_and_then_by_name(world, quality) -> None:  # type: ignore[no-untyped-def]
    entries, _, bucket = world
    same = [
        replace(e, input_usd_per_mtok=1.0, output_usd_per_mtok=1.0, max_input_tokens=None) for e in entries
    ]
    alike = {e.name: [quality, quality] for e in entries}
    decision = choose((same, alike, bucket))
    chain = [decision.model, *decision.fallbacks]
    assert chain == sorted(chain)


@given(worlds(), unit, st.floats(0.0, 0.1))
def test_scores_are_finite_for_the_eligible_and_costs_for_all(world, alpha, limit) -> None:  # type: ignore[no-untyped-def]
    try:
        decision = choose(world, alpha, penalties=Penalties(), overrides=Overrides(max_cost_usd=limit))
    except NoCandidate:
        return
    for candidate in decision.candidates:
        assert math.isfinite(candidate.cost_usd)
        assert math.isfinite(candidate.score) == candidate.eligible
    assert part(decision, "cost_usd") <= limit * (1 + 1e-6)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "role",
                    "content",
                    "type",
                    "text",
                    "parts",
                    "tools",
                    "input",
                    "inlineData",
                    "user",
                    "tool_result",
                    "x",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)
bodies = st.dictionaries(
    st.sampled_from(
        [
            "messages", "system", "input", "prompt", "contents", "tools", "response_format", "max_tokens",
            "generationConfig", "instructions", "text", "thinking",
        ]
    ),
    json_values,
)  # fmt: skip


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(bodies)
def test_any_json_body_gives_facts_and_a_finite_vector(body) -> None:  # type: ignore[no-untyped-def]
    facts = read_request(body)
    vector = featurize(facts, words(facts.ask))
    assert vector.shape == (N_FEATURES,)
    assert np.isfinite(vector).all()
    assert facts.input_tokens >= 0
