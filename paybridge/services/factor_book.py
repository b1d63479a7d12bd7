"""What the book knows of second factors, passkeys and their challenges, and one-time links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from paybridge.domain.factor import Factor, RecoveryCode
from paybridge.domain.one_time_link import OneTimeLink
from paybridge.domain.passkey import Ceremony, Passkey

if TYPE_CHECKING:
    from collections.abc import Sequence

FactorRecord = Factor | RecoveryCode | Passkey | Ceremony | OneTimeLink


class FactorBook(Protocol):
    """The part of the book that is about second factors and links to pages."""

    async def factor(self, person: str) -> Factor | None: ...
    async def factors_to_reset(self) -> Sequence[Factor]:
        """Factors for which an operator's reset waits, or whose time for it has come, earliest first."""

    async def recovery_codes(self, person: str) -> Sequence[RecoveryCode]:
        """Those that were not used, in the order of their ids."""

    async def passkeys(self, person: str) -> Sequence[Passkey]:
        """Those that were not removed, oldest first."""

    async def ceremony(self, ceremony: str) -> Ceremony | None: ...
    async def one_time_link(self, link: str) -> OneTimeLink | None:
        """The link whose token has this hash."""
