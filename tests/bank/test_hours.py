"""Opening hours: orders are taken at any time, and settle when the bank is open."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from paybridge.bank import BankStartError
from paybridge.bank.hours import Hours, read_hours
from tests.bank.bank_client import IBAN, MovableClock
from tests.bank.conftest import OpenBank

DAY, NIGHT = Hours(time(8), time(18)), Hours(time(20), time(6))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "now", "then"),
    [
        (DAY, at(1, 8), at(1, 8)),
        (DAY, at(1, 17, 59), at(1, 17, 59)),
        (DAY, at(1, 18), at(2, 8)),
        (DAY, at(1, 7, 59), at(1, 8)),
        (NIGHT, at(1, 23), at(1, 23)),
        (NIGHT, at(1, 5, 59), at(1, 5, 59)),
        (NIGHT, at(1, 6), at(1, 20)),
    ],
)
def test_an_order_settles_at_once_or_when_the_bank_opens(hours: Hours, now: datetime, then: datetime) -> None:
    assert hours.settles_at(now) == then


def test_hours_are_written_from_until() -> None:
    assert read_hours(" 8:00-18:00") == DAY
    assert read_hours("20:00-06:00") == NIGHT


@pytest.mark.parametrize("written", ["", "8-18", "08:00", "24:00-06:00", "08:60-09:00", "08:00-08:00"])
def test_what_are_no_hours_is_refused(written: str) -> None:
    with pytest.raises(BankStartError, match="no opening hours"):
        read_hours(written)


async def test_while_the_bank_is_closed_money_has_left_and_not_arrived(
    open_bank: OpenBank, clock: MovableClock
) -> None:
    bank = await open_bank(hours=DAY)
    link = await bank.link()
    clock.move(hours=7)
    order = await bank.prepared(link)

    taken = (await bank.execute(order)).body

    assert (taken["state"], taken["settles_at"], taken["settles_in"]) == (
        "pending",
        "2026-03-02T08:00:00.000000Z",
        13 * 3600.0,
    )
    assert await bank.balances(IBAN) == (1_000_01 - 1250, 0)
    clock.move(hours=13)
    assert (await bank.order(order))["state"] == "settled"
    assert await bank.balances(IBAN) == (1_000_01 - 1250, 1250)
