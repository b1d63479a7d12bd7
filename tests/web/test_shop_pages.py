"""A shop's pages: who comes in, what they see there, and who does not."""

from __future__ import annotations

import asyncio
import csv
import logging
import re
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from pypdfium2 import PdfDocument

from paybridge.domain.one_time_link import hash_of
from paybridge.domain.permissions import Role
from paybridge.domain.shop_session import IDLE, LONGEST, NOTED_EACH, WITHOUT_PASSKEY
from paybridge.domain.transfer import TransferState
from paybridge.services.ports import Step
from paybridge.services.shop_view import A_PAGE
from tests.fakes.authenticator import ORIGIN, SoftAuthenticator
from tests.fakes.database import ask_raw
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, House, keys, words
from tests.web.visitors import PUBLIC, SAME_ORIGIN, Browser, Opened, Phone, enrolled

if TYPE_CHECKING:
    from collections.abc import Mapping

COOKIE = "__Host-shop"


async def opened(house: House, owner: str = CAROL) -> None:
    """Carol's shop sells latte and cake, and Bob can pay."""
    await house.link(owner, "DE02100500000054540402")
    await house.link(BOB, "DE02120300000000202051")
    await house.fund(BOB, 200_00)
    await house.hear(owner, '!shop open "Corner Café" address "Main Street 1"')
    for line in ('"Latte" 3.20 EUR tax 7% stock 40', '"Cake" 4.50 EUR tax 19%'):
        await house.hear(owner, f"!item add {line}")


async def bought(house: House, what: str, who: str = BOB) -> str:
    said = await house.hear(who, f"!order {what}", DINNER)
    await house.hear(who, "!yes", DINNER)
    return str(said[0].facts["payment"])


def make(house: House, mxid: str, role: Role) -> None:
    """Let the operator have given somebody another role."""
    roles = house.desk.settings.permissions.roles
    assert isinstance(roles, dict)
    roles[mxid] = role


@dataclass
class Visit:
    """Somebody's browser before the shop's pages, with the cookie that it was given."""

    browser: Browser
    cookie: str = ""

    @property
    def token(self) -> str:
        return self.cookie.removeprefix(f"{COOKIE}=")

    async def get(self, path: str) -> Opened:
        return await self.browser.open(path, Cookie=self.cookie)

    async def post(self, path: str, form: Mapping[str, str], sent: Mapping[str, str] = SAME_ORIGIN) -> Opened:
        headers = {**self.browser.headers, **sent, "Cookie": self.cookie}
        asked = self.browser.session.post(path, data=form, headers=headers, allow_redirects=False)
        async with asked as answer:
            return Opened(answer.status, dict(answer.headers), await answer.text())


async def link_of(house: House, owner: str = CAROL) -> str:
    said = (await house.hear(owner, "!shop page"))[-1]
    assert said.key == "shop.page", words([said])
    return str(said.facts["link"]).removeprefix(PUBLIC)


async def enter(browser: Browser, path: str, **form: str) -> Visit:
    """Open the link, and press its button."""
    visit = Visit(browser)
    answer = await visit.post(path, {"proof": (await visit.get(path)).proof, **form})
    assert answer.status == 303, answer.words
    assert answer.headers["Location"] == "today"
    visit.cookie = answer.headers["Set-Cookie"].partition(";")[0]
    return visit


async def entered(house: House, browser: Browser) -> Visit:
    await opened(house)
    return await enter(browser, await link_of(house))


# ---------------------------------------------------------------- the door


