"""An order that waits for its payer: they are told once what to open, and it settles when they have paid."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.fakes.house import ALICE, House, keys, words
from tests.fakes.rail import slow

INVOICE = "lightning:lnbc12500n1example"


async def test_a_payer_is_given_once_what_to_open_and_how_it_looks_to_a_camera(house: House) -> None:
    house.rail.script = replace(slow(3), asks=INVOICE)
    await house.link(ALICE)
    await house.hear(ALICE, "!topup 12.50 EUR")
    await house.hear(ALICE, "!yes")
    asked = await house.carry()
    house.clock.pass_by(timedelta(seconds=5))
    waiting = await house.carry()

    assert keys(asked) == ["turn.picture", "turn"]
    assert [say.qr for say in asked] == [INVOICE, None]
    assert [say.person for say in asked] == [ALICE, ALICE]
    assert INVOICE in words(asked[1:])
    assert "12.50" in words(asked[1:])
    assert keys(waiting) == []
    assert await house.balance(ALICE) == 0


async def test_it_settles_when_they_have_paid(house: House) -> None:
    house.rail.script = replace(slow(1), asks=INVOICE)
    await house.link(ALICE)
    await house.hear(ALICE, "!topup 12.50 EUR")
    await house.hear(ALICE, "!yes")
    await house.carry()
    house.clock.pass_by(timedelta(seconds=5))

    assert keys(await house.carry()) == ["topup.receipt"]
    assert await house.balance(ALICE) == 1250


async def test_whoever_waits_for_a_payer_and_loses_the_rail_says_so_and_asks_again(house: House) -> None:
    house.rail.script = replace(slow(3), asks=INVOICE)
    await house.link(ALICE)
    await house.hear(ALICE, "!topup 12.50 EUR")
    await house.hear(ALICE, "!yes")
    await house.carry()
    house.rail.reachable = False
    house.clock.pass_by(timedelta(seconds=5))
    away = await house.carry()
    house.rail.reachable = True
    house.clock.pass_by(timedelta(minutes=5))
    back = await house.carry()

    assert keys(away) == ["topup.unsure"]
    assert keys(back) == ["turn.picture", "turn"]
