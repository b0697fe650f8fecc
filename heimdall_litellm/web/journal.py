"""The routes about past requests: decisions, what they come to, other α, and what people say of answers.

An admin sees everybody's, anybody else their own key's. What others asked is like what isn't there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Security
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from heimdall_litellm.core.types import Bucket
from heimdall_litellm.journal.record import Cause, Signal
from heimdall_litellm.journal.store import Page, Store
from heimdall_litellm.report.figures import Summary
from heimdall_litellm.report.summary import summarise
from heimdall_litellm.web import bodies, conditional, journal_views, periods
from heimdall_litellm.web import journal_models as models
from heimdall_litellm.web.archive import Archive, no_journal
from heimdall_litellm.web.backend import Backend, Caller
from heimdall_litellm.web.common import KEY, CallerGiven, backend_of, documented
from heimdall_litellm.web.periods import When
from heimdall_litellm.web.previews import Previews
from heimdall_litellm.web.problems import Problem, from_wrong
from heimdall_litellm.web.summaries import Summaries

MAX_PAGE: Final = 200
MAX_FEEDBACK_BYTES: Final = 64_000
"""Enough for the longest comment, with every letter of it escaped."""
_MOST_TOLD: Final = 10
"""How many fields of one body are told what is wrong with them."""
_MAY_BE: Final = {
    "score": 'must be given: a number from 0 to 1, or "up" or "down"',
    "label": f"must be a text of at most {models.MAX_LABEL} visible characters, on one line",
    "comment": f"must be a text of at most {models.MAX_COMMENT:,} characters",
    "decision_id": f"must be a text of 1 to {models.MAX_ID} characters",
    "call_id": f"must be a text of 1 to {models.MAX_ID} characters",
}
"""What the fields of feedback may be."""

router = APIRouter(dependencies=[Security(KEY)])


async def _archive(request: Request, _: CallerGiven) -> Archive:
    # After the key: nobody without one learns whether there is a journal.
    archive = backend_of(request).archive()
    if archive is None:
        raise no_journal()
    return archive


ArchiveGiven = Annotated[Archive, Depends(_archive)]
Name = Annotated[str | None, Query(max_length=300)]
Since = Annotated[When | None, Query(description="From then on: RFC 3339, or how long ago, such as `24h`.")]
Until = Annotated[When | None, Query(description="Before then: the same.")]


def _scope(caller: Caller) -> str | None:
    """Return whose records a caller may see; None: everybody's."""
    return None if caller.is_admin else caller.key or ""


def _text(given: str | None) -> str | None:
    # PostgreSQL's texts hold no zero byte, so that nothing there has such a name.
    return given.replace("\0", "\ufffd") if given is not None else None


@router.get("/heimdall/v1/decisions", response_model=models.DecisionPage, responses=documented(304, 404, 422))
async def list_decisions(
    request: Request,
    caller: CallerGiven,
    archive: ArchiveGiven,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="Decisions on a page.")] = 50,
    before: Annotated[
        str | None, Query(max_length=models.MAX_ID, description="`next_before` of the page before.")
    ] = None,
    since: Since = None,
    until: Until = None,
    requested: Annotated[Name, Query(description="Only what asked for this name.")] = None,
    model: Annotated[Name, Query(description="Only what went to this model group.")] = None,
    bucket: Annotated[Bucket | None, Query(description="Only what was held to be this difficult.")] = None,
    cause: Annotated[Cause | None, Query(description="Only what this settled.")] = None,
) -> Response:
    """List decisions, newest first, page by page."""
    now = datetime.now(UTC)
    page = Page(
        limit=limit + 1,
        before=_text(before),
        since=periods.moment_of(since, now) if since is not None else None,
        until=periods.moment_of(until, now) if until is not None else None,
        requested=_text(requested),
        model=_text(model),
        bucket=bucket,
        cause=cause,
        key=_scope(caller),
    )
    found = await archive.ask(lambda store: store.latest(page))
    shown = [journal_views.summary(entry) for entry in found[:limit]]
    following = shown[-1].id if len(found) > limit else None
    return conditional.answer(request, models.DecisionPage(data=shown, next_before=following))


@router.get(
    "/heimdall/v1/decisions/{id:path}", response_model=models.DecisionDetail, responses=documented(304, 404)
)
async def show_decision(request: Request, caller: CallerGiven, archive: ArchiveGiven, id: str) -> Response:  # noqa: A002 - what the path calls it
    """Show one decision, by its own id or by LiteLLM's of the call, with all that has joined it."""
    wanted, key = _text(id) or "", _scope(caller)
    entry = await archive.ask(lambda store: store.get(wanted, key=key))
    if entry is None:
        raise _no_such_decision()
    seen = None
    if not caller.is_admin:
        seen = await backend_of(request).permitted(caller, journal_views.names_in(entry.record))
    return conditional.answer(request, journal_views.detail(entry, seen))


@router.get("/heimdall/v1/summary", response_model=models.SummaryAnswer, responses=documented(304, 404, 422))
async def show_summary(
    request: Request,
    caller: CallerGiven,
    archive: ArchiveGiven,
    since: Annotated[
        When, Query(description="From then on: RFC 3339, or how long ago, such as `24h`; a year at most.")
    ] = "7d",
    until: Until = None,
    requested: Annotated[Name, Query(description="Only what asked for this name.")] = None,
    slots: Annotated[
        int, Query(ge=1, le=500, description="How many whole parts the timeline has at most.")
    ] = 48,
) -> Response:
    """Sum up a period: requests, spend, savings and their uncertainty, models, failovers, latency."""
    begin, end = _period(since, until)
    key, name = _scope(caller), _text(requested)

    def ask(store: Store) -> Summary:
        return summarise(store, begin, end, key=key, requested=name, slots=slots)

    summaries: Summaries = request.app.state.summaries
    found = await summaries.of(archive, (since, until, key, name, slots), ask)
    if not caller.is_admin and found.saving is not None:
        seen = await backend_of(request).permitted(caller, found.saving.baselines)
        found = journal_views.without_baselines(found, seen)
    return conditional.answer(request, models.SummaryAnswer(found))


