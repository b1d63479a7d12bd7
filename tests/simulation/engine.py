"""One life of the bot: the real dispatcher, courier, reconciler and expirer, until it is killed."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from paybridge.app.bells import Bell
from paybridge.app.guarding import guard_rail
from paybridge.commands._dispatch import Dispatcher
from paybridge.commands._frame import commands
from paybridge.domain.proof import OwnDevice, Trust
from paybridge.domain.spoken import Spoken
from paybridge.services.courier import Courier
from paybridge.services.desk import open_desk
from paybridge.services.execution import Execution
from paybridge.services.expirer import Expirer
from paybridge.services.late_news import LateNews
from paybridge.services.outcomes import Outcomes
from paybridge.services.ports import BookUnavailableError, Letter
from paybridge.services.reconciler import Reconciler
from tests.fakes.house import direct
from tests.simulation.rail import BankRail
from tests.simulation.store import MemoryReader, MemoryWriter, QuickBook, QuickMailbox

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Coroutine, Mapping

    from paybridge.services.ports import Post, Rail, RailEvent, Rooms, Vault
    from paybridge.services.settings import Settings
    from tests.fakes.house import RoomsInMemory
    from tests.simulation.checks import Checks
    from tests.simulation.dice import Dice, Trace
    from tests.simulation.homeserver import Homeserver
    from tests.simulation.rail import Bank
    from tests.simulation.run import SkewedClock

DEVICE: Final = OwnDevice(Trust.CROSS_SIGNED_TOFU, "PHONE")


@dataclass(frozen=True)
class Surroundings:
    """What outlives an engine."""

    loop: asyncio.AbstractEventLoop
    dice: Dice
    trace: Trace
    clock: SkewedClock
    connection: sqlite3.Connection
    checks: Checks
    vault: Vault
    rooms: RoomsInMemory
    bank: Bank
    homeserver: Homeserver
    settings: Settings
    trouble: float
    """How probable it is that a commit fails."""
    lateness: float
    """How many seconds a task may take to wake up."""
    fail: Callable[[BaseException], None]
    """Ends the seed."""


class LateBell(Bell):
    """Whoever it wakes takes a moment to wake up, so that several rings are often one."""

    def __init__(self, dice: Dice, most: float) -> None:
        """`most` seconds it takes."""
        super().__init__()
        self._dice = dice
        self._most = most

    async def wait(self, timeout: float | None) -> bool:  # noqa: ASYNC109 - as `Bell` has it
        rang = await super().wait(timeout)
        await asyncio.sleep(self._dice.between(0.0, self._most))
        return rang


class Engine:
    """Lives from `start` to `kill`. Whatever it awaits ends in an edge, and any edge may be its last."""

    def __init__(self, around: Surroundings, lives_for: int, died: Callable[[], None]) -> None:
        """`lives_for` counts edges; `died` is told once."""
        self._around = around
        self._edges_left = lives_for
        self._died = died
        self.dead = False
        self._tasks: set[asyncio.Task[None]] = set()
        a = around
        self._writer = MemoryWriter(
            a.connection,
            a.clock,
            a.dice,
            a.loop,
            edge=self.edge,
            before=a.checks.before,
            check=a.checks.after,
            trouble=a.trouble,
        )
        reader = MemoryReader(a.connection, self._pause)
        self._book, self._mailbox = QuickBook(self._writer, reader), QuickMailbox(self._writer, reader)
        rails: Mapping[str, Rail] = {
            "bank": guard_rail("bank", lambda: BankRail(a.bank, self.edge), a.loop.time)
        }
        rooms: Rooms = a.rooms
        desk = open_desk(
            book=self._book,
            mailbox=self._mailbox,
            vault=a.vault,
            clock=a.clock,
            chance=a.dice,
            rooms=rooms,
            rails=rails,
            settings=a.settings,
        )
        self._dispatcher = Dispatcher(desk, commands(), self)
        self._bells = {
            name: LateBell(a.dice, a.lateness * times)
            for name, times in (("courier", 1), ("reconciler", 3), ("expirer", 10), ("sender", 1))
        }
        outcomes = Outcomes(
            self._book, a.vault, a.clock, a.settings, desk.news, desk.requests, self,
            jitter=lambda: a.dice.between(0, 1),
        )  # fmt: skip
        execution = Execution(a.clock, outcomes, desk.news, lost=lambda _: None)
        bells = self._bells
        self._courier = Courier(self._book, a.clock, rails, outcomes, execution, bells["courier"])
        late_news = LateNews(self._book, a.clock, outcomes, desk.news)
        self._reconciler = Reconciler(
            self._book, a.clock, rails, outcomes, execution, late_news, bells["reconciler"],
            lambda: self._courier.driving,
        )  # fmt: skip
        self._expirer = Expirer(desk, outcomes, bells["expirer"])
        self._lanes: defaultdict[str, deque[Letter]] = defaultdict(deque)

    # ---------------------------------------------------------------- life and death

    def start(self) -> None:
        """Begin every task."""
        self._around.trace.add(self._around.loop.time(), "start")
        for work in (self._courier.run, self._reconciler.run, self._expirer.run, self._sync, self._send):
            self._spawn(self._again(work))

    def edge(self, name: str) -> bool:
        """A moment at which the engine may die; whether it is dead."""
        if not self.dead and not self._around.dice.calm:
            self._edges_left -= 1
            if self._edges_left <= 0:
                self._around.trace.add(self._around.loop.time(), "kill", name)
                self.kill()
                self._died()
        return self.dead

    def kill(self) -> None:
        """Nothing that this engine still does reaches anybody."""
        self.dead = self._writer.dead = True
        for task in tuple(self._tasks):
            task.cancel()

    def ring(self) -> None:
        for bell in self._bells.values():
            bell.ring()

    def hint(self, event: RailEvent) -> None:
        """A webhook has come."""
        if not self.dead:
            self._spawn(self._hint(event))

    async def _hint(self, event: RailEvent) -> None:
        try:
            await self._reconciler.hint(event)
        except BookUnavailableError:
            self._around.trace.add(self._around.loop.time(), "hint lost")

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = self._around.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and not self.dead:
            self._around.fail(error)

    async def _again(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """As the supervisor does: what falls over a database in trouble is begun anew."""
        while True:
            try:
                await work()
            except* BookUnavailableError:
                self._around.trace.add(self._around.loop.time(), "task again")
            await asyncio.sleep(self._around.dice.between(0.5, 3))

    async def _pause(self) -> None:
        dice = self._around.dice
        if self.dead:
            raise asyncio.CancelledError
        if dice.chance(0.1):
            await asyncio.sleep(dice.between(0.0001, 0.02))
            if self.edge("read"):
                raise asyncio.CancelledError

    # ---------------------------------------------------------------- messages in

    async def _sync(self) -> None:
        """Letters into the inbox, together with the token; then into the lane of who wrote them."""
        server, dice = self._around.homeserver, self._around.dice
        for letter in await self._mailbox.letters():
            self._to_lane(letter)
        token = int(await self._mailbox.sync_token() or 0)
        while True:
            if token == len(server.timeline):
                await server.bell.wait(None)
                await asyncio.sleep(dice.between(0.005, 0.3))
                continue
            again = max(0, token - dice.whole(0, 2)) if dice.happens(0.1) else token
            now = self._around.clock.now()
            letters = [
                Letter(typed.event, typed.room, typed.sender, now, b"sealed")
                for typed in server.timeline[again : token + dice.whole(1, 4)]
            ]
            fresh = set(await self._mailbox.receive(letters, str(again + len(letters))))
            token = again + len(letters)
            for letter in letters:
                if letter.event in fresh:
                    self._to_lane(letter)

    def _to_lane(self, letter: Letter) -> None:
        lane = self._lanes[letter.sender]
        lane.append(letter)
        if len(lane) == 1:
            self._spawn(self._work(lane))

    async def _work(self, lane: deque[Letter]) -> None:
        while lane:
            try:
                await self._dispatcher.handle(self._spoken(lane[0]))
            except BookUnavailableError:
                await asyncio.sleep(self._around.dice.between(0.5, 3))
                continue
            self._around.trace.add(self._around.loop.time(), "handled", lane[0].event)
            lane.popleft()

    def _spoken(self, letter: Letter) -> Spoken:
        typed = self._around.homeserver.by_event(letter.event)
        room = self._around.rooms.known[letter.room]
        return Spoken(
            event=letter.event,
            room=letter.room,
            sender=letter.sender,
            proof=DEVICE,
            body=typed.body,
            sent=typed.sent,
            seen=letter.received,
            encrypted=room.encrypted,
            direct=room.direct,
            pills=typed.pills,
        )

    # ---------------------------------------------------------------- messages out

    async def _send(self) -> None:
        """The outbox in its order; the transaction id is the post's, so that twice is once."""
        while True:
            for _, post in await self._mailbox.posts(0, 50):
                while not await self._sent(post):  # noqa: ASYNC110 - each look is a try of its own
                    await asyncio.sleep(self._around.dice.between(0.5, 5))
            await self._bells["sender"].wait(None)

    async def _sent(self, post: Post) -> bool:
        """Whether the homeserver took the message, as far as we know."""
        around = self._around
        await asyncio.sleep(around.dice.between(0.001, 0.05))
        if self.edge("sends") or around.dice.happens(0.05):
            return False
        event = around.homeserver.say(post, post.id)
        around.trace.add(around.loop.time(), "said", post.id)
        if self.edge("sent") or around.dice.happens(0.05):
            return False
        await self._mailbox.sent(post.id, event, post.room or direct(post.person or ""))
        return True
