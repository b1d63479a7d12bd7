"""Refunds: whoever was paid gives back all of it or a part, never more, and only to whoever paid."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError
from paybridge.domain.money import Money
from paybridge.domain.transfer import NotPossibleNowError, Transfer, TransferKind, TransferState
from paybridge.services.payments import Drafted, Payments, Wish, check_encrypted, check_may_be_paid
from paybridge.services.people import Known
from paybridge.services.ports import Book, Clock, Quote, RoomFacts, Step
from paybridge.services.request_errors import NoSuchPaymentError
from paybridge.services.sources import Source

if TYPE_CHECKING:
    from datetime import datetime

    from paybridge.services.settings import Settings

REFUND_LIFE: Final = timedelta(days=365)
"""How long after it was agreed a payment can be refunded."""


class NotClaimedYetError(UserError):
    """The money still waits for its payee: it is sent back rather than refunded."""

    key = "error.not_claimed_yet"

    def __init__(self, *, payment: str) -> None:
        super().__init__(payment=payment)
        self._payment = payment

    def lines(self) -> tuple[str, ...]:
        return (f"!return {self._payment}",)


class RefundTooLateError(UserError):
    """The payment is too long ago."""

    key = "error.refund_too_late"

    def __init__(self, *, payment: str) -> None:
        super().__init__(payment=payment)

    def lines(self) -> tuple[str, ...]:
        return ("!help pay",)


class MoreThanWasPaidError(UserError):
    """More is to be refunded than is left of the payment."""

    key = "error.more_than_was_paid"
    tells_amounts = True

    def __init__(self, *, payment: str, paid: Money, left: Money) -> None:
        super().__init__(payment=payment, paid=paid, left=left)
        self._line = f"!refund {payment} {left.plain()} {left.currency}"

    def lines(self) -> tuple[str, ...]:
        return (self._line,)


class RefundedAlreadyError(UserError):
    """Nothing is left of the payment."""

    key = "error.refunded_already"

    def __init__(self, *, payment: str) -> None:
        super().__init__(payment=payment)
        self._payment = payment

    def lines(self) -> tuple[str, ...]:
        return (f"!status {self._payment}",)


class RefundNeedsBalanceError(UserError):
    """Refunds come from the balance, and it does not cover this one."""

    key = "error.refund_needs_balance"
    private = True

    def __init__(self, *, needed: Money, spendable: Money) -> None:
        super().__init__(needed=needed, spendable=spendable)
        missing = needed - spendable
        self._line = f"!topup {missing.plain()} {missing.currency}"

    def lines(self) -> tuple[str, ...]:
        return (self._line,)


class Refunds:
    """Drafts refunds. They are approved like payments, and come from the balance: none can fail halfway."""

    def __init__(self, book: Book, clock: Clock, settings: Settings, payments: Payments) -> None:
        self._book = book
        self._clock = clock
        self._settings = settings
        self._payments = payments

    async def original(self, payment: str, payee: Known) -> Transfer:
        """The payment with this id that this person got, or `NoSuchPaymentError`."""
        original = await self._book.transfer(payment)
        if original is None or original.kind is not TransferKind.PAY or original.payee != payee.person.id:
            raise NoSuchPaymentError(payment=payment)
        return original

    async def draft(
        self, original: Transfer, payee: Known, amount: Money | None, note: str, room: RoomFacts
    ) -> Drafted:
        """A card for giving back `amount` (None: all that is left) of what `payee` got."""
        check_encrypted(room, self._settings)
        left = left_of(original)
        wanted = left if amount is None else amount
        check_refund(original, wanted, self._clock.now())
        check_may_be_paid(original.payer_mxid, self._settings)
        spendable = await self._book.balance(payee.person.id, wanted.currency)
        if wanted > spendable:
            raise RefundNeedsBalanceError(needed=wanted, spendable=spendable)
        payer = await self._book.person(original.payer)
        assert payer is not None  # a transfer's payer is a foreign key
        wish = Wish(Known(payer, original.payer_mxid, Step()), wanted, note)
        nothing = Money.zero(wanted.currency)
        source = Source(None, Quote(nothing, nothing))
        drafted = self._payments.new(TransferKind.REFUND, payee, wish, source, room.id)
        refund = replace(drafted, original=original.id)
        return Drafted(refund, source, Step(records=(refund,)))


def left_of(original: Transfer) -> Money:
    """How much of a payment has not been refunded."""
    return Money(original.amount.minor - original.refunded, original.amount.currency)


def check_refund(original: Transfer, amount: Money, now: datetime) -> None:
    """Raise unless `amount` of this payment can be refunded now."""
    if original.state is TransferState.CLAIMABLE:
        raise NotClaimedYetError(payment=original.id)
    if original.state not in {TransferState.SETTLED, TransferState.CLAIMED}:
        raise NotPossibleNowError(payment=original.id, state=original.state, wanted="refund")
    left = left_of(original)
    if left.is_zero:
        raise RefundedAlreadyError(payment=original.id)
    if now - original.created > REFUND_LIFE:
        raise RefundTooLateError(payment=original.id)
    if amount.currency != left.currency or amount > left:
        raise MoreThanWasPaidError(payment=original.id, paid=original.amount, left=left)
