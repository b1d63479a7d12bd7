"""`!item`, `!menu`, `!order`: what a shop sells, baskets that are paid, and a stock never oversold."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.sale import NoSuchItemError, SaleState, is_called, read_wanted
from paybridge.domain.spoken import Pill
from paybridge.services.ports import StaleError
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, House, direct, keys, words
from tests.fakes.rail import refuses

if TYPE_CHECKING:
    from pathlib import Path


async def opened(house: House, *items: str) -> None:
    """Carol's shop sells latte and cake; Bob can pay."""
    await house.link(CAROL, "DE02100500000054540402")
    await house.link(BOB, "DE02120300000000202051")
    await house.fund(BOB, 200_00)
    await house.hear(CAROL, '!shop open "Corner Café" address "Main Street 1"')
    for line in items or (
        '"Latte" 3.20 EUR tax 7% stock 40',
        '"Cake" 4.50 EUR tax 7% stock 2',
        '"Tea" 2 EUR',
    ):
        assert keys(await house.hear(CAROL, f"!item add {line}")) == ["item.added"]


async def ordered(house: House, line: str, who: str = BOB) -> str:
    said = await house.hear(who, line, DINNER)
    assert keys(said) == ["order.basket", "pay.card"], words(said)
    return str(said[0].facts["payment"])


async def stock(house: House, name: str) -> int | None:
    counter = await house.desk.orders.own(await house.desk.people.know(CAROL))
    return counter.find(name)[1].stock


async def state(house: House, sale: str) -> SaleState:
    found = await house.book.sale(sale)
    assert found is not None
    return found.state


# ---------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("2 latte, 1 cake", [(2, "latte"), (1, "cake")]),
        ("2x Latte and 1 x Cake", [(2, "latte"), (1, "cake")]),
        ("latte; latte", [(2, "latte")]),
        ("2latte、cake", [(2, "latte"), (1, "cake")]),
        ("3 green  tea", [(3, "green tea")]),
    ],
)
def test_what_is_wanted_is_read(typed: str, wanted: list[tuple[int, str]]) -> None:
    assert [(one.pieces, one.name) for one in read_wanted(typed)] == wanted


@pytest.mark.parametrize("typed", ["", ",", "0 latte", "5000 latte", "1000 latte, 1 latte"])
def test_what_is_no_order_is_refused(typed: str) -> None:
    with pytest.raises(NoSuchItemError):
        read_wanted(typed)


def test_several_of_something_are_still_that() -> None:
    assert is_called("Latte", "lattes")
    assert is_called("Green  Tea", "green tea")
    assert not is_called("Latte", "latt")


# ---------------------------------------------------------------- the catalogue


async def test_the_menu_says_prices_and_what_is_left(house: House) -> None:
    await opened(house)
    told = words(await house.hear(BOB, "!menu", DINNER))

    assert "Corner Café (Carol (@carol:hs)) sells:" in told
    assert "· Latte: 3.20 EUR, 40 left" in told
    assert "· Tea: 2.00 EUR\n" in told
    assert keys(await house.hear(BOB, "!menu")) == ["error.no_shop_here"]


async def test_a_merchant_changes_what_is_sold(house: House) -> None:
    await opened(house)
    same = await house.hear(CAROL, '!item add "latte" 3 EUR')
    await house.hear(CAROL, '!item price "Latte" 3.50 EUR')
    await house.hear(CAROL, '!item stock "Latte" 0')
    await house.hear(CAROL, '!item stock "Cake" any')
    await house.hear(CAROL, '!item remove "Tea"')
    told = words(await house.hear(CAROL, "!item"))

    assert keys(same) == ["error.item_there"]
    assert "· Latte: 3.50 EUR, sold out" in told
    assert "· Cake: 4.50 EUR" in told
    assert "Tea" not in told
    for line in ("add Latte 3", 'add "Mug"', 'foo "Latte"', 'stock "Latte" -1', 'stock "Latte"'):
        (refused,) = await house.hear(CAROL, f"!item {line}")

        assert refused.key.startswith("error."), line
    assert keys(await house.hear(CAROL, '!item price "Mug" 3')) == ["error.no_such_item"]
    assert keys(await house.hear(BOB, "!item")) == ["error.not_allowed"]


