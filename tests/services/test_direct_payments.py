"""Straight from account to account, past our books: for those who want it, and taken back the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paybridge.services.ports import RailEvent
from paybridge.storage.audit import audit
from tests.fakes.house import ALICE, BOB, DINNER, keys, words
from tests.services.town import Town

if TYPE_CHECKING:
    from paybridge.services.says import Say
    from tests.services.town import OpenTown


async def direct_town(open_town: OpenTown, of_bob: str = "bob@okbank") -> Town:
    """Alice and Bob have accounts at the bank, and Bob wants to be paid straight into his."""
    town = await open_town("INR")
    await town.link(ALICE, "anna@okbank")
    await town.link(BOB, f"{of_bob} name Bob Meier")
    assert keys(await town.house.hear(BOB, "!accounts direct 1")) == ["link.direct"]
    return town


async def test_who_wants_it_is_paid_straight_into_their_account(
    open_town: OpenTown,
) -> None:
    town = await direct_town(open_town)
    (card,) = await town.house.hear(ALICE, f"!pay {BOB} 20 INR for tea", DINNER)
    await town.house.hear(ALICE, "!yes", DINNER)
    receipt = await town.house.carry()

    assert "from your account ••@okbank, straight to an account that is in their name" in words([card])
    assert "Meier" not in words([card])
    assert keys(receipt) == ["pay.receipt"]
    assert "Bob: it is in your account at the bank." in words(receipt)
    assert (await town.entries("anna@okbank"))[0]["amount"] == -20_00
    assert (await town.entries("bob@okbank"))[0]["amount"] == 20_00
    assert [await town.balance(mxid, "INR") for mxid in (ALICE, BOB)] == [0, 0]
    assert audit(town.house.database.url).problems == ()


async def test_nobody_is_paid_directly_who_does_not_want_it_any_more(
    open_town: OpenTown,
) -> None:
    town = await direct_town(open_town)
    (card,) = await town.house.hear(ALICE, f"!pay {BOB} 20 INR", DINNER)
    assert "paid straight into" in words(await town.house.hear(BOB, "!accounts"))
    assert keys(await town.house.hear(BOB, "!accounts direct off")) == ["link.none_direct"]

    assert keys(await town.house.hear(ALICE, "!yes", DINNER)) == ["error.payees_account_gone"]
    await town.house.hear(ALICE, f"!cancel {card.facts['payment']}", DINNER)
    assert await town.do(ALICE, f"!pay {BOB} 20 INR", DINNER) == ["pay.receipt"]
    assert await town.balance(BOB, "INR") == 20_00


async def test_the_balance_and_other_currencies_pay_into_the_balance(
    open_town: OpenTown,
) -> None:
    town = await direct_town(open_town)
    await town.do(ALICE, "!topup 50 INR")
    await town.house.hear(ALICE, f"!pay {BOB} 20 INR", DINNER)
    from_balance = await town.house.hear(ALICE, "!yes", DINNER)

    assert keys(from_balance) == ["pay.receipt"]
    assert "it is in your PayBridge balance" in words(from_balance)
    assert await town.balance(BOB, "INR") == 20_00


@pytest.mark.parametrize(
    ("of_bob", "said", "outcome"),
    [
        ("bob9010@okbank", "in their name", ["pay.refused", "refused.account_closed"]),
        ("bob9012@okbank", "its holder is called otherwise", ["pay.receipt"]),
        ("bob9013@okbank", "close to theirs", ["pay.receipt"]),
    ],
)
async def test_what_the_payee_s_bank_says_counts_before_and_after(
    open_town: OpenTown, of_bob: str, said: str, outcome: list[str]
) -> None:
    town = await direct_town(open_town, of_bob)

    assert said in words(await town.house.hear(ALICE, f"!pay {BOB} 20 INR", DINNER))
    await town.house.hear(ALICE, "!yes", DINNER)
    assert keys(await town.house.carry()) == outcome
    assert audit(town.house.database.url).problems == ()


async def paid_by_a_bank_that_takes_back(open_town: OpenTown) -> tuple[Town, str]:
    """Alice has paid Bob 20 INR straight, which goes back within a minute; Bob's balance is 50 INR."""
    town = await open_town("INR")
    await town.link(ALICE, "anna9011@okbank")
    await town.link(BOB, "bob@okbank")
    await town.house.hear(BOB, "!accounts direct 1")
    await town.do(ALICE, f"!pay {BOB} 20 INR", DINNER)
    await town.do(BOB, "!topup 50 INR")
    person = await town.house.book.person_of(ALICE)
    assert person is not None
    (paid,) = await town.house.book.history(person.id, 1)
    return town, paid.id


async def taken_back(town: Town, payment: str) -> list[Say]:
    """What is said once the bank has taken it back and told so."""
    town.clock.move(minutes=1)
    await town.house.reconciler.hint(RailEvent("evt", f"{payment}/1", "reversed"))
    return await town.house.carry()


async def test_what_was_paid_directly_is_taken_back_past_the_books_too(open_town: OpenTown) -> None:
    town, payment = await paid_by_a_bank_that_takes_back(open_town)
    said = await taken_back(town, payment)

    assert keys(said) == ["pay.reversed"]
    assert (await town.entries("bob@okbank"))[0]["amount"] == -20_00
    assert await town.balance(BOB, "INR") == 50_00
    assert audit(town.house.database.url).problems == ()


async def test_what_was_refunded_of_it_is_not_had_twice_when_it_is_taken_back(open_town: OpenTown) -> None:
    town, payment = await paid_by_a_bank_that_takes_back(open_town)
    await town.do(BOB, f"!refund {payment} 8 INR", DINNER)
    refunded = await town.balance(ALICE, "INR"), await town.balance(BOB, "INR")
    said = await taken_back(town, payment)

    assert refunded == (8_00, 42_00)
    assert keys(said) == ["pay.reversed", "reversal.borne"]
    assert said[1].person == ALICE
    assert (await town.balance(ALICE, "INR"), await town.balance(BOB, "INR")) == (0, 50_00)
    assert audit(town.house.database.url).problems == ()


async def test_who_shares_an_account_with_the_payer_is_paid_into_their_balance(
    open_town: OpenTown,
) -> None:
    town = await direct_town(open_town, "anna@okbank")

    assert await town.do(ALICE, f"!pay {BOB} 20 INR", DINNER) == ["pay.receipt"]
    assert await town.balance(BOB, "INR") == 20_00
