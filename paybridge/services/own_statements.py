"""A person's statement of a month, from the entries of their own balance and the payments beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from paybridge.domain.errors import UserError
from paybridge.domain.history import Mark, Sought
from paybridge.domain.money import Money
from paybridge.domain.receipt import is_proven
from paybridge.domain.statement import Booking, Line, Section, What, section, what_of
from paybridge.services.notes import open_note
from paybridge.services.ports import SealBrokenError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.month import Month
    from paybridge.domain.people import Person
    from paybridge.domain.transfer import Transfer
    from paybridge.services.ports import Book, Vault

MOST_LINES: Final = 3000
"""Lines of a month: more than that is the business of `paybridge export`."""
_A_READ: Final = 200
_LAST: Final = 2**62


class StatementTooLongError(UserError):
    """More happened in the month than a statement lists."""

    key = "error.statement_too_long"

    def __init__(self, *, most: int) -> None:
        super().__init__(most=most)

    def lines(self) -> tuple[str, ...]:
        return ("!history",)


class OwnStatements:
    """Reads the book for one person."""

    def __init__(self, book: Book, vault: Vault) -> None:
        self._book = book
        self._vault = vault

    async def of(self, person: Person, month: Month, zone: str = "UTC") -> Sequence[Section]:
        """One section for each currency that the person ever had, or paid straight, that has anything to say.

        The month begins and ends at midnight of `zone`. Raises `StatementTooLongError`.
        """
        straight = await self._straight(person, month, zone)
        currencies = {*await self._book.currencies(person.id), *(line.amount.currency for line in straight)}
        found = []
        for currency in sorted(currencies):
            opening, bookings = await self._bookings(person, currency, month, zone)
            booked = [await self._line(person, one) for one in bookings]
            beside = [line for line in straight if line.amount.currency == currency]
            if booked or beside or not opening.is_zero:
                found.append(section(currency, opening, booked, beside))
        if sum(len(each.lines) for each in found) > MOST_LINES:
            raise StatementTooLongError(most=MOST_LINES)
        return found

    async def _bookings(
        self, person: Person, currency: str, month: Month, zone: str
    ) -> tuple[Money, list[Booking]]:
        """What was there when the month began, and its bookings: read backwards from the newest."""
        begins, ends = month.begins(ZoneInfo(zone)), month.moved(1).begins(ZoneInfo(zone))
        inside: list[Booking] = []
        before = _LAST
        while page := await self._book.bookings(person.id, currency, before, _A_READ):
            for booking in page:
                # The first one that is older ends the month: the account's own order counts, not the clock.
                if booking.at < begins:
                    return booking.balance, inside[::-1]
                if booking.at < ends or inside:
                    inside.append(booking)
            if len(inside) > MOST_LINES:
                raise StatementTooLongError(most=MOST_LINES)
            before = page[-1].number
        return Money(0, currency), inside[::-1]

    async def _straight(self, person: Person, month: Month, zone: str) -> list[Line]:
        """Payments that passed the person's balance by: from a linked account, or straight to one."""
        sought, after = Sought(month=month, zone=zone), None
        found: list[Line] = []
        while page := await self._book.history(person.id, _A_READ, sought, after):
            for transfer in page:
                pays = transfer.payer == person.id
                past = transfer.source is not None if pays else transfer.is_direct
                if past and is_proven(transfer):
                    found.append(self._told(person, transfer, None, await self._note(transfer)))
            if len(found) > MOST_LINES:
                raise StatementTooLongError(most=MOST_LINES)
            after = Mark(page[-1].created, page[-1].id)
        return found

    async def _line(self, person: Person, booking: Booking) -> Line:
        transfer = await self._book.transfer(booking.transfer)
        if transfer is None:
            # What a ghost had moved when it was linked, by no payment.
            moved = booking.change
            return Line(booking.at, "", What.LINKED, None, moved, moved, booking.balance)
        return self._told(person, transfer, booking, await self._note(transfer))

    def _told(self, person: Person, transfer: Transfer, booking: Booking | None, note: str) -> Line:
        what = what_of(transfer, person.id, booking)
        pays = transfer.payer == person.id
        other = transfer.payee_mxid if pays else transfer.payer_mxid
        loses = pays and transfer.kind.between_people
        return Line(
            at=booking.at if booking else transfer.created,
            payment=transfer.id,
            what=what,
            other=other if transfer.kind.between_people else None,
            amount=booking.change if booking else -transfer.amount if loses else transfer.amount,
            change=booking.change if booking else Money(0, transfer.amount.currency),
            balance=booking.balance if booking else None,
            note=note,
        )

    async def _note(self, transfer: Transfer) -> str:
        payer = await self._book.person(transfer.payer) if transfer.note else None
        if payer is None:
            return ""
        try:
            return open_note(self._vault, payer, transfer.note) or ""
        except SealBrokenError:
            return ""
