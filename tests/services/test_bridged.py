"""People of other networks: what each tier may do by itself, and what it takes a Matrix account for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.proof import HomeserverOnly, OwnDevice, Trust, ViaBridgeBot
from paybridge.services.ports import RoomFacts
from tests.fakes.ghosts import (
    CHANNEL,
    IRIS,
    PORTAL,
    VIA_IRC,
    VIA_WHATSAPP,
    WALT,
    WANDA,
    WHATSAPPBOT,
    make_one,
    open_bridged_house,
)
from tests.fakes.house import ALICE, BOB, DINNER, PLAIN, direct, keys, words

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.domain.proof import Proof
    from paybridge.services.says import Say
    from tests.fakes.house import House

ASKED_IN_MATRIX = ["ghost.waits", "ghost.asks", "pay.card"]
PUPPET = ViaBridgeBot("whatsapp", puppet=True)
OWN = OwnDevice(Trust.CROSS_SIGNED_TOFU, "PHONE")


@pytest.fixture
async def house(tmp_path: Path) -> House:
    house = await open_bridged_house(tmp_path)
    await house.link(ALICE)
    await house.fund(ALICE, 10_000)
    return house


async def paid(house: House, payer: str, line: str, room: str, proof: Proof) -> list[Say]:
    """Type a payment and approve it, both with the same proof."""
    said = await house.hear(payer, line, room, proof=proof)
    if keys(said) == ["pay.card"]:
        said = await house.hear(payer, "!yes", room, proof=proof)
    return said


async def known_to_alice(house: House, *payees: str) -> None:
    """Have Alice pay each of them once, from a device of hers, and wait until that is over a day ago."""
    for payee in payees:
        await house.hear(ALICE, f"!pay {payee} 1 EUR", PORTAL, proof=HomeserverOnly())
        await house.hear(ALICE, "!yes")
    house.clock.pass_by(timedelta(hours=25))


async def test_a_ghost_receives_in_a_bridged_room_what_a_matrix_person_approves_in_their_direct_message(
    house: House,
) -> None:
    card = await house.hear(ALICE, f"!pay {IRIS} 5 EUR lunch", CHANNEL, proof=HomeserverOnly())
    in_room = await house.hear(ALICE, "!yes", CHANNEL, proof=HomeserverOnly())
    receipt = await house.hear(ALICE, "!yes")

    assert keys(card) == ["pay.card"]
    assert keys(in_room) == ["error.open_room"]
    assert card[0].about is not None
    assert in_room[0].lines == (f"!confirm {card[0].about['code']}",)
    assert keys(receipt)[0] == "pay.waiting"
    assert await house.balance(ALICE) == 9_500


async def test_a_room_without_ghosts_still_has_to_be_encrypted(house: House) -> None:
    said = await house.hear(ALICE, f"!pay {BOB} 5 EUR", PLAIN, proof=HomeserverOnly())

    assert keys(said) == ["error.room_not_encrypted"]


async def test_a_nick_only_receives(house: House) -> None:
    said = await paid(house, IRIS, f"!pay {ALICE} 1 EUR", CHANNEL, VIA_IRC)

    assert keys(said) == ["error.bridge_only_receives"]
    assert "IRC" in words(said)
    assert "!help me" in words(said)


async def test_a_nick_that_is_linked_approves_nothing_and_its_matrix_account_does(house: House) -> None:
    await make_one(house, IRIS, ALICE)
    card = await house.hear(IRIS, f"!pay {BOB} 1 EUR", CHANNEL, proof=VIA_IRC)
    by_nick = await house.hear(IRIS, "!yes", CHANNEL, proof=VIA_IRC)
    by_account = await house.hear(ALICE, card[-1].lines[0])

    assert keys(card) == ASKED_IN_MATRIX
    assert keys(by_nick) == ["error.bridge_only_receives"]
    assert keys(by_account)[0] == "pay.waiting"
    assert await house.balance(ALICE) == 9_900


async def test_an_account_behind_a_bridge_pays_little_to_whom_it_paid_before(house: House) -> None:
    await make_one(house, WANDA, ALICE)
    await known_to_alice(house, BOB)
    stranger = await paid(house, WANDA, f"!pay {WALT} 1 EUR", PORTAL, VIA_WHATSAPP)
    await house.hear(WANDA, "!cancel", PORTAL, proof=VIA_WHATSAPP)
    too_much = await paid(house, WANDA, f"!pay {BOB} 10.01 EUR", PORTAL, VIA_WHATSAPP)
    await house.hear(WANDA, "!cancel", PORTAL, proof=VIA_WHATSAPP)
    receipt = await paid(house, WANDA, f"/pay {BOB} 10 EUR", PORTAL, VIA_WHATSAPP)

    assert keys(stranger) == keys(too_much) == ASKED_IN_MATRIX
    assert keys(receipt)[0] == "pay.waiting"
    assert await house.balance(ALICE) == 8_900


async def test_a_day_of_small_payments_has_an_end_and_the_next_one_begins_anew(house: House) -> None:
    await make_one(house, WANDA, ALICE)
    await known_to_alice(house, BOB)
    for _ in range(3):
        await paid(house, WANDA, f"!pay {BOB} 9 EUR", PORTAL, VIA_WHATSAPP)
        house.clock.pass_by(timedelta(hours=1))
    over = await paid(house, WANDA, f"!pay {BOB} 4 EUR", PORTAL, VIA_WHATSAPP)
    await house.hear(WANDA, "!cancel", PORTAL, proof=VIA_WHATSAPP)
    house.clock.pass_by(timedelta(hours=22))
    next_day = await paid(house, WANDA, f"!pay {BOB} 4 EUR", PORTAL, VIA_WHATSAPP)

    assert keys(over) == ASKED_IN_MATRIX
    assert keys(next_day)[0] == "pay.waiting"


async def test_whoever_is_linked_to_nobody_is_told_at_once_and_not_after_a_card(house: House) -> None:
    place = direct(WANDA)
    house.rooms.known[place] = RoomFacts(place, encrypted=True, direct=True, members={WANDA: None})
    await house.link(WANDA)
    await house.fund(WANDA, 2_000)
    too_much = await house.hear(WANDA, f"!pay {ALICE} 11 EUR", PORTAL, proof=VIA_WHATSAPP)
    stranger = await house.hear(WANDA, f"!pay {ALICE} 1 EUR", PORTAL, proof=VIA_WHATSAPP)

    assert keys(too_much) == ["error.over_the_bridged_each"]
    assert keys(stranger) == ["error.stranger_from_a_bridge"]


async def test_what_was_typed_on_the_other_side_under_ones_own_id_needs_a_link(house: House) -> None:
    await known_to_alice(house, BOB)
    before = await paid(house, ALICE, f"!pay {BOB} 1 EUR", PORTAL, PUPPET)
    await house.hear(ALICE, "!cancel", PORTAL, proof=PUPPET)
    await make_one(house, WANDA, ALICE)
    after = await paid(house, ALICE, f"!pay {BOB} 1 EUR", PORTAL, PUPPET)
    await house.hear(ALICE, f"!pay {BOB} 11 EUR", PORTAL, proof=PUPPET)
    too_much = await house.hear(ALICE, "!yes", PORTAL, proof=PUPPET)

    assert keys(before) == ["error.puppet_not_linked"]
    assert keys(after)[0] == "pay.waiting"
    assert keys(too_much) == ["error.over_the_bridged_each"]


async def test_what_needs_a_proven_device_is_not_done_from_behind_a_bridge(house: House) -> None:
    said = await house.hear(WANDA, "!zone Europe/Berlin", PORTAL, proof=VIA_WHATSAPP)

    assert keys(said) == ["error.not_from_a_bridge"]
    assert "WhatsApp" in words(said)


async def test_nothing_private_is_said_to_a_ghost(house: House) -> None:
    unlinked = await house.hear(WALT, "!balance", PORTAL, proof=VIA_WHATSAPP)
    await make_one(house, WANDA, ALICE)
    linked = await house.hear(WANDA, "!balance", PORTAL, proof=VIA_WHATSAPP)

    assert keys(unlinked) == ["reply.not_over_a_bridge"]
    assert keys(linked) == ["reply.see_direct_message", "balance.told"]
    assert [say.person for say in linked] == [None, ALICE]


async def test_a_slash_is_a_command_of_a_ghost_and_of_nobody_else_in_a_room(house: House) -> None:
    ghost = await house.hear(WANDA, "/help", PORTAL, proof=VIA_WHATSAPP)
    somebody_elses = await house.hear(WANDA, "/shrug", PORTAL, proof=VIA_WHATSAPP)
    matrix = await house.hear(ALICE, "/help", PORTAL, proof=HomeserverOnly())

    assert keys(ghost) == ["help.all"]
    assert somebody_elses == matrix == []


async def test_whoever_takes_a_nick_does_not_freeze_its_person_and_an_account_may(house: House) -> None:
    await make_one(house, IRIS, ALICE)
    by_nick = await house.hear(IRIS, "!freeze", CHANNEL, proof=VIA_IRC)
    still_pays = await paid(house, ALICE, f"!pay {BOB} 1 EUR", DINNER, OWN)
    await make_one(house, WANDA, ALICE)
    by_account = await house.hear(WANDA, "!freeze", PORTAL, proof=VIA_WHATSAPP)

    assert keys(by_nick) == ["error.not_from_a_bridge"]
    assert keys(still_pays)[0] == "pay.waiting"
    assert keys(by_account) == ["freeze.done", "freeze.done"]
    assert [say.person for say in by_account] == [None, ALICE]


async def test_nobody_pays_a_bridges_bot(house: House) -> None:
    said = await house.hear(ALICE, f"!pay {WHATSAPPBOT} 1 EUR", PORTAL, proof=HomeserverOnly())

    assert keys(said) == ["error.payee_blocked"]
