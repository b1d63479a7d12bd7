"""The public pages of invoices and items: what strangers see there, and that it follows what happens."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import aiohttp
import pytest

from paybridge.app.pages import visiting
from paybridge.services.ports import BookUnavailableError
from paybridge.web import checkout as pages
from paybridge.web import serve_web
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, TEXTS, House, QuietBell, keys
from tests.services.test_orders import opened
from tests.web.desk import Desk, no_metrics
from tests.web.visitors import HOST, PUBLIC, Browser, checkout_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


async def invoiced(house: House, words: str = '"2x Latte 3.20; Cake 4.50" tax 7% parts ok expires 2h') -> str:
    """The path of the page of an invoice for Bob."""
    (issued, *_) = await house.hear(CAROL, f"!invoice {BOB} {words}", DINNER)
    return checkout_of(issued).removeprefix(PUBLIC)


async def for_sale(house: House, name: str = "Latte") -> str:
    """The path of the page of an item."""
    told = (await house.hear(CAROL, f'!item qr "{name}"'))[-1]
    return str(told.facts["checkout"]).removeprefix(PUBLIC)


async def test_an_invoice_is_shown_to_everybody_without_any_person_on_it(
    house: House, browser: Browser
) -> None:
    await opened(house)
    path = await invoiced(house)
    page = await browser.open(path)
    payment = path.removeprefix("/pay/").partition(".")[0]

    assert page.status == 200
    for words in ("Corner Café", "10.90 EUR", "Latte", "Cake", "To be paid", f"!accept {payment}"):
        assert words in page.words
    assert "With 7 % tax in it" in page.words
    assert "<svg" in page.html
    assert "https://matrix.to/#/@paybridge:hs" in page.html
    for person in (BOB, CAROL, "Bob", "Carol", "Main Street"):
        assert person not in page.html
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"


async def test_the_page_of_an_invoice_says_each_state(house: House, browser: Browser) -> None:
    await opened(house)
    path, other, late = await invoiced(house), await invoiced(house), await invoiced(house)
    payment = path.removeprefix("/pay/").partition(".")[0]
    await house.hear(BOB, f"!accept {payment} 4 EUR")
    paying = await browser.open(path)
    await house.hear(BOB, "!yes")
    await house.carry()
    part = await browser.open(path)
    await house.hear(BOB, f"!accept {payment}")
    await house.hear(BOB, "!yes")
    await house.carry()
    paid = await browser.open(path)
    await house.hear(BOB, f"!decline {other.removeprefix('/pay/').partition('.')[0]}")
    declined = await browser.open(other)
    house.clock.pass_by(timedelta(hours=2))
    over = await browser.open(late)

    assert "Is being paid" in paying.words
    assert "!accept" not in paying.words
    assert "Paid in part" in part.words
    assert "Still to be paid 6.90 EUR" in part.words
    assert "✓ Paid" in paid.words
    assert "10.90 EUR" in paid.words
    assert "Declined" in declined.words
    assert "Not paid in time" in over.words
    for ended in (paid, declined, over):
        assert "!accept" not in ended.words
        assert "<svg" not in ended.html


async def test_an_item_is_shown_with_the_line_that_buys_it(house: House, browser: Browser) -> None:
    await opened(house)
    path = await for_sale(house)
    page = await browser.open(path)
    await house.hear(BOB, f"!buy {path.removeprefix('/buy/')}")
    await house.hear(CAROL, '!item price "Latte" 3.50 EUR')
    dearer = await browser.open(path)
    await house.hear(CAROL, '!item stock "Latte" 0')
    out = await browser.open(path)
    await house.hear(CAROL, "!shop close")
    shut = await browser.open(path)

    assert "For sale" in page.words
    assert "3.20 EUR" in page.words
    assert f"!buy {path.removeprefix('/buy/')}" in page.words
    assert "3.50 EUR" in dearer.words
    assert "Sold out" in out.words
    assert "Not sold any more" in shut.words
    assert "!buy" not in out.words + shut.words
    for person in (CAROL, "Carol", "40"):
        assert person not in page.words


async def test_what_is_guessed_leads_nowhere(house: House, browser: Browser) -> None:
    await opened(house)
    path = await invoiced(house)
    payment, _, seal = path.removeprefix("/pay/").partition(".")
    (asked, *_) = await house.hear(CAROL, f"!request {BOB} 5 EUR", DINNER)
    wrong = [
        f"/pay/{payment}",
        f"/pay/{payment}.{'0' * 32}",
        f"/pay/{asked.facts['payment']}.{seal}",
        f"/pay/{payment}.{seal}/events".replace(seal, seal[::-1]),
        f"/buy/{payment}.{seal}",
        f"/buy/{'0' * 32}",
        f"/buy/{'0' * 32}/events",
        "/buy/latte",
    ]
    for other in wrong:
        answer = await browser.open(other)

        assert answer.status == 404, other
        assert "Corner" not in answer.html
    assert (await browser.open(path, "HEAD")).status == 200
    assert (await browser.open(path, "POST")).status == 405
    assert (await browser.open(path, Host="evil.example")).status == 421


async def test_a_page_speaks_the_language_of_the_browser(house: House, browser: Browser) -> None:
    await opened(house)
    page = await browser.open(await invoiced(house), **{"Accept-Language": "zh-CN,zh;q=0.9"})
    none = await browser.open(f"/buy/{'0' * 32}", **{"Accept-Language": "zh"})

    assert "待付款" in page.words
    assert "这里什么也没有" in none.words


async def test_one_who_had_themselves_erased_has_no_pages(house: House, browser: Browser) -> None:
    await opened(house)
    path, item = await invoiced(house), await for_sale(house)
    done = await house.hear(CAROL, "!forget-me for-ever")

    assert keys(done)[0] == "forget.done"
    assert (await browser.open(path)).status == 404
    assert (await browser.open(item)).status == 404


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "LOOKED_AT_EACH", 0.01)


async def events(answer: aiohttp.ClientResponse) -> AsyncIterator[str]:
    """What a stream tells, without its comments."""
    async for line in answer.content:
        if line.startswith(b"data: "):
            yield line.decode().removeprefix("data: ").strip()


@pytest.mark.usefixtures("hurried")
async def test_a_stream_tells_of_each_change_and_of_none_that_the_page_has(
    house: House, browser: Browser
) -> None:
    await opened(house)
    path = await invoiced(house)
    payment = path.removeprefix("/pay/").partition(".")[0]
    told = []
    async with (
        asyncio.timeout(60),
        browser.session.get(f"{path}/events?seen=open.0", headers={"Host": HOST}) as answer,
    ):
        kind = answer.headers["Content-Type"]
        stream = events(answer)
        await house.hear(BOB, f"!accept {payment}")
        told.append(await anext(stream))
        await house.hear(BOB, "!yes")
        told.append(await anext(stream))
    late = await browser.session.get(f"{path}/events?seen=open.0", headers={"Host": HOST})
    at_once = await anext(events(late))
    late.close()

    assert kind == "text/event-stream; charset=utf-8"
    assert told == ["paying.0", "paid.1090"]
    assert at_once == "paid.1090"


async def follows(house: House, browser: Browser, path: str) -> bool:
    """Ask for the page's stream until there is one, at a pace that the gate lets through."""
    while True:
        house.clock.pass_by(timedelta(seconds=1))
        async with browser.session.get(f"{path}/events", headers={"Host": HOST}) as answer:
            if answer.status == 200:
                return True


