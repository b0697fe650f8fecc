"""What may be said of the catalog, and what is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from heimdall_litellm.config import load_settings
from heimdall_litellm.errors import ConfigError

MIRROR = "https://mirror.internal/or.json"


def catalog(**given: Any) -> Any:
    return load_settings({"catalog": given}).catalog


def test_all_sources_are_read_if_nothing_else_is_said() -> None:
    made = catalog()
    assert made.sources == ("litellm", "openrouter", "openai", "google", "anthropic")
    assert (made.refresh_seconds, made.urls, made.private_hosts, made.store) == (300, {}, (), None)


def test_a_mirror_may_be_at_home() -> None:
    made = catalog(urls={"openrouter": MIRROR}, private_hosts=["mirror.internal"])
    assert made.urls == {"openrouter": MIRROR}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"sources": ["openai", "openai"]}, "listed more than once"),
        ({"sources": [""]}, "catalog.sources"),
        ({"sources": ["openai"], "urls": {"openrouter": MIRROR}}, "isn't among sources"),
        ({"private_hosts": ["10.0.0.1"]}, "no URL in urls leads"),
        ({"urls": {"openrouter": MIRROR}, "private_hosts": ["Mirror.Internal"]}, "private_hosts"),
        ({"timeout_s": 0}, "timeout_s"),
        ({"max_bytes": 5}, "max_bytes"),
        ({"refresh_seconds": -1}, "refresh_seconds"),
        ({"store": ""}, "catalog.store"),
        ({"surces": []}, "sources"),
    ],
)
def test_a_wrong_setting_is_named(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        catalog(**given)


@pytest.mark.parametrize(
    "url",
    [
        "http://mirror.internal/", "https://canary@mirror.internal/", "https://mirror.internal:8443/",
        "https://mirror.internal/#canary", "https:///canary", "https://[canary/", "ftp://mirror.internal/",
        "https://mirror.internal/ canary", "https://mirror.internal:x/canary", "mirror.internal", "",
    ],
)  # fmt: skip
def test_a_mirror_is_a_plain_https_url_and_a_wrong_one_is_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError, match=r"catalog\.urls\.openrouter") as refusal:
        catalog(urls={"openrouter": url})
    assert "canary" not in str(refusal.value)
