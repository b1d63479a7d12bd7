"""Whoever blocks somebody gets no requests from them, and they cannot tell that from a crowd of requests."""

from __future__ import annotations

from datetime import timedelta

from paybridge.services.requests import MOST_A_DAY, MOST_OPEN_TO_ONE
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, House, keys, words


async def ask(house: House, asker: str, asked: str) -> list[str]:
    return keys(await house.hear(asker, f"!request {asked} 8 EUR", DINNER))


async def test_whoever_is_blocked_asks_in_vain_until_it_ends(house: House) -> None:
    said = await house.hear(ALICE, f"!block {BOB}", DINNER)

    assert keys(said) == ["reply.see_direct_message", "block.done"]
    assert said[-1].person == ALICE
    assert await ask(house, BOB, ALICE) == ["error.request_not_taken"]
    assert await ask(house, CAROL, ALICE) == ["request.asked"]
    assert await ask(house, BOB, CAROL) == ["request.asked"]
    assert await ask(house, ALICE, BOB) == ["request.asked"]
    assert keys(await house.hear(ALICE, f"!unblock {BOB}")) == ["block.ended"]
    assert await ask(house, BOB, ALICE) == ["request.asked"]


async def test_whoever_is_blocked_reads_what_anybody_would_when_many_requests_are_open(house: House) -> None:
    await house.hear(ALICE, f"!block {BOB}")
    (blocked,) = await house.hear(BOB, f"!request {ALICE} 8 EUR", DINNER)
    await house.hear(ALICE, f"!unblock {BOB}")
    for number in range(MOST_OPEN_TO_ONE):
        asker = f"@friend{number // 5}:hs"
        house.rooms.join(DINNER, asker)
        assert await ask(house, asker, ALICE) == ["request.asked"]
    (crowded,) = await house.hear(BOB, f"!request {ALICE} 8 EUR", DINNER)

    assert (crowded.key, crowded.facts, crowded.lines) == (blocked.key, blocked.facts, blocked.lines)


async def test_the_list_of_who_is_blocked_is_told_directly(house: House) -> None:
    assert keys(await house.hear(ALICE, "!block list")) == ["block.none"]

    await house.hear(ALICE, f"!block {BOB}")
    await house.hear(ALICE, f"!block {BOB}")
    await house.hear(ALICE, f"!block {CAROL}")

    assert words(await house.hear(ALICE, "!block")) == f"You take no requests from:\n{BOB}\n{CAROL}"


async def test_what_makes_no_sense_is_refused(house: House) -> None:
    assert keys(await house.hear(ALICE, f"!block {ALICE}")) == ["error.blocking_yourself"]
    assert keys(await house.hear(ALICE, f"!unblock {BOB}")) == ["error.not_blocked"]
    assert keys(await house.hear(ALICE, "!unblock")) == ["error.payee_missing"]
    assert keys(await house.hear(ALICE, "!block @nobody", DINNER))[-1] == "error.unknown_payee"


async def test_a_day_holds_so_many_requests_whatever_became_of_them(house: House) -> None:
    for _ in range(MOST_A_DAY):
        assert await ask(house, BOB, ALICE) == ["request.asked"]
        await house.hear(BOB, "!cancel", DINNER)

    assert await ask(house, BOB, ALICE) == ["error.too_many_requests_today"]

    house.clock.pass_by(timedelta(hours=24))

    assert await ask(house, BOB, ALICE) == ["request.asked"]