async def test_a_variant_is_an_item_of_its_own_for_so_much_more_or_less(house: House) -> None:
    await opened(house)
    large = await house.hear(CAROL, '!item variant Latte "large" +0.80')
    small = await house.hear(CAROL, '!item variant "Latte" "Extra Small" -0.50 stock 3')
    sale = await ordered(house, "!order 2 large latte, 1 latte")
    await house.hear(BOB, "!yes", DINNER)
    menu = words(await house.hear(BOB, "!menu", DINNER))

    assert keys(large) == keys(small) == ["item.added"]
    assert "· Latte large: 4.00 EUR" in menu
    assert "· Latte Extra Small: 2.70 EUR, 3 left" in menu
    assert await stock(house, "latte") == 39
    assert "Latte large" in words(await house.hear(CAROL, f"!order refund {sale} 1 large latte"))
    assert await house.balance(CAROL) == 11_20


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('"Latte" "large"', "error.not_an_item"),
        ('"Latte" "large" -3.20', "error.not_an_item"),
        ('"Latte" "large" +1 USD', "error.not_an_item"),
        ('"Mug" "large" +1', "error.no_such_item"),
        ("Latte large +1", "error.not_an_item"),
    ],
)
async def test_what_is_no_variant_is_refused(house: House, line: str, key: str) -> None:
    await opened(house)

    assert keys(await house.hear(CAROL, f"!item variant {line}")) == [key]
    assert len((await house.desk.orders.own(await house.desk.people.know(CAROL))).items) == 3


# ---------------------------------------------------------------- an order


async def test_a_basket_is_shown_paid_and_told_at_each_step(house: House) -> None:
    await opened(house)
    said = await house.hear(BOB, "!order 2 lattes, 1 cake", DINNER)
    sale = str(said[0].facts["payment"])
    before = (await stock(house, "latte"), await state(house, sale))
    paid = await house.hear(BOB, "!yes", DINNER)
    listed = words(await house.hear(CAROL, "!order"))
    ready = await house.hear(CAROL, f"!order ready {sale}")
    theirs = words(await house.hear(BOB, "!order"))
    done = await house.hear(CAROL, f"!order done {sale}")

    assert "Total 10.90 EUR" in words(said)
    assert "with 7 % tax in it: 0.71 EUR on 10.19 EUR" in words(said)
    assert before == (40, SaleState.PENDING)
    assert keys(paid) == ["pay.receipt", "order.paid", "order.processing"]
    assert paid[1].person == CAROL
    assert "· 2 × Latte" in words(paid)  # noqa: RUF001 - as it is said
    assert (await stock(house, "latte"), await stock(house, "cake")) == (38, 1)
    assert f"To do for {BOB} · {sale}, no. 1, paid, being made" in listed
    assert [(say.key, say.person) for say in ready if say.person] == [("order.ready", BOB)]
    assert f"Ordered at {CAROL} · {sale}, no. 1, ready" in theirs
    assert "order.completed" in keys(done)
    assert await state(house, sale) is SaleState.COMPLETED
    assert keys(await house.hear(CAROL, "!order")) == ["order.none"]
    assert await house.balance(CAROL) == 10_90


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("!order 3 cake", "error.sold_out"),
        ("!order 1 mug", "error.no_such_item"),
        ("!order @alice:hs 1 latte", "error.no_shop_here"),
        ("!order ready PB-22222", "error.no_such_payment"),
        ("!order 0 latte", "error.no_such_item"),
    ],
)
async def test_what_cannot_be_ordered_costs_nobody_anything(house: House, line: str, key: str) -> None:
    await opened(house)
    said = await house.hear(BOB, line, DINNER)

    assert keys(said) == [key]
    assert "Nothing was sent" in words(said)
    assert (await stock(house, "cake"), await house.balance(BOB)) == (2, 200_00)


