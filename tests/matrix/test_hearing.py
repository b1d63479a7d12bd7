"""Letters in hand: whom somebody else's homeserver keeps waiting, and whom it must not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from paybridge.domain.proof import HomeserverOnly
from paybridge.domain.spoken import Gesture, Spoken
from paybridge.matrix.hearing import SENDERS_AT_ONCE, Hearing
from paybridge.matrix.wire import NotNowError
from paybridge.services.ports import Letter
from tests.fakes.database import START, open_book
from tests.fakes.house import CountingChance

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.matrix.understanding import Understanding

BOB = "@bob:hs"
AWAY = [f"@stranger{number}:away" for number in range(SENDERS_AT_ONCE)]


def letter(sender: str) -> Letter:
    return Letter(f"$from{sender}", "!room:hs", sender, START, b"sealed")


class Understands:
    """Understands everybody but those whose homeserver does not answer about their devices."""

    def __init__(self) -> None:
        self.asked_about: set[str] = set()
        self.all_asked_about = asyncio.Event()

    def missing_key(self, letter: Letter) -> tuple[str, str] | None:
        """Only what Bob says waits for its key, which never comes."""
        return (letter.room, "key") if letter.sender == BOB else None

    async def of(self, letter: Letter) -> Spoken:
        if letter.sender in AWAY:
            self.asked_about.add(letter.sender)
            if len(self.asked_about) == len(AWAY):
                self.all_asked_about.set()
            raise NotNowError("their homeserver does not answer")
        return Spoken(
            *(letter.event, letter.room, letter.sender, HomeserverOnly(), "!help", START, START),
            encrypted=True,
            direct=False,
        )


async def test_strangers_whose_homeserver_is_away_keep_nobody_else_waiting(tmp_path: Path) -> None:
    _, mailbox, _, database = await open_book(tmp_path)
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def take(spoken: Spoken | Gesture) -> None:
        heard.put_nowait(spoken.sender)

    understands = Understands()
    hearing = Hearing(
        mailbox=mailbox,
        understanding=cast("Understanding", understands),
        handler=take,
        chance=CountingChance(),
    )
    running = asyncio.ensure_future(hearing.run())
    await mailbox.receive([letter(sender) for sender in (*AWAY, "@alice:hs")], "s1")
    hearing.heard([letter(sender) for sender in AWAY], [])
    await understands.all_asked_about.wait()
    hearing.heard([letter("@alice:hs")], [])
    first = await heard.get()
    undone = {one.sender for one in await mailbox.letters()}
    running.cancel()
    await database.close()

    assert first == "@alice:hs"
    assert undone >= set(AWAY)


async def test_messages_whose_key_does_not_come_are_counted(tmp_path: Path) -> None:
    _, mailbox, _, database = await open_book(tmp_path)
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def take(spoken: Spoken | Gesture) -> None:
        heard.put_nowait(spoken.sender)

    hearing = Hearing(
        mailbox=mailbox,
        understanding=cast("Understanding", Understands()),
        handler=take,
        chance=CountingChance(),
        key_patience=0,
    )
    running = asyncio.ensure_future(hearing.run())
    letters = [letter(BOB), letter("@alice:hs")]
    await mailbox.receive(letters, "s1")
    hearing.heard(letters, [])
    senders = {await heard.get(), await heard.get()}
    running.cancel()
    await database.close()

    assert senders == {BOB, "@alice:hs"}
    assert hearing.unread == 1
