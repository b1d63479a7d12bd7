"""The public pages in a real browser: they follow what happens in the chat, and everybody can use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.house import BOB, CAROL, DINNER
from tests.services.test_orders import opened
from tests.web.chromium import needs_chromium
from tests.web.seats import Seat, a_seat
from tests.web.test_shop_in_a_browser import look
from tests.web.visitors import checkout_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = needs_chromium
SAYS = """
new Promise(done => {
    const said = () => document.querySelector("[role=status]").textContent;
    const there = () => said() === WANTED && done(said());
    new MutationObserver(there).observe(document.body, {subtree: true, childList: true, characterData: true});
    there();
})
"""
FOLLOWS = """
new Promise(done => {
    const live = document.querySelector("[data-live]");
    const there = () => live.hidden || done(document.querySelector("[data-again]").hidden);
    new MutationObserver(there).observe(live, {attributes: true});
    there();
})
"""
LARGE_LINES = (
    '"2x Latte with oat milk, cinnamon and a very long name 3.20; Cake 4.50 19%" tax 7% discount 10%'
)


@pytest.fixture
async def seat(tmp_path: Path) -> AsyncIterator[Seat]:
    async with a_seat(tmp_path) as seat:
        yield seat


async def invoice_of(seat: Seat, words: str = '"2x Latte 3.20; Cake 4.50" tax 7%') -> tuple[str, str]:
    """An invoice for Bob: its payment id, and the address of its page."""
    (issued, *_) = await seat.house.hear(CAROL, f"!invoice {BOB} {words}", DINNER)
    return str(issued.facts["payment"]), checkout_of(issued)


async def says(seat: Seat, wanted: str) -> str:
    """Wait until the page says where the invoice stands now."""
    return str(await seat.tab.js(SAYS.replace("WANTED", repr(wanted))))


async def test_an_open_page_follows_a_payment_in_the_chat_without_being_loaded_again(seat: Seat) -> None:
    house, tab = seat.house, seat.tab
    await opened(house)
    payment, url = await invoice_of(seat)
    await tab.open(url)
    before = await tab.shows()
    again_is_hidden = await tab.js(FOLLOWS)
    await tab.js("window.stayed = true")
    await house.hear(BOB, f"!accept {payment}")
    paying = await says(seat, "Is being paid")
    await house.hear(BOB, "!yes")
    paid = await says(seat, "✓ Paid")
    after = await tab.shows()

    assert f"!accept {payment}" in before
    assert again_is_hidden
    assert (paying, paid) == ("Is being paid", "✓ Paid")
    assert f"!accept {payment}" not in after
    assert "10.90 EUR" in after
    assert await tab.js("window.stayed")
    assert await house.balance(CAROL) == 10_90
    assert {request.removeprefix(seat.url).split("/")[1] for request in tab.asked} == {"pay", "static"}
    assert tab.console == []


async def test_the_page_of_an_item_is_walked_by_keyboard_and_says_when_it_is_sold_out(seat: Seat) -> None:
    house, tab = seat.house, seat.tab
    await opened(house)
    picture = (await house.hear(CAROL, '!item qr "Cake"'))[0]
    await tab.open(str(picture.qr))
    line = await tab.js("document.getElementById('typed').textContent")
    walked = []
    for _ in range(2):
        await tab.press("Tab")
        walked.append(await tab.focused())
    await house.hear(BOB, f"{line} x2")
    await house.hear(BOB, "!yes")
    out = await says(seat, "Sold out")

    assert line == f"!buy {str(picture.qr).rpartition('/')[2]}"
    assert walked == ["A", "BUTTON"]
    assert out == "Sold out"
    assert tab.console == []


async def test_without_scripts_everything_is_there_with_a_link_to_look_again(seat: Seat) -> None:
    house, tab = seat.house, seat.tab
    await opened(house)
    payment, url = await invoice_of(seat)
    await tab.call("Emulation.setScriptExecutionDisabled", value=True)
    await tab.open(url)
    before = await tab.shows()
    await house.hear(BOB, f"!accept {payment}")
    await house.hear(BOB, "!yes")
    await tab.expects_a_page("document.querySelector('[data-again] a').click()")

    assert f"!accept {payment}" in before
    assert "Look again" in before
    assert "Copy the line" not in before
    assert "✓ Paid" in await tab.shows()


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_pages_are_readable_on_phone_and_desk_in_light_and_dark(seat: Seat, language: str) -> None:
    house, tab = seat.house, seat.tab
    await opened(house)
    await tab.call("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})
    item = (await house.hear(CAROL, '!item qr "Latte"'))[0]
    payment, url = await invoice_of(seat, LARGE_LINES)
    found: list[str] = []
    await tab.open(str(item.qr))
    found += await look(seat, f"{language}-checkout-item")
    await tab.open(url)
    found += await look(seat, f"{language}-checkout-invoice")
    await house.hear(BOB, f"!accept {payment}")
    await tab.open(url)
    found += await look(seat, f"{language}-checkout-paying")
    await house.hear(BOB, "!yes")
    await tab.open(url)
    found += await look(seat, f"{language}-checkout-paid")
    await tab.open(f"{seat.url}/buy/{'0' * 32}")
    found += await look(seat, f"{language}-checkout-none")

    assert found == []
