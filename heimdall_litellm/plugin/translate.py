"""From LiteLLM's request to ours: whether it is ours, what it asks for, and its facts.

What a request says to Heimdall itself (the `heimdall-*` headers, and the same in the body's
metadata) is *consumed*: it is taken out of everything LiteLLM might forward or log, whatever
becomes of the decision. Nothing here changes what it is given; `consume` returns a copy in
which every dictionary it altered is new.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from heimdall_litellm.config import Settings
from heimdall_litellm.core.types import BUCKETS, Bucket, Overrides
from heimdall_litellm.errors import BadOverride

Data = dict[str, Any]

METADATA: Final = "metadata"
LITELLM_METADATA: Final = "litellm_metadata"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One kind of call that we route: the body's key of its prompt, and where LiteLLM keeps its metadata.

    On the endpoints whose own API has a `metadata` field, that field is the client's and LiteLLM's
    stands beside it.
    """

    prompt: str
    buckets: tuple[str, ...]


ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    "acompletion": Endpoint("messages", (METADATA,)),
    "atext_completion": Endpoint("prompt", (METADATA,)),
    "anthropic_messages": Endpoint("messages", (LITELLM_METADATA,)),
    "aresponses": Endpoint("input", (LITELLM_METADATA,)),
    # The hook sees `metadata`, the router and the log read `litellm_metadata`: both are written.
    "agenerate_content": Endpoint("contents", (METADATA, LITELLM_METADATA)),
    "agenerate_content_stream": Endpoint("contents", (METADATA, LITELLM_METADATA)),
}


