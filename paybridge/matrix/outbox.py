"""Sending what the outbox holds: in order in each room, many rooms at a time, nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict, deque
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import structlog

from paybridge.domain.bridges import Bridges
from paybridge.domain.facts import NotFactsError
from paybridge.domain.kitty import is_kitty
from paybridge.domain.people import NOBODY
from paybridge.failpoints import failpoint
from paybridge.matrix.backoff import Backoff
from paybridge.matrix.contents import edit, new_message
from paybridge.matrix.crypto import ENCRYPTED
from paybridge.matrix.files import file_message, no_files, qr_message
from paybridge.matrix.pace import Pace
from paybridge.matrix.predecessor import POST
from paybridge.matrix.wire import NotNowError, RefusedError, TokenRevokedError
from paybridge.services.ports import BookUnavailableError, Post, SealBrokenError
from paybridge.services.says import unseal
from paybridge.services.told import UNDER_WAY

if TYPE_CHECKING:
    from paybridge.matrix.contents import Rendered, Renderer
    from paybridge.matrix.direct import DirectRooms
    from paybridge.matrix.files import FileMaker
    from paybridge.matrix.predecessor import Predecessor
    from paybridge.matrix.rooms import KnownRooms
    from paybridge.matrix.sharing import RoomKeys
    from paybridge.matrix.wire import Wire
    from paybridge.services.ports import Chance, Mailbox, Vault
    from paybridge.services.says import Say

OnSetAside = Callable[[Post, str], None]

POSTS_PER_READ = 200
ROOMS_AT_ONCE = 16
TRIES = 8
MESSAGE = "m.room.message"
MOMENT_SECONDS = 0.025
GHOST = "a ghost has no direct message"
SAID_TO_THE_FROZEN = ("identity.", "trouble.")
"""Sentences that hold nothing of anybody's, and tell somebody without a known identity how to go on."""

log = structlog.stdlib.get_logger(__name__)


