"""A shop's hours, its account, and its staff: who may do what in its name, and the log of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from paybridge.domain.sale import SaleState
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, House, keys, words
from tests.services.test_orders import opened, ordered, state, stock
from tests.services.test_serving import bought

WEEK = "mon-fri 08:00-18:00, sat 09:00-13:00"
"""The house's clock begins on Monday, 2 March 2026, at 09:00 UTC."""


# ---------------------------------------------------------------- hours


async def test_a_closed_shop_takes_no_order_and_says_when_it_opens(house: House) -> None:
    await opened(house)
    (told,) = await house.hear(CAROL, f"!shop hours {WEEK}")
    house.clock.pass_by(timedelta(hours=9))
    closed = await house.hear(BOB, "!order 1 latte", DINNER)
    menu = words(await house.hear(BOB, "!menu", DINNER))
    shown = words(await house.hear(CAROL, "!shop"))
    await house.hear(CAROL, "!shop hours always")

    assert f"Orders are taken {WEEK}" in words([told])
    assert keys(closed) == ["error.shop_closed_now"]
    assert "Nothing was sent. Corner Café is closed now, and opens Mar 3, 2026 08:00 UTC." in words(closed)
    assert f"Open {WEEK}; closed now, opens Mar 3, 2026 08:00" in menu
    assert "It is closed now and opens Mar 3, 2026 08:00" in shown
    assert await ordered(house, "!order 1 latte")


async def test_a_shop_that_closes_before_the_card_is_confirmed_charges_nobody(house: House) -> None:
    await opened(house)
    await house.hear(CAROL, "!shop hours daily 08:00-09:02")
    sale = await ordered(house, "!order 1 latte")
    house.clock.pass_by(timedelta(minutes=2))
    late = await house.hear(BOB, "!yes", DINNER)

    assert keys(late) == ["error.shop_closed_now"]
    assert (await house.balance(BOB), await stock(house, "latte")) == (200_00, 40)
    assert await state(house, sale) is SaleState.PENDING


async def test_hours_are_by_the_clock_of_the_shops_owner_also_where_it_is_changed(house: House) -> None:
    await opened(house)
    await house.hear(CAROL, "!zone America/New_York")
    house.clock.pass_by(timedelta(days=1))
    await house.hear(CAROL, "!shop hours daily 08:00-18:00")
    house.clock.pass_by(timedelta(hours=3, minutes=59))  # 12:59 UTC, 07:59 there
    winter = await house.hear(BOB, "!order 1 latte", DINNER)
    house.clock.pass_by(timedelta(days=5, hours=23))  # on 8 March clocks go forward there
    summer = await house.hear(BOB, "!order 1 latte", DINNER)
    house.clock.pass_by(timedelta(minutes=1))

    assert keys(winter) == ["error.shop_closed_now"]
    assert "08:00 UTC-5" in words(winter)
    assert keys(summer) == ["error.shop_closed_now"]
    assert "08:00 UTC-4" in words(summer)
    assert await ordered(house, "!order 1 latte")


# ---------------------------------------------------------------- staff


async def hired(house: House, rights: str = "serve") -> None:
    said = await house.hear(CAROL, f"!shop staff {ALICE} {rights}")
    assert keys(said) == ["shop.staff", "shop.hired"], words(said)


async def test_staff_that_serves_hears_of_orders_and_does_them_in_the_shops_name(house: House) -> None:
    await opened(house)
    await hired(house)
    sale = await ordered(house, "!order 1 latte")
    paid = await house.hear(BOB, "!yes", DINNER)
    todo = words(await house.hear(ALICE, "!orders"))
    ready = await house.hear(ALICE, "!order ready 1")
    refused = await house.hear(ALICE, "!order refund 1")
    invoice = await house.hear(ALICE, f'!invoice {BOB} "Cake 4.50 EUR"', DINNER)
    log = words(await house.hear(CAROL, "!shop log"))

    assert [say.person for say in paid if say.key == "order.paid"] == [CAROL, ALICE]
    assert f"To do for {BOB} · {sale}, no. 1" in todo
    assert [say.person for say in ready if say.key == "order.ready"] == [BOB]
    assert keys(refused) == ["error.right_missing"]
    assert "but may not refund in its name" in words(refused)
    assert keys(invoice) == ["error.right_missing"]
    assert f"{ALICE}: {sale} is ready" in log
    assert f"({CAROL}): gave rights to {ALICE}" in log


