"""What is to be told somebody who had themselves erased is told nobody, and keeps nobody waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from paybridge.domain.people import NOBODY
from paybridge.matrix.outbox import Outbox
from paybridge.services.mail import Post
from paybridge.services.says import Say, seal
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
