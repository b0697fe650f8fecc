"""Every attribute of LiteLLM that we rely on, named once.

LiteLLM moves its internals between releases, so nothing else in the plugin spells out a path
into it: the rest asks here. `probe` says what the installed release has; a missing *essential*
seam starts Heimdall bypassed (requests go to the default model), a missing other one costs
only what its `detail` says. Everything is looked up when it is used, never cached: the
proxy replaces its router and its configuration while it runs.
"""

from __future__ import annotations

import asyncio
import inspect
import re
import ssl
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from importlib import import_module
from typing import Any, Protocol, cast

import aiohttp
import httpx
import openai

from heimdall_litellm.catalog.price_map import as_loaded
from heimdall_litellm.errors import BadOverride, RequestError

TRANSPORT = (
    *(httpx.TransportError, httpx.HTTPStatusError, httpx.StreamError),
    *(aiohttp.ClientError, ConnectionError, ssl.SSLError, TimeoutError),
)
"""What it looks like when the way to a provider breaks."""
SUPPORTED = ">=1.100,<1.110"
"""The releases of LiteLLM that these seams were run on; the package asks for no others."""

_PROXY = "litellm.proxy.proxy_server"
_RESPONSE_SECURITY = "litellm.proxy.hooks.responses_id_security:ResponsesIDSecurity"
_RESPONSE_DEPLOYMENT = "litellm.responses.utils:ResponsesAPIRequestUtils.get_model_id_from_response_id"
_HTTP_CLIENT = "litellm.llms.custom_httpx.http_handler:get_async_httpx_client"
_CLIENT_TIMEOUT = "litellm.llms.custom_httpx.http_handler:_default_cached_client_timeout"
PLACEHOLDER_KEY = "oauth"
"""Stands where LiteLLM insists on a key and the provider is given a bearer instead."""
_OF_A_CALLER = re.compile("-[0-9a-f]{16}$")
_REGISTERED = "litellm.utils:_registered_pricing_fields"
_MAP_SOURCE = "litellm.litellm_core_utils.get_model_cost_map:get_model_cost_map_source_info"
_MAP_LOADED_AT = "litellm.litellm_core_utils.get_model_cost_map:get_model_cost_map_loaded_at"
_BY_HAND = "litellm.utils:_runtime_registered_model_cost"
_KEY_CHECK = "litellm.proxy.auth.user_api_key_auth:user_api_key_auth"
_IS_PUBLIC = "litellm.proxy.auth.auth_utils:route_in_additonal_public_routes"
_MODEL_OF_ID = "litellm.proxy.openai_files_endpoints.common_utils:decode_model_from_file_id"


class Router(Protocol):
    """The part of `litellm.Router` that we use; 1.109 and newer have entry points in its place."""

    model_list: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Seam:
    """One thing we need of LiteLLM: whether it is there, and what is lost where it isn't."""

    name: str
    is_present: bool
    detail: str
    is_essential: bool = True


def _attribute(path: str) -> object | None:
    """Return what `module:attribute.attribute` names, or None where any part is missing."""
    module, _, attributes = path.partition(":")
    try:
        found: object = import_module(module)
        for attribute in filter(None, attributes.split(".")):
            found = getattr(found, attribute)
    except (ImportError, AttributeError):
        return None
    return found


def _takes(path: str, parameters: Iterable[str]) -> bool:
    function = _attribute(path)
    if not callable(function):
        return False
    return set(parameters) <= set(inspect.signature(function).parameters)


