"""Where a transfer stands, told from its own state and its legs'."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.domain.leg import LegState
from paybridge.domain.transfer import Transfer, TransferState
from paybridge.services.news import UNSURE
from paybridge.services.told import UNDER_WAY

if TYPE_CHECKING:
    from paybridge.services.ports import Book


class Overview:
    """The reading side of transfers."""

    def __init__(self, book: Book) -> None:
        self._book = book

    async def state_of(self, transfer: Transfer) -> str:
        """The transfer's state; an approved one is `under_way`, or `unsure` if a leg is."""
        if transfer.state is not TransferState.APPROVED:
            return transfer.state.value
        legs = await self._book.legs(transfer.id)
        return UNSURE if any(leg.state is LegState.UNSURE for leg in legs) else UNDER_WAY
