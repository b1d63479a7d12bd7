"""Invitations: the bot goes where people of its own invite it, and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import structlog

from paybridge.matrix.backoff import Backoff
from paybridge.matrix.wire import NotNowError, RefusedError

if TYPE_CHECKING:
    from paybridge.matrix.rooms import KnownRooms
    from paybridge.matrix.wire import Wire
    from paybridge.services.ports import Chance

MayInvite = Callable[[str], bool]

MOST_WAITING = 1_000
SECONDS_BETWEEN_REFUSALS = 0.5

log = structlog.stdlib.get_logger(__name__)


class Invites:
    """Answers invitations one at a time.

    A thousand from strangers are a queue, not a storm: those allowed are answered first, the others are
    looked at slowly, and beyond a length they are not even remembered. A stranger is let in
    `from_shared_rooms`, if that is wished.
    """

    def __init__(
        self,
        wire: Wire,
        rooms: KnownRooms,
        chance: Chance,
        me: str,
        *,
        may_invite: MayInvite,
        from_shared_rooms: bool = False,
    ) -> None:
        self._wire = wire
        self._rooms = rooms
        self._chance = chance
        self._me = me
        self._may_invite = may_invite
        self._from_shared_rooms = from_shared_rooms
        self._welcome: dict[str, str] = {}
        self._unwelcome: dict[str, str] = {}
        self._bell = asyncio.Event()

    def offer(self, room: str, invited: object) -> None:
        """Take note of an invitation, as a sync tells it."""
        inviter = _inviter(invited, self._me)
        if inviter is not None and self._may_invite(inviter):
            self._welcome[room] = inviter
        elif len(self._unwelcome) < MOST_WAITING:
            self._unwelcome[room] = inviter or "nobody"
        self._bell.set()

    def settled(self, room: str) -> None:
        """We are in the room, or out of it again, whoever of us answered."""
        self._welcome.pop(room, None)
        self._unwelcome.pop(room, None)

    async def run(self) -> None:
        while True:
            await self._bell.wait()
            self._bell.clear()
            while self._welcome or self._unwelcome:
                await self._answer_one()

    async def _answer_one(self) -> None:
        waiting = self._welcome or self._unwelcome
        allowed = waiting is self._welcome
        room = next(iter(waiting))
        backoff = Backoff(self._chance)
        while room in waiting:
            try:
                answer = "join" if allowed or await self._is_met(waiting[room]) else "leave"
                await self._wire.post("rooms", room, answer, body={})
            except NotNowError as error:
                await asyncio.sleep(backoff.seconds(error.after))
                continue
            except RefusedError as error:
                log.info("invite_lost", room=room, code=error.code)
            self._rooms.changed(room)
            waiting.pop(room, None)
        if not allowed:
            await asyncio.sleep(SECONDS_BETWEEN_REFUSALS)

    async def _is_met(self, inviter: str) -> bool:
        return self._from_shared_rooms and await self._rooms.shares_one_with(inviter)


def _inviter(invited: object, me: str) -> str | None:
    """Who invited us: the sender of the membership event that is ours."""
    state = invited.get("invite_state") if isinstance(invited, Mapping) else None
    events = state.get("events") if isinstance(state, Mapping) else None
    for event in events if isinstance(events, list) else ():
        if not isinstance(event, Mapping) or event.get("type") != "m.room.member":
            continue
        sender = event.get("sender")
        if event.get("state_key") == me and isinstance(sender, str):
            return sender
    return None
