"""Talking to a provider's OAuth endpoints, by way of Authlib.

Whatever a provider answers becomes a `Grant` or one of two errors: it said no (`LoginRefused`), or it
said nothing that makes sense (`ProviderUnreachable`). An answer is read up to a size and a time limit,
and not a word of it reaches a message unless it is plain text without any secret that was sent.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import httpx2
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jws
from joserfc.errors import JoseError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from heimdall_litellm.auth.login import Grant
from heimdall_litellm.auth.secret import Secret
from heimdall_litellm.errors import LoginRefused, ProviderUnreachable

DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
_MAX_BYTES: Final = 1 << 18
_LIFETIME: Final = 3600.0
"""Seconds that an access token is taken to hold where the provider says nothing; what most of them do."""
_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_VISIBLE: Final = r"^[\x21-\x7e]+$"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Provider:
    """An OAuth provider, and how we are known to it."""

    client_id: str
    client_secret: Secret | None
    scopes: tuple[str, ...]
    auth_url: str
    token_url: str
    revoke_url: str
    device_url: str
    extra: Mapping[str, str] = field(default_factory=dict)
    """Further parameters for the page where the user agrees."""
    timeout: float = 15.0


@dataclass(frozen=True, slots=True)
class Authorization:
    """A page to send the user to, and what proves that the answer belongs to it."""

    url: str
    redirect_uri: str
    state: Secret
    verifier: Secret


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What the user types in elsewhere, and what we ask with meanwhile."""

    code: Secret
    user_code: str
    page: str
    expires_in: float
    interval: float


class OAuthClient:
    """One provider's endpoints. Blocking; every call opens a connection of its own.

    Raises LoginRefused and ProviderUnreachable, without tracebacks of libraries, which hold requests.
    """

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    def authorization(self, redirect_uri: str) -> Authorization:
        """Make the page to send the user to, with PKCE (S256) and a state."""
        given, verifier = self.provider, generate_token(64)
        with self._open(code_challenge_method="S256") as client:
            url, state = client.create_authorization_url(
                given.auth_url,
                state=generate_token(32),
                code_verifier=verifier,
                redirect_uri=redirect_uri,
                scope=" ".join(given.scopes),
                **given.extra,
            )
        return Authorization(url, redirect_uri, Secret(state), Secret(verifier))

    def exchange(self, authorization: Authorization, code: Secret) -> Grant:
        """Trade the code that came back for tokens."""
        return self._grant(
            (code, authorization.verifier),
            lambda client: client.fetch_token(
                self.provider.token_url,
                grant_type="authorization_code",
                code=code.reveal(),
                code_verifier=authorization.verifier.reveal(),
                redirect_uri=authorization.redirect_uri,
            ),
        )

    def refresh(self, token: Secret) -> Grant:
        """Trade a refresh token for a new access token; naming no scope keeps those granted."""
        return self._grant(
            (token,),
            lambda client: client.refresh_token(self.provider.token_url, refresh_token=token.reveal()),
        )

    def revoke(self, token: Secret) -> None:
        """Tell the provider that a token is not to be taken any more."""

        def ask(client: Any) -> None:
            response = client.revoke_token(self.provider.revoke_url, token=token.reveal())
            if not response.is_success:
                client.parse_response_token(response)
                response.raise_for_status()

        self._call(self.provider.revoke_url, (token,), ask)

    def begin_device(self) -> DeviceCode:
        """Ask for a code that the user types in on another device (RFC 8628)."""

        def ask(client: Any) -> dict[str, object]:
            response = client.request(
                "POST",
                self.provider.device_url,
                data={"client_id": self.provider.client_id, "scope": " ".join(self.provider.scopes)},
                withhold_token=True,
            )
            return dict(client.parse_response_token(response))

        answer = self._call(self.provider.device_url, (), ask)
        read = self._read(_DeviceAnswer, self.provider.device_url, answer)
        page = read.verification_uri or read.verification_url
        if not page or urlsplit(page).scheme not in ("https", "http"):
            raise _senseless(self.provider.device_url)
        return DeviceCode(Secret(read.device_code), read.user_code, page, read.expires_in, read.interval)

    def poll_device(self, code: Secret) -> Grant:
        """Ask whether the user has agreed; LoginRefused with `authorization_pending` until then."""
        return self._grant(
            (code,),
            lambda client: client.fetch_token(
                self.provider.token_url, grant_type=DEVICE_GRANT, device_code=code.reveal()
            ),
        )

    def _open(self, **options: object) -> Any:
        secret = self.provider.client_secret
        method = "client_secret_post" if secret else "none"
        return _BoundedClient(
            client_id=self.provider.client_id,
            client_secret=secret.reveal() if secret else None,
            token_endpoint_auth_method=method,
            revocation_endpoint_auth_method=method,
            timeout=self.provider.timeout,
            **options,
        )

    def _grant(self, sent: tuple[Secret, ...], ask: Callable[[Any], Mapping[str, object]]) -> Grant:
        answer = self._call(self.provider.token_url, sent, ask)
        read = self._read(_TokenAnswer, self.provider.token_url, answer)
        return Grant(
            access_token=Secret(read.access_token),
            expires_in=read.expires_in,
            refresh_token=Secret(read.refresh_token) if read.refresh_token else None,
            scopes=None if read.scope is None else tuple(read.scope.split()),
            account=_account(read.id_token),
        )

    def _call(self, url: str, sent: tuple[Secret, ...], ask: Callable[[Any], T]) -> T:
        """Ask, and turn everything that can go wrong into one of our two errors."""
        host = urlsplit(url).netloc
        try:
            with self._open() as client:
                return ask(client)
        except OAuthError as error:
            code = error.error if isinstance(error.error, str) and _CODE.fullmatch(error.error) else "error"
            secrets = (*sent, self.provider.client_secret or Secret(""))
            raise LoginRefused(f"{host} refused: {code}{_said(error.description, secrets)}", code) from None
        except httpx2.TimeoutException:
            raise ProviderUnreachable(f"{host} did not answer in {self.provider.timeout:g} s") from None
        except httpx2.HTTPStatusError as error:
            raise ProviderUnreachable(f"{host} answered {error.response.status_code}") from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise ProviderUnreachable(f"{host} cannot be reached ({type(error).__name__})") from None
        except (
            ValueError,
            TypeError,
            AttributeError,
            ArithmeticError,
            RecursionError,
        ):  # what Authlib does on odd answers
            raise _senseless(url) from None

    @staticmethod
    def _read(shape: type[Shape], url: str, answer: Mapping[str, object]) -> Shape:
        try:
            return shape.model_validate(dict(answer))
        except ValidationError:
            raise _senseless(url) from None


