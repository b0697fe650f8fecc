"""Who may be a candidate at all, whatever it scores.

Rules are asked in turn, and each gives a reason in plain words or None:

1. permission, before all others, so that a caller learns nothing else about a model that is not theirs;
2. a credential: the proxy's, or one that the caller brings;
3. what the request needs (images, tools, JSON mode, …), and what it may cost;
4. the context window;
5. health: what the circuit breaker has set aside.

The first three are certain. The last two are guesses, ours about the length and the breaker's about the next
attempt, and a guess never leaves a request without a model: where the window rules out everybody, the widest
stays in if the request may fit after all, and the provider has the last word; where everybody is set aside,
all are tried as though none were (Envoy calls that the panic threshold).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from heimdall_litellm.core.types import CatalogEntry, RequestFacts

NOT_PERMITTED = "the caller's key or team may not use it"
_ASIDE: Final = "set aside for a while: "

_MIN_ANSWER_TOKENS = 256
"""Room that must be left for an answer where the client states no limit."""
_ESTIMATE_ERROR: Final = 0.25
"""How far above the truth an estimate of tokens may lie; see `core/tokens.py`."""
_NONE_ASIDE: Final[Mapping[str, str]] = {}

Reasons = list[str | None]


def rule_out(
    entries: Sequence[CatalogEntry],
    facts: RequestFacts,
    cost_usd: Sequence[float],
    *,
    permitted: Collection[str] | None,
    context_margin: float,
    max_cost_usd: float | None = None,
    brought: Collection[str] = (),
    set_aside: Mapping[str, str] = _NONE_ASIDE,
) -> Reasons:
    """Say for each candidate why it can't serve the request, or None if it can.

    `permitted` None means all. `brought` are the providers for which the caller brings a credential.
    `context_margin` is the share kept free for the error of the token estimate. `set_aside` gives the cause
    for each model that the circuit breaker holds back.
    """
    why: Reasons = [
        _unfit(entry, facts, permitted, brought) or _too_dear(entry, usd, max_cost_usd)
        for entry, usd in zip(entries, cost_usd, strict=True)
    ]
    too_long = [_overflows(entry, facts, context_margin) for entry in entries]
    _narrow(why, too_long, _widest(entries, facts, why))
    if set_aside:
        aside = [_aside(set_aside.get(entry.name)) for entry in entries]
        _narrow(why, aside, [True] * len(entries))
    return why


def _narrow(why: Reasons, rule: Reasons, last_resort: Sequence[bool]) -> None:
    """Let a rule rule out more; where that would leave nobody, those of the last resort stay."""
    left = [i for i, reason in enumerate(why) if reason is None]
    is_last_resort = all(rule[i] is not None for i in left)
    for i in left:
        if not (is_last_resort and last_resort[i]):
            why[i] = rule[i]


def _unfit(
    entry: CatalogEntry, facts: RequestFacts, permitted: Collection[str] | None, brought: Collection[str]
) -> str | None:
    if permitted is not None and entry.name not in permitted:
        return NOT_PERMITTED
    if entry.missing_credential is not None and entry.provider not in brought:
        return f"no credential: set {entry.missing_credential}"
    return _lacks_capability(entry, facts)


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


def _too_dear(entry: CatalogEntry, cost_usd: float, limit: float | None) -> str | None:
    if limit is None or cost_usd <= limit:
        return None
    if not entry.is_priced:
        return f"its price is unknown, and the dearest known is over the request's limit of ${limit:g}"
    return f"it would cost about ${cost_usd:.4f}, over the request's limit of ${limit:g}"


def _overflows(entry: CatalogEntry, facts: RequestFacts, margin: float) -> str | None:
    window = entry.max_input_tokens
    if window is None:
        return None
    need = int(facts.input_tokens * (1 + margin)) + _MIN_ANSWER_TOKENS
    if need > window:
        return f"the request is too long: about {facts.input_tokens:,} tokens, its window holds {window:,}"
    return None


def _widest(entries: Sequence[CatalogEntry], facts: RequestFacts, why: Reasons) -> list[bool]:
    """Whether each has the widest window of those left, and the request may fit if our estimate is off."""
    windows = [
        (entry.max_input_tokens or 0) if reason is None else 0
        for entry, reason in zip(entries, why, strict=True)
    ]
    widest = max(windows, default=0)
    fits = facts.input_tokens * (1 - _ESTIMATE_ERROR) <= widest
    return [fits and window == widest for window in windows]


def _aside(cause: str | None) -> str | None:
    return None if cause is None else _ASIDE + cause


def is_only_aside(why: str | None) -> bool:
    """Whether a candidate is ruled out by the circuit breaker alone, so that it is a last resort."""
    return why is not None and why.startswith(_ASIDE)
