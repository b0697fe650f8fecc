"""What a request would have cost without routing: everything to one named model, the baseline.

What was paid is LiteLLM's own figure, which reckons with cached prompts. The baseline's is made from the same
request: it would have read the same input, and written as much more or less than the model that answered as
the bundle expects of the two:

    (input − again) · p_in + again · p_cached + output · (expected[baseline] / expected[chosen]) · p_out

`again` is what had stood in an earlier request of the conversation within the last minutes, or what the model
that answered did read from a cache, whichever is more: had all of it gone to the baseline, its provider's
cache would have held that. Where the baseline itself answered it is what was paid, less what its cache would
have saved if the earlier turn hadn't gone elsewhere. So a saving may be negative: a cheaper model that finds
no warm cache can cost more than a dear one that does.

Tokens of two vendors aren't alike, and how much a model writes is a guess: that part is told apart, for the
report to say how unsure it is.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from heimdall_litellm.journal.record import Baseline

_LEAST, _MOST = 0.1, 10.0
_M: Final = 1e6


class Counterfactual(NamedTuple):
    """USD: `total`, and of that what rests on the guess of how much the baseline would have written."""

    total: float
    guessed: float


def counterfactual(
    baseline: Baseline,
    *,
    served: str | None,
    paid_usd: float,
    input_tokens: int,
    output_tokens: int,
    expected_output_tokens: float | None,
    repeated_tokens: int = 0,
    cached_tokens: int = 0,
) -> Counterfactual:
    """Return what the baseline would have cost. `expected_output_tokens` are those of who answered."""
    cached_price = baseline.cache_read_usd_per_mtok
    again = min(max(repeated_tokens, cached_tokens), input_tokens) if cached_price is not None else 0
    discount = max(0.0, baseline.input_usd_per_mtok - (cached_price or 0.0)) / _M
    if served == baseline.model:
        return Counterfactual(max(0.0, paid_usd - max(0, again - cached_tokens) * discount), 0.0)
    ratio = 1.0
    if expected_output_tokens and baseline.output_tokens > 0:
        ratio = min(_MOST, max(_LEAST, baseline.output_tokens / expected_output_tokens))
    read = input_tokens * baseline.input_usd_per_mtok / _M - again * discount
    written = output_tokens * ratio * baseline.output_usd_per_mtok / _M
    return Counterfactual(read + written, written)
