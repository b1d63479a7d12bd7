"""The lease: of several processes on one database, one acts and the others stand by."""

from __future__ import annotations

from typing import Protocol

from paybridge.services.ports import BookUnavailableError


class FencedError(BookUnavailableError):
    """Another process writes this database: this one no longer may, and must not act for anybody."""


class Lease(Protocol):
    """The right to act, lent for `span` seconds at a time."""

    @property
    def span(self) -> float:
        """After so many seconds without renewal another may have it; infinite if it ends with the process."""

    async def acquire(self) -> bool:
        """Become the one that acts; False if another holds the lease and it has not run out.

        Raises `BookUnavailableError`.
        """

    async def renew(self) -> bool:
        """Stay the one for another while; False if another has become it. Raises `BookUnavailableError`."""

    async def release(self) -> None:
        """Let another one follow at once. Raises `BookUnavailableError`."""
