"""From a decision to what LiteLLM's router does with the request.

LiteLLM walks a list of fallbacks that stands in the request. It is given in all three forms
(any error, context window, content policy), so that no list of the router's own, which nobody
checked against the caller's key, is ever consulted for a request that we route.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from heimdall_litellm.core.types import Decision
from heimdall_litellm.plugin.seams import FALLBACK_KINDS
from heimdall_litellm.plugin.translate import LITELLM_METADATA, METADATA, Data, buckets_of

HANDLE_KEY: Final = "heimdall_record"
"""Where a request's metadata holds the handle of its record; see `records.py`."""

# LiteLLM sends its own metadata to the provider here (that of vector stores until some release between 1.100
# and 1.106). Each attempt's key is checked anew instead.
_SENDS_METADATA: Final = frozenset({"acreate_interaction", "avector_store_create"})
# What a client may send to steer LiteLLM's router or to replace a deployment's credential.
_CLIENT_CONTROLS: Final = frozenset(
    {
        *FALLBACK_KINDS,
        *("api_key", "api_base", "base_url", "api_version", "organization", "deployment_url"),
        *("azure_ad_token", "vertex_credentials", "vertex_ai_credentials", "aws_role_name"),
        *("custom_llm_provider", "deployment_id", "specific_deployment", "model_list", "user_config"),
        # A stored credential's name brings its address and key along; the rest is how the call is made.
        *("litellm_credential_name", "ssl_verify", "client", "shared_session", "http_handler", "logger_fn"),
    }
)
_OF_THE_CALL: Final = frozenset({"model", "api_key", "api_base", "base_url", "extra_headers"})
"""What a client's `extra_body` may not say: it goes to the provider as it is, over what was decided."""
_CREDENTIALS: Final = frozenset({"api_key", "api_base", "base_url", "litellm_credential_name"})
_ADDED: Final = frozenset({"deployment", "_litellm_client_requested_model"})
"""What LiteLLM writes into a request that is answered, and would send to the next provider."""
_RETRIES: Final = frozenset({"num_retries", "max_retries", "retry_policy", "model_group_retry_policy"})


def redirect(
    data: Data, model: str, fallbacks: list[str], replaced: Collection[str] = FALLBACK_KINDS
) -> Data:
    """Return a copy of the request for `model`, with these fallbacks and no others.

    The very list `fallbacks` goes into the request: whoever keeps it can change what is tried next (see
    `attempts.py`). `replaced` are the kinds that the router has lists of its own for. Where there are none
    and we have none to add, nothing is said, so that LiteLLM's errors read as they do without us.
    """
    routed = {key: value for key, value in data.items() if key not in _CLIENT_CONTROLS}
    routed["model"] = model
    extra = routed.get("extra_body")
    if isinstance(extra, dict) and not _OF_THE_CALL.isdisjoint(extra):
        routed["extra_body"] = {key: value for key, value in extra.items() if key not in _OF_THE_CALL}
    # A key's or a team's own router settings hold lists that LiteLLM doesn't check either.
    if routed.get("router_settings_override"):
        replaced = FALLBACK_KINDS
    for kind in FALLBACK_KINDS if fallbacks else replaced:
        routed[kind] = [{model: fallbacks}] if fallbacks else []
    return routed


def without_credentials(data: Data) -> Data:
    """Return a request that borrows the credentials of a virtual name's deployment, without any of its own.

    A caller's key for one provider would go to whichever that deployment has.
    """
    return {key: value for key, value in data.items() if key not in _CREDENTIALS}


def without_retries(data: Data) -> Data:
    """Return the request for a chain of models: one failing means the next one, at once.

    LiteLLM, and the client libraries below it, would try the same one again first.
    """
    return {key: value for key, value in data.items() if key not in _RETRIES} | {"num_retries": 0}


def stamp(data: Data, call_type: str, handle: str, spend: dict[str, Any] | None) -> None:
    """Write the record's handle, and what is to stand in the spend log, into new copies of the metadata."""
    if call_type in _SENDS_METADATA:
        return
    for name in buckets_of(call_type, data):
        bucket = dict(data.get(name) or {})
        bucket[HANDLE_KEY] = handle
        if spend is not None:
            logged = bucket.get("spend_logs_metadata")
            bucket["spend_logs_metadata"] = {
                **(logged if isinstance(logged, dict) else {}),
                "heimdall": spend,
            }
        data[name] = bucket


def sign(data: Mapping[str, Any], call_type: str, handle: str) -> None:
    """Write the handle into the request as it came, where LiteLLM reports failures with that one."""
    metadata = data.get(METADATA)
    if call_type == "atext_completion" and isinstance(metadata, dict):
        metadata[HANDLE_KEY] = handle


def onwards(data: Mapping[str, Any], model: str, fallbacks: list[str]) -> Data:
    """Return a routed request as it goes on to `model`, without what LiteLLM added when it was answered."""
    kept = {key: value for key, value in data.items() if key not in _ADDED}
    # Of their own, for what is still to be logged of the last attempt reads that one's.
    kept |= {
        name: dict(kept[name]) for name in (METADATA, LITELLM_METADATA) if isinstance(kept.get(name), dict)
    }
    return {**kept, "model": model, **{kind: [{model: fallbacks}] for kind in FALLBACK_KINDS}}


def spend_record(
    decision: Decision, model: str, decision_id: str, requested: str, reason: str
) -> dict[str, Any]:
    """Return what LiteLLM's spend log keeps of a decision and of where the request went: small and flat."""
    return {
        "decision_id": decision_id,
        "requested": requested,
        "model": model,
        "bucket": decision.bucket,
        "alpha": decision.alpha,
        "difficulty": round(decision.difficulty, 4),
        "effort": decision.effort.reasoning_effort,
        "reason": reason,
    }


def note_attempt(data: Mapping[str, Any], facts: Mapping[str, object]) -> None:
    """Write what became known of an attempt beside the decision in its spend record, where there is one."""
    for metadata in (data.get(LITELLM_METADATA), data.get(METADATA)):
        logged = metadata.get("spend_logs_metadata") if isinstance(metadata, dict) else None
        record = logged.get("heimdall") if isinstance(logged, dict) else None
        if isinstance(record, dict):
            record.update(facts)
