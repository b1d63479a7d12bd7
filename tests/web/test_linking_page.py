"""The page on which an account is linked: one account, for the one person whose link it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paybridge.domain.people import LinkState
from tests.fakes.database import ask_raw
from tests.fakes.house import ALICE, BOB, House, keys, open_house, words
from tests.web.visitors import PUBLIC, Browser, enrolled

if TYPE_CHECKING:
    from pathlib import Path

    from paybridge.domain.people import Link

IBAN = "bank DE89 3704 0044 0532 0130 00"
VISA = "4111 1111 1111 1111"


async def a_link(house: House, mxid: str = ALICE) -> str:
    """The path of a new link to the page."""
    told = (await house.hear(mxid, "!link page"))[-1]
    assert str(told.facts["link"]).startswith(f"{PUBLIC}/link/")
    return str(told.facts["link"]).removeprefix(PUBLIC)


async def links(house: House, mxid: str = ALICE) -> list[Link]:
    known = await house.desk.people.know(mxid)
    return list(await house.book.links(known.person.id))


async def test_an_account_is_linked_on_its_page_and_proven_in_the_direct_message(
    house: House, browser: Browser
) -> None:
    path = await a_link(house)
    page = await browser.open(path)
    done = await browser.fill_in(path, number=IBAN, holder="Alice Example")
    (said,) = await house.said()
    (link,) = await links(house)

    assert "Link an account" in page.words
    assert "Almost linked" in done.words
    assert "3000" in done.words
    assert (keys([said]), said.person, said.room) == (["link.begun"], ALICE, None)
    assert (link.state, link.is_default, link.holder is not None) == (LinkState.PENDING, True, True)
    assert keys(await house.hear(ALICE, "!link verify 1234")) == ["link.verified"]
    assert await links(house, BOB) == []


async def test_a_link_is_good_for_one_account(house: House, browser: Browser) -> None:
    path = await a_link(house)
    await browser.fill_in(path, number=IBAN)
    again = await browser.open(path)
    proof = (await browser.open(other := await a_link(house))).proof
    stolen = await browser.send(path, {"proof": proof, "number": "bank DE02120300000000202051"})

    assert (again.status, stolen.status) == (410, 403)
    assert len(await links(house)) == 1
    assert (await browser.open(other)).status == 200


async def test_whoever_has_a_second_factor_gives_its_digits(house: House, browser: Browser) -> None:
    phone = await enrolled(house, ALICE)
    path = await a_link(house)
    page = await browser.open(path)
    without = await browser.fill_in(path, number=IBAN)
    wrong = await browser.fill_in(path, number=IBAN, digits="000000")
    before = await links(house)
    done = await browser.fill_in(path, number=IBAN, digits=phone.shows_next())

    assert 'name="digits"' in page.html
    assert (without.status, wrong.status, done.status) == (422, 422, 200)
    assert before == []
    assert len(await links(house)) == 1


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("hello", "know what to link"),
        ("", "know what to link"),
        ("bank", "see the account"),
        (VISA, "looks like a card number"),
    ],
)
async def test_what_is_no_account_is_refused_in_words_and_changes_nothing(
    house: House, browser: Browser, typed: str, why: str
) -> None:
    path = await a_link(house)
    refused = await browser.fill_in(path, number=typed)
    kept = repr(await ask_raw(house.database, "SELECT * FROM one_time_link"))

    assert refused.status == 409
    assert why in refused.words
    assert VISA not in refused.html + kept
    assert await links(house) == []
    assert (await browser.fill_in(path, number=IBAN)).status == 200


async def test_nothing_is_linked_for_whoever_has_frozen(house: House, browser: Browser) -> None:
    path = await a_link(house)
    await house.hear(ALICE, "!freeze")
    refused = await browser.fill_in(path, number=IBAN)

    assert refused.status == 409
    assert "frozen since" in refused.words
    assert await links(house) == []


async def test_without_pages_it_is_said_what_to_type_instead(tmp_path: Path) -> None:
    house = await open_house(tmp_path)
    said = await house.hear(ALICE, "!link page")
    await house.database.close()

    assert keys(said) == ["error.no_pages"]
    assert "!link bank DE89" in words(said)
