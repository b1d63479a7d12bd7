"""From letters to the handler: each sender's messages one after the other, many senders at the same time."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

import structlog

from paybridge.domain.spoken import Gesture, Spoken
from paybridge.matrix.backoff import Backoff
from paybridge.matrix.wire import NotNowError, TokenRevokedError
from paybridge.services.ports import BookUnavailableError

if TYPE_CHECKING:
    from paybridge.matrix.understanding import Understanding
    from paybridge.services.ports import Chance, Letter, Mailbox

Handler = Callable[[Spoken | Gesture], Awaitable[None]]
RoomKey = tuple[str, str]

SENDERS_AT_ONCE = 32
TRIES = 3
PATIENCE_FOR_KEYS_SECONDS = 10.0

log = structlog.stdlib.get_logger(__name__)


class Hearing:
    """Letters in hand. What is not handled when the program ends is still in the mailbox when it starts."""

    def __init__(
        self,
        *,
        mailbox: Mailbox,
        understanding: Understanding,
        handler: Handler,
        chance: Chance,
        key_patience: float = PATIENCE_FOR_KEYS_SECONDS,
    ) -> None:
        self._mailbox = mailbox
        self._understanding = understanding
        self._handler = handler
        self._chance = chance
        self._key_patience = key_patience
        self.unread = 0
        self._new: asyncio.Queue[Letter] = asyncio.Queue()
        self._begin()

    def _begin(self) -> None:
        self._in_hand: set[str] = set()
        self._lanes: defaultdict[str, deque[Letter]] = defaultdict(deque)
        self._unread: defaultdict[RoomKey, list[Letter]] = defaultdict(list)
        self._came: dict[RoomKey, asyncio.Event] = {}
        self._room_to_work = asyncio.Semaphore(SENDERS_AT_ONCE)

    def heard(self, letters: Iterable[Letter], keys: Iterable[RoomKey]) -> None:
        """Take letters that the mailbox has, and word of room keys that came."""
        for letter in letters:
            self._new.put_nowait(letter)
        for key in keys:
            if key in self._came:
                self._came[key].set()

    async def run(self) -> None:
        self._begin()
        try:
            async with asyncio.TaskGroup() as tasks:
                for letter in await self._mailbox.letters():
                    self._sort(letter, tasks)
                while True:
                    self._sort(await self._new.get(), tasks)
        except* TokenRevokedError as errors:
            raise TokenRevokedError from errors

    def _sort(self, letter: Letter, tasks: asyncio.TaskGroup) -> None:
        """Into the sender's lane, or aside until its room key comes: others need not wait for that."""
        if letter.event in self._in_hand:
            return
        self._in_hand.add(letter.event)
        key = self._understanding.missing_key(letter)
        if key is None:
            self._line_up(letter, tasks)
            return
        self._unread[key].append(letter)
        if key not in self._came:
            self._came[key] = asyncio.Event()
            tasks.create_task(self._await_key(key, tasks))

    async def _await_key(self, key: RoomKey, tasks: asyncio.TaskGroup) -> None:
        try:
            async with asyncio.timeout(self._key_patience):
                await self._came[key].wait()
        except TimeoutError:
            log.info("room_key_missing", room=key[0])
            self.unread += len(self._unread[key])
        del self._came[key]
        for letter in self._unread.pop(key):
            self._line_up(letter, tasks)

    def _line_up(self, letter: Letter, tasks: asyncio.TaskGroup) -> None:
        busy = letter.sender in self._lanes
        self._lanes[letter.sender].append(letter)
        if not busy:
            tasks.create_task(self._work(letter.sender))

    async def _work(self, sender: str) -> None:
        lane = self._lanes[sender]
        while lane:
            await self._handle(lane[0])
            self._in_hand.discard(lane.popleft().event)
        del self._lanes[sender]

    async def _handle(self, letter: Letter) -> None:
        """Until the letter is done. An absent homeserver is waited for; a failing handler has three tries."""
        backoff = Backoff(self._chance)
        failed = 0
        while failed < TRIES:
            try:
                # Not while it pauses: those whose homeservers are away would keep everybody else waiting.
                async with self._room_to_work:
                    # Letters come to us undone; only one that failed half way may have been done since.
                    if failed and await self._mailbox.is_done(letter.event):
                        return
                    await self._tell(letter)
            except TokenRevokedError:
                raise
            except NotNowError as error:
                await asyncio.sleep(backoff.seconds(error.after))
            except BookUnavailableError:
                # A full disk or a locked database: the command waits, and goes stale if that takes long.
                log.warning("book_unavailable", letter=letter.event)
                await asyncio.sleep(backoff.seconds())
            except Exception as error:  # noqa: BLE001 - one command's bug must not cost the others
                failed += 1
                # Without the error's text: it may quote what people typed.
                log.warning("handling_failed", letter=letter.event, error=type(error).__name__, failed=failed)
                if failed < TRIES:
                    await asyncio.sleep(backoff.seconds())
            else:
                return
        await self._give_up(letter)

    async def _tell(self, letter: Letter) -> None:
        heard = await self._understanding.of(letter)
        if heard is not None:
            await self._handler(heard)
        if not await self._mailbox.is_done(letter.event):
            await self._mailbox.finish(letter.event)

    async def _give_up(self, letter: Letter) -> None:
        try:
            await self._mailbox.finish(letter.event)
        except Exception as error:  # noqa: BLE001 - then it comes again with the next start
            log.warning("letter_stays", letter=letter.event, error=type(error).__name__)
