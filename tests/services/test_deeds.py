"""An operator's reset of a second factor takes a day, is told at once, and can be stopped."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.deeds import Deed, DeedKind
from paybridge.domain.proof import OwnDevice, Trust
from paybridge.storage.deeds import deeds_so_far, frozen_people, order_deed, standing_of
from tests.fakes.database import ask_raw
from tests.fakes.house import ALICE, BOB, DINNER, House, keys, words
from tests.services.authenticator import with_factor

if TYPE_CHECKING:
    from paybridge.services.says import Say

DAY = timedelta(hours=24)
MINUTE = timedelta(minutes=1)


async def decide(house: House, kind: DeedKind, mxid: str = ALICE) -> list[Say]:
    """What the operator types at the command line, and the bot's next look."""
    await house.said()
    url = house.database.url
    standing = await asyncio.to_thread(standing_of, url, mxid)
    deed = Deed(house.desk.payments._chance.token(), kind, standing.person, house.clock.now())  # noqa: SLF001 - as the command line makes ids
    await asyncio.to_thread(order_deed, url, deed, "root")
    await house.deeds.settle_down()
    return await house.said()


async def test_a_reset_is_told_at_once_and_the_factor_is_asked_for_until_a_day_is_over(house: House) -> None:
    phone, _ = await with_factor(house)
    (told,) = await decide(house, DeedKind.RESET_FACTOR)
    until = house.clock.now() + DAY
    house.clock.pass_by(DAY - MINUTE)
    await house.deeds.settle_down()
    before = keys(await house.hear(ALICE, "!mfa"))
    await house.hear(ALICE, "!topup 50 EUR")
    await house.hear(ALICE, "!yes")
    await house.carry()
    await house.hear(ALICE, "!cashout 20 EUR")
    asked = keys(await house.hear(ALICE, "!yes"))
    house.clock.pass_by(MINUTE)
    await house.said()
    await house.deeds.settle_down()
    (ended,) = await house.said()
    await house.deeds.settle_down()

    assert (told.key, told.person, told.room) == ("mfa.reset_waits", ALICE, None)
    assert told.facts == {"until": until}
    assert "!mfa keep" in words([told])
    assert before == ["mfa.is_on"]
    assert asked == ["error.factor_needed"]
    assert (ended.key, ended.person) == ("mfa.reset_done", ALICE)
    assert await house.said() == []
    assert keys(await house.hear(ALICE, "!mfa")) == ["mfa.is_off"]
    assert keys(await house.hear(ALICE, f"!mfa test {phone.shows_next()}")) == ["error.no_factor"]
    assert keys(await house.hear(ALICE, "!mfa on")) == ["mfa.picture", "mfa.begun"]


async def test_its_owner_stops_it_from_any_proven_device(house: House) -> None:
    await with_factor(house)
    await decide(house, DeedKind.RESET_FACTOR)
    unproven = await house.hear(ALICE, "!mfa keep", proof=OwnDevice(Trust.UNVERIFIED, "NEW"))
    kept = await house.hear(ALICE, "!mfa keep", proof=OwnDevice(Trust.CROSS_SIGNED_TOFU, "LAPTOP"))
    again = await house.hear(ALICE, "!mfa keep")
    house.clock.pass_by(2 * DAY)
    await house.deeds.settle_down()

    assert keys(unproven) == ["error.device_not_proven"]
    assert keys(kept) == ["mfa.kept"]
    assert keys(again) == ["error.nothing_to_keep"]
    assert keys(await house.hear(ALICE, "!mfa")) == ["mfa.is_on"]


async def test_it_is_stopped_also_while_its_owner_is_frozen(house: House) -> None:
    await with_factor(house)
    await decide(house, DeedKind.RESET_FACTOR)
    await house.hear(ALICE, "!freeze")

    assert keys(await house.hear(ALICE, "!mfa keep")) == ["mfa.kept"]


async def test_whoever_gives_a_code_has_not_lost_it(house: House) -> None:
    phone, _ = await with_factor(house)
    await decide(house, DeedKind.RESET_FACTOR)
    await house.hear(ALICE, f"!mfa test {phone.shows_next()}")
    house.clock.pass_by(2 * DAY)
    await house.deeds.settle_down()

    assert keys(await house.hear(ALICE, "!mfa")) == ["mfa.is_on"]


async def test_the_operator_can_stop_it_and_a_second_reset_does_not_begin_the_day_anew(house: House) -> None:
    await with_factor(house)
    await decide(house, DeedKind.RESET_FACTOR)
    house.clock.pass_by(MINUTE)
    again = await decide(house, DeedKind.RESET_FACTOR)
    standing = await asyncio.to_thread(standing_of, house.database.url, ALICE)
    (stopped,) = await decide(house, DeedKind.KEEP_FACTOR)
    house.clock.pass_by(2 * DAY)
    await house.deeds.settle_down()

    assert again == []
    assert standing.reset_at == house.clock.now() - DAY - MINUTE
    assert stopped.key == "mfa.reset_stopped"
    assert keys(await house.hear(ALICE, "!mfa")) == ["mfa.is_on"]


async def test_who_froze_without_a_factor_is_let_go_by_the_operator_and_told(house: House) -> None:
    await house.link(ALICE)
    await house.hear(ALICE, "!freeze", DINNER)
    named = await asyncio.to_thread(frozen_people, house.database.url)
    (told,) = await decide(house, DeedKind.UNFREEZE)

    assert named == [(ALICE, house.clock.now())]
    assert (told.key, told.person) == ("freeze.over_by_operator", ALICE)
    assert keys(await house.hear(ALICE, "!topup 5 EUR")) == ["topup.card"]


async def test_what_was_decided_is_written_for_ever(house: House) -> None:
    await with_factor(house)
    await decide(house, DeedKind.RESET_FACTOR)
    await decide(house, DeedKind.KEEP_FACTOR)
    written = await asyncio.to_thread(deeds_so_far, house.database.url)

    assert [(kind, done is not None, mxid) for _, kind, done, mxid in written] == [
        ("reset_factor", True, ALICE),
        ("keep_factor", True, ALICE),
    ]
    for change in ("DELETE FROM deed", "UPDATE deed SET done = NULL", "UPDATE deed SET kind = 'unfreeze'"):
        with pytest.raises(Exception, match="stays written"):
            await ask_raw(house.database, change)


async def test_nobody_is_told_of_what_changes_nothing(house: House) -> None:
    await house.link(BOB)

    assert await decide(house, DeedKind.RESET_FACTOR, BOB) == []
    assert await decide(house, DeedKind.KEEP_FACTOR, BOB) == []
    assert await decide(house, DeedKind.UNFREEZE, BOB) == []
