"""What an amount costs is told before anything is sent, each way that it could be."""

from __future__ import annotations

from paybridge.domain.leg import LegKind
from tests.fakes.house import ALICE, DINNER, House, direct, keys, words


async def test_each_account_is_told_with_the_fee_of_its_rail_and_the_total(house: House) -> None:
    house.rail.fee = 25
    await house.link(ALICE)
    said = await house.hear(ALICE, "!fees EUR 50", DINNER)
    (link,) = await house.book.links((await house.desk.people.know(ALICE)).person.id)

    assert keys(said) == ["reply.see_direct_message", "fees.told"]
    told = words(said[1:])
    assert "from your balance, to anybody here: 0.00 EUR" in told
    assert f"from {link.masked} (!pay): fee 0.25 EUR, 50.25 EUR in all" in told
    assert f"from {link.masked} to your balance (!topup): fee 0.25 EUR, 50.25 EUR in all" in told
    assert f"to {link.masked} (!cashout): fee 0.25 EUR, 50.25 EUR in all" in told
    assert house.rail.moved == []
    assert await house.book.awaiting_approval(link.person) == []


async def test_what_fees_tells_is_what_the_card_shows(house: House) -> None:
    house.rail.fee = 25
    await house.link(ALICE)
    told = words(await house.hear(ALICE, "!fees 50 EUR", direct(ALICE)))
    card = words(await house.hear(ALICE, "!topup 50 EUR", direct(ALICE)))

    assert "fee 0.25 EUR, 50.25 EUR in all" in told
    assert "Fee 0.25 EUR" in card
    assert "50.25 EUR" in card


async def test_an_account_that_takes_no_such_order_is_named(house: House) -> None:
    await house.link(ALICE)
    told = words(await house.hear(ALICE, "!fees 1000000000 EUR", direct(ALICE)))

    assert told.count("does not take this much, or cannot be asked just now") == 1
    assert "(!cashout)" not in told


async def test_a_way_that_the_rail_does_not_go_is_left_out(house: House) -> None:
    house.rail.flows = frozenset({LegKind.COLLECT})
    await house.link(ALICE)
    told = words(await house.hear(ALICE, "!fees 50 EUR", direct(ALICE)))

    assert told == told.strip()
    assert "(!topup)" in told
    assert "(!cashout)" not in told


async def test_without_an_account_in_the_currency_that_is_said(house: House) -> None:
    await house.link(ALICE)
    told = words(await house.hear(ALICE, "!fees 5000 JPY", direct(ALICE)))
    nobody = words(await house.hear(ALICE, "!费用 5000 JPY", direct(ALICE)))

    assert "You have linked no account that holds JPY." in told
    assert nobody == told


async def test_an_amount_is_needed(house: House) -> None:
    assert keys(await house.hear(ALICE, "!fees", direct(ALICE))) == ["error.no_amount"]
    assert keys(await house.hear(ALICE, "!fees much", direct(ALICE))) == ["error.no_amount"]
