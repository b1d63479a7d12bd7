"""What a linked ghost's person reads in Matrix: what it asks to pay, with the code, and what came of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from paybridge.domain.facts import Who
from paybridge.services.says import Say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paybridge.domain.bridges import Bridges
    from paybridge.domain.bundle import Card
    from paybridge.domain.transfer import Transfer
    from paybridge.services.bridged import Bridged
    from paybridge.services.ports import Book


TO_PAYEE: Final = {
    "pay.receipt": "pay.received",
    "pay.waiting": "claim.waiting",
    "refund.receipt": "refund.received",
}


class Homes:
    """Puts beside what a bridged room reads what is for the direct message of the person behind a ghost."""

    def __init__(self, bridged: Bridged) -> None:
        self._bridged = bridged

    async def ask(self, card: Card, says: tuple[Say, ...], *, strong: bool) -> tuple[Say, ...]:
        """A card that the ghost may not approve: whole and with its code in the direct message alone.

        `strong` says that it takes the second factor. Other cards stay where they are.
        """
        home = await self._bridged.approver(card)
        bridge = self._bridged.bridge_of(card.payer_mxid)
        if home is None or bridge is None:
            return says
        whole = next((say for say in says if say.person is not None), says[0])
        in_room = [self._waits(card, say) for say in says if say.room is not None]
        name = next((say.facts["payer"] for say in says if "payer" in say.facts), None)
        ghost = name if isinstance(name, Who) else Who(card.payer_mxid)
        asks = Say(
            id=f"{card.id}/asks",
            key="ghost.asks",
            language=whole.language,
            person=home,
            facts={"ghost": ghost, "network": bridge.network},
        )
        own = replace(
            whole,
            id=f"{card.id}/card/home",
            room=None,
            person=home,
            slot=f"{card.id}/{home}",
            facts={**whole.facts, "easy": (), "strong": ()},
            lines=(f"!confirm {card.code}{' 123456' if strong else ''}",),
            notify=(),
        )
        return (*in_room, asks, own)

    async def receipts(
        self, transfer: Transfer, says: Sequence[Say], to_payer: Mapping[str, str]
    ) -> tuple[Say, ...]:
        """The same to each side's person in Matrix, who may not look into the bridged room.

        `to_payer` has the sentence that speaks to the payer in place of one that speaks to the room.
        """
        whole = next((say for say in says if say.person == transfer.payer_mxid), says[0])
        told = [replace(say, person=await self._home(say.person) or say.person) for say in says]
        for mxid, spoken in ((transfer.payer_mxid, to_payer), (transfer.payee_mxid, TO_PAYEE)):
            home = await self._home(mxid)
            if home is not None and all(say.person != home for say in told):
                name, key = f"{whole.id}/{mxid}", spoken.get(whole.key, whole.key)
                told.append(replace(whole, id=name, key=key, room=None, person=home, slot=None, notify=()))
        return tuple(told)

    async def _home(self, mxid: str | None) -> str | None:
        return None if mxid is None else await self._bridged.home_of(mxid)

    @staticmethod
    def _waits(card: Card, say: Say) -> Say:
        told = say.about or {}
        about = {name: told[name] for name in told if name != "code"} or None
        facts = {"payer": say.facts.get("payer") or Who(card.payer_mxid), "payment": card.id}
        return replace(say, key="ghost.waits", facts=facts, about=about, notify=(), lines=())


async def brought_home(book: Book, bridges: Bridges, says: Sequence[Say]) -> tuple[Say, ...]:
    """The same, with what is for a ghost alone addressed to its person in Matrix, if it has one.

    A ghost is written to by nobody: bridges keep strangers out, and others could read it there.
    """
    if all(say.person is None or bridges.of(say.person) is None for say in says):
        return tuple(says)
    return tuple([replace(say, person=await _person_in_matrix(book, bridges, say.person)) for say in says])


async def _person_in_matrix(book: Book, bridges: Bridges, mxid: str | None) -> str | None:
    if mxid is None or bridges.of(mxid) is None:
        return mxid
    person = await book.person_of(mxid)
    ids = await book.mxids_of(person.id) if person is not None else ()
    return next((one for one in ids if bridges.of(one) is None), mxid)
