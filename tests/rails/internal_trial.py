"""The internal rail on trial: it is its own peer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import aiohttp

from paybridge.conformance.trial import Behaviour, Ground
from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.rails.internal import InternalOptions, InternalRail
from paybridge.services.ports import Order, Settled


class InternalStand:
    """The only money that can move is what the rail says has settled."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._rail = InternalRail(InternalOptions(), http)
        self._numbers = count(1)

    def rail(self, address: str | None = None, *, patience: float = 30.0) -> InternalRail:
        assert address is None, f"nothing is to be waited for {patience} seconds at {address}"
        return self._rail

    async def order(
        self, kind: LegKind | None = None, behaviour: Behaviour = Behaviour.SETTLES
    ) -> Order | None:
        if behaviour is not Behaviour.SETTLES:
            return None
        return Order(f"leg-{next(self._numbers)}", kind or LegKind.BOOK, Money(1250, "EUR"), "", "pizza")

    async def moved(self, reference: str) -> list[Money]:
        outcome = await self._rail.query(reference, None)
        return [outcome.amount] if isinstance(outcome, Settled) else []


class InternalTrial:
    rail = "internal"
    peer = "our own ledger"

    @asynccontextmanager
    async def stand(self, ground: Ground) -> AsyncIterator[InternalStand]:
        yield InternalStand(ground.http)
