"""From nothing to a bot that people can talk with, and every way in which a start says why it will not."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shlex
import sys
from asyncio.subprocess import PIPE
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
import pytest
import pytest_asyncio

from paybridge.demo.homeserver import free_port
from paybridge.demo.program import Program
from paybridge.demo.stage import Choices, Stage
from tests.flows.dinner import HELP, dinner, new_iban
from tests.harness import PASSWORD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from paybridge.demo.homeserver import Homeserver
    from tests.harness import People

PATIENCE_SECONDS = 30.0
LISTENS_BY_DEFAULT = "127.0.0.1:8080"


@dataclass(frozen=True)
class Ran:
    status: int | None
    output: str
    errors: str

    @property
    def complaint(self) -> str:
        """What it says to the person at the terminal: everything but the log."""
        return "\n".join(line for line in self.errors.splitlines() if not line.startswith('{"'))


async def paybridge(*arguments: str, environment: Mapping[str, str] | None = None) -> Ran:
    """Run the command line to its end; what it logs is JSON, to be told from what it says."""
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "paybridge", *arguments),
        stdout=PIPE,
        stderr=PIPE,
        env={**os.environ, "PAYBRIDGE__LOGGING__FORMAT": "json", **(environment or {})},
    )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            output, errors = await program.communicate()
    except TimeoutError:
        program.kill()
        await program.wait()
        raise
    return Ran(program.returncode, output.decode(), errors.decode())


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(homeserver: Homeserver, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A bot of this file's own; each test leaves it running."""
    choices = Choices(localpart="often-started")
    async with Stage(tmp_path_factory.mktemp("starting"), homeserver, choices=choices) as standing:
        yield standing


async def answers(url: str) -> bool:
    try:
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.ok
    except aiohttp.ClientError:
        return False


def printed_command(printed: str, which: str) -> list[str]:
    """The arguments of the line that begins with `paybridge WHICH`."""
    lines = [shlex.split(line) for line in printed.splitlines()]
    return next(words[1:] for words in lines if words[:2] == ["paybridge", which])


def contents_of(folder: Path) -> dict[str, str]:
    """What every file in a folder holds, as a hash. The index that SQLite makes to read is no content."""
    every = (file for file in folder.rglob("*") if file.is_file() and file.stat().st_size)
    files = (file for file in every if not file.name.endswith("-shm"))
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def config_for(folder: Path, people: People, user_id: str, *, password: str = PASSWORD) -> Path:
    config = {
        "homeserver": {"url": people.homeserver.url, "user_id": user_id, "password": password},
        "data_dir": str(folder / "data"),
        "web": {"listen": "127.0.0.1:0"},
        "rails": {"internal": {}},
    }
    file = folder / "config.yaml"
    file.touch(mode=0o600)
    file.write_text(json.dumps(config))
    return file


async def test_what_init_writes_and_prints_is_all_that_is_needed(people: People, tmp_path: Path) -> None:
    me = await people.account("PayBridge")
    password_file, config = tmp_path / "password", tmp_path / "config.yaml"
    password_file.write_text(f"{PASSWORD}\n")
    bank_url, web = f"http://127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    made = await paybridge(
        *("init", "--config", str(config), "--homeserver", people.homeserver.url, "--user-id", me),
        *(
            "--password-file",
            str(password_file),
            "--bank-url",
            bank_url,
            "--data-dir",
            str(tmp_path / "data"),
        ),
    )
    bank = [word.replace(LISTENS_BY_DEFAULT, web) for word in printed_command(made.output, "bank")]
    bank_program = Program("paybridge", *bank, output=tmp_path / "bank.out")
    bot_program = Program(
        *("paybridge", *printed_command(made.output, "run")),
        output=tmp_path / "bot.out",
        environment={"PAYBRIDGE__WEB__LISTEN": web},
    )
    try:
        await bank_program.start(lambda: answers(f"{bank_url}/healthz"))
        await bot_program.start(lambda: answers(f"http://{web}/readyz"))
        alice = await people.arrive("Alice")
        chat = await alice.direct_room_with(me)
        await alice.wait_for_member(chat, me)
        await alice.say(chat, "!help")
        await alice.wait_for(chat, lambda seen: HELP in seen.body)
        await alice.say(chat, f"!link bank {new_iban()}")
        begun = await alice.wait_for(chat, lambda seen: "almost linked" in seen.body)
        async with aiohttp.ClientSession() as session, session.get(f"http://{web}/metrics") as answer:
            figures = await answer.text()
        ended = [await bot_program.stop(), await bank_program.stop()]
    finally:
        await bot_program.kill()
        await bank_program.kill()

    assert (made.status, made.errors) == (0, "")
    assert begun.encrypted
    assert "paybridge_inbox_letters_waiting 0.0" in figures
    assert ended == [0, 0]


