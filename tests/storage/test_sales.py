"""On each engine items and orders come back as they were written, and the stock never falls below nothing."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import asyncpg
import pytest

from paybridge.domain.order_refund import RefundLine, SaleRefund
from paybridge.domain.sale import Item, ItemState, Sale, SaleState, Taking, TakingState
from paybridge.domain.shop import Series
from paybridge.domain.transfer import TransferKind, TransferState
from paybridge.services.ports import Book, StaleError, Step, StepRefusedError
from tests.fakes.database import START, ask_raw
from tests.fakes.records import a_transfer, euros, people
from tests.storage.test_shops import SHOP

if TYPE_CHECKING:
    from paybridge.storage.database import Database

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


def paid(sale: Sale, year: int = 2026) -> Sale:
    return replace(sale, state=SaleState.PROCESSING, paid=START, year=year)


async def fetched(book: Book, name: str) -> Sale:
    found = await book.sale(name)
    assert found is not None
    return found


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

    await book.commit(Step(records=(paid(sale),)))

    numbered = replace(paid(sale), number=1, version=2)

    assert await book.sales_of("shop") == [numbered]
    assert await book.sale_numbered("shop", 1) == numbered
    assert await book.sale_numbered("shop", 2) is None
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


async def test_orders_paid_at_once_are_numbered_without_a_gap_among_invoices(book: Book) -> None:
    await opened(book)
    series = Series("shop/2026", "shop", 2026, last=1)
    await book.commit(Step(records=(series,)))
    steps = [Step(records=(paid(await fetched(book, f"PB-{number}")),)) for number in range(ORDERS)]
    together = Step(records=(*steps[0].records, *steps[1].records))
    await asyncio.gather(*(book.commit(step) for step in (together, *steps[2:])))
    numbers = {(await fetched(book, f"PB-{number}")).number for number in range(ORDERS)}
    last = await book.series("shop/2026")

    assert numbers == {2, 3, 4, 5, 6}
    assert last is not None
    assert last.last == 6
    with pytest.raises(StaleError):  # whoever counted on the old number decides again
        await book.commit(Step(records=(replace(series, last=2, version=1),)))


async def test_each_year_begins_at_one_and_a_number_stays(book: Book) -> None:
    await opened(book)
    await book.commit(Step(records=(paid(await fetched(book, "PB-0")),)))
    await book.commit(Step(records=(paid(await fetched(book, "PB-1"), 2027),)))
    second = await fetched(book, "PB-1")

    assert (second.year, second.number) == (2027, 1)
    assert await book.sale_numbered("shop", 1) == second
    with pytest.raises(StepRefusedError):
        await book.commit(Step(records=(replace(second, year=2028),)))


ALLOWED = {
    ("pending", "processing"),
    ("pending", "cancelled"),
    ("processing", "ready"),
    ("processing", "shipped"),
    ("processing", "completed"),
    ("ready", "shipped"),
    ("ready", "completed"),
    ("shipped", "completed"),
}
WAY_TO = {
    SaleState.PENDING: (),
    SaleState.PROCESSING: (SaleState.PROCESSING,),
    SaleState.READY: (SaleState.PROCESSING, SaleState.READY),
    SaleState.SHIPPED: (SaleState.PROCESSING, SaleState.SHIPPED),
    SaleState.COMPLETED: (SaleState.PROCESSING, SaleState.COMPLETED),
    SaleState.CANCELLED: (SaleState.CANCELLED,),
}


@pytest.mark.parametrize("before", WAY_TO)
async def test_an_order_makes_no_other_move_than_orders_do(book: Book, before: SaleState) -> None:
    await opened(book)
    for state in WAY_TO[before]:
        sale = await fetched(book, "PB-0")
        await book.commit(Step(records=(replace(paid(sale), state=state),)))
    for to in set(SaleState) - {before}:
        if (before, to) in ALLOWED:
            continue
        sale = await fetched(book, "PB-0")
        with pytest.raises(StepRefusedError):
            await book.commit(Step(records=(replace(sale, state=to, paid=START, year=2026),)))


async def given(book: Book) -> None:
    """PB-0 is paid by its transfer, 12.80 EUR, and its pieces are taken."""
    await opened(book)
    assert await take(book, "PB-0")
    transfer = await book.transfer("PB-0")
    assert transfer is not None
    settled = replace(transfer, state=TransferState.SETTLED)
    await book.commit(Step(records=(settled, paid(await fetched(book, "PB-0")))))


@pytest.mark.parametrize("over", [SaleState.REFUNDED, SaleState.CANCELLED])
async def test_an_order_that_was_paid_ends_only_with_all_of_it_given_back(
    book: Book, over: SaleState
) -> None:
    await given(book)
    transfer = await book.transfer("PB-0")
    assert transfer is not None
    ended = replace(await fetched(book, "PB-0"), state=over)
    for refunded in (0, transfer.amount.minor - 1):
        with pytest.raises(StepRefusedError):
            await book.commit(Step(records=(replace(transfer, refunded=refunded), ended)))
    await book.commit(Step(records=(replace(transfer, refunded=transfer.amount.minor), ended)))

    assert (await fetched(book, "PB-0")).state is over


async def test_no_more_pieces_go_back_than_were_ordered_and_each_is_there_again_once(book: Book) -> None:
    await given(book)
    latte, tea = await book.takings("PB-0")
    await book.commit(Step(records=(replace(latte, refunded=1, restocked=1), replace(tea, refunded=2))))
    latte, tea = await book.takings("PB-0")

    assert (await left(book, "latte"), await left(book, "tea")) == (3, None)
    for wrong in (
        replace(latte, refunded=2),
        replace(latte, refunded=0, restocked=0),
        replace(latte, restocked=0),
        replace(latte, state=TakingState.BACK),
        replace(tea, refunded=4),
        replace(tea, restocked=1),
        replace(tea, refunded=3, restocked=2),
    ):
        with pytest.raises(StepRefusedError):
            await book.commit(Step(records=(wrong,)))
    assert await left(book, "latte") == 3


async def test_what_is_asked_to_go_back_stays_as_it_was_asked(book: Book) -> None:
    await given(book)
    refund = replace(a_transfer("PB-R"), kind=TransferKind.REFUND, original="PB-0")
    asked = SaleRefund("PB-R", "PB-0", "carol", restocks=True, cancels=False)
    line = RefundLine("PB-R/0", "PB-R", "PB-0/t", 2)
    await book.commit(Step(records=(refund, asked, line)))
    asked, line = replace(asked, version=1), replace(line, version=1)

    assert await book.sale_refund("PB-R") == asked
    assert await book.refund_lines("PB-R") == [line]
    assert [one.id for one in await book.refunds_to_confirm("carol")] == ["PB-R"]
    assert await book.refunds_to_confirm("anna") == []
    with pytest.raises(StaleError):
        await book.commit(Step(records=(replace(line, id="PB-R/1", version=0),)))


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE sale_refund SET restocks = 0",
        "UPDATE sale_refund SET actor = 'bob'",
        "UPDATE refund_line SET pieces = 3",
        "UPDATE sale SET number = 9",
        "UPDATE taking SET refunded = 4",
        "DELETE FROM sale_refund",
        "DELETE FROM refund_line",
    ],
)
async def test_nobody_alters_an_order_or_its_refund_past_the_book(database: Database, attack: str) -> None:
    await given(database.book)
    refund = replace(a_transfer("PB-R"), kind=TransferKind.REFUND, original="PB-0")
    asked = SaleRefund("PB-R", "PB-0", "carol", restocks=True, cancels=False)
    line = RefundLine("PB-R/0", "PB-R", "PB-0/t", 2)
    await database.book.commit(Step(records=(refund, asked, line)))

    with pytest.raises((sqlite3.IntegrityError, asyncpg.IntegrityConstraintViolationError)):
        await ask_raw(database, attack)
