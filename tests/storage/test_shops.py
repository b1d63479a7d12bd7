"""On each engine shops and invoices come back as they were written, and numbers go on one by one."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import asyncpg
import pytest

from paybridge.domain.invoice import Invoice
from paybridge.domain.people import NOBODY
from paybridge.domain.shop import Series, Shop, ShopState
from paybridge.domain.shop_staff import ActOfShop, Right, ShopAct, Staff
from paybridge.services.ports import Book, StaleError, Step, StepRefusedError
from tests.fakes.database import START, ask_raw
from tests.fakes.records import a_request, people

if TYPE_CHECKING:
    from paybridge.storage.database import Database

SHOP = Shop("shop", ShopState.OPEN, "anna", "@anna:test", b"sealed", START)
FIRST = Series("shop/2026", "shop", 2026, last=1)
INVOICE = Invoice("r1", "shop", 2026, 1, b"paper", tips=True, parts=False)


async def opened(book: Book) -> None:
    await book.commit(people("anna", "bob"))
    await book.commit(Step(records=(a_request("r1"), a_request("r2"), SHOP, FIRST, INVOICE)))


async def test_every_field_comes_back_as_it_was_written(book: Book) -> None:
    await opened(book)

    assert await book.shop("shop") == await book.shop_of("anna") == replace(SHOP, version=1)
    assert await book.series("shop/2026") == replace(FIRST, version=1)
    assert await book.invoice("r1") == replace(INVOICE, version=1)
    assert await book.invoices("shop") == [replace(INVOICE, version=1)]
    assert await book.shop_of("bob") is None
    assert await book.invoice("r2") is None


@pytest.mark.parametrize(
    "record",
    [
        replace(SHOP, id="another"),
        replace(INVOICE, id="r2"),
        replace(FIRST, id="shop/again"),
    ],
)
async def test_no_second_shop_number_or_series(book: Book, record: Shop | Series | Invoice) -> None:
    await opened(book)

    with pytest.raises(StaleError):
        await book.commit(Step(records=(record,)))


@pytest.mark.parametrize("last", [1, 3, 0])
async def test_numbers_go_on_one_by_one(book: Book, last: int) -> None:
    await opened(book)
    kept = replace(FIRST, version=1)

    with pytest.raises(StepRefusedError):
        await book.commit(Step(records=(replace(kept, last=last),)))
    await book.commit(Step(records=(replace(kept, last=2),)))

    assert await book.series("shop/2026") == replace(FIRST, last=2, version=2)


async def test_whoever_is_forgotten_is_named_by_none(book: Book) -> None:
    await opened(book)
    anna, shop = await book.person("anna"), await book.shop("shop")
    assert anna is not None
    assert shop is not None
    closed = replace(shop, state=ShopState.CLOSED)
    await book.commit(Step(records=(replace(anna, key=b"", frozen=START), closed), forgets=("anna",)))
    left = await book.shop("shop")
    assert left is not None

    assert (left.state, left.owner_mxid) == (ShopState.CLOSED, NOBODY)
    with pytest.raises(StepRefusedError):
        await book.commit(Step(records=(replace(left, state=ShopState.OPEN),)))


STAFF = Staff("shop/bob", "shop", "bob", frozenset({Right.SERVE, Right.REFUND}), START)
ACT = ShopAct("PB-1/ready", "shop", START, "bob", ActOfShop.READY, "PB-1")


async def test_staff_and_what_they_did_come_back_as_they_were_written(book: Book) -> None:
    await opened(book)
    later = replace(ACT, id="PB-1/completed", what=ActOfShop.COMPLETED, at=START + timedelta(hours=1))
    hours = replace(SHOP, version=1, hours="mon-fri 08:00-18:00")
    await book.commit(Step(records=(hours, STAFF, ACT, later)))
    staff = replace(STAFF, version=1)

    assert await book.shop("shop") == replace(hours, version=2)
    assert await book.staff("shop/bob") == staff
    assert await book.staff_of("shop") == await book.acts_for("bob") == [staff]
    assert await book.acts_of("shop", 5) == [replace(later, version=1), replace(ACT, version=1)]
    assert await book.acts_of("shop", 1) == [replace(later, version=1)]

    await book.commit(Step(records=(replace(staff, rights=frozenset()),)))

    assert await book.acts_for("bob") == []
    assert [one.rights for one in await book.staff_of("shop")] == [frozenset()]
    with pytest.raises(StaleError):  # the same is not done twice
        await book.commit(Step(records=(ACT,)))


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE shop_act SET actor = 'anna'",
        "DELETE FROM shop_act",
        "UPDATE shop_staff SET person = 'anna'",
        "DELETE FROM shop_staff",
    ],
)
async def test_nobody_alters_who_acts_for_a_shop_or_what_they_did(database: Database, attack: str) -> None:
    await opened(database.book)
    await database.book.commit(Step(records=(STAFF, ACT)))

    with pytest.raises((sqlite3.IntegrityError, asyncpg.IntegrityConstraintViolationError)):
        await ask_raw(database, attack)


async def test_somebody_who_is_forgotten_acts_for_no_shop(database: Database) -> None:
    await opened(database.book)
    await database.book.commit(Step(records=(STAFF, ACT)))
    bob = await database.book.person("bob")
    assert bob is not None
    await database.book.commit(Step(records=(replace(bob, key=b""),), forgets=("bob",)))

    assert await database.book.staff_of("shop") == []
    assert len(await database.book.acts_of("shop", 5)) == 1