_HOOKS: tuple[tuple[str, tuple[str, ...], bool, str], ...] = (
    (
        "async_pre_call_hook",
        ("user_api_key_dict", "cache", "data", "call_type"),
        True,
        "without it no request is ever routed",
    ),
    (
        "async_filter_deployments",
        ("model", "healthy_deployments", "messages", "request_kwargs", "parent_otel_span"),
        True,
        "without it a request that skips the pre-call hook isn't caught",
    ),
    (
        "async_pre_call_deployment_hook",
        ("kwargs", "call_type"),
        True,
        "without it there is no effort per attempt and no simulated provider",
    ),
    (
        "async_post_call_failure_deployment_hook",
        ("request_data", "exception", "call_type"),
        False,
        "without it no failure is told apart, and the circuit breaker never opens",
    ),
    (
        "async_post_call_failure_hook",
        ("request_data", "original_exception", "user_api_key_dict", "traceback_str"),
        False,
        "without it an error doesn't name what was tried",
    ),
    (
        "async_log_failure_event",
        ("kwargs", "response_obj", "start_time", "end_time"),
        False,
        "without it a stream that breaks doesn't count against its deployment",
    ),
    (
        "async_post_call_streaming_iterator_hook",
        ("user_api_key_dict", "response", "request_data"),
        False,
        "without it a stream of completions or of Gemini's own endpoint isn't replaced",
    ),
    (
        "async_post_call_response_headers_hook",
        ("data", "user_api_key_dict", "response", "request_headers", "litellm_call_info"),
        False,
        "without it answers carry no heimdall-* headers",
    ),
    (
        "async_log_success_event",
        ("kwargs", "response_obj", "start_time", "end_time"),
        False,
        "without it latency isn't measured",
    ),
)

_SHUTDOWN = "proxy_shutdown_event"

_OTHERS: tuple[tuple[str, bool, str], ...] = (
    (f"{_PROXY}:proxy_config.get_config_state", True, "the model list at start"),
    ("litellm:callback_settings", True, "the settings"),
    ("litellm:model_cost", True, "prices"),
    (_REGISTERED, False, "telling prices from what a router made before Heimdall's has registered"),
    (_BY_HAND, False, "the same, where models were registered by hand"),
    (_MAP_SOURCE, False, "how old the price map is"),
    (_MAP_LOADED_AT, False, "the same"),
    (
        "litellm.proxy.auth.fallback_model_access:is_model_authorized_for_token",
        True,
        "which models a key may use; without it only an admin key is routed",
    ),
    (
        "litellm.proxy.auth.fallback_budget:is_token_within_budget_for_model",
        False,
        "budgets of a candidate; LiteLLM 1.106 and newer",
    ),
    ("litellm.proxy._types:ProxyException", True, "errors in the shape LiteLLM answers with"),
    (_RESPONSE_DEPLOYMENT, False, "conversations that go on stay with their model; else, the default"),
    (f"{_RESPONSE_SECURITY}._decrypt_response_id", False, "the same, where the proxy encrypts the ids"),
    (_MODEL_OF_ID, False, "guarding a default model that the id of a file or batch names"),
    (f"{_PROXY}:app.router.routes", False, "the HTTP API"),
    (f"{_PROXY}:{_SHUTDOWN}", False, "the last second of the journal, where the proxy is told to end"),
    (_KEY_CHECK, False, "the key check of the HTTP API; without it nobody gets in"),
    (_IS_PUBLIC, False, "the same"),
    ("litellm:exception_type", False, "telling failures of streams apart"),
    (_HTTP_CLIENT, False, "Gemini with an OAuth token, and holding keys to their hosts at a redirect"),
    ("fastapi:HTTPException", True, "refusals within the router"),
    ("litellm.llms.custom_llm:CustomLLM", False, "the simulated provider"),
    ("litellm.utils:custom_llm_setup", False, "registering the simulated provider"),
    ("litellm:get_llm_provider", True, "which groups are the same model, for permission"),
    ("litellm:get_supported_openai_params", False, "which models take a reasoning effort"),
    ("litellm:supports_reasoning", False, "which models can think"),
    ("litellm.types.router:CustomRoutingStrategyBase", False, "HeimdallRoutingStrategy, for plain routers"),
)


