"""A decision in words, and as data.

`reasons_for` is called while deciding; `summary` makes the one line that stands in a header;
`to_dict` gives it as JSON values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Final

from heimdall_litellm.core.strangers import GUESSED
from heimdall_litellm.core.triage import Triage
from heimdall_litellm.core.types import Bucket, CandidateScore, Decision, Overrides, Policy, RouterPolicy

_MAX_SUMMARY = 300
UNPRICED: Final = "an unknown price counts as the dearest that is known of the candidates"


def reasons_for(
    result: Triage,
    policy: Policy,
    router_policy: RouterPolicy,
    bucket: Bucket,
    overrides: Overrides,
    chosen: CandidateScore,
    scored: Sequence[CandidateScore],
) -> tuple[str, ...]:
    """Say in plain words, in the order the rules were applied, why a model was chosen."""
    reasons = [_bucket_reason(result, policy, bucket, overrides)]
    within_bucket = router_policy == "bucket"
    if within_bucket and chosen.bucket != bucket:
        reasons.append(f"no {bucket} candidate can serve it, so the {chosen.bucket} bucket does")
    rivals = {c.model for c in scored if c.eligible and (c.bucket == chosen.bucket or not within_bucket)}
    kind = f"{chosen.bucket} candidate" if within_bucket else "candidate"
    price = f"for about ${chosen.cost_usd:.6f}" if chosen.is_priced else "at an unknown price"
    cost = f"quality {chosen.quality:.2f} {price}"
    if len(rivals) == 1:
        reasons.append(f"{chosen.model} is the only {kind} left: {cost}")
    else:
        reasons.append(f"{chosen.model} scores best of {len(rivals)} {kind}s: {cost}")
    if chosen.basis in GUESSED:
        reasons.append(f"that quality is {GUESSED[chosen.basis]}")
    if not chosen.is_priced:
        reasons.append(UNPRICED)
    out = sorted({c.model for c in scored if not c.eligible} - {c.model for c in scored if c.eligible})
    if out:
        reasons.append(f"{len(out)} ruled out")
    reasons.extend(overrides.notes)
    return tuple(reasons)


def _bucket_reason(result: Triage, policy: Policy, bucket: Bucket, overrides: Overrides) -> str:
    if overrides.bucket is not None:
        return f"the request asks for the {bucket} bucket"
    if bucket == "hard":
        return f"looks hard: p_hard {result.p_hard:.2f} > {policy.hard_threshold:g}"
    if bucket == "cheap":
        return f"looks easy: p_cheap {result.p_cheap:.2f} > {policy.cheap_threshold:g}"
    return (
        f"neither easy nor hard: p_cheap {result.p_cheap:.2f} <= {policy.cheap_threshold:g}, "
        f"p_hard {result.p_hard:.2f} <= {policy.hard_threshold:g}"
    )


def summary(decision: Decision) -> str:
    """Give the reasons as one printable ASCII line, fit for an HTTP header."""
    line = "; ".join(decision.reasons)
    clean = "".join(c if " " <= c <= "~" else "?" for c in line)
    return clean if len(clean) <= _MAX_SUMMARY else f"{clean[: _MAX_SUMMARY - 3]}..."


def to_dict(decision: Decision) -> dict[str, object]:
    """Give a decision as plain JSON values; an ineligible candidate's score is None."""
    return {
        "bucket": decision.bucket,
        "p_cheap": decision.p_cheap,
        "p_mid": decision.p_mid,
        "p_hard": decision.p_hard,
        "difficulty": decision.difficulty,
        "cluster": decision.cluster,
        "model": decision.model,
        "effort": decision.effort.reasoning_effort,
        "thinking_budget": decision.effort.thinking_budget,
        "alpha": decision.alpha,
        "candidates": [_candidate(c) for c in decision.candidates],
        "fallbacks": list(decision.fallbacks),
        "reasons": list(decision.reasons),
        "policy": decision.policy,
        "router_policy": decision.router_policy,
    }


def _candidate(candidate: CandidateScore) -> dict[str, object]:
    return {
        "model": candidate.model,
        "bucket": candidate.bucket,
        "effort": candidate.effort,
        "eligible": candidate.eligible,
        "why_not": candidate.why_not,
        "quality": candidate.quality,
        "basis": candidate.basis,
        "cost_usd": candidate.known_cost_usd,
        "output_tokens": candidate.output_tokens,
        "penalties": candidate.penalties,
        "score": candidate.score if isfinite(candidate.score) else None,
    }


def influences(contributions: Mapping[str, float], top: int = 6) -> list[tuple[str, float]]:
    """Give what moved one bucket's score most, signed, largest first."""
    ranked = sorted(contributions.items(), key=lambda item: (-abs(item[1]), item[0]))
    return [(name, value) for name, value in ranked[:top] if value != 0.0]
