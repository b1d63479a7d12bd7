"""Where a payment meets a room's kitty: whether money may still go in, and what the kitty is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.domain.kitty import KittyState, is_kitty
from paybridge.services.kitty_errors import KittyClosedError
from paybridge.services.notes import open_note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paybridge.domain.kitty import Kitty
    from paybridge.domain.transfer import Transfer
    from paybridge.services.ports import Book, Vault


class Purses:
    """What approvals ask about kitties."""

    def __init__(self, book: Book) -> None:
        self._book = book

    async def into(self, transfer: Transfer) -> Kitty | None:
        """The kitty that the payment goes into, a part of the step that approves it; None if into none.

        Written again with the step, it makes whatever was decided about the kitty in the same moment stale.
        Raises `KittyClosedError`.
        """
        kitty = await self._book.kitty(transfer.payee) if is_kitty(transfer.payee_mxid) else None
        if kitty is not None and kitty.state is KittyState.CLOSED:
            raise KittyClosedError
        return kitty


async def names_of_purses(book: Book, vault: Vault, transfer: Transfer) -> Mapping[str, str]:
    """What the kitties on either side of the payment are called, by what stands for their Matrix ids."""
    found: dict[str, str] = {}
    for person, mxid in ((transfer.payer, transfer.payer_mxid), (transfer.payee, transfer.payee_mxid)):
        if is_kitty(mxid):
            name = await name_of(book, vault, person)
            if name is not None:
                found[mxid] = name
    return found


async def name_of(book: Book, vault: Vault, kitty: str) -> str | None:
    """What the kitty is called."""
    found, owner = await book.kitty(kitty), await book.person(kitty)
    return None if found is None or owner is None else open_note(vault, owner, found.name)
