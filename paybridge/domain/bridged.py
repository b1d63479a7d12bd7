"""What somebody may approve from behind a bridge, without their Matrix account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from paybridge.domain.bridges import Tier
from paybridge.domain.errors import UserError
from paybridge.domain.money import Money
from paybridge.domain.transfer import TransferKind

if TYPE_CHECKING:
    from paybridge.domain.bridges import Bridge
    from paybridge.domain.bundle import Card


@dataclass(frozen=True, slots=True)
class Bridged:
    """The most that somebody may approve from behind a bridge: of one payment, and within 24 hours."""

    each: Money
    day: Money


class NeedsLinkedError(UserError):
    """Whoever is behind a bridge may not approve it; the Matrix account that is linked to the ghost may."""

    def lines(self) -> tuple[str, ...]:
        return ("!help me",)


class OnlyReceivesError(NeedsLinkedError):
    """Behind the bridge stands no account, but a name that anybody may take."""

    key = "error.bridge_only_receives"

    def __init__(self, *, network: str) -> None:
        super().__init__(network=network)


class NotFromBridgeError(NeedsLinkedError):
    """Only payments are approved from behind a bridge, and nothing that needs a proven device is done."""

    key = "error.not_from_a_bridge"

    def __init__(self, *, network: str) -> None:
        super().__init__(network=network)


class OverBridgedEachError(NeedsLinkedError):
    """The payment is larger than one from behind a bridge may be."""

    key = "error.over_the_bridged_each"

    def __init__(self, *, network: str, most: Money) -> None:
        super().__init__(network=network, most=most)


class OverBridgedDayError(NeedsLinkedError):
    """With this payment it would be more within 24 hours than may be approved from behind a bridge."""

    key = "error.over_the_bridged_day"

    def __init__(self, *, network: str, most: Money, left: Money) -> None:
        super().__init__(network=network, most=most, left=left)


class StrangerFromBridgeError(NeedsLinkedError):
    """The payee is somebody whom the payer never paid before."""

    key = "error.stranger_from_a_bridge"

    def __init__(self, *, network: str) -> None:
        super().__init__(network=network)


class FactorOverBridgeError(NeedsLinkedError):
    """The payment takes the second factor, whose code others would read on the other side."""

    key = "error.factor_over_a_bridge"

    def __init__(self, *, network: str) -> None:
        super().__init__(network=network)


class PuppetNotLinkedError(NeedsLinkedError):
    """The message came from the other side under the person's own Matrix id, and nothing links the two."""

    key = "error.puppet_not_linked"

    def __init__(self, *, network: str) -> None:
        super().__init__(network=network)


class AskedByGhostError(UserError):
    """The only open card is what a ghost of the person's asked for, which takes its code."""

    key = "error.asked_by_ghost"

    def __init__(self, *, code: str) -> None:
        super().__init__()
        self._code = code

    def lines(self) -> tuple[str, ...]:
        return (f"!confirm {self._code}",)


class NotItsOwnError(UserError):
    """A ghost approves only what it asked for itself."""

    key = "error.not_its_own"


class TiedLatelyError(NeedsLinkedError):
    """The ghost was linked so lately that it approves nothing by itself."""

    key = "error.tied_lately"

    def __init__(self, *, network: str) -> None:
        super().__init__(network=network)


def check_bridged(
    card: Card, bridge: Bridge, most: Bridged | None, *, spent: Money, known_payees: bool
) -> None:
    """Raise a `NeedsLinkedError` unless whoever is behind the bridge may approve this card by themselves.

    `spent` is what the payer approved within the last 24 hours, in this currency. Money in another currency
    than that of `most` is never within it; `known_payees`: each was paid by this payer before. Money that
    goes back to whoever paid it may do so.
    """
    network = bridge.network
    if bridge.tier is not Tier.ACCOUNT or most is None:
        raise OnlyReceivesError(network=network)
    if card.kind not in {TransferKind.PAY, TransferKind.REFUND}:
        raise NotFromBridgeError(network=network)
    if card.amount.currency != most.each.currency or card.amount > most.each:
        raise OverBridgedEachError(network=network, most=most.each)
    if spent + card.amount > most.day:
        left = max(most.day - spent, Money.zero(most.day.currency))
        raise OverBridgedDayError(network=network, most=most.day, left=left)
    if card.kind is TransferKind.PAY and not known_payees:
        raise StrangerFromBridgeError(network=network)
