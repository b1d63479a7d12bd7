"""Two processes that begin with the same empty database at once end with one vault, or one of them ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from paybridge.app.founding import open_books
from paybridge.vault import MasterKey, WrongMasterKeyError
from tests.fakes import postgres

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CONTEXT = "inbox|system|payload"


@pytest.fixture
async def empty() -> AsyncIterator[str]:
    name = await postgres.empty_database()
    yield postgres.url_of(name)
    await postgres.drop(name)


async def test_with_the_same_master_key_they_read_each_other(empty: str) -> None:
    key = MasterKey(b"k" * 32)
    begun = await asyncio.gather(*(open_books(empty, str(number), lambda _: key) for number in range(4)))
    (_, first), *others = begun
    sealed = first.seal(first.system, CONTEXT, b"words")
    opened = [vault.open(vault.system, CONTEXT, sealed) for _, vault in others]
    for database, _ in begun:
        await database.close()

    assert opened == [b"words"] * 3


async def test_of_two_with_keys_of_their_own_one_ends_and_the_others_key_stays(empty: str) -> None:
    keys = [MasterKey(bytes([number]) * 32) for number in (1, 2)]
    one, other = (open_books(empty, "one", lambda _: keys[0]), open_books(empty, "other", lambda _: keys[1]))
    outcomes = await asyncio.gather(one, other, return_exceptions=True)
    refused = [isinstance(outcome, WrongMasterKeyError) for outcome in outcomes]
    again, _ = await open_books(empty, "again", lambda _: keys[refused.index(False)])
    for outcome in outcomes:
        if not isinstance(outcome, BaseException):
            await outcome[0].close()
    await again.close()

    assert sorted(refused) == [False, True]


async def test_who_comes_while_the_first_acts_already_takes_its_vault(empty: str) -> None:
    key = MasterKey(b"k" * 32)
    first, vault = await open_books(empty, "first", lambda _: key)
    assert await first.lease.acquire()
    kept = await first.keep_vault_check(b"another")
    second, _ = await open_books(empty, "second", lambda _: key)
    fenced = await second.keep_vault_check(b"another")
    await first.close()
    await second.close()

    assert vault.system
    assert (kept, fenced) == (False, False)
