"""From the hooks to the journal: what was decided, what came of it, and what its form tells.

On the request's path only references are taken; a record is put together on the writer's thread. What is
found out there of a request (what the baseline would cost) is read there again when its outcome is made: that
always comes later.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import heimdall_litellm
from heimdall_litellm.core.types import Decision, Overrides, RequestFacts, Standing
from heimdall_litellm.journal.record import (
    DOCUMENTS_EVERY,
    Arm,
    Cause,
    Digests,
    Document,
    Given,
    Item,
    JournalRecord,
    Outcome,
    Prompt,
    Signal,
    Source,
    Status,
    Try,
    candidate_of,
    counts_of,
    now,
    seen_of,
)
from heimdall_litellm.plugin.answers import Form, cost_of, form_of, usage_of
from heimdall_litellm.plugin.reckoning import (
    Answer,
    PricesOf,
    Reckoning,
    Unasked,
    baseline_of,
    caches,
    followed_of,
    list_price,
)
from heimdall_litellm.replay import catalog_document, settings_document

if TYPE_CHECKING:
    from heimdall_litellm.core.conversation import Follows
    from heimdall_litellm.engine import Snapshot
    from heimdall_litellm.journal.writer import Writer
    from heimdall_litellm.plugin.attempts import Attempt
    from heimdall_litellm.plugin.records import Record

WEIGHTS: Final[Mapping[Source, tuple[float, float]]] = {
    "provider-error": (0.0, 0.2),
    "empty": (0.0, 0.8),
    "cut-off": (0.3, 0.3),
    "bad-tool-call": (0.0, 0.8),
    "asked-again": (0.1, 0.5),
    "regenerated": (0.2, 0.3),
}
"""Score and weight of what nobody said: a person's own word weighs 1."""
_NOBODYS_FAULT: Final = ("ok", "client", "unknown")
"""How attempts end that speak against no model: a client's mistake, say, or that the client was gone."""
READ: Final = timedelta(seconds=2)
"""Sooner than this after an answer, nobody has read it."""
_MOST_ANSWERED: Final = 20_000
"""Of how many requests it is known who answered, and when, for those that go on from there."""
_READ: Final = (
    *("prompt_tokens", "completion_tokens", "response_cost", "response", "stream"),
    *("model_group", "model_id", "custom_llm_provider"),
    *("startTime", "endTime", "completionStartTime"),
)

Keep = Callable[[Mapping[str, Any], str | None], Callable[[], Prompt] | None]
"""From a body and its ask to how what is kept of them is made; None where nothing is."""


def _keep_none(_body: Mapping[str, Any], _ask: str | None) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Choice:
    """A decision as it was come to, and where the request goes for it."""

    facts: RequestFacts
    decision: Decision
    snapshot: Snapshot
    permitted: frozenset[str]
    overrides: Overrides
    standing: Standing
    arm: Arm = "chosen"
    propensity: float = 1.0

    @property
    def baseline(self) -> str:
        """The model that savings are reckoned against."""
        return self.snapshot.baselines[self.decision.policy].rows[0].entry.name


@dataclass(frozen=True, slots=True)
class _Papers:
    """The documents of one snapshot, by virtual name, when they were written, and what is expected in it."""

    snapshot: Snapshot
    digests: Mapping[str, Digests]
    unasked: Unasked
    at: datetime


