"""One seed from beginning to end: misfortune while people act, then calm, then the accounts are compared."""

from __future__ import annotations

import asyncio
import functools
import gc
import sys
import traceback
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog

from paybridge.commands._frame import commands
from paybridge.domain.approval import Allowance
from paybridge.domain.money import Money
from paybridge.domain.permissions import Permissions, Role
from paybridge.services.ports import BookUnavailableError, RoomFacts, StatementLine
from paybridge.services.says import unseal
from paybridge.services.settings import Settings
from paybridge.storage.moments import microseconds
from paybridge.vault import MasterKey, found_vault
from tests.fakes.database import START
from tests.fakes.house import ALICE, BOB, BOT, CAROL, DINNER, RoomsInMemory, direct
from tests.simulation.checks import Checks
from tests.simulation.dice import Dice, Trace
from tests.simulation.engine import Engine, Surroundings
from tests.simulation.homeserver import Homeserver, Typed
from tests.simulation.loop import VirtualLoop
from tests.simulation.people import People
from tests.simulation.rail import Bank, Kept, Misfortunes, Stage
from tests.simulation.store import connect, reused
from tests.simulation.violations import ViolationError

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, MutableMapping
    from datetime import datetime

    from paybridge.vault import Vault

NOTICED: Final = frozenset({"a rail says otherwise than the books", "a rail moved money of a refused order"})
FOR_EVER: Final = 10**9
PATIENCE: Final = timedelta(days=2)
"""How long everything may take to settle once it is calm: the slowest order of the bank takes two hours."""

ALLOCATIONS: Final = 50_000
"""So many more things than were given back are there before garbage is looked for."""

NAMES: Final = {ALICE: "Alice", BOB: "Bob", CAROL: "Carol", BOT: "PayBridge"}
SETTINGS: Final = Settings(
    bot=BOT,
    currency="EUR",
    allowance=Allowance(Money.of("1000", "EUR"), Money.of("1000000", "EUR"), 10**6),
    permissions=Permissions({"hs": Role.USER}),
)


@dataclass
class SkewedClock:
    """The loop's time as the engine's machine tells it: somebody may set it, also backwards."""

    loop: asyncio.AbstractEventLoop
    skew: timedelta = timedelta(0)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.loop.time()) + self.skew


@dataclass(frozen=True)
class Outcome:
    """How a seed ended. `wrong` is None if everything held."""

    seed: int
    digest: str
    wrong: str | None
    counts: Counter[str]
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Beginning:
    """How every seed begins: Alice and Bob have linked accounts, Alice also a balance; Carol has neither."""

    content: bytes
    links: Mapping[str, bool]
    orders: Mapping[str, Kept]
    moved: tuple[StatementLine, ...]
    timeline: tuple[Typed, ...]
    seen: Mapping[str, str]


def simulate(seed: int, *, keep: bool = False) -> Outcome:
    """Run one seed; `keep` keeps the lines of its trace. The same seed has the same digest."""
    trace = Trace(keep=keep)
    wrong = _World(Dice(f"seed {seed}"), trace, beginning()).run()
    return Outcome(seed, trace.digest, wrong, trace.counts, tuple(trace.lines))


@functools.cache
def vault() -> Vault:
    """One vault for all seeds of a process: what is sealed is no part of the trace."""
    return found_vault(MasterKey(bytes(32)))[0]


@functools.cache
def beginning() -> Beginning:
    """Made once, by the same commands, in calm."""
    world = _World(Dice("beginning", calm=True), Trace(), None)
    return world.begin()


def prepare() -> None:
    """Have what all seeds share, and do not look through it for garbage again and again."""
    beginning()
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS)


