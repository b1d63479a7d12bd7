"""`paybridge admin` beside a bot: what operators decide, and the log of it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

from paybridge.__main__ import main
from paybridge.app import SystemClock
from paybridge.storage import open_database

if TYPE_CHECKING:
    from pathlib import Path

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A config beside books that know one person, Carl."""
    monkeypatch.setenv("LOGNAME", "ops")
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / "paybridge.db"

    async def make() -> None:
        await (await open_database(f"sqlite+aiosqlite:///{file}", SystemClock())).close()

    asyncio.run(make())
    with sqlite3.connect(file) as books:
        books.execute("INSERT INTO person (id, key, created, version) VALUES ('p', x'00', 0, 1)")
        books.execute("INSERT INTO identity VALUES ('@carl:hs', 'p', 0, 1)")
    books.close()
    path = tmp_path / "config.yaml"
    path.write_text("homeserver: {url: 'http://hs', user_id: '@bot:hs', password: hush}\ndata_dir: data\n")
    return str(path)


def test_a_freeze_is_ordered_once_for_the_bot_to_do_and_stands_in_the_log(
    config: str, capsys: Captured
) -> None:
    assert main(["admin", "log", "--config", config]) == 0
    assert capsys.readouterr().out == "No operator has done anything yet.\n"
    assert main(["admin", "freeze", "@nobody:hs", "--config", config]) == 2
    assert capsys.readouterr().err == "@nobody:hs is nobody whom the books know\n"
    assert main(["admin", "freeze", "@carl:hs", "--config", config]) == 0
    assert "cannot end it themselves" in capsys.readouterr().out
    assert main(["admin", "log", "--json", "--config", config]) == 0
    (act,) = json.loads(capsys.readouterr().out)["acts"]
    assert (act["by"], act["via"], act["kind"], act["user"]) == ("ops", "command_line", "freeze", "@carl:hs")
    assert main(["admin", "log", "--config", config]) == 0
    assert "@carl:hs" in capsys.readouterr().out


def test_the_status_is_told_for_people_and_for_programs(config: str, capsys: Captured) -> None:
    assert main(["admin", "status", "--json", "--config", config]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "version": 1,
        "payments": {"requests": 0},
        "orders": {},
        "waiting": {"to read": 0, "to say": 0},
        "frozen": [],
    }
    assert main(["admin", "status", "--config", config]) == 0
    assert "requests" in capsys.readouterr().out
