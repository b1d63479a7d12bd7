"""Asks addresses that people gave: only public ones, where they were resolved to, and no more than a little.

What an address names is looked up once, and the connection goes to what was looked at: a name that is
answered otherwise a moment later changes nothing. Nothing is followed to somewhere else.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from paybridge.rails._frame import RailError

HTTPS_PORT: Final = 443
LONGEST_URL: Final = 2000
OK: Final = 200

_CARRIES_IPV4: Final = IPv6Network("64:ff9b::/96")
"""Its addresses end in the IPv4 address that is meant (RFC 6052)."""

_CARRIES_PRIVATE_IPV4: Final = IPv6Network("64:ff9b:1::/48")
"""The same for networks of one's own (RFC 8215)."""

Lookup: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host, for connecting to this port."""


class ForbiddenAddressError(RailError):
    """An address that people may not have us ask."""


class NobodyThereError(RailError):
    """Nothing that can be used came back."""


def is_public(address: str) -> bool:
    """Whether this IP address is one of the Internet's, and no way to a private one (RFC 6890)."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        if found in _CARRIES_IPV4:
            return _is_global(IPv4Address(int(found) & 0xFFFF_FFFF))
        if found.sixtofour or found.teredo or found in _CARRIES_PRIVATE_IPV4:
            return False
        if found.ipv4_mapped:
            return _is_global(found.ipv4_mapped)
    return _is_global(found)


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved


async def looked_up(host: str, port: int) -> Sequence[str]:
    """What the system's resolver says."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(where[0]) for *_, where in found]


@dataclass(frozen=True, slots=True)
class Outside:
    """Asks for small things with GET.

    `trusted` are the operator's own sandbox hosts (`HOST` or `HOST:PORT`, in lower case): they may be
    private, use any port, and speak plain HTTP. Every other address is HTTPS on its usual port. `longest` is
    the most bytes of an answer.
    """

    trusted: frozenset[str]
    timeout_seconds: float
    longest: int
    lookup: Lookup = looked_up

    async def get(self, address: str, params: Mapping[str, str] | None = None) -> bytes:
        """The body of a 200, or `ForbiddenAddressError` before anything is sent, or `NobodyThereError`."""
        url = self.allowed(address).update_query(params or {})
        try:
            async with self._session() as session, session.get(url, allow_redirects=False) as answer:
                if answer.status != OK:
                    raise NobodyThereError(f"HTTP {answer.status}")
                return await self._whole(answer)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Says nothing of what was found there: whoever gave the address may read it.
            raise NobodyThereError(type(error).__name__) from error

    def allowed(self, address: str) -> URL:
        """The address, if its form may be asked at all; else `ForbiddenAddressError`."""
        try:
            url = URL(address) if address.isascii() and len(address) <= LONGEST_URL else URL()
            host, port = url.host, url.port
        except ValueError as error:
            raise ForbiddenAddressError("no address") from error
        if not host or url.scheme not in {"http", "https"} or {url.raw_user, url.raw_password} - {None}:
            raise ForbiddenAddressError("no address")
        if self.is_trusted(host, port):
            return url
        if url.scheme != "https" or port != HTTPS_PORT:
            raise ForbiddenAddressError("not HTTPS on its usual port")
        if _is_number(host) and not is_public(host):
            raise ForbiddenAddressError("no public address")
        return url

    def is_trusted(self, host: str, port: int | None) -> bool:
        """Whether the operator vouches for it."""
        bracketed = f"[{host}]" if ":" in host else host
        return bool({host.lower(), f"{bracketed}:{port}".lower()} & self.trusted)

    def _session(self) -> aiohttp.ClientSession:
        """One for each request: no cookies, no proxy of the environment, no connection that is kept."""
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=_Looking(self), use_dns_cache=False, force_close=True),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self.timeout_seconds),
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            auto_decompress=False,
            trust_env=False,
        )

    async def _whole(self, answer: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in answer.content.iter_any():
            body += chunk
            if len(body) > self.longest:
                raise NobodyThereError("too long")
        return bytes(body)


class _Looking(AbstractResolver):
    """Looks at where a connection is about to be made to: one private address spoils them all."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002  both families are looked at
    ) -> list[ResolveResult]:
        found = await self._outside.lookup(host, port)
        trusted = self._outside.is_trusted(host, port)
        if not found or not (trusted or all(map(is_public, found))):
            raise ForbiddenAddressError("no public address")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found
        ]

    async def close(self) -> None:
        """It holds nothing."""


def _is_number(host: str) -> bool:
    """Whether a host is an IP address, in whatever way: its last part then begins with a figure."""
    return ":" in host or host.rstrip(".").rpartition(".")[2][:1].isdigit()
