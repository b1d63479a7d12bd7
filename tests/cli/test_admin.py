"""`paybridge admin` beside a bot: what operators decide, and the log of it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest

from paybridge.__main__ import main
from paybridge.app import SystemClock
from paybridge.storage import open_database

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
        "paused": [],
        "waiting": {"for operators": 0, "to read": 0, "to say": 0},
        "frozen": [],
    }
    assert main(["admin", "status", "--config", config]) == 0
    assert "requests" in capsys.readouterr().out


def test_what_loosens_something_waits_once_and_can_be_stopped(config: str, capsys: Captured) -> None:
    def typed(*words: str, config: str = config) -> tuple[int, str]:
        code = main(["admin", *words, "--config", config])
        told = capsys.readouterr()
        return code, told.out + told.err

    assert typed("limits", "@carl:hs", "emperor")[0] == 2
    assert typed("limits", "@carl:hs", "unchecked")[0] == 2
    code, told = typed("limits", "@carl:hs", "named")
    name = told.split(":")[0]
    assert (code, "limits @carl:hs named. The bot does it at" in told) == (0, True)
    assert typed("limits", "@carl:hs", "checked") == (2, f"that waits already, as {name}, asked for by ops\n")
    assert typed("unfreeze", "@carl:hs") == (2, "no operator has frozen @carl:hs\n")
    assert typed("suspense", "write-off", "@carl:hs") == (2, "@carl:hs owes nothing\n")
    assert typed("suspense", "assign", "PB-7K3QD", "@carl:hs") == (2, "there is no payment PB-7K3QD\n")
    assert typed("suspense", "assign", "x", "@carl:hs")[0] == 2
    assert typed("suspense", "list") == (0, "Nothing lies in suspense, and nobody owes anything.\n")
    code, told = typed("waiting", "--json")
    (one,) = json.loads(told)["waiting"]
    assert (one["id"], one["what"], one["by"]) == (name, "limits @carl:hs named", "ops")
    assert typed("stop", name.lower()) == (0, f"{name} is stopped; nothing was done.\n")
    assert typed("stop", name) == (2, f"{name} does not wait any more\n")
    assert typed("stop", "A-22222") == (2, "nothing was ever asked for under A-22222\n")
    assert typed("stop", "everything")[0] == 2
    assert typed("waiting") == (0, "Nothing waits that an operator asked for.\n")
    assert typed("log")[1].count("A-") == 2


def test_a_higher_limit_for_a_day_waits_and_anything_else_is_refused(config: str, capsys: Captured) -> None:
    def typed(most: str) -> tuple[int, str]:
        code = main(["admin", "limits", "@carl:hs", most, "--config", config])
        told = capsys.readouterr()
        return code, told.out + told.err

    assert typed("200") == (2, "200 is no amount with its currency, such as 200 EUR\n")
    less = "@carl:hs may send 150.00 EUR in a day; less is given with `!admin limits`\n"
    assert typed("150 EUR") == (2, less)
    with sqlite3.connect(Path(config).parent / "data" / "paybridge.db") as books:
        books.execute(
            "INSERT INTO own_cap (id, person, currency, day, version) VALUES ('p|EUR', 'p', 'EUR', 30000, 1)"
        )
    books.close()
    assert typed("300 EUR") == (2, less.replace("150.00", "300.00"))
    assert typed("9000000 EUR") == (2, "the region lets nobody send 9000000.00 EUR in a day\n")
    assert typed("200 JPY") == (2, "the region limits nothing in JPY\n")
    code, told = typed("2000 EUR")
    assert (code, ": limits @carl:hs 2000.00 EUR. The bot does it at" in told) == (0, True)
    assert "that waits already" in typed("2500 EUR")[1]


def test_where_two_operators_are_needed_the_command_line_says_how_it_is_approved(
    config: str, capsys: Captured
) -> None:
    path = Path(config)
    plain = path.read_text(encoding="utf-8") + "admin: {two_admins: true}\n"
    path.write_text(plain + "admins: ['@a:hs', '@b:hs']\n", encoding="utf-8")

    assert main(["admin", "limits", "@carl:hs", "named", "--config", config]) == 0
    assert "`!admin approve A-" in capsys.readouterr().out
    path.write_text(plain + "admins: ['@a:hs']\n", encoding="utf-8")
    assert main(["check-config", "--config", config]) == 2
    assert "admin.two_admins: needs two admins" in capsys.readouterr().err


def test_a_rail_is_paused_and_let_go_once_each(config: str, capsys: Captured) -> None:
    path = Path(config)
    written = path.read_text(encoding="utf-8")
    rails = "rails: {bank: {url: 'http://127.0.0.1:8090', api_key: bank_test_k}}\n"
    path.write_text(written + rails, encoding="utf-8")

    def typed(*words: str) -> tuple[int, str]:
        code = main(["admin", "rails", *words, "--config", config])
        told = capsys.readouterr()
        return code, told.out + told.err

    assert typed("paused") == (0, "Every rail takes payments.\n")
    assert typed("pause", "gold") == (2, "no rail is called gold, only bank\n")
    assert typed("resume", "bank") == (2, "bank is not paused\n")
    for _ in range(2):
        assert typed("pause", "bank")[0] == 0
        assert typed("pause", "bank") == (2, "bank is paused already\n")
        assert "by ops" in typed("paused")[1]
        assert main(["admin", "status", "--config", config]) == 0
        assert "bank takes no new payments." in capsys.readouterr().out
        assert typed("resume", "bank") == (0, "bank takes payments again.\n")
    assert typed("paused") == (0, "Every rail takes payments.\n")
    main(["admin", "log", "--json", "--config", config])
    acts = json.loads(capsys.readouterr().out)["acts"]
    assert [act["kind"] for act in acts] == ["pause", "resume"] * 2
