"""What LNbits says of an order, and what that means.

LNbits knows payments, in and out, and each can carry an id and facts of ours. An order is what carries its
reference: the invoice that collects; or the note that names the invoice to be paid, then the payment of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Self

from pydantic import Field

from paybridge.rails._frame import (
    LegKind,
    Money,
    MoneyError,
    NotFound,
    Outcome,
    Pending,
    Prepared,
    RailError,
    Refused,
    Settled,
    Unsure,
)
from paybridge.rails._http import Said
from paybridge.rails.lightning.invoice import Invoice

SAT: Final = "SAT"
MSAT: Final = 1000
"""Thousandths of a satoshi, in which LNbits counts, in one satoshi."""

ASK_AGAIN_AFTER: Final = timedelta(seconds=5)

COLLECT: Final = LegKind.COLLECT.value
PAYOUT: Final = LegKind.PAYOUT.value
PAID: Final = "paid"
OVER: Final = "over"
LINK: Final = "link"

Hash: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
HashText = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Msat = Annotated[int, Field(ge=-(10**19), le=10**19)]


class Note(Said):
    """Our facts about a payment, and `what` it is.

    A `collect` invoice; a note of a `payout`, which `pays` an invoice; `paid` for it; `over` by a `code`; or
    a `link`, which `pays` an address.
    """

    what: str
    link: str = ""
    pays: str = ""
    code: str = ""
    proof: str = ""


class _Extra(Said):
    paybridge: Note | None = None


class Row(Said):
    """A payment of our wallet; `amount` is negative if it goes out. Both are in thousandths of a satoshi."""

    checking_id: Annotated[str, Field(min_length=1, max_length=255)]
    payment_hash: HashText
    amount: Msat
    fee: Msat
    bolt11: str
    status: str
    external_id: str | None = None
    extra: _Extra
    created_at: Annotated[datetime, Field(strict=False)]

    @property
    def note(self) -> Note | None:
        """Our facts about it, if it is ours."""
        return self.extra.paybridge

    @property
    def what(self) -> str:
        """What it is to us, or nothing."""
        return self.note.what if self.note is not None else ""

    @property
    def at(self) -> datetime:
        """When it was made; LNbits leaves the zone out where it means UTC."""
        return self.created_at if self.created_at.tzinfo else self.created_at.replace(tzinfo=UTC)

    @property
    def moved(self) -> Money:
        """What it did to our wallet, in whole satoshis; a part of one is rounded against us."""
        fee = abs(self.fee) if self.amount < 0 else 0
        return Money((self.amount - fee) // MSAT, SAT)


class Rows(Said):
    """A page of payments; `total` counts all that there are."""

    data: list[Row]
    total: int


@dataclass(frozen=True, slots=True)
class Handle:
    """The payment hash of an order's invoice, together with what was ordered."""

    kind: str
    payment_hash: str
    amount: Money
    reference: str

    @classmethod
    def read(cls, written: str) -> Self:
        """The handle in `written`, or `RailError` if it is none of ours."""
        try:
            kind, payment_hash, minor, reference = written.split(":", 3)
            amount = Money(int(minor), SAT)
        except (ValueError, MoneyError) as error:
            raise RailError(f"{written[:80]!r} is no handle of Lightning's") from error
        if kind not in {COLLECT, PAYOUT} or not Hash.fullmatch(payment_hash):
            raise RailError(f"{written[:80]!r} is no handle of Lightning's")
        return cls(kind, payment_hash, amount, reference)

    @classmethod
    def of(cls, row: Row, reference: str) -> Self:
        """The handle of the order that this row stands for, or `RailError` if it cannot be read."""
        note = row.note
        if note is None or row.amount % MSAT:
            raise RailError("LNbits tells of an order that cannot be")
        try:
            pays = Invoice.read(note.pays).payment_hash if note.what == PAYOUT else row.payment_hash
            return cls(note.what, pays, Money(row.amount // MSAT, SAT), reference)
        except (ValueError, MoneyError) as error:
            raise RailError("LNbits tells of an order that cannot be") from error

    def __str__(self) -> str:
        """The handle as it is kept."""
        return f"{self.kind}:{self.payment_hash}:{self.amount.minor}:{self.reference}"


@dataclass(frozen=True, slots=True)
class Told:
    """Everything that carries one reference, oldest first."""

    reference: str
    rows: Sequence[Row]

    @property
    def orders(self) -> list[Row]:
        """What was prepared; two of them only if two programs did so at once."""
        return [row for row in self.rows if row.what in {COLLECT, PAYOUT}]

    @property
    def payments(self) -> list[Row]:
        """What went out."""
        return [row for row in self.rows if row.amount < 0]

    @property
    def over(self) -> str | None:
        """The code by which it was given up before anything moved."""
        return next((row.note.code for row in self.rows if row.note and row.note.what == OVER), None)

    def order(self, ordered: Handle | None) -> tuple[Row, Handle] | None:
        """The order, `ordered` or the first; None if there is none. `RailError` if it cannot be read."""
        found = [(row, Handle.of(row, self.reference)) for row in self.orders]
        same = [one for one in found if one[1] == ordered]
        return next(iter(same or found), None)


def meaning(told: Told, ordered: Handle | None, ask_payer_after: timedelta = ASK_AGAIN_AFTER) -> Outcome:
    """Where an order stands; anything that does not add up is `Unsure`.

    `ask_payer_after` is when to look again for what a payer has to pay.
    """
    try:
        found = told.order(ordered)
    except RailError as error:
        return Unsure(str(error))
    if found is None:
        return Unsure("paid without being ordered") if told.payments else NotFound(final=False)
    row, here = found
    if ordered is not None and here != ordered:
        return Unsure("LNbits tells of another order")
    if here.kind == PAYOUT:
        return _paid_out(told, here)
    outcome = _collected(row, here, told.over)
    return replace(outcome, next_poll=ask_payer_after) if isinstance(outcome, Pending) else outcome


def _collected(row: Row, here: Handle, over: str | None) -> Outcome:
    """What was paid counts, even if it came after we had given the order up."""
    match row.status:
        case "success":
            return Settled(here.payment_hash, here.amount, Money.zero(SAT))
        case _ if over is not None:
            return Refused(over)
        case "pending":
            return Pending(ASK_AGAIN_AFTER, f"lightning:{row.bolt11}")
        case "failed":
            return Refused("invoice_expired")
        case _:
            return Unsure(f"unknown state {row.status[:40]!r}")


def _paid_out(told: Told, here: Handle) -> Outcome:
    payments = told.payments
    if not payments:
        return Refused(told.over) if told.over is not None else Prepared()
    if len(payments) > 1:
        return Unsure("more than one payment carries this reference")
    return paid(payments[0], here)


def paid(row: Row, here: Handle) -> Outcome:
    """What the payment of an order's invoice came to.

    LNbits calls a payment failed only once its node has said so (since 0.12.6, CVE-2024-34694).
    """
    if (row.payment_hash, row.amount) != (here.payment_hash, -here.amount.minor * MSAT):
        return Unsure("another invoice or amount was paid")
    match row.status:
        case "success":
            return Settled(here.payment_hash, here.amount, Money(-(-abs(row.fee) // MSAT), SAT))
        case "pending":
            return Pending(ASK_AGAIN_AFTER)
        case "failed":
            return Refused("payment_failed")
        case _:
            return Unsure(f"unknown state {row.status[:40]!r}")
