"""`openai-key`: a caller's own OpenAI key, in place of the proxy's.

It comes in `heimdall-openai-key`, in the body's `api_key`, or as the bearer of `Authorization` beside the
LiteLLM key in `x-litellm-api-key`; there only in a form that a LiteLLM key never has, as some clients send
theirs in both places. Enabling the adapter is the administrator's leave to bring one; without it
callers' keys are dropped, and `OPENAI_API_KEY` serves.
"""

from __future__ import annotations

from dataclasses import dataclass

from heimdall_litellm.auth.adapter import Adapter, Attachment, Incoming, bearer_of, is_token
from heimdall_litellm.auth.secret import Secret
from heimdall_litellm.config import Settings

HEADER = "heimdall-openai-key"
_PREFIX = "sk-"
_UNMISTAKABLE = ("sk-proj-", "sk-svcacct-", "sk-admin-")
_OTHERS = ("sk-ant-", "sk-or-")
"""Keys of other vendors that begin likewise."""


@dataclass(frozen=True, slots=True)
class OpenAIKey:
    """See the module."""

    name: str = "openai-key"
    provider: str = "openai"
    hosts: frozenset[str] = frozenset({"api.openai.com"})
    api_base: str = "https://api.openai.com/v1"
    is_stored: bool = False

    def brought(self, request: Incoming) -> Secret | None:
        """Return the key the request brings, the most explicit place first."""
        stated = (request.headers.get(HEADER) or "").strip()
        beside = bearer_of(request.headers.get("authorization"))
        if beside is not None and not beside.startswith(_UNMISTAKABLE):
            beside = None
        found = (key for key in (stated, request.body_key, beside) if key and _is_key(key))
        return next((Secret(key) for key in found if key not in _litellm_keys(request)), None)

    async def stored(self) -> Secret | None:
        """Return None: the proxy's own key is LiteLLM's business."""
        return None

    def attach(self, credential: Secret) -> Attachment:
        """Present it as the key."""
        return Attachment(api_key=credential)


_KEY_HEADERS = ("x-litellm-api-key", "authorization", "api-key", "x-api-key", "x-goog-api-key")
"""Where LiteLLM takes its own key from."""


def _litellm_keys(request: Incoming) -> frozenset[str]:
    """What may be the key for LiteLLM itself, in each place where it may stand: it is never sent on.

    Beside a key in `x-litellm-api-key`, `Authorization` is a provider's.
    """
    own = "x-litellm-api-key" in request.headers
    names = [name for name in _KEY_HEADERS if not (own and name == "authorization")]
    given = [request.headers.get(name, "").strip() for name in names]
    return frozenset({*given, *(value.rpartition(" ")[2] for value in given)})


def _is_key(text: str) -> bool:
    return is_token(text) and text.startswith(_PREFIX) and not text.startswith(_OTHERS)


def make(settings: Settings) -> Adapter:
    """Make the adapter; it has no settings."""
    del settings
    return OpenAIKey()
