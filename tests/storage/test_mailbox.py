"""The mailbox forgets no letter, answers none twice, and keeps no words that it no longer needs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from paybridge.services.ports import AlreadyDoneError, Letter, Post, Step
from tests.fakes.database import START, ask_raw

if TYPE_CHECKING:
    from paybridge.services.ports import Book, Mailbox
    from paybridge.storage.database import Database


def a_letter(event: str) -> Letter:
    return Letter(event, "!room:test", "@anna:test", START, b"sealed words")


def a_post(name: str, *, slot: str | None = None) -> Post:
    return Post(name, "!room:test", None, slot, b"sealed answer", START)


async def test_letters_and_the_sync_token_are_written_together(mailbox: Mailbox) -> None:
    assert await mailbox.sync_token() is None

    assert await mailbox.receive([a_letter("$1"), a_letter("$2")], "s1") == ["$1", "$2"]
    assert await mailbox.sync_token() == "s1"
    assert await mailbox.letters() == [a_letter("$1"), a_letter("$2")]


async def test_each_device_has_a_place_of_its_own_and_a_new_one_is_told_the_newest(mailbox: Mailbox) -> None:
    await mailbox.receive([], "s1", "FIRST")
    await mailbox.receive([], "s2", "SECOND")

    assert await mailbox.sync_token("FIRST") == "s1"
    assert await mailbox.sync_token("SECOND") == "s2"
    assert await mailbox.sync_token("THIRD") is None
    assert await mailbox.sync_token() == "s2"


async def test_a_letter_is_known_by_its_event_for_ever(mailbox: Mailbox) -> None:
    await mailbox.receive([a_letter("$1"), a_letter("$2")], "s1")
    await mailbox.finish("$1")

    assert [await mailbox.has(event) for event in ("$1", "$2", "$3")] == [True, True, False]


async def test_a_letter_received_again_is_passed_over(mailbox: Mailbox) -> None:
    await mailbox.receive([a_letter("$1")], "s1")

    assert await mailbox.receive([a_letter("$1"), a_letter("$2"), a_letter("$2")], "s2") == ["$2"]
    assert await mailbox.letters() == [a_letter("$1"), a_letter("$2")]


async def test_a_batch_that_breaks_moves_the_sync_token_not_at_all(mailbox: Mailbox) -> None:
    broken = replace(a_letter("$2"), received=START.replace(tzinfo=None))

    (outcome,) = await asyncio.gather(mailbox.receive([a_letter("$1"), broken], "s1"), return_exceptions=True)

    assert isinstance(outcome, TypeError)
    assert await mailbox.sync_token() is None
    assert await mailbox.letters() == []


async def test_an_answered_letter_is_blanked_and_does_not_come_back(
    book: Book, mailbox: Mailbox, database: Database
) -> None:
    await mailbox.receive([a_letter("$1"), a_letter("$2")], "s1")
    await book.commit(Step(done=("$1",)))
    await mailbox.finish("$2")
    await mailbox.finish("$2")

    assert await mailbox.receive([a_letter("$1"), a_letter("$2")], "s1") == []
    assert await mailbox.letters() == []
    assert await mailbox.is_done("$1")
    assert not await mailbox.is_done("$3")
    assert await payloads(database, "letter") == [b"", b""]


async def test_a_finished_letter_is_not_answered_by_a_step(book: Book, mailbox: Mailbox) -> None:
    await mailbox.receive([a_letter("$1")], "s1")
    await mailbox.finish("$1")

    (outcome,) = await asyncio.gather(book.commit(Step(done=("$1",))), return_exceptions=True)

    assert isinstance(outcome, AlreadyDoneError)


async def test_posts_come_in_order_and_a_sent_one_is_blanked(
    book: Book, mailbox: Mailbox, database: Database
) -> None:
    await book.commit(Step(posts=(a_post("p1"), a_post("p2"), a_post("p3"))))
    (first, _), (second, _), _ = await mailbox.posts(0, 10)
    await mailbox.sent("p1", "$sent", "!room:test")

    assert [post.id for _, post in await mailbox.posts(0, 10)] == ["p2", "p3"]
    assert [post.id for _, post in await mailbox.posts(second, 10)] == ["p3"]
    assert [post.id for _, post in await mailbox.posts(first, 1)] == ["p2"]
    assert await payloads(database, "post") == [b"", b"sealed answer", b"sealed answer"]


async def test_a_post_set_aside_blocks_nobody(book: Book, mailbox: Mailbox) -> None:
    await book.commit(Step(posts=(a_post("p1"), a_post("p2"))))
    await mailbox.set_aside("p1", "M_FORBIDDEN")

    assert [post.id for _, post in await mailbox.posts(0, 10)] == ["p2"]


async def test_the_first_message_of_a_slot_keeps_it_in_its_room(book: Book, mailbox: Mailbox) -> None:
    posts = tuple(a_post(f"p{number}", slot="card") for number in range(4))
    await book.commit(Step(posts=posts))
    assert await mailbox.slot("card") is None

    await mailbox.sent("p0", "$first", "!room:test")
    await mailbox.sent("p1", "$edit", "!room:test")
    await mailbox.sent("p0", "$again", "!elsewhere:test")
    assert await mailbox.slot("card") == ("!room:test", "$first")

    await mailbox.sent("p2", "$moved", "!new:test")
    assert await mailbox.slot("card") == ("!new:test", "$moved")


async def test_a_post_without_a_slot_fills_none(book: Book, mailbox: Mailbox, database: Database) -> None:
    await book.commit(Step(posts=(a_post("p1"),)))
    await mailbox.sent("p1", "$sent", "!room:test")

    assert await ask_raw(database, "SELECT count(*) FROM slot") == [(0,)]


async def test_small_values_are_remembered_by_name(mailbox: Mailbox) -> None:
    await mailbox.remember("direct.@anna:test", "!old:test")
    await mailbox.remember("direct.@anna:test", "!new:test")
    await mailbox.remember("direct.@bob:test", "!bob:test")
    await mailbox.remember("direct_@bob:test", "not one of them")

    assert await mailbox.recall("direct.@anna:test") == "!new:test"
    assert await mailbox.recall("nothing") is None
    assert await mailbox.recall_all("direct.") == {
        "direct.@anna:test": "!new:test",
        "direct.@bob:test": "!bob:test",
    }


async def test_a_message_key_belongs_to_the_event_that_used_it_first(mailbox: Mailbox) -> None:
    assert await mailbox.first_seen("key/session/1", "$1")
    assert await mailbox.first_seen("key/session/1", "$1")
    assert not await mailbox.first_seen("key/session/1", "$2")


async def test_of_two_concurrent_events_one_was_first(mailbox: Mailbox) -> None:
    seen = await asyncio.gather(*(mailbox.first_seen("key", f"${number}") for number in range(8)))

    assert seen.count(True) == 1


async def payloads(database: Database, table: str) -> list[bytes]:
    rows = await ask_raw(database, f"SELECT payload FROM {table} ORDER BY number")  # noqa: S608 - a test's own
    return [payload for (payload,) in rows]
