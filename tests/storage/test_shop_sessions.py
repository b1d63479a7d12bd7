"""On each engine a session with a shop's pages comes back as it was written, and once over it stays so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from paybridge.domain.shop_session import LONGEST, ShopSession, closed, noted, started
from paybridge.services.ports import Book, StaleError, Step, StepRefusedError
from tests.fakes.database import START
from tests.fakes.records import people
from tests.storage.test_shops import SHOP

SESSION = started("a" * 64, SHOP.owner, SHOP.id, "passkey", START)


async def kept(book: Book) -> ShopSession:
    await book.commit(people(SHOP.owner))
    await book.commit(Step(records=(SHOP, SESSION)))
    found = await book.shop_session(SESSION.id)
    assert found is not None
    return found


async def test_every_field_comes_back_until_somebody_closes_it(book: Book) -> None:
    session = await kept(book)
    later = START + timedelta(minutes=5)
    await book.commit(Step(records=(noted(session, later),)))
    there = await book.shop_sessions(SHOP.owner)
    await book.commit(Step(records=(closed(there[0]),)))

    assert session == replace(SESSION, version=1)
    assert there == [replace(SESSION, seen=later, version=2)]
    assert await book.shop_sessions(SHOP.owner) == []
    assert await book.shop_session(SESSION.id) == replace(SESSION, seen=later, closed=True, version=3)
    assert await book.shop_session("b" * 64) is None


async def test_whoever_notes_that_it_is_used_while_it_is_closed_is_too_late(book: Book) -> None:
    session = await kept(book)
    await book.commit(Step(records=(closed(session),)))

    with pytest.raises(StaleError):
        await book.commit(Step(records=(noted(session, START + timedelta(minutes=5)),)))


@pytest.mark.parametrize(
    "forged",
    [
        replace(SESSION, version=2, closed=False),
        replace(SESSION, version=2, closed=True, seen=START - timedelta(minutes=1)),
    ],
)
async def test_what_is_over_cannot_be_opened_again_or_made_older(book: Book, forged: ShopSession) -> None:
    await book.commit(Step(records=(closed(await kept(book)),)))

    with pytest.raises(StepRefusedError):
        await book.commit(Step(records=(forged,)))


def test_a_session_ends_by_itself() -> None:
    ends = SESSION.ends - timedelta(microseconds=1)

    assert SESSION.ends == START + LONGEST
    assert noted(SESSION, ends).is_open(ends)
    assert not noted(SESSION, ends).is_open(SESSION.ends)
    assert not SESSION.is_open(ends)