async def test_a_link_opens_a_session_once_whose_cookie_no_script_and_no_other_site_gets(
    house: House, browser: Browser
) -> None:
    await opened(house)
    path = await link_of(house)
    before = await browser.open(path)
    visit = Visit(browser)
    answer = await visit.post(path, {"proof": before.proof})
    visit.cookie = answer.headers["Set-Cookie"].partition(";")[0]
    seen = await visit.get("/shop/today")
    again = await browser.open(path)
    kept = await ask_raw(house.database, "SELECT id FROM shop_session")

    assert "quarter of an hour" in before.words
    assert answer.status == 303
    attributes = {part.strip() for part in answer.headers["Set-Cookie"].split(";")[1:]}
    assert attributes == {"HttpOnly", "Path=/", "SameSite=Strict", "Secure"}
    assert re.fullmatch(rf"{COOKIE}=[A-Za-z0-9_-]{{43}}", visit.cookie)
    assert seen.status == 200
    assert "Corner Café" in seen.words
    assert seen.headers["Cache-Control"] == "no-store"
    assert "'unsafe-inline'" not in seen.headers["Content-Security-Policy"]
    assert again.status == 410
    assert [row[0] for row in kept] == [hash_of(visit.token)]


async def test_looking_at_the_link_begins_nothing(house: House, browser: Browser) -> None:
    await opened(house)
    path = await link_of(house)
    for method in ("GET", "HEAD", "GET"):
        looked = await browser.open(path, method)

        assert looked.status == 200
        assert "Set-Cookie" not in looked.headers
    assert not await ask_raw(house.database, "SELECT id FROM shop_session")


async def test_only_our_own_form_enters_and_leaves(house: House, browser: Browser) -> None:
    visit = await entered(house, browser)
    path = await link_of(house)
    proof = (await browser.open(path)).proof
    mine = (await visit.get("/shop/today")).proof
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    refused = [
        await visit.post(path, {"proof": proof}, foreign),
        await visit.post(path, {"proof": mine}),
        await visit.post(path, {}),
        await visit.post("/shop/leave", {"proof": mine}, foreign),
        await visit.post("/shop/leave", {"proof": proof}),
        await visit.post("/shop/leave", {}),
    ]

    assert [answer.status for answer in refused] == [403] * 6
    assert (await visit.get("/shop/today")).status == 200
    assert len(await ask_raw(house.database, "SELECT id FROM shop_session")) == 1


async def test_whoever_leaves_is_out_with_that_cookie_for_good(house: House, browser: Browser) -> None:
    visit = await entered(house, browser)
    left = await visit.post("/shop/leave", {"proof": (await visit.get("/shop/today")).proof})

    assert "You have left" in left.words
    assert "Max-Age=0" in left.headers["Set-Cookie"]
    assert (await visit.get("/shop/today")).status == 403


async def test_whoever_leaves_while_other_pages_open_is_out_all_the_same(
    house: House, browser: Browser
) -> None:
    visit = await entered(house, browser)
    proof = (await visit.get("/shop/today")).proof
    house.clock.pass_by(NOTED_EACH)
    asked = [visit.get("/shop/orders"), *(visit.post("/shop/leave", {"proof": proof}) for _ in range(3))]
    answers = await asyncio.gather(*asked)

    assert {answer.status for answer in answers} <= {200, 403}
    assert sum("You have left" in answer.words for answer in answers) == 1
    assert (await visit.get("/shop/today")).status == 403


async def test_no_cookie_a_forged_one_and_the_links_token_open_nothing(
    house: House, browser: Browser
) -> None:
    visit = await entered(house, browser)
    path = await link_of(house)
    forged = ["", "x", "A" * 43, hash_of(visit.token), path.rpartition("/")[2], visit.token[:-1]]
    seen = [await Visit(browser, f"{COOKIE}={one}").get("/shop/today") for one in forged]

    assert {page.status for page in seen} == {403}
    assert len({page.html for page in seen}) == 1
    assert "Corner Café" not in seen[0].html


# ---------------------------------------------------------------- its end


async def test_a_session_without_a_passkey_ends_after_a_quarter_of_an_hour(
    house: House, browser: Browser
) -> None:
    visit = await entered(house, browser)
    house.clock.pass_by(WITHOUT_PASSKEY - timedelta(seconds=1))
    before = await visit.get("/shop/today")
    house.clock.pass_by(timedelta(seconds=1))

    assert before.status == 200
    assert (await visit.get("/shop/today")).status == 403


