"""On each engine an operator decides about a person while the bot holds the lease."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.deeds import Deed, DeedKind
from paybridge.services.ports import Step
from paybridge.storage.deeds import deeds_so_far, frozen_people, order_deed, standing_of
from paybridge.storage.errors import DatabaseError
from tests.fakes.database import START, ask_raw
from tests.fakes.records import people

if TYPE_CHECKING:
    from paybridge.storage.database import Database

ANNA = "@anna:test"


async def test_a_decision_is_found_by_the_bot_once_and_stays_written(database: Database) -> None:
    assert await database.lease.acquire()
    await database.book.commit(people("anna"))
    standing = await asyncio.to_thread(standing_of, database.url, ANNA)
    deed = Deed("d1", DeedKind.UNFREEZE, standing.person, START)
    await asyncio.to_thread(order_deed, database.url, deed, "root")
    (found,) = await database.book.open_deeds()
    await database.book.commit(Step(records=(replace(found, done=START),)))

    assert found == replace(deed, version=1)
    assert await database.book.open_deeds() == []
    assert await asyncio.to_thread(deeds_so_far, database.url) == [(START, "unfreeze", START, ANNA)]
    for change in ("DELETE FROM deed", "UPDATE deed SET done = NULL", "UPDATE deed SET person = 'bob'"):
        with pytest.raises(Exception, match="stays written"):
            await ask_raw(database, change)


async def test_who_has_frozen_is_named_and_nobody_who_is_unknown_is_decided_about(database: Database) -> None:
    await database.book.commit(people("anna", "bob"))
    anna = await database.book.person("anna")
    assert anna is not None
    await database.book.commit(Step(records=(replace(anna, frozen=START),)))

    assert await asyncio.to_thread(frozen_people, database.url) == [(ANNA, START)]
    assert (await asyncio.to_thread(standing_of, database.url, ANNA)).frozen
    with pytest.raises(DatabaseError, match="nobody whom the books know"):
        await asyncio.to_thread(standing_of, database.url, "@nobody:test")
