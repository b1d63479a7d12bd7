"""Which card somebody means: by its code, or by being the only one that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paybridge.domain.bundle import cards as gathered
from paybridge.domain.errors import UserError
from paybridge.domain.transfer import TransferKind, TransferState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.domain.bundle import Card
    from paybridge.domain.transfer import Transfer
    from paybridge.services.ports import Book, Clock

MOST_LINES: Final = 3
REMEMBERED: Final = 20
"""How many of somebody's last payments a code is looked for in when no open card has it."""

NEVER_APPROVED: Final = frozenset(
    {
        TransferState.DRAFTED,
        TransferState.AWAITING_APPROVAL,
        TransferState.CANCELLED,
        TransferState.EXPIRED,
    }
)


class NothingToConfirmError(UserError):
    """The person has no open card."""

    key = "error.nothing_to_confirm"

    def lines(self) -> tuple[str, ...]:
        """How a card comes about."""
        return ("!help pay",)


class SeveralCardsOpenError(UserError):
    """`!yes` needs exactly one open card."""

    key = "error.several_cards_open"

    def __init__(self, *, codes: Sequence[str]) -> None:
        super().__init__(count=len(codes))
        self._codes = tuple(codes)

    def lines(self) -> tuple[str, ...]:
        """The newest cards' own lines."""
        return tuple(f"!confirm {code}" for code in self._codes[:MOST_LINES])


class WrongCodeError(UserError):
    """No open card of this person has that code. Which codes would fit is not said."""

    key = "error.wrong_code"


class ConfirmedAlreadyError(UserError):
    """The code was that of a payment which its payer has approved a moment ago."""

    key = "error.confirmed_already"

    def __init__(self, *, payment: str) -> None:
        super().__init__(payment=payment)
        self._payment = payment

    def lines(self) -> tuple[str, ...]:
        """Where it stands."""
        return (f"!status {self._payment}",)


class CardExpiredError(UserError):
    """The card's time is over."""

    key = "error.card_expired"

    def __init__(self, *, payment: str) -> None:
        super().__init__(payment=payment)


async def find_card(book: Book, clock: Clock, payer: str, code: str | None) -> Card:
    """The open card with this code that is this person's to confirm; without a code the only one."""
    cards = gathered(await _waiting_for(book, payer))
    live = [card for card in cards if card.expires > clock.now()]
    if code is None:
        if len(live) > 1:
            raise SeveralCardsOpenError(codes=[card.code for card in live])
        if not live:
            raise CardExpiredError(payment=cards[0].id) if cards else NothingToConfirmError
        return live[0]
    for card in cards:
        if card.code == code:
            if card not in live:
                raise CardExpiredError(payment=card.id)
            return card
    for past in await book.history(payer, REMEMBERED):
        if (past.payer, past.code) == (payer, code) and past.state not in NEVER_APPROVED:
            raise ConfirmedAlreadyError(payment=past.id)
    raise WrongCodeError if live else NothingToConfirmError


async def _waiting_for(book: Book, person: str) -> list[Transfer]:
    """Cards of the person's own money, and refunds that they asked for in a shop's name.

    What others asked for in the name of the person's shop is not theirs to confirm.
    """
    found = []
    for card in await book.awaiting_approval(person):
        asked = await book.sale_refund(card.id) if card.kind is TransferKind.REFUND else None
        if asked is None or asked.actor == person:
            found.append(card)
    mine = {card.id for card in found}
    return found + [card for card in await book.refunds_to_confirm(person) if card.id not in mine]
