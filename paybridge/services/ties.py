"""Whether a ghost may still speak for its person: it may not once it could be somebody else's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from paybridge.domain import tie as ties
from paybridge.domain.bridges import Tier
from paybridge.domain.bundle import parts_of
from paybridge.domain.errors import UserError
from paybridge.domain.facts import Who
from paybridge.domain.tie import HEARD_SPAN, Tie, TieState, Why
from paybridge.services.factors import CountedError
from paybridge.services.ports import Step
from paybridge.services.says import Say, seal

if TYPE_CHECKING:
    from paybridge.domain.bridges import Bridge
    from paybridge.domain.bundle import Card
    from paybridge.services.people import Known
    from paybridge.services.ports import Book, Clock, RoomFacts, Rooms, Vault
    from paybridge.services.settings import Settings


STOPPED: Final = {
    Why.LEFT: "ghost.stopped.left",
    Why.PROFILE: "ghost.stopped.profile",
    Why.SILENT: "ghost.stopped.silent",
    Why.ASKED: "ghost.stopped.asked",
}


class GhostStoppedError(CountedError):
    """The ghost does nothing until its person has confirmed it again; `step` writes that down."""

    key = "error.ghost_stopped"

    def __init__(self, step: Step, *, network: str) -> None:
        super().__init__(network=network)
        self.step = step


class CardVoidError(UserError):
    """The ghost that made the card was confirmed again since, or is the person's no longer."""

    key = "error.card_void"

    def __init__(self, *, payment: str) -> None:
        super().__init__(payment=payment)


class Ties:
    """Looks at a ghost each time that it says something, and when what it asked for is approved."""

    def __init__(self, book: Book, vault: Vault, clock: Clock, rooms: Rooms, settings: Settings) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._rooms = rooms
        self._settings = settings

    async def admit(self, speaker: Known, room: RoomFacts) -> Step:
        """What it changes that this ghost was heard in `room`; of others, nothing.

        Raises `GhostStoppedError` if it may be somebody else's by now.
        """
        tie = await self._book.ties.of_ghost(speaker.mxid)
        if tie is None:
            return Step()
        await self._check(tie, room)
        now = self._clock.now()
        if tie.heard is not None and now - tie.heard < HEARD_SPAN:
            return Step()
        return Step(records=(replace(tie, heard=now),))

    async def check_card(self, card: Card) -> None:
        """Raise unless what a ghost asked for is still its person's to approve.

        It is not once the ghost has left or changed, and never again: `CardVoidError`, `GhostStoppedError`.
        """
        if self._settings.bridges.of(card.payer_mxid) is None:
            return
        owner = await self._book.person_of(card.payer_mxid)
        tie = await self._book.ties.of_ghost(card.payer_mxid)
        if owner is None or owner.id != card.payer:
            raise CardVoidError(payment=card.id)
        if tie is None:
            return
        await self._check(tie, await self._rooms.facts(card.room))
        if tie.since is not None and parts_of(card)[0].created <= tie.since:
            raise CardVoidError(payment=card.id)

    async def is_low(self, ghost: str) -> bool:
        """Whether the ghost was tied so lately that it approves nothing by itself."""
        tie = await self._book.ties.of_ghost(ghost)
        return tie is not None and tie.low_until is not None and self._clock.now() < tie.low_until

    async def seat(self, ghost: str, bridge: Bridge, room: RoomFacts) -> bytes | None:
        """A hash of how the ghost sits in `room`; None if it does not.

        Of a name that anybody may take it is another one after each change; else after one of its profile.
        """
        if ghost not in room.members:
            return None
        sits = room.seats.get(ghost)
        if bridge.tier is Tier.NICK:
            told = f"{room.id}\n{sits.event if sits else ''}"
        else:
            told = f"{room.members[ghost] or ''}\n{(sits.picture if sits else None) or ''}"
        return self._vault.fingerprint("tie.seat", f"{ghost}\n{told}".encode())

    async def seat_of(self, tie: Tie) -> bytes | None:
        """How the ghost sits now where it said its code."""
        bridge = self._settings.bridges.of(tie.ghost or "")
        if bridge is None or tie.room is None:
            return None
        return await self.seat(tie.ghost or "", bridge, await self._rooms.facts(tie.room))

    async def _check(self, tie: Tie, room: RoomFacts) -> None:
        if tie.state is TieState.STOPPED:
            raise GhostStoppedError(Step(), network=self.network(tie))
        why, seat = await self._changed(tie, room)
        if why is None:
            return
        after = ties.stopped(tie, why, seat)
        post = seal(self._vault, await self.told(after), self._clock.now())
        raise GhostStoppedError(Step(records=(after,), posts=(post,)), network=self.network(tie))

    async def _changed(self, tie: Tie, room: RoomFacts) -> tuple[Why | None, bytes | None]:
        """Why the ghost may be somebody else's, and how it sits there now."""
        ghost = tie.ghost or ""
        bridge = self._settings.bridges.of(ghost)
        if bridge is None:
            return Why.LEFT, None
        if bridge.tier is Tier.NICK:
            seat = await self.seat_of(tie)
            why = Why.LEFT
        else:
            # People leave groups; what stays with the account is how it shows.
            seat = await self.seat(ghost, bridge, room) or tie.seat
            why = Why.PROFILE
        if seat != tie.seat:
            return why, seat
        heard = tie.heard or tie.created
        return (Why.SILENT if self._clock.now() - heard >= self._settings.ghost_silence else None), seat

    async def told(self, tie: Tie) -> Say:
        """What the person reads in Matrix of a ghost of theirs that has stopped."""
        person = await self._book.person(tie.person)
        assert person is not None  # a tie's person is a foreign key
        assert tie.why is not None  # it has just stopped
        return Say(
            id=f"{tie.id}/stopped/{tie.version}",
            key=STOPPED[tie.why],
            language=person.language or self._settings.language,
            person=tie.mxid,
            facts={"ghost": Who(tie.ghost or ""), "network": self.network(tie)},
            lines=("!me yes",),
        )

    def network(self, tie: Tie) -> str:
        """How people call the other side; the bridge's id, if the operator has taken it out."""
        rows = self._settings.bridges.rows
        return next((row.network for row in rows if row.id == tie.bridge), tie.bridge)
