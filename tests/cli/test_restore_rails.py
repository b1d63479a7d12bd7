"""A bot that was restored, and a real bank that knows more than its books: nothing is sent a second time."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import aiohttp
import pytest

from paybridge.domain.leg import LegKind, LegState
from paybridge.domain.transfer import TransferState
from paybridge.services.ports import Step
from tests.bank.bank_client import KEY, BankClient, bank_process
from tests.cli.test_backup import backed_up, key_in, restored
from tests.crashes.world import wait_until
from tests.fakes.database import START, open_book
from tests.fakes.records import a_leg, a_transfer, people

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

CENTS = 700
MOST_KILLS = 12
NOBODY = "http://127.0.0.1:9"
"""Where no homeserver answers: a bot without one still goes on with money."""


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[BankClient]:
    async with (
        bank_process(tmp_path / "bank") as (_, url),
        aiohttp.ClientSession() as session,
    ):
        yield BankClient(session, url)


def config_in(folder: Path, bank: str) -> Path:
    folder.mkdir()
    config = folder / "config.yaml"
    config.write_text(
        f"homeserver: {{url: '{NOBODY}', user_id: '@bot:hs', password: hush}}\n"
        f"data_dir: {folder / 'data'}\n"
        "web: {listen: '127.0.0.1:0'}\n"
        f"rails: {{bank: {{url: '{bank}', api_key: {KEY}}}}}\n"
    )
    key_in(folder)
    return config


async def waiting_orders(data: Path, link: str, *names: str) -> None:
    """Approved payments that are not sent yet."""
    book, _, _, database = await open_book(data)
    step = people("anna", "bob")
    for name in names:
        collect = replace(
            a_leg(f"{name}/1", name, kind=LegKind.COLLECT, cents=CENTS),
            state=LegState.RESERVED,
            link=link,
            due=START,
        )
        booked = a_leg(f"{name}/2", name, number=2, cents=CENTS)
        transfer = a_transfer(name, state=TransferState.APPROVED, cents=CENTS)
        step += Step(records=(transfer, collect, booked))
    await book.commit(step)
    await database.close()


def states(data: Path) -> dict[str, str]:
    with closing(sqlite3.connect(data / "paybridge.db")) as books:
        return dict(books.execute("SELECT id, state FROM leg WHERE number = 1").fetchall())


def cleared(data: Path) -> bool:
    with closing(sqlite3.connect(data / "paybridge.db")) as books:
        found = books.execute("SELECT count(*) FROM memory WHERE name = 'restored/bank'").fetchone()
    return bool(found[0])


async def bot(config: Path, failpoints: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.crashes.armed", "run", "--config", str(config)),
        env={**os.environ, "FAILPOINTS": failpoints},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


@pytest.mark.slow
async def test_what_was_sent_after_the_backup_is_not_sent_again_however_often_the_bot_is_killed(
    bank: BankClient, tmp_path: Path
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    config_in(old, bank.url)
    link = await bank.link()
    await bank.verify(link, await bank.code())
    await waiting_orders(old / "data", link, "PB-SENT", "PB-LEFT")
    file = await backed_up(old)
    # The old bot goes on: one of the orders is sent, and everything of it is lost with its data.
    order = await bank.prepared(link, CENTS, reference="PB-SENT/1")
    await bank.execute(order, key="paybridge-PB-SENT/1")

    config = config_in(new, bank.url)
    ended = await restored(file, new)
    kills = 0
    while not cleared(new / "data"):
        # Ever later in its life; that the courier sends anything before would be the end of the first one.
        dying = await bot(config, f"storage.before_commit=kill@{kills + 1} courier.after_prepare=kill")
        killed = await dying.wait() == -signal.SIGKILL
        assert killed
        sent_too_early = states(new / "data")["PB-LEFT/1"] != "reserved"
        kills += 1
        assert not sent_too_early
        assert kills < MOST_KILLS
    living = await bot(config, "storage.before_commit=kill@999999")
    await asyncio.to_thread(wait_until, lambda: set(states(new / "data").values()) == {"settled"})
    living.terminate()
    statement = await bank.statement("?currency=EUR")

    assert ended == 0
    assert await living.wait() == 0
    assert kills > 1
    moved = [entry["reference"] for entry in statement["entries"] if entry["reference"]]
    assert sorted(moved) == ["PB-LEFT/1", "PB-SENT/1"]
