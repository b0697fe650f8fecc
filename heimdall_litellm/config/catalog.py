"""Settings of the catalog: its sources and their limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from heimdall_litellm.config.base import Strict, unique


def _is_mirror(url: str) -> str:
    """Accept https at the usual port; never say the URL, which may hold a password."""
    try:
        parts = urlsplit(url)
        is_fit = bool(parts.hostname) and parts.port in (None, 443)
    except ValueError:
        raise ValueError("this is no URL") from None
    if parts.scheme != "https" or not is_fit or not (url.isascii() and url.isprintable() and " " not in url):
        raise ValueError("must be an https:// URL, at port 443")
    if "@" in parts.netloc or parts.fragment:
        raise ValueError("must be a URL without user name, password and #fragment")
    return url


SourceName = Annotated[str, Field(min_length=1, examples=["litellm", "openrouter", "openai"])]
MirrorUrl = Annotated[str, Field(min_length=1), AfterValidator(_is_mirror)]
HostName = Annotated[str, Field(min_length=1, pattern=r"^[a-z0-9.:-]+$")]


class CatalogSettings(Strict):
    """Prices, windows and capabilities of the models."""

    refresh_seconds: int = Field(
        default=300,
        ge=0,
        description="How often the sources are read again, in the background; 0 = never by itself.",
    )
    sources: Annotated[tuple[SourceName, ...], Field(strict=False), AfterValidator(unique)] = Field(
        default=("litellm", "openrouter", "openai", "google", "anthropic"),
        description="Whose lists of models are read: litellm = its price map, without a network (always "
        "read); openrouter; openai, google and anthropic where their keys are set; and those that other "
        "packages add.",
    )
    urls: Mapping[SourceName, MirrorUrl] = Field(
        default={},
        description="By source: another URL (https) to read it from, such as a mirror; no key is sent there.",
    )
    private_hosts: Annotated[tuple[HostName, ...], Field(strict=False), AfterValidator(unique)] = Field(
        default=(),
        description="Hosts in `catalog.urls` that may have private addresses; all others must be public.",
    )
    store: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="File in which what was read is kept (SQLite); null = in the user's cache directory.",
    )
    timeout_s: float = Field(
        default=20.0, gt=0, le=600, description="How long one list may take, all pages, in seconds."
    )
    max_bytes: int = Field(
        default=16_000_000,
        ge=10_000,
        le=1_000_000_000,
        description="How long one list may be, all pages, in bytes, as sent and as unpacked.",
    )

    @model_validator(mode="after")
    def _mirrors_stand_for_sources(self) -> Self:
        for name in self.urls:
            if name not in self.sources:
                raise ValueError(f"urls.{name} is for a source that isn't among sources")
        hosts = {urlsplit(url).hostname for url in self.urls.values()}
        for host in self.private_hosts:
            if host not in hosts:
                raise ValueError(f"private_hosts names {host}, to which no URL in urls leads")
        return self
