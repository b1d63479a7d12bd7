"""Where a rail's peer is: how an operator may write it, and whether a sandbox may be there."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit


def root_of(url: str) -> str:
    """The address without a slash at its end; `ValueError` if it is no root of a server."""
    bad = "must be http://HOST:PORT or https://HOST, without user, query or fragment"
    try:
        parts = urlsplit(url)
        named = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError as error:
        raise ValueError(bad) from error
    if not named or not url.isascii() or any(sign in url for sign in "@?# "):
        raise ValueError(bad)
    return url.rstrip("/")


def bare_hosts(hosts: Iterable[str]) -> frozenset[str]:
    """The hosts as `host_of` gives them; `ValueError` if one is an address or a pattern."""
    listed = frozenset(hosts)
    if any(not host or any(sign in host for sign in "/@ *") for host in listed):
        raise ValueError("lists bare host names or addresses, one by one")
    return frozenset(host.lower().strip("[]") for host in listed)


def host_of(url: str) -> str:
    """The host alone, in lower case."""
    return urlsplit(url).hostname or ""


def may_be_at(url: str, allowed: Collection[str]) -> bool:
    """Whether the peer is on this machine or at a host that the operator listed."""
    host = host_of(url)
    return host in allowed or _is_loopback(host)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
