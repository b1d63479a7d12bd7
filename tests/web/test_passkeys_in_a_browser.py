"""Passkeys in a real browser with a virtual authenticator: added, approving, declined, copied."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.transfer import TransferState
from tests.fakes.database import ask_raw
from tests.fakes.house import ALICE, BOB, keys, words
from tests.web.chromium import DESK, PHONE, needs_chromium
from tests.web.seats import Seat, a_seat, violations
from tests.web.visitors import Phone, card_link, with_factor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = needs_chromium
PRESSED = "document.querySelector('button[data-passkey]').click()"
SEEN = "!document.querySelector('button[data-passkey]').hidden"
FAILED = """new Promise(done => {
    const failed = document.querySelector('[data-passkey-failed]');
    const look = () => failed.hidden ? setTimeout(look, 20) : done(failed.innerText);
    look();
})"""


@dataclass
class Alice:
    """Alice with her authenticator app, and a browser whose device can keep passkeys."""

    seat: Seat
    phone: Phone
    authenticator: str

    async def presses(self) -> str:
        """Press the passkey's button, and wait for the page that answers."""
        await self.seat.tab.expects_a_page(PRESSED)
        return await self.seat.tab.shows()

    async def adds_one(self, name: str = "laptop") -> str:
        (said,) = await self.seat.house.hear(ALICE, f"!mfa passkey {self.phone.shows_next()}")
        await self.seat.tab.open(str(said.facts["link"]))
        await self.seat.tab.js("document.getElementById('name').focus()")
        await self.seat.tab.types(name)
        return await self.presses()

    async def keeps(self, picture: str) -> None:
        """Keep what is seen where somebody wants to look at it."""
        folder = os.environ.get("PICTURES")
        if folder is None:
            return
        for size, wide in ((PHONE, "phone"), (DESK, "desk")):
            for dark in (False, True):
                await self.seat.tab.looks(size, dark=dark)
                shade = "dark" if dark else "light"
                file = Path(folder) / f"{picture}-{wide}-{shade}.png"
                file.write_bytes(await self.seat.tab.picture())

    async def states(self) -> list[TransferState]:
        rows = await ask_raw(self.seat.house.database, "SELECT state FROM transfer ORDER BY created, id")
        return [TransferState(row[0]) for row in rows]


@pytest.fixture
async def alice(tmp_path: Path) -> AsyncIterator[Alice]:
    async with a_seat(tmp_path) as seat:
        await seat.tab.call("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = await seat.tab.call("WebAuthn.addVirtualAuthenticator", options=options)
        yield Alice(seat, await with_factor(seat.house), made["authenticatorId"])


async def test_a_passkey_is_added_and_approves_a_payment_in_the_browser(alice: Alice) -> None:
    house, tab = alice.seat.house, alice.seat.tab
    added = await alice.adds_one()
    told = await house.said()
    await alice.keeps("added")
    await tab.open(await card_link(house))
    before, offered = await tab.shows(), await tab.js(SEEN)
    await alice.keeps("approve")
    unclean = await violations(tab)
    done = await alice.presses()
    await alice.keeps("approved")
    await house.carry()

    assert "Passkey added" in added
    assert keys(told) == ["mfa.passkey_added"]
    assert "laptop" in words(told)
    assert "40.00 EUR" in before
    assert BOB in before
    assert offered
    assert unclean == []
    assert "Approved" in done
    assert await house.balance(BOB) == 4000
    assert {url.removeprefix(alice.seat.url).split("/")[1] for url in tab.asked} == {
        "approve",
        "passkey",
        "static",
    }
    assert tab.console == []


async def test_a_payment_is_declined_beside_the_passkeys_button(alice: Alice) -> None:
    house, tab = alice.seat.house, alice.seat.tab
    await alice.adds_one()
    await tab.open(await card_link(house))
    await tab.expects_a_page("document.querySelector('button[value=decline]').click()")

    assert "Declined" in await tab.shows()
    assert await alice.states() == [TransferState.CANCELLED]


async def test_whoever_is_not_verified_by_their_device_approves_nothing(alice: Alice) -> None:
    house, tab = alice.seat.house, alice.seat.tab
    await alice.adds_one()
    await tab.open(await card_link(house))
    await tab.call("WebAuthn.setUserVerified", authenticatorId=alice.authenticator, isUserVerified=False)
    await tab.js(PRESSED)
    failed = await tab.js(FAILED)
    await alice.keeps("failed")

    assert "Your passkey did not answer" in failed
    assert await alice.states() == [TransferState.AWAITING_APPROVAL]


async def test_the_page_to_add_one_is_readable_by_everybody_and_asks_for_a_name(alice: Alice) -> None:
    house, tab = alice.seat.house, alice.seat.tab
    (said,) = await house.hear(ALICE, f"!mfa passkey {alice.phone.shows_next()}")
    await tab.open(str(said.facts["link"]))
    unclean = await violations(tab)
    await alice.keeps("passkey")
    await tab.js(PRESSED)
    stopped = await tab.js("document.querySelector('input:invalid').id")

    assert unclean == []
    assert stopped == "name"
    assert await house.desk.passkeys.held((await house.desk.people.know(ALICE)).person) == []


async def test_a_copy_of_a_passkey_that_counts_backwards_is_refused_and_told(alice: Alice) -> None:
    house, tab = alice.seat.house, alice.seat.tab
    await alice.adds_one()
    await tab.open(await card_link(house))
    await alice.presses()
    kept = await tab.call("WebAuthn.getCredentials", authenticatorId=alice.authenticator)
    (credential,) = kept["credentials"]
    await tab.call("WebAuthn.clearCredentials", authenticatorId=alice.authenticator)
    copy = {**credential, "signCount": 0}
    await tab.call("WebAuthn.addCredential", authenticatorId=alice.authenticator, credential=copy)
    await house.said()
    await tab.open(await card_link(house, f"!pay {BOB} 41 EUR"))
    said = await alice.presses()
    told = await house.said()

    assert "counted backwards" in said
    assert "mfa.passkey_copied" in keys(told)
    assert (await alice.states())[1] is TransferState.AWAITING_APPROVAL
    assert not await tab.js("!!document.querySelector('button[data-passkey]')")
