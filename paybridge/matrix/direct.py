"""The one direct message room that the bot has with each person, found again after a restart."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from paybridge.matrix.wire import RefusedError

if TYPE_CHECKING:
    from paybridge.matrix.rooms import KnownRooms
    from paybridge.matrix.wire import Wire
    from paybridge.services.ports import Mailbox

DIRECT = "dm:"
ENCRYPTION = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}


class DirectRooms:
    """Remembered in our own mailbox, and in the account data that every client of the bot's account sees."""

    def __init__(self, wire: Wire, rooms: KnownRooms, mailbox: Mailbox, me: str) -> None:
        self._wire = wire
        self._rooms = rooms
        self._mailbox = mailbox
        self._me = me
        self._found: dict[str, str] = {}
        self._looking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def room(self, mxid: str) -> str:
        """The encrypted room with this person alone; made, and the person invited, if there is none."""
        async with self._looking[mxid]:
            return await self._find(mxid) or await self._ask_back(mxid) or await self._open(mxid)

    async def met(self, mxid: str, room: str) -> None:
        """Take the room that the person opened themselves, unless we have a good one."""
        if self._found.get(mxid) == room:
            return
        async with self._looking[mxid]:
            if await self._find(mxid) is None and await self._is_theirs(room, mxid):
                await self._remember(mxid, room)

    async def _find(self, mxid: str) -> str | None:
        """The room that is remembered and still good."""
        known = self._found.get(mxid) or await self._mailbox.recall(DIRECT + mxid)
        if known is None or not await self._is_theirs(known, mxid):
            known = await self._find_in_account_data(mxid)
        if known is None:
            self._found.pop(mxid, None)
        else:
            self._found[mxid] = known
        return known

    async def _ask_back(self, mxid: str) -> str | None:
        """The room that the person has left, once they are invited again; None if there is none."""
        room = await self._mailbox.recall(DIRECT + mxid)
        try:
            if room is None or set((await self._rooms.roster(room)).joined) != {self._me}:
                return None
            if await self._rooms.replaced(room):
                return None
            await self._wire.post("rooms", room, "invite", body={"user_id": mxid})
        except RefusedError:
            return None
        self._rooms.changed(room)
        return room

    async def _find_in_account_data(self, mxid: str) -> str | None:
        theirs = (await self._account_data()).get(mxid)
        for room in theirs if isinstance(theirs, list) else ():
            if isinstance(room, str) and await self._is_theirs(room, mxid):
                await self._mailbox.remember(DIRECT + mxid, room)
                return room
        return None

    async def _is_theirs(self, room: str, mxid: str) -> bool:
        """Whether we are in the room with this person, who may yet have to accept, and with nobody else."""
        try:
            roster = await self._rooms.roster(room)
            private = await self._rooms.encrypted(room) and await self._rooms.closed(room)
            private = private and not await self._rooms.replaced(room)
        except RefusedError:
            return False
        return private and {*roster.joined, *roster.invited} == {self._me, mxid} and self._me in roster.joined

    async def _open(self, mxid: str) -> str:
        made = await self._wire.post(
            "createRoom",
            body={
                "preset": "trusted_private_chat",
                "is_direct": True,
                "invite": [mxid],
                "initial_state": [ENCRYPTION],
            },
        )
        room = str(made["room_id"])
        await self._rooms.now_encrypted(room)
        await self._remember(mxid, room)
        return room

    async def _remember(self, mxid: str, room: str) -> None:
        self._found[mxid] = room
        await self._mailbox.remember(DIRECT + mxid, room)
        told = await self._account_data()
        before = told.get(mxid)
        others = [known for known in before if known != room] if isinstance(before, list) else []
        await self._wire.put(
            "user", self._me, "account_data", "m.direct", body={**told, mxid: [room, *others]}
        )

    async def _account_data(self) -> dict[str, Any]:
        try:
            return await self._wire.get("user", self._me, "account_data", "m.direct")
        except RefusedError:
            return {}
