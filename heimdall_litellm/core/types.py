"""The values that cross the core's border.

A request becomes `RequestFacts`; what the proxy can call becomes `CatalogEntry`; the
settings of one virtual name become a `Policy`; what was learnt offline becomes `Tables`.
`decide` (in `decision.py`) turns these into one `Decision`. All are frozen: a function
that changes something returns a new value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from heimdall_litellm.core.quality import Neighbourhood

Bucket = Literal["cheap", "mid", "hard"]
BUCKETS: tuple[Bucket, Bucket, Bucket] = ("cheap", "mid", "hard")

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh"]

RouterPolicy = Literal["triage", "alpha", "bucket"]
"""Who competes for a request, and what the triage has to say in it (`decision.py`)."""

Basis = Literal["user", "outcomes", "published", "family", "price-class", "unknown"]
"""How the quality of a model is known (`strangers.py`)."""

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What a request is, in bounded size: never the whole prompt.

    `ask` and `topic` are bounded windows (see `request.py`); all counts are over the whole
    request. `input_tokens` is an estimate and covers messages, system prompt and tools. No decision
    depends on `opening`, which tells conversations apart.
    """

    ask: str
    topic: str = ""
    ask_chars: int = 0
    system_chars: int = 0
    total_chars: int = 0
    input_tokens: int = 0
    max_output_tokens: int | None = None
    messages: int = 1
    user_turns: int = 1
    tools: int = 0
    has_tool_results: bool = False
    has_images: bool = False
    has_audio: bool = False
    has_files: bool = False
    is_json: bool = False
    has_own_effort: bool = False
    opening: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One model group of the user's LiteLLM, as far as a decision needs it.

    Where a group has several deployments, each field holds what is true of all of them:
    the smallest window, the dearest price, the capabilities they share. Prices are USD per
    million tokens; `None` means that nobody knows it.
    """

    name: str
    upstream: str
    provider: str
    input_usd_per_mtok: float | None = None
    output_usd_per_mtok: float | None = None
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    has_vision: bool = False
    has_audio: bool = False
    has_files: bool = False
    has_tools: bool = True
    has_json: bool = True
    is_reasoning: bool = False
    missing_credential: str | None = None
    """Name of the environment variable to set, if no credential was found."""
    quality_override: float | None = None
    """`model_info.heimdall.quality`, 0..1, if the user states it."""

    @property
    def is_priced(self) -> bool:
        """Whether it is known what it costs."""
        return self.input_usd_per_mtok is not None and self.output_usd_per_mtok is not None


@dataclass(frozen=True, slots=True)
class EffortSpec:
    """How hard a model is asked to think: a named effort and a budget in tokens."""

    reasoning_effort: Effort | None = None
    thinking_budget: int | None = None


@dataclass(frozen=True, slots=True)
class Penalties:
    """Weights of what is subtracted from a score.

    `latency_sd`: per standard deviation that a candidate is slower than the eligible mean.
    `ctx_over_80pct`: once, if the request fills more than 80 % of the context window.
    """

    latency_sd: float = 0.05
    ctx_over_80pct: float = 0.15


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings of one virtual model name, as the core reads them."""

    name: str
    alpha: float
    cheap_threshold: float
    hard_threshold: float
    top_p: int
    penalties: Penalties
    candidates: Mapping[Bucket, tuple[str, ...]]
    efforts: Mapping[Bucket, EffortSpec]
    context_margin: float = 0.10
    max_fallbacks: int = 4
    router_policy: RouterPolicy = "triage"


@dataclass(frozen=True, slots=True)
class Overrides:
    """What one request asks for, already checked against the administrator's limits."""

    alpha: float | None = None
    bucket: Bucket | None = None
    max_cost_usd: float | None = None
    notes: tuple[str, ...] = ()


NO_OVERRIDES = Overrides()


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand at the moment of one request.

    `brought`: providers for which the caller brings a credential of their own. `set_aside`: models that the
    circuit breaker holds back, with the cause in a few words.
    """

    brought: frozenset[str] = frozenset()
    set_aside: Mapping[str, str] = field(default_factory=dict)


NO_STANDING = Standing()


class CandidateScore(NamedTuple):
    """One candidate of one decision, with the parts of its score kept.

    A named tuple and not a dataclass: a decision makes one per candidate, and this is five times
    quicker to make. `quality` 0..1; `cost_usd` expected dollars for this request; `penalties` and `score` as
    in `scoring.py`. `why_not` says why it was ruled out, or is None. `basis` says how the quality is known.
    Where it isn't `is_priced`, `cost_usd` is only what was reckoned with, at the dearest price known.
    """

    model: str
    bucket: Bucket
    effort: Effort | None
    eligible: bool
    why_not: str | None
    quality: float
    cost_usd: float
    output_tokens: float
    penalties: float
    score: float
    basis: Basis = "outcomes"
    is_priced: bool = True

    @property
    def known_cost_usd(self) -> float | None:
        """Expected dollars for this request; None where no price is known."""
        return self.cost_usd if self.is_priced else None


class Spent(NamedTuple):
    """Nanoseconds that the stages of reading a request took; zeros where nobody held the clock."""

    embedding_ns: int = 0
    features_ns: int = 0
    triage_ns: int = 0


NO_TIME = Spent()


@dataclass(frozen=True, slots=True)
class Decision:
    """One choice, with everything needed to explain and to replay it."""

    model: str
    bucket: Bucket
    p_cheap: float
    p_mid: float
    p_hard: float
    difficulty: float
    cluster: int
    alpha: float
    effort: EffortSpec
    candidates: tuple[CandidateScore, ...]
    fallbacks: tuple[str, ...]
    """Who is tried next, if the provider of the chosen one is down; `failover.after` for other failures."""
    efforts: Mapping[str, EffortSpec]
    """Effort for each model of `ranked`."""
    reasons: tuple[str, ...]
    features: FloatArray = field(repr=False)
    ranked: tuple[str, ...] = ()
    """All models that can serve it, best first."""
    rows: Mapping[str, CandidateScore] = field(default_factory=dict)
    """Of each model of `ranked` the candidate it is: a model may stand in several buckets."""
    policy: str = "heimdall"
    router_policy: RouterPolicy = "triage"
    near: Neighbourhood | None = None
    """The clusters it was decided by."""
    latencies: Mapping[str, float] = field(default_factory=dict)
    """The measured seconds that were reckoned with, by model."""
    spent: Spent = NO_TIME
    is_remembered: bool = False
    """Whether it was made for an earlier request with the same facts."""


TriageModel = Callable[[FloatArray], FloatArray]
"""Feature vector (n_features,) float32 -> raw class scores (3,) in the order of BUCKETS."""
