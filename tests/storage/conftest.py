"""An open database for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.database import StoodClock, open_book

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from paybridge.services.ports import Book, Mailbox
    from paybridge.storage.database import Database


@pytest.fixture
def clock() -> StoodClock:
    return StoodClock()


@pytest.fixture
async def database(tmp_path: Path, clock: StoodClock) -> AsyncIterator[Database]:
    _, _, _, opened = await open_book(tmp_path, clock)
    yield opened
    await opened.close()


@pytest.fixture
def book(database: Database) -> Book:
    return database.book


@pytest.fixture
def mailbox(database: Database) -> Mailbox:
    return database.mailbox