class Outbox:
    """One lane per address, one lock per room: a person's posts and those to their direct room never mix."""

    def __init__(  # noqa: PLR0913 - where it comes from, how it is worded and sealed, where it goes
        self,
        *,
        mailbox: Mailbox,
        vault: Vault,
        render: Renderer,
        wire: Wire,
        rooms: KnownRooms,
        direct: DirectRooms,
        room_keys: RoomKeys,
        chance: Chance,
        on_set_aside: OnSetAside,
        predecessor: Predecessor,
        may_act: Callable[[], bool] = lambda: True,
        make_file: FileMaker = no_files,
        bridges: Bridges | None = None,
    ) -> None:
        self._mailbox = mailbox
        self._vault = vault
        self._render = render
        self._wire = wire
        self._rooms = rooms
        self._direct = direct
        self._room_keys = room_keys
        self._chance = chance
        self._on_set_aside = on_set_aside
        self._predecessor = predecessor
        self._may_act = may_act
        self._make_file = make_file
        self._bridges = bridges or Bridges()
        self._pace = Pace(lambda: asyncio.get_running_loop().time())
        self._bell = asyncio.Event()
        self._more = asyncio.Event()
        self._begin()

    def _begin(self) -> None:
        self._lanes: defaultdict[str, deque[Post]] = defaultdict(deque)
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._room_to_work = asyncio.Semaphore(ROOMS_AT_ONCE)

    def ring(self) -> None:
        """There may be something to send."""
        self._bell.set()

    async def run(self) -> None:
        self._begin()
        self.ring()
        last = 0
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    await self._bell.wait()
                    self._bell.clear()
                    last = await self._line_up(last, tasks)
        except* TokenRevokedError as errors:
            raise TokenRevokedError from errors

    async def flush(self) -> None:
        """Send what can be sent at once; the rest stays for the next start."""
        last = 0
        while rows := await self._mailbox.posts(last, POSTS_PER_READ):
            for row, post in rows:
                last = row
                try:
                    await self._send(post)
                except Exception as error:  # noqa: BLE001 - it is in the outbox, and the end must come
                    log.warning("post_waits_for_the_next_start", post=post.id, error=type(error).__name__)
                    return

    async def send(self, room: str, kind: str, content: dict[str, Any], transaction: str) -> str:
        """Send what is no post, as the room takes it, between the posts to it; returns the event id.

        It is about who somebody is, so that people whose identity is in question read it too.
        """
        async with self._locks[room]:
            return await self._put(room, kind, content, transaction, for_frozen=True)

    async def _line_up(self, last: int, tasks: asyncio.TaskGroup) -> int:
        more = True
        while more:
            rows = await self._mailbox.posts(last, POSTS_PER_READ)
            more = len(rows) == POSTS_PER_READ
            for row, post in rows:
                last = row
                address = _address(post)
                busy = address in self._lanes
                self._lanes[address].append(post)
                self._more.set()
                if not busy:
                    tasks.create_task(self._work(address))
        return last

    async def _work(self, address: str) -> None:
        lane = self._lanes[address]
        while lane:
            if address == NOBODY or is_kitty(address):
                # What a payment has to tell somebody who had themselves erased since, or a room's purse.
                await self._set_aside(lane[0], "erased" if address == NOBODY else "kitty")
            else:
                await self._deliver(lane[0])
            lane.popleft()
        del self._lanes[address]

    async def _deliver(self, post: Post) -> None:
        """Until the post is sent or never can be. What goes wrong on the way delays this room only."""
        backoff = Backoff(self._chance)
        while True:
            try:
                async with self._room_to_work:
                    await self._send(post)
            except TokenRevokedError:
                raise
            except RefusedError as error:
                await self._set_aside(post, error.code)
                return
            except NotNowError as error:
                log.warning("post_delayed", post=post.id, why=str(error))
                await asyncio.sleep(backoff.seconds(error.after))
            except BookUnavailableError:
                # It may have been sent; sent again under the same transaction id it is the same message.
                log.warning("post_not_marked", post=post.id)
                await asyncio.sleep(backoff.seconds())
            except (SealBrokenError, NotFactsError) as error:
                await self._set_aside(post, type(error).__name__)
                return
            except Exception as error:  # noqa: BLE001 - one post's bug must not stop the others
                log.warning("post_failed", post=post.id, error=type(error).__name__)
                if backoff.failures >= TRIES:
                    await self._set_aside(post, type(error).__name__)
                    return
                await asyncio.sleep(backoff.seconds())
            else:
                return

    async def _send(self, post: Post) -> None:
        say = unseal(self._vault, post)
        if post.person is not None and self._bridges.of(post.person) is not None:
            # Bridges keep strangers from writing to their ghosts, and others could read it there.
            await self._set_aside(post, GHOST)
            return
        room = post.room or await self._direct.room(post.person or "")
        over = await self._bridges_in(room)
        async with self._locks[room]:
            if await self._done_without_words(post, say, room):
                return
            said = await self._predecessor.sent(post, room)
            if said is not None:
                await self._mailbox.sent(post.id, said, room)
                return
            if over is not None:
                await asyncio.sleep(self._pace.seconds(room))
            stands_in = await self._stands_in(say, room)
            if stands_in is not None and await self._is_overtaken(post, say):
                await self._mailbox.sent(post.id, stands_in, room)
                return
            rendered = self._render(say, over)
            if over is not None:
                # Few networks show edits, and those of a relay none.
                content = new_message(say, rendered)
            else:
                content = await self._content(say, rendered, stands_in)
            for_frozen = say.key.startswith(SAID_TO_THE_FROZEN)
            failpoint("outbox.before_send")
            if not self._may_act():
                raise NotNowError("another process may act by now")
            mark = self._predecessor.mark(post.id)
            event = await self._put(
                room, MESSAGE, content, _transaction(post), for_frozen=for_frozen, mark=mark
            )
            failpoint("outbox.after_send")
            await self._mailbox.sent(post.id, event, room)
            if over is not None:
                self._pace.said(room)
            if rendered.cut:
                self._tell_set_aside(post, "cut for a bridge")

    async def _bridges_in(self, room: str) -> Bridges | None:
        """The table, if what is said in the room is read over a bridge; only who is in it tells that."""
        if not self._bridges.rows:
            return None
        return self._bridges if self._bridges.reach((await self._rooms.roster(room)).joined) else None

    async def _content(self, say: Say, rendered: Rendered, stands_in: str | None) -> dict[str, Any]:
        if say.qr is not None:
            return await qr_message(self._wire, say.qr, rendered)
        if say.file is not None:
            made = await asyncio.to_thread(self._make_file, say)
            return await file_message(self._wire, made, rendered)
        return edit(say, rendered, stands_in) if stands_in else new_message(say, rendered)

    async def _done_without_words(self, post: Post, say: Say, room: str) -> bool:
        """Whether it says nothing, and what it does is done."""
        if say.takes_back is not None:
            await self._take_back(post, say.takes_back, room)
        elif say.invites is not None:
            await self._invite(post, say.invites, room)
        else:
            return False
        return True

    async def _take_back(self, post: Post, what: str, room: str) -> None:
        """Redact the message in a slot, or somebody's whose event id it is, as far as the room lets us."""
        filled = None if what.startswith("$") else await self._mailbox.slot(what)
        event = what if what.startswith("$") else filled[1] if filled is not None else None
        if event is None:
            await self._mailbox.sent(post.id, post.id, room)  # it was never said
            return
        try:
            answer = await self._wire.put("rooms", room, "redact", event, _transaction(post), body={})
        except RefusedError as error:
            log.info("not_redacted", post=post.id, why=error.code)
            answer = {"event_id": event}
        await self._mailbox.sent(post.id, str(answer["event_id"]), room)

    async def _invite(self, post: Post, mxid: str, room: str) -> None:
        """Ask somebody into the room, as far as it lets us; who is there or asked already needs nothing."""
        roster = await self._rooms.roster(room)
        if mxid not in roster.joined.keys() | roster.invited:
            try:
                await self._wire.post("rooms", room, "invite", body={"user_id": mxid})
            except RefusedError as error:
                log.warning("not_invited", post=post.id, why=error.code)
        await self._mailbox.sent(post.id, post.id, room)

    async def _stands_in(self, say: Say, room: str) -> str | None:
        """The message of this room that the post brings up to date, if there is one."""
        filled = await self._mailbox.slot(say.slot) if say.slot is not None else None
        return filled[1] if filled is not None and filled[0] == room else None

    async def _is_overtaken(self, post: Post, say: Say) -> bool:
        """Whether newer news of the same message waits already, so that this need not be said.

        A payment that is under way settles within milliseconds where the bank is quick: what a moment would
        replace is worth waiting a moment for. What pings somebody is always said.
        """
        if say.notify or self._has_newer(post):
            return not say.notify
        if say.about is None or say.about.get("state") != UNDER_WAY:
            return False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MOMENT_SECONDS):
                while not self._has_newer(post):
                    self._more.clear()
                    await self._more.wait()
        return self._has_newer(post)

    def _has_newer(self, post: Post) -> bool:
        lane = self._lanes.get(_address(post), ())
        return any(other.slot == post.slot and other.id != post.id for other in lane)

    async def _put(
        self,
        room: str,
        kind: str,
        content: dict[str, Any],
        transaction: str,
        *,
        for_frozen: bool = False,
        mark: str | None = None,
    ) -> str:
        if await self._rooms.encrypted(room):
            roster = await self._rooms.roster(room)
            content = await self._room_keys.encrypt(
                room, roster.joined.keys() | roster.invited, kind, content, for_frozen=for_frozen
            )
            kind = ENCRYPTED
        if mark is not None:
            content = {**content, POST: mark}
        answer = await self._wire.put("rooms", room, "send", kind, transaction, body=content)
        return str(answer["event_id"])

    async def _set_aside(self, post: Post, reason: str) -> None:
        log.error("post_set_aside", post=post.id, reason=reason)
        await self._mailbox.set_aside(post.id, reason)
        self._tell_set_aside(post, reason)

    def _tell_set_aside(self, post: Post, reason: str) -> None:
        try:
            self._on_set_aside(post, reason)
        except Exception as error:  # noqa: BLE001 - whoever is told may fail, the other posts go on
            log.warning("set_aside_untold", post=post.id, error=type(error).__name__)


def _address(post: Post) -> str:
    return post.room or post.person or ""


def _transaction(post: Post) -> str:
    """The same for the same post for ever, so that the homeserver knows one that is sent again after a crash.

    It says what it is for, because a homeserver compares the ids of all that a device sends to a room.
    """
    return f"post-{sha256(post.id.encode()).hexdigest()[:40]}"