@pytest.mark.parametrize("line", ["!shop page close", "!shop close", "!freeze"])
async def test_a_session_ends_with(house: House, browser: Browser, line: str) -> None:
    visit = await entered(house, browser)
    await house.hear(CAROL, line)
    after = await visit.get("/shop/today")
    await house.hear(CAROL, "!unfreeze")

    assert after.status == 403
    assert "This visit is over" in after.words
    assert "Corner Café" not in after.html


async def test_a_freeze_that_ended_gives_no_session_back(house: House, browser: Browser) -> None:
    phone = await enrolled(house, CAROL)
    visit = await entered(house, browser)
    await house.hear(CAROL, "!freeze")
    said = await house.hear(CAROL, f"!unfreeze {phone.shows_next()}")

    assert keys(said) == ["freeze.over"]
    assert (await visit.get("/shop/today")).status == 403


@pytest.mark.parametrize("role", [Role.BLOCKED, Role.RECEIVE, Role.USER])
async def test_whoever_is_no_merchant_any_more_sees_nothing(
    house: House, browser: Browser, role: Role
) -> None:
    visit = await entered(house, browser)
    path = await link_of(house)
    seen = [await visit.get("/shop/today"), await browser.open(path)]
    make(house, CAROL, role)
    then = [await visit.get("/shop/today"), await browser.open(path)]

    assert [page.status for page in seen] == [200, 200]
    assert [page.status for page in then] == [403, 410]


async def test_whoever_had_themselves_forgotten_is_out(house: House, browser: Browser) -> None:
    visit = await entered(house, browser)
    await house.hear(CAROL, "!forget-me")
    said = await house.hear(CAROL, "!forget-me for-ever")

    assert keys(said) == ["forget.done"]
    assert (await visit.get("/shop/today")).status == 403


async def test_a_session_shows_no_shop_that_its_person_opened_later(house: House, browser: Browser) -> None:
    visit = await entered(house, browser)
    path = await link_of(house)
    await house.hear(CAROL, "!shop close")
    await house.hear(CAROL, '!shop open "Bakery"')

    assert (await visit.get("/shop/today")).status == 403
    assert (await browser.open(path)).status == 410


async def test_another_merchant_sees_their_own_shop_alone(house: House, browser: Browser) -> None:
    make(house, ALICE, Role.MERCHANT)
    visit = await entered(house, browser)
    await bought(house, "2 latte")
    await house.hear(ALICE, '!shop open "Bakery"')
    theirs = await enter(browser, await link_of(house, ALICE))
    mine, other = await visit.get("/shop/today"), await theirs.get("/shop/today")

    assert "6.40 EUR" in mine.words
    assert "Corner Café" in mine.words
    assert "Bakery" in other.words
    assert "0.00 EUR" in other.words
    assert "6.40" not in other.html
    assert BOB not in other.html


