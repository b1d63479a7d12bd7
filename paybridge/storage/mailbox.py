"""The mailbox: inbox, outbox, the sync token, and what the Matrix side has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from sqlalchemy import BigInteger, Integer, bindparam, select, text

from paybridge.services.ports import Letter, Post
from paybridge.storage.mailbox_tables import letter, memory, post, seen, slot
from paybridge.storage.moments import moment
from paybridge.storage.works import (
    SYNC_TOKEN,
    BindSeen,
    FinishLetter,
    MarkSent,
    ReceiveLetters,
    Remember,
    SetAside,
    sync_token_of,
)

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping, Sequence

    from paybridge.storage.reading import Reading
    from paybridge.storage.works import Answer
    from paybridge.storage.writing import Writing

_LETTERS: Final = select(letter).where(text("done = 0")).order_by(letter.c.number)
_IS_DONE: Final = select(letter.c.done).where(letter.c.event == bindparam("event"))
_POSTS: Final = (
    select(post)
    .where(text("state = 'waiting'"), post.c.number > bindparam("after", type_=BigInteger))
    .order_by(post.c.number)
    .limit(bindparam("limit", type_=Integer))
)
_SLOT: Final = select(slot).where(slot.c.slot == bindparam("slot"))
_SLOT_OF: Final = select(slot.c.slot).where(
    slot.c.event == bindparam("event"), slot.c.room == bindparam("room")
)
_RECALL: Final = select(memory.c.value).where(memory.c.name == bindparam("name"))
_SEEN: Final = select(seen.c.event).where(seen.c.what == bindparam("what"))


class SqlMailbox:
    """`Mailbox` on the database."""

    def __init__(self, writer: Writing, reader: Reading) -> None:
        self._writer = writer
        self._reader = reader
        self._being_bound: dict[str, str] = {}

    # ------------------------------------------------------------ inbox

    async def receive(
        self, letters: Sequence[Letter], next_batch: str, device: str | None = None
    ) -> Sequence[str]:
        return cast("Sequence[str]", await self._writer.run(ReceiveLetters(letters, next_batch, device)))

    async def sync_token(self, device: str | None = None) -> str | None:
        return await self.recall(SYNC_TOKEN if device is None else sync_token_of(device))

    async def has(self, event: str) -> bool:
        return await self._reader.scalar(_IS_DONE, {"event": event}) is not None

    async def letters(self) -> Sequence[Letter]:
        listed = await self._reader.rows(_LETTERS, {})
        return [
            Letter(row["event"], row["room"], row["sender"], moment(row["received"]), row["payload"])
            for row in listed
        ]

    async def is_done(self, event: str) -> bool:
        return bool(await self._reader.scalar(_IS_DONE, {"event": event}))

    async def finish(self, event: str) -> None:
        await self._writer.run(FinishLetter(event))

    # ------------------------------------------------------------ outbox

    async def posts(self, after: int, limit: int) -> Sequence[tuple[int, Post]]:
        listed = await self._reader.rows(_POSTS, {"after": after, "limit": limit})
        return [
            (
                row["number"],
                Post(
                    row["id"], row["room"], row["person"], row["slot"], row["payload"], moment(row["created"])
                ),
            )
            for row in listed
        ]

    async def sent(self, post: str, event: str, room: str) -> None:
        await self._writer.run(MarkSent(post, event, room))

    async def set_aside(self, post: str, reason: str) -> None:
        """Take the post out of the queue; its sealed payload stays, for the operator to look into."""
        await self._writer.run(SetAside(post, reason))

    async def slot(self, slot: str) -> tuple[str, str] | None:
        row = await self._reader.first(_SLOT, {"slot": slot})
        return None if row is None else (row["room"], row["event"])

    async def slot_of(self, event: str, room: str) -> str | None:
        slot: str | None = await self._reader.scalar(_SLOT_OF, {"event": event, "room": room})
        return slot

    # ------------------------------------------------------------ memory

    async def remember(self, name: str, value: str) -> None:
        await self._writer.run(Remember(name, value))

    async def recall(self, name: str) -> str | None:
        value: str | None = await self._reader.scalar(_RECALL, {"name": name})
        return value

    async def recall_all(self, prefix: str) -> Mapping[str, str]:
        begins = memory.c.name.startswith(prefix, autoescape=True)
        listed = await self._reader.rows(select(memory).where(begins).order_by(memory.c.name))
        return {row["name"]: row["value"] for row in listed if row["name"].startswith(prefix)}

    async def first_seen(self, what: str, event: str) -> bool:
        """Answered at once: the binding is lined up, and no step that relies on it is durable before it."""
        bound = self._being_bound.get(what) or await self._bound(what)
        bound = self._being_bound.get(what) or bound
        if bound is None:
            self._being_bound[what] = event
            self._bind(what, event)
        return bound is None or bound == event

    async def _bound(self, what: str) -> str | None:
        event: str | None = await self._reader.scalar(_SEEN, {"what": what})
        return event

    def _bind(self, what: str, event: str) -> None:
        def written(binding: asyncio.Future[Answer]) -> None:
            if not binding.cancelled() and binding.exception() is None:
                del self._being_bound[what]
            # Else it stays bound here, as long as this process lives: nothing is let through twice.

        self._writer.submit(BindSeen(what, event)).add_done_callback(written)
