"""decide: facts and a snapshot become one Decision.

The whole chain, in order: words → features and embedding → triage → bucket; nearest clusters →
quality and expected cost of every candidate; guardrails; α-score; the ranked chain. Pure: the
same arguments give the same decision, anywhere.

It has two halves. `look` reads the wording and comes to a `Sight`, which holds none of it; `choose` goes on
from there, with nothing of the facts but their counts. So a decision can be made again, or made otherwise,
from what may be kept of a request whose prompt may not.

Three policies:

- *triage*: all candidates compete, and the triage's difficulty scales the gaps of quality between them
  (`quality.py`);
- *alpha*: all compete by what the clusters say of them;
- *bucket*: the triage's bucket decides who competes.

A bucket that the request asks for is obeyed under each.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from heimdall_litellm.core import guardrails, scoring
from heimdall_litellm.core.candidates import CandidateSet
from heimdall_litellm.core.cost import expected_cost_usd, expected_output_tokens
from heimdall_litellm.core.embedding import StaticEmbedding
from heimdall_litellm.core.explain import reasons_for
from heimdall_litellm.core.failover import Hop, after, rank
from heimdall_litellm.core.features import featurize
from heimdall_litellm.core.quality import Neighbourhood, QualityTable, nearest, scale_gaps
from heimdall_litellm.core.triage import LEVEL, Calibration, Tilt, Triage, choose_bucket, triage
from heimdall_litellm.core.types import (
    NO_OVERRIDES,
    NO_STANDING,
    NO_TIME,
    CandidateScore,
    Decision,
    FloatArray,
    Overrides,
    RequestFacts,
    RouterPolicy,
    Spent,
    Standing,
    TriageModel,
)
from heimdall_litellm.core.words import words
from heimdall_litellm.core.wordscore import Tokens, WordScore
from heimdall_litellm.errors import NoCandidate

_SHORT_ASK = 200
"""Characters below which the conversation's topic helps to understand an ask."""

Clock = Callable[[], int]


def _no_clock() -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a bundle knows, as the core reads it.

    `centroids` (clusters, d) have unit length; `temperature` is that of the blend in
    `quality.nearest`; `typical_difficulty` is the triage's mean over the training prompts.
    """

    embedding: StaticEmbedding
    triage_model: TriageModel
    words: WordScore
    calibration: Calibration
    centroids: FloatArray
    temperature: float
    table: QualityTable
    tilt: Tilt = LEVEL
    typical_difficulty: float = 0.5


@dataclass(frozen=True, slots=True)
class Perception:
    """What is seen in a request before any candidate is looked at."""

    features: FloatArray
    embedding: FloatArray
    tokens: Tokens
    triage: Triage
    spent: Spent = NO_TIME


@dataclass(frozen=True, slots=True)
class Sight:
    """What a choice needs of a request's wording, in which no word of it is left."""

    features: FloatArray
    triage: Triage
    near: Neighbourhood
    spent: Spent = NO_TIME


class ModelInput(NamedTuple):
    """What the triage reads: `features`, `embedding` (d,), and the distinct `tokens`, sorted row numbers."""

    features: FloatArray
    embedding: FloatArray
    tokens: Tokens


def model_input(facts: RequestFacts, embedding: StaticEmbedding) -> ModelInput:
    """Read a request for the triage; training calls this too."""
    return _read(facts, embedding, _no_clock)[0]


def _read(facts: RequestFacts, embedding: StaticEmbedding, clock: Clock) -> tuple[ModelInput, Spent]:
    started = clock()
    text = facts.ask
    if facts.topic and len(text) < _SHORT_ASK:
        text = f"{text}\n{facts.topic}"
    spelled = embedding.spelled(words(text))
    ids = embedding.token_ids(spelled)
    distinct = set(ids)
    tokens = np.fromiter(distinct, np.intp, len(distinct))
    tokens.sort()  # so that the sums don't depend on the order of the words
    vector = embedding.vector(ids)
    embedded = clock()
    features = featurize(facts, spelled)
    return ModelInput(features, vector, tokens), Spent(embedded - started, clock() - embedded)


def perceive(facts: RequestFacts, knowledge: Knowledge, clock: Clock = _no_clock) -> Perception:
    """Read a request: its features, its embedding and its triage. `clock` gives nanoseconds."""
    (features, embedding, tokens), spent = _read(facts, knowledge.embedding, clock)
    started = clock()
    raw = knowledge.triage_model(np.concatenate((features, embedding)))
    lean = knowledge.tilt.of_request(features) + knowledge.words.of_tokens(tokens)
    result = triage(raw, knowledge.calibration, lean)
    return Perception(features, embedding, tokens, result, spent._replace(triage_ns=clock() - started))


def look(facts: RequestFacts, knowledge: Knowledge, top_p: int, clock: Clock = _no_clock) -> Sight:
    """Read a request, and find the `top_p` clusters it is nearest to. `clock` gives nanoseconds."""
    seen = perceive(facts, knowledge, clock)
    near = nearest(seen.embedding, knowledge.centroids, top_p, knowledge.temperature)
    return Sight(seen.features, seen.triage, near, seen.spent)


def decide(
    facts: RequestFacts,
    knowledge: Knowledge,
    candidates: CandidateSet,
    *,
    permitted: Collection[str] | None = None,
    overrides: Overrides = NO_OVERRIDES,
    latencies: Mapping[str, float] | None = None,
    standing: Standing = NO_STANDING,
    clock: Clock = _no_clock,
) -> Decision:
    """Choose the model for a request.

    `permitted` names the models this caller may use, None all of them; `latencies` gives recent
    mean seconds per model; `standing` says who brings a credential and who is set aside. Raises NoCandidate
    if every candidate is ruled out.
    """
    return choose(
        facts,
        look(facts, knowledge, candidates.policy.top_p, clock),
        knowledge.typical_difficulty,
        candidates,
        permitted=permitted,
        overrides=overrides,
        latencies=latencies,
        standing=standing,
    )