def probe() -> tuple[Seam, ...]:
    """Look up every seam in the installed LiteLLM."""
    hooks = [
        Seam(
            f"CustomLogger.{name}",
            _takes(f"litellm.integrations.custom_logger:CustomLogger.{name}", parameters),
            detail,
            is_essential,
        )
        for name, parameters, is_essential, detail in _HOOKS
    ]
    others = [
        Seam(path.replace(":", "."), _attribute(path) is not None, detail, is_essential)
        for path, is_essential, detail in _OTHERS
    ]
    return (*hooks, *others)


def proxy_router() -> Router | None:
    """Return the proxy's router as it is now; None before it exists."""
    return cast("Router | None", _attribute(f"{_PROXY}:llm_router"))


def router_call(call: str, request: Mapping[str, Any]) -> Callable[[], Awaitable[Any]]:
    """Return the call that has the proxy's router answer a request, as the proxy itself does."""
    return partial(getattr(proxy_router(), call), **request)


def is_first_to_watch(callback: object) -> bool:
    """Whether no other callback stands between `callback` and the streams of providers."""
    every = _attribute("litellm:callbacks")
    for one in every if isinstance(every, list) else ():
        if one is callback:
            return True
        if not _WATCHING.isdisjoint(vars(type(one))):
            return False
    return False


_WATCHING = frozenset({"async_post_call_streaming_iterator_hook", "apply_guardrail"})

FALLBACK_KINDS = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks")
"""What the router calls its lists of fallbacks, and what a request calls its own."""


def router_fallback_kinds(router: Router | None) -> frozenset[str]:
    """Return the kinds of fallbacks the router has lists of its own for; all where it doesn't tell."""
    settings = getattr(router, "settings", None)
    source = settings() if callable(settings) else router
    return frozenset(kind for kind in FALLBACK_KINDS if getattr(source, kind, "unknown"))


def aliases_of(router: Router | None) -> Mapping[str, str]:
    """Return the model groups that a router has other names for, by those names."""
    registry = getattr(router, "registry", None)
    aliases = getattr(registry(), "aliases", None) if callable(registry) else None
    given = aliases() if callable(aliases) else getattr(router, "model_group_alias", None)
    if not isinstance(given, Mapping):
        return {}
    targets = {name: item.get("model") if isinstance(item, Mapping) else item for name, item in given.items()}
    return {name: target for name, target in targets.items() if isinstance(target, str)}


def models_of(router: Router | None) -> Sequence[Mapping[str, Any]]:
    """Return every deployment of a router; none if there is no router."""
    registry = getattr(router, "registry", None)
    if callable(registry):
        return cast("Sequence[Mapping[str, Any]]", registry().all())
    return router.model_list if router is not None else ()


def configuration() -> Mapping[str, Any]:
    """Return the proxy's configuration as it was read; empty where there is none."""
    state = _attribute(f"{_PROXY}:proxy_config.get_config_state")
    config = state() if callable(state) else None
    return config if isinstance(config, Mapping) else {}


def configured_models() -> Sequence[Mapping[str, Any]]:
    """Return `model_list` of the proxy's configuration, which is there before any router is."""
    models = configuration().get("model_list")
    return models if isinstance(models, list) else ()


def callback_settings() -> Mapping[str, object]:
    """Return what the configuration says under `callback_settings.heimdall`, unchecked."""
    every = _attribute("litellm:callback_settings")
    given = every.get("heimdall") if isinstance(every, Mapping) else None
    return {} if given is None else cast("Mapping[str, object]", given)


_PriceMap = Mapping[str, Mapping[str, object]]
_pristine: tuple[object, _PriceMap] = (None, {})


def price_map() -> _PriceMap:
    """Return LiteLLM's price map as it was when first seen; a new one once LiteLLM has loaded one.

    The router writes what deployments state of themselves into the live map, under the model's own name:
    one deployment's limits would be taken for those of all others. What it has written by then is left out.
    """
    global _pristine  # noqa: PLW0603 - LiteLLM's map is the process's too
    live = _attribute("litellm:model_cost")
    if not isinstance(live, Mapping):
        return {}
    if _pristine[0] is not live:
        _pristine = live, as_loaded(live, _mapping_of(_REGISTERED), _mapping_of(_BY_HAND))
    return _pristine[1]


