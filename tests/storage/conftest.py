"""An open database for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from paybridge.storage.database import open_database
from tests.fakes import postgres
from tests.fakes.database import StoodClock, open_book

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from paybridge.services.ports import Book, Mailbox
    from paybridge.storage.database import Database


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test of a database runs on each engine, unless its module says on which with `ENGINES`."""
    if "database" in metafunc.fixturenames:
        engines = getattr(metafunc.module, "ENGINES", ("sqlite", "postgres"))
        metafunc.parametrize("database", engines, indirect=True)


@pytest.fixture
def clock() -> StoodClock:
    return StoodClock()


@pytest.fixture
async def database(
    request: pytest.FixtureRequest, tmp_path: Path, clock: StoodClock
) -> AsyncIterator[Database]:
    if request.param == "sqlite":
        _, _, _, opened = await open_book(tmp_path, clock)
        yield opened
        await opened.close()
        return
    name = await postgres.fresh_database()
    opened = await open_database(postgres.url_of(name), clock)
    yield opened
    await opened.close()
    await postgres.give_back(name)


@pytest.fixture
def book(database: Database) -> Book:
    return database.book


@pytest.fixture
def mailbox(database: Database) -> Mailbox:
    return database.mailbox
