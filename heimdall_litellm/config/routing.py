"""Settings of the choice of a model: thresholds, penalties, efforts, candidates, overrides, failover."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from heimdall_litellm.config.base import Names, Strict, Unit, merged, unique
from heimdall_litellm.core.types import BUCKETS, Bucket, Effort, RouterPolicy


class ThresholdSettings(Strict):
    """Class probabilities above which a request is cheap or hard; what is neither is mid."""

    cheap: Unit | None = Field(
        default=None,
        description="Cheap, if its probability is above this; asked second; null = the bundle's own.",
    )
    hard: Unit | None = Field(
        default=None,
        description="Hard, if its probability is above this; asked first; null = the bundle's own.",
    )


class PenaltySettings(Strict):
    """What is subtracted from a candidate's score."""

    latency_sd: float = Field(
        default=0.05,
        ge=0,
        description="Per standard deviation that a candidate is slower than the eligible mean.",
    )
    ctx_over_80pct: float = Field(
        default=0.15, ge=0, description="Once, if the request fills more than 80 % of the context window."
    )


class EffortSettings(Strict):
    """How hard the models of one bucket are asked to think."""

    reasoning_effort: Effort | None = Field(
        default=None, description="For models that take a named effort; null = leave it to the model."
    )
    thinking_budget: Annotated[int, Field(ge=0)] | None = Field(
        default=None,
        description="Thinking tokens, for models that take a budget; null = leave it to the model.",
    )


class BucketDefaults(Strict):
    """Reasoning effort and thinking budget for each bucket."""

    cheap: EffortSettings = Field(
        default=EffortSettings(reasoning_effort="low", thinking_budget=1024),
        description="For the cheap bucket.",
    )
    mid: EffortSettings = Field(
        default=EffortSettings(reasoning_effort="medium", thinking_budget=6000),
        description="For the mid bucket.",
    )
    hard: EffortSettings = Field(
        default=EffortSettings(reasoning_effort="high", thinking_budget=20000),
        description="For the hard bucket.",
    )

    @model_validator(mode="before")
    @classmethod
    def _keep_the_other_half(cls, given: object) -> object:
        """Whoever sets only a bucket's budget keeps its effort, and the other way round."""
        defaults = {name: field.default.model_dump() for name, field in cls.model_fields.items()}
        return merged(defaults, given) if isinstance(given, Mapping) else given


class RouterSettings(Strict):
    """How a model is chosen."""

    alpha: Unit = Field(
        default=0.6, description="Weight of quality against cost: 1 = best quality, 0 = cheapest."
    )
    policy: RouterPolicy | None = Field(
        default=None,
        description="Who competes: triage = all candidates, gaps in quality scaled by difficulty; alpha = "
        "all candidates; bucket = those of the triage's bucket; null = bucket if a candidate list is given, "
        "else triage.",
    )
    thresholds: ThresholdSettings = Field(
        default=ThresholdSettings(), description="From probabilities to a bucket."
    )
    top_p: int = Field(default=3, ge=1, le=64, description="How many of the nearest clusters are blended.")
    penalties: PenaltySettings = Field(
        default=PenaltySettings(), description="What is subtracted from a score."
    )
    bucket_defaults: BucketDefaults = Field(
        default=BucketDefaults(), description="Effort and budget per bucket."
    )
    cheap_candidates: Names | None = Field(
        default=None,
        description="Model groups for cheap requests; null = proposed from price and prior quality.",
    )
    mid_candidates: Names | None = Field(default=None, description="The same for mid requests.")
    hard_candidates: Names | None = Field(default=None, description="The same for hard requests.")
    max_fallbacks: int = Field(
        default=4,
        ge=0,
        le=10,
        description="How many further candidates to try, in order, if the chosen one fails.",
    )
    context_margin: float = Field(
        default=0.10,
        ge=0,
        le=0.9,
        description="Share of every context window to leave free when judging what fits.",
    )

    @property
    def candidates(self) -> Mapping[Bucket, tuple[str, ...] | None]:
        """The three lists as given; None where they are to be proposed."""
        return {"cheap": self.cheap_candidates, "mid": self.mid_candidates, "hard": self.hard_candidates}

    @property
    def router_policy(self) -> RouterPolicy:
        """The policy named, or the one that fits: whoever says which models serve a bucket means it."""
        if self.policy is not None:
            return self.policy
        return "bucket" if any(self.candidates.values()) else "triage"


class OverrideSettings(Strict):
    """What one request may ask for by its `heimdall-*` headers or metadata."""

    enabled: bool = Field(default=True, description="Whether requests may steer their own decision at all.")
    alpha_min: Unit = Field(default=0.0, description="Lowest alpha a request may ask for.")
    alpha_max: Unit = Field(default=1.0, description="Highest alpha a request may ask for.")
    buckets: Annotated[tuple[Bucket, ...], Field(strict=False), AfterValidator(unique)] = Field(
        default=BUCKETS, description="Buckets a request may ask for."
    )
    max_cost_usd: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Highest cost limit, in USD, that a request may ask for; null = any."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.alpha_min > self.alpha_max:
            raise ValueError(f"alpha_min ({self.alpha_min}) is above alpha_max ({self.alpha_max})")
        return self


class FailoverSettings(Strict):
    """What happens when a model fails."""

    circuit_breaker: bool = Field(
        default=True,
        description="Set a deployment that fails aside for a while: it costs one request, not each.",
    )
    after_content_policy: bool = Field(
        default=False,
        description="Try the next model where one refuses by its content policy; off: the refusal stands.",
    )
