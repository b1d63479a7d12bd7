"""The database in trouble while people pay: it is said, it passes, and nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

import pytest

from tests.crashes.house import PEOPLE
from tests.crashes.judge import judge
from tests.crashes.world import World, wait_until
from tests.fakes import postgres

READY = "ok"


@contextmanager
def paying(world: World) -> Iterator[subprocess.Popen[bytes]]:
    """A bot at work, with much to do; in the end all of it must be done."""
    chance = Random(5)  # noqa: S311 - the same in every run
    world.open()
    try:
        for _ in range(12):
            world.pay(chance)
        handled = _handled(world)
        bot = world.begin()
        try:
            wait_until(lambda: _handled(world) > handled)
            yield bot
            assert bot.wait(120) == 0, world.tail()
        finally:
            bot.kill()
            bot.wait()
    finally:
        world.close()


@pytest.mark.slow
def test_a_database_that_another_program_locks_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    world = World(tmp_path, f"sqlite+aiosqlite:///{tmp_path}/paybridge.db", PEOPLE[8:16], forks=False)
    with paying(world), closing(sqlite3.connect(tmp_path / "paybridge.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        wait_until(lambda: _database(world) == "cannot be written")
        other.execute("ROLLBACK")
        wait_until(lambda: _database(world) == READY)

    assert judge(world).faults == ()


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="A FULL DISK WAS NOT TRIED: only root may mount a small one")
def test_a_full_disk_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(disk)]
    if subprocess.run(command, check=False).returncode != 0:  # noqa: S603 - our own words
        pytest.skip("A FULL DISK WAS NOT TRIED: a small one cannot be mounted here")
    try:
        world = World(tmp_path, f"sqlite+aiosqlite:///{disk}/paybridge.db", PEOPLE[8:16], forks=False)
        with paying(world):
            _fill(disk / "filling")
            wait_until(lambda: _database(world) == "cannot be written")
            (disk / "filling").unlink()
            wait_until(lambda: _database(world) == READY)
        faults = judge(world).faults
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)  # noqa: S603, S607 - our own words

    assert faults == ()


@pytest.mark.slow
async def test_a_postgresql_that_cuts_stops_and_starts_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    name = await postgres.empty_database()
    world = World(tmp_path, postgres.url_of(name), PEOPLE[8:16], forks=False)
    await asyncio.to_thread(_in_trouble, world, name)

    assert (await asyncio.to_thread(judge, world)).faults == ()


def _in_trouble(world: World, name: str) -> None:
    with paying(world):
        for _ in range(5):
            asyncio.run(_cut(name))
        asyncio.run(postgres.stop())
        try:
            wait_until(lambda: _database(world) not in {"", READY})
        finally:
            asyncio.run(postgres.start())
        wait_until(lambda: _database(world) == READY)


async def _cut(name: str) -> None:
    connection = await postgres.connect("postgres")
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
    )
    await connection.close()


def _handled(world: World) -> int:
    ((handled,),) = world.books("SELECT count(*) FROM letter WHERE done = 1")
    return int(handled)


def _database(world: World) -> str:
    """What readiness says of the database; nothing while nobody answers."""
    address = f"http://127.0.0.1:{world.ports['web']}/readyz"
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            told = answer.read()
    except urllib.error.HTTPError as error:
        with error:
            told = error.read()
    except OSError:
        return ""
    return str(json.loads(told)["parts"]["database"])


def _fill(file: Path) -> None:
    """Write until nothing more fits."""
    with file.open("wb", buffering=0) as filling:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while filling.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
