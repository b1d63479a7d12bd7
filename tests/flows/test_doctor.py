"""`paybridge doctor` finds what is broken, on a real homeserver, and changes nothing."""

from __future__ import annotations

import asyncio
import json
import secrets
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import pytest_asyncio

from paybridge.app.doctor import examine
from paybridge.config import load_config
from paybridge.demo.homeserver import free_port
from paybridge.demo.stage import Choices, Stage
from paybridge.matrix.crosssigning import Seeds
from paybridge.services.finding import Finding, State
from tests.flows.dinner import HELP, dinner
from tests.flows.test_starting import contents_of, paybridge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from paybridge.demo.homeserver import Homeserver
    from tests.harness import People


PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Clock:
    ahead: timedelta

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(frozen=True)
class Installation:
    """A copy of a real one, to be broken; the original's bot is stopped."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def file(self) -> Path:
        return self.folder / "config.yaml"

    def configure(self, section: str, **values: object) -> None:
        config: dict[str, Any] = json.loads(self.file.read_text())
        part = config
        for name in section.split("."):
            part = part.setdefault(name, {})
        part.update(values)
        self.file.write_text(json.dumps(config))

    async def examined(self, ahead: timedelta = timedelta()) -> dict[str, Finding]:
        found = await examine(load_config(self.file, {}), self.file, Clock(ahead))
        return {one.part: one for one in found}


def bad_parts(found: dict[str, Finding]) -> list[str]:
    return [part for part, one in found.items() if one.state is State.BAD]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(homeserver: Homeserver, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A bot of this file's own that has begun; each test leaves it stopped."""
    choices = Choices(localpart="examined")
    async with Stage(tmp_path_factory.mktemp("examined"), homeserver, choices=choices) as standing:
        await standing.bot.stop()
        yield standing


@pytest.fixture
def installation(stage: Stage, tmp_path: Path) -> Installation:
    copy = Installation(tmp_path / "copy")
    copy.folder.mkdir(mode=0o700)
    shutil.copytree(stage.data_dir, copy.data)
    copy.file.touch(mode=0o600)
    copy.file.write_text(json.dumps(json.loads(stage.config_file.read_text()) | {"data_dir": str(copy.data)}))
    return copy


async def test_a_sound_installation_is_well_and_is_left_as_it_is(
    installation: Installation, stage: Stage
) -> None:
    devices = await stage.homeserver.devices(stage.bot_id)
    before = contents_of(installation.folder)
    found = await installation.examined()
    told = await paybridge("doctor", "--config", str(installation.file))

    assert bad_parts(found) == []
    assert (told.status, told.errors) == (0, "")
    assert "cross-signing" in told.output
    assert {part for part, one in found.items() if one.state is State.GOOD} >= {
        *("config", "files", "database", "master key", "homeserver", "clock", "account", "device"),
        *("cross-signing", "one-time keys", "rooms", "rail bank"),
    }
    assert found["bot"].state is State.NOTE
    assert contents_of(installation.folder) == before
    assert await stage.homeserver.devices(stage.bot_id) == devices


async def test_while_the_bot_runs_it_is_asked_how_it_is_and_webhooks_are_followed_to_it(
    stage: Stage, installation: Installation
) -> None:
    await stage.start_bot()
    try:
        installation.configure("web", public_url=stage.web_url)
        through = await installation.examined()
        installation.configure("web", public_url=stage.homeserver.url)
        elsewhere = await installation.examined()
    finally:
        await stage.bot.stop()

    assert through["bot"].says.startswith("it runs")
    assert (through["webhooks"].state, elsewhere["webhooks"].state) == (State.GOOD, State.BAD)
    assert "does not lead to the bot (status 404)" in elsewhere["webhooks"].says


async def test_a_homeserver_that_is_away_is_found_and_the_rest_is_examined(
    installation: Installation,
) -> None:
    installation.configure("homeserver", url=f"http://127.0.0.1:{free_port()}")
    found = await installation.examined()

    assert bad_parts(found) == ["homeserver"]
    assert found["rail bank"].state is State.GOOD


async def test_something_else_than_a_homeserver_is_found(installation: Installation, stage: Stage) -> None:
    installation.configure("homeserver", url=stage.bank_url)
    found = await installation.examined()

    assert bad_parts(found) == ["homeserver"]
    assert "no homeserver" in found["homeserver"].says


async def test_a_token_that_was_logged_out_is_found(installation: Installation) -> None:
    file = installation.data / "matrix.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"access_token": "syt_gone"}))
    found = await installation.examined()

    assert bad_parts(found) == ["account"]
    assert "no longer accepts" in found["account"].says
    assert "syt_gone" not in str(found)


async def test_before_the_first_login_nothing_is_logged_in(installation: Installation, stage: Stage) -> None:
    (installation.data / "matrix.json").unlink()
    devices = await stage.homeserver.devices(stage.bot_id)
    found = await installation.examined()

    assert found["account"].state is State.UNKNOWN
    assert not (installation.data / "matrix.json").exists()
    assert await stage.homeserver.devices(stage.bot_id) == devices


