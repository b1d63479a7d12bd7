"""Names that people give each other for themselves: sealed, found, never mistaken, and first of all names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paybridge.domain.proof import HomeserverOnly
from paybridge.domain.spoken import Pill
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, House, keys, words

if TYPE_CHECKING:
    from pathlib import Path


async def add(house: House, line: str = f"mum {BOB}") -> list[str]:
    return keys(await house.hear(ALICE, f"!contact add {line}"))


async def paid(house: House, line: str) -> str | None:
    """Who the card is for, if there is one."""
    said = await house.hear(ALICE, line, DINNER)
    return str(said[-1].about["payee"]) if said[-1].about else None


async def test_a_contact_is_paid_by_its_name(house: House) -> None:
    await house.link(ALICE)

    assert await add(house) == ["contact.added"]
    assert await paid(house, "!pay mum 5 EUR") == BOB
    assert await paid(house, "!pay 5 EUR Mum for cake") == BOB
    assert await paid(house, "!pay 5 EUR to MUM") == BOB


async def test_a_contact_counts_before_a_name_that_somebody_gave_themselves(house: House) -> None:
    await house.link(ALICE)
    await add(house, f"Carol {BOB}")

    assert await paid(house, "!pay Carol 5 EUR") == BOB
    assert await paid(house, f"!pay {CAROL} 5 EUR") == CAROL


async def test_a_contact_is_its_owners_alone(house: House) -> None:
    await add(house)

    assert keys(await house.hear(CAROL, "!pay mum 5 EUR", DINNER)) == ["error.unknown_payee"]
    assert keys(await house.hear(CAROL, "!contact list")) == ["contact.none"]


async def test_contacts_are_told_in_the_direct_message_alone(house: House) -> None:
    pointer, answer = await house.hear(ALICE, f"!contact add mum {BOB}", DINNER)

    assert (pointer.key, pointer.room) == ("reply.see_direct_message", DINNER)
    assert (answer.key, answer.person, answer.room) == ("contact.added", ALICE, None)


async def test_a_contact_may_be_a_mention_or_the_author_of_a_message(house: House) -> None:
    mention = await house.hear(ALICE, "!contact add mum Bob", DINNER, pills=(Pill(BOB, "Bob"),))
    reply = await house.hear(ALICE, "!contact add sister", DINNER, reply_author=CAROL)

    assert (mention[-1].facts["who"], reply[-1].facts["who"]) == (BOB, CAROL)


async def test_contacts_are_listed_renamed_and_removed(house: House) -> None:
    await add(house)
    await add(house, f"Zoe {CAROL}")

    assert words(await house.hear(ALICE, "!contact list")) == f"Your contacts:\nmum: {BOB}\nZoe: {CAROL}"
    assert keys(await house.hear(ALICE, "!contact rename MUM to dear mother")) == ["contact.renamed"]
    assert keys(await house.hear(ALICE, "!contact remove Zoe")) == ["contact.removed"]
    assert words(await house.hear(ALICE, "!contacts")) == f"Your contacts:\ndear mother: {BOB}"
    assert await add(house, f"Zoe {BOB}") == ["contact.added"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (f"mum {CAROL}", "error.contact_taken"),
        (f"MUM {CAROL}", "error.contact_taken"),
        (f"m\u03c5m {CAROL}", "error.unfit_contact_name"),
        (f"five\u200b {CAROL}", "error.unfit_contact_name"),
        (f"5 {CAROL}", "error.unfit_contact_name"),
        (f"12x3 {CAROL}", "error.unfit_contact_name"),
        (f"EUR {CAROL}", "error.unfit_contact_name"),
        (f"me {CAROL}", "error.unfit_contact_name"),
        (f"my to do {CAROL}", "error.unfit_contact_name"),
        (f"one two three four {CAROL}", "error.unfit_contact_name"),
        (f"{'x' * 31} {CAROL}", "error.unfit_contact_name"),
        (CAROL, "error.unfit_contact_name"),
        ("dad", "error.payee_missing"),
        (f"dad {BOB} {CAROL}", "error.payee_missing"),
        ("dad @nobody", "error.unknown_payee"),
    ],
)
async def test_a_name_that_could_be_mistaken_is_refused(house: House, line: str, why: str) -> None:
    await add(house)

    assert await add(house, line) == [why]
    assert keys(await house.hear(ALICE, "!contact list")) == ["contact.list"]


async def test_a_name_that_looks_like_another_contact_is_refused(house: House) -> None:
    await add(house, f"Olivia {BOB}")

    assert await add(house, f"0livia {CAROL}") == ["error.unfit_contact_name"]
    assert await add(house, f"OIivia {CAROL}") == ["error.contact_alike"]
    assert await add(house, f"Olivia. {CAROL}") == ["error.contact_alike"]


@pytest.mark.parametrize(
    "line", ["remove dad", "rename dad to papa", "rename mum", "rename to mum", "sell mum"]
)
async def test_what_cannot_be_done_is_refused_with_a_line_to_copy(house: House, line: str) -> None:
    await add(house)
    (said,) = await house.hear(ALICE, f"!contact {line}")

    assert said.key.startswith("error.")
    assert said.lines


async def test_a_contact_takes_a_session_that_is_proven(house: House) -> None:
    said = await house.hear(ALICE, f"!contact add mum {BOB}", proof=HomeserverOnly())

    assert keys(said) == ["error.device_not_proven"]


async def test_the_database_holds_neither_name_nor_id_in_clear(house: House, tmp_path: Path) -> None:
    await add(house, f"Grandmother {BOB}")
    await house.hear(ALICE, "!contact remove grandmother")
    await add(house, f"Grandmother {BOB}")
    person = await house.book.person_of(ALICE)
    assert person is not None
    (kept,) = await house.book.contacts(person.id)

    assert kept.sealed is not None
    assert b"rand" not in kept.sealed + kept.name_hash
    assert b"bob" not in kept.sealed
    assert b"Grandmother" not in (tmp_path / "paybridge.db").read_bytes()


async def test_a_contact_takes_part_in_a_split(house: House) -> None:
    await add(house)
    said = await house.hear(ALICE, "!split 10 EUR mum Carol", DINNER)

    assert not said[-1].key.startswith("error.")
    assert BOB in words(said)
