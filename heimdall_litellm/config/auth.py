"""Settings of credentials that callers bring, and of logins."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from heimdall_litellm.config.base import Names, Strict, unique


def _sends_in_private(url: str) -> str:
    """Accept https, and http on this machine; never say the URL, which may hold a password."""
    try:
        parts = urlsplit(url)
        is_loopback = parts.hostname in ("127.0.0.1", "::1", "localhost")
        is_fit = bool(parts.hostname) and parts.port != 0 and url.isprintable() and " " not in url
    except ValueError:
        raise ValueError("this is no URL") from None
    if not is_fit or parts.scheme not in (("https", "http") if is_loopback else ("https",)):
        raise ValueError("must be an https:// URL (http:// only for 127.0.0.1, ::1 or localhost)")
    if parts.username is not None or parts.fragment:
        raise ValueError("must be a URL without user name, password and #fragment")
    return url


AdapterName = Annotated[str, Field(min_length=1, examples=["anthropic-oauth", "google-oauth", "openai-key"])]
Endpoint = Annotated[str, Field(min_length=1), AfterValidator(_sends_in_private)]


class GoogleSettings(Strict):
    """The OAuth client that `heimdall auth login google` logs in with."""

    client_id: Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="Client id from Google's console; normally `os.environ/GOOGLE_CLIENT_ID`."
    )
    client_secret: Annotated[SecretStr, Field(min_length=1)] | None = Field(
        default=None,
        description="The client's secret; normally `os.environ/GOOGLE_CLIENT_SECRET`; null = it has none.",
    )
    quota_project: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="Google Cloud project that requests count against, sent as `x-goog-user-project`.",
    )
    scopes: Names = Field(
        default=(
            "https://www.googleapis.com/auth/cloud-platform",
            "https://www.googleapis.com/auth/generative-language.retriever",
        ),
        description="What a login asks for; `openid` and `email` let `heimdall auth status` say whose it is.",
    )
    auth_url: Endpoint = Field(
        default="https://accounts.google.com/o/oauth2/v2/auth",
        description="Where users agree; https, or http on this machine.",
    )
    token_url: Endpoint = Field(
        default="https://oauth2.googleapis.com/token", description="Where tokens are fetched; the same."
    )
    revoke_url: Endpoint = Field(
        default="https://oauth2.googleapis.com/revoke", description="Where a logout is told; the same."
    )
    device_url: Endpoint = Field(
        default="https://oauth2.googleapis.com/device/code",
        description="Where `heimdall auth login google --device` begins; the same.",
    )


class AuthSettings(Strict):
    """Credentials that callers bring themselves, and logins of this proxy."""

    enabled: Annotated[tuple[AdapterName, ...], Field(strict=False), AfterValidator(unique)] = Field(
        default=("anthropic-oauth",),
        description="Adapters, each for one kind of credential: anthropic-oauth, google-oauth, openai-key, "
        "and those that other packages add.",
    )
    store: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="Directory in which logins are kept, encrypted; null = that of the user's state.",
    )
    google: GoogleSettings = Field(default=GoogleSettings(), description="Logins at Google.")
