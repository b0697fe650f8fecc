"""`anthropic-oauth`: a caller's Claude subscription, as Claude Code sends it.

Claude Code puts its OAuth token (`sk-ant-oat…`) into `Authorization`; the key for LiteLLM goes beside it, in
`x-litellm-api-key`. The token goes to Anthropic's own host and to no other.
"""

from __future__ import annotations

from dataclasses import dataclass

from heimdall_litellm.auth.adapter import Adapter, Attachment, Incoming, bearer_of
from heimdall_litellm.auth.secret import Secret
from heimdall_litellm.config import Settings

TOKEN_PREFIX = "sk-ant-oat"  # noqa: S105 - how such a token begins, not one


@dataclass(frozen=True, slots=True)
class AnthropicOAuth:
    """See the module."""

    name: str = "anthropic-oauth"
    provider: str = "anthropic"
    hosts: frozenset[str] = frozenset({"api.anthropic.com"})
    api_base: str = "https://api.anthropic.com"
    is_stored: bool = False

    def brought(self, request: Incoming) -> Secret | None:
        """Return the token of the request's `Authorization`."""
        token = bearer_of(request.headers.get("authorization"))
        return Secret(token) if token is not None and token.startswith(TOKEN_PREFIX) else None

    async def stored(self) -> Secret | None:
        """Return None: a subscription is its user's, and never the proxy's."""
        return None

    def attach(self, credential: Secret) -> Attachment:
        """Present it as the key: LiteLLM knows the prefix, and sends it as a bearer with its beta header."""
        return Attachment(api_key=credential)


def make(settings: Settings) -> Adapter:
    """Make the adapter; it has no settings."""
    del settings
    return AnthropicOAuth()
