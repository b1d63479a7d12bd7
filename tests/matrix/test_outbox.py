"""What is told nobody, and how quickly the bot speaks where a bridge passes it on; without a homeserver."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, cast

import pytest

from paybridge.domain.bridges import Bridge, Bridges, Tier
from paybridge.domain.people import NOBODY
from paybridge.matrix.outbox import Outbox
from paybridge.matrix.pace import BURST
from paybridge.matrix.rooms import Roster
from paybridge.matrix.wire import RefusedError
from paybridge.services.mail import Post
from paybridge.services.ports import Step
from paybridge.services.says import Say, seal
from paybridge.texts import Rendered
from tests.fakes.database import START, open_book

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_post_to_somebody_erased_is_set_aside_at_once(tmp_path: Path) -> None:
    book, mailbox, vault, database = await open_book(tmp_path)
    del book
    post = seal(vault, Say("late/1", key="late.collected", language="en", person=NOBODY), START)
    told: list[tuple[Post, str]] = []
    outbox = Outbox(
        mailbox=mailbox,
        vault=vault,
        on_set_aside=lambda post, reason: told.append((post, reason)),
        # Whoever asks one of these would begin to send.
        **dict.fromkeys(("render", "wire", "rooms", "direct", "room_keys", "chance"), cast("Any", None)),
        predecessor=cast("Any", None),
    )
    outbox._lanes[NOBODY].append(post)  # noqa: SLF001 - one lane, without a homeserver
    await outbox._work(NOBODY)  # noqa: SLF001 - as above
    await database.close()

    assert told == [(post, "erased")]


class OneRoom:
    """A room without encryption, and a homeserver that takes everything."""

    def __init__(self, *members: str) -> None:
        self.members = members
        self.sent: list[str] = []

    async def roster(self, _room: str) -> Roster:
        return Roster(dict.fromkeys(self.members), frozenset(), {})

    async def encrypted(self, _room: str) -> bool:
        return False

    async def put(self, *_path: str, body: dict[str, Any]) -> dict[str, str]:
        self.sent.append(body["body"])
        return {"event_id": f"${len(self.sent)}"}


class NobodyBefore:
    """No process before this one has said anything."""

    async def sent(self, _post: Post, _room: str) -> None:
        return None

    def mark(self, _post: str) -> None:
        return None


@pytest.mark.parametrize(("member", "waits"), [("@irc_iris:hs", 2), ("@alice:hs", 0)])
async def test_where_a_ghost_listens_a_burst_is_said_at_once_and_the_rest_at_the_bridges_pace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, member: str, waits: int
) -> None:
    book, mailbox, vault, database = await open_book(tmp_path)
    posts = [
        seal(vault, Say(f"late/{number}", key="late", language="en", room="!r:hs"), START)
        for number in range(BURST + 2)
    ]
    await book.commit(Step(posts=tuple(posts)))
    table = Bridges((Bridge("irc", "IRC", re.compile(r"@irc_[^:]+:hs"), "@ircbot:hs", Tier.NICK),))
    room = OneRoom(member, "@bot:hs")
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    outbox = Outbox(
        mailbox=mailbox,
        vault=vault,
        render=lambda say, _over=None: Rendered(say.id, None, ()),
        wire=cast("Any", room),
        rooms=cast("Any", room),
        on_set_aside=lambda post, reason: pytest.fail(f"{post.id}: {reason}"),
        **dict.fromkeys(("direct", "room_keys", "chance"), cast("Any", None)),
        predecessor=cast("Any", NobodyBefore()),
        bridges=table,
    )
    await outbox.flush()
    monkeypatch.undo()
    await database.close()

    assert room.sent == [f"late/{number}" for number in range(BURST + 2)]
    assert sum(seconds > 0 for seconds in slept) == waits


class InvitingRoom(OneRoom):
    """A room that lets the bot invite some people, and not others."""

    def __init__(self, *members: str, banned: str) -> None:
        super().__init__(*members)
        self.banned = banned
        self.asked: list[str] = []

    async def post(self, *path: str, body: dict[str, str]) -> dict[str, str]:
        self.asked.append(body["user_id"])
        if body["user_id"] == self.banned:
            raise RefusedError(403, "M_FORBIDDEN", path[-1])
        return {}


async def test_somebody_is_asked_in_once_and_only_where_they_are_not(tmp_path: Path) -> None:
    book, mailbox, vault, database = await open_book(tmp_path)
    there, new, banned = "@there:hs", "@new:hs", "@banned:hs"
    posts = tuple(
        seal(vault, Say(mxid, key="ticket.invited", language="en", room="!gig:hs", invites=mxid), START)
        for mxid in (there, new, banned)
    )
    await book.commit(Step(posts=posts))
    room = InvitingRoom(there, "@bot:hs", banned=banned)
    outbox = Outbox(
        mailbox=mailbox,
        vault=vault,
        wire=cast("Any", room),
        rooms=cast("Any", room),
        on_set_aside=lambda post, reason: pytest.fail(f"{post.id}: {reason}"),
        **dict.fromkeys(("render", "direct", "room_keys", "chance", "predecessor"), cast("Any", None)),
    )
    await outbox.flush()
    await outbox.flush()
    left = await mailbox.posts(0, 10)
    await database.close()

    assert room.asked == [new, banned]
    assert room.sent == []
    assert left == []
