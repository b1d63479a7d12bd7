"""The bot is killed at every failpoint while people pay, and nothing is lost, doubled or left hanging.

The judge is judged as well: what would be lost or doubled is planted, and it must be found.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.crashes.__main__ import FAILPOINTS
from tests.crashes.house import PEOPLE
from tests.crashes.judge import Verdict, judge
from tests.crashes.world import World
from tests.house.test_failpoints import placed

REPOSITORY = Path(__file__).parents[2]


def test_nothing_is_lost_or_doubled_at_any_failpoint() -> None:
    ended = _crashes("--each")

    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_at_any_failpoint_on_postgresql() -> None:
    ended = _crashes("--each", "--database", "postgres")

    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_nothing_is_lost_or_doubled_by_many_kills(database: str) -> None:
    ended = _crashes("--kills", "30", "--database", database)

    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_crash_tests_kill_at_every_failpoint_that_there_is() -> None:
    assert set(FAILPOINTS) == set(placed())


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a world in which six people paid and were paid, and nothing went wrong."""
    folder = tmp_path_factory.mktemp("world") / "data"
    world = World(folder, _url(folder), PEOPLE[8:14], forks=False)
    try:
        world.open()
        chance = Random(3)  # noqa: S311 - the same in every run
        for _ in range(4):
            world.pay(chance)
        world.finish()
    finally:
        world.close()
    return folder


def test_a_world_without_faults_is_found_sound(settled: Path, tmp_path: Path) -> None:
    verdict = _judged(settled, tmp_path)

    assert verdict.faults == ()
    assert verdict.at_the_bank > 0


def test_a_line_that_was_never_handled_is_lost(settled: Path, tmp_path: Path) -> None:
    extra = '{"event": "$extra", "sender": "@p0:hs", "room": "!room", "body": "!topup 1 EUR"}\n'
    verdict = _judged(settled, tmp_path, typed=extra)

    assert [fault for fault in verdict.faults if "$extra" not in fault] == []
    assert len(verdict.lost) == 2  # neither handled nor answered


def test_a_second_movement_at_the_bank_is_doubled(settled: Path, tmp_path: Path) -> None:
    again = (
        "INSERT INTO movement (at, kind, source, destination, amount, payment, text)"
        " SELECT at, kind, source, destination, amount, payment, text FROM movement"
        " WHERE kind = 'payment' LIMIT 1"
    )
    verdict = _judged(settled, tmp_path, bank=again)

    assert len(verdict.doubled) == 1


def test_what_the_bank_moved_under_another_name_is_lost_here_and_unknown_there(
    settled: Path, tmp_path: Path
) -> None:
    renamed = (
        "UPDATE payment SET reference = 'x' WHERE id = (SELECT payment FROM movement WHERE kind = 'payment')"
    )
    verdict = _judged(settled, tmp_path, bank=renamed)

    assert len(verdict.lost) == 1
    assert verdict.wrong == ("the bank moved x, which the books do not know",)


def test_two_payments_of_one_line_are_doubled(settled: Path, tmp_path: Path) -> None:
    verdict = _judged(
        settled, tmp_path, books="INSERT INTO origin SELECT 'PB-TWICE', event, 0 FROM origin LIMIT 1"
    )

    assert len(verdict.doubled) == 1


def test_a_post_that_never_left_is_lost(settled: Path, tmp_path: Path) -> None:
    verdict = _judged(settled, tmp_path, said=-1)

    assert len(verdict.lost) == 1


def _judged(
    settled: Path, tmp_path: Path, *, typed: str = "", said: int = 0, bank: str = "", books: str = ""
) -> Verdict:
    """What the judge says of a copy in which a fault is planted."""
    folder = tmp_path / "copy"
    shutil.copytree(settled, folder)
    with (folder / "typed.jsonl").open("a", encoding="utf-8") as added:
        added.write(typed)
    if said:
        lines = (folder / "said.jsonl").read_text("utf-8").splitlines(keepends=True)
        (folder / "said.jsonl").write_text("".join(lines[:said]), "utf-8")
    for file, statement in (("bank/bank.sqlite3", bank), ("paybridge.db", books)):
        with closing(sqlite3.connect(folder / file)) as opened:
            opened.execute(statement)
            opened.commit()
    return judge(World(folder, _url(folder), PEOPLE[8:14]))


def _url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder}/paybridge.db"


def _crashes(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.crashes", *options]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)  # noqa: S603 - ours