async def test_tokens_are_neither_logged_nor_kept(
    house: House, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await opened(house)
    path = await link_of(house)
    visit = await enter(browser, path)
    await visit.get("/shop/today")
    kept = str(await ask_raw(house.database, "SELECT * FROM shop_session, one_time_link"))

    for secret in (visit.token, path.rpartition("/")[2]):
        assert secret not in caplog.text
        assert secret not in kept


# ---------------------------------------------------------------- with a passkey


@dataclass
class Keyed:
    """Carol with a passkey, and what her browser was given at the door."""

    house: House
    browser: Browser
    phone: Phone
    passkey: SoftAuthenticator

    async def add(self) -> None:
        (said,) = await self.house.hear(CAROL, f"!mfa passkey {self.phone.shows_next()}")
        path = str(said.facts["link"]).removeprefix(PUBLIC)
        proof, asked = await self.asked(path)
        form = {"proof": proof, "name": "till", "answer": self.passkey.enrol(asked)}
        assert (await self.browser.send(path, form)).status == 200

    async def asked(self, path: str) -> tuple[str, str]:
        """The page's proof, and the question that its button asks for."""
        page = await self.browser.open(path)
        asked = await self.browser.send(f"{path}/passkey", {"proof": page.proof})
        assert asked.status == 200, asked.html
        return page.proof, asked.html

    async def enter(self, path: str) -> Visit:
        asked = (await self.asked(path))[1]
        return await enter(self.browser, path, answer=self.passkey.approve(asked))


@pytest.fixture
async def keyed(house: House, browser: Browser) -> Keyed:
    await opened(house)
    keyed = Keyed(house, browser, await enrolled(house, CAROL), SoftAuthenticator(origin=ORIGIN))
    await keyed.add()
    return keyed


async def test_whoever_has_a_passkey_must_show_it_and_stays_for_a_day_at_the_counter(keyed: Keyed) -> None:
    house, browser = keyed.house, keyed.browser
    path = await link_of(house)
    page = await browser.open(path)
    without = await browser.send(path, {"proof": page.proof})
    visit = await keyed.enter(path)
    seen = [(await visit.get("/shop/today")).status]
    for _ in range(int(LONGEST / IDLE)):
        house.clock.pass_by(IDLE - timedelta(minutes=1))
        seen.append((await visit.get("/shop/today")).status)
    house.clock.pass_by(timedelta(minutes=15))
    seen.append((await visit.get("/shop/today")).status)
    house.clock.pass_by(timedelta(minutes=2))

    assert "Your passkey opens them" in page.words
    assert without.status == 422
    assert set(seen) == {200}
    assert (await visit.get("/shop/today")).status == 403


async def test_a_session_that_nobody_uses_ends(keyed: Keyed) -> None:
    visit = await keyed.enter(await link_of(keyed.house))
    keyed.house.clock.pass_by(IDLE)

    assert (await visit.get("/shop/today")).status == 403


async def test_a_passkeys_answer_counts_for_its_own_link_once(keyed: Keyed) -> None:
    house, browser = keyed.house, keyed.browser
    first, second = await link_of(house), await link_of(house)
    proof, asked = await keyed.asked(first)
    answer = keyed.passkey.approve(asked)
    other = (await browser.open(second)).proof
    elsewhere = await browser.send(second, {"proof": other, "answer": answer})
    (credential,) = keyed.passkey.keys
    strange = SoftAuthenticator(origin=ORIGIN, keys={credential: ec.generate_private_key(ec.SECP256R1())})
    forged = await browser.send(second, {"proof": other, "answer": strange.approve(asked)})
    own = await Visit(browser).post(first, {"proof": proof, "answer": answer})
    again = await Visit(browser).post(first, {"proof": proof, "answer": answer})

    assert (elsewhere.status, forged.status) == (422, 422)
    assert own.status == 303
    assert again.status == 410


async def test_an_answer_that_opens_pages_approves_no_payment_and_the_other_way_round(keyed: Keyed) -> None:
    house, browser = keyed.house, keyed.browser
    said = await house.hear(CAROL, f"!pay {BOB} 40 EUR", DINNER)
    card = str(said[-1].facts["page"][0]["link"]).removeprefix(PUBLIC)  # type: ignore[index]  # rows
    door = await link_of(house)
    (of_card, asks_card), (of_door, asks_door) = await keyed.asked(card), await keyed.asked(door)
    at_card = {"proof": of_card, "deed": "passkey", "answer": keyed.passkey.approve(asks_door)}
    at_door = {"proof": of_door, "answer": keyed.passkey.approve(asks_card)}

    assert (await browser.send(card, at_card)).status == 422
    assert (await browser.send(door, at_door)).status == 422


async def test_a_removed_passkey_ends_what_it_opened(keyed: Keyed) -> None:
    visit = await keyed.enter(await link_of(keyed.house))
    before = await visit.get("/shop/today")
    await keyed.house.hear(CAROL, f"!mfa passkey remove 1 {keyed.phone.shows_next()}")

    assert before.status == 200
    assert "!mfa passkey" not in before.words
    assert (await visit.get("/shop/today")).status == 403


async def test_three_wrong_answers_end_the_link(keyed: Keyed) -> None:
    path = await link_of(keyed.house)
    proof = (await keyed.browser.open(path)).proof
    sent = [await keyed.browser.send(path, {"proof": proof, "answer": "{}"}) for _ in range(3)]

    assert [answer.status for answer in sent] == [422, 422, 410]
    assert (await keyed.browser.open(path)).status == 410


# ---------------------------------------------------------------- today


async def test_today_tells_takings_refunds_and_orders_to_do(house: House, browser: Browser) -> None:
    visit = await entered(house, browser)
    first = await bought(house, "2 latte, 1 cake")
    second = await bought(house, "1 cake")
    await house.hear(CAROL, f"!order ready {first}")
    await house.hear(CAROL, f"!refund {second}")
    await house.hear(CAROL, "!yes")
    await house.carry()
    seen = (await visit.get("/shop/today")).words

    assert "Taken today, EUR 15.40 EUR" in seen
    assert "2 orders 15.40 EUR" in seen
    assert "1 refund -4.50 EUR" in seen
    assert "Left of what was taken 10.90 EUR" in seen
    assert "1 order to do" in seen
    assert f"{first} ready 10.90 EUR 2 × Latte 1 × Cake @bob:hs" in seen  # noqa: RUF001 - as it is said
    assert second not in seen


# ---------------------------------------------------------------- the month and all orders


async def a_month(house: House, browser: Browser) -> Visit:
    """On two days Bob orders, pays an invoice with a tip, and is given one order back."""
    await opened(house)
    await house.hear(CAROL, "!zone Europe/Berlin")
    await bought(house, "2 latte, 1 cake")
    back = await bought(house, "1 cake")
    house.clock.pass_by(timedelta(days=1))
    said = await house.hear(CAROL, f'!invoice {BOB} "Catering 20 EUR" tax 19% tip ok', DINNER)
    asked = next(say.facts["payment"] for say in said if say.key == "invoice.issued")
    await house.hear(BOB, f"!accept {asked} tip 2 EUR", DINNER)
    await house.hear(BOB, "!yes", DINNER)
    await house.hear(CAROL, f"!refund {back}")
    await house.hear(CAROL, "!yes")
    await house.hear(BOB, f"!pay {CAROL} 5 EUR", DINNER)
    await house.hear(BOB, "!yes", DINNER)
    await house.hear(CAROL, "!cashout 10 EUR")
    await house.hear(CAROL, "!yes")
    await house.carry()
    return await enter(browser, await link_of(house))


async def test_a_month_is_told_by_day_by_item_and_by_tax_rate(house: House, browser: Browser) -> None:
    visit = await a_month(house, browser)
    seen = await visit.get("/shop/month")
    before = await visit.get("/shop/month?month=2026-02")

    assert "Corner Café, March 2026" in seen.words
    assert "Taken in the month, EUR 37.40 EUR" in seen.words
    assert "2 orders 15.40 EUR 1 payment on invoices 22.00 EUR 1 refund -4.50 EUR" in seen.words
    assert "1 other payment to you 5.00 EUR 1 cash-out -10.00 EUR" in seen.words
    assert "Left of what was taken 32.90 EUR" in seen.words
    assert "7 % 6.40 0.00 6.40 0.42" in seen.words
    assert "19 % 29.00 -4.50 24.50 3.91" in seen.words
    assert "Tips 2.00 0.00 2.00 0.00" in seen.words
    assert "Cake 2 9.00 Latte 2 6.40" in seen.words
    assert "Mar 2, 2026 2 15.40 0.00 15.40" in seen.words
    assert "Mar 3, 2026 1 22.00 -4.50 17.50" in seen.words
    assert "Most was taken on Mar 3, 2026: 22.00 EUR." in seen.words
    assert "Apr" not in seen.words
    assert "Taken in the month, EUR 0.00 EUR" in before.words
    assert "March 2026" in before.words


async def test_a_month_is_a_table_for_spreadsheets(house: House, browser: Browser) -> None:
    visit = await a_month(house, browser)
    answer = await visit.get("/shop/month.csv")
    rows = list(csv.reader(answer.html.removeprefix("\ufeff").splitlines()))

    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="shop-2026-03.csv"'
    assert rows[0][:2] == ["Kind", "Name (days: Europe/Berlin)"]
    assert rows[2] == ["By day", "2026-03-02", "EUR", "2", "15.40", "0.00", "15.40", ""]
    assert rows[3] == ["By day", "2026-03-03", "EUR", "1", "22.00", "-4.50", "17.50", ""]
    assert len([row for row in rows if row[0] == "By day"]) == 31
    assert ["Sold by item", "Cake", "EUR", "2", "9.00", "0.00", "9.00", ""] in rows
    assert ["By tax rate", "19 %", "EUR", "", "29.00", "-4.50", "24.50", "3.91"] in rows
    assert rows[-1] == ["The month", "", "EUR", "3", "37.40", "-4.50", "32.90", ""]


async def test_a_month_is_pages_to_print(house: House, browser: Browser) -> None:
    visit = await a_month(house, browser)
    async with browser.session.get(
        "/shop/month.pdf", headers={**browser.headers, "Cookie": visit.cookie}
    ) as answer:
        made = await answer.read()

    assert answer.content_type == "application/pdf"
    with closing(PdfDocument(made)) as pages:
        told = pages[0].get_textpage().get_text_bounded()

        assert len(pages) == 1
        for line in ("Corner Café, March 2026", "2 orders 15.40 EUR", "Left of what was taken 32.90 EUR"):
            assert line in told
        assert "19 % 29.00 EUR -4.50 EUR 24.50 EUR 3.91 EUR" in told


@pytest.mark.parametrize("path", ["/shop/month", "/shop/month.csv", "/shop/month.pdf", "/shop/orders"])
async def test_nobody_without_a_session_sees(house: House, browser: Browser, path: str) -> None:
    await a_month(house, browser)

    assert (await browser.open(path)).status == 403


@pytest.mark.parametrize("typed", ["", "2026-13", "26-03", "2026-03'--", "%00", "9999-12"])
async def test_a_month_that_is_none_is_this_one(house: House, browser: Browser, typed: str) -> None:
    visit = await entered(house, browser)

    assert "March 2026" in (await visit.get(f"/shop/month?month={typed}")).words


async def test_all_orders_are_told_in_pages_newest_first(house: House, browser: Browser) -> None:
    visit = await entered(house, browser)
    made = await many_orders(house)
    first = await visit.get("/shop/orders")
    after = re.search(r"[?]after=[0-9A-Z-]+", first.html)
    assert after is not None
    second = await visit.get(f"/shop/orders{after[0]}")
    today = await visit.get("/shop/today")
    rest = await visit.get(f"/shop/today{re.search(r'[?]after=[0-9A-Z-]+', today.html)[0]}")  # type: ignore[index]  # it is there

    assert shown_orders(first) == made[:0:-1]
    assert shown_orders(second) == made[:1]
    assert shown_orders(today) == made[:-1]
    assert shown_orders(rest) == made[-1:]
    assert "Show the next ones" not in second.words
    assert f"{A_PAGE + 1} orders to do" in today.words
    assert shown_orders(await visit.get("/shop/orders?after=nonsense")) == made[:0:-1]


async def many_orders(house: House) -> list[str]:
    """One order more than a page has: the first is a real one, the others are like it but for their time."""
    first = await bought(house, "1 latte")
    sale, transfer = await house.book.sale(first), await house.book.transfer(first)
    assert sale is not None
    assert sale.number is not None
    assert transfer is not None
    made = [first]
    for number in range(A_PAGE):
        made.append(f"PB-X{number:04}")
        at = sale.created + timedelta(seconds=number + 1)
        card = replace(transfer, id=made[-1], state=TransferState.EXPIRED, created=at, version=0)
        like = replace(sale, id=made[-1], created=at, number=sale.number + number + 1, version=0)
        await house.book.commit(Step(records=(card, like)))
    return made


def shown_orders(page: Opened) -> list[str]:
    return re.findall(r'class="order">.*?<code>(PB-[0-9A-Z]+)', page.html)
