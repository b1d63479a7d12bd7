"""A house that offers web pages, and people who open them as a browser does."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pyotp

from paybridge.domain.factor import FactorState
from paybridge.services.ports import Step
from paybridge.services.says import Say
from tests.fakes.house import ALICE, BOB, DINNER, House

if TYPE_CHECKING:
    import aiohttp

PUBLIC = "https://pay.example.org"
HOST = "pay.example.org"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
STEP_SECONDS = 30


@dataclass
class Opened:
    """What came back: the status, headers and words of a page."""

    status: int
    headers: dict[str, str]
    html: str

    @property
    def words(self) -> str:
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", self.html)).split())

    @property
    def proof(self) -> str:
        found = re.search(r'name="proof" value="([0-9a-f]+)"', self.html)
        assert found is not None, self.html
        return found[1]


@dataclass
class Browser:
    """Opens pages of the server behind the public address."""

    session: aiohttp.ClientSession
    headers: dict[str, str] = field(default_factory=lambda: {"Host": HOST})

    async def open(self, path: str, method: str = "GET", **headers: str) -> Opened:
        async with self.session.request(method, path, headers=self.headers | headers) as answer:
            return Opened(answer.status, dict(answer.headers), await answer.text())

    async def send(self, path: str, form: dict[str, str], sent: dict[str, str] = SAME_ORIGIN) -> Opened:
        async with self.session.post(path, data=form, headers=self.headers | sent) as answer:
            return Opened(answer.status, dict(answer.headers), await answer.text())

    async def fill_in(self, path: str, **form: str) -> Opened:
        """Open a page, and send its form with these fields."""
        page = await self.open(path)
        return await self.send(path, {"proof": page.proof, **form})


@dataclass
class Phone:
    """Alice's authenticator."""

    house: House
    link: str

    def shows_next(self) -> str:
        """The digits of a step that was not used yet."""
        self.house.clock.pass_by(timedelta(seconds=STEP_SECONDS))
        secret = parse_qs(urlsplit(self.link).query)["secret"][0]
        return pyotp.TOTP(secret).at(self.house.clock.now())


def page_of(say: Say) -> str:
    """The link that a message offers."""
    page = say.facts["page"]
    assert isinstance(page, tuple)
    (row,) = page
    return str(row["link"])


def checkout_of(say: Say) -> str:
    """The address of the public page that the message of an invoice names."""
    rows = say.facts["checkout"]
    assert isinstance(rows, tuple)
    (row,) = rows
    return str(row["checkout"])


def path_in(say: Say) -> str:
    """The path of the link that a message offers."""
    link = page_of(say)
    assert link.startswith(f"{PUBLIC}/")
    return link.removeprefix(PUBLIC)


async def with_factor(house: House, mxid: str = ALICE) -> Phone:
    """Alice and Bob have linked accounts, and Alice a second factor."""
    await house.link(ALICE)
    await house.link(BOB, "DE02120300000000202051")
    return await enrolled(house, mxid)


async def enrolled(house: House, mxid: str) -> Phone:
    """Give somebody a second factor, without the recovery codes that take so long to hash."""
    begun = await house.hear(mxid, "!mfa on")
    factor = await house.book.factor((await house.desk.people.know(mxid)).person.id)
    assert factor is not None
    await house.book.commit(Step(records=(replace(factor, state=FactorState.ACTIVE),)))
    return Phone(house, str(begun[1].facts["link"]))


async def card(house: House, line: str = f"!pay {BOB} 40 EUR for pizza") -> str:
    """Draft a payment that needs the factor; the path of its page, which only the payer's message tells."""
    return (await card_link(house, line)).removeprefix(PUBLIC)


async def card_link(house: House, line: str = f"!pay {BOB} 40 EUR for pizza") -> str:
    """The same, with its server."""
    in_room, own = (await house.hear(ALICE, line, DINNER))[-2:]
    assert in_room.facts["page"] == ()
    assert own.person == ALICE
    return page_of(own)
