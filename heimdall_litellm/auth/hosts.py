"""Which host a URL leads to, and whether a credential may go there.

A credential belongs to a set of hosts, named in full. A URL that could be read in two ways leads nowhere: it
must be https, on the usual port, without a user name, and with a host that is plain ASCII.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit


def host_of(url: str) -> str | None:
    """Return the host of an https URL in lower case; None where it isn't one beyond doubt."""
    if not url.isascii() or not url.isprintable() or any(c in url for c in "\\ \t"):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname
    if parts.scheme != "https" or not host or port not in (None, 443) or "@" in parts.netloc:
        return None
    return host.lower().removesuffix(".")


def leads_to(url: str, hosts: Collection[str]) -> bool:
    """Whether a URL leads to one of `hosts` beyond doubt."""
    return host_of(url) in hosts
