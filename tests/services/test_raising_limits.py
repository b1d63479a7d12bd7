"""Whoever is better known may send more: by the name that a bank confirms, then by a document."""

from __future__ import annotations

import pytest

from paybridge.domain.proof import HomeserverOnly
from paybridge.domain.region import Level
from tests.fakes.house import ALICE, House, direct, keys, words
from tests.services.town import NUMBERS, OpenTown

HOLDS_ANOTHER_NAME = "DE46370400440532019012"
CLOSE_TO_ANOTHER = "DE19370400440532019013"
BANK_SAYS_NOTHING = "DE89370400440532019014"


async def level(house: House) -> Level:
    return (await house.desk.standings.of((await house.desk.people.know(ALICE)).person.id)).level


async def test_a_name_that_the_bank_confirms_raises_limits_and_a_document_raises_them_again(
    open_town: OpenTown,
) -> None:
    town = await open_town("EUR")
    house = town.house
    await town.link(ALICE, f"{NUMBERS['EUR']} name Anna Schmidt")
    assert await level(house) is Level.UNCHECKED
    named = await house.hear(ALICE, "!limits raise")
    assert keys(named) == ["limits.raised.named"]
    assert await level(house) is Level.NAMED
    assert "Your name was confirmed" in words(await house.hear(ALICE, "!limits"))
    checked = await house.hear(ALICE, "!limits raise sandbox-pass")

    assert keys(checked) == ["limits.raised.checked"]
    assert await level(house) is Level.CHECKED
    assert "Your document was checked." in words(await house.hear(ALICE, "!限额"))
    assert keys(await house.hear(ALICE, "!limits raise")) == ["error.known_best"]


@pytest.mark.parametrize("number", [HOLDS_ANOTHER_NAME, CLOSE_TO_ANOTHER, BANK_SAYS_NOTHING])
async def test_a_name_that_no_bank_confirms_raises_nothing(open_town: OpenTown, number: str) -> None:
    town = await open_town("EUR")
    await town.link(ALICE, f"{number} name Anna")
    said = await town.house.hear(ALICE, "!limits raise")

    assert keys(said) == ["error.name_not_confirmed"]
    assert "name Anna Schmidt" in words(said)
    assert await level(town.house) is Level.UNCHECKED


async def test_an_account_that_is_not_proven_yet_confirms_no_name(open_town: OpenTown) -> None:
    town = await open_town("EUR")
    await town.house.hear(ALICE, f"!link {NUMBERS['EUR']} name Anna Schmidt")
    said = await town.house.hear(ALICE, "!limits raise")

    assert keys(said) == ["error.name_not_confirmed"]


async def test_an_account_that_was_removed_confirms_no_name(open_town: OpenTown) -> None:
    town = await open_town("EUR")
    await town.link(ALICE, f"{NUMBERS['EUR']} name Anna Schmidt")
    await town.house.hear(ALICE, "!accounts remove 1")

    assert keys(await town.house.hear(ALICE, "!limits raise")) == ["error.name_not_confirmed"]


@pytest.mark.parametrize("document", ["", " SANDBOX-FAIL", " C01X00T47", " SANDBOX-PASS2"])
async def test_any_other_document_is_refused_and_no_real_one_is_asked_for(
    open_town: OpenTown, document: str
) -> None:
    town = await open_town("EUR")
    await town.link(ALICE, f"{NUMBERS['EUR']} name Anna Schmidt")
    await town.house.hear(ALICE, "!limits raise")
    said = await town.house.hear(ALICE, f"!limits raise{document}")

    assert keys(said) == ["error.document_refused"]
    assert "never send me a real one" in words(said)
    assert await level(town.house) is Level.NAMED


async def test_a_document_is_of_no_use_before_the_name_is_confirmed(house: House) -> None:
    await house.link(ALICE)
    said = await house.hear(ALICE, "!limits raise SANDBOX-PASS")

    assert keys(said) == ["error.name_not_confirmed"]
    assert await level(house) is Level.UNCHECKED


async def test_nobody_raises_limits_from_a_device_that_is_not_proven_or_while_frozen(
    open_town: OpenTown,
) -> None:
    town = await open_town("EUR")
    house = town.house
    await town.link(ALICE, f"{NUMBERS['EUR']} name Anna Schmidt")
    unproven = await house.hear(ALICE, "!limits raise", proof=HomeserverOnly())
    await house.hear(ALICE, "!freeze", direct(ALICE))
    frozen = await house.hear(ALICE, "!limits raise")

    assert keys(unproven) == ["error.device_not_proven"]
    assert keys(frozen) == ["error.frozen"]
    assert await level(house) is Level.UNCHECKED


async def test_another_word_behind_limits_is_refused_with_what_there_is(house: House) -> None:
    said = await house.hear(ALICE, "!limits lower", direct(ALICE))

    assert keys(said) == ["error.what_about_limits"]
    assert words(said).endswith("!limits\n!limits raise")
