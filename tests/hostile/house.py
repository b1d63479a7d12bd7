"""The whole product as `paybridge run` puts it together, with a scripted rail, watched from inside."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from collections import defaultdict
from contextlib import AsyncExitStack, asynccontextmanager, closing, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from paybridge.app import wiring
from paybridge.app.supervisor import Supervisor
from paybridge.config import Config
from paybridge.config.sections import Homeserver, Web
from paybridge.domain.people import Link, LinkState
from paybridge.domain.spoken import Gesture, Spoken
from paybridge.matrix.bot import MatrixSide
from paybridge.rails._frame import RailOptions
from paybridge.services.ports import Step
from paybridge.services.says import Say, unseal
from paybridge.texts import Texts
from paybridge.texts.saying import render_say
from tests.fakes.rail import ScriptedRail
from tests.harness import PASSWORD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from paybridge.demo.person import Person

PATIENCE_SECONDS = 12.0
KEY_PATIENCE_SECONDS = 2.0
TEXTS = Texts()
TABLES = ("transfer", "leg", "journal", "entry", "request")


class MovableClock:
    """The real time, and as far beside it as a test wants."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def pass_by(self, span: timedelta) -> None:
        self.ahead += span


@dataclass
class House:
    """One running installation.

    `spoken` is all that reached the dispatcher, `answers` what was said about each event, in the commit that
    finished it.
    """

    me: str
    folder: Path
    clock: MovableClock
    rails: Mapping[str, ScriptedRail]
    web_url: str = ""
    spoken: list[Spoken] = field(default_factory=list)
    said: list[Say] = field(default_factory=list)
    answers: defaultdict[str, list[Say]] = field(default_factory=lambda: defaultdict(list))
    inside: Any = None
    """The product's own house, for tests that must reach into it."""

    _done: set[str] = field(default_factory=set)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def rail(self) -> ScriptedRail:
        return self.rails["bank"]

    @property
    def moved(self) -> list[int]:
        """The cents of each order that has moved money at the bank."""
        return [order.amount.minor for order in self.rail.moved]

    @property
    def matrix(self) -> MatrixSide:
        side: MatrixSide = self.inside._matrix  # noqa: SLF001 - the tests watch from inside
        return side

    @property
    def running(self) -> Any:  # noqa: ANN401 - its parts
        return self.matrix._running  # noqa: SLF001 - as above

    @property
    def desk(self) -> Any:  # noqa: ANN401 - as above
        return self.inside._dispatcher._desk  # noqa: SLF001 - as above

    def rows(self) -> dict[str, list[tuple[object, ...]]]:
        """Everything that the books hold about money."""
        with closing(sqlite3.connect(f"file:{self.folder / 'paybridge.db'}?mode=ro", uri=True)) as database:
            return {table: database.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}  # noqa: S608 - our own names

    async def state_of(self, payment: str) -> str:
        return str((await self.desk.book.transfer(payment)).state)

    async def balance(self, mxid: str) -> int:
        """Somebody's spendable cents."""
        person = await self.desk.book.person_of(mxid)
        return (await self.desk.book.balance(person.id, "EUR")).minor if person else 0

    async def enroll(self, *people: Person, rail: str = "bank") -> None:
        """Give people an account that is linked and proven."""
        for person in people:
            known = await self.desk.people.know(person.user_id)
            link = Link(
                id=secrets.token_hex(8),
                person=known.person.id,
                rail=rail,
                token=self.rails[rail].verified_link(),
                masked="DE89 •••• 3000",
                number=self.desk.vault.seal(known.person.key, "link", b"DE89370400440532013000"),
                number_hash=secrets.token_bytes(32),
                state=LinkState.VERIFIED,
                is_default=True,
                created=self.clock.now(),
            )
            await self.desk.book.commit(known.introduction + Step(records=(link,)))

    async def answered(self, event: str) -> list[Say]:
        """Wait until the bot is done with an event, and return what it said to it."""
        await self._until(lambda: event in self._done, f"an answer to {event}")
        return self.answers[event]

    async def hears(self, person: Person, room: str, line: str, **more: Any) -> list[Say]:  # noqa: ANN401 - as `say`
        """Have somebody type a line, and return what the bot says to it."""
        return await self.answered(await person.say(room, line, **more))

    async def is_through(self, person: Person, room: str) -> None:
        """Wait until everything is done that this person has sent to the room so far."""
        await self.hears(person, room, "!help")

    async def until_said(self, key: str) -> Say:
        """Wait until something has been said, to whatever it was."""
        await self._until(lambda: key in {say.key for say in self.said}, key)
        return next(say for say in self.said if say.key == key)

    async def until(self, reached: Callable[[], bool], what: str) -> None:
        """Wait for anything that some commit brings about."""
        await self._until(reached, what)

    async def _until(self, reached: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._changed:
                await self._changed.wait_for(reached)
        except TimeoutError:
            pytest.fail(f"no {what}; said so far: {[say.key for say in self.said]}")

    async def take_note(self, step: Step) -> None:
        said = [unseal(self.desk.vault, post) for post in step.posts]
        self.said += said
        for event in step.done:
            self.answers[event] += said
        await self.take_done(*step.done)

    async def take_done(self, *events: str) -> None:
        self._done.update(events)
        async with self._changed:
            self._changed.notify_all()


class NoOptions(RailOptions):
    """Scripted rails have none."""


@asynccontextmanager
async def open_house(
    url: str,
    me: str,
    folder: Path,
    *,
    clock: MovableClock | None = None,
    rails: Mapping[str, ScriptedRail] | None = None,
    **config: Any,  # noqa: ANN401 - more sections of the config
) -> AsyncIterator[House]:
    """A bot that is up and has synced, over the data in `folder`; its end is an orderly one."""
    made = rails or {"bank": ScriptedRail(name="bank")}
    house = House(me, folder, clock or MovableClock(), made)
    settled = Config(
        homeserver=Homeserver(url=url, user_id=me, password=PASSWORD),
        data_dir=folder,
        web=Web(listen="127.0.0.1:0"),
        rails={name: NoOptions() for name in made},
        **config,
    ).settled(folder)
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(wiring, "find_rails", lambda: {name: _offer(rail) for name, rail in made.items()})
        patched.setattr(wiring, "SystemClock", lambda: house.clock)
        # A signal is for the run of the tests, not for the bot in it.
        patched.setattr(Supervisor, "_signals", lambda _: nullcontext())
        patched.setattr(wiring, "MatrixSide", partial(MatrixSide, key_patience=KEY_PATIENCE_SECONDS))
        async with AsyncExitStack() as stack:
            house.inside = await wiring._House.build(settled, stack)  # noqa: SLF001 - the product as it is
            _watch(house)
            running = asyncio.ensure_future(house.inside.run(stack, partial(setattr, house, "web_url")))
            try:
                await _ready(house, running)
                yield house
            finally:
                house.inside._supervisor.stop()  # noqa: SLF001 - as a signal does
                await running


def words(says: list[Say]) -> str:
    """Everything said, as plain text."""
    return "\n".join(render_say(TEXTS, say).text for say in says)


def html(say: Say) -> str:
    """Something said, as clients with formatting show it."""
    return render_say(TEXTS, say).html or ""


def keys(says: list[Say]) -> list[str]:
    return [say.key for say in says]


def code_of(says: list[Say]) -> str:
    """The approval code on the card that was shown."""
    (card,) = says
    assert card.about is not None, card.key
    return str(card.about["code"])


def payment_of(says: list[Say]) -> str:
    """The payment that a card is about."""
    (card,) = says
    assert card.about is not None, card.key
    return str(card.about["id"])


def _offer(rail: ScriptedRail) -> Callable[[NoOptions, aiohttp.ClientSession], ScriptedRail]:
    return lambda _options, _http: rail


def _watch(house: House) -> None:
    """Listen in where the product commits, and where it hears."""
    book, mailbox, dispatcher = house.desk.book, house.desk.mailbox, house.inside._dispatcher  # noqa: SLF001 - as above
    commit, finish, handle = book.commit, mailbox.finish, dispatcher.handle

    async def watched_commit(step: Step) -> None:
        await commit(step)
        await house.take_note(step)

    async def watched_finish(event: str) -> None:
        await finish(event)
        await house.take_done(event)

    async def watched_handle(heard: Spoken | Gesture) -> None:
        if isinstance(heard, Spoken):
            house.spoken.append(heard)
        await handle(heard)

    book.commit, mailbox.finish, dispatcher.handle = watched_commit, watched_finish, watched_handle


async def _ready(house: House, running: asyncio.Future[None]) -> None:
    async with asyncio.timeout(3 * PATIENCE_SECONDS):
        while house.matrix.readiness() is not None or len(house.inside._rails) < len(house.rails):  # noqa: SLF001 - asked, as a monitor does
            if running.done():
                await running
            await asyncio.sleep(0.02)
