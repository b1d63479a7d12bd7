"""Accounts by the names that people give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.database import ask_raw
from tests.fakes.house import ALICE, BOB, DINNER, keys, words
from tests.services.town import NUMBERS

if TYPE_CHECKING:
    from tests.services.town import OpenTown, Town


@pytest.fixture
async def town(open_town: OpenTown) -> Town:
    """Alice has three accounts, the second of them called holiday."""
    town = await open_town("EUR")
    for number in NUMBERS.values():
        await town.link(ALICE, number)
    await town.house.hear(ALICE, "!accounts rename 2 Holiday")
    return town


async def test_money_comes_from_and_goes_to_the_account_of_that_name(town: Town) -> None:
    inr = NUMBERS["INR"]

    topped_up = await town.do(ALICE, "!topup 200 INR from holiday")
    paid = await town.do(ALICE, f"!pay {BOB} 30 INR from HOLIDAY", DINNER)
    cashed_out = await town.do(ALICE, "!cashout 50 INR to holiday")

    assert (topped_up[-1], paid[0], cashed_out) == ("topup.receipt", "pay.waiting", ["cashout.receipt"])
    assert [entry["amount"] for entry in await town.entries(inr)][:3] == [50_00, -30_00, -200_00]


async def test_a_name_is_listed_for_its_owner_alone_and_sealed(town: Town) -> None:
    hers = words(await town.house.hear(ALICE, "!accounts"))
    his = await town.house.hear(BOB, "!topup 5 EUR from holiday")
    stored = repr(await ask_raw(town.house.database, "SELECT nickname, nickname_hash FROM link"))

    assert "2. an••••@okbank “Holiday” INR" in hers
    assert keys(his) == ["error.no_linked_account"]
    assert "holiday" not in stored.casefold()


@pytest.mark.parametrize(
    "name", ["bank", "Card", "main", "balance", "upi", "余额", "3000", "two words", "@bob", "x" * 21]
)
async def test_a_name_that_means_something_else_or_is_no_word_is_refused(town: Town, name: str) -> None:
    refused = await town.house.hear(ALICE, f"!accounts rename 2 {name}")
    listed = words(await town.house.hear(ALICE, "!accounts"))

    assert keys(refused) == ["error.unfit_nickname"]
    assert "“Holiday”" in listed


async def test_two_accounts_are_never_called_the_same(town: Town) -> None:
    refused = await town.house.hear(ALICE, "!accounts rename 1 HOLIDAY")
    again = await town.house.hear(ALICE, "!accounts rename 2 holiday")
    missing = await town.house.hear(ALICE, "!accounts rename 4 beach")

    assert keys(refused) == ["error.nickname_taken"]
    assert "an••••@okbank" in words(refused)
    assert keys(again) == ["link.renamed"]
    assert keys(missing) == ["error.no_such_link"]


async def test_a_name_that_was_taken_away_or_whose_account_is_gone_is_nobodys(town: Town) -> None:
    nameless = await town.house.hear(ALICE, "!accounts rename 2")
    unknown = await town.house.hear(ALICE, "!topup 5 INR from holiday")
    await town.house.hear(ALICE, "!accounts rename 2 holiday")
    await town.house.hear(ALICE, "!accounts remove 2")
    given_on = await town.house.hear(ALICE, "!accounts rename 1 holiday")

    assert keys(nameless) == ["link.nameless"]
    assert keys(unknown) == ["error.unknown_account"]
    assert keys(given_on) == ["link.renamed"]