async def test_staff_gives_back_from_the_shops_balance_by_a_card_of_their_own(house: House) -> None:
    await opened(house)
    await hired(house, "refund")
    sale = await bought(house, "!order 2 latte")
    card = await house.hear(ALICE, "!order refund 1 1 latte", DINNER)
    owners = await house.hear(CAROL, "!yes")
    before = await house.balance(BOB)
    done = await house.hear(ALICE, "!yes")
    log = words(await house.hear(CAROL, "!shop log"))

    assert [say.person for say in card if say.key == "refund.card"] == [ALICE]
    assert "refund.card" not in [say.key for say in card if say.room == DINNER]
    assert keys(owners) == ["error.nothing_to_confirm"]
    assert "order.part" in keys(done)
    assert (before, await house.balance(BOB)) == (193_60, 196_80)
    assert await house.balance(CAROL) == 3_20
    assert f"{ALICE}: gave back of {sale}" in log


async def test_staff_that_was_dismissed_confirms_no_card_any_more(house: House) -> None:
    await opened(house)
    await hired(house, "all")
    await bought(house, "!order 1 latte")
    await house.hear(ALICE, "!order refund 1")
    gone = await house.hear(CAROL, f"!shop staff remove {ALICE}")
    refused = [
        *await house.hear(ALICE, "!yes"),
        *await house.hear(ALICE, "!order ready 1"),
        *await house.hear(ALICE, f'!invoice {BOB} "Cake 4.50 EUR"', DINNER),
    ]

    assert keys(gone) == ["shop.staff_gone", "shop.dismissed"]
    assert keys(refused) == ["error.right_missing", "error.no_such_order", "error.not_allowed"]
    assert await house.balance(BOB) == 196_80
    assert keys(await house.hear(CAROL, f"!shop staff remove {ALICE}")) == ["error.not_staff"]


async def test_staff_drops_its_own_card_and_is_not_told_what_the_owner_has(house: House) -> None:
    await opened(house)
    await hired(house, "refund")
    await bought(house, "!order 1 latte")
    await house.hear(ALICE, "!order refund 1")
    dropped = await house.hear(ALICE, "!cancel")
    card = await house.hear(ALICE, "!order refund 1")
    named = await house.hear(ALICE, f"!cancel {card[-1].facts['payment']}")
    await house.hear(CAROL, "!cashout all")
    await house.hear(CAROL, "!yes")
    poor = await house.hear(ALICE, "!order refund 1")

    assert keys(dropped) == ["error.nothing_to_cancel"]
    assert keys(named) == ["refund.cancelled"]
    assert keys(poor) == ["error.shop_cannot_refund"]
    assert "EUR" not in words(poor)


async def test_staff_issues_invoices_in_the_shops_name_and_its_numbers(house: House) -> None:
    await opened(house)
    await hired(house, "invoice")
    issued = await house.hear(ALICE, f'!invoice {BOB} "Cake 4.50 EUR"', DINNER)
    paid = [
        *await house.hear(BOB, f"!accept {issued[0].facts['payment']}", DINNER),
        *await house.hear(BOB, "!yes", DINNER),
    ]
    log = words(await house.hear(CAROL, "!shop log"))

    assert keys(issued) == ["invoice.issued", "request.asked"]
    assert issued[0].facts["number"] == "2026-00001"
    assert "pay.receipt" in keys(paid)
    assert await house.balance(CAROL) == 4_50
    assert await house.balance(ALICE) == 0
    assert f"{ALICE}: issued the invoice" in log


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (f"staff {CAROL} serve", "error.own_shop"),
        (f"staff {ALICE} cook", "error.rights_not_read"),
        ("staff zoe serve", "error.staff_not_found"),
        (f"staff remove {ALICE}", "error.not_staff"),
        ("hours whenever", "error.hours_not_read"),
        ("hours mon 8-12, mon 11-14", "error.hours_not_read"),
        ("account 7", "error.no_such_link"),
        ("till", "error.shop_not_read"),
    ],
)
async def test_a_setting_that_is_none_changes_nothing(house: House, line: str, key: str) -> None:
    await opened(house)
    said = await house.hear(CAROL, f"!shop {line}")
    log = await house.hear(CAROL, "!shop log")

    assert keys(said) == [key], words(said)
    assert keys(log) == ["shop.log_empty"]


async def test_the_shop_tells_all_its_settings(house: House) -> None:
    await opened(house)
    await hired(house, "serve and refund")
    await house.hear(CAROL, f"!shop hours {WEEK}")
    assert keys(await house.hear(CAROL, "!shop account balance")) == ["link.none_direct"]
    shown = words(await house.hear(CAROL, "!shop staff"))

    assert f"Open: {WEEK} (UTC)" in shown
    assert "Paid into: your PayBridge balance" in shown
    assert f"· {ALICE} may serve refund" in shown
