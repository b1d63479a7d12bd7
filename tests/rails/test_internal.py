"""What the conformance kit does not ask of the internal rail."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from paybridge.domain.money import Money
from paybridge.services.ports import LinkRefusedError
from tests.rails.internal_trial import InternalStand


@pytest.fixture
async def stand() -> AsyncIterator[InternalStand]:
    async with aiohttp.ClientSession() as http:
        yield InternalStand(http)


async def test_it_is_free(stand: InternalStand) -> None:
    order = await stand.order()

    assert order is not None
    quote = await stand.rail().quote(order)
    assert quote.highest_fee == quote.fee == Money.zero("EUR")


async def test_it_has_no_accounts_to_link(stand: InternalStand) -> None:
    with pytest.raises(LinkRefusedError):
        await stand.rail().link("DE89370400440532013000")