class Recorder:
    """Hands to the journal's writer what the hooks report."""

    def __init__(self, writer: Writer, prices_of: PricesOf, keep_prompt: Keep = _keep_none) -> None:
        self._writer, self._prices_of, self._keep_prompt = writer, prices_of, keep_prompt
        self._version = heimdall_litellm.__version__
        self._papers: _Papers | None = None
        self._answered: OrderedDict[str, tuple[str, datetime]] = OrderedDict()

    def decided(self, record: Record, body: Mapping[str, Any]) -> None:
        """Record what became of a request before anybody was called."""
        choice, record.choice = record.choice, None
        if not record.is_recorded:
            at, reckoning = now(), record.reckoning
            prompt = self._keep_prompt(body, choice.facts.ask if choice is not None else None)
            if choice is not None:
                reckoning.caching = _caching(choice, body)
            # Where there is no room for it, there is none for what came of it.
            record.is_recorded = self._writer.submit(
                lambda: self._told(record, choice, at, reckoning, prompt)
            )

    def ended(self, record: Record, status: Status, logged: Mapping[str, Any] | None = None) -> None:
        """Record what became of a request in the end; only what is said first counts."""
        if not record.is_recorded or record.is_ended:
            return
        record.is_ended = True
        at, tries, served = now(), tuple(map(_try_of, record.course.attempts)), record.served
        seen = _Seen.of(logged) if logged is not None else None
        last, escalated = record.course.current, record.escalated_from
        ended = _Ended(record.id, at, status, served, tries, seen, last, escalated, record.reckoning)
        self._writer.submit(lambda: self._came(ended))

    def doubted(self, follows: Follows) -> None:
        """Record that a request doubts the answer to the one before, if there was one to read.

        Retries of what failed doubt nothing, nor do samples, which are asked for sooner.
        """
        earlier, doubt = follows.earlier, follows.doubt
        if earlier is not None and doubt is not None:
            at = now()
            self._writer.submit(lambda: (_sign(earlier, at, doubt),) if self._is_read(earlier, at) else ())

    def _is_read(self, known_as: str, at: datetime) -> bool:
        """Whether a request was answered, and so long before that somebody can have read that."""
        answered = self._answered.get(known_as)
        return answered is not None and at - answered[1] >= READ

    def rated(self, signal: Signal) -> bool:
        """Record what somebody thinks of an answer; False where it can't be taken now."""
        return self._writer.submit(lambda: (signal,))

    def _told(
        self,
        record: Record,
        choice: Choice | None,
        at: datetime,
        reckoning: Reckoning,
        prompt: Callable[[], Prompt] | None,
    ) -> tuple[Item, ...]:
        plain = JournalRecord(
            id=record.id,
            at=at,
            requested=record.requested,
            call=record.call,
            mode="shadow" if record.mode == "shadow" else "route",
            arm="chosen",
            cause=record.cause,
            reason=record.reason,
            propensity=1.0,
            call_id=record.call_id[:200] if record.call_id is not None else None,
            model=record.goes_to,
            caller=record.caller,
            duration_us=record.duration_us,
            prompt=prompt() if prompt is not None else None,
            version=self._version,
        )
        if record.follows is not None:
            follows = record.follows
            reckoning.repeated_tokens, reckoning.earlier = follows.repeated_tokens, follows.earlier
            plain = replace(plain, conversation=follows.conversation, repeated_tokens=follows.repeated_tokens)
        if choice is None:
            return (plain,)
        papers, documents = self._papers_of(choice.snapshot, at)
        reckoning.unasked = papers.unasked.of(choice.decision, choice.facts)
        whole = self._whole(plain, choice, reckoning, papers.digests[choice.decision.policy])
        self._papers = papers  # now that they are sure to be written
        return (*documents, whole)

    def _came(self, ended: _Ended) -> tuple[Item, ...]:
        form = form_of(ended.seen.logged.get("response")) if ended.seen is not None else Form()
        read_by, _ = self._answered.get(ended.reckoning.earlier or "", (None, None))
        outcome = _outcome(ended, form, self._prices_of, read_by)
        if ended.status == "answered" and outcome.model is not None:
            self._answered[ended.id] = outcome.model, ended.at
            if len(self._answered) > _MOST_ANSWERED:
                self._answered.popitem(last=False)
        return (*_failures(ended), outcome, *_flaws(ended, form))

    def _whole(
        self, plain: JournalRecord, choice: Choice, reckoning: Reckoning, digests: Digests
    ) -> JournalRecord:
        decision = choice.decision
        reckoning.baseline = baseline_of(decision, choice.facts, choice.snapshot, self._prices_of)
        if plain.mode == "shadow":
            unasked = reckoning.unasked(decision.model) if choice.facts.has_own_effort else None
            reckoning.followed = followed_of(decision, choice.snapshot, self._prices_of, unasked)
        reckoning.expected_tokens = {name: row.output_tokens for name, row in decision.rows.items()}
        return replace(
            plain,
            arm=choice.arm,
            propensity=choice.propensity,
            decided=decision.model,
            bucket=decision.bucket,
            effort=decision.effort.reasoning_effort,
            alpha=decision.alpha,
            policy=decision.router_policy,
            decided_in=decision.rows[decision.model].bucket,
            cost_usd=decision.rows[decision.model].known_cost_usd,
            baseline=reckoning.baseline,
            candidates=tuple(map(candidate_of, decision.candidates)),
            ranked=decision.ranked,
            fallbacks=decision.fallbacks,
            facts=counts_of(choice.facts),
            seen=seen_of(decision),
            given=_given(choice),
            digests=digests,
            is_remembered=decision.is_remembered,
            spent_us=(
                decision.spent.embedding_ns / 1e3,
                decision.spent.features_ns / 1e3,
                decision.spent.triage_ns / 1e3,
            ),
        )

    def _papers_of(self, snapshot: Snapshot, at: datetime) -> tuple[_Papers, tuple[Document, ...]]:
        """Return what records of a snapshot share, and what of it is to be written: all, once in a while."""
        known = self._papers
        if known is not None and known.snapshot is snapshot and at - known.at < DOCUMENTS_EVERY:
            return known, ()
        catalog = catalog_document(snapshot.entries)
        papers = {name: settings_document(field.policy) for name, field in snapshot.fields.items()}
        bundle = snapshot.bundle.manifest_sha256
        digests = {name: Digests(paper.digest, catalog.digest, bundle) for name, paper in papers.items()}
        return _Papers(snapshot, digests, Unasked(snapshot), at), (catalog, *papers.values())


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is read of a logged answer on the request's path: the rest of it isn't held on to."""

    logged: Mapping[str, Any]

    @classmethod
    def of(cls, logged: Mapping[str, Any]) -> _Seen:
        kept = {name: logged.get(name) for name in _READ}
        metadata = logged.get("metadata")
        usage = metadata.get("usage_object") if isinstance(metadata, Mapping) else None
        return cls({**kept, "metadata": {"usage_object": usage}})

    def seconds(self, end: str) -> float | None:
        """Return the seconds from the start to `end`."""
        first, last = self.logged.get("startTime"), self.logged.get(end)
        if not isinstance(first, int | float) or not isinstance(last, int | float) or last < first:
            return None
        return float(last - first)


@dataclass(frozen=True, slots=True)
class _Ended:
    id: str
    at: datetime
    status: Status
    served: str | None
    tries: tuple[Try, ...]
    seen: _Seen | None
    last: Attempt | None
    escalated_from: str | None
    reckoning: Reckoning


def _outcome(ended: _Ended, form: Form, prices_of: PricesOf, read_by: str | None) -> Outcome:
    seen = ended.seen
    served, provider, deployment = _answered_by(ended)
    outcome = Outcome(
        ended.id,
        ended.at,
        ended.status,
        served,
        provider,
        deployment,
        escalated_from=ended.escalated_from,
        tries=ended.tries,
    )
    if seen is None:
        return outcome
    usage, is_cached = usage_of(seen.logged), ended.status == "cached"
    # LiteLLM says 0 of what it doesn't know, too.
    paid = 0.0 if is_cached else cost_of(seen.logged) or list_price(usage, prices_of(served or ""))
    is_asked = ended.last is not None and ended.last.added_effort
    answer = Answer(served, paid, usage, read_by, is_asked=is_asked, is_cached=is_cached)
    baseline = ended.reckoning.against(ended.reckoning.baseline, answer)
    # Nobody knows where its earlier turns would have gone.
    followed = ended.reckoning.against(ended.reckoning.followed, replace(answer, read_by=None))
    return replace(
        outcome,
        latency_s=seen.seconds("endTime"),
        first_token_s=seen.seconds("completionStartTime") if seen.logged.get("stream") else None,
        input_tokens=usage.input,
        output_tokens=usage.output,
        cached_tokens=usage.cached,
        cache_write_tokens=usage.written,
        reasoning_tokens=usage.reasoning,
        cost_usd=paid,
        baseline_usd=baseline.total if baseline is not None else None,
        guessed_usd=baseline.guessed if baseline is not None else None,
        would_usd=followed.total if followed is not None else None,
        would_guessed_usd=followed.guessed if followed is not None else None,
        finish=form.finish,
    )


def _caching(choice: Choice, body: Mapping[str, Any]) -> frozenset[str]:
    entries = map(choice.snapshot.entries.get, {choice.baseline, choice.decision.model})
    return frozenset(entry.name for entry in entries if entry is not None and caches(entry, body))


def _failures(ended: _Ended) -> Iterator[Signal]:
    failed = next((attempt for attempt in ended.tries if attempt.outcome not in _NOBODYS_FAULT), None)
    if failed is not None:
        yield replace(_sign(ended.id, ended.at, "provider-error"), model=failed.model)


def _flaws(ended: _Ended, form: Form) -> Iterator[Signal]:
    flaws: dict[Source, bool] = {
        "empty": form.is_empty,
        "cut-off": form.is_cut_off,
        "bad-tool-call": form.has_bad_tool_call,
    }
    if ended.status == "answered":
        yield from (_sign(ended.id, ended.at, source) for source, is_so in flaws.items() if is_so)


def _answered_by(ended: _Ended) -> tuple[str | None, str | None, str | None]:
    """Return group, provider and deployment of the answer: by LiteLLM's log where no attempt was ours."""
    last, logged = ended.last, ended.seen.logged if ended.seen is not None else {}
    if last is not None:
        return ended.served, last.hop.provider or _text(logged, "custom_llm_provider"), last.deployment
    served = _text(logged, "model_group") or ended.served
    return served, _text(logged, "custom_llm_provider"), _text(logged, "model_id")