@router.get("/heimdall/v1/preview", response_model=models.PreviewAnswer, responses=documented(304, 404, 422))
async def show_preview(
    request: Request,
    caller: CallerGiven,
    archive: ArchiveGiven,
    alpha: Annotated[
        float | None, Query(ge=0, le=1, description="One more α, beside 0, 0.1, 0.2 and so on to 1.")
    ] = None,
    since: Annotated[
        When, Query(description="From then on: RFC 3339, or how long ago, such as `24h`; a year at most.")
    ] = "7d",
    requested: Annotated[Name, Query(description="Only what asked for this name.")] = None,
) -> Response:
    """Say what past traffic would cost and be worth at other α: a sample of it is decided again."""
    backend: Backend = backend_of(request)
    begin, end = _period(since, None)
    previews: Previews = request.app.state.previews
    page = Page(since=begin, until=end, requested=_text(requested), key=_scope(caller))
    bundle = backend.bundle()
    if bundle is None:
        raise Problem(
            503, "heimdall_starting", "No bundle is loaded yet. Send a request, or try again later."
        )
    found = await previews.of(archive, bundle, page, since, alpha)
    virtual = backend.virtual()
    mine = await backend.permitted(caller, virtual)
    configured = {name: one.alpha for name, one in virtual.items() if name in mine}
    answer = models.PreviewAnswer(
        since=found.since,
        until=found.until,
        sampled=found.sampled,
        replayed=found.replayed,
        left_out={str(why): count for why, count in found.left_out.items()},
        configured=configured,
        decided=journal_views.point(found.decided) if found.decided is not None else None,
        points=[journal_views.point(point) for point in found.points],
    )
    return conditional.answer(request, answer)


def _period(since: str, until: str | None) -> tuple[datetime, datetime]:
    now = datetime.now(UTC)
    end = periods.moment_of(until, now) if until is not None else now
    # One that would end before it begins is empty.
    return min(periods.since(since, end), end), end


_FEEDBACK: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": f"Which request, and how good its answer was; {MAX_FEEDBACK_BYTES:,} bytes at most.",
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [kind.model_json_schema() for kind in (models.RatedDecision, models.RatedCall)]
                }
            }
        },
    }
}


@router.post(
    "/heimdall/v1/feedback",
    status_code=202,
    response_model=models.Rating,
    responses=documented(404, 413, 422),
    openapi_extra=_FEEDBACK,
)
async def rate(request: Request, caller: CallerGiven, archive: ArchiveGiven) -> Response:
    """Say how good the answer to one of your own requests was.

    It is written with the next records. Sent again it changes nothing, sent otherwise it replaces the first.
    """
    given = await _given(request)
    wanted = given.decision_id if isinstance(given, models.RatedDecision) else given.call_id
    is_it = _mine(caller)
    backend = backend_of(request)
    decision = next((one.id for one in reversed(backend.recent(wanted)) if is_it(one.key)), None)
    if decision is None:
        name, key = _text(wanted) or "", _scope(caller)
        entry = await archive.ask(lambda store: store.get(name, key=key))
        if entry is None:
            raise _no_such_decision()
        decision = entry.record.id
    score = {"up": 1.0, "down": 0.0}[given.score] if isinstance(given.score, str) else given.score
    signal = Signal(decision, datetime.now(UTC), "feedback", score, 1.0, given.label, given.comment)
    if not backend.rate(signal):
        raise Problem(503, "heimdall_busy", "Feedback can't be taken now. Send it again later.")
    made = models.Rating(decision_id=decision, score=score, label=given.label, comment=given.comment)
    return Response(
        made.model_dump_json(), 202, headers={"Cache-Control": "no-store"}, media_type="application/json"
    )


def _mine(caller: Caller) -> Callable[[str | None], bool]:
    return lambda key: caller.is_admin or (key is not None and key == caller.key)


async def _given(request: Request) -> models.RatedDecision | models.RatedCall:
    sent = await bodies.object_of(await bodies.read(request, MAX_FEEDBACK_BYTES))
    if ("decision_id" in sent) is ("call_id" in sent):
        raise _malformed({"decision_id": "must be given, or else call_id, and not both"})
    kind = models.RatedDecision if "decision_id" in sent else models.RatedCall
    try:
        # As JSON again: strictness differs between JSON's types and Python's.
        return kind.model_validate_json(json.dumps(sent))
    except ValidationError as error:
        fields = [str(each["loc"][0])[:100] if each["loc"] else "" for each in error.errors()[:_MOST_TOLD]]
        raise _malformed({field: _why(field) for field in fields}) from None


def _why(field: str) -> str:
    if not field:
        return "must be text that UTF-8 can hold"
    return _MAY_BE.get(field, f"is no field of feedback, which are {', '.join(_MAY_BE)}")


def _malformed(why: Mapping[str, str]) -> Problem:
    wrong = [{"loc": ("body", field) if field else ("body",), "msg": said} for field, said in why.items()]
    said = "; ".join(f"{field or 'a text'} {words}" for field, words in why.items())
    return from_wrong("heimdall_bad_body", f"The feedback is malformed: {said}.", wrong)


def _no_such_decision() -> Problem:
    return Problem(
        404,
        "heimdall_no_such_decision",
        "There is no decision of this id that this key may see. The journal is written with a delay: where "
        "the request is a few seconds old, try again.",
    )
