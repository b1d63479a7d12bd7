"""The scripted rail that other tests use, on trial: a fake keeps what the real ones keep."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count

from paybridge.conformance.trial import Behaviour, Delivery, Ground
from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.services.ports import Order
from tests.fakes.rail import BAD_ACCOUNT, CODE, ScriptedRail, refuses

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class ScriptedStand:
    details = "DE89370400440532013000"
    bad_details = BAD_ACCOUNT
    webhook_age = timedelta(minutes=5)

    def __init__(self) -> None:
        self._rail = ScriptedRail(fee=7)
        self._numbers = count(1)

    def rail(self, address: str | None = None, *, patience: float = 30.0) -> ScriptedRail:
        assert address is None, f"nothing is to be waited for {patience} seconds at {address}"
        return self._rail

    async def order(
        self, kind: LegKind | None = None, behaviour: Behaviour = Behaviour.SETTLES
    ) -> Order | None:
        match behaviour:
            case Behaviour.SETTLES:
                link = self._rail.verified_link()
            case Behaviour.REFUSES:
                link = self._rail.verified_link(refuses("insufficient_funds"))
            case Behaviour.TELLS_OFTEN:
                link = self._rail.verified_link()
            case _:
                return None
        return Order(f"leg-{next(self._numbers)}", kind or LegKind.COLLECT, Money(1250, "EUR"), link, "")

    async def moved(self, reference: str) -> list[Money]:
        return [order.amount for order in self._rail.moved if order.reference == reference]

    async def proof(self, token: str) -> str:
        assert token
        return CODE

    async def webhooks(self, order: Order, count: int = 1) -> list[Delivery]:
        told = [self._rail.webhook(f"event-{number}", order.reference, NOW) for number in range(count)]
        return [Delivery(headers, raw, NOW) for headers, raw in told]


class ScriptedTrial:
    rail = "scripted"
    peer = "a script"

    @asynccontextmanager
    async def stand(self, ground: Ground) -> AsyncIterator[ScriptedStand]:
        assert ground.inbox.address
        yield ScriptedStand()
