"""A payee whose id reads like somebody else's: the card warns, unless exactly they have been paid before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paybridge.domain.facts import Who
from paybridge.domain.spoken import Pill
from paybridge.services.lookalikes import alike
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, House, keys, words

WARNING = "Compare the full ids"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("@bob:hs", "@b0b:hs"),
        ("@bob:hs", "@b\u043eb:hs"),
        ("@alice:hs", "@a1ice:hs"),
        ("@alice:hs", "@aIice:hs"),
        ("@tom:hs", "@torn:hs"),
        ("@will:hs", "@vvill:hs"),
        ("@dark:hs", "@clark:hs"),
        ("@rene:hs", "@ren\u00e9:hs"),
        ("@bob.smith:hs", "@bob_smith:hs"),
        ("@bob:example.org", "@bob:example.com"),
        ("@bob:hs", "@bo\u200bb:hs"),
    ],
)
def test_ids_that_are_easily_mistaken_are_alike_both_ways(one: str, other: str) -> None:
    assert alike(one, [other]) == other
    assert alike(other, [CAROL, one]) == one


@pytest.mark.parametrize("other", ["@bob:hs", "@rob:hs", "@bobo:hs", "@bo:bhs", "@:hs", "", "@5551:hs"])
def test_the_same_and_different_ids_are_not(other: str) -> None:
    assert alike("@bob:hs", [other]) is None


def test_numbers_of_ghosts_are_told_apart() -> None:
    ghosts = [f"@whatsapp_4915{number:03}:hs" for number in range(1000)]

    assert all(alike(ghost, ghosts) is None for ghost in ghosts[::50])


def join(house: House, mxid: str, name: str | None = None) -> None:
    room = house.rooms.known[DINNER]
    house.rooms.known[DINNER] = replace(room, members={**room.members, mxid: name})


@pytest.fixture
async def funded(house: House) -> House:
    await house.link(ALICE)
    await house.fund(ALICE, 2000)
    return house


async def test_a_payee_who_reads_like_somebody_in_the_room_is_warned_of(funded: House) -> None:
    join(funded, "@b0b:hs", "Bob")

    (card,) = await funded.hear(ALICE, "!pay @b0b:hs 5 EUR", DINNER)

    assert card.facts["alike"] == ({"who": Who(BOB, "Bob")},)
    assert f"somebody else than Bob ({BOB})" in words([card])
    assert "to Bob (@b0b:hs)" in words([card])


async def test_a_payee_who_reads_like_somebody_paid_before_is_warned_of(funded: House) -> None:
    await funded.hear(ALICE, f"!pay {BOB} 5 EUR", DINNER)
    await funded.hear(ALICE, "!yes", DINNER)
    funded.rooms.leave(DINNER, BOB)
    join(funded, "@bo.b:hs", "Bob")

    (card,) = await funded.hear(ALICE, "!pay Bob 5 EUR", DINNER, pills=(Pill("@bo.b:hs", "Bob"),))

    assert f"somebody else than {BOB}" in words([card])


async def test_whoever_was_paid_before_is_known(funded: House) -> None:
    await funded.hear(ALICE, f"!pay {BOB} 5 EUR", DINNER)
    await funded.hear(ALICE, "!yes", DINNER)
    join(funded, "@b0b:hs")

    known = await funded.hear(ALICE, f"!pay {BOB} 5 EUR", DINNER)

    assert WARNING not in words(known)


async def test_a_card_that_was_not_confirmed_makes_nobody_known(funded: House) -> None:
    join(funded, "@b0b:hs")
    await funded.hear(ALICE, "!pay @b0b:hs 5 EUR", DINNER)
    await funded.hear(ALICE, "!cancel", DINNER)

    again = await funded.hear(ALICE, "!pay @b0b:hs 5 EUR", DINNER)

    assert WARNING in words(again)


async def test_nobody_else_is_warned_of(funded: House) -> None:
    assert WARNING not in words(await funded.hear(ALICE, f"!pay {BOB} 5 EUR", DINNER))
    assert WARNING not in words(await funded.hear(ALICE, "!topup 5 EUR"))


async def test_names_cannot_reorder_or_hide_what_stands_beside_them(funded: House) -> None:
    join(funded, "@eve:hs", "B\u200bob\u202e\u2066")

    (card,) = await funded.hear(ALICE, "!pay @eve:hs 5 EUR for \u202ertl", DINNER)

    assert "to Bob (@eve:hs)" in words([card])
    assert not {"\u200b", "\u202e", "\u2066"} & set(words([card]))


async def test_lines_to_copy_hide_nothing(house: House) -> None:
    join(house, "@eve:hs", "Bob")

    said = await house.hear(ALICE, "!pay Bo\u200bb 5 EUR \u202efor nothing", DINNER)

    assert keys(said) == ["error.ambiguous_payee"]
    assert not {"\u200b", "\u202e"} & set(words(said))
