"""Lightning's rail on trial against LNbits, where payer and payee have wallets beside ours."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import aiohttp

from paybridge.conformance.trial import Behaviour, Ground
from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.rails.lightning import LightningRail
from paybridge.rails.lightning.options import LightningOptions
from paybridge.services.ports import Order
from tests.rails.lnbits import LNbits, Wallet, lnbits
from tests.rails.strangers import Stranger

FUNDS = 1_000_000


class LightningStand:
    """Three fresh wallets of one LNbits: ours, a payer's and a payee's."""

    executes = "^POST /api/v1/payments$"
    asks = "^GET /api/v1/payments"
    prepares = "^POST /api/v1/payments$"
    about = "^GET /api/v1/status$"
    by_hand = frozenset({LegKind.COLLECT})
    bad_details = "nobody@127.0.0.1"

    def __init__(
        self,
        peer: LNbits,
        http: aiohttp.ClientSession,
        token: str,
        ours: Wallet,
        payer: Wallet,
        payee: Wallet,
        stranger: Stranger,
    ) -> None:
        self.address = peer.address
        self.ours = ours
        self.payer = payer
        self.payee = payee
        self.stranger = stranger
        self.details = f"{payee.name}@{peer.host}"
        self.options: dict[str, Any] = {
            "url": peer.address,
            "admin_key": ours.key,
            "access_token": token,
            "payee_hosts": [peer.host, stranger.host],
        }
        self.peer = peer
        self.http = http
        self._numbers = count(1)
        self._takes_their_time = False
        self._unpaid: list[str] = []

    def rail(self, address: str | None = None, *, patience: float = 30.0) -> LightningRail:
        given = self.options | {"url": address or self.address, "timeout_seconds": patience}
        return LightningRail(LightningOptions.model_validate(given), self.http)

    async def order(
        self, kind: LegKind | None = None, behaviour: Behaviour = Behaviour.SETTLES
    ) -> Order | None:
        """A payout is refused if its invoice is not one of this LNbits, which has no network.

        What settles late is a top-up whose payer takes their time.
        """
        if behaviour is Behaviour.SETTLES_LATE and kind in {None, LegKind.COLLECT}:
            self._takes_their_time = True
            return await self.order_to(self.details, LegKind.COLLECT)
        details = {Behaviour.SETTLES: self.details, Behaviour.REFUSES: self.stranger.lightning_address}
        if behaviour not in details:
            return None
        return await self.order_to(details[behaviour], kind or LegKind.PAYOUT)

    async def order_to(self, details: str, kind: LegKind = LegKind.PAYOUT) -> Order:
        linked = await self.rail().link(details)
        reference = f"leg-{next(self._numbers)}"
        return Order(reference, kind, Money(1250, "SAT"), linked.token, "pizza")

    async def moved(self, reference: str) -> Sequence[Money]:
        rows = (await self.tell("GET", f"/api/v1/payments/paginated?external_id={reference}"))["data"]
        return [Money(abs(row["amount"]) // 1000, "SAT") for row in rows if row["status"] == "success"]

    async def let_pay(self, asks: str) -> None:
        if self._takes_their_time:
            self._unpaid.append(asks)
            return
        pays = {"out": True, "bolt11": asks.removeprefix("lightning:")}
        await self.tell_as(self.payer, "POST", "/api/v1/payments", pays)

    async def let_settle(self) -> None:
        self._takes_their_time = False
        for asks in self._unpaid:
            await self.let_pay(asks)

    def as_if_live(self, body: bytes) -> bytes:
        """Its node then makes invoices for real money, as those of FakeWallet look."""
        return body.replace(b"FakeWallet", b"LndRestWallet")

    async def tell(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401  JSON
        """Ask LNbits as the owner of our wallet."""
        return await self.tell_as(self.ours, method, path, body)

    async def tell_as(self, who: Wallet, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401  JSON
        return await self.peer.ask(self.http, who, method, path, body)


class LightningTrial:
    """Named by `tests.rails.trials`."""

    rail = "lightning"
    peer = "LNbits (FakeWallet)"

    @asynccontextmanager
    async def stand(self, ground: Ground) -> AsyncIterator[LightningStand]:
        peer, http = lnbits(), ground.http
        async with Stranger() as stranger:
            yield LightningStand(
                peer,
                http,
                await peer.token(http),
                await peer.wallet(http, FUNDS),
                await peer.wallet(http, FUNDS),
                await peer.wallet(http, 0),
                stranger,
            )
