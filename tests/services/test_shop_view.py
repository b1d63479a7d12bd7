"""What a shop's owner is told of a month: tickets and dues too, and what was given back line by line."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from paybridge.domain.shop_session import started
from paybridge.domain.takings import Sort
from paybridge.services.shop_door import Visitor
from tests.fakes.house import BOB, CAROL, DINNER, House, keys
from tests.fakes.records import euros
from tests.services.test_memberships import joined, until
from tests.services.test_memberships import opened as opened_club
from tests.services.test_orders import opened, ordered

if TYPE_CHECKING:
    from paybridge.domain.takings_report import MonthIn


async def month(house: House) -> MonthIn:
    """Carol's month, as her pages show it."""
    owner = await house.book.person_of(CAROL)
    assert owner is not None
    shop = await house.book.shop_of(owner.id)
    assert shop is not None
    session = started("a" * 64, owner.id, shop.id, None, house.clock.now())
    report = await house.desk.shop_view.month(Visitor(session, shop, owner, "en"), None)
    (one,) = report.currencies
    assert sum(day.left.minor for day in one.days) == one.whole.left.minor
    return one


async def test_tickets_and_dues_are_taken_and_stand_at_no_rate(house: House) -> None:
    phone = await opened_club(house)
    await joined(house, phone)
    await until(house, house.clock.now() + timedelta(hours=2))
    await house.link(BOB, "DE02120300000000202051")
    await house.fund(BOB, 100_00)
    await house.hear(CAROL, '!ticket new "Gig" 15 EUR x80')
    assert keys(await house.hear(BOB, "!ticket Gig", DINNER)) == ["ticket.order", "pay.card"]
    await house.hear(BOB, "!yes", DINNER)
    found = await month(house)

    assert [(part.sort, part.count, part.sum) for part in found.whole.parts] == [
        (Sort.TICKETS, 1, euros(15_00)),
        (Sort.DUES, 1, euros(10_00)),
    ]
    assert found.whole.taken == euros(25_00)
    assert found.rates == []


async def test_what_was_given_back_by_line_stands_at_the_rate_of_its_line(house: House) -> None:
    await opened(house, '"Latte" 3.20 EUR tax 7% stock 40', '"Cake" 4.50 EUR tax 19% stock 9')
    await ordered(house, "!order 2 latte, 1 cake")
    await house.hear(BOB, "!yes", DINNER)
    await house.hear(CAROL, "!order refund 1 1 latte")
    await house.hear(CAROL, "!yes")
    by_line = await month(house)
    await house.hear(CAROL, "!order refund 1")
    await house.hear(CAROL, "!yes")
    whole = await month(house)

    assert [(row.rate, row.taken, row.given, row.tax) for row in by_line.rates] == [
        (700, euros(6_40), euros(-3_20), euros(21)),
        (1900, euros(4_50), euros(0), euros(72)),
    ]
    assert by_line.whole.count(Sort.REFUNDS) == 1
    assert [(row.rate, row.left, row.tax) for row in whole.rates] == [
        (700, euros(0), euros(0)),
        (1900, euros(0), euros(0)),
    ]
    assert whole.whole.left == euros(0)
