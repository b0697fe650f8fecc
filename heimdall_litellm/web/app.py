"""The ASGI application with all routes.

Whatever fails in it is answered with a problem document; a failure of our own is counted, and says no more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, FastAPI, Query, Security
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import heimdall_litellm
from heimdall_litellm.core.types import BUCKETS
from heimdall_litellm.errors import RequestError
from heimdall_litellm.web import bodies, conditional, dashboard, journal, models, problems, views
from heimdall_litellm.web.backend import Backend, Caller, Endpoint
from heimdall_litellm.web.common import KEY, CallerGiven, backend_of, documented
from heimdall_litellm.web.head import Headed
from heimdall_litellm.web.previews import Previews
from heimdall_litellm.web.problems import Problem
from heimdall_litellm.web.summaries import Summaries

PREFIXES: Final = ("/heimdall", "/v1/capabilities", "/v1/pricing", "/v1/feature-flags")
"""Where our routes are; nothing of LiteLLM's is there."""
MAX_PAGE: Final = 500
AT_ONCE: Final = 4
"""How many requests are explained at a time: read as JSON, a large one takes many times its size."""
_DESCRIPTION: Final = (
    "What models cost, can do and are good for, and what Heimdall would decide. Every route but the liveness "
    "of `/heimdall/health` stands behind the proxy's own key check, and shows a key what it may use. What "
    "answers GET answers HEAD too, without the body."
)


def _header(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": f"heimdall-{name}", "in": "header", "schema": schema, "description": description}


_OF_A_LIST: Final = documented(304, 422)
_OF_A_MODEL: Final = documented(304, 404)
_OF_FLAGS: Final = documented(304)
_OF_EXPLAIN: Final = documented(404, 409, 413, 422)
_EXPLAINED: Final = {
    "parameters": [
        _header("alpha", {"type": "number", "minimum": 0, "maximum": 1}, "From 0 (cheapest) to 1 (best)."),
        _header("bucket", {"type": "string", "enum": list(BUCKETS)}, "Decide as for this bucket."),
        _header("max-cost", {"type": "number", "exclusiveMinimum": 0}, "Limit of the expected cost, in USD."),
    ],
    "requestBody": {
        "required": True,
        "description": "The request as it would be sent, at most 20 MB. `model` is a virtual name; left out, "
        "the main one.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"model": {"type": "string"}},
                    "example": {"model": "heimdall", "messages": [{"role": "user", "content": "Hi!"}]},
                }
            }
        },
    },
}


_public = APIRouter()
_router = APIRouter(dependencies=[Security(KEY)])


async def _shelf(request: Request, caller: Caller) -> views.Shelf:
    backend = backend_of(request)
    view, virtual = backend.catalog(), backend.virtual()
    return views.shelf(view, virtual, await backend.permitted(caller, views.names_of(view, virtual)))


async def _shelf_with(request: Request, caller: Caller, name: str) -> views.Shelf:
    """Return what is needed to show one name. Raises Problem where there is none that the caller may use."""
    backend = backend_of(request)
    view, virtual = backend.catalog(), backend.virtual()
    one = {name: virtual[name]} if name in virtual else {}
    asked = [name, *(one[name].candidates if one else ())]
    # Asked about in any case, so that time tells nothing about which names there are.
    found = views.shelf(view, one, await backend.permitted(caller, asked))
    if not found.has(name):
        raise problems.no_such_model()
    return found


@_router.get("/heimdall/v1/models", response_model=models.ModelPage, responses=_OF_A_LIST)
async def list_models(
    request: Request,
    caller: CallerGiven,
    provider: Annotated[str | None, Query(description="Only those of this provider.")] = None,
    family: Annotated[str | None, Query(description="Only those of this family, such as `claude`.")] = None,
    capability: Annotated[
        list[models.Capability] | None, Query(description="Only those that can do all of these.")
    ] = None,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="Models on a page.")] = 100,
) -> Response:
    """List the models and virtual names that the key may use, page by page."""
    shelf = await _shelf(request, caller)
    page: list[models.ModelSummary] = []
    next_cursor = None
    for name in shelf.ids:
        if cursor is not None and name <= cursor:
            continue
        found = views.summary(shelf, name)
        if not _fits(found, provider, family, capability):
            continue
        if len(page) == limit:
            next_cursor = page[-1].id
            break
        page.append(found)
    return conditional.answer(request, models.ModelPage(data=page, next_cursor=next_cursor))


def _fits(
    found: models.ModelSummary,
    provider: str | None,
    family: str | None,
    wanted: list[models.Capability] | None,
) -> bool:
    return (
        (provider is None or found.provider == provider)
        and (family is None or found.family == family)
        and set(wanted or ()) <= set(found.capabilities)
    )


@_router.get("/heimdall/v1/models/{model:path}", response_model=models.ModelCard, responses=_OF_A_MODEL)
async def show_model(request: Request, caller: CallerGiven, model: str) -> Response:
    """Show all that is known of a model, field by field with its source and age."""
    return conditional.answer(request, views.card(await _shelf_with(request, caller, model), model))


