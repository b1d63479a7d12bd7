"""People behind bridges: what they may approve from there, with what the book knows of them."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Final

from paybridge.domain.bridged import (
    AskedByGhostError,
    NeedsLinkedError,
    NotFromBridgeError,
    NotItsOwnError,
    OnlyReceivesError,
    PuppetNotLinkedError,
    TiedLatelyError,
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
    from paybridge.services.ties import Ties

DAY: Final = timedelta(hours=24)
COUNTED: Final = frozenset({TransferKind.PAY, TransferKind.REFUND})


class Bridged:
    """Asks the rules of the domain for cards of people who write through a bridge."""

    def __init__(self, book: Book, clock: Clock, settings: Settings, limits: Limits, ties: Ties) -> None:
        self._book = book
        self._clock = clock
        self._settings = settings
        self._limits = limits
        self._ties = ties

    async def home(self, person: str) -> str | None:
        """The Matrix id under which the person is no ghost, None if there is none: they are not linked."""
        ids = await self._book.mxids_of(person)
        return next((mxid for mxid in ids if self._settings.bridges.of(mxid) is None), None)

    async def home_of(self, mxid: str) -> str | None:
        """The same of the person whose ghost this is; None for whoever is no ghost."""
        if self.bridge_of(mxid) is None:
            return None
        person = await self._book.person_of(mxid)
        return None if person is None else await self.home(person.id)

    def bridge_of(self, mxid: str) -> Bridge | None:
        """The bridge whose ghost this is."""
        return self._settings.bridges.of(mxid)

    async def approver(self, card: Card) -> str | None:
        """The Matrix id that is to approve what a ghost asks for; None if the ghost may, or there is none."""
        bridge = self.bridge_of(card.payer_mxid)
        home = await self.home(card.payer) if bridge is not None else None
        if bridge is None or home is None:
            return None
        try:
            await self._check(card, bridge)
        except NeedsLinkedError:
            return home
        return None

    def check_approver(self, card: Card, speaker: Known, code: str | None) -> None:
        """Raise unless the speaker may approve this open card of theirs by what they typed.

        A ghost approves only what it asked for itself, and that is approved in Matrix by its code alone,
        never as the only open card.
        """
        if card.payer_mxid == speaker.mxid:
            return
        if self.bridge_of(speaker.mxid) is not None:
            raise NotItsOwnError
        if code is None and self.bridge_of(card.payer_mxid) is not None:
            raise AskedByGhostError(code=card.code)

    async def check_still_theirs(self, card: Card) -> None:
        """Raise unless what a ghost asked for is still its person's to approve, as `Ties.check_card` does."""
        await self._ties.check_card(card)

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

    def is_account(self, mxid: str) -> bool:
        """Whether an account of one person stands behind this ghost."""
        bridge = self.bridge_of(mxid)
        return bridge is not None and bridge.tier is Tier.ACCOUNT

    def refuse_ghost(self, mxid: str) -> NotFromBridgeError:
        """The error for what this sender does not do over a bridge."""
        bridge = self.bridge_of(mxid)
        return NotFromBridgeError(network=bridge.network if bridge else "Matrix")

    def named(self, bridge: str) -> Bridge:
        """The bridge of this id, which stands in the table: a proof names it."""
        return next(row for row in self._settings.bridges.rows if row.id == bridge)

    def refuse(self, proof: ViaBridgeBot) -> NotFromBridgeError:
        """The error for what needs a proven device."""
        return NotFromBridgeError(network=self.named(proof.bridge).network)

    async def _check(self, card: Card, bridge: Bridge) -> None:
        if await self._ties.is_low(card.payer_mxid):
            raise TiedLatelyError(network=bridge.network)
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
