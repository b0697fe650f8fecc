"""What the journal keeps of prompts: nothing, unless the settings say otherwise.

*hash* keeps a keyed digest of what the user asks, so that the same ask is recognised and nobody who has the
journal alone can try out what it was: the key comes from the proxy's own secrets. *redacted* and *full* keep
the conversation's text, as JSON, its end where it is too long.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

from heimdall_litellm.config import JournalSettings
from heimdall_litellm.journal.record import Prompt
from heimdall_litellm.journal.redaction import redacted_end

_FROM_ENVIRONMENT: Final = "os.environ/"
_TEXTS: Final = ("system", "instructions", "systemInstruction", "messages", "input", "contents", "prompt")


def secret_of(config: Mapping[str, Any], environ: Mapping[str, str]) -> bytes:
    """Return what our digests of prompts and conversations are keyed with, 32 bytes.

    It is the same for all processes of a proxy, and for none beside: made from LiteLLM's salt or master key.
    Where there is neither, it is another one with each start.
    """
    general = config.get("general_settings")
    stated = general.get("master_key") if isinstance(general, Mapping) else None
    if isinstance(stated, str) and stated.startswith(_FROM_ENVIRONMENT):
        # As it stands in the file, where LiteLLM hasn't put the value in its place.
        stated = environ.get(stated.removeprefix(_FROM_ENVIRONMENT))
    known = environ.get("LITELLM_SALT_KEY") or stated or environ.get("LITELLM_MASTER_KEY")
    if not isinstance(known, str):
        return secrets.token_bytes(32)
    return hashlib.sha256(b"heimdall journal\0" + known.encode("utf-8", "surrogatepass")).digest()


class Prompts:
    """Keeps of prompts what the settings allow."""

    def __init__(self, settings: JournalSettings, secret: bytes) -> None:
        self._how, self._most, self._secret = settings.prompts, settings.prompt_chars, secret

    def keep(self, body: Mapping[str, Any], ask: str | None) -> Callable[[], Prompt] | None:
        """Return how what is kept of a prompt is made; None where that is nothing."""
        if self._how == "off":
            return None
        if self._how == "hash":
            return None if ask is None else lambda: Prompt(digest=self._digest(ask))
        # References alone: the text is put together on the writer's thread.
        told = {name: body[name] for name in _TEXTS if name in body}
        return lambda: Prompt(text=self._cut(json.dumps(told, ensure_ascii=False, default=_type_of)))

    def _digest(self, ask: str) -> str:
        return hashlib.blake2b(ask.encode("utf-8", "replace"), digest_size=16, key=self._secret).hexdigest()

    def _cut(self, text: str) -> str:
        shown = redacted_end(text, self._most) if self._how == "redacted" else text[-self._most :]
        return shown if len(text) <= self._most else f"…{shown}"


def _type_of(value: object) -> str:
    return f"<{type(value).__name__}>"