@_router.get("/v1/capabilities/{model:path}", response_model=models.Capabilities, responses=_OF_A_MODEL)
@_router.get(
    "/heimdall/v1/capabilities/{model:path}", response_model=models.Capabilities, responses=_OF_A_MODEL
)
async def show_capabilities(request: Request, caller: CallerGiven, model: str) -> Response:
    """Show what a model can do."""
    return conditional.answer(request, views.capabilities(await _shelf_with(request, caller, model), model))


@_router.get("/v1/pricing/{model:path}", response_model=models.Pricing, responses=_OF_A_MODEL)
@_router.get("/heimdall/v1/pricing/{model:path}", response_model=models.Pricing, responses=_OF_A_MODEL)
async def show_pricing(request: Request, caller: CallerGiven, model: str) -> Response:
    """Show what a model costs, in USD per 1,000,000 tokens."""
    return conditional.answer(request, views.pricing(await _shelf_with(request, caller, model), model))


@_router.get("/v1/feature-flags", response_model=models.FeatureFlags, responses=_OF_FLAGS)
@_router.get("/heimdall/v1/feature-flags", response_model=models.FeatureFlags, responses=_OF_FLAGS)
async def show_feature_flags(request: Request, _: CallerGiven) -> Response:
    """Show what is switched on and off."""
    flags = dict(sorted(backend_of(request).flags().items()))
    return conditional.answer(request, models.FeatureFlags(flags=flags))


@_router.post(
    "/heimdall/v1/explain",
    response_model=models.Explanation,
    responses=_OF_EXPLAIN,
    openapi_extra=_EXPLAINED,
)
async def explain(
    request: Request,
    caller: CallerGiven,
    endpoint: Annotated[
        Endpoint | None, Query(description="What the body was made for; left out, its keys tell.")
    ] = None,
) -> Response:
    """Say which model would serve a request, and why, without serving it.

    Permissions, credentials and the circuit breaker count as they would for the caller's own request. Nothing
    is recorded, claimed or called.
    """
    backend = backend_of(request)
    sent = await bodies.read(request)
    headers = {name.lower(): value for name, value in request.headers.items()}
    async with request.app.state.explaining:
        body = await bodies.object_of(sent)
        bodies.check(body)
        kind = endpoint or bodies.endpoint_of(body, headers)
        try:
            outcome = await backend.explain(caller, kind, body, headers)
        except RequestError as error:
            seen = frozenset(getattr(error, "why_not", ()))
            raise problems.from_request_error(error, await backend.permitted(caller, seen)) from None
    content = views.explanation(outcome, kind).model_dump_json()
    return Response(content, headers={"Cache-Control": "no-store"}, media_type="application/json")


@_public.get(
    "/heimdall/health",
    response_model=models.Health | models.Liveness,
    responses=_OF_FLAGS,
    openapi_extra={"security": [{}, {"key": []}]},
)
async def show_health(request: Request) -> Response:
    """Say whether Heimdall is alive; with a key, also how its parts are doing."""
    backend = backend_of(request)
    report = backend.report()
    if not await backend.presents_key(request):
        return conditional.answer(request, models.Liveness(status=views.status_of(report)))
    caller = await backend.authenticate(request)
    seen = await backend.permitted(caller, report.groups_aside)
    now = datetime.now(UTC)
    view, version = backend.catalog(), heimdall_litellm.__version__
    content = views.health(report, view, seen, version, now, is_admin=caller.is_admin)
    return conditional.answer(request, content)


class Shielded:
    """Answers for what fails within: counted, and said in a problem document."""

    def __init__(self, app: ASGIApp, failed: Callable[[BaseException], None]) -> None:
        self._app, self._failed = app, failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        has_begun = False

        async def sending(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - the shield is the place for it
            self._failed(error)
            if not has_begun:
                await problems.answer(problems.internal(), Request(scope))(scope, receive, send)


def make_app(backend: Backend) -> FastAPI:
    """Return the application. Its `state.backend` may be replaced while it runs."""
    app = FastAPI(
        title="Heimdall",
        version=heimdall_litellm.__version__,
        description=_DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )

    def failed(error: BaseException) -> None:
        app.state.backend.failed(error)

    app.state.backend = backend
    app.state.explaining = asyncio.Semaphore(AT_ONCE)
    app.state.previews = Previews()
    app.state.summaries = Summaries()
    app.include_router(_router)
    app.include_router(journal.router)
    app.include_router(_public)
    app.include_router(dashboard.router())
    # Within the framework's own handler of failures, which would print a traceback.
    app.add_middleware(Shielded, failed=failed)
    app.add_middleware(Headed)

    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> Response:
        return problems.answer(error, request)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        return problems.answer(problems.from_http(error), request)

    @app.exception_handler(RequestValidationError)
    async def validation(request: Request, error: RequestValidationError) -> Response:
        return problems.answer(problems.from_validation(error), request)

    return app