async def test_asked_to_end_it_ends_well_and_the_next_start_goes_on(stage: Stage, people: People) -> None:
    (alice,) = await dinner(stage, people, "Alice", linked=())
    await alice.asks("!lang zh", "中文")
    async with asyncio.timeout(PATIENCE_SECONDS):
        status = await stage.bot.stop()
    await stage.start_bot()
    await alice.asks("!help", "付款")

    assert status == 0
    assert "Traceback" not in stage.bot.printed()


@pytest.mark.parametrize("key", ["", "ab" * 32], ids=["missing", "another"])
async def test_without_its_own_master_key_it_refuses_to_start_and_touches_nothing(
    stage: Stage, people: People, tmp_path: Path, key: str
) -> None:
    (alice,) = await dinner(stage, people, "Alice", linked=())
    await alice.asks("!help", HELP)
    await stage.bot.stop()
    other = tmp_path / "other.key"
    if key:
        other.write_text(key)
        other.chmod(0o600)
    before = contents_of(stage.data_dir)
    ran = await paybridge(
        *("run", "--config", str(stage.config_file)),
        environment={"PAYBRIDGE__VAULT__MASTER_KEY_FILE": str(other)},
    )
    after = contents_of(stage.data_dir)
    await stage.start_bot()
    await alice.asks("!help", HELP)

    assert ran.status not in {0, None}
    assert len(ran.complaint.splitlines()) == 1
    assert "master key" in ran.complaint
    assert "Traceback" not in ran.errors
    assert after == before
    assert "paybridge.db" in before


async def test_a_wrong_config_is_one_line_and_nothing_is_begun(people: People, tmp_path: Path) -> None:
    config = config_for(tmp_path, people, "@nobody:demo.local")
    config.write_text(config.read_text().replace("data_dir", "data_dri"))
    ran = await paybridge("run", "--config", str(config))

    assert (ran.status, ran.output, ran.errors.count("\n")) == (2, "", 1)
    assert "data_dri" in ran.errors
    assert set(contents_of(tmp_path)) == {"config.yaml"}


async def test_a_wrong_password_is_one_line_that_says_whose(people: People, tmp_path: Path) -> None:
    me = await people.account("PayBridge")
    ran = await paybridge(
        "run", "--config", str(config_for(tmp_path, people, me, password="not the password"))
    )

    assert ran.status not in {0, None}
    assert len(ran.complaint.splitlines()) == 1
    assert f"refuses the password of {me}" in ran.complaint
    assert "not the password" not in ran.errors
    assert "Traceback" not in ran.errors


async def test_a_port_that_is_taken_is_one_line_that_names_it(
    stage: Stage, people: People, tmp_path: Path
) -> None:
    taken = stage.web_url.removeprefix("http://")
    ran = await paybridge(
        *("run", "--config", str(config_for(tmp_path, people, stage.bot_id))),
        environment={"PAYBRIDGE__WEB__LISTEN": taken},
    )

    assert ran.status not in {0, None}
    assert len(ran.complaint.splitlines()) == 1
    assert taken in ran.complaint
    assert "Traceback" not in ran.errors
