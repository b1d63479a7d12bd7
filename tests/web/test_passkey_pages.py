"""Passkeys on the pages: added by a link, approving just the payment of their page, from our page alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.transfer import TransferState
from tests.fakes.authenticator import ORIGIN, SoftAuthenticator
from tests.fakes.database import ask_raw
from tests.fakes.house import ALICE, House, keys, words
from tests.web.visitors import PUBLIC, SAME_ORIGIN, Browser, Phone, card, with_factor

if TYPE_CHECKING:
    from tests.web.visitors import Opened


@dataclass
class Keyring:
    """Alice before a browser, with a passkey of hers."""

    house: House
    browser: Browser
    phone: Phone
    passkey: SoftAuthenticator

    async def link(self) -> str:
        """The path at which a passkey may be added."""
        (said,) = await self.house.hear(ALICE, f"!mfa passkey {self.phone.shows_next()}")
        return str(said.facts["link"]).removeprefix(PUBLIC)

    async def asked(self, path: str) -> tuple[str, str]:
        """The page's proof, and the question that its button asks for."""
        page = await self.browser.open(path)
        asked = await self.browser.send(f"{path}/passkey", {"proof": page.proof})
        assert asked.status == 200, asked.html
        return page.proof, asked.html

    async def add(self, path: str, name: str = "phone") -> Opened:
        proof, asked = await self.asked(path)
        answer = self.passkey.enrol(asked)
        return await self.browser.send(path, {"proof": proof, "name": name, "answer": answer})

    async def states(self) -> list[TransferState]:
        rows = await ask_raw(self.house.database, "SELECT state FROM transfer ORDER BY created, id")
        return [TransferState(row[0]) for row in rows]


@pytest.fixture
async def keyring(house: House, browser: Browser) -> Keyring:
    return Keyring(house, browser, await with_factor(house), SoftAuthenticator(origin=ORIGIN))


async def test_a_passkey_is_added_on_its_page_and_approves_a_payment_on_the_payments_page(
    keyring: Keyring, house: House
) -> None:
    path = await keyring.link()
    added = await keyring.add(path)
    told = await house.said()
    paying = await card(house)
    page = await keyring.browser.open(paying)
    proof, asked = await keyring.asked(paying)
    form = {"proof": proof, "deed": "passkey", "answer": keyring.passkey.approve(asked)}
    done = await keyring.browser.send(paying, form)
    said = keys(await house.said())
    await house.carry()

    assert added.status == 200
    assert "“phone” can approve" in added.words
    assert keys(told) == ["mfa.passkey_added"]
    assert "Approve with a passkey" in page.words
    assert "40.00 EUR" in page.words
    assert "Approved" in done.words
    assert said == ["pay.on_its_way"]
    assert await keyring.states() == [TransferState.SETTLED]
    assert (await keyring.browser.open(path)).status == 410
    assert (await keyring.browser.send(paying, form)).status == 410


async def test_without_a_passkey_the_page_of_a_payment_offers_none(keyring: Keyring, house: House) -> None:
    paying = await card(house)
    page = await keyring.browser.open(paying)
    asked = await keyring.browser.send(f"{paying}/passkey", {"proof": page.proof})

    assert "passkey" not in page.html
    assert (asked.status, asked.html) == (409, "{}")


async def test_case_42_the_answer_for_one_page_approves_no_other_one_and_ends_no_payment(
    keyring: Keyring, house: House
) -> None:
    await keyring.add(await keyring.link())
    small, large = await card(house), await card(house, "!pay @bob:hs 4000 EUR")
    _, asked = await keyring.asked(small)
    proof = (await keyring.browser.open(large)).proof
    answer = keyring.passkey.approve(asked)
    refused = await keyring.browser.send(large, {"proof": proof, "deed": "passkey", "answer": answer})

    assert refused.status == 422
    assert "does not fit" in refused.words
    assert await keyring.states() == [TransferState.AWAITING_APPROVAL] * 2


async def test_case_42_a_phishing_site_and_a_request_from_elsewhere_get_nothing(
    keyring: Keyring, house: House
) -> None:
    await keyring.add(await keyring.link())
    paying = await card(house)
    proof, asked = await keyring.asked(paying)
    keyring.passkey.origin = "https://pay.example.org.evil.net"
    answer = keyring.passkey.approve(asked)
    refused = await keyring.browser.send(paying, {"proof": proof, "deed": "passkey", "answer": answer})
    from_afar = SAME_ORIGIN | {"Sec-Fetch-Site": "cross-site"}
    elsewhere = [
        await keyring.browser.send(f"{paying}/passkey", {"proof": proof}, from_afar),
        await keyring.browser.send(f"{paying}/passkey", {"proof": "0" * 64}),
        await keyring.browser.send(f"{paying}/passkey", {"proof": proof, "x": "y" * 20_000}),
    ]

    assert refused.status == 422
    assert [one.status for one in elsewhere] == [403, 403, 413]
    assert await keyring.states() == [TransferState.AWAITING_APPROVAL]


async def test_a_bad_name_is_said_on_the_page_and_the_link_stays_open(keyring: Keyring) -> None:
    path = await keyring.link()
    refused = await keyring.add(path, " ")
    again = await keyring.add(path, "laptop")

    assert refused.status == 409
    assert "1 to 40" in refused.words
    assert again.status == 200


async def test_a_link_for_a_passkey_wants_a_code_and_serves_nothing_else(
    keyring: Keyring, house: House
) -> None:
    wrong = keys(await house.hear(ALICE, "!mfa passkey 000000"))
    how = keys(await house.hear(ALICE, "!mfa passkey"))
    path = await keyring.link()
    swapped = [
        (await keyring.browser.open(path.replace("/passkey/", f"/{other}/"))).status
        for other in ("approve", "enrol")
    ]

    assert (wrong, how) == (["error.wrong_code"], ["mfa.how_to_passkey"])
    assert swapped == [404, 404]


async def test_passkeys_are_listed_renamed_and_removed_with_a_code(keyring: Keyring, house: House) -> None:
    await keyring.add(await keyring.link())
    await house.said()
    listed = words(await house.hear(ALICE, "!mfa list"))
    renamed = await house.hear(ALICE, f"!mfa passkey rename 1 my phone {keyring.phone.shows_next()}")
    without = keys(await house.hear(ALICE, "!mfa passkey remove 1"))
    wrong = keys(await house.hear(ALICE, "!mfa passkey remove 1 000000"))
    missing = keys(await house.hear(ALICE, f"!mfa passkey remove 7 {keyring.phone.shows_next()}"))
    removed = await house.hear(ALICE, f"!mfa passkey remove 1 {keyring.phone.shows_next()}")
    after = words(await house.hear(ALICE, "!mfa list"))

    assert "Passkey 1: phone" in listed
    assert "“my phone”" in words(renamed)
    assert without == ["mfa.how_to_passkey"]
    assert wrong == ["error.wrong_code"]
    assert missing == ["error.no_passkey"]
    assert keys(removed) == ["mfa.passkey_removed"]
    assert "Passkey 1" not in after
