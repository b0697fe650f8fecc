"""What a request would have cost without routing: everything to one named model, the baseline.

What was paid is LiteLLM's own figure, which reckons with cached prompts. The baseline's is made from the same
request: it would have read the same input, and written as much more or less than the model that answered as
the bundle expects of the two:

    (input − again) · p_in + again · p_cached + output · (expected[baseline] / expected[chosen]) · p_out

`again` is what had stood in an earlier request of the conversation within the last minutes, or what the
model that answered did read from a cache, whichever is more: had all of it gone to the baseline, its
provider's cache would have held that. It counts where something speaks for that: a model has read the
earlier request, there is enough of it to be cached at all (`LEAST_CACHED`), and the baseline's provider
caches by itself or was asked to. So a saving may be negative: a cheaper model that finds no warm cache can
cost more than a dear one that does.

Where the baseline itself answered, it is what was paid. Two things may still differ: it was asked to think
harder or less than it does unasked, so that it wrote more or less; and an earlier turn went elsewhere, so
that its cache was colder.

Tokens of two vendors aren't alike, and how much a model writes is a guess: that part is told apart, for the
report to say how unsure it is.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from heimdall_litellm.journal.record import Baseline

LEAST_CACHED: Final = 1024
"""Tokens: OpenAI, Anthropic and Google cache no shorter prompt, of some models only those of 4,096."""
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
    read_by: str | None = None,
    cached_tokens: int = 0,
    caches: bool = True,
) -> Counterfactual:
    """Return what the baseline would have cost.

    `expected_output_tokens` are those of who answered, thinking as hard as it did. `read_by` is the model
    that read the `repeated_tokens` before, `caches` whether the baseline's provider would have kept them.
    """
    cached_price = baseline.cache_read_usd_per_mtok
    again = max(repeated_tokens if read_by is not None else 0, cached_tokens)
    if cached_price is None or not caches or again < LEAST_CACHED:
        again = 0
    again = min(again, input_tokens)
    discount = max(0.0, baseline.input_usd_per_mtok - (cached_price or 0.0)) / _M
    ratio = 1.0
    if expected_output_tokens and baseline.output_tokens > 0:
        ratio = min(_MOST, max(_LEAST, baseline.output_tokens / expected_output_tokens))
    written = output_tokens * baseline.output_usd_per_mtok / _M
    if served == baseline.model:
        colder = again - cached_tokens if read_by not in (None, served) else 0
        total = max(0.0, paid_usd + (ratio - 1.0) * written - max(0, colder) * discount)
        return Counterfactual(total, min(total, ratio * written) if ratio != 1.0 else 0.0)
    read = input_tokens * baseline.input_usd_per_mtok / _M - again * discount
    return Counterfactual(read + ratio * written, ratio * written)
