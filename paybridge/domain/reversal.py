"""What a rail takes back of an order that was over, and from whom it comes in our books."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from paybridge.domain import ledger
from paybridge.domain.ledger import Journal, Line
from paybridge.domain.leg import Leg, LegKind
from paybridge.domain.money import Money
from paybridge.domain.transfer import Transfer, TransferState

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Loss:
    """What one person loses by a reversal: `taken` from what they have, and what they `owe` from now on."""

    person: str
    taken: Money
    owes: Money


def bearers(transfer: Transfer, amount: Money) -> Mapping[str, Money]:
    """Who has what the payment brought, and how much of `amount` each must give back: the payee first.

    `transfer` stands as it stood before the reversal. What was refunded of it, and what came back unclaimed,
    is the payer's again.
    """
    if transfer.state is TransferState.RETURNED:
        return {transfer.payer: amount}
    kept = Money(transfer.amount.minor - transfer.refunded, amount.currency)
    payees = min(amount, kept)
    shares = ((transfer.payee, payees), (transfer.payer, amount - payees))
    return {person: share for person, share in shares if share.is_positive}


def take_back(
    transfer: Transfer, leg: Leg, amount: Money, spendable: Mapping[str, Money]
) -> tuple[Journal, tuple[Loss, ...]]:
    """The journal of a reversal of `amount` of a settled leg, and who loses what by it.

    `spendable` is the balance of each of the `bearers`. As much is taken as is there, the rest is owed. Of
    unclaimed money that is taken back in part, the rest is the payer's again. What was paid out and came back
    is its owner's again.
    """
    back, lines = ledger.clearing(leg.rail), list[Line]()
    losses: list[Loss] = []
    if leg.kind is LegKind.PAYOUT:
        lines = [Line(back, -amount), Line(ledger.person(leg.owner), amount)]
    elif transfer.state is TransferState.CLAIMABLE:
        unclaimed = min(amount, transfer.amount)
        rest = transfer.amount - unclaimed
        lines = [Line(back, amount), Line(ledger.claimable(transfer.payee), -transfer.amount)]
        if rest.is_positive:
            lines.append(Line(ledger.person(transfer.payer), rest))
        # What the house took is the payer's to bear.
        if amount > unclaimed:
            lines += _borne(transfer.payer, amount - unclaimed, spendable, losses)
    else:
        lines = [Line(back, amount)]
        for person, share in bearers(transfer, amount).items():
            lines += _borne(person, share, spendable, losses)
    return Journal(f"{leg.id}/reversal", "reversal", transfer.id, tuple(lines)), tuple(losses)


def _borne(person: str, share: Money, spendable: Mapping[str, Money], losses: list[Loss]) -> list[Line]:
    """The lines by which a person bears their share: from their balance, and what is not there they owe."""
    taken = min(share, spendable[person])
    losses.append(Loss(person, taken, share - taken))
    sides = ((ledger.person(person), taken), (ledger.receivable(person), share - taken))
    return [Line(account, -part) for account, part in sides if part.is_positive]


def not_twice(
    transfer: Transfer, leg: Leg, amount: Money, spendable: Money
) -> tuple[tuple[Journal, ...], tuple[Loss, ...]]:
    """What follows where a direct payment was refunded in our books and then taken back past them.

    The payer has some of it twice: as far as it is there (`spendable` is their balance), that is the payee's.
    """
    twice = Money(transfer.refunded + amount.minor - transfer.amount.minor, amount.currency)
    if not twice.is_positive:
        return (), ()
    taken = min(twice, spendable)
    losses = (Loss(transfer.payer, taken, twice - taken),)
    if not taken.is_positive:
        return (), losses
    giver, taker = ledger.person(transfer.payer), ledger.person(transfer.payee)
    key = f"{leg.id}/not twice"
    return (ledger.move(key, "not_twice", transfer.id, taken, giver=giver, taker=taker),), losses