class _BoundedClient(OAuth2Client):  # type: ignore[misc]  # Authlib has no types
    """Reads an answer only so far and so long: httpx limits the wait for each piece, not for the whole."""

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        deadline = time.monotonic() + (self.timeout.read or 0)
        response = super().send(request, **{**options, "stream": True})
        pieces, size = [], 0
        try:
            for piece in response.iter_raw():
                pieces.append(piece)
                size += len(piece)
                if size > _MAX_BYTES:
                    raise ValueError("the answer is too long")
                if time.monotonic() > deadline:
                    raise httpx2.ReadTimeout("the answer takes too long", request=request)
        finally:
            response.close()
        return httpx2.Response(
            response.status_code, headers=response.headers, content=b"".join(pieces), request=request
        )


class _Answer(BaseModel):
    # Numbers come as texts from some providers; what else an answer holds is not our business.
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class _TokenAnswer(_Answer):
    access_token: str = Field(pattern=_VISIBLE)
    expires_in: float = Field(default=_LIFETIME, ge=1, le=10 * 365 * 86_400)
    refresh_token: str | None = Field(default=None, pattern=_VISIBLE)
    scope: str | None = None
    id_token: str | None = None


class _DeviceAnswer(_Answer):
    device_code: str = Field(pattern=_VISIBLE)
    user_code: str = Field(pattern=_VISIBLE)
    verification_uri: str | None = Field(default=None, pattern=_VISIBLE)
    verification_url: str | None = Field(default=None, pattern=_VISIBLE)  # Google's spelling
    expires_in: float = Field(ge=0, le=86_400)
    interval: float = Field(default=5, ge=0, le=3600)


Shape = TypeVar("Shape", bound=_Answer)


def _senseless(url: str) -> ProviderUnreachable:
    return ProviderUnreachable(f"{urlsplit(url).netloc} gave an answer that makes no sense")


def _said(description: object, secrets: tuple[Secret, ...]) -> str:
    """Give the provider's own words, if they are fit to be shown."""
    if not isinstance(description, str) or not description.isprintable():
        return ""
    if any(secret.reveal() and secret.reveal() in description for secret in secrets):
        return ""
    return f" ({description[:200]})" if description else ""


def _account(id_token: str | None) -> str | None:
    """Read the e-mail address of an id token.

    It came straight from the token endpoint, whose TLS vouches for it (OpenID Connect Core 3.1.3.7), and
    is shown, never relied on; so its signature isn't checked.
    """
    if id_token is None:
        return None
    try:
        claims = _Claims.model_validate_json(jws.extract_compact(id_token.encode()).payload)
    except (JoseError, ValueError):
        return None
    return claims.email if claims.email and claims.email.isprintable() else None


class _Claims(_Answer):
    email: str | None = Field(default=None, max_length=254)