async def test_keys_of_the_device_that_are_gone_are_found(installation: Installation) -> None:
    for file in (installation.data / "crypto").iterdir():
        file.unlink()
    found = await installation.examined()

    assert bad_parts(found) == ["device's secrets"]
    assert "cannot be read" in found["device's secrets"].says


async def test_another_identity_than_people_see_is_found(installation: Installation) -> None:
    Seeds.new(secrets.token_bytes).save(installation.data / "cross-signing.json")
    found = await installation.examined()

    assert bad_parts(found) == ["cross-signing"]
    assert "is another than" in found["cross-signing"].says


async def test_another_master_key_is_found(installation: Installation) -> None:
    (installation.data / "master.key").write_text("ab" * 32)
    found = await installation.examined()

    assert bad_parts(found) == ["master key"]


async def test_a_guard_that_was_taken_away_is_found(installation: Installation) -> None:
    with closing(sqlite3.connect(installation.data / "paybridge.db")) as books:
        (name,) = books.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' LIMIT 1").fetchone()
        books.execute(f"DROP TRIGGER {name}")
        books.commit()
    found = await installation.examined()

    assert bad_parts(found) == ["database"]
    assert name in found["database"].says


async def test_books_of_an_older_version_are_noted_and_not_migrated(installation: Installation) -> None:
    with closing(sqlite3.connect(installation.data / "paybridge.db")) as books:
        books.execute("UPDATE alembic_version SET version_num = '0001'")
        books.commit()
    found = await installation.examined()

    assert (found["database"].state, "older" in found["database"].says) == (State.NOTE, True)
    with closing(sqlite3.connect(installation.data / "paybridge.db")) as books:
        assert books.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)


async def test_files_that_others_can_read_are_found(installation: Installation) -> None:
    installation.data.chmod(0o755)
    (installation.data / "matrix.json").chmod(0o644)
    installation.file.chmod(0o640)
    found = await installation.examined()

    assert bad_parts(found) == ["files"]
    assert str(installation.data / "matrix.json") in found["files"].fix
    assert str(installation.file) in found["files"].fix
    assert "master.key" not in found["files"].says


async def test_a_bank_that_is_away_is_found(installation: Installation) -> None:
    installation.configure("rails.bank", url=f"http://127.0.0.1:{free_port()}")
    found = await installation.examined()

    assert bad_parts(found) == ["rail bank"]


async def test_a_key_that_the_bank_refuses_is_found(installation: Installation) -> None:
    installation.configure("rails.bank", api_key="bank_test_another")
    found = await installation.examined()

    assert bad_parts(found) == ["rail bank"]
    assert "bank_test_another" not in str(found)


@pytest.mark.parametrize(("seconds", "state"), [(0, State.GOOD), (18, State.NOTE), (-60, State.BAD)])
async def test_a_clock_that_is_wrong_is_found(installation: Installation, seconds: int, state: State) -> None:
    found = await installation.examined(timedelta(seconds=seconds))

    assert found["clock"].state is state


async def test_a_room_without_encryption_is_noted(
    stage: Stage, people: People, installation: Installation
) -> None:
    await stage.start_bot()
    try:
        alice = await people.arrive("Alice")
        room = await alice.create_room("Open", [stage.bot_id], encrypted=False)
        await alice.wait_for_member(room, stage.bot_id)
    finally:
        await stage.bot.stop()
    found = await installation.examined()

    assert found["rooms"].state is State.NOTE
    assert room in found["rooms"].says


async def test_one_time_keys_that_are_used_up_are_found(
    stage: Stage, people: People, installation: Installation
) -> None:
    alice = await people.arrive("Alice")
    (device,) = await stage.homeserver.devices(stage.bot_id)
    claim = {"one_time_keys": {stage.bot_id: {device: "signed_curve25519"}}}
    seen: set[str] = set()
    async with aiohttp.ClientSession(
        headers={"Authorization": f"Bearer {alice.client.access_token}"}
    ) as http:
        while True:
            async with http.post(
                f"{stage.homeserver.url}/_matrix/client/v3/keys/claim", json=claim
            ) as answer:
                told = (await answer.json())["one_time_keys"].get(stage.bot_id, {}).get(device, {})
            if not told or set(told) <= seen:
                break
            seen |= set(told)
    used_up = await installation.examined()
    await stage.start_bot()
    try:
        (bob,) = await dinner(stage, people, "Bob", linked=())
        await bob.asks("!help", HELP)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (filled := await installation.examined())["one-time keys"].state is State.BAD:
                pass
    finally:
        await stage.bot.stop()

    assert "one-time keys" in bad_parts(used_up)
    assert filled["one-time keys"].state is State.GOOD
