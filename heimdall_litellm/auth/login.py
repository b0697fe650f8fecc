"""What a provider grants, and what is kept of it.

A `Grant` is one answer of a token endpoint. A `Login` is the state that all processes share: the
newest tokens, and how refreshing them went, so that one process's failure holds the others back.
Every change gives a new `Login`; none is changed in place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from heimdall_litellm.auth.secret import Secret


@dataclass(frozen=True, slots=True)
class Grant:
    """Tokens as a provider gave them."""

    access_token: Secret
    expires_in: float
    refresh_token: Secret | None = None
    scopes: tuple[str, ...] | None = None
    """None where the answer names none, which means: those asked for."""
    account: str | None = None
    """The e-mail address, where an id token named one."""


@dataclass(frozen=True, slots=True)
class Login:
    """One login as it is stored."""

    client_id: str
    access_token: Secret
    expires_at: float
    refresh_token: Secret | None
    scopes: tuple[str, ...]
    account: str | None
    made_at: float
    refreshed_at: float | None = None
    failures: int = 0
    """Refreshes that came to nothing since the last that did not."""
    retry_at: float = 0.0
    """No process tries to refresh before."""
    refused: str | None = None
    """Why the provider takes the refresh token no more; None while it does."""

    @classmethod
    def begun(cls, grant: Grant, *, client_id: str, scopes: tuple[str, ...], now: float) -> Login:
        """Give the login that a first grant makes; `scopes` are those asked for."""
        return cls(
            client_id=client_id,
            access_token=grant.access_token,
            expires_at=now + grant.expires_in,
            refresh_token=grant.refresh_token,
            scopes=scopes if grant.scopes is None else grant.scopes,
            account=grant.account,
            made_at=now,
        )

    def renewed(self, grant: Grant, now: float) -> Login:
        """Give the login after a refresh; what the answer leaves out stays as it was."""
        return replace(
            self,
            access_token=grant.access_token,
            expires_at=now + grant.expires_in,
            refresh_token=grant.refresh_token or self.refresh_token,
            scopes=self.scopes if grant.scopes is None else grant.scopes,
            account=grant.account or self.account,
            refreshed_at=now,
            failures=0,
            retry_at=0.0,
        )

    def stale_at(self, margin: float) -> float:
        """Say when to refresh: `margin` ahead of expiry, or the last fifth of a short life."""
        lifetime = self.expires_at - (self.refreshed_at or self.made_at)
        return self.expires_at - min(margin, lifetime / 5)

    @property
    def can_refresh(self) -> bool:
        """Whether a new access token can be had without the user."""
        return self.refresh_token is not None and self.refused is None

    def is_usable(self, now: float) -> bool:
        """Whether there is a valid access token, or hope for one."""
        return self.can_refresh or (self.refused is None and now < self.expires_at)

    def to_json(self) -> bytes:
        """Write the login, tokens included; only for what encrypts it."""
        return (
            _Document(
                version=1,
                client_id=self.client_id,
                access_token=self.access_token.reveal(),
                expires_at=self.expires_at,
                refresh_token=None if self.refresh_token is None else self.refresh_token.reveal(),
                scopes=self.scopes,
                account=self.account,
                made_at=self.made_at,
                refreshed_at=self.refreshed_at,
                failures=self.failures,
                retry_at=self.retry_at,
                refused=self.refused,
            )
            .model_dump_json()
            .encode()
        )

    @classmethod
    def from_json(cls, data: bytes) -> Login:
        """Read what `to_json` wrote. Raises ValueError, without the content, if it is something else."""
        try:
            read = dict(_Document.model_validate_json(data))
        except ValidationError:
            raise ValueError("not a login of this version") from None
        del read["version"]
        refresh = read.pop("refresh_token")
        access = Secret(read.pop("access_token"))
        return cls(access_token=access, refresh_token=None if refresh is None else Secret(refresh), **read)


class _Document(BaseModel):
    """A login on disk; never outlives the function that makes it, since it shows its tokens."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    version: Literal[1]
    client_id: str
    access_token: str
    expires_at: float
    refresh_token: str | None
    scopes: tuple[str, ...]
    account: str | None
    made_at: float
    refreshed_at: float | None
    failures: int
    retry_at: float
    refused: str | None
