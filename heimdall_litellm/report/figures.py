"""What the journal tells of a period, as plain data that `summary.py` fills.

All money is USD, all times are UTC,
periods are half open. What is measured and what is reckoned are kept apart: `spend_usd` is LiteLLM's own
figure; `saving` compares it with what the baseline *would have* cost, which nobody saw; `measured` compares
requests that a draw sent to the baseline with those it didn't, and exists only where there is a holdout.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

LEVEL: Final = 0.95
"""What share of such intervals hold what they are about, if their assumptions do."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`, at the level `LEVEL`."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure, and how unsure it is; None where there is too little to say."""

    value: float
    interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Requests by what became of them.

    `cached` were answered by LiteLLM's cache, `left` by nobody for the client hung up, of `unknown` ones
    nothing has been heard: they are on their way, or their process was killed.
    """

    total: int = 0
    answered: int = 0
    cached: int = 0
    failed: int = 0
    refused: int = 0
    left: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """Some of the requests, by name: a bucket, a cause."""

    name: str
    requests: int
    share: float
    spend_usd: float


@dataclass(frozen=True, slots=True)
class Failover:
    """Requests whose first failure was of this kind, and how many of them were answered after all."""

    cause: str
    requests: int
    answered: int


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of the values in a bounded sample: how many there were, and what so many per cent stay below."""

    sampled: int
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class ModelLine:
    """One model group: what went there, or came from there in the end.

    `failed` are requests that ended there unanswered. `spend_usd` is None where nobody knows what any of its
    answers cost. `score` is the weighted mean of the signals, of which there were `signals`; None where there
    were none.
    """

    model: str
    requests: int
    share: float
    failed: int
    spend_usd: float | None
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    latency_s: Percentiles | None
    first_token_s: Percentiles | None
    score: float | None
    signals: int


@dataclass(frozen=True, slots=True)
class Slot:
    """A part of the period, as long as the others; the first and the last may reach beyond the period.

    `baseline_usd` is to be compared with `paid_usd`, a part of the spend.
    """

    at: datetime
    requests: int
    spend_usd: float
    paid_usd: float
    baseline_usd: float
    models: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Saving:
    """What was paid against what the baseline would have cost: a counterfactual, so never measured.

    Over the `requests` of which both are known. `guessed_usd` is the part of `baseline_usd` that rests on how
    much the baseline would have written; the intervals come from that guess alone (`uncertainty.py`).
    `saved_share` is of `baseline_usd`. Negative where routing cost more.
    """

    baselines: tuple[str, ...]
    requests: int
    paid_usd: float
    baseline_usd: float
    guessed_usd: float
    saved_usd: Estimate
    saved_share: Estimate | None


@dataclass(frozen=True, slots=True)
class ArmLine:
    """One arm: what a request costs there in the mean, and how good its answers are held to be.

    `score` is the weighted mean of the signals, `doubted` the share of requests with a signal below 0.5.
    """

    requests: int
    conversations: int
    signals: int
    cost_usd: Estimate | None
    score: Estimate | None
    doubted: Estimate | None


@dataclass(frozen=True, slots=True)
class Measured:
    """Routing against the baseline, by a draw: of requests that routing would have sent elsewhere.

    Requests for which the baseline was chosen anyway are in neither arm: routing changes nothing for them.
    Differences are `routed` minus `held_out`, so a negative one in cost is a saving. `saved_usd` is what the
    routed arm saved in this period by that measure. Intervals go by conversation. `note` says what can't be
    said, and why.
    """

    routed: ArmLine
    held_out: ArmLine
    cost_usd: Estimate | None
    score: Estimate | None
    doubted: Estimate | None
    saved_usd: Estimate | None
    saved_share: Estimate | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Flow:
    """Requests of shadow mode by the model that answered and the one that was decided on, or the same.

    What they cost, and would have, is of the `compared` of them.
    """

    answered: str
    decided: str
    requests: int
    compared: int
    paid_usd: float
    would_usd: float


@dataclass(frozen=True, slots=True)
class Shadow:
    """What following the decisions of shadow mode would have cost, and saved.

    `decided` of the `requests` were decided on; the others would have been refused (`refused`), or were none
    to decide on. The costs are over `compared` of them: those whose cost is known. `would_usd` is reckoned
    like the baseline's cost; where the model decided on answered, thinking as hard, it is what was paid.
    `guessed_usd` is the part of it that rests on how much that model would have written; the intervals come
    from that guess alone. `saved_share` is of `paid_usd`. `flows` are by who answered and what was decided,
    the most requests first.
    """

    requests: int
    decided: int
    compared: int
    refused: int
    paid_usd: float
    would_usd: float
    guessed_usd: float
    saved_usd: Estimate
    saved_share: Estimate | None
    flows: tuple[Flow, ...]


@dataclass(frozen=True, slots=True)
class Estimated:
    """Expected against actual cost, of requests that the model decided on has answered."""

    requests: int
    expected_usd: float
    actual_usd: float


@dataclass(frozen=True, slots=True)
class Summary:
    """The whole of it. `unpriced` were answered at a cost that nobody knows.

    `failed_open` are requests on which nothing was decided, so that the default model answered. `remembered`
    are decisions taken from memory. `spend_usd` holds shadow mode's requests too; `saving` doesn't.
    """

    since: datetime
    until: datetime
    key: str | None
    requested: str | None
    requests: Counts
    spend_usd: float
    unpriced: int
    saving: Saving | None
    measured: Measured | None
    shadow: Shadow | None
    estimated: Estimated | None
    buckets: tuple[Share, ...]
    causes: tuple[Share, ...]
    models: tuple[ModelLine, ...]
    failovers: tuple[Failover, ...]
    failed_open: int
    remembered: int
    decision_us: Percentiles | None
    timeline: tuple[Slot, ...]


def to_data(summary: Summary) -> dict[str, Any]:
    """Return a summary as JSON's own types."""
    from pydantic import TypeAdapter

    found: dict[str, Any] = TypeAdapter(Summary).dump_python(summary, mode="json")
    return found