def price_map_read_at() -> datetime | None:
    """Return when LiteLLM fetched its price map; None if it took the one it came with, or doesn't say."""
    loaded_at = _attribute(_MAP_LOADED_AT)
    try:
        found: Mapping[str, object] = _mapping_of(_MAP_SOURCE)
        at = loaded_at() if found.get("source") == "remote" and callable(loaded_at) else None
    except Exception:  # noqa: BLE001 - LiteLLM's own code; without an age everything goes on
        return None
    return at if isinstance(at, datetime) else None


def _mapping_of(path: str) -> _PriceMap:
    """Return what LiteLLM has at a path, or what a function there gives; empty for what is no mapping."""
    there = _attribute(path)
    given = there() if callable(there) else there
    return given if isinstance(given, Mapping) else {}


@lru_cache(maxsize=4096)
def provider_and_model(model: str, provider: str | None = None) -> tuple[str, str]:
    """Return the two parts of a model's name, however much of it is spelt out; "" for an unknown provider."""
    split = cast("Callable[..., tuple[str, str, object, object]]", _attribute("litellm:get_llm_provider"))
    try:
        bare, of, _, _ = split(model=model, custom_llm_provider=provider)
    except openai.OpenAIError:
        return provider or "", model
    return of, bare


def group_of_response(response_id: object, router: Router | None) -> str | None:
    """Return the model group that gave a stored response; None where its id doesn't tell, or is none."""
    if not isinstance(response_id, str):
        return None
    security, read = _attribute(_RESPONSE_SECURITY), _attribute(_RESPONSE_DEPLOYMENT)
    if callable(security):
        # The proxy encrypts ids for their owner. Whether that is the caller, LiteLLM checks after us.
        response_id = security()._decrypt_response_id(response_id)[0]  # noqa: SLF001 - no public way
    found = read(response_id) if callable(read) else None
    groups = {(d.get("model_info") or {}).get("id"): d.get("model_name") for d in models_of(router)}
    # Under a caller's own credential a deployment has an id of its own, that begins with the original one.
    group = groups.get(found) or groups.get(_OF_A_CALLER.sub("", str(found)))
    return str(group) if found and group is not None else None


def model_of_id(given: object) -> str | None:
    """Return the model that LiteLLM wrote into the id of a file or batch it made; None where none is."""
    decode = _attribute(_MODEL_OF_ID)
    found = decode(given) if callable(decode) and isinstance(given, str) else None
    return found if isinstance(found, str) else None


TokenCheck = Callable[..., Awaitable[bool]]


def access_checks() -> tuple[TokenCheck, ...]:
    """Return the checks a model must pass for a key; raises LookupError where access can't be asked."""
    access = _attribute("litellm.proxy.auth.fallback_model_access:is_model_authorized_for_token")
    if access is None:
        raise LookupError("the installed LiteLLM has no is_model_authorized_for_token")
    budget = _attribute("litellm.proxy.auth.fallback_budget:is_token_within_budget_for_model")
    return cast("tuple[TokenCheck, ...]", (access,) if budget is None else (access, budget))


def key_check() -> tuple[Callable[..., Awaitable[object]], Callable[[str], object]]:
    """Return the proxy's check of a request's key, and what says of a path that no key is asked for there.

    Raises LookupError where one of them isn't there.
    """
    check, is_public = _attribute(_KEY_CHECK), _attribute(_IS_PUBLIC)
    if not callable(check) or not callable(is_public):
        raise LookupError("the installed LiteLLM has no user_api_key_auth")
    return check, is_public


