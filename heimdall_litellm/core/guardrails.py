"""Who may be a candidate at all, whatever it scores.

Each rule gives a reason in plain words, or None. The first that applies is the one reported:
permission before all others, so that a caller learns nothing else about a model that is not
theirs; then what the administrator can mend (credentials); then what the request needs.
"""

from __future__ import annotations

from collections.abc import Collection

from heimdall_litellm.core.types import CatalogEntry, RequestFacts

NOT_PERMITTED = "the caller's key or team may not use it"

_MIN_ANSWER_TOKENS = 256
"""Room that must be left for an answer where the client states no limit."""


def why_not(
    entry: CatalogEntry,
    facts: RequestFacts,
    *,
    permitted: Collection[str] | None,
    context_margin: float,
) -> str | None:
    """Say why a model can't serve a request, or None if it can.

    `permitted` None means all. `context_margin` is the share kept free for the error of the
    token estimate.
    """
    if permitted is not None and entry.name not in permitted:
        return NOT_PERMITTED
    if entry.missing_credential is not None:
        return f"no credential: set {entry.missing_credential}"
    return _lacks_capability(entry, facts) or _overflows(entry, facts, context_margin)


def _lacks_capability(entry: CatalogEntry, facts: RequestFacts) -> str | None:
    if facts.has_images and not entry.has_vision:
        return "it can't see images"
    if facts.has_audio and not entry.has_audio:
        return "it can't hear audio"
    if facts.has_files and not entry.has_files:
        return "it can't read files"
    if (facts.tools or facts.has_tool_results) and not entry.has_tools:
        return "it can't call tools"
    if facts.is_json and not entry.has_json:
        return "it has no JSON mode"
    return None


def _overflows(entry: CatalogEntry, facts: RequestFacts, margin: float) -> str | None:
    window = entry.max_input_tokens
    if window is None:
        return None
    need = int(facts.input_tokens * (1 + margin)) + _MIN_ANSWER_TOKENS
    if need > window:
        return f"the request is too long: about {facts.input_tokens:,} tokens, its window holds {window:,}"
    return None
