"""The floor that catching up is measured against: a plain nio loop that reads what was said meanwhile.

`python -m bench.bare_loop HOMESERVER USER STORE`, the password in `LOOP_PASSWORD`. The first run logs in,
joins and remembers where it is; the next one goes on from there, and prints how many messages it read and
the seconds. Both stay until they are stopped.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

from nio import Event, InviteMemberEvent, LoginError, MatrixRoom, MegolmEvent, RoomMessageText
from nio.client.async_client import AsyncClient, AsyncClientConfig

WAITING = "waiting"
SETTLED = "settled"
READ = "read"
PAGE = 500
FILTER = {"presence": {"types": []}, "room": {"timeline": {"limit": 100}, "ephemeral": {"types": []}}}


class Loop:
    """Sync, page back through what the sync left out, decrypt, count."""

    def __init__(self, homeserver: str, user_id: str, store: str) -> None:
        self.client = AsyncClient(homeserver, user_id, store_path=store, config=AsyncClientConfig())
        self.account = Path(store, "account.json")
        self.texts = 0
        self.unread: list[MegolmEvent] = []

    async def settle(self, password: str) -> None:
        """Log in, join the first room that asks, and remember where the sync stands."""
        client = self.client
        joined = asyncio.Event()

        async def join(room: MatrixRoom, _: Event) -> None:
            await client.join(room.room_id)
            joined.set()

        client.add_event_callback(join, InviteMemberEvent)  # type: ignore[arg-type]  # nio's hint forgets invites
        answer = await client.login(password, device_name="loop")
        if isinstance(answer, LoginError):
            raise SystemExit(str(answer))
        await client.keys_upload()
        print(WAITING, flush=True)
        while not joined.is_set() or not any(room.encrypted for room in client.rooms.values()):
            await client.sync(timeout=10_000, sync_filter=FILTER)
        # Whatever the room's first messages and keys are, they are not part of the backlog.
        await client.sync(timeout=2_000, sync_filter=FILTER)
        kept = [client.device_id, client.access_token, client.next_batch]
        self.account.write_text(json.dumps(kept), encoding="utf-8")

    async def catch_up(self) -> float:
        """Read everything that was said since; the seconds that it took."""
        client = self.client
        device, token, since = json.loads(self.account.read_text(encoding="utf-8"))
        client.restore_login(client.user, device, token)
        began = time.perf_counter()
        synced: Any = await client.sync(timeout=0, sync_filter=FILTER, since=since, full_state=True)
        first = synced
        while synced.to_device_events:
            # A homeserver hands out a hundred of these at a time.
            synced = await client.sync(timeout=0, sync_filter=FILTER)
        for room_id, room in first.rooms.join.items():
            self._take(room_id, room.timeline.events)
            before = room.timeline.prev_batch if room.timeline.limited else None
            while before:
                page: Any = await client.room_messages(room_id, before, since, limit=PAGE)
                self._take(room_id, page.chunk)
                before = page.end if page.chunk else None
        for event in self.unread:
            self._count(client.decrypt_event(event))
        return time.perf_counter() - began

    def _take(self, room_id: str, events: list[Any]) -> None:
        for event in events:
            if isinstance(event, MegolmEvent):
                event.room_id = room_id
                self.unread.append(event)
            else:
                self._count(event)

    def _count(self, event: object) -> None:
        self.texts += isinstance(event, RoomMessageText)

    async def close(self) -> None:
        await self.client.close()


async def run(homeserver: str, user_id: str, store: str, password: str) -> None:
    loop = Loop(homeserver, user_id, store)
    try:
        if not loop.account.exists():
            await loop.settle(password)
            print(SETTLED, flush=True)
        else:
            seconds = await loop.catch_up()
            print(READ, loop.texts, seconds, flush=True)
        await asyncio.Event().wait()
    finally:
        await loop.close()


def main() -> None:
    logging.getLogger("nio").setLevel(logging.CRITICAL)
    homeserver, user_id, store = sys.argv[1:]
    asyncio.run(run(homeserver, user_id, store, os.environ["LOOP_PASSWORD"]))


if __name__ == "__main__":
    main()
