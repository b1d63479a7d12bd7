"""`paybridge backup` and `restore` where PostgreSQL keeps the books, and from one engine to the other."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from paybridge.domain.transfer import TransferState
from paybridge.services.ports import Letter, Post, Step
from paybridge.storage.audit import audit
from paybridge.storage.database import open_database
from paybridge.vault import MasterKey, found_vault
from tests.cli.test_backup import TOMORROW, backed_up, key_in, restored
from tests.fakes import postgres
from tests.fakes.database import StoodClock
from tests.fakes.records import a_booking, a_topup, a_transfer, euros, people

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.cli.test_commandline import Captured


def config_in(folder: Path, url: str | None) -> Path:
    (folder / "data").mkdir(parents=True, mode=0o700)
    database = "" if url is None else f"database: {{url: '{url}'}}\n"
    (folder / "config.yaml").write_text(
        "homeserver: {url: 'http://hs', user_id: '@bot:hs', password: hush}\n"
        f"data_dir: {folder / 'data'}\n{database}"
    )
    key_in(folder)
    return folder


@pytest.fixture
async def empty() -> AsyncIterator[str]:
    name = await postgres.empty_database()
    yield postgres.url_of(name)
    await postgres.drop(name)


@pytest.fixture
async def old(tmp_path: Path) -> AsyncIterator[Path]:
    """A bot that acts on PostgreSQL, with something of everything that is open."""
    name = await postgres.fresh_database()
    database = await open_database(postgres.url_of(name), StoodClock())
    _, check = found_vault(MasterKey(bytes(32)))
    await database.keep_vault_check(check)
    await database.lease.acquire()
    card = replace(a_transfer("PB-CARD", state=TransferState.AWAITING_APPROVAL, cents=500), expires=TOMORROW)
    post = Post("post", "!room:hs", None, None, b"sealed", TOMORROW)
    await database.book.commit(
        people("anna", "bob")
        + Step(records=(card,), journals=(a_topup("t/1", "anna", 1000),), posts=(post,))
        + Step(journals=(a_booking("b/1", "anna", "bob", 30),))
    )
    await database.mailbox.receive(
        [Letter("$event", "!room:hs", "@anna:test", TOMORROW, b"sealed")], "s7", "DEVICE"
    )
    folder = config_in(tmp_path / "old", database.url)
    (folder / "data" / "cross-signing.json").write_text("three seeds")
    yield folder
    await database.close()
    await postgres.drop(name)


async def goes_on(url: str) -> None:
    """The restored books are sound, take new rows and know the old ones."""
    report = await asyncio.to_thread(audit, url)
    database = await open_database(url, StoodClock())
    acquired = await database.lease.acquire()
    await database.book.commit(Step(journals=(a_booking("b/2", "bob", "anna", 30),)) + people("carol"))
    letter = Letter("$new", "!room:hs", "@anna:test", TOMORROW, b"sealed")
    new = await database.mailbox.receive([letter, replace(letter, event="$event")], "s8")
    balance = await database.book.balance("anna", "EUR")
    waiting = await database.mailbox.posts(0, 10)
    token = await database.mailbox.sync_token("DEVICE")
    await database.close()

    assert (report.problems, report.journals, report.totals["person", "EUR"]) == ((), 2, 1000)
    assert acquired
    assert (new, waiting, token) == (["$new"], [], None)
    assert balance == euros(1000)
    assert (await asyncio.to_thread(audit, url)).problems == ()


async def test_a_bot_on_postgresql_comes_back_in_an_empty_database(
    old: Path, tmp_path: Path, empty: str
) -> None:
    new = config_in(tmp_path / "new", empty)
    ended = await restored(await backed_up(old), new)
    there = {path.name for path in (new / "data").iterdir()}

    assert ended == 0
    assert there == {"master.key", "cross-signing.json"}
    await goes_on(empty)


async def test_the_books_move_from_postgresql_to_a_file_and_back(
    old: Path, tmp_path: Path, empty: str
) -> None:
    file = config_in(tmp_path / "file", None)
    first = await restored(await backed_up(old), file)
    books = f"sqlite+aiosqlite:///{file / 'data' / 'paybridge.db'}"
    report = await asyncio.to_thread(audit, books)
    new = config_in(tmp_path / "new", empty)
    second = await restored(await backed_up(file), new)

    assert (first, second, report.problems) == (0, 0, ())
    await goes_on(empty)


async def test_a_backup_of_a_bot_that_writes_to_postgresql_is_of_one_moment(
    old: Path, tmp_path: Path, empty: str
) -> None:
    url = (old / "config.yaml").read_text().split("url: '")[2].split("'")[0]
    writer = await open_database(url, StoodClock())
    await writer.lease.acquire()
    done = asyncio.Event()

    async def write() -> int:
        number = 0
        while not done.is_set():
            number += 1
            await writer.book.commit(Step(journals=(a_booking(f"w/{number}", "anna", "bob", 1),)))
            await asyncio.sleep(0)
        return number

    writing = asyncio.ensure_future(write())
    file = await backed_up(old)
    done.set()
    written = await writing
    await writer.close()
    ended = await restored(file, config_in(tmp_path / "new", empty))

    assert written
    assert ended == 0
    assert (await asyncio.to_thread(audit, empty)).problems == ()


async def test_where_books_are_nothing_is_restored(old: Path, tmp_path: Path, capsys: Captured) -> None:
    url = (old / "config.yaml").read_text().split("url: '")[2].split("'")[0]
    file = await backed_up(old)
    ended = await restored(file, config_in(tmp_path / "new", url))

    assert ended == 2
    assert "holds a bot's books already" in capsys.readouterr().err
