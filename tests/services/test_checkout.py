"""`!buy`, and the addresses of the public pages: who comes by one pays the shop without knowing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paybridge.domain.sale import NoSuchItemError, Wanted, read_page
from tests.fakes.house import BOB, CAROL, DINNER, House, direct, keys, open_house, words
from tests.services.test_orders import opened, stock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PUBLIC = "https://pay.example.org"
ITEM = "5f1c7a90d2e84b6f8a3e0c9d7b21f604"


@pytest.fixture
async def paged(tmp_path: Path) -> AsyncIterator[House]:
    """A house with pages."""
    house = await open_house(tmp_path, public_url=PUBLIC)
    yield house
    await house.database.close()


async def address(house: House, name: str = "Latte") -> str:
    """What Carol's own list says of an item."""
    told = (await house.hear(CAROL, f'!item qr "{name}"'))[-1]
    return str(told.facts["checkout"])


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        (ITEM, Wanted(1, ITEM)),
        (f"{PUBLIC}/buy/{ITEM}", Wanted(1, ITEM)),
        (f"2 {PUBLIC}/buy/{ITEM}", Wanted(2, ITEM)),
        (f"3x {ITEM.upper()}", Wanted(3, ITEM)),
        (f"{ITEM} x4", Wanted(4, ITEM)),
        (f"<{PUBLIC}/buy/{ITEM}>", Wanted(1, ITEM)),
    ],
)
def test_the_address_of_an_item_is_read(typed: str, wanted: Wanted) -> None:
    assert read_page(typed) == wanted


@pytest.mark.parametrize(
    "typed", ["", "latte", ITEM[:-1], f"0 {ITEM}", f"5000 {ITEM}", f"{PUBLIC}/pay/{ITEM}"]
)
def test_what_is_no_address_of_an_item_is_refused(typed: str) -> None:
    with pytest.raises(NoSuchItemError):
        read_page(typed)


async def test_somebody_buys_in_the_direct_message_where_the_shop_is_not(paged: House) -> None:
    await opened(paged)
    said = await paged.hear(BOB, f"!buy 2 {await address(paged)}", direct(BOB))
    before = await stock(paged, "Latte")
    paid = await paged.hear(BOB, "!yes", direct(BOB))
    sale = await paged.book.sale(str(said[0].facts["payment"]))

    assert keys(said) == ["order.basket", "pay.card"]
    assert "Latte, 3.20 EUR each: 6.40 EUR" in words(said[:1])
    assert CAROL in words(said[1:])
    assert (before, await stock(paged, "Latte")) == (40, 38)
    assert await paged.balance(CAROL) == 6_40
    assert sale is not None
    assert sale.state.value == "processing"
    assert "order.paid" in keys(paid)


async def test_only_an_order_reaches_who_is_not_in_the_room(paged: House) -> None:
    await opened(paged)
    paged.rooms.leave(DINNER, CAROL)
    refused = await paged.hear(BOB, f"!pay {CAROL} 5 EUR", direct(BOB))
    ordered = await paged.hear(BOB, "!order 1 latte", DINNER)

    assert keys(refused) == ["error.payee_not_here"]
    assert keys(ordered) == ["error.no_shop_here"]


async def test_what_is_sold_no_more_cannot_be_bought_by_its_address(paged: House) -> None:
    await opened(paged)
    latte, cake, tea = [await address(paged, name) for name in ("Latte", "Cake", "Tea")]
    await paged.hear(CAROL, '!item remove "Latte"')
    await paged.hear(CAROL, '!item stock "Cake" 0')
    gone = await paged.hear(BOB, f"!buy {latte}")
    out = await paged.hear(BOB, f"!buy {cake}")
    card = await paged.hear(BOB, f"!buy {tea}")
    await paged.hear(CAROL, "!shop close")
    shut = await paged.hear(BOB, f"!buy {tea}")
    late = await paged.hear(BOB, "!yes")

    assert keys(gone) == keys(shut) == ["error.no_such_item"]
    assert keys(out) == ["error.sold_out"]
    assert keys(card) == ["order.basket", "pay.card"]
    assert keys(late) == ["error.item_gone"]
    assert await paged.balance(CAROL) == 0
    assert keys(await paged.hear(BOB, f"!buy {ITEM}")) == ["error.no_such_item"]


async def test_the_owner_gets_the_address_and_its_picture_in_the_direct_message(paged: House) -> None:
    await opened(paged)
    picture, said = await paged.hear(CAROL, '!item qr "latte"')
    listed = words(await paged.hear(CAROL, "!item"))

    assert (picture.person, said.person, picture.room) == (CAROL, CAROL, None)
    assert picture.qr == said.facts["checkout"]
    assert str(picture.qr) in listed
    assert listed.count(f"{PUBLIC}/buy/") == 3
    assert keys(await paged.hear(CAROL, '!item qr "Mug"')) == ["error.no_such_item"]


async def test_an_invoice_names_its_page_in_the_room(paged: House) -> None:
    await opened(paged)
    (issued, *_) = await paged.hear(CAROL, f'!invoice {BOB} "Cake 4.50 EUR"', DINNER)
    payment = str(issued.facts["payment"])

    assert f"{PUBLIC}/pay/{payment}." in words([issued])


async def test_without_pages_there_is_no_address_and_buying_by_id_still_works(house: House) -> None:
    await opened(house)
    refused = await house.hear(CAROL, '!item qr "Latte"')
    (issued, *_) = await house.hear(CAROL, f'!invoice {BOB} "Cake 4.50 EUR"', DINNER)
    counter = await house.desk.orders.own(await house.desk.people.know(CAROL))
    said = await house.hear(BOB, f"!buy {counter.find('Latte')[1].id}")

    assert keys(refused) == ["error.no_item_pages"]
    assert "http" not in words([issued])
    assert "http" not in words(await house.hear(CAROL, "!item"))
    assert keys(said) == ["order.basket", "pay.card"]


async def test_a_shop_does_not_buy_of_itself(paged: House) -> None:
    await opened(paged)
    await paged.fund(CAROL, 50_00)
    refused = await paged.hear(CAROL, f"!buy {await address(paged)}")

    assert keys(refused) == ["error.paying_yourself"]