@pytest.mark.usefixtures("hurried")
async def test_no_more_streams_than_can_be_served(
    house: House, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST_STREAMS", 1)
    await opened(house)
    path = await for_sale(house)
    first = await browser.session.get(f"{path}/events", headers={"Host": HOST})
    second = await browser.open(f"{path}/events")
    page = await browser.open(path)
    first.close()
    async with asyncio.timeout(60):
        freed = await follows(house, browser, path)

    assert (first.status, second.status, page.status) == (200, 503, 200)
    assert freed


async def test_a_book_that_is_away_is_said(
    house: House, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opened(house)
    path = await for_sale(house)

    async def away(_: str) -> None:
        raise BookUnavailableError

    monkeypatch.setattr(house.desk.book, "item", away)

    assert (await browser.open(path)).status == 503
    assert (await browser.open(f"{path}/events")).status == 503
    assert ALICE not in (await browser.open(path)).html


async def test_a_server_that_stops_does_not_wait_for_the_pages_that_follow(house: House) -> None:
    server = await serve_web(
        "127.0.0.1",
        0,
        version="1.2.3",
        parts={},
        take_webhook=Desk().take,
        metrics=no_metrics(),
        visiting=visiting(house.desk, QuietBell(), TEXTS, lambda: house.clock.now().timestamp()),
    )
    await opened(house)
    path = await for_sale(house)
    async with aiohttp.ClientSession(server.url) as session:
        answer = await session.get(f"{path}/events", headers={"Host": HOST})
        first = await anext(events(answer))
        async with asyncio.timeout(60):
            await server.close()
            with suppress(aiohttp.ClientError):
                await answer.content.read()
        ended = answer.content.at_eof() or answer.content.exception() is not None
        answer.close()

    assert first == "offered.320"
    assert ended