class _World:
    def __init__(self, dice: Dice, trace: Trace, start: Beginning | None) -> None:
        self._loop = VirtualLoop()
        self._dice = dice
        self._trace = trace
        self._connection = connect() if start is None else reused(start.content).anew()
        self._clock = SkewedClock(self._loop)
        self._bank = Bank(dice, trace, self._loop)
        unsealed = functools.cache(functools.partial(unseal, vault()))  # two look at each post
        self._homeserver = Homeserver(unsealed)
        if start is not None:
            self._bank.links = dict(start.links)
            self._bank.orders = {
                reference: replace(kept, keys=set(kept.keys)) for reference, kept in start.orders.items()
            }
            self._bank.moved = list(start.moved)
            self._homeserver.timeline = list(start.timeline)
            self._homeserver.seen = dict(start.seen)
        self._typed_before = len(self._homeserver.timeline)
        self._bank.misfortunes = _misfortunes(dice)
        self._checks = Checks(self._connection, unsealed)
        self._bank.tell = self._hint
        self._people = People(dice, self._homeserver)
        self._failed: asyncio.Future[None] = self._loop.create_future()
        self._around = Surroundings(
            loop=self._loop,
            dice=dice,
            trace=trace,
            clock=self._clock,
            connection=self._connection,
            checks=self._checks,
            vault=vault(),
            rooms=_rooms(),
            bank=self._bank,
            homeserver=self._homeserver,
            settings=SETTINGS,
            trouble=0.04 if dice.happens(0.3) else 0.0,
            lateness=(0.01, 0.1, 0.5)[dice.whole(0, 2)],
            fail=self._fail,
        )
        self._engine = self._new_engine()

    # ---------------------------------------------------------------- a seed

    def run(self) -> str | None:
        """What was wrong, None if nothing was."""
        return self._in_loop(self._live())

    def begin(self) -> Beginning:
        """The state that seeds begin with."""
        wrong = self._in_loop(self._furnish())
        assert wrong is None, wrong  # in calm, everything works
        bank, server = self._bank, self._homeserver
        content = self._connection.serialize()
        self._connection.close()
        return Beginning(
            content, bank.links, bank.orders, tuple(bank.moved), tuple(server.timeline), server.seen
        )

    def _in_loop(self, work: Any) -> str | None:  # noqa: ANN401 - a coroutine
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(self._on_exception)
        old = structlog.get_config()
        structlog.configure(
            processors=[self._logged], wrapper_class=structlog.make_filtering_bound_logger(40)
        )
        try:
            return self._loop.run_until_complete(self._guarded(work))
        finally:
            structlog.configure(**old)
            asyncio.set_event_loop(None)
            self._loop.close()

    async def _guarded(self, work: Any) -> str | None:  # noqa: ANN401 - a coroutine
        living = self._loop.create_task(work)
        await asyncio.wait({living, self._failed}, return_when=asyncio.FIRST_COMPLETED)
        wrong = None
        for ended in (self._failed, living):
            if ended.done() and (error := ended.exception()) is not None:
                wrong = wrong or f"{type(error).__name__}: {error}"
                if not isinstance(error, ViolationError):
                    self._trace.tell(*traceback.format_exception(error))
        living.cancel()
        self._engine.kill()
        everybody = asyncio.all_tasks() - {asyncio.current_task()}
        for task in everybody:
            task.cancel()
        await asyncio.gather(*everybody, return_exceptions=True)
        return wrong

    async def _furnish(self) -> None:
        self._engine.start()
        for who in (ALICE, BOB):
            for words in ("!link bank DE89370400440532013000", "!link verify 1234"):
                await self._type_and_wait(who, words)
        for who, amount in ((ALICE, "40"),):
            for words in (f"!topup {amount} EUR", "!yes"):
                await self._type_and_wait(who, words)
        await self._settle()

    async def _type_and_wait(self, who: str, words: str) -> None:
        self._type(who, direct(who), words)
        await asyncio.sleep(30)

    async def _live(self) -> None:
        dice = self._dice
        self._engine.start()
        for _ in range(dice.whole(8, 26)):
            await asyncio.sleep(self._interval())
            self._befall()
            for sender, room, words, pills in self._people.act():
                self._type(sender, room, words, pills)
        await asyncio.sleep(dice.between(0, 20))
        dice.calm = True
        self._bank.down_until = 0.0
        self._trace.add(self._loop.time(), "calm")
        if self._engine.dead:
            self._restart()
        await self._settle()
        self._judge()

    def _interval(self) -> float:
        dice = self._dice
        kind = dice.between(0, 1)
        if kind < 0.6:
            return dice.between(0, 2)
        if kind < 0.93:
            return dice.between(2, 90)
        return dice.between(90, 12_000) if kind < 0.985 else dice.between(12_000, 8 * 86_400)

    def _befall(self) -> None:
        """What happens to the machines, not to a message."""
        dice = self._dice
        if dice.happens(0.02):
            self._clock.skew += timedelta(seconds=dice.between(-400, 400))
            self._trace.add(self._loop.time(), "clock set")
        if dice.happens(0.03):
            self._bank.down_until = self._loop.time() + dice.between(1, 900)
            self._trace.add(self._loop.time(), "bank down")
        if dice.happens(0.05):
            self._reverse()
        if dice.happens(0.04) and (refused := self._bank.in_stage(Stage.REFUSED)):
            leg = dice.one_of(refused)
            self._trace.add(self._loop.time(), "moved late", leg)
            self._bank.succeed_late(leg)

    def _reverse(self) -> None:
        """The bank takes all or a part of an order back, whether or not we have heard that it settled."""
        if settled := self._bank.in_stage(Stage.SETTLED):
            leg = self._dice.one_of(settled)
            whole = self._bank.orders[leg].order.amount.minor
            minor = whole if self._dice.chance(0.6) else self._dice.whole(1, whole)
            self._trace.add(self._loop.time(), "reversed", f"{leg} {minor}")
            self._bank.reverse(leg, minor)

    async def _settle(self) -> None:
        """Wait until nothing is left to do, or say what is."""
        until = self._loop.time() + PATIENCE.total_seconds()
        await asyncio.sleep(600)  # until the bank is no longer left alone
        self._bank.tell_again()
        step, still = 1.0, False
        while (open_work := self._open()) or not still:
            if self._loop.time() > until:
                raise ViolationError(f"never settled: {', '.join(open_work[:8])}")
            # Twice in a row: a card may have run out just now, and that is still to be said.
            still = not open_work
            await asyncio.sleep(30 if still else step)
            step = min(step * 2, 600.0)

    def _open(self) -> list[str]:
        now = microseconds(self._clock.now() - timedelta(seconds=90))
        unread = len(self._homeserver.timeline) - self._received()
        waiting = [] if unread <= 0 else [f"{unread} messages not received"]
        return waiting + self._checks.open_work(now)

    def _received(self) -> int:
        found = self._connection.execute("SELECT value FROM memory WHERE name = 'sync_token'").fetchone()
        return int(found[0]) if found else 0

    def _judge(self) -> None:
        self._checks.books_agree(self._bank)
        for typed in self._homeserver.timeline[self._typed_before :]:
            times = self._checks.answers[typed.event] + (typed.event in self._checks.quietly)
            if times != 1:
                raise ViolationError(f"{typed.event} ({typed.body}) was answered {times} times")
            said = self._checks.said[typed.event] or typed.event in self._checks.quietly
            if _is_command(typed.body) and not said:
                raise ViolationError(f"{typed.event} ({typed.body}) got no reply")
        posts = self._connection.execute("SELECT count(*) FROM post").fetchone()[0]
        if posts != len(self._homeserver.seen):
            raise ViolationError(f"{posts} posts, {len(self._homeserver.seen)} of them seen")
        self._checks.audit()

    # ---------------------------------------------------------------- inside

    def _type(self, sender: str, room: str, words: str, pills: Any = ()) -> None:  # noqa: ANN401 - as `People` gives them
        event = f"$typed-{len(self._homeserver.timeline)}"
        self._trace.add(self._loop.time(), "typed", f"{sender} {words}")
        self._homeserver.type(Typed(event, room, sender, words, self._clock.now(), pills))

    def _new_engine(self) -> Engine:
        lives_for = self._dice.whole(1, 160) if self._dice.happens(0.75) else FOR_EVER
        return Engine(self._around, lives_for, self._on_death)

    def _on_death(self) -> None:
        wait = self._dice.between(0.01, 5) if self._dice.chance(0.9) else self._dice.between(5, 600)
        self._loop.call_later(wait, self._restart_if_dead)

    def _restart_if_dead(self) -> None:
        if self._engine.dead and not self._failed.done():
            self._restart()

    def _restart(self) -> None:
        self._engine = self._new_engine()
        self._engine.start()

    def _hint(self, event: Any) -> None:  # noqa: ANN401 - as the bank gives it
        self._engine.hint(event)

    def _fail(self, error: BaseException) -> None:
        if not self._failed.done():
            self._failed.set_exception(error)

    def _on_exception(self, _: object, context: Mapping[str, Any]) -> None:
        error = context.get("exception")
        if error is not None:
            self._fail(error)

    def _logged(self, _: object, __: str, event: MutableMapping[str, Any]) -> str:
        """What the engine logs as an error is a lie or a second thought of the bank, or a bug."""
        error = sys.exc_info()[1]
        if event["event"] not in NOTICED and not isinstance(error, BookUnavailableError):
            self._fail(ViolationError(f"logged: {event} {error!r}"))
        raise structlog.DropEvent


def _is_command(words: str) -> bool:
    verb = words.removeprefix("!").partition(" ")[0]
    return words.startswith("!") and verb in commands()


def _misfortunes(dice: Dice) -> Misfortunes:
    """A few kinds of misfortune for each seed, each with a probability of its own."""

    def some(most: float) -> float:
        return dice.between(0, most) if dice.happens(0.5) else 0.0

    return Misfortunes(
        lost_before=some(0.3),
        lost_after=some(0.4),
        broken_after=some(0.3),
        twice=some(0.4),
        late=some(0.3),
        lies=some(0.3),
        refused_connection=some(0.3),
        throttled=some(0.2),
    )


def _rooms() -> RoomsInMemory:
    rooms = {DINNER: RoomFacts(DINNER, encrypted=True, direct=False, members=NAMES)}
    for mxid in (ALICE, BOB, CAROL):
        place = direct(mxid)
        members = {mxid: NAMES[mxid], BOT: "PayBridge"}
        rooms[place] = RoomFacts(place, encrypted=True, direct=True, members=members)
    return RoomsInMemory(rooms)
