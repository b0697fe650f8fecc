"""`google-oauth`: Gemini with an OAuth token: the caller's own, or the proxy's login.

A caller's token comes in `heimdall-google-authorization: Bearer ya29…`: LiteLLM drops Google bearers from any
other place. Without one, the login that `heimdall auth login google` made is used; without that, LiteLLM
goes on with `GEMINI_API_KEY`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from heimdall_litellm.auth.adapter import Adapter, Attachment, Incoming, bearer_of
from heimdall_litellm.auth.refresh import StoredLogin
from heimdall_litellm.auth.secret import Secret
from heimdall_litellm.auth.store import open_store
from heimdall_litellm.config import Settings, environment

HEADER = "heimdall-google-authorization"


class Login(Protocol):
    """The proxy's own login with Google."""

    def is_present(self) -> bool:
        """Whether there is one that can be used, without asking anybody."""
        ...

    async def bearer(self) -> Secret | None:
        """Return a valid access token, renewed if need be."""
        ...


@dataclass(frozen=True, slots=True)
class GoogleOAuth:
    """See the module."""

    login: Login
    quota_project: str | None = None
    name: str = "google-oauth"
    provider: str = "gemini"
    hosts: frozenset[str] = frozenset({"generativelanguage.googleapis.com"})
    api_base: str = "https://generativelanguage.googleapis.com/v1beta"

    def brought(self, request: Incoming) -> Secret | None:
        """Return the token of our own header."""
        token = bearer_of(request.headers.get(HEADER))
        return Secret(token) if token is not None else None

    @property
    def is_stored(self) -> bool:
        """Whether the proxy is logged in."""
        return self.login.is_present()

    async def stored(self) -> Secret | None:
        """Return the proxy's access token."""
        return await self.login.bearer()

    def attach(self, credential: Secret) -> Attachment:
        """Present it as a bearer, with the project that pays."""
        project = {"x-goog-user-project": self.quota_project} if self.quota_project else {}
        return Attachment(bearer=credential, headers=project)


@dataclass(frozen=True, slots=True)
class NoLogin:
    """No login."""

    def is_present(self) -> bool:
        """Return False."""
        return False

    async def bearer(self) -> Secret | None:
        """Return None."""
        return None


def make(settings: Settings) -> Adapter:
    """Make the adapter, with the login that is kept for this client, should there be one."""
    auth = settings.auth_adapters
    login: Login = NoLogin()
    if auth.google.client_id is not None:
        # Authlib and its HTTP client, for those who log in.
        from heimdall_litellm.auth.google_login import NAME, google
        from heimdall_litellm.auth.oauth import OAuthClient

        store = open_store(auth, environment())
        login = StoredLogin(store, NAME, OAuthClient(google(auth.google)))
    return GoogleOAuth(login, auth.google.quota_project)
