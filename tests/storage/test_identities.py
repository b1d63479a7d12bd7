"""On each engine an operator sees who is frozen and lets somebody go, while the bot holds the lease."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.pinning import Freeze, PinnedKey
from paybridge.services.ports import Step
from paybridge.storage.identities import NotFrozenError, accept_identity, frozen_identities
from tests.fakes.database import START

if TYPE_CHECKING:
    from paybridge.storage.database import Database

ANNA, BOB = "@anna:hs", "@bob:hs"
DAY = timedelta(days=1)


async def test_who_is_frozen_is_named_and_let_go(database: Database) -> None:
    assert await database.lease.acquire()
    frozen = PinnedKey(ANNA, "first", Freeze("second", START, START + DAY))
    await database.book.commit(Step(records=(frozen, PinnedKey(BOB, "bobs"))))
    named = await asyncio.to_thread(frozen_identities, database.url)
    accepted = await asyncio.to_thread(accept_identity, database.url, ANNA, START, "root")
    (after,) = await asyncio.to_thread(frozen_identities, database.url)

    assert [(one.mxid, one.freeze) for one in named] == [(ANNA, frozen.freeze)]
    assert accepted.freeze == frozen.freeze
    assert [act.kind for act in await database.book.admin.acts(9)] == ["accept_identity"]
    assert (after.freeze, after.version) == (Freeze("second", START, START), accepted.version + 1)


async def test_nobody_else_is_let_go(database: Database) -> None:
    gone = PinnedKey(ANNA, "first", Freeze(None, START, None))
    await database.book.commit(Step(records=(gone, PinnedKey(BOB, "bobs"))))

    with pytest.raises(NotFrozenError, match="no encryption identity"):
        await asyncio.to_thread(accept_identity, database.url, ANNA, START, "root")
    with pytest.raises(NotFrozenError, match="is not frozen"):
        await asyncio.to_thread(accept_identity, database.url, BOB, START, "root")
