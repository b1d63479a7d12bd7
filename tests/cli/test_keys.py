"""`paybridge keys rotate`: all opens with the new key and nothing with the old, wherever it was killed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from paybridge.__main__ import main
from paybridge.services.ports import SealBrokenError, Step
from paybridge.storage import open_database, vault_check
from paybridge.storage.audit import audit
from paybridge.vault import MasterKey, WrongMasterKeyError, found_vault, open_vault
from tests.cli.test_backup import config_in, key_in
from tests.fakes import postgres
from tests.fakes.database import StoodClock
from tests.fakes.records import a_person, a_topup, an_identity

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.test_commandline import Captured

PEOPLE = ("anna", "bob", "carol")
NOTE = "note|anna|words"

# Each is told to the program before it rotates: where it shall die.
DEATHS = {
    "before a key is made": "vault.MasterKey.generate = die",
    "once it is made": "storage.open_database = die",
    "before the commit": "failpoints.arm('storage.before_commit=kill')",
    "after the commit": "failpoints.arm('storage.after_commit=kill')",
    "before the old key is kept": "os.link = die",
    "while it is kept": "Path.replace = die",
    "before the new key takes its place": "second = Path.replace; Path.replace = die_the_second_time",
}
PROGRAM = """
import os, signal, sys
from pathlib import Path
from paybridge import failpoints, storage, vault
from paybridge.__main__ import main

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

calls = []
def die_the_second_time(*given):
    calls.append(given)
    return die() if len(calls) > 1 else second(*given)

{death}
sys.exit(main(["keys", "rotate", "--config", {config!r}]))
"""


async def furnish(url: str, master: MasterKey) -> tuple[bytes, bytes]:
    """Three people with keys of their own; returns Anna's wrapped key, and a note sealed with it."""
    vault, check = found_vault(master)
    database = await open_database(url, StoodClock())
    await database.lease.acquire()
    await database.keep_vault_check(check)
    made = [replace(a_person(name), key=vault.new_key()) for name in PEOPLE]
    journals = (a_topup("t/1", "anna", 500),)
    await database.book.commit(
        Step(records=(*made, *(an_identity(name) for name in PEOPLE)), journals=journals)
    )
    await database.lease.release()
    await database.close()
    return made[0].key, vault.seal(made[0].key, NOTE, b"pizza")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    config_in(tmp_path)
    key_in(tmp_path)
    return tmp_path


def url_in(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'data' / 'paybridge.db'}"


def killed_rotation(death: str, config: str) -> int:
    command = [sys.executable, "-c", PROGRAM.format(death=death, config=config)]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - a program of ours


def rotate(folder: Path, *more: str) -> int:
    return main(["keys", "rotate", "--config", str(folder / "config.yaml"), *more])


async def opened_by(url: str, key: MasterKey, note: bytes) -> bytes:
    """Anna's note, through her key as the database has it now."""
    check = await vault_check(url)
    assert check is not None
    vault = open_vault(key, check)
    database = await open_database(url, StoodClock())
    anna = await database.book.person("anna")
    await database.close()
    assert anna is not None
    return vault.open(anna.key, NOTE, note)


def test_what_was_sealed_opens_with_the_new_key_alone(folder: Path, capsys: Captured) -> None:
    data, url = folder / "data", url_in(folder)
    before = MasterKey.from_file(data / "master.key")
    wrapped, note = asyncio.run(furnish(url, before))
    ended = rotate(folder)
    after = MasterKey.from_file(data / "master.key")

    assert ended == 0
    assert "4 data keys" in capsys.readouterr().out
    assert asyncio.run(opened_by(url, after, note)) == b"pizza"
    with pytest.raises(WrongMasterKeyError):
        asyncio.run(opened_by(url, before, note))
    assert MasterKey.from_file(data / "master.key.old").reveal() == before.reveal()
    assert not (data / "master.key.new").exists()
    with pytest.raises(SealBrokenError):
        open_vault(after, asyncio.run(vault_check(url)) or b"").open(wrapped, NOTE, note)
    assert audit(url).problems == ()


@pytest.mark.parametrize("where", DEATHS)
def test_killed_anywhere_it_is_said_again_and_goes_on(folder: Path, where: str) -> None:
    data, url, config = folder / "data", url_in(folder), str(folder / "config.yaml")
    before = MasterKey.from_file(data / "master.key")
    _, note = asyncio.run(furnish(url, before))
    killed = killed_rotation(DEATHS[where], config)
    again = rotate(folder)
    after = MasterKey.from_file(data / "master.key")

    assert killed == -9
    assert again == 0
    assert after.reveal() != before.reveal()
    assert asyncio.run(opened_by(url, after, note)) == b"pizza"
    assert MasterKey.from_file(data / "master.key.old").reveal() == before.reveal()
    assert sorted(file.name for file in data.glob("master.key*")) == ["master.key", "master.key.old"]


def test_a_bot_that_is_started_in_between_says_what_to_do(folder: Path, capsys: Captured) -> None:
    asyncio.run(furnish(url_in(folder), MasterKey.from_file(folder / "data" / "master.key")))
    config = str(folder / "config.yaml")
    killed_rotation(DEATHS["after the commit"], config)
    ended = main(["run", "--config", config])

    assert ended == 2
    assert "run `paybridge keys rotate` again" in capsys.readouterr().err


def test_a_key_in_the_config_is_replaced_by_whoever_wrote_it_there(
    folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = MasterKey.from_file(folder / "data" / "master.key")
    _, note = asyncio.run(furnish(url_in(folder), before))
    monkeypatch.setenv("PAYBRIDGE__VAULT__MASTER_KEY", before.reveal().hex())
    without = rotate(folder)
    told = capsys.readouterr().err
    ended = rotate(folder, "--new-key-file", str(folder / "fresh.key"))

    assert (without, ended) == (2, 0)
    assert "--new-key-file" in told
    fresh = MasterKey.from_file(folder / "fresh.key")
    assert asyncio.run(opened_by(url_in(folder), fresh, note)) == b"pizza"


def test_not_while_the_bot_runs_and_not_with_a_wrong_key(folder: Path, capsys: Captured) -> None:
    url = url_in(folder)
    asyncio.run(furnish(url, MasterKey.from_file(folder / "data" / "master.key")))

    async def with_a_bot() -> int:
        database = await open_database(url, StoodClock())
        try:
            assert await database.lease.acquire()
            return await asyncio.to_thread(rotate, folder)
        finally:
            await database.close()

    running = asyncio.run(with_a_bot())
    told = capsys.readouterr().err
    (folder / "data" / "master.key").unlink()
    (folder / "data" / "master.key.new").unlink()
    key_in(folder, 7)
    wrong = rotate(folder)

    assert running == wrong == 2
    assert "stop it first" in told
    assert "not the master key" in capsys.readouterr().err


def test_postgresql_has_its_keys_wrapped_anew_as_well(folder: Path) -> None:
    name = asyncio.run(postgres.fresh_database())
    url = postgres.url_of(name)
    config = folder / "config.yaml"
    config.write_text(f"{config.read_text()}database: {{url: '{url}'}}\n")
    _, note = asyncio.run(furnish(url, MasterKey.from_file(folder / "data" / "master.key")))
    ended = rotate(folder)

    assert ended == 0
    after = MasterKey.from_file(folder / "data" / "master.key")
    assert asyncio.run(opened_by(url, after, note)) == b"pizza"
