"""Two couriers on one PostgreSQL with no lease between them: each order leaves once all the same."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import pytest

from paybridge.storage.audit import audit
from paybridge.storage.database import open_database
from paybridge.vault import MasterKey, found_vault
from tests.fakes import postgres
from tests.fakes.database import StoodClock
from tests.fakes.house import ALICE, BOB, CAROL, DINNER, House, open_house
from tests.fakes.rail import ScriptedRail

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from paybridge.services.ports import Order

PAYMENTS = 10
BOTH: defaultdict[str, asyncio.Barrier] = defaultdict(lambda: asyncio.Barrier(2))


class PreparesForBoth(ScriptedRail):
    """Answers a preparation only when both couriers have asked for it: both have read the leg by then."""

    async def prepare(self, order: Order) -> str:
        handle = await ScriptedRail.prepare(self, order)
        await BOTH[order.reference].wait()
        return handle


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[tuple[list[House], PreparesForBoth]]:
    """Two processes with the same books and the same bank, neither of which holds the lease."""
    name = await postgres.fresh_database()
    vault, check = found_vault(MasterKey(bytes(32)))
    databases = [await open_database(postgres.url_of(name), StoodClock()) for _ in range(2)]
    await databases[0].keep_vault_check(check)
    one, other = [(opened.book, opened.mailbox, vault, opened) for opened in databases]
    bank = PreparesForBoth(name="bank")
    yield [await open_house(tmp_path, {"bank": bank}, opened=opened) for opened in (one, other)], bank
    for opened in databases:
        await opened.close()
    await postgres.give_back(name)


async def test_each_order_is_executed_once(two: tuple[list[House], PreparesForBoth]) -> None:
    houses, bank = two
    first, _ = houses
    for payer, account in ((ALICE, "DE89370400440532013000"), (CAROL, "DE02120300000000202051")):
        await first.link(payer, account)
    for number in range(PAYMENTS // 2):
        for payer in (ALICE, CAROL):
            await first.hear(payer, f"!pay {BOB} 0,{number + 10} EUR", DINNER)
            await first.hear(payer, "!yes", DINNER)
    await asyncio.gather(*(house.courier.settle_down() for house in houses))
    executed = Counter(reference for call, reference in bank.calls if call == "execute")

    assert (len(executed), set(executed.values())) == (PAYMENTS, {1})
    assert len(bank.moved) == PAYMENTS
    assert sum(order.amount.minor for order in bank.moved) == 2 * sum(range(10, 10 + PAYMENTS // 2))
    assert (await asyncio.to_thread(audit, first.database.url)).problems == ()
