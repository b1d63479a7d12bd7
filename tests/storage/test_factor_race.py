"""A one-time code that two processes see at the same moment counts once, on each engine, a thousand times."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pyotp
import pytest

from paybridge.domain.factor import Factor, FactorState, step_at
from paybridge.services.ports import Step
from paybridge.vault import MasterKey, found_vault
from tests.fakes.database import START
from tests.fakes.records import a_person

if TYPE_CHECKING:
    from asyncio.subprocess import Process

    from paybridge.storage.database import Database

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


async def ask(racer: Process, line: str) -> str:
    assert racer.stdin is not None
    assert racer.stdout is not None
    racer.stdin.write(f"{line}\n".encode())
    await racer.stdin.drain()
    return (await racer.stdout.readline()).decode().strip()


@pytest.mark.parametrize("rounds", [20, pytest.param(1000, marks=pytest.mark.slow)])
async def test_of_two_processes_that_use_one_code_exactly_one_wins(database: Database, rounds: int) -> None:
    vault, check = found_vault(MasterKey(bytes(32)))
    person = replace(a_person("anna"), key=vault.new_key())
    sealed = vault.seal(person.key, "factor|anna|secret", SECRET.encode())
    await database.book.commit(Step(records=(person, Factor("anna", sealed, FactorState.ACTIVE, START))))
    racers = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.storage.factor_racer",
            database.url,
            "anna",
            check.hex(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(2)
    ]
    codes, first = pyotp.TOTP(SECRET), step_at(START) + 1
    seen: list[list[str]] = []
    for step in range(first, first + rounds):
        ready = await asyncio.gather(*(ask(racer, f"{step} {codes.generate_otp(step)}") for racer in racers))
        assert ready == ["ready", "ready"]
        seen.append(sorted(await asyncio.gather(*(ask(racer, "go") for racer in racers))))
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.close()
        assert await racer.wait() == 0
    factor = await database.book.factor("anna")

    assert factor is not None
    assert factor.last_step == first + rounds - 1
    assert factor.wrong == 0
    assert seen == [["error.wrong_code", "won"]] * rounds