def key_header() -> str | None:
    """Return the header of the proxy's own choice in which it takes keys, if it has one."""
    settings = _attribute(f"{_PROXY}:general_settings")
    name = settings.get("litellm_key_header_name") if isinstance(settings, Mapping) else None
    return name if isinstance(name, str) else None


def proxy_app() -> Any:
    """Return the proxy's web application; None outside a proxy."""
    # Only where it has been loaded: a router alone has none, and importing it would make one.
    return _attribute(f"{_PROXY}:app") if _PROXY in sys.modules else None


def at_shutdown(end: Callable[[], None]) -> None:
    """Have something done once the proxy has served its last request, on a thread.

    Nothing else tells us: at its end uvicorn raises the signal it was sent, which kills the process before
    Python's own exit handlers run.
    """
    proxy = sys.modules.get(_PROXY)
    shut = getattr(proxy, _SHUTDOWN, None)
    if proxy is None or shut is None:
        return

    async def shut_and_end(*given: Any, **named: Any) -> Any:
        try:
            return await shut(*given, **named)
        finally:
            await asyncio.to_thread(end)

    setattr(proxy, _SHUTDOWN, shut_and_end)


def redis() -> Any:
    """Return LiteLLM's Redis cache: the proxy's own, else its router's; None where neither has one."""
    own = _attribute(f"{_PROXY}:redis_usage_cache")
    return own if own is not None else _attribute(f"{_PROXY}:llm_router.cache.redis_cache")


def tracer() -> Any:
    """Return the tracer of LiteLLM's OpenTelemetry callback; None where it has none."""
    loaded = sys.modules.get(_PROXY)
    return getattr(getattr(loaded, "open_telemetry_logger", None), "tracer", None)


def steadfast_client(provider: str, timeout_s: float | None = None, *, is_lazy: bool = False) -> object:
    """Return LiteLLM's HTTP client for a provider, held to the host that it was sent to.

    A redirect to another host is a failure: httpx takes `Authorization` off, but not the headers in which
    Anthropic and Google take their keys, and the prompt would go along.

    `is_lazy`: the connection may be opened only while the stream is being read. Then LiteLLM states no time
    limit, so the client has `timeout_s`; and it would take most refusals for final, so the client makes of
    them a stream that broke before its first content.
    """
    make = cast("Callable[..., object]", _attribute(_HTTP_CLIENT))
    falls_over = is_lazy and _attribute("litellm.router:FallbackAwareAnthropicMessagesStream") is not None
    limit = _attribute(_CLIENT_TIMEOUT)
    stated = timeout_s if timeout_s is not None else limit() if callable(limit) else None
    # The very same hooks each time: LiteLLM finds a client again by what these print as.
    hooks = _FALLING_OVER if falls_over else _STEADFAST
    return make(llm_provider=provider, params={"event_hooks": hooks, "timeout": stated})


async def _without_placeholder(request: httpx.Request) -> None:
    if request.headers.get("x-goog-api-key") == PLACEHOLDER_KEY:
        del request.headers["x-goog-api-key"]


async def _stay(response: httpx.Response) -> None:
    if response.has_redirect_location:
        there = response.request.url.join(response.headers["location"])
        if (there.scheme, there.host, there.port) != _origin(response.request.url):
            raise httpx.ConnectError("redirected to another host", request=response.request)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


async def _break(response: httpx.Response) -> None:
    is_refusal = response.is_client_error and response.status_code not in (408, 429)
    if not is_refusal or not response.request.url.path.endswith(":streamGenerateContent"):
        return  # LiteLLM falls over by itself
    said = (await response.aread()).decode(errors="replace")
    theirs = cast("Callable[..., Exception]", _attribute("litellm.llms.vertex_ai.common_utils:VertexAIError"))
    error = mapped(theirs(response.status_code, said, response.headers), "gemini")
    broken = cast("Callable[..., Exception]", _attribute("litellm.exceptions:MidStreamFallbackError"))
    # Twice, for the adapter of `/v1/messages` takes one off.
    for _ in range(2):
        error = broken(said, "", "gemini", original_exception=error, is_pre_first_chunk=True)
    raise error


