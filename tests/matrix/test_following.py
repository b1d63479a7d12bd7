"""A process that stands by hears everything, writes nothing, and hands over what nobody has received."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from paybridge.matrix.crosssigning import Seeds
from paybridge.matrix.held import HELD_FOR, Held
from paybridge.matrix.identity import Identity
from paybridge.matrix.login import CannotLogInError
from paybridge.matrix.place import Place
from paybridge.matrix.predecessor import POST, Predecessor
from paybridge.matrix.rooms import ENCRYPTED, KnownRooms
from paybridge.matrix.sync import SyncLoop
from paybridge.matrix.verification.incoming import Incoming
from paybridge.matrix.wire import NotNowError, RefusedError
from paybridge.services.ports import Letter, Post, Step
from tests.fakes.database import START, StoodClock, open_book

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from paybridge.services.ports import Book, Mailbox, Vault

ME, ROOM = "@bot:hs", "!room:hs"


class Kept:
    """An open database."""

    def __init__(self, book: Book, mailbox: Mailbox, vault: Vault) -> None:
        self.book = book
        self.mailbox = mailbox
        self.vault = vault


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    book, mailbox, vault, database = await open_book(tmp_path)
    yield Kept(book, mailbox, vault)
    await database.close()


class Server:
    """Answers each sync by what it is told next; when it has nothing more, whoever asks waits for ever."""

    device_id = "STANDBY"

    def __init__(self, *said: str) -> None:
        self._said = list(said)
        self.asked: list[str | None] = []
        self.through = asyncio.Event()

    async def get(self, *_: str, query: Mapping[str, str], patience: float = 0) -> dict[str, Any]:
        del patience
        self.asked.append(query.get("since"))
        if not self._said:
            self.through.set()
            await asyncio.Event().wait()
        said = self._said.pop(0)
        return {"next_batch": f"after-{said}", "rooms": {"join": {ROOM: {"said": said}}}}

    async def room(self, room: str, told: Mapping[str, str], _since: str | None) -> list[Letter]:
        return [a_letter(told["said"])] if room else []

    def take(self, _: object) -> frozenset[tuple[str, str]]:
        return frozenset()

    def outdated(self, _: object) -> None: ...
    def counted(self, *_: object) -> None: ...
    def settled(self, _: str) -> None: ...


def a_letter(event: str) -> Letter:
    return Letter(event, ROOM, "@anna:hs", START, b"sealed")


def a_post(name: str) -> Post:
    return Post(name, ROOM, None, None, b"sealed", START)


def a_loop(server: Any, mailbox: Mailbox, folder: Path, heard: list[str]) -> SyncLoop:  # noqa: ANN401 - everybody
    return SyncLoop(
        wire=server,
        crypto=server,
        devices=server,
        upkeep=server,
        rooms=server,
        invites=server,
        intake=server,
        mailbox=mailbox,
        place=Place(folder, "STANDBY"),
        held=Held(mailbox, StoodClock()),
        chance=cast("Any", None),
        heard=lambda letters, _: heard.extend(letter.event for letter in letters),
        follows=True,
    )


async def follow(loop: SyncLoop, server: Server) -> asyncio.Task[None]:
    """Let it sync until the server has told everything."""
    running = asyncio.ensure_future(loop.run())
    await server.through.wait()
    return running


async def test_who_follows_writes_no_letter_and_receives_at_its_turn_what_nobody_has(
    kept: Kept, tmp_path: Path
) -> None:
    await kept.mailbox.receive([a_letter("$1")], "s1", "ACTIVE")
    server, heard = Server("$1", "$2", "$3"), list[str]()
    loop = a_loop(server, kept.mailbox, tmp_path, heard)
    running = await follow(loop, server)
    before = [letter.event for letter in await kept.mailbox.letters()]
    await loop.take_over()
    running.cancel()

    assert before == ["$1"]
    assert [letter.event for letter in await kept.mailbox.letters()] == ["$1", "$2", "$3"]
    assert await kept.mailbox.sync_token("STANDBY") == "after-$3"
    assert await kept.mailbox.sync_token("ACTIVE") == "s1"
    assert heard == []


async def test_who_follows_begins_again_before_the_first_letter_that_nobody_has(
    kept: Kept, tmp_path: Path
) -> None:
    await kept.mailbox.receive([a_letter("$1")], "s1", "ACTIVE")
    server = Server("$1", "$2", "$3")
    (await follow(a_loop(server, kept.mailbox, tmp_path, []), server)).cancel()
    again = Server()
    loop = a_loop(again, kept.mailbox, tmp_path, [])
    (await follow(loop, again)).cancel()
    await loop.take_over()

    assert again.asked == ["after-$1"]
    assert await kept.mailbox.sync_token("STANDBY") is None
    assert Place(tmp_path, "STANDBY").read() == "after-$1"


async def test_once_it_acts_the_inbox_says_where_it_is(kept: Kept, tmp_path: Path) -> None:
    place = Place(tmp_path, "STANDBY")
    place.keep("before")
    server, heard = Server("$1"), list[str]()
    loop = a_loop(server, kept.mailbox, tmp_path, heard)
    await loop.take_over()
    (await follow(loop, server)).cancel()

    assert server.asked == ["before", "after-$1"]
    assert (heard, place.read()) == (["$1"], None)
    assert await kept.mailbox.sync_token("STANDBY") == "after-$1"


async def test_what_is_held_is_let_go_when_the_inbox_has_it_or_when_it_is_old(kept: Kept) -> None:
    clock = StoodClock()
    held = Held(kept.mailbox, clock)
    await held.hold([a_letter("$1"), a_letter("$2")])
    await kept.mailbox.receive([a_letter("$1")], "s1")
    await held.hold([])
    received = held.letters
    clock.pass_by(HELD_FOR + timedelta(seconds=1))
    await held.hold([])

    assert received == [a_letter("$2")]
    assert held.letters == []


async def test_a_room_that_became_encrypted_meanwhile_is_remembered_at_the_turn(kept: Kept) -> None:
    rooms = KnownRooms(cast("Any", None), kept.mailbox, ME)
    rooms.follow()
    await rooms.now_encrypted(ROOM)
    before = await kept.mailbox.recall(ENCRYPTED + ROOM)
    await rooms.take_over()
    await rooms.now_encrypted("!other:hs")

    assert before is None
    assert await kept.mailbox.recall_all(ENCRYPTED) == {
        ENCRYPTED + ROOM: "yes",
        ENCRYPTED + "!other:hs": "yes",
    }


async def test_who_follows_takes_part_in_no_verification() -> None:
    incoming = Incoming(ME, lambda _: True)
    incoming.listens = False
    request = {"type": "m.key.verification.request", "sender": "@anna:hs", "content": {"transaction_id": "t"}}
    incoming.to_device([request])
    silent = incoming.waiting
    incoming.listens = True
    incoming.to_device([request])

    assert (silent, incoming.waiting) == (0, 1)


# ---------------------------------------------------------------- one identity


def counting(count: int) -> bytes:
    return bytes(count)


async def test_all_processes_have_the_identity_of_the_first(kept: Kept, tmp_path: Path) -> None:
    first = Identity(tmp_path / "first.json", kept.mailbox, kept.vault, shared=True)
    second = Identity(tmp_path / "second.json", kept.mailbox, kept.vault, shared=True)
    with pytest.raises(NotNowError):
        await second.seeds(counting, may_make=False)
    made = await first.seeds(lambda count: b"1" * count, may_make=True)
    await first.share()

    assert await second.seeds(counting, may_make=False) == made
    assert Seeds.load(tmp_path / "second.json") == made
    assert made.master.hex() not in str(await kept.mailbox.recall_all(""))


async def test_who_follows_under_another_identity_is_told_so(kept: Kept, tmp_path: Path) -> None:
    first = Identity(tmp_path / "first.json", kept.mailbox, kept.vault, shared=True)
    await first.seeds(lambda count: b"1" * count, may_make=True)
    await first.share()
    Seeds.new(counting).save(tmp_path / "second.json")
    second = Identity(tmp_path / "second.json", kept.mailbox, kept.vault, shared=True)

    with pytest.raises(CannotLogInError, match="another identity"):
        await second.seeds(counting, may_make=False)


# ---------------------------------------------------------------- what the one before has said


class Room:
    """What was said, newest first, a page for each question."""

    def __init__(self, *pages: list[dict[str, Any]]) -> None:
        self._pages = pages
        self.asked: list[str | None] = []

    async def get(self, *_: str, query: Mapping[str, str]) -> dict[str, Any]:
        self.asked.append(query.get("from"))
        page = int(query.get("from", "0"))
        more = {"end": str(page + 1)} if page + 1 < len(self._pages) else {}
        return {"chunk": self._pages[page], **more}


def said(event: str, mark: object, sender: str = ME, *, minutes: int = 1) -> dict[str, Any]:
    at = int((START + timedelta(minutes=minutes)).timestamp() * 1000)
    return {"event_id": event, "sender": sender, "origin_server_ts": at, "content": {POST: mark}}


async def test_a_post_of_the_one_before_is_found_by_its_mark_and_by_nobody_elses(kept: Kept) -> None:
    await kept.book.commit(Step(posts=(a_post("p1"), a_post("p2"), a_post("p3"))))
    room = Room([], [])
    before = Predecessor(room, kept.mailbox, kept.vault, ME)
    room = Room(
        [said("$other", None), said("$forged", before.mark("p2"), "@eve:hs")],
        [said("$p1", before.mark("p1"))],
    )
    now = Predecessor(room, kept.mailbox, kept.vault, ME)
    await now.left()
    await kept.book.commit(Step(posts=(a_post("p4"),)))

    assert [await now.sent(a_post(name), ROOM) for name in ("p1", "p2", "p3", "p4")] == [
        "$p1",
        None,
        None,
        None,
    ]
    assert room.asked == [None, "1"]


async def test_it_looks_no_further_back_than_the_oldest_post(kept: Kept) -> None:
    await kept.book.commit(Step(posts=(a_post("p1"),)))
    room = Room([said("$old", "x", minutes=-11)], [said("$older", "y", minutes=-12)])
    before = Predecessor(room, kept.mailbox, kept.vault, ME)
    await before.left()

    assert await before.sent(a_post("p1"), ROOM) is None
    assert room.asked == [None]


async def test_without_one_before_no_room_is_asked(kept: Kept) -> None:
    room = Room()

    assert await Predecessor(room, kept.mailbox, kept.vault, ME).sent(a_post("p1"), ROOM) is None
    assert room.asked == []


async def test_a_room_that_cannot_be_looked_into_is_let_be(kept: Kept) -> None:
    class Closed:
        async def get(self, *_: str, query: Mapping[str, str]) -> dict[str, Any]:
            raise RefusedError(403, "M_FORBIDDEN", str(query["dir"]))

    await kept.book.commit(Step(posts=(a_post("p1"),)))
    before = Predecessor(Closed(), kept.mailbox, kept.vault, ME)
    await before.left()

    assert await before.sent(a_post("p1"), ROOM) is None