def buckets_of(call_type: str, data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the metadata that are LiteLLM's own in a call of this type."""
    if (endpoint := ENDPOINTS.get(call_type)) is not None:
        return endpoint.buckets
    own = (n for n in (LITELLM_METADATA, METADATA) if _is_litellms(data.get(n)))
    return (next(own, METADATA),)


def _is_litellms(metadata: object) -> bool:
    # A client can write this name too, but no object.
    return isinstance(metadata, Mapping) and hasattr(metadata.get("user_api_key_auth"), "user_role")


_FIELDS: Final = ("alpha", "bucket", "max-cost")
_FIELD_NAMES: Final = "alpha, bucket and max_cost"


def asked(data: Mapping[str, Any]) -> dict[str, object]:
    """Return what the request says to Heimdall, by field; a header wins over the body."""
    found: dict[str, object] = {}
    for bucket in (LITELLM_METADATA, METADATA):
        given = data.get(bucket)
        if isinstance(given, Mapping):
            found.update(_from_metadata(given))
    request = data.get("proxy_server_request")
    headers = request.get("headers") if isinstance(request, Mapping) else None
    if isinstance(headers, Mapping):
        for name, value in headers.items():
            if _field_of(name) in _FIELDS:
                found[_field_of(name)] = value
    return found


def _field_of(name: object) -> str:
    return name.lower().removeprefix("heimdall-") if _is_ours(name) and isinstance(name, str) else ""


def _is_ours(name: object) -> bool:
    # With an underscore: the key under which a request's metadata holds our record's handle.
    return isinstance(name, str) and name.lower().startswith(("heimdall-", "heimdall_"))


def _from_metadata(metadata: Mapping[str, Any]) -> dict[str, object]:
    found: dict[str, object] = {}
    nested = metadata.get("heimdall")
    if isinstance(nested, Mapping):
        for key, value in nested.items():
            field = str(key).replace("_", "-")
            if field not in _FIELDS:
                raise BadOverride(f"metadata.heimdall has no field {_shown(key)}; it takes {_FIELD_NAMES}")
            found[field] = value
    elif nested is not None:
        raise BadOverride(f"metadata.heimdall must be an object with {_FIELD_NAMES}")
    found.update({_field_of(k): v for k, v in metadata.items() if _field_of(k) in _FIELDS})
    return found


def _shown(key: object) -> str:
    return repr(str(key)[:40])


def overrides(given: Mapping[str, object], settings: Settings) -> Overrides:
    """Check what a request asks for, and hold it to the administrator's limits.

    Raises BadOverride where a value is malformed. A value that is merely outside the limits is
    clamped or ignored, and a note says so.
    """
    limits = settings.overrides
    if not given:
        return Overrides()
    if not limits.enabled:
        return Overrides(notes=("overrides are switched off, so the request's were ignored",))
    notes: list[str] = []
    alpha = _alpha(given.get("alpha"))
    if alpha is not None and not limits.alpha_min <= alpha <= limits.alpha_max:
        alpha = min(max(alpha, limits.alpha_min), limits.alpha_max)
        notes.append(f"heimdall-alpha was held to {alpha:g}")
    bucket = _bucket(given.get("bucket"))
    if bucket is not None and bucket not in limits.buckets:
        notes.append(f"heimdall-bucket {bucket} is not allowed here and was ignored")
        bucket = None
    cost = _max_cost(given.get("max-cost"))
    if cost is not None and limits.max_cost_usd is not None and cost > limits.max_cost_usd:
        cost = limits.max_cost_usd
        notes.append(f"heimdall-max-cost was held to {cost:g}")
    return Overrides(alpha=alpha, bucket=bucket, max_cost_usd=cost, notes=tuple(notes))


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def _alpha(value: object) -> float | None:
    if value is None:
        return None
    number = _number(value)
    if number is None or not 0 <= number <= 1:
        raise BadOverride("heimdall-alpha must be a number from 0 (cheapest) to 1 (best), such as 0.6")
    return number


def _bucket(value: object) -> Bucket | None:
    if value is None:
        return None
    word = value.strip().lower() if isinstance(value, str) else value
    for bucket in BUCKETS:
        if word == bucket:
            return bucket
    raise BadOverride("heimdall-bucket must be cheap, mid or hard")


def _max_cost(value: object) -> float | None:
    if value is None:
        return None
    number = _number(value)
    if number is None or number <= 0:
        raise BadOverride("heimdall-max-cost must be a number of US dollars above 0, such as 0.05")
    return number


_WITHHELD_ENDINGS: Final = (
    *("authorization", "auth", "key", "cookie", "token", "secret", "password", "passwd", "credential"),
    *("credentials", "signature", "organization", "project", "user-project"),
)
"""How the names of headers end that carry a credential, or say whose account pays."""
_FRAMING: Final = frozenset(
    {
        *("host", "content-length", "content-encoding", "content-type", "transfer-encoding", "connection"),
        *("keep-alive", "te", "trailer", "upgrade", "expect", "via", "proxy-connection", "http2-settings"),
    }
)
"""What frames a message, or belongs to one connection (RFC 9110, 7.6.1)."""
_CARRIERS: Final = ("headers", "extra_headers", "api_key", "secret_fields", "proxy_server_request")


def consume(data: Mapping[str, Any], call_type: str) -> Data:
    """Return a copy of a request without anything addressed to Heimdall.

    Cleaned are the body's metadata, the headers that LiteLLM keeps or would forward, and the copies of
    both that it made for its logs. A client's `metadata` that held nothing else goes entirely, because some
    providers refuse an empty one. Credentials among the body's own headers go too, for they would be sent to
    every provider in turn, and so does what frames a message.
    """
    cleaned = dict(data)
    proxy_buckets = buckets_of(call_type, data)
    for name in (METADATA, LITELLM_METADATA):
        if isinstance(cleaned.get(name), dict):
            cleaned[name] = _without_ours(cleaned[name])
            if name not in proxy_buckets and not cleaned[name] and data[name]:
                del cleaned[name]
    for name in ("headers", "extra_headers"):
        if isinstance(cleaned.get(name), dict):
            cleaned[name] = _without_headers(_without_headers(cleaned[name]), _is_withheld)
    request = cleaned.get("proxy_server_request")
    if isinstance(request, dict):
        cleaned["proxy_server_request"] = _clean_snapshot(request)
    fields = cleaned.get("secret_fields")
    if isinstance(fields, dict) and isinstance(fields.get("raw_headers"), Mapping):
        # LiteLLM reads its own key and those for MCP servers here; neither is a provider's.
        raw = _without_headers(fields["raw_headers"], _is_ours_or_providers)
        if "x-litellm-api-key" in raw:
            raw = _without_headers(raw, lambda name: str(name).lower() == "authorization")
        cleaned["secret_fields"] = {**fields, "raw_headers": raw}
    return without_scoped_bearer(cleaned) or cleaned


SCOPED: Final = "provider_specific_header"
"""Where LiteLLM keeps headers for some providers only, a Claude subscription's bearer among them."""


def bare(data: Mapping[str, Any]) -> Data:
    """Return a request without anything that may hold what is addressed to Heimdall, or a credential.

    It stands in for `consume` where that fails: what LiteLLM logs of a request's headers is lost, no more.
    """
    kept = {name: value for name, value in data.items() if name not in (*_CARRIERS, SCOPED)}
    for bucket in (METADATA, LITELLM_METADATA):
        if isinstance(kept.get(bucket), dict):
            kept[bucket] = {
                name: value
                for name, value in kept[bucket].items()
                if name not in ("heimdall", "headers", "requester_metadata") and not _is_ours(name)
            }
    return kept


def without_scoped_bearer(data: Mapping[str, Any]) -> Data | None:
    """Return a copy without `authorization` among the headers by provider; None if there is none."""
    given = data.get(SCOPED)
    entries = given if isinstance(given, list) else [given] if isinstance(given, Mapping) else []
    kept, is_changed = [], False
    for entry in entries:
        headers = (entry.get("extra_headers") or {}) if isinstance(entry, Mapping) else None
        if not isinstance(headers, Mapping):
            is_changed = True  # whatever is meant by that, it may hold one
            continue
        clean = {name: value for name, value in headers.items() if str(name).lower() != "authorization"}
        is_changed |= len(clean) != len(headers)
        if clean:
            kept.append({**entry, "extra_headers": clean})
    if not is_changed:
        return None
    changed = {key: value for key, value in data.items() if key != SCOPED}
    if kept:
        changed[SCOPED] = kept if isinstance(given, list) else kept[0]
    return changed


def _without_headers(headers: Mapping[str, Any], is_dropped: Callable[[object], bool] = _is_ours) -> Any:
    if not any(map(is_dropped, headers)):
        return headers
    kept = {name: value for name, value in headers.items() if not is_dropped(name)}
    # LiteLLM's header mappings hide credentials when printed; a plain dict would not.
    return type(headers)(kept) if type(headers) is not dict else kept  # type: ignore[call-arg]


_PROVIDERS: Final = frozenset({"x-api-key", "x-goog-api-key", "api-key"})


def _is_ours_or_providers(name: object) -> bool:
    return _is_ours(name) or str(name).lower() in _PROVIDERS


def _is_withheld(name: object) -> bool:
    plain = str(name).lower().strip().replace("_", "-")
    return plain in _FRAMING or (plain.endswith(_WITHHELD_ENDINGS) and plain != "idempotency-key")


def _without_ours(metadata: Mapping[str, Any]) -> Data:
    kept = {name: value for name, value in metadata.items() if name != "heimdall" and not _is_ours(name)}
    if isinstance(kept.get("headers"), Mapping):
        kept["headers"] = _without_headers(kept["headers"])
    if isinstance(kept.get("requester_metadata"), Mapping):
        kept["requester_metadata"] = _without_ours(kept["requester_metadata"])
    return kept


def _clean_snapshot(request: Mapping[str, Any]) -> Data:
    kept = dict(request)
    if isinstance(kept.get("headers"), Mapping):
        kept["headers"] = _without_headers(kept["headers"])
    body = kept.get("body")
    if isinstance(body, Mapping):
        body = dict(body)
        body.pop("api_key", None)
        for name in (METADATA, LITELLM_METADATA):
            if isinstance(body.get(name), Mapping):
                body[name] = _without_ours(body[name])
        kept["body"] = body
    return kept
