"""The Matrix side alone on a real homeserver: its handler only writes down what it was told."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from paybridge.domain.spoken import Gesture, Spoken
from paybridge.matrix.account import MatrixOptions
from paybridge.matrix.bot import MatrixSide
from paybridge.services.pinning import Pins
from paybridge.services.ports import Post, Step
from paybridge.services.says import Say, seal
from paybridge.storage import vault_check
from paybridge.vault import MasterKey, open_vault
from tests.fakes.database import open_book
from tests.fakes.house import settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from paybridge.domain.bridges import Bridges
    from paybridge.domain.facts import Facts
    from paybridge.services.ports import Book, Mailbox, Vault

PATIENCE_SECONDS = 30.0


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class RealChance:
    def number(self) -> int:
        return secrets.randbits(64)

    def token(self) -> str:
        return secrets.token_hex(16)


@dataclass(frozen=True)
class Words:
    """What a test has the bot say."""

    text: str
    html: str | None = None
    mentions: Sequence[str] = ()
    cut: bool = False


def render(say: Say, _over: Bridges | None = None) -> Words:
    return Words(str(say.facts["text"]), mentions=say.notify)


@dataclass
class Bot:
    """A running Matrix side with its database."""

    side: MatrixSide
    book: Book
    mailbox: Mailbox
    vault: Vault
    handler: Callable[[Spoken], Awaitable[None]] | None = None
    told: list[Spoken] = field(default_factory=list)
    gestures: list[Gesture] = field(default_factory=list)
    aside: list[tuple[Post, str]] = field(default_factory=list)
    notices: list[tuple[str, str, Facts]] = field(default_factory=list)
    tasks: Sequence[asyncio.Future[None]] = ()
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def hear(self, heard: Spoken | Gesture) -> None:
        if isinstance(heard, Spoken) and self.handler is not None:
            await self.handler(heard)
        await self.book.commit(Step(done=(heard.event,)))
        if isinstance(heard, Gesture):
            self.gestures.append(heard)
        else:
            self.told.append(heard)
        async with self._changed:
            self._changed.notify_all()

    async def until_told(self, body: str) -> Spoken:
        """Wait until the handler was given a message with this body."""
        return await self.until(lambda spoken: spoken.body == body)

    async def until(self, fits: Callable[[Spoken], bool]) -> Spoken:
        async with asyncio.timeout(PATIENCE_SECONDS), self._changed:
            await self._changed.wait_for(lambda: any(map(fits, self.told)))
        return next(filter(fits, self.told))

    async def until_gone(self, mxid: str, room: str) -> None:
        """Wait until the bot sees that somebody has left."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while mxid in (await self.side.rooms.facts(room)).members:  # noqa: ASYNC110 - nothing rings
                await asyncio.sleep(0.02)

    async def until_ended(self) -> None:
        """Wait until the first of the tasks has ended, which none does by itself."""
        await asyncio.wait(self.tasks, timeout=PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)

    async def say(self, text: str, **where: Any) -> Post:  # noqa: ANN401 - the options of `Say`
        """Put a post into the outbox, and ring."""
        say = Say(id=secrets.token_hex(8), key="test", language="en", facts={"text": text}, **where)
        post = seal(self.vault, say, datetime.now(UTC))
        await self.put(post)
        return post

    async def put(self, post: Post) -> None:
        await self.book.commit(Step(posts=(post,)))
        self.side.ring()


class SilentBell:
    """Nobody waits for it: no freeze ends while these tests run."""

    def ring(self) -> None:
        """Heard by nobody."""

    async def wait(self, patience: float | None) -> None:
        raise AssertionError(f"somebody waits for {patience}")


class ForgetfulMailbox:
    """A mailbox whose program always dies between sending a post and marking it."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the mailbox has
        return getattr(self._mailbox, name)

    async def sent(self, *_: str) -> None:
        raise ConnectionError


@asynccontextmanager
async def running(
    url: str,
    user_id: str,
    folder: Path,
    *,
    run: bool = True,
    may_invite: Callable[[str], bool] = lambda _: True,
    handler: Callable[[Spoken], Awaitable[None]] | None = None,
    forgets_to_mark: bool = False,
    **options: Any,  # noqa: ANN401 - those of `MatrixOptions`
) -> AsyncIterator[Bot]:
    """A bot that is up and has synced, over the data in `folder`; its end is an orderly one."""
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    book, mailbox, vault, database = await open_book(folder)
    check = await vault_check(f"sqlite+aiosqlite:///{folder / 'paybridge.db'}")
    if check is not None:
        vault = open_vault(MasterKey(bytes(32)), check)
    aside: list[tuple[Post, str]] = []
    notices: list[tuple[str, str, Facts]] = []

    async def tell(mxid: str, key: str, facts: Facts) -> None:
        notices.append((mxid, key, facts))

    side = MatrixSide(
        MatrixOptions(url=url, user_id=user_id, data_dir=folder, **options),
        mailbox=ForgetfulMailbox(mailbox) if forgets_to_mark else mailbox,
        pins=Pins(book, vault, RealClock(), settings(), SilentBell(), SilentBell()),
        vault=vault,
        clock=RealClock(),
        chance=RealChance(),
        render=render,
        may_invite=may_invite,
        on_set_aside=lambda post, reason: aside.append((post, reason)),
        tell=tell,
        key_patience=3.0,
    )
    bot = Bot(side, book, mailbox, vault, handler, aside=aside, notices=notices)
    try:
        await side.start(bot.hear)
        tasks = [asyncio.ensure_future(task()) for task in side.tasks().values()] if run else []
        bot.tasks = tasks
        try:
            if run:
                await _synced(side, tasks)
            yield bot
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        broken = [error for error in ended if isinstance(error, Exception)]
        if broken:
            raise ExceptionGroup("tasks of the Matrix side ended", broken)
    finally:
        await side.close()
        await database.close()


async def _synced(side: MatrixSide, tasks: Sequence[asyncio.Future[None]]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while side.readiness() is not None and not any(  # noqa: ASYNC110 - asked, as a monitor does
            task.done() for task in tasks
        ):
            await asyncio.sleep(0.02)
