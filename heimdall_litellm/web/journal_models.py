"""The answers about past requests, as the OpenAPI document shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from heimdall_litellm.core.types import Bucket, Effort, RouterPolicy
from heimdall_litellm.journal.record import Arm, Cause, JournalRecord, Mode, Outcome, Signal, Status
from heimdall_litellm.report.figures import Summary

MAX_ID = 200
MAX_LABEL = 100
MAX_COMMENT = 2_000
LABEL = r"^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$"
"""What can be seen, and spaces: no control or format characters, none that end a line, none unassigned."""


class DecisionSummary(BaseModel):
    """One decision in short, and what became of it."""

    id: str = Field(description="As in the answer's `heimdall-decision-id`.")
    call_id: str | None = Field(description="LiteLLM's own id, as in `x-litellm-call-id`.")
    at: datetime
    requested: str = Field(description="The name that was asked for.")
    model: str | None = Field(description="Where the request went first; null where it was refused.")
    decided: str | None = Field(description="What was decided; null where nothing was.")
    answered: str | None = Field(description="Who answered in the end; null where nobody has yet.")
    mode: Mode = Field(description="`shadow`: decided, but not done.")
    arm: Arm = Field(description="`holdout`: a draw sent it to the baseline.")
    cause: Cause = Field(description="What settled where it went.")
    reason: str
    bucket: Bucket | None
    alpha: float | None
    policy: RouterPolicy | None
    effort: Effort | None
    expected_usd: float | None = Field(description="What was expected of the model decided on.")
    cost_usd: float | None = Field(description="What it cost, by LiteLLM; null where nobody knows.")
    baseline_usd: float | None = Field(description="What the baseline would have cost.")
    status: Status | None = Field(description="Null where nothing has been heard of it yet.")
    attempts: int | None
    latency_s: float | None
    decision_us: int = Field(description="How long routing took, in microseconds.")
    key: str | None = Field(description="The key's alias, or the start of its hash.")
    team: str | None
    feedback: float | None = Field(description="What a person said of the answer, 0 to 1.")


class DecisionPage(BaseModel):
    """One page of decisions, newest first."""

    data: list[DecisionSummary]
    next_before: str | None = Field(description="`before` of the next page; null on the last one.")


class DecisionDetail(BaseModel):
    """One decision with all that has joined it."""

    record: JournalRecord
    outcome: Outcome | None = Field(description="Null where nothing has been heard of it yet.")
    signals: list[Signal] = Field(description="What says how good the answer was.")


class SummaryAnswer(RootModel[Summary]):
    """What the journal tells of a period."""


class PreviewPoint(BaseModel):
    """Requests at one α, in the mean."""

    alpha: float
    cost_usd: float = Field(description="Expected, of one request.")
    quality: float = Field(description="Expected, 0 to 1.")
    shares: dict[str, float] = Field(description="Of the requests, by the model that would be chosen.")


class PreviewAnswer(BaseModel):
    """Past traffic at other α: a bounded sample, decided again."""

    since: datetime
    until: datetime
    sampled: int
    replayed: int
    left_out: dict[str, int] = Field(
        description="Why others weren't: `other-bundle`, `no-documents`, `nobody-left`."
    )
    configured: dict[str, float] = Field(description="The α of the virtual names.")
    decided: PreviewPoint | None = Field(description="The same requests as they were decided.")
    points: list[PreviewPoint] = Field(description="By rising α; empty where nothing could be decided again.")


Score = Annotated[float, Field(ge=0, le=1)]


class _Rated(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    score: Score | Literal["up", "down"] = Field(description="0 to 1; `up` is 1 and `down` 0.")
    label: Annotated[str, Field(max_length=MAX_LABEL, pattern=LABEL)] | None = Field(
        default=None,
        description="A word of your own, such as `wrong-language`: one line of visible characters.",
    )
    comment: Annotated[str, Field(max_length=MAX_COMMENT)] | None = Field(
        default=None, description="Kept as it is sent, whatever is kept of prompts."
    )


class RatedDecision(_Rated):
    """Feedback on a decision by its own id."""

    decision_id: str = Field(min_length=1, max_length=MAX_ID)


class RatedCall(_Rated):
    """Feedback on a decision by LiteLLM's id of the call."""

    call_id: str = Field(min_length=1, max_length=MAX_ID)


class Rating(BaseModel):
    """Feedback as it is taken down. Sent again it changes nothing; sent otherwise it replaces the first."""

    decision_id: str
    score: float
    label: str | None
    comment: str | None
