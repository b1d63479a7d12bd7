"""Who must act is reminded by itself, of everything at once, and not too often."""

from __future__ import annotations

from datetime import timedelta

import pytest

from paybridge.services.reminders import MOST_LISTED
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, House, direct, keys, words

DAY = timedelta(days=1)


async def asked(house: House, who: str = ALICE, by: str = BOB) -> str:
    (say,) = await house.hear(by, f"!request {who} 8 EUR", DINNER)
    assert say.key == "request.asked"
    return str(say.facts["payment"])


async def paid(house: House, payee: str = CAROL) -> str:
    """A payment to somebody without an account: it waits to be claimed."""
    await house.link(ALICE)
    (card,) = await house.hear(ALICE, f"!pay {payee} 5 EUR", DINNER)
    await house.hear(ALICE, "!yes", DINNER)
    await house.carry()
    return str(card.facts["payment"])


async def test_a_request_is_recalled_once_when_it_is_a_day_old(house: House) -> None:
    request = await asked(house)
    house.clock.pass_by(DAY - timedelta(seconds=1))

    assert await house.remind() == []

    house.clock.pass_by(timedelta(seconds=1))
    (said,) = await house.remind()

    assert (said.key, said.person, said.room) == ("reminder.waiting", ALICE, None)
    assert f"!accept {request}" in words([said])

    for _ in range(6):
        house.clock.pass_by(DAY)

        assert await house.remind() == []


async def test_whoever_asked_need_not_remind_who_was_reminded_today(house: House) -> None:
    request = await asked(house)
    house.clock.pass_by(DAY)
    await house.remind()

    assert keys(await house.hear(BOB, f"!remind {request}", DINNER)) == ["error.reminded_already"]


async def test_whoever_was_reminded_by_hand_is_not_reminded_again(house: House) -> None:
    request = await asked(house)
    house.clock.pass_by(DAY)
    await house.hear(BOB, f"!remind {request}", DINNER)

    assert await house.remind() == []


async def test_everything_that_waits_for_somebody_stands_in_one_message(house: House) -> None:
    first = await asked(house, CAROL)
    waits = await paid(house)
    house.clock.pass_by(DAY - timedelta(hours=1))
    young = await asked(house, CAROL, ALICE)
    house.clock.pass_by(timedelta(hours=1))
    (said,) = await house.remind()
    lines = words([said]).splitlines()

    assert said.person == CAROL
    assert len(lines) == 4
    assert {first, young, waits} == {word for line in lines for word in line.split() if "PB-" in word}

    house.clock.pass_by(timedelta(hours=1))

    assert await house.remind() == []


async def test_unclaimed_money_is_recalled_after_a_day_and_a_day_before_it_goes_back(
    house: House,
) -> None:
    waits = await paid(house)
    heard = []
    for hour in range(1, 7 * 24):
        house.clock.pass_by(timedelta(hours=1))
        heard += [(hour, say) for say in await house.remind()]

    assert [hour for hour, _ in heard] == [24, 144]
    assert all(f"!claim {waits}" in words([say]) and say.person == CAROL for _, say in heard)


@pytest.mark.parametrize("line", ["!accept", "!decline"])
async def test_nobody_is_reminded_of_what_they_answered(house: House, line: str) -> None:
    await house.link(ALICE)
    request = await asked(house)
    await house.hear(ALICE, f"{line} {request}", DINNER)
    house.clock.pass_by(DAY)

    assert await house.remind() == []


async def test_nobody_is_reminded_of_what_they_claimed(house: House) -> None:
    await paid(house)
    await house.link(CAROL, "DE02120300000000202051")
    await house.hear(CAROL, "!claim")
    house.clock.pass_by(DAY)

    assert await house.remind() == []


async def test_nobody_hears_of_what_a_blocked_person_asks(house: House) -> None:
    await asked(house)
    kept = await asked(house, by=CAROL)
    await house.hear(ALICE, f"!block {BOB}")
    house.clock.pass_by(DAY)
    (said,) = await house.remind()

    assert words([said]).count("!accept") == 1
    assert kept in words([said])


async def test_a_long_list_names_the_first_and_counts_the_rest(house: House) -> None:
    for asker in (BOB, CAROL):
        for _ in range(5):
            await asked(house, by=asker)
    house.clock.pass_by(DAY)
    (said,) = await house.remind()

    assert words([said]).count("!accept") == MOST_LISTED
    assert "and 2 more: !requests" in words([said])


async def test_it_is_said_in_the_language_of_who_reads_it(house: House) -> None:
    await house.hear(ALICE, "!lang zh", direct(ALICE))
    await asked(house)
    house.clock.pass_by(DAY)

    assert "等您处理" in words(await house.remind())
