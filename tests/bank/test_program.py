"""The bank as a program: starting, refusing to start, dying and coming back."""

from __future__ import annotations

import asyncio
import signal
import socket
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from paybridge.bank import BankOptions, BankStartError, running_bank
from paybridge.bank.program import own_key
from paybridge.bank.scripts import SCRIPTED
from tests.bank.bank_client import KEY, BankClient, bank_process

SETTLES_IN_SILENCE = next(script.iban for script in SCRIPTED if script.name == "silent, settles")


async def test_a_bank_killed_after_executing_replays_the_same_key_when_it_is_back(
    tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    async with bank_process(tmp_path) as (process, url):
        bank = BankClient(session, url)
        link = await bank.link()
        order = await bank.prepared(link)
        answer = await bank.execute(order)
        process.send_signal(signal.SIGKILL)
        await process.wait()
    async with bank_process(tmp_path) as (_, url):
        bank = BankClient(session, url)
        replayed = await bank.execute(order)

        assert replayed.body == answer.body
        assert await bank.order(order) == answer.body
        assert await bank.balances() == (1_000_01 - 1250, 1250)
        assert (await bank.prepare(link)).body["id"] == order


async def test_sigterm_ends_the_program_quietly_even_while_a_connection_is_held(
    tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    async with bank_process(tmp_path, "--hang-seconds", "600") as (process, url):
        bank = BankClient(session, url)
        order = await bank.prepared(await bank.link(SETTLES_IN_SILENCE))
        held = asyncio.create_task(bank.execute(order))
        while (await bank.order(order))["state"] != "settled":
            assert not held.done()
        process.send_signal(signal.SIGTERM)

        assert await process.wait() == 0
        with pytest.raises(aiohttp.ClientConnectionError):
            await held


async def run_to_its_end(*arguments: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "paybridge.bank", *arguments),
        stderr=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    _, said = await process.communicate()
    return process.returncode, said.decode()


async def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = await run_to_its_end("--port", str(port), "--data", str(tmp_path), "--api-key", KEY)

    assert (code, said) == (1, f"the bank simulator cannot listen on 127.0.0.1:{port}: the port is taken\n")


async def test_a_live_looking_key_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    code, said = await run_to_its_end("--data", str(tmp_path / "bank"), "--api-key", "sk_live_123")

    assert code == 1
    assert said == "the bank simulator takes only API keys that start with bank_test_\n"
    assert not (tmp_path / "bank").exists()


async def test_without_a_key_the_bank_makes_one_for_its_owner_alone(
    tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    key = own_key(tmp_path / "bank")
    async with running_bank(BankOptions(data=tmp_path / "bank", api_key=key)) as url:
        answer = await BankClient(session, url, key).call("GET", "/v1/about")

    assert answer.status == 200
    assert own_key(tmp_path / "bank") == key
    assert (tmp_path / "bank" / "api-key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "wrong",
    [
        {"api_key": "bank_test_"},
        {"port": 70_000},
        {"hang_seconds": -1.0},
        {"collect_fee_minor": -1},
        {"idempotency_window_seconds": 0},
        {"webhook_url": "http://127.0.0.1:1/"},
        {"webhook_url": "ftp://127.0.0.1/", "webhook_secrets": ("whsec_c2VjcmV0",)},
        {"webhook_url": "http://127.0.0.1:1/", "webhook_secrets": ("secret",)},
        {"webhook_url": "http://127.0.0.1:1/", "webhook_secrets": ("whsec_no base64",)},
        {"webhook_url": "http://127.0.0.1:1/", "webhook_secrets": ("whsec_",)},
    ],
)
def test_options_that_cannot_work_are_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(BankStartError):
        BankOptions(**{"data": tmp_path, "api_key": KEY, **wrong})


async def test_books_of_an_earlier_version_are_brought_up_to_date_with_their_orders(tmp_path: Path) -> None:
    async with running_bank(BankOptions(data=tmp_path, api_key=KEY)):
        pass
    with closing(sqlite3.connect(tmp_path / "bank.sqlite3")) as books:
        books.executescript(
            "DROP INDEX payment_to_reverse; ALTER TABLE payment DROP COLUMN reverses_at;"
            " ALTER TABLE payment DROP COLUMN reversed_at; ALTER TABLE payment DROP COLUMN to_link;"
            " PRAGMA user_version = 1;"
            "INSERT INTO account (number, holder, kind, currency, opened_at)"
            " VALUES ('DE1', 'Anna', 'customer', 'EUR', '2026');"
            "INSERT INTO link VALUES ('lnk_1', last_insert_rowid(), 'sepa', 'verified', '1', 3, '2026');"
            "INSERT INTO payment (id, reference, direction, link, amount, currency, text, state, fee,"
            " reported_amount, prepared_at, expires_at)"
            " VALUES ('ord_1', 'PB-1', 'collect', 'lnk_1', 5, 'EUR', '', 'cancelled', 0, 5, '2026', '2026')"
        )
    async with running_bank(BankOptions(data=tmp_path, api_key=KEY)):
        pass
    with closing(sqlite3.connect(tmp_path / "bank.sqlite3")) as books:
        kept = books.execute("SELECT id, reversed_at, to_link FROM payment").fetchall()
        version = books.execute("PRAGMA user_version").fetchone()

    assert kept == [("ord_1", None, None)]
    assert version == (3,)


async def test_books_of_another_version_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "bank.sqlite3").write_bytes(b"not a database at all" * 100)

    with pytest.raises(BankStartError, match="cannot keep its books"):
        async with running_bank(BankOptions(data=tmp_path, api_key=KEY)):
            pass


async def test_a_folder_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(BankStartError, match="cannot keep its books"):
        async with running_bank(BankOptions(data=tmp_path / "file" / "bank", api_key=KEY)):
            pass