async def test_of_two_shops_in_a_room_one_is_named(house: House) -> None:
    await opened(house)
    permissions = house.desk.settings.permissions
    roles = {**permissions.roles, ALICE: permissions.roles[CAROL]}
    object.__setattr__(house.desk.settings, "permissions", replace(permissions, roles=roles))
    await house.hear(ALICE, '!shop open "Stall"')

    assert keys(await house.hear(BOB, "!order 1 latte", DINNER)) == ["error.which_shop"]
    assert keys(await house.hear(BOB, "!menu @alice", DINNER)) == ["menu.empty"]
    assert await ordered(house, "!order @carol 1 latte")


async def test_a_price_that_changed_meanwhile_is_not_paid(house: House) -> None:
    await opened(house)
    sale = await ordered(house, "!order 1 latte")
    await house.hear(CAROL, '!item price "Latte" 9 EUR')
    said = await house.hear(BOB, "!yes", DINNER)

    assert keys(said) == ["error.item_repriced"]
    assert "Nothing was sent. Latte costs 9.00 EUR now, not 3.20 EUR as your card said." in words(said)
    assert await state(house, sale) is SaleState.PENDING
    assert await house.balance(BOB) == 200_00


@pytest.mark.parametrize("line", ['!item remove "Latte"', "!shop close"])
async def test_what_is_sold_no_more_is_not_paid(house: House, line: str) -> None:
    await opened(house)
    await ordered(house, "!order 1 latte")
    await house.hear(CAROL, line)

    assert keys(await house.hear(BOB, "!yes", DINNER)) == ["error.item_gone"]
    assert await house.balance(BOB) == 200_00


async def test_the_last_piece_is_sold_once(house: House) -> None:
    await opened(house, '"Cake" 4.50 EUR stock 1')
    await house.link(ALICE)
    await house.fund(ALICE, 50_00)
    await ordered(house, "!order 1 cake")
    await ordered(house, "!order 1 cake", ALICE)
    first = await house.hear(BOB, "!yes", DINNER)
    second = await house.hear(ALICE, "!yes", DINNER)

    assert keys(first) == ["pay.receipt", "order.paid", "order.processing"]
    assert keys(second) == ["error.sold_out"]
    assert "0 left" in words(second)
    assert await house.balance(ALICE) == 50_00


async def test_a_card_that_is_cancelled_or_lapses_cancels_its_order(house: House) -> None:
    await opened(house)
    first = await ordered(house, "!order 1 latte")
    await house.hear(BOB, f"!cancel {first}", DINNER)
    second = await ordered(house, "!order 1 latte")
    house.clock.pass_by(house.desk.settings.card_life)
    await house.expire()

    assert [await state(house, sale) for sale in (first, second)] == [SaleState.CANCELLED] * 2
    assert await stock(house, "latte") == 40


async def test_a_bank_that_refuses_brings_the_pieces_back(house: House) -> None:
    await opened(house)
    sale = str((await house.hear(BOB, "!order 2 latte", DINNER))[0].facts["payment"])
    await house.hear(BOB, f"!cancel {sale}", DINNER)
    await house.hear(BOB, "!cashout all")
    await house.hear(BOB, "!yes")
    await house.carry()
    house.rail.script = refuses("insufficient_funds")
    sale = await ordered(house, "!order 2 latte")
    await house.hear(BOB, "!yes", DINNER)
    taken = await stock(house, "latte")
    await house.carry()

    assert taken == 38
    assert await stock(house, "latte") == 40
    assert await state(house, sale) is SaleState.CANCELLED


async def test_given_back_whole_an_order_is_refunded(house: House) -> None:
    await opened(house)
    sale = await ordered(house, "!order 2 latte")
    await house.hear(BOB, "!yes", DINNER)
    for amount in ("2 EUR", "4.40 EUR"):
        assert await state(house, sale) is SaleState.PROCESSING
        await house.hear(CAROL, f"!refund {sale} {amount}", DINNER)
        await house.hear(CAROL, "!yes", DINNER)

    assert await state(house, sale) is SaleState.REFUNDED
    assert keys(await house.hear(CAROL, f"!order ready {sale}")) == ["error.order_not_possible_now"]
    assert await house.balance(BOB) == 200_00


