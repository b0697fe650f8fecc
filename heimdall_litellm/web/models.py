"""The answers, as the OpenAPI document shows them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from heimdall_litellm.core.types import Basis, Bucket

Capability = Literal["vision", "audio", "files", "tools", "json", "reasoning"]
Kind = Literal["model", "virtual"]
Status = Literal["ok", "starting", "bypassed"]
JournalState = Literal["ok", "idle", "degraded"]
_USD = "USD per 1,000,000 tokens; null where nobody knows."


class Fact(BaseModel):
    """One field of a model, and where it is from."""

    value: bool | int | float | str
    source: str = Field(description="Who says so: `user` (the configuration), `litellm`, `openrouter`, ...")
    at: datetime | None = Field(
        description="When the source was read (RFC 3339); null for the configuration's."
    )


class Prior(BaseModel):
    """What is expected of a model before it has answered anything here."""

    quality: float = Field(description="0 to 1, over all kinds of request.")
    basis: Basis = Field(
        description="How that is known: what the configuration states, outcomes measured in training, "
        "published figures, a relative of its family, its price class, or not at all."
    )
    known_as: str | None = Field(description="The bundle's name for the model, or for that relative.")
    by_kind: dict[str, float] = Field(description="The same for one kind of request.")
    outcomes: int = Field(description="Prompts answered in training that stand behind it.")
    published: int = Field(description="Columns of published figures that stand behind it.")
    latest: date | None = Field(description="Of the newest published figure.")


class ModelSummary(BaseModel):
    """A model group, or a virtual name, in short."""

    id: str = Field(description="What to ask for as `model`.")
    kind: Kind
    provider: str | None = Field(description="LiteLLM's name of the provider; null for a virtual name.")
    upstream: str | None = Field(description="The model as its deployment names it; null for a virtual name.")
    family: str | None = Field(description="Such as `claude` or `gpt`; null for a virtual name.")
    display_name: str | None
    capabilities: list[Capability]
    max_input_tokens: int | None
    max_output_tokens: int | None
    input_usd_per_mtok: float | None = Field(description=_USD)
    output_usd_per_mtok: float | None = Field(description=_USD)
    candidates: list[str] | None = Field(
        description="What a virtual name may choose for this key; null for a model."
    )


class ModelPage(BaseModel):
    """One page of models, in the order of their ids."""

    data: list[ModelSummary]
    next_cursor: str | None = Field(description="`cursor` of the next page; null on the last one.")


class ModelCard(ModelSummary):
    """All that is known of a model group or a virtual name."""

    facts: dict[str, Fact] = Field(description="Every known field with its source and time.")
    prior: Prior | None
    is_listed: bool | None = Field(
        description="Whether the provider's own list has the model; null where no such list is at hand."
    )
    has_credential: bool = Field(description="Whether the proxy has a credential for it.")
    alpha: float | None = Field(description="Of a virtual name: from 0 (cheapest) to 1 (best).")
    policy: str | None = Field(description="Of a virtual name: who competes for a request.")


class Capabilities(BaseModel):
    """What a model can do; of a virtual name, what any of its candidates can."""

    id: str
    kind: Kind
    vision: bool
    audio: bool
    files: bool
    tools: bool
    # "json" itself would hide a method of pydantic's.
    json_: bool = Field(serialization_alias="json", description="Answers by a JSON schema.")
    reasoning: bool
    max_input_tokens: int | None
    max_output_tokens: int | None
    sources: dict[str, Fact] = Field(description="The same fields where their source is known.")


class Price(BaseModel):
    """What a model costs."""

    id: str
    input_usd_per_mtok: float | None = Field(description=_USD)
    output_usd_per_mtok: float | None = Field(description=_USD)
    cache_read_usd_per_mtok: float | None = Field(description=_USD)
    cache_write_usd_per_mtok: float | None = Field(description=_USD)
    sources: dict[str, Fact] = Field(description="The same fields where their source is known.")


class Pricing(BaseModel):
    """Prices of a model; of a virtual name, those of its candidates."""

    id: str
    kind: Kind
    currency: Literal["USD"] = "USD"
    per_tokens: Literal[1_000_000] = 1_000_000
    prices: list[Price]


class FeatureFlags(BaseModel):
    """What is switched on and off."""

    flags: dict[str, bool]


class SourceHealth(BaseModel):
    """How one source of the catalog is doing."""

    name: str
    is_active: bool
    models: int
    read_at: datetime | None = Field(description="When it last answered well (RFC 3339).")
    age_seconds: int | None
    is_bundled: bool = Field(
        description="It came with the installed LiteLLM, and is as old as that; nobody fetched it."
    )
    tried_at: datetime | None
    error: str | None = Field(description="What went wrong last; for admins only.")
    suspected_since: datetime | None = Field(
        description="Since when it says what is too odd to be believed at once; the list before serves."
    )


class BundleHealth(BaseModel):
    """The trained bundle that decides."""

    id: str
    sha256: str
    created_at: datetime | None = Field(description="When it was trained.")


class SetAside(BaseModel):
    """A model, or for admins a circuit, that isn't called for now."""

    id: str
    cause: str
    seconds: float | None = Field(description="For how much longer; null where it isn't told.")


