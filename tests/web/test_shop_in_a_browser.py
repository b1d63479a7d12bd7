"""A shop's pages in a real browser: opened by a passkey, used by keyboard alone, readable by everybody."""

from __future__ import annotations

import os
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fakes.house import BOB, CAROL, House, words
from tests.web.chromium import DESK, PHONE, needs_chromium
from tests.web.seats import Seat, a_seat, violations
from tests.web.test_passkeys_in_a_browser import FAILED, PRESSED
from tests.web.test_shop_pages import bought, opened
from tests.web.visitors import enrolled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = needs_chromium


@pytest.fixture
async def seat(tmp_path: Path) -> AsyncIterator[Seat]:
    async with a_seat(tmp_path) as seat:
        yield seat


async def link_of(house: House) -> str:
    said = (await house.hear(CAROL, "!shop page"))[-1]
    assert said.key == "shop.page", words([said])
    return str(said.facts["link"])


async def press_through(seat: Seat, page: str) -> None:
    """Walk to the link of another page by the keyboard alone, and follow it."""
    walk = "document.activeElement.getAttribute('href')"
    for _ in range(10):
        await seat.tab.press("Tab")
        if await seat.tab.js(walk) == page:
            return await seat.tab.sends()
    raise AssertionError(f"nobody gets to {page} by keyboard")


async def look(seat: Seat, name: str) -> list[str]:
    """What is wrong with the page on phone and desk, light and dark; pictures are kept where asked for."""
    found: list[str] = []
    folder = os.environ.get("PICTURES")
    for size, dark in product((PHONE, DESK), (False, True)):
        await seat.tab.looks(size, dark=dark)
        found += [f"{name} {size} {dark}: {one}" for one in await violations(seat.tab)]
        if await seat.tab.js("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{name} is wider than {size}")
        if folder:
            shade, wide = "dark" if dark else "light", "phone" if size == PHONE else "desk"
            (Path(folder) / f"{name}-{wide}-{shade}.png").write_bytes(await seat.tab.picture())
    return found


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_every_page_of_a_shop_is_readable_and_opened_by_keyboard_alone(
    seat: Seat, language: str
) -> None:
    house, tab = seat.house, seat.tab
    await opened(house)
    await house.hear(CAROL, f"!lang {language}")
    back = await bought(house, "2 cake")
    house.clock.pass_by(timedelta(days=4))
    await bought(house, "3 latte, 4 cake")
    await house.hear(CAROL, f"!refund {back}")
    await house.hear(CAROL, "!yes")
    house.clock.pass_by(timedelta(days=9))
    for what in ("2 latte, 1 cake", "1 cake", "3 latte"):
        await bought(house, what)
    found: list[str] = []

    await tab.open(await link_of(house))
    found += await look(seat, f"{language}-shop-door")
    await tab.js("document.querySelector('button.yes').focus()")
    await tab.sends()
    today = await tab.shows()
    found += await look(seat, f"{language}-shop-today")
    await press_through(seat, "month")
    month = await tab.shows()
    found += await look(seat, f"{language}-shop-month")
    await press_through(seat, "orders")
    found += await look(seat, f"{language}-shop-orders")
    await tab.js("document.querySelector('nav button').focus()")
    await tab.sends()
    left = await look(seat, f"{language}-shop-left")
    await tab.open(f"{seat.url}/shop/today")
    over = await look(seat, f"{language}-shop-over")
    cookies = await tab.js("document.cookie")

    assert found + left + over == []
    assert "Corner Café" in today
    assert "25.00 EUR" in today
    assert BOB in today
    assert cookies == ""
    assert {url.removeprefix(seat.url).split("/")[1] for url in tab.asked} == {"shop", "static"}
    assert "7" in month
    # The browser itself tells of every answer that is an error.
    assert [line for line in tab.console if "403" not in line] == []


async def test_a_passkey_opens_the_pages_and_its_door_is_readable_by_everybody(seat: Seat) -> None:
    house, tab = seat.house, seat.tab
    await opened(house)
    phone = await enrolled(house, CAROL)
    await tab.call("WebAuthn.enable")
    device = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = await tab.call("WebAuthn.addVirtualAuthenticator", options=device)
    said = (await house.hear(CAROL, f"!mfa passkey {phone.shows_next()}"))[-1]
    await tab.open(str(said.facts["link"]))
    await tab.js("document.getElementById('name').focus()")
    await tab.types("till")
    await tab.expects_a_page(PRESSED)

    await tab.open(await link_of(house))
    found = await look(seat, "en-shop-door-passkey")
    verified = {"authenticatorId": made["authenticatorId"], "isUserVerified": False}
    await tab.call("WebAuthn.setUserVerified", **verified)
    await tab.js(PRESSED)
    failed = await tab.js(FAILED)
    await tab.call("WebAuthn.setUserVerified", **(verified | {"isUserVerified": True}))
    await tab.js("document.querySelector('button[data-passkey]').focus()")
    await tab.sends()
    today = await tab.shows()

    assert found == []
    assert "Your passkey did not answer" in failed
    assert "Corner Café" in today
    assert "This visit ends" not in today
    assert await tab.js("location.pathname") == "/shop/today"
