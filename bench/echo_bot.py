"""The floor that chat latencies are measured against: a plain nio bot that says again what is said to it.

`python -m bench.echo_bot HOMESERVER USER STORE`, the password in `ECHO_PASSWORD`; prints "ready" when it is.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys

from nio import Event, InviteMemberEvent, LoginError, MatrixRoom, RoomMessageText
from nio.client.async_client import AsyncClient, AsyncClientConfig

READY = "ready"
SYNC_MILLISECONDS = 30_000


async def run(homeserver: str, user_id: str, store: str, password: str) -> None:
    """Join every room, and echo every text in it, encrypted like everything that nio sends to such a room."""
    client = AsyncClient(homeserver, user_id, store_path=store, config=AsyncClientConfig())

    async def join(room: MatrixRoom, _: Event) -> None:
        await client.join(room.room_id)

    async def echo(room: MatrixRoom, event: Event) -> None:
        if isinstance(event, RoomMessageText) and event.sender != user_id:
            content = {"msgtype": "m.text", "body": event.body}
            await client.room_send(room.room_id, "m.room.message", content, ignore_unverified_devices=True)

    client.add_event_callback(join, InviteMemberEvent)  # type: ignore[arg-type]  # nio's hint forgets invites
    client.add_event_callback(echo, RoomMessageText)
    answer = await client.login(password, device_name="echo")
    if isinstance(answer, LoginError):
        raise SystemExit(str(answer))
    await client.keys_upload()
    await client.sync(full_state=True)
    print(READY, flush=True)
    await client.sync_forever(timeout=SYNC_MILLISECONDS)


def main() -> None:
    logging.getLogger("nio").setLevel(logging.ERROR)
    homeserver, user_id, store = sys.argv[1:]
    asyncio.run(run(homeserver, user_id, store, os.environ["ECHO_PASSWORD"]))


if __name__ == "__main__":
    main()