_STEADFAST: Mapping[str, Sequence[object]] = {"request": [_without_placeholder], "response": [_stay]}
_FALLING_OVER: Mapping[str, Sequence[object]] = {**_STEADFAST, "response": [_stay, _break]}


def mapped(error: BaseException, provider: str) -> BaseException:
    """Return a provider's own exception as the one LiteLLM makes of it, where it hasn't done so yet."""
    map_error = _attribute("litellm:exception_type")
    if isinstance(error, openai.OpenAIError) or not hasattr(error, "status_code") or not callable(map_error):
        return error
    try:
        map_error(model="", original_exception=error, custom_llm_provider=provider)
    except openai.OpenAIError as made:
        return made
    return error


def has_begun(error: BaseException | None) -> bool:
    """Whether an exception tells of a stream that broke after its first content."""
    return bool(getattr(error, "generated_content", "")) and not getattr(error, "is_pre_first_chunk", False)


def is_provider_error(error: BaseException) -> bool:
    """Whether an exception tells of an attempt, and not of LiteLLM itself or of a client that hung up."""
    # Those of LiteLLM's adapters, and of the connection, are met as they are where a stream failed at its
    # beginning.
    return isinstance(error, (openai.OpenAIError, *TRANSPORT)) or type(error).__module__.startswith(
        "litellm.llms."
    )


def is_nobody_left(error: BaseException) -> bool:
    """Whether an exception is the router's own: it found no deployment for the last of the models."""
    kind = type(error)
    return kind.__module__ == "litellm.types.router" and kind.__name__.startswith("RouterRateLimitError")


def rewrite(error: Exception, status: int, message: str) -> None:
    """Make an exception that LiteLLM is about to answer with say something else.

    The one way that works on every endpoint: `/v1/messages` ignores what the hook returns.
    """
    said = {"message": message, "status_code": status, "code": str(status)}
    if status == 503:
        said["type"] = "service_unavailable"  # and not what the last provider calls its own failure
    for name, value in said.items():
        setattr(error, name, value)
    error.args = (message,)


def http_error(error: RequestError, headers: Mapping[str, str] | None = None) -> Exception:
    """Make the exception that LiteLLM answers with an OpenAI-shaped error body, and these headers."""
    exception = cast("Callable[..., Exception]", _attribute("litellm.proxy._types:ProxyException"))
    kind = _kind(error)
    made = exception(
        message=str(error),
        type=kind,
        param=_param(error),
        code=error.status,
        openai_code=error.code,
        headers=dict(headers or {}),
    )
    # LiteLLM prints the status as the body's `code`; ours says which rule refused.
    made.provider_specific_fields = {"heimdall_code": error.code}  # type: ignore[attr-defined]
    # Until 1.106 the completions endpoint asks for the status under this name only.
    made.status_code = error.status  # type: ignore[attr-defined]
    return made


def final_error(error: RequestError) -> Exception:
    """Make the exception for within LiteLLM's router, after which it tries no fallback.

    It takes the web framework's own exception for a guardrail that said no. 1.100 takes it for any other
    error, so a refusal is remembered too: see `Records.close`.
    """
    exception = cast("Callable[..., Exception]", _attribute("fastapi:HTTPException"))
    made = exception(error.status, str(error))
    for name, value in {"type": _kind(error), "param": _param(error)}.items():
        setattr(made, name, value)
    made.provider_specific_fields = {"heimdall_code": error.code}  # type: ignore[attr-defined]
    return made


def _kind(error: RequestError) -> str:
    return "permission_denied" if error.status == 403 else "invalid_request_error"


def _param(error: RequestError) -> str:
    # What is malformed is the first word of what is said of it.
    return str(error).split()[0] if isinstance(error, BadOverride) else "model"
