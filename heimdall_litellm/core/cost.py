"""What a request is expected to cost on each candidate.

    cost[m] = input tokens · input price[m] + output tokens[m] · output price[m]

Output tokens are the model's own in the request's clusters, hidden reasoning included, because
list prices mislead: of two models with nearly equal prices one may write twice as much. A
limit that the client set caps them.
"""

from __future__ import annotations

from collections.abc import Sequence

from heimdall_litellm.core.candidates import CandidateSet
from heimdall_litellm.core.quality import Neighbourhood
from heimdall_litellm.core.types import RequestFacts


def expected_output_tokens(candidates: CandidateSet, facts: RequestFacts, near: Neighbourhood) -> list[float]:
    """Tokens each candidate is expected to write, thinking included; by row."""
    tokens = near.blend(candidates.tokens, candidates.typical_tokens)
    limit = facts.max_output_tokens
    return tokens if limit is None else [min(count, float(limit)) for count in tokens]


def expected_cost_usd(
    candidates: CandidateSet, facts: RequestFacts, output_tokens: Sequence[float]
) -> list[float]:
    """Dollars for this request on each candidate; by row."""
    read = facts.input_tokens
    return [
        read * input_usd + written * output_usd
        for input_usd, output_usd, written in zip(
            candidates.input_usd, candidates.output_usd, output_tokens, strict=True
        )
    ]
