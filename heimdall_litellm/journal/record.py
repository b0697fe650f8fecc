"""What the journal holds: one `JournalRecord` per decision, and what joins it by id.

A `JournalRecord` is written when a request is routed, an `Outcome` when it is over, a `Signal` whenever
somebody or something says how good the answer was. Each stands alone, so that none waits for another and a
lost one takes no other along. A `Document` is what many records share: the settings and the catalog they were
decided from, named by digest. With both, and the bundle, a decision can be made again
(`heimdall_litellm/replay.py`).

The JSON form is published (docs/journal.schema.json) and has a version, `SCHEMA`. Fields may be added within
a version; what changes or goes makes a new one. No field holds a prompt but `JournalRecord.prompt`, which is
None unless the settings say otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeVar

from heimdall_litellm.core.types import (
    Basis,
    Bucket,
    CandidateScore,
    Decision,
    Effort,
    RequestFacts,
    RouterPolicy,
)
from heimdall_litellm.errors import JournalError

SCHEMA: Final = 1
DOCUMENTS_EVERY: Final = timedelta(hours=12)
"""How often the documents that records refer to are written again, so that none is taken for forgotten."""

T = TypeVar("T")

Mode = Literal["route", "shadow"]
"""Whether what was decided was done."""

Arm = Literal["chosen", "holdout"]
"""Whether the request went where it was decided, or to the baseline, by a draw."""

Cause = Literal[
    "triage", "alpha", "bucket", "asked", "only", "holdout", "continued", "unrouted", "default", "refused"
]
"""What settled where a request went.

The policy (`triage`, `alpha`, `bucket`), the bucket that the request `asked` for, being the `only` one left,
the draw for the `holdout`, or the model that holds its conversation (`continued`). Undecided are requests
that can't be decided on, such as those for embeddings or without a prompt (`unrouted`), those at which we
failed (`default`), and those that nobody may serve (`refused`); in shadow mode those have a `model` all the
same, unless LiteLLM itself may call none.
"""

Status = Literal["answered", "failed", "refused", "left", "cached"]
"""`left`: the client hung up, or nobody ever told how it ended; `cached`: LiteLLM's cache answered."""

Source = Literal[
    "feedback", "provider-error", "empty", "cut-off", "bad-tool-call", "asked-again", "regenerated"
]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asked, as LiteLLM knows them: `key` is the hash that LiteLLM itself keeps of a key."""

    key: str | None = None
    alias: str | None = None
    team: str | None = None
    team_alias: str | None = None
    user: str | None = None


ANYBODY: Final = Caller()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One candidate with the parts of its score, as in `CandidateScore`; no score where it was ruled out."""

    model: str
    bucket: Bucket
    effort: Effort | None
    why_not: str | None
    quality: float
    cost_usd: float
    output_tokens: float
    penalties: float
    score: float | None
    basis: Basis
    is_priced: bool = True


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen in the wording: features, probabilities, difficulty, and the clusters it is near.

    `weights` are those of the `clusters`, `trust` 0..1 is how far they speak for the request.
    """

    features: tuple[float, ...]
    p_cheap: float
    p_mid: float
    p_hard: float
    difficulty: float
    clusters: tuple[int, ...]
    weights: tuple[float, ...]
    trust: float


@dataclass(frozen=True, slots=True)
class Given:
    """What a decision was told beside the request.

    `permitted` are the models its caller may use (None: all), `brought` the providers they bring a credential
    for, `set_aside` the models that the circuit breaker held back, with the cause, `latencies` seconds by
    model.
    """

    permitted: tuple[str, ...] | None = None
    alpha: float | None = None
    bucket: Bucket | None = None
    max_cost_usd: float | None = None
    notes: tuple[str, ...] = ()
    brought: tuple[str, ...] = ()
    set_aside: Mapping[str, str] | None = None
    latencies: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """What not routing would have meant: this model for everything.

    Prices are USD per million tokens when it was decided, `output_tokens` what it was expected to write and
    `cost_usd` what that would have cost.
    """

    model: str
    cost_usd: float
    output_tokens: float
    quality: float
    input_usd_per_mtok: float
    output_usd_per_mtok: float
    cache_read_usd_per_mtok: float | None = None


@dataclass(frozen=True, slots=True)
class Digests:
    """What it was decided from, by SHA-256: the first two name documents of the journal."""

    settings: str
    catalog: str
    bundle: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is kept of a prompt: a keyed digest of the ask, or its text, cut to a limit."""

    digest: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class JournalRecord:
    """One decision.

    `id` is in the answer's `heimdall-decision-id`, `call_id` in its `x-litellm-call-id`. `propensity` is the
    probability with which `model` was chosen, given all else. `decided` is what was decided: another model
    where the request went to the baseline by a draw, or, in shadow mode, where it always goes. `seen`,
    `given` and `digests` are None where nothing was decided. `cost_usd` is what was expected of `decided`
    (None where its price is unknown), `duration_us` how long routing took. `repeated_tokens` of the input
    stood in an earlier request of the same conversation. `ranked` and `fallbacks` are what was to be tried,
    as decided. `bucket` is the request's, `decided_in` the one of the candidate that was chosen: a model may
    stand in several.
    """

    id: str
    at: datetime
    requested: str
    call: str
    mode: Mode
    arm: Arm
    cause: Cause
    reason: str
    propensity: float
    call_id: str | None = None
    model: str | None = None
    decided: str | None = None
    bucket: Bucket | None = None
    effort: Effort | None = None
    alpha: float | None = None
    policy: RouterPolicy | None = None
    cost_usd: float | None = None
    baseline: Baseline | None = None
    candidates: tuple[Candidate, ...] = ()
    ranked: tuple[str, ...] = ()
    fallbacks: tuple[str, ...] = ()
    facts: Mapping[str, int | None] | None = None
    seen: Seen | None = None
    given: Given | None = None
    digests: Digests | None = None
    caller: Caller = ANYBODY
    conversation: str | None = None
    repeated_tokens: int = 0
    is_remembered: bool = False
    duration_us: int = 0
    spent_us: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Embedding, features and triage."""
    prompt: Prompt | None = None
    version: str = ""
    decided_in: Bucket | None = None
    schema: Literal[1] = SCHEMA

    @property
    def chosen(self) -> Candidate | None:
        """The candidate that was decided on; records without `decided_in` tell it by its effort."""
        of_it = [c for c in self.candidates if c.model == self.decided and c.why_not is None]
        exact = (c for c in of_it if c.bucket == self.decided_in)
        alike = (c for c in of_it if c.effort == self.effort)
        return next(exact, next(alike, None))


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt: `outcome` is `ok` or the failure's kind, `status` the provider's, `adapter` who paid."""

    model: str
    provider: str
    outcome: str
    status: int | None = None
    adapter: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request.

    Costs are USD: LiteLLM's own, or by the catalog's prices where it logs none, None where nobody knows the
    price; `baseline_usd` by `savings.py`.
    """

    id: str
    at: datetime
    status: Status
    model: str | None = None
    """The model group that answered."""
    provider: str | None = None
    deployment: str | None = None
    latency_s: float | None = None
    first_token_s: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: float | None = None
    baseline_usd: float | None = None
    guessed_usd: float | None = None
    """The part of `baseline_usd` that rests on a guess."""
    would_usd: float | None = None
    """In shadow mode: what following the decision would have cost."""
    would_guessed_usd: float | None = None
    """The part of `would_usd` that rests on a guess."""
    finish: str | None = None
    escalated_from: str | None = None
    tries: tuple[Try, ...] = ()
    schema: Literal[1] = SCHEMA

    @property
    def failed_with(self) -> tuple[str, ...]:
        """The kinds of all attempts that weren't `ok`, in their order."""
        return tuple(attempt.outcome for attempt in self.tries if attempt.outcome != "ok")


