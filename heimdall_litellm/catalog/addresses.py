"""Which network addresses a list may be fetched from.

Public ones only, and none of those that stand for another address (IPv4 within IPv6, 6to4, Teredo, NAT64):
behind such a one anything may be. A host that the settings name as private may have a private or loopback
address, and still no link-local one, where clouds keep their metadata.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

_STAND_FOR_OTHERS: Final = [
    ip_network(net)
    for net in ("::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16")
]
_AT_HOME: Final = [
    ip_network(net)
    for net in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8"),
        *("fc00::/7", "::1/128"),
    )
]
_NEVER: Final = [
    ip_network(net)
    for net in (
        "192.88.99.0/24",  # relays of 6to4
        "168.63.129.16/32",  # Azure's wire server
        "100.100.100.200/32",  # Alibaba's metadata
        "192.0.0.0/24",  # Oracle's metadata among others
        "fd00:ec2::254/128",  # Amazon's metadata
        "fd20:ce::254/128",  # Google's metadata
        *("fec0::/10", "3fff::/20"),  # site-local of old, and documentation, which Python takes for public
    )
]
# How inet_aton reads a number: decimal, octal, hexadecimal, and with fewer than four parts.
_NUMBER: Final = re.compile(r"(0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)


def may_connect(address: str, *, is_private: bool = False) -> bool:
    """Say whether to connect to an address, for a host that is public or named as private."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if _within(ip, _NEVER):
        return False
    if _within(ip, _AT_HOME):
        return is_private
    if _within(ip, _STAND_FOR_OTHERS) or getattr(ip, "scope_id", None):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


def is_odd(host: str) -> bool:
    """Say whether a host is an address in disguise: `2130706433`, `0x7f.1`, `127.1`, `0177.0.0.1`."""
    if ":" in host:
        return False
    if not _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        return False
    try:
        return str(IPv4Address(host)) != host
    except ValueError:
        return True


def _within(ip: IPv4Address | IPv6Address, nets: Sequence[IPv4Network | IPv6Network]) -> bool:
    return any(ip in net for net in nets)