def choose(
    facts: RequestFacts,
    sight: Sight,
    typical_difficulty: float,
    candidates: CandidateSet,
    *,
    permitted: Collection[str] | None = None,
    overrides: Overrides = NO_OVERRIDES,
    latencies: Mapping[str, float] | None = None,
    standing: Standing = NO_STANDING,
) -> Decision:
    """Choose the model for a request whose wording was looked at; the rest as for `decide`."""
    policy, near = candidates.policy, sight.near
    alpha = policy.alpha if overrides.alpha is None else overrides.alpha
    router_policy: RouterPolicy = policy.router_policy if overrides.bucket is None else "bucket"
    ratio = sight.triage.difficulty / typical_difficulty if router_policy == "triage" else None
    within_bucket = router_policy == "bucket"
    # Of its own, for those that are measured go on changing.
    known = {row.entry.name for row in candidates.rows}
    measured = {name: s for name, s in (latencies or {}).items() if name in known}
    scored = _score_all(
        facts,
        candidates,
        near,
        alpha,
        permitted,
        overrides,
        measured,
        standing,
        ratio,
        within_bucket=within_bucket,
    )
    bucket = overrides.bucket or choose_bucket(sight.triage, policy.cheap_threshold, policy.hard_threshold)
    ranked = rank(scored, bucket, within_bucket=within_bucket)
    if not ranked:
        raise _no_candidate(scored)
    chosen, providers = ranked[0], {row.entry.name: row.entry.provider for row in candidates.rows}
    # Most likely a provider is down, if the first attempt fails at all; `failover.after` mends it if not.
    aside = _set_aside(scored, {c.model for c in ranked})
    rows = {c.model: c for c in (*ranked, *aside)}
    hops = [Hop(name, providers[name]) for name in rows]
    fallbacks = after("unavailable", hops[0], hops[1:], set_aside=[c.model for c in aside])
    efforts = {(row.entry.name, row.bucket): row.effort for row in candidates.rows}
    return Decision(
        model=chosen.model,
        bucket=chosen.bucket if within_bucket else bucket,
        p_cheap=sight.triage.p_cheap,
        p_mid=sight.triage.p_mid,
        p_hard=sight.triage.p_hard,
        difficulty=sight.triage.difficulty,
        cluster=int(near.ids[0]),
        alpha=alpha,
        effort=efforts[chosen.model, chosen.bucket],
        candidates=scored,
        fallbacks=tuple(hop.model for hop in fallbacks[: policy.max_fallbacks]),
        ranked=tuple(rows),
        rows=rows,
        efforts={name: efforts[name, row.bucket] for name, row in rows.items()},
        reasons=reasons_for(sight.triage, policy, router_policy, bucket, overrides, chosen, scored),
        features=sight.features,
        policy=policy.name,
        router_policy=router_policy,
        near=near,
        latencies=measured,
        spent=sight.spent,
    )


def _score_all(
    facts: RequestFacts,
    candidates: CandidateSet,
    near: Neighbourhood,
    alpha: float,
    permitted: Collection[str] | None,
    overrides: Overrides,
    latencies: Mapping[str, float],
    standing: Standing,
    ratio: float | None,
    *,
    within_bucket: bool,
) -> tuple[CandidateScore, ...]:
    rows, policy = candidates.rows, candidates.policy
    entries = [row.entry for row in rows]
    quality = near.blend(candidates.quality, candidates.typical_quality)
    output_tokens = expected_output_tokens(candidates, facts, near)
    cost = expected_cost_usd(candidates, facts, output_tokens)
    why_not = guardrails.rule_out(
        entries,
        facts,
        cost,
        permitted=permitted,
        context_margin=policy.context_margin,
        max_cost_usd=overrides.max_cost_usd,
        brought=standing.brought,
        set_aside=standing.set_aside,
    )
    eligible = [why is None for why in why_not]
    penalty = scoring.penalties(entries, eligible, facts, output_tokens, policy.penalties, latencies)
    if ratio is not None:
        quality = scale_gaps(quality, eligible, ratio)
    rivals = [row.bucket if within_bucket else None for row in rows]
    score = scoring.alpha_scores(alpha, quality, cost, penalty, eligible, rivals)
    return tuple(
        CandidateScore(
            row.entry.name,
            row.bucket,
            row.effort.reasoning_effort,
            why is None,
            why,
            q,
            usd,
            out,
            p,
            s,
            row.basis,
            row.entry.is_priced,
        )
        for row, why, q, usd, out, p, s in zip(
            rows, why_not, quality, cost, output_tokens, penalty, score, strict=True
        )
    )


def _set_aside(scored: Sequence[CandidateScore], others: Collection[str]) -> list[CandidateScore]:
    """Return those that are ruled out by the circuit breaker alone, the best first: last resorts."""
    found = [c for c in scored if guardrails.is_only_aside(c.why_not) and c.model not in others]
    first: dict[str, CandidateScore] = {}
    for candidate in sorted(found, key=lambda c: (-c.quality, c.cost_usd, c.model)):
        first.setdefault(candidate.model, candidate)
    return list(first.values())


def _no_candidate(scored: tuple[CandidateScore, ...]) -> NoCandidate:
    why = {c.model: c.why_not or "" for c in scored}
    return NoCandidate(why, is_permission=all(reason == guardrails.NOT_PERMITTED for reason in why.values()))
