"""Stripe's rail on trial against localstripe, whose own charges and payouts are the judge."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

import aiohttp
from pydantic import SecretStr

from paybridge.conformance.inbox import Inbox
from paybridge.conformance.trial import Behaviour, Delivery, Ground
from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.rails.stripe import StripeRail
from paybridge.rails.stripe.options import StripeOptions
from paybridge.services.ports import Order, Rail
from tests.rails.localstripe import LocalStripe

KEY: Final = "sk_test_for_the_kit"
SECRET: Final = "whsec_for_the_kit"
HEADERS: Final = {"Authorization": f"Bearer {KEY}"}
CARDS: Final[Mapping[Behaviour, str]] = {
    Behaviour.SETTLES: "4242424242424242",
    Behaviour.REFUSES: "4000000000000341",
}
DEBITED: Final = "DE89370400440532013000"
DEBIT_FAILS: Final = "DE62370400440532013001"
WANTS_ITS_HOLDER: Final = "4000002500003155"
NOT_WHO_THEY_SAY: Final = "4000008260003178"
PAID_AT_ONCE: Final = "ba_atonce"
PAID_LATE: Final = "ba_later"


class StripeStand:
    """A fresh localstripe."""

    executes = "^POST /v1/payment_intents/[^/]+/confirm$"
    asks = "^GET /v1/payment_intents"
    prepares = "^POST /v1/payment_intents$"
    about = "^GET /v1/balance$"
    webhook_age = timedelta(minutes=5)
    live_options = (
        {"api_key": "sk_live_1234567890"},
        {"api_key": "rk_live_1234567890"},
        {"api_key": KEY, "url": "https://stripe.example.org"},
    )

    def __init__(
        self,
        address: str,
        http: aiohttp.ClientSession,
        inbox: Inbox,
        kind: type[StripeRail] = StripeRail,
    ) -> None:
        self.address = address
        self._kind = kind
        self.options = {"url": address, "api_key": KEY}
        self._http = http
        self._inbox = inbox
        self._numbers = count(1)

    def rail(self, address: str | None = None, *, patience: float = 30.0) -> StripeRail:
        return self._rail(SECRET, address, patience)

    def rail_with_a_page(self) -> StripeRail:
        """People come back to a page of the operator's."""
        return self._rail(SECRET, return_url="https://pay.example.org/back")

    def rail_after_rotation(self) -> Rail:
        """The operator lists both secrets while one follows the other."""
        return self._rail(f"whsec_the_next,{SECRET}")

    def rail_with_another_key(self) -> Rail:
        return self._rail("whsec_of_somebody_else")

    async def order(
        self, kind: LegKind | None = None, behaviour: Behaviour = Behaviour.SETTLES
    ) -> Order | None:
        if kind is LegKind.PAYOUT:
            return await self.order_to(PAID_AT_ONCE) if behaviour is Behaviour.SETTLES else None
        if behaviour is Behaviour.SETTLES_LATE:
            return await self.order_by_debit(DEBITED)
        number = CARDS.get(behaviour)
        return await self.order_on(number) if number else None

    async def order_on(self, number: str) -> Order:
        """A collect from this card."""
        card = {"number": number, "exp_month": "12", "exp_year": "2030", "cvc": "123"}
        return await self._order("card", card)

    async def order_by_debit(self, iban: str) -> Order:
        """A collect by SEPA debit from this account."""
        return await self._order("sepa_debit", {"iban": iban})

    async def order_to(self, account: str) -> Order:
        """A payout to this account."""
        linked = await self.rail().link(account)
        return Order(f"leg-{next(self._numbers)}", LegKind.PAYOUT, Money(1250, "EUR"), linked.token, "pizza")

    async def let_settle(self) -> None:
        await self.tell("settle", {})

    async def tell(self, what: str, form: Mapping[str, str]) -> None:
        """Have the peer do what Stripe does by itself."""
        async with self._http.post(f"{self.address}/_config/{what}", data=form) as answer:
            answer.raise_for_status()

    async def moved(self, reference: str) -> list[Money]:
        intents = await self.ask("GET", "/v1/payment_intents?limit=1000")
        mine = {one["id"] for one in intents["data"] if one["metadata"].get("reference") == reference}
        charges = await self.ask("GET", "/v1/charges?limit=1000")
        return [
            Money(one["amount"] - one["amount_refunded"], one["currency"].upper())
            for one in charges["data"]
            if one["payment_intent"] in mine and one["paid"]
        ] + [
            Money(one["amount"], one["currency"].upper())
            for one in (await self.ask("GET", "/v1/payouts?limit=1000"))["data"]
            if one["metadata"].get("reference") == reference
        ]

    async def webhooks(self, order: Order, count: int = 1) -> list[Delivery]:
        await self.hear_of("payment_intent.succeeded")
        rail = self.rail()
        quote = await rail.quote(order)
        await rail.execute(await rail.prepare(order), f"key-{order.reference}", quote.highest_fee)
        came = [await self._inbox.next() for _ in range(count)]
        return [Delivery(headers, raw, datetime.now(UTC)) for headers, raw in came]

    async def hear_of(self, event: str) -> None:
        """Have webhooks of this kind sent."""
        await self.tell("webhooks/kit", {"url": self._inbox.address, "secret": SECRET, "events[]": event})

    def as_if_live(self, body: bytes) -> bytes:
        return body.replace(b'"livemode": false', b'"livemode": true')

    async def ask(self, method: str, path: str, form: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401  JSON
        async with self._http.request(method, self.address + path, data=form, headers=HEADERS) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def _order(self, kind: str, details: Mapping[str, str]) -> Order:
        form = {"type": kind} | {f"{kind}[{name}]": value for name, value in details.items()}
        method = await self.ask("POST", "/v1/payment_methods", form)
        linked = await self.rail().link(method["id"])
        reference = f"leg-{next(self._numbers)}"
        return Order(reference, LegKind.COLLECT, Money(1250, "EUR"), linked.token, "pizza")

    def _rail(
        self,
        secret: str,
        address: str | None = None,
        patience: float = 30.0,
        return_url: str | None = None,
    ) -> StripeRail:
        options = StripeOptions(
            url=address or self.address,
            return_url=return_url,
            api_key=SecretStr(KEY),
            webhook_secret=SecretStr(secret),
            timeout_seconds=patience,
        )
        return self._kind(options, self._http)


class StripeTrial:
    rail = "stripe"
    peer = "localstripe"
    kind: type[StripeRail] = StripeRail

    @asynccontextmanager
    async def stand(self, ground: Ground) -> AsyncIterator[StripeStand]:
        async with LocalStripe() as peer:
            yield StripeStand(peer.address, ground.http, ground.inbox, self.kind)