async def test_nobody_but_the_shop_says_how_far_an_order_is(house: House) -> None:
    await opened(house)
    sale = await ordered(house, "!order 1 latte")

    assert keys(await house.hear(CAROL, f"!order ready {sale}")) == ["error.order_not_possible_now"]

    await house.hear(BOB, "!yes", DINNER)

    assert keys(await house.hear(BOB, f"!order done {sale}", DINNER)) == ["error.no_such_payment"]


# ---------------------------------------------------------------- at once


async def crowd(house: House, people: int) -> list[str]:
    """So many people in the room, each with 10 EUR in their balance."""
    names = [f"@guest{number}:hs" for number in range(people)]
    for number, name in enumerate(names):
        house.rooms.join(DINNER, name)
        facts = house.rooms.known[direct(BOB)]
        members = {name: None, **{mxid: shown for mxid, shown in facts.members.items() if mxid != BOB}}
        house.rooms.known[direct(name)] = replace(facts, id=direct(name), members=members)
        await house.link(name, f"DE{number:020}")
        await house.hear(name, "!topup 10 EUR")
        await house.hear(name, "!yes")
    await house.carry()
    return names


async def test_a_hundred_orders_at_once_sell_what_is_there_and_no_piece_more(house: House) -> None:
    await opened(house, '"Latte" 3.20 EUR stock 40')
    guests = await crowd(house, 100)
    for guest in guests:
        await ordered(house, "!order 1 latte", guest)
    answers = await asyncio.gather(*(house.hear(guest, "!yes", DINNER) for guest in guests))
    # Whoever reads what is new meanwhile may read it twice.
    told = keys(list({say.id: say for says in answers for say in says}.values()))
    balances = [await house.balance(guest) for guest in guests]

    assert await stock(house, "latte") == 0
    assert (told.count("order.paid"), told.count("pay.receipt")) == (40, 40)
    assert told.count("error.sold_out") == 60
    assert sorted(balances) == [6_80] * 40 + [10_00] * 60
    assert await house.balance(CAROL) == 40 * 3_20


async def test_the_database_itself_sells_nothing_twice(house: House, tmp_path: Path) -> None:
    await opened(house, '"Latte" 3.20 EUR stock 1')
    carol = await house.desk.people.know(CAROL)
    counter = await house.desk.orders.own(carol)
    sale = await ordered(house, "!order 1 latte")
    card = await house.book.transfer(sale)
    assert card is not None
    late = await house.desk.stock.taken(card)
    await house.book.commit(house.desk.orders.restock(counter.find("latte")[1], 0)[1])

    with pytest.raises(StaleError):
        await house.book.commit(late)
    with closing(sqlite3.connect(tmp_path / "paybridge.db")) as raw:
        for attack in (
            "DELETE FROM item",
            "DELETE FROM sale",
            "DELETE FROM taking",
            "UPDATE item SET stock = -1",
            "UPDATE taking SET pieces = 2",
            "UPDATE taking SET state = 'back'",
            "INSERT INTO taking SELECT 'x', id, 'x', 1, 1, 'taken', 1, 0, 0 FROM sale",
            "UPDATE sale SET shop = 'x'",
        ):
            with pytest.raises(sqlite3.IntegrityError):
                raw.execute(attack)


async def test_a_shop_that_is_mentioned_by_its_name_is_the_one_that_is_meant(house: House) -> None:
    await opened(house)
    line = "!order Carol 2 latte"
    mentioned = await house.hear(BOB, line, DINNER, pills=(Pill(CAROL, "Carol"),))

    assert keys(mentioned) == ["order.basket", "pay.card"], words(mentioned)
    assert keys(await house.hear(BOB, line, DINNER)) == ["error.no_such_item"]
