"""Which mode a request is handled in: by its key, its team, or a draw that holds for its conversation."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

from heimdall_litellm.config import Settings
from heimdall_litellm.config.modes import ModeName, ModeRule
from heimdall_litellm.core.conversation import share_of
from heimdall_litellm.journal.record import Caller

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_PERSONS: Final = ("user", "safety_identifier")


class Modes:
    """The modes that the settings name."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._watched = settings.shadow.models

    @property
    def may_shadow(self) -> bool:
        """Whether any request at all may be decided on and left alone."""
        return "shadow" in self.named

    @property
    def named(self) -> frozenset[ModeName]:
        """All modes that any request may be handled in."""
        return frozenset((self._settings.mode, *(rule.mode for rule in self._settings.modes)))

    def watches(self, model: str) -> bool:
        """Whether requests for a model group are looked at in shadow mode."""
        return self.may_shadow and (self._watched is None or model in self._watched)

    def of(self, caller: Caller, conversation: bytes) -> ModeName:
        """Return the mode of one request: that of the first rule that fits, or the general one."""
        for at, rule in enumerate(self._settings.modes):
            if _fits(rule, caller) and (
                rule.share >= 1.0 or share_of(conversation, f"mode {at}") < rule.share
            ):
                return rule.mode
        return self._settings.mode

    def is_held_out(self, conversation: bytes) -> bool:
        """Whether a conversation goes to the baseline, by a draw."""
        share = self._settings.holdout.share
        return share > 0 and share_of(conversation, "holdout") < share


def _fits(rule: ModeRule, caller: Caller) -> bool:
    is_key = rule.keys is None or caller.alias in rule.keys or caller.key in rule.keys
    is_team = rule.teams is None or caller.team in rule.teams or caller.team_alias in rule.teams
    return is_key and is_team


def caller_of(token: Any) -> Caller:
    """Return who asks, from the key as LiteLLM knows it; of a key itself nothing is kept but its hash."""
    key = _text(token, "token") or _text(token, "api_key")
    if key is not None and not _HASH.fullmatch(key):
        key = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return Caller(
        key,
        _text(token, "key_alias"),
        _text(token, "team_id"),
        _text(token, "team_alias"),
        _text(token, "user_id"),
    )


def speaker_of(caller: Caller, data: Mapping[str, Any]) -> str:
    """Return what tells apart those who speak by one key: the end user, where a client names one.

    No id of a session: LiteLLM may make a new one for each request (`missing_session_id: generate`).
    """
    said = (*_person(data), data.get("prompt_cache_key"))
    return "\x1f".join([caller.key or "", *(one[:200] if isinstance(one, str) else "" for one in said)])


def names_a_person(data: Mapping[str, Any]) -> bool:
    """Whether a client says which of its users speaks; many may have one `prompt_cache_key`."""
    return any(isinstance(one, str) and one for one in _person(data))


def _person(data: Mapping[str, Any]) -> tuple[object, ...]:
    metadata = data.get("metadata")
    # Anthropic's way; its own clients put the session there too.
    user_id = metadata.get("user_id") if isinstance(metadata, Mapping) else None
    return (*(data.get(name) for name in _PERSONS), user_id)


def _text(token: Any, name: str) -> str | None:
    value = getattr(token, name, None)
    return value[:200] if isinstance(value, str) and value else None
