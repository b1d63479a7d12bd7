"""A bundle: several payments of one payer that one card shows and one code approves, all of them or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from paybridge.domain.ids import code_for
from paybridge.domain.money import Money
from paybridge.domain.transfer import Transfer, TransferHappening, TransferKind, TransferState, advance

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Bundle:
    """At least one payment of one payer, in one room and currency, from one source.

    `parts` stand in the order of the payees' Matrix ids, however they were found.
    """

    id: str
    parts: tuple[Transfer, ...]

    @property
    def kind(self) -> TransferKind:
        return TransferKind.PAY

    @property
    def payer(self) -> str:
        return self.parts[0].payer

    @property
    def payer_mxid(self) -> str:
        return self.parts[0].payer_mxid

    @property
    def room(self) -> str:
        return self.parts[0].room

    @property
    def created(self) -> datetime:
        return self.parts[0].created

    @property
    def expires(self) -> datetime:
        """When the card lapses: the earliest of its parts, which are made together."""
        return min(part.expires for part in self.parts)

    @property
    def amount(self) -> Money:
        """What all payees get together."""
        return _sum([part.amount for part in self.parts])

    @property
    def fees(self) -> Money:
        return _sum([part.fees for part in self.parts])

    @property
    def total(self) -> Money:
        """What the payer is charged in all: amounts and fees."""
        return self.amount + self.fees

    @property
    def payees(self) -> tuple[str, ...]:
        """Their Matrix ids."""
        return tuple(part.payee_mxid for part in self.parts)

    @property
    def is_open(self) -> bool:
        """Whether the card still waits to be approved."""
        return all(part.state is TransferState.AWAITING_APPROVAL for part in self.parts)

    @property
    def code(self) -> str:
        """The approval code of exactly these payments: one more, one less or one changed makes another."""
        terms = "\n\n".join(sorted(part.terms for part in self.parts))
        return code_for(f"{self.id}\n\n{terms}", self.parts[0].nonce)


Card: TypeAlias = Transfer | Bundle
"""What one approval is for."""


def bundled(name: str, parts: Iterable[Transfer]) -> Bundle:
    """The bundle of this id with its parts in their order."""
    return Bundle(name, tuple(sorted(parts, key=lambda part: part.payee_mxid)))


def cards(found: Iterable[Transfer]) -> Sequence[Card]:
    """The cards that these transfers are on, in the order in which they first appear."""
    together: dict[str, list[Transfer]] = {}
    for transfer in found:
        together.setdefault(transfer.bundle or transfer.id, []).append(transfer)
    return [parts[0] if parts[0].bundle is None else bundled(name, parts) for name, parts in together.items()]


def parts_of(card: Card) -> tuple[Transfer, ...]:
    """The transfers that the card is for."""
    return card.parts if isinstance(card, Bundle) else (card,)


def advance_all(bundle: Bundle, happening: TransferHappening, at: datetime) -> Bundle:
    """The bundle after the same happened to each part, or `NotPossibleNowError`."""
    return Bundle(bundle.id, tuple(advance(part, happening, at) for part in bundle.parts))


def _sum(moneys: list[Money]) -> Money:
    return sum(moneys[1:], moneys[0])
