"""People and a real LNbits: linking an address, topping up by an invoice, paying and cashing out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import aiohttp
import pytest

from paybridge.conformance.inbox import Inbox
from paybridge.conformance.trial import Ground
from tests.fakes.house import ALICE, BOB, DINNER, House, keys, open_house, words
from tests.rails.lightning_trial import LightningStand, LightningTrial
from tests.rails.lnbits import MISSING, is_installed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from paybridge.services.says import Say

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not is_installed(), reason=MISSING)]


@dataclass
class Town:
    """A house whose people have satoshis, and their wallets."""

    house: House
    stand: LightningStand

    async def do(self, mxid: str, line: str, room: str | None = None) -> list[Say]:
        """Type a line, confirm its card, and let everything happen that can."""
        assert (await self.house.hear(mxid, line, room))[-1].key.endswith(".card")
        await self.house.hear(mxid, "!yes", room)
        return await self.house.carry()

    async def pay(self, asked: list[Say]) -> list[Say]:
        """The payer scans what was said and pays; the bot hears of it later."""
        await self.stand.let_pay(asked[0].qr or "")
        self.house.clock.pass_by(timedelta(seconds=10))
        return await self.house.carry()

    async def wallet_of_payee(self) -> int:
        told = await self.stand.tell_as(self.stand.payee, "GET", "/api/v1/wallet")
        return int(told["balance"]) // 1000


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with (
        aiohttp.ClientSession() as http,
        Inbox() as inbox,
        LightningTrial().stand(Ground(tmp_path, http, inbox)) as stand,
    ):
        house = await open_house(tmp_path, {"lightning": stand.rail()}, "SAT")
        yield Town(house, stand)
        await house.database.close()


async def test_an_address_is_linked_at_once_topped_up_by_an_invoice_and_cashed_out_to(town: Town) -> None:
    linked = await town.house.hear(ALICE, f"!link lightning {town.stand.details}")
    asked = await town.do(ALICE, "!topup 5000 SAT")
    paid = await town.pay(asked)
    cashed = await town.do(ALICE, "!cashout 1250 SAT")

    assert keys(linked) == ["link.verified"]
    assert keys(asked) == ["turn.picture", "turn"]
    assert (asked[0].qr or "") in words(asked[1:])
    assert keys(paid) == ["topup.receipt"]
    assert keys(cashed) == ["cashout.receipt"]
    assert await town.wallet_of_payee() == 1250
    # What was held for routing and not needed is there again.
    assert "3,750" in words(await town.house.hear(ALICE, "!balance"))


async def test_of_what_was_held_for_fees_only_what_they_came_to_is_spent(town: Town) -> None:
    # One percent is held, 12.1 satoshis, and 0.605 are taken: 13 and 1 in whole ones.
    await town.house.hear(ALICE, f"!link lightning {town.stand.details}")
    await town.pay(await town.do(ALICE, "!topup 5000 SAT"))
    async with town.stand.peer.charging(town.stand.http, 0.05, town.stand.payer):
        said = await town.do(ALICE, "!cashout 1210 SAT")

    assert keys(said) == ["cashout.receipt"]
    assert "3,789" in words(await town.house.hear(ALICE, "!balance"))


async def test_a_payment_in_a_room_takes_an_invoice_of_the_payer_to_the_balance_of_the_payee(
    town: Town,
) -> None:
    for person in (ALICE, BOB):
        await town.house.hear(person, f"!link {town.stand.details}")
    asked = await town.do(ALICE, f"!pay {BOB} 25 SAT pizza", DINNER)
    paid = await town.pay(asked)

    assert [say.person for say in asked] == [ALICE, ALICE]
    assert "pay.receipt" in keys(paid)
    assert "25" in words(await town.house.hear(BOB, "!balance"))


async def test_an_address_of_a_private_network_or_of_nobody_is_not_linked(town: Town) -> None:
    for address in ("anna@localhost", "anna@10.0.0.1", "anna@192.168.1.1:443", "lnurlp://127.0.0.1/anna"):
        said = await town.house.hear(ALICE, f"!link lightning {address}")

        assert keys(said) == ["error.account_refused"]
    assert keys(await town.house.hear(ALICE, "!link list")) == ["link.none"]


async def test_a_payee_who_cannot_be_reached_over_lightning_costs_nothing(town: Town) -> None:
    await town.house.hear(ALICE, f"!link lightning {town.stand.stranger.lightning_address}")
    await town.pay(await town.do(ALICE, "!topup 5000 SAT"))
    said = await town.do(ALICE, "!cashout 1250 SAT")

    assert keys(said) == ["cashout.refused", "refused.payment_failed"]
    assert "5,000" in words(await town.house.hear(ALICE, "!balance"))