@dataclass(frozen=True, slots=True)
class Signal:
    """One sign of how good an answer was: `score` 0..1, and how much it weighs beside others."""

    id: str
    at: datetime
    source: Source
    score: float
    weight: float
    label: str | None = None
    comment: str | None = None
    model: str | None = None
    """Which model it is about, where that need not be the one that answered."""
    schema: Literal[1] = SCHEMA


@dataclass(frozen=True, slots=True)
class Document:
    """What many records share, as canonical JSON, named by its digest."""

    digest: str
    kind: Literal["settings", "catalog"]
    at: datetime
    body: str


Item = JournalRecord | Outcome | Signal | Document

COUNTS: Final = tuple(
    field.name for field in fields(RequestFacts) if field.name not in ("ask", "topic", "opening")
)
"""What is kept of a request's facts: all but the texts."""


def counts_of(facts: RequestFacts) -> dict[str, int | None]:
    """Return all of the facts that are numbers; claims are 0 or 1."""
    found = {name: getattr(facts, name) for name in COUNTS}
    return {name: None if value is None else int(value) for name, value in found.items()}


def facts_of(counts: Mapping[str, int | None]) -> RequestFacts:
    """Return facts without their texts, from what was kept of them."""
    known = {name: counts[name] for name in COUNTS if name in counts}
    claims = {name: bool(value) for name, value in known.items() if name.startswith(("has_", "is_"))}
    values: dict[str, Any] = {**known, **claims}
    return RequestFacts(ask="", **values)


def seen_of(decision: Decision) -> Seen | None:
    """Return what was seen; None for a decision that wasn't made from a wording."""
    near = decision.near
    if near is None:
        return None
    return Seen(
        tuple(decision.features.tolist()),
        decision.p_cheap,
        decision.p_mid,
        decision.p_hard,
        decision.difficulty,
        tuple(near.ids.tolist()),
        tuple(near.weights.tolist()),
        near.trust,
    )


def candidate_of(score: CandidateScore) -> Candidate:
    """Return a candidate as it is kept."""
    return Candidate(
        score.model,
        score.bucket,
        score.effort,
        score.why_not,
        score.quality,
        score.cost_usd,
        score.output_tokens,
        score.penalties,
        score.score if score.eligible else None,
        score.basis,
        score.is_priced,
    )


_ADAPTERS: Final[dict[str, Any]] = {}


def adapter_of(kind: type[Any]) -> Any:
    """Return what reads and writes one kind of item; made when first needed, for it takes a moment."""
    from pydantic import TypeAdapter

    found = _ADAPTERS.get(kind.__name__)
    if found is None:
        found = _ADAPTERS[kind.__name__] = TypeAdapter(kind)
    return found


def to_json(item: JournalRecord | Outcome | Signal) -> str:
    """Return the published JSON form. Raises ValueError for what has none."""
    try:
        text: bytes = adapter_of(type(item)).dump_json(item)
    except ValueError:  # half a character, such as a client may send within JSON
        told = adapter_of(type(item)).dump_python(item, mode="json")
        text = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return text.decode()


def from_json(kind: type[T], text: str | bytes) -> T:
    """Read an item of a kind. Raises JournalError."""
    from pydantic import ValidationError

    try:
        found: T = adapter_of(kind).validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise JournalError(
            f"What the journal holds can't be read as {kind.__name__}: {where or 'it'}: {first['msg']}. "
            "It may have been written by a newer version of Heimdall."
        ) from None
    return found


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)
