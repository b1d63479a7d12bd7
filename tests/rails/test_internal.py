"""The internal rail keeps the contract."""

from __future__ import annotations

from itertools import count

import aiohttp
import pytest

from paybridge.domain.leg import LegKind
from paybridge.domain.money import Money
from paybridge.rails.internal import InternalOptions, InternalRail
from paybridge.services.ports import LinkRefusedError, Order, Settled
from tests.rails.contract import RailContract


class InternalTrial:
    """Its own peer: the only money that can move is what it says has settled."""

    def __init__(self, rail: InternalRail) -> None:
        self.rail = rail
        self._numbers = count(1)

    async def order(self, kind: LegKind | None = None) -> Order:
        return Order(f"leg-{next(self._numbers)}", kind or LegKind.BOOK, Money(1250, "EUR"), "", "pizza")

    async def moved(self, reference: str) -> list[Money]:
        outcome = await self.rail.query(reference, None)
        return [outcome.amount] if isinstance(outcome, Settled) else []


@pytest.fixture
async def trial() -> InternalTrial:
    async with aiohttp.ClientSession() as http:
        return InternalTrial(InternalRail(InternalOptions(), http))


class TestInternalRail(RailContract):
    async def test_it_is_free(self, trial: InternalTrial) -> None:
        quote = await trial.rail.quote(await trial.order())

        assert quote.highest_fee == quote.fee == Money.zero("EUR")

    async def test_it_has_no_accounts_to_link(self, trial: InternalTrial) -> None:
        with pytest.raises(LinkRefusedError):
            await trial.rail.link("DE89370400440532013000")
