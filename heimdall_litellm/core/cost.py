"""What a request is expected to cost on each candidate.

    cost[m] = input tokens · input price[m] + output tokens[m] · output price[m]

Output tokens are the model's own in the request's clusters, hidden reasoning included, because
list prices mislead: of two models with nearly equal prices one may write twice as much. A
limit that the client set caps them.
"""

from __future__ import annotations

import numpy as np

from heimdall_litellm.core.candidates import CandidateSet
from heimdall_litellm.core.quality import Neighbourhood
from heimdall_litellm.core.types import FloatArray, RequestFacts


def expected_output_tokens(candidates: CandidateSet, facts: RequestFacts, near: Neighbourhood) -> FloatArray:
    """Tokens each candidate is expected to write, thinking included; shape (rows,)."""
    tokens: FloatArray = candidates.tokens[:, near.ids] @ near.weights
    if facts.max_output_tokens is not None:
        tokens = np.minimum(tokens, np.float32(facts.max_output_tokens))
    return tokens


def expected_cost_usd(candidates: CandidateSet, facts: RequestFacts, output_tokens: FloatArray) -> FloatArray:
    """Dollars for this request on each candidate; shape (rows,)."""
    cost: FloatArray = facts.input_tokens * candidates.input_usd + output_tokens * candidates.output_usd
    return cost
