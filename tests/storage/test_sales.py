"""On each engine items and orders come back as they were written, and the stock never falls below nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from paybridge.domain.sale import Item, ItemState, Sale, SaleState, Taking, TakingState
from paybridge.services.ports import Book, StaleError, Step, StepRefusedError
from tests.fakes.database import START
from tests.fakes.records import a_transfer, euros, people
from tests.storage.test_shops import SHOP

LATTE = Item("latte", "shop", ItemState.OFFERED, b"sealed", euros(320), 700, 3, START)
TEA = replace(LATTE, id="tea", stock=None, rate=0)
ORDERS = 5


async def opened(book: Book) -> None:
    """Five orders of a latte and three teas each, where three lattes are left."""
    await book.commit(people("anna", "bob"))
    await book.commit(Step(records=(SHOP, LATTE, TEA)))
    for number in range(ORDERS):
        name = f"PB-{number}"
        sale = Sale(name, "shop", "bob", SaleState.PENDING, b"paper", START)
        takings = (Taking(f"{name}/l", name, "latte", 1, 320), Taking(f"{name}/t", name, "tea", 3, 320))
        await book.commit(Step(records=(a_transfer(name), sale, *takings)))


async def take(book: Book, sale: str, state: TakingState = TakingState.TAKEN) -> bool:
    taken = [replace(one, state=state) for one in await book.takings(sale)]
    try:
        await book.commit(Step(records=tuple(taken)))
    except StaleError:
        return False
    return True


async def left(book: Book, item: str) -> int | None:
    found = await book.item(item)
    assert found is not None
    return found.stock


async def test_every_field_comes_back_as_it_was_written(book: Book) -> None:
    await opened(book)
    sale = await book.sale("PB-0")
    assert sale is not None

    assert await book.items("shop") == [replace(LATTE, version=1), replace(TEA, version=1)]
    assert sale == Sale("PB-0", "shop", "bob", SaleState.PENDING, b"paper", START, version=1)
    assert [one.item for one in await book.takings("PB-0")] == ["latte", "tea"]
    assert await book.open_shops() == [replace(SHOP, version=1)]
    assert await book.sales_of("shop") == await book.sales_to("bob") == []

    await book.commit(Step(records=(replace(sale, state=SaleState.PROCESSING),)))

    assert [one.id for one in await book.sales_of("shop")] == ["PB-0"]
    assert await book.sales_to("bob") == await book.sales_of("shop")


async def test_of_orders_at_once_as_many_are_written_as_there_are_pieces(book: Book) -> None:
    await opened(book)
    written = await asyncio.gather(*(take(book, f"PB-{number}") for number in range(ORDERS)))
    states = [one.state for number in range(ORDERS) for one in await book.takings(f"PB-{number}")]

    assert written.count(True) == 3
    assert states.count(TakingState.TAKEN) == 6
    assert (await left(book, "latte"), await left(book, "tea")) == (0, None)


async def test_what_comes_back_is_there_again_once(book: Book) -> None:
    await opened(book)
    assert await take(book, "PB-0")
    assert await take(book, "PB-0", TakingState.BACK)

    assert await left(book, "latte") == 3
    with pytest.raises(StepRefusedError):
        await take(book, "PB-0", TakingState.TAKEN)


async def test_whoever_changes_an_item_that_was_sold_meanwhile_decides_again(book: Book) -> None:
    await opened(book)
    before = await book.item("latte")
    assert before is not None
    assert await take(book, "PB-0")

    with pytest.raises(StaleError):
        await book.commit(Step(records=(replace(before, price=euros(350)),)))
    assert await left(book, "latte") == 2


async def test_a_sold_piece_and_a_new_price_in_one_batch_are_both_written(book: Book) -> None:
    await opened(book)
    tea = await book.item("tea")
    assert tea is not None
    price = book.commit(Step(records=(replace(tea, price=euros(250)),)))
    await asyncio.gather(take(book, "PB-1"), price)
    after = await book.item("tea")
    assert after is not None

    assert after.price == euros(250)
    assert await left(book, "latte") == 2
