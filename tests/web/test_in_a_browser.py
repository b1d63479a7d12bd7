"""The pages in a real browser: used by keyboard alone, readable by all, asking nobody else for anything."""

from __future__ import annotations

import asyncio
import os
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fakes.house import ALICE, BOB, CAROL, House, keys
from tests.web.axe import axe_source
from tests.web.chromium import DESK, PHONE, needs_chromium
from tests.web.seats import VIOLATIONS, Seat, a_seat
from tests.web.visitors import Phone, card_link, page_of, with_factor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from paybridge.services.says import Say

pytestmark = needs_chromium


def keep(file: Path, picture: bytes) -> None:
    file.write_bytes(picture)


async def begun_by(house: House, mxid: str) -> Say:
    """The message with the key of a new factor."""
    return next(say for say in await house.hear(mxid, "!mfa on") if say.key == "mfa.begun")


@pytest.fixture
async def seat(tmp_path: Path) -> AsyncIterator[Seat]:
    async with a_seat(tmp_path) as seat:
        yield seat


async def test_a_payment_is_approved_by_keyboard_alone_and_nobody_else_is_asked(seat: Seat) -> None:
    house, tab = seat.house, seat.tab
    phone = await with_factor(house)
    await tab.open(await card_link(house))
    shown = await tab.shows()
    walked = []
    for _ in range(3):
        await tab.press("Tab")
        walked.append(await tab.focused())
    await tab.js("document.getElementById('digits').focus()")
    await tab.types("12345")
    await tab.press("Enter")
    stopped = await tab.js("document.querySelector('input:invalid').id")
    await tab.js("document.getElementById('digits').value = ''")
    await tab.types("000000")
    await tab.sends()
    wrong, back = await tab.shows(), await tab.focused()
    await tab.types(phone.shows_next())
    await tab.sends()
    done = await tab.shows()
    await house.carry()

    assert "40.00 EUR" in shown
    assert BOB in shown
    assert walked == ["digits", "approve", "decline"]
    assert stopped == "digits"
    assert "These digits are not right" in wrong
    assert back == "digits"
    assert "Approved" in done
    assert await house.balance(BOB) == 4000
    assert {url.removeprefix(seat.url).split("/")[1] for url in tab.asked} == {"approve", "static"}
    # The browser itself tells of every answer that is an error.
    assert [line for line in tab.console if "422" not in line] == []


async def test_a_second_factor_is_set_up_in_the_browser(seat: Seat) -> None:
    house, tab = seat.house, seat.tab
    begun = await begun_by(house, ALICE)
    phone = Phone(house, str(begun.facts["link"]))
    await tab.open(page_of(begun))
    named = await tab.js("document.querySelector('[role=img]').getAttribute('aria-label')")
    await tab.js("document.getElementById('digits').focus()")
    await tab.types(phone.shows_next())
    await tab.sends()
    done = await tab.shows()
    await tab.open(page_of(begun))

    assert "QR code" in named
    assert "Recovery codes" in done
    assert "This link does not work any more" in await tab.shows()
    assert keys(await house.hear(ALICE, f"!mfa test {phone.shows_next()}"))[-1:] == ["mfa.works"]


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_every_page_is_readable_on_phone_and_desk_in_light_and_dark_and_by_everybody(
    seat: Seat, language: str
) -> None:
    house, tab = seat.house, seat.tab
    await house.hear(ALICE, f"!lang {language}")
    await house.hear(CAROL, f"!lang {language}")
    phone = await with_factor(house)
    kept = os.environ.get("PICTURES")
    source = await asyncio.to_thread(axe_source)
    found: list[str] = []

    async def look(name: str) -> None:
        for size, dark in product((PHONE, DESK), (False, True)):
            await tab.looks(size, dark=dark)
            await tab.js(source)
            found.extend(f"{name} {size} {dark}: {one}" for one in await tab.js(VIOLATIONS))
            if await tab.js("document.documentElement.scrollWidth > innerWidth"):
                found.append(f"{name} is wider than {size}")
            if kept:
                shade, wide = "dark" if dark else "light", "phone" if size == PHONE else "desk"
                keep(Path(kept) / f"{language}-{name}-{wide}-{shade}.png", await tab.picture())

    async def send(digits: str) -> None:
        await tab.js("document.getElementById('digits').focus()")
        await tab.types(digits)
        await tab.sends()

    await tab.open(await card_link(house, f"!pay 3x40 EUR {BOB} {'a long note ' * 8}"))
    await look("approve")
    await send("000000")
    await look("wrong")
    await send(phone.shows_next())
    await look("approved")
    await tab.open(str((await house.hear(CAROL, "!link page"))[-1].facts["link"]))
    await look("link")
    await tab.js("document.getElementById('number').focus()")
    await tab.types("hello")
    await tab.sends()
    await look("link-wrong")
    await tab.types("bank DE02120300000000202051")
    await tab.sends()
    await look("link-begun")
    begun = await begun_by(house, CAROL)
    await tab.open(page_of(begun))
    await look("enrol")
    await send(Phone(house, str(begun.facts["link"])).shows_next())
    await look("enrolled")
    await tab.open(page_of(begun))
    await look("gone")

    assert found == []
