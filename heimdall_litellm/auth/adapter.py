"""What an auth adapter is: how one kind of credential is recognised, where it may go, how it is presented.

An adapter knows neither LiteLLM nor routing. The plugin asks each of the enabled ones, for every request,
what credential the caller brings (`brought`), and keeps it beside the request, out of everything that is
copied, forwarded or logged. For each attempt it asks again: is this the adapter's provider, and does the
deployment lead to one of its `hosts`? Only then is the credential presented (`attach`), for that attempt
alone.

An adapter is made by a factory `(settings: Settings) -> Adapter`, registered under its name: our own in
`registry.py`, anybody else's by an entry point of the group `heimdall_litellm.auth_adapters`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from heimdall_litellm.auth.secret import Secret
from heimdall_litellm.config import Settings


@dataclass(frozen=True, slots=True)
class Incoming:
    """What may hold a credential: the headers by lower-case name, and the body's `api_key`."""

    headers: Mapping[str, str] = field(repr=False)
    body_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Attachment:
    """How a credential is presented on one attempt.

    `api_key` is what stands where the provider's key goes, `headers` are sent besides. `bearer` is for
    providers that take an OAuth token only in `Authorization`, and refuse a key beside it.
    """

    api_key: Secret | None = None
    bearer: Secret | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Adapter(Protocol):
    """One kind of credential. Its methods must not block."""

    @property
    def name(self) -> str:
        """The name in `auth_adapters.enabled`, in headers, logs and metrics."""
        ...

    @property
    def provider(self) -> str:
        """LiteLLM's name of the provider that owns the credential."""
        ...

    @property
    def hosts(self) -> frozenset[str]:
        """The host names that the credential may be sent to, in full."""
        ...

    @property
    def api_base(self) -> str:
        """The provider's own address, as LiteLLM takes it; one of `hosts`."""
        ...

    def brought(self, request: Incoming) -> Secret | None:
        """Return the credential that the caller brings, if this is its kind."""
        ...

    @property
    def is_stored(self) -> bool:
        """Whether the proxy itself is logged in, for callers who bring nothing. Asked for each request."""
        ...

    async def stored(self) -> Secret | None:
        """Return the proxy's own login, renewed if need be; None if there is none or it can't be renewed."""
        ...

    def attach(self, credential: Secret) -> Attachment:
        """Return how `credential` is presented to the provider."""
        ...


Factory = Callable[[Settings], Adapter]


def bearer_of(header: str | None) -> str | None:
    """Return the token of an `Authorization`-like header's value, if it is one of printable ASCII."""
    scheme, _, token = (header or "").strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not is_token(token):
        return None
    return token


def is_token(text: str | None) -> bool:
    """Whether a text can be a credential in a header: printable ASCII, not tiny, not huge."""
    return bool(text) and 8 <= len(text or "") <= 8192 and all("!" <= c <= "~" for c in text or "")
