"""A bot that lost all its data comes back from a backup: a new device, the same identity, the same books."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from asyncio.subprocess import PIPE, STDOUT
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from paybridge.demo.person import Person
from paybridge.demo.stage import Choices, Stage
from paybridge.matrix.wire import Wire
from tests.flows.dinner import dinner, payment_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from paybridge.demo.homeserver import Homeserver
    from tests.flows.dinner import Guest
    from tests.harness import People


HASH_FIGURES = 64


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(homeserver: Homeserver, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A bot and a bank of this file's own: its data is lost here."""
    async with Stage(
        tmp_path_factory.mktemp("backup"), homeserver, choices=Choices(localpart="forgetful")
    ) as standing:
        yield standing


async def command(*words: str | Path) -> str:
    ran = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "paybridge", *map(str, words)), stdout=PIPE, stderr=STDOUT
    )
    said = (await ran.communicate())[0].decode(errors="replace")
    assert ran.returncode == 0, said
    return said


async def keys_of_the_bot(guest: Guest) -> tuple[str, set[str]]:
    """Its master key, and its devices."""
    assert isinstance(guest.person, Person)  # whose client is nio's
    wire = Wire(str(guest.stage.homeserver.url))
    wire.token = str(guest.person.client.access_token)
    bot = guest.stage.bot_id
    try:
        told = await wire.post("keys", "query", body={"device_keys": {bot: []}})
    finally:
        await wire.close()
    return next(iter(told["master_keys"][bot]["keys"])), set(told["device_keys"][bot])


@pytest.mark.slow
async def test_a_bot_that_lost_its_data_comes_back_and_knows_what_its_backup_lacks(
    stage: Stage, people: People, tmp_path: Path
) -> None:
    alice, bob = await dinner(stage, people, "Alice", "Bob", linked=("Alice", "Bob"))
    await alice.pays(f"!pay {bob.id} 5 EUR")
    master, devices = await keys_of_the_bot(alice)
    saved, key = tmp_path / "backup", tmp_path / "master.key"
    operators = await alice.person.create_room("Operators", [stage.bot_id], encrypted=True)
    await alice.person.wait_for_member(operators, stage.bot_id)
    await command("backup", "--config", stage.config_file, "--to", saved)
    lost = payment_of(await alice.pays(f"!pay {bob.id} 7 EUR"))

    await stage.bot.stop()
    shutil.copyfile(stage.data_dir / "master.key", key)
    shutil.rmtree(stage.data_dir)
    stage.data_dir.mkdir(mode=0o700)
    shutil.copyfile(key, stage.data_dir / "master.key")
    (stage.data_dir / "master.key").chmod(0o600)
    said = await command("restore", saved, "--config", stage.config_file)
    before = await stage.audit()
    config = json.loads(stage.config_file.read_text())
    stage.config_file.write_text(json.dumps(config | {"admin": {"room": operators}}))
    await stage.start_bot()
    paid = await alice.pays(f"!pay {bob.id} 3 EUR")
    compared = await alice.hears("The books were restored", operators)
    head = (await alice.hears("The ledger has", operators)).body.split()[-1].strip("`")
    await command("audit", "--config", stage.config_file, "--head", head, "--no-rails")

    assert "a new device under its old identity" in said
    assert not before.passed
    assert f"order {lost}/1 moved 7.00 EUR there and nothing here" in before.output
    assert await alice.moved(payment_of(paid)) == [-300]
    assert await alice.moved(lost) == [-700]
    assert "It has moved money for 1 orders that the books do not know" in compared.body
    assert len(head) == HASH_FIGURES
    again, now = await keys_of_the_bot(alice)
    assert again == master
    assert now - devices, "another device"
