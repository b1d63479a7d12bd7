"""People behind bridges: what they may approve from there, with what the book knows of them."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Final

from paybridge.domain.bridged import (
    NotFromBridgeError,
    OnlyReceivesError,
    PuppetNotLinkedError,
    check_bridged,
)
from paybridge.domain.bridges import Tier
from paybridge.domain.bundle import Card, parts_of
from paybridge.domain.region import Spans
from paybridge.domain.transfer import TransferKind
from paybridge.domain.windows import Window
from paybridge.services.ports import Book, Clock, Step

if TYPE_CHECKING:
    from paybridge.domain.bridges import Bridge
    from paybridge.domain.proof import ViaBridgeBot
    from paybridge.services.limits import Limits
    from paybridge.services.people import Known
    from paybridge.services.rooms import RoomFacts
    from paybridge.services.settings import Settings

DAY: Final = timedelta(hours=24)
COUNTED: Final = frozenset({TransferKind.PAY, TransferKind.REFUND})


class Bridged:
    """Asks the rules of the domain for cards of people who write through a bridge."""

    def __init__(self, book: Book, clock: Clock, settings: Settings, limits: Limits) -> None:
        self._book = book
        self._clock = clock
        self._settings = settings
        self._limits = limits

    async def home(self, person: str) -> str | None:
        """The Matrix id under which the person is no ghost, None if there is none: they are not linked."""
        ids = await self._book.mxids_of(person)
        return next((mxid for mxid in ids if self._settings.bridges.of(mxid) is None), None)

    async def check_payer(self, payer: Known) -> None:
        """Raise `OnlyReceivesError` for a name that anybody may take and that is linked to nobody."""
        bridge = self._settings.bridges.of(payer.mxid)
        if bridge is None or bridge.tier is Tier.ACCOUNT or await self.home(payer.person.id) is not None:
            return
        raise OnlyReceivesError(network=bridge.network)

    async def check_draft(self, card: Card) -> None:
        """Raise a `NeedsLinkedError` unless the payer could approve this card, or is linked to who could."""
        bridge = self._settings.bridges.of(card.payer_mxid)
        if bridge is not None and await self.home(card.payer) is None:
            await self._check(card, bridge)

    async def count(self, card: Card, proof: ViaBridgeBot) -> Step:
        """What an approval from behind the bridge changes, so that no two at once are more than one may be.

        Raises a `NeedsLinkedError` if it may not be approved from there.
        """
        bridge = self.named(proof.bridge)
        if proof.puppet and not any(map(bridge.has_ghost, await self._book.mxids_of(card.payer))):
            raise PuppetNotLinkedError(network=bridge.network)
        standing = await self._limits.standing(card.payer)
        await self._check(card, bridge)
        return Step(records=(standing.having_approved(),))

    def named(self, bridge: str) -> Bridge:
        """The bridge of this id, which stands in the table: a proof names it."""
        return next(row for row in self._settings.bridges.rows if row.id == bridge)

    def refuse(self, proof: ViaBridgeBot) -> NotFromBridgeError:
        """The error for what needs a proven device."""
        return NotFromBridgeError(network=self.named(proof.bridge).network)

    async def _check(self, card: Card, bridge: Bridge) -> None:
        now = self._clock.now()
        lately = Window(now - DAY, now)
        spent = await self._book.spent(
            card.payer, card.amount.currency, COUNTED, Spans(UTC, lately, lately, None)
        )
        paid = await self._book.paid_before(card.payer)
        known = all(part.payee_mxid in paid for part in parts_of(card))
        check_bridged(card, bridge, self._settings.bridged, spent=spent.day, known_payees=known)


def is_bridged(room: RoomFacts, settings: Settings) -> bool:
    """Whether a ghost of a bridge in the table is in the room."""
    return any(settings.bridges.of(mxid) is not None for mxid in room.members)