class BreakerHealth(BaseModel):
    """Who the circuit breaker holds back."""

    is_on: bool
    is_shared: bool = Field(description="Whether the other processes know, through Redis.")
    models: list[SetAside] = Field(description="Those of the caller's models that can't be called now.")
    circuits: list[SetAside] | None = Field(
        description="Deployments and callers' own credentials; for admins."
    )


class FailureCount(BaseModel):
    """Failures of Heimdall itself that no request noticed."""

    stage: str
    cause: str
    count: int


class JournalHealth(BaseModel):
    """How the journal is doing, in items since this process began."""

    state: JournalState = Field(
        description="`idle`: nothing has been written yet; `degraded`: it can't be written now, and requests "
        "go on without."
    )
    waiting: int
    written: int
    dropped: dict[str, int] = Field(
        description="Lost, by cause: `full`, `unmade`, `refused` or `unwritable`."
    )
    error: str | None = Field(description="What went wrong last when it was written; for admins only.")
    wrote_at: datetime | None = Field(description="When items were last kept (RFC 3339).")
    age_seconds: int | None = Field(description="How long ago that was.")


class Liveness(BaseModel):
    """Whether Heimdall is alive: all that is said without a key."""

    status: Status


class Health(Liveness):
    """How Heimdall and its parts are doing."""

    status: Status | Literal["degraded"] = Field(  # type: ignore[assignment]  # says more than liveness does
        description="`degraded`: requests are served, but a part fails, which is `journal`."
    )
    version: str
    started_at: datetime
    uptime_seconds: int
    is_simulating: bool
    bundle: BundleHealth | None
    circuit_breaker: BreakerHealth
    sources: list[SourceHealth]
    failures: list[FailureCount]
    journal: JournalHealth | None = Field(description="Null where no journal is written.")


class CandidateScore(BaseModel):
    """One candidate of a decision; numbers that don't exist are null."""

    model: str
    bucket: Bucket
    effort: str | None
    eligible: bool
    why_not: str | None
    quality: float | None
    cost_usd: float | None = Field(description="Expected of this request; null where no price is known.")
    output_tokens: float | None
    penalties: float | None
    score: float | None
    basis: Basis = Field(description="How its quality is known.")


class Decision(BaseModel):
    """A decision as data."""

    bucket: Bucket
    p_cheap: float
    p_mid: float
    p_hard: float
    difficulty: float
    cluster: int
    model: str
    effort: str | None
    thinking_budget: int | None
    alpha: float
    candidates: list[CandidateScore]
    fallbacks: list[str]
    reasons: list[str]
    policy: str
    router_policy: str


class Failed(BaseModel):
    """A failure of Heimdall itself, without which the request would go on."""

    stage: str
    cause: str


class Explanation(BaseModel):
    """What would become of a request."""

    requested: str = Field(description="The virtual name.")
    endpoint: str = Field(description="What the request was taken for.")
    model: str = Field(description="Who would answer first.")
    fallbacks: list[str] = Field(description="Who would be tried after it, if its provider is down.")
    reason: str = Field(description="The line that the answer's `heimdall-reason` would say.")
    words: list[str] = Field(description="The same at length.")
    decision: Decision | None = Field(
        description="Null where Heimdall would decide nothing; `reason` says why."
    )
    failed: list[Failed] = Field(
        description="What would fail in Heimdall at this request, which would go on all the same."
    )
