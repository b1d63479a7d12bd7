"""Alice's authenticator, as the tests of second factors use it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pyotp

from tests.fakes.house import ALICE, BOB, House, words

if TYPE_CHECKING:
    from paybridge.services.says import Say

STEP = timedelta(seconds=30)


class Authenticator:
    """Alice's phone: it has scanned the code, and shows six digits."""

    def __init__(self, house: House, link: str) -> None:
        self._house = house
        self._codes = pyotp.TOTP(parse_qs(urlsplit(link).query)["secret"][0])

    def shows(self) -> str:
        return self._codes.at(self._house.clock.now())

    def shows_next(self) -> str:
        """The digits of a step that was not used yet."""
        self._house.clock.pass_by(STEP)
        return self.shows()


async def scanned(house: House, mxid: str = ALICE) -> tuple[Authenticator, list[Say]]:
    begun = await house.hear(mxid, "!mfa on")
    return Authenticator(house, str(begun[1].facts["link"])), begun


def listed(said: Say) -> tuple[str, ...]:
    """The recovery codes of a message."""
    return tuple(re.findall(r"^(?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}$", words([said]), re.MULTILINE))


async def with_factor(house: House) -> tuple[Authenticator, tuple[str, ...]]:
    """Alice and Bob have linked accounts, and Alice a second factor; returns its recovery codes too."""
    await house.link(ALICE)
    await house.link(BOB, "DE02120300000000202051")
    phone, _ = await scanned(house)
    (on,) = [say for say in await house.hear(ALICE, f"!mfa on {phone.shows()}") if say.key == "mfa.on"]
    return phone, listed(on)
