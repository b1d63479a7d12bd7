"""A request has its day, is remembered once in a day, and all of them stand in one list."""

from __future__ import annotations

from datetime import timedelta

from paybridge.domain.policy import Policy, Receipts, StatedPolicy
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, House, keys, words

DAY = timedelta(days=1)


async def asked(house: House, line: str = "8 EUR by saturday for taxi", who: str = ALICE) -> str:
    (say,) = await house.hear(BOB, f"!request {who} {line}", DINNER)
    assert say.key == "request.asked"
    return str(say.facts["payment"])


async def test_a_request_ends_with_its_day(house: House) -> None:
    request = await asked(house)
    kept = await house.book.request(request)
    assert kept is not None
    house.clock.pass_by(kept.expires - house.clock.now() - timedelta(seconds=1))
    assert keys(await house.expire()) == []
    house.clock.pass_by(timedelta(seconds=1))

    assert keys(await house.expire()) == ["request.expired"]
    assert kept.expires.isoformat() == "2026-03-08T00:00:00+00:00"


async def test_a_reminder_rings_in_a_message_of_its_own_once_in_a_day(house: House) -> None:
    request = await asked(house)
    assert keys(await house.hear(BOB, "!remind", DINNER)) == ["error.reminded_already"]
    house.clock.pass_by(DAY)
    (said,) = await house.hear(BOB, f"!remind {request}", DINNER)

    assert (said.key, said.room, said.notify, said.slot) == ("request.reminded", DINNER, (ALICE,), None)
    assert keys(await house.hear(BOB, "!remind", DINNER)) == ["error.reminded_already"]

    house.clock.pass_by(DAY)

    assert keys(await house.hear(BOB, "!remind", DINNER)) == ["request.reminded"]


async def test_only_whoever_asked_reminds_and_only_while_it_is_open(house: House) -> None:
    request = await asked(house)
    house.clock.pass_by(DAY)

    assert keys(await house.hear(CAROL, f"!remind {request}", DINNER)) == ["error.no_such_payment"]
    assert keys(await house.hear(ALICE, f"!remind {request}", DINNER)) == ["error.no_such_payment"]
    assert keys(await house.hear(CAROL, "!remind", DINNER)) == ["error.nothing_asked"]

    await house.hear(ALICE, f"!decline {request}", DINNER)

    assert keys(await house.hear(BOB, f"!remind {request}", DINNER)) == ["error.not_possible_now"]


async def test_whoever_was_blocked_since_reminds_in_vain(house: House) -> None:
    await asked(house)
    await house.hear(ALICE, f"!block {BOB}")
    house.clock.pass_by(DAY)

    assert keys(await house.hear(BOB, "!remind", DINNER)) == ["error.request_not_taken"]


async def test_of_several_requests_each_can_be_reminded_of(house: House) -> None:
    first, second = await asked(house), await asked(house, who=CAROL)
    (said,) = await house.hear(BOB, "!remind", DINNER)

    assert said.key == "error.which_reminder"
    assert set(said.lines) == {f"!remind {first}", f"!remind {second}"}


async def test_a_reminder_shows_the_room_no_amount_where_receipts_are_private(house: House) -> None:
    house.rooms.stated[DINNER] = StatedPolicy(Policy(receipts=Receipts.PRIVATE))
    await house.hear(BOB, f"!request {ALICE} 8 EUR", DINNER)
    house.clock.pass_by(DAY)
    hidden, alone = await house.hear(BOB, "!remind", DINNER)

    assert (hidden.key, hidden.room) == ("request.private.reminded", DINNER)
    assert "8.00" not in words([hidden])
    assert (alone.key, alone.person) == ("request.reminded", ALICE)
    assert "8.00" in words([alone])


async def test_the_list_tells_what_is_open_in_both_directions(house: House) -> None:
    assert keys(await house.hear(BOB, "!requests")) == ["requests.none"]

    first = await asked(house)
    (say,) = await house.hear(CAROL, f"!request {BOB} 3 EUR", DINNER)
    pointer, listed = await house.hear(BOB, "!requests", DINNER)

    assert pointer.key == "reply.see_direct_message"
    assert (listed.key, listed.person) == ("requests.list", BOB)
    assert listed.lines == (f"!accept {say.facts['payment']}", f"!remind {first}")
    assert words([listed]).splitlines()[:4] == [
        "You are asked for",
        f"{say.facts['payment']}: 3.00 EUR, by {CAROL}, until Mar 9, 2026 09:00 UTC",
        "You ask for",
        f"{first}: 8.00 EUR, from {ALICE}, until Mar 8, 2026 00:00 UTC",
    ]


async def test_a_day_that_cannot_be_is_refused_and_nothing_is_asked(house: House) -> None:
    said = await house.hear(BOB, f"!request {ALICE} 8 EUR by 2026-02-30", DINNER)
    far = await house.hear(BOB, f"!request {ALICE} 8 EUR by 2027-01-01", DINNER)

    assert keys(said) == ["error.no_such_day"]
    assert keys(far) == ["error.day_not_possible"]
    assert keys(await house.hear(BOB, "!requests")) == ["requests.none"]
