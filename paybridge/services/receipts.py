"""Receipts that prove themselves: who may see one, and the signed line that anybody can check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from paybridge.domain.errors import UserError
from paybridge.domain.receipt import is_proven, receipt_line, receipt_text
from paybridge.services.request_errors import NoSuchPaymentError

if TYPE_CHECKING:
    from paybridge.domain.people import Person
    from paybridge.domain.transfer import Transfer
    from paybridge.services.policies import Policies
    from paybridge.services.ports import Book, Clock, RoomFacts, Vault


class NotBetweenPeopleError(UserError):
    """A top-up or cash-out: nobody was paid by it."""

    key = "error.not_between_people"
    private = True

    def __init__(self, *, payment: str) -> None:
        super().__init__(payment=payment)
        self._payment = payment

    def lines(self) -> tuple[str, ...]:
        return (f"!status {self._payment}",)


@dataclass(frozen=True, slots=True)
class Proven:
    """A payment that whoever asked may see: without amounts if it `hides` them, `privately` if elsewhere.

    `line` is the signed receipt, if any money was moved.
    """

    transfer: Transfer
    hides: bool
    privately: bool
    line: str | None


class Receipts:
    """Proves payments from the book."""

    def __init__(self, book: Book, vault: Vault, clock: Clock, policies: Policies) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._policies = policies

    async def prove(self, asker: Person, payment: str, room: RoomFacts) -> Proven:
        """The payment as this room may see it: its two people anywhere, others in the room where it was made.

        To everybody else it does not exist (`NoSuchPaymentError`). Outside of that room the answer is for
        the asker alone. Raises `NotBetweenPeopleError` for one's own top-ups and cash-outs.
        """
        transfer = await self._book.transfer(payment)
        if transfer is None:
            raise NoSuchPaymentError(payment=payment)
        mine = asker.id in {transfer.payer, transfer.payee}
        between = transfer.kind.between_people
        here = between and room.id == transfer.room
        if not mine and not here:
            raise NoSuchPaymentError(payment=payment)
        if not between:
            raise NotBetweenPeopleError(payment=payment)
        alone = not here and not room.private
        hides = here and not room.private and await self._policies.hides_amounts(room.id)
        line = await self._line(transfer, hides=hides) if is_proven(transfer) else None
        return Proven(transfer, hides, alone, line)

    async def _line(self, transfer: Transfer, *, hides: bool) -> str:
        booked = await self._book.booked(transfer.id)
        key = self._vault.public_key
        text = receipt_text(transfer, booked, self._clock.now(), key, hides=hides)
        return receipt_line(text, self._vault.sign(text.encode()))
