"""Mistakes at the command line are one line and 2; nobody ever sees a traceback for a mistake of theirs."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from paybridge.__main__ import main
from paybridge.app import SystemClock
from paybridge.storage import open_database

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("PAYBRIDGE")]:
        monkeypatch.delenv(name)


def sound(path: Path) -> Path:
    path.write_text("homeserver: {url: 'http://hs', user_id: '@bot:hs', password: hush}\ndata_dir: data\n")
    return path


async def make_books(file: Path) -> None:
    books = await open_database(f"sqlite+aiosqlite:///{file}", SystemClock())
    await books.close()


@pytest.mark.parametrize("command", ["run", "check-config", "audit"])
def test_a_wrong_config_is_one_line_that_names_the_key(
    command: str, tmp_path: Path, capsys: Captured
) -> None:
    path = sound(tmp_path / "config.yaml")
    path.write_text(path.read_text().replace("http://", "htp://"))

    assert main([command, "--config", str(path)]) == 2
    assert capsys.readouterr().err == "config: homeserver.url: must begin with http:// or https://\n"


def test_a_config_that_is_not_there_is_one_line(capsys: Captured) -> None:
    assert main(["run", "--config", "nowhere.yaml"]) == 2
    assert capsys.readouterr().err == "config: nowhere.yaml: cannot be read: No such file or directory\n"


@pytest.mark.parametrize("arguments", [["runn"], ["run"], ["run", "--loud"], ["bank", "--dat"]])
def test_a_mistyped_command_is_one_line(arguments: list[str], capsys: Captured) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_sound_config_is_said_to_be_so(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYBRIDGE_CONFIG", str(sound(tmp_path / "config.yaml")))
    monkeypatch.setenv("PAYBRIDGE__HOMESERVER__USER_ID", "@other:hs")

    assert main(["check-config"]) == 0
    assert "can be used: @other:hs, rails: none" in capsys.readouterr().out
    assert not (tmp_path / "data").exists()


def test_there_is_nothing_to_audit_before_the_first_start(tmp_path: Path, capsys: Captured) -> None:
    path = sound(tmp_path / "config.yaml")

    assert main(["audit", "--config", str(path)]) == 2
    assert capsys.readouterr().err == f"there are no books yet in {tmp_path}/data/paybridge.db\n"


def test_what_is_no_database_cannot_be_audited(tmp_path: Path, capsys: Captured) -> None:
    path = sound(tmp_path / "config.yaml")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "paybridge.db").write_text("not a database " * 100)

    assert main(["audit", "--config", str(path)]) == 2
    assert capsys.readouterr().err.startswith(f"cannot audit {tmp_path}/data/paybridge.db: ")


def test_sound_books_are_said_to_be_so_and_broken_ones_end_with_1(tmp_path: Path, capsys: Captured) -> None:
    path = sound(tmp_path / "config.yaml")
    (tmp_path / "data").mkdir()
    asyncio.run(make_books(tmp_path / "data" / "paybridge.db"))

    assert main(["audit", "--config", str(path)]) == 0
    assert "The books are sound." in capsys.readouterr().out

    with sqlite3.connect(tmp_path / "data" / "paybridge.db") as books:
        guards = books.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'account'"
        )
        for (guard,) in guards.fetchall():
            books.execute(f"DROP TRIGGER {guard}")
        books.execute(
            "INSERT INTO account (owner, kind, currency, balance, floor, version) "
            "VALUES ('x', 'person', 'EUR', 500, 0, 0)"
        )
    books.close()

    assert main(["audit", "--config", str(path)]) == 1
    told = capsys.readouterr().out
    assert "WRONG: account 1: has 500, its entries sum to 0" in told
    assert "5.00" in told


def test_an_operator_sees_who_is_frozen_and_takes_their_new_identity(
    tmp_path: Path, capsys: Captured
) -> None:
    path = str(sound(tmp_path / "config.yaml"))
    (tmp_path / "data").mkdir()
    asyncio.run(make_books(tmp_path / "data" / "paybridge.db"))
    with sqlite3.connect(tmp_path / "data" / "paybridge.db") as books:
        hour = 3_600_000_000
        insert = "INSERT INTO pinned_key VALUES (?, 'first', ?, ?, ?, 2)"
        books.execute(insert, ("@anna:hs", "second", hour, 25 * hour))
        books.execute(insert, ("@carl:hs", None, hour, None))
    books.close()

    assert main(["identity", "list", "--config", path]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "@anna:hs since 1970-01-01 01:00 UTC, until 1970-01-02 01:00 UTC",
        "  was first",
        "  now second",
        "@carl:hs since 1970-01-01 01:00 UTC, until they have an identity again",
        "  was first",
        "  now none",
    ]
    assert main(["identity", "accept", "@anna:hs", "--config", path]) == 0
    assert "@anna:hs is now known by second" in capsys.readouterr().out
    assert main(["identity", "accept", "@carl:hs", "--config", path]) == 2
    assert capsys.readouterr().err == "@carl:hs has no encryption identity now that could be accepted\n"


def test_an_operator_decides_about_a_factor_and_a_freeze_for_the_bot_to_do(
    tmp_path: Path, capsys: Captured
) -> None:
    path = str(sound(tmp_path / "config.yaml"))
    (tmp_path / "data").mkdir()
    asyncio.run(make_books(tmp_path / "data" / "paybridge.db"))
    with sqlite3.connect(tmp_path / "data" / "paybridge.db") as books:
        books.execute("INSERT INTO person (id, key, created, version, frozen) VALUES ('p', x'00', 0, 1, 0)")
        books.execute("INSERT INTO identity VALUES ('@carl:hs', 'p', 0, 1)")
        books.execute(
            "INSERT INTO factor (person, secret, state, since, last_step, wrong, light_count, light_sum,"
            " devices, version) VALUES ('p', x'00', 'active', 0, 0, 0, 0, 0, '', 1)"
        )
    books.close()

    assert main(["factors", "reset", "@carl:hs", "--cancel", "--config", path]) == 2
    assert capsys.readouterr().err == "no reset of the second factor of @carl:hs waits\n"
    assert main(["factors", "reset", "@carl:hs", "--config", path]) == 0
    assert "Their second factor ends 24 hours later" in capsys.readouterr().out
    assert main(["factors", "reset", "@nobody:hs", "--config", path]) == 2
    assert capsys.readouterr().err == "@nobody:hs is nobody whom the books know\n"
    assert main(["people", "frozen", "--config", path]) == 0
    assert capsys.readouterr().out == "@carl:hs since 1970-01-01 00:00 UTC\n"
    assert main(["people", "unfreeze", "@carl:hs", "--config", path]) == 0
    assert "@carl:hs can pay again" in capsys.readouterr().out
    assert main(["people", "decided", "--config", path]) == 0
    assert [line.split(" UTC ")[1] for line in capsys.readouterr().out.splitlines()] == [
        "reset_factor @carl:hs, not done yet",
        "unfreeze @carl:hs, not done yet",
    ]


def test_who_is_not_frozen_cannot_be_accepted(tmp_path: Path, capsys: Captured) -> None:
    path = str(sound(tmp_path / "config.yaml"))
    (tmp_path / "data").mkdir()

    assert main(["identity", "list", "--config", path]) == 2
    assert capsys.readouterr().err == f"there are no books yet in {tmp_path}/data/paybridge.db\n"

    asyncio.run(make_books(tmp_path / "data" / "paybridge.db"))
    assert main(["identity", "list", "--config", path]) == 0
    assert capsys.readouterr().out == "Nobody is frozen.\n"
    assert main(["identity", "accept", "@anna:hs", "--config", path]) == 2
    assert capsys.readouterr().err == "@anna:hs is not frozen\n"


def test_the_bank_has_its_own_help(capsys: Captured) -> None:
    assert main(["bank", "--help"]) == 0
    assert "--webhook-secret-file" in capsys.readouterr().out


def test_the_version_is_told(capsys: Captured) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("paybridge 0.")


def test_without_a_command_the_help_is_shown(capsys: Captured) -> None:
    assert main([]) == 2
    assert "check-config" in capsys.readouterr().out


def test_help_loads_nothing_that_only_a_command_needs() -> None:
    program = (
        "import sys\nfrom paybridge.__main__ import main\nmain(['--help'])\n"
        "print(sorted({'nio', 'aiohttp', 'sqlalchemy', 'pydantic'} & set(sys.modules)))"
    )
    ended = subprocess.run(  # noqa: S603  our own program, above
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )

    assert ended.stdout.splitlines()[-1] == "[]"


def test_the_program_ends_with_what_main_returns() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "paybridge", "run", "--config", "nowhere.yaml"],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "config: nowhere.yaml: cannot be read: No such file or directory\n"


def test_what_runs_the_bot_loads_nothing_heavy_that_only_some_need() -> None:
    heavy = {
        *("PIL", "confusable_homoglyphs.confusables", "fontTools", "fpdf", "pycountry", "schwifty", "segno"),
        *("webauthn", "paybridge.bank", "paybridge.conformance", "paybridge.demo"),
    }
    program = (
        "import sys\nimport paybridge.__main__, paybridge.app.wiring\n"
        "from paybridge.commands._frame import commands\nfrom paybridge.rails._frame import find_rails\n"
        f"commands()\nfind_rails()\nprint(sorted({heavy} & set(sys.modules)))"
    )
    ended = subprocess.run(  # noqa: S603  our own program, above
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )

    assert ended.stdout.splitlines()[-1] == "[]"