def _text(logged: Mapping[str, Any], name: str) -> str | None:
    found = logged.get(name)
    return found[:200] if isinstance(found, str) and found else None


def _sign(known_as: str, at: datetime, source: Source) -> Signal:
    score, weight = WEIGHTS[source]
    return Signal(known_as, at, source, score, weight)


def _try_of(attempt: Attempt) -> Try:
    failure = attempt.failure
    outcome = failure.kind if failure is not None else "ok" if attempt.is_over else "unknown"
    status = failure.status if failure is not None else None
    return Try(attempt.hop.model, attempt.hop.provider, outcome, status, attempt.adapter)


def _given(choice: Choice) -> Given:
    overrides, standing = choice.overrides, choice.standing
    return Given(
        tuple(sorted(choice.permitted)),
        overrides.alpha,
        overrides.bucket,
        overrides.max_cost_usd,
        overrides.notes,
        tuple(sorted(standing.brought)),
        dict(standing.set_aside) or None,
        dict(choice.decision.latencies) or None,
    )


def cause_of(decision: Decision, overrides: Overrides, arm: Arm) -> Cause:
    """Say what settled where a decided request goes."""
    if arm == "holdout":
        return "holdout"
    if overrides.bucket is not None:
        return "asked"
    if len({c.model for c in decision.candidates if c.eligible}) == 1:
        return "only"
    return decision.router_policy
