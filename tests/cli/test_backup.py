"""`paybridge backup` and `restore`: what comes back is sound, happens once, and is there whole or not."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paybridge.__main__ import main
from paybridge.domain.acts import Via
from paybridge.domain.leg import LegKind, LegState
from paybridge.domain.motions import Motion, MotionKind
from paybridge.domain.transfer import TransferState
from paybridge.services.ports import Letter, Post, Step
from paybridge.storage import copying
from paybridge.storage.audit import audit
from paybridge.storage.copying import copy_books
from tests.fakes.database import open_book
from tests.fakes.records import a_leg, a_topup, a_transfer, people

if TYPE_CHECKING:
    from tests.cli.test_commandline import Captured

TOMORROW = datetime.now(UTC) + timedelta(days=1)


def config_in(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    config = folder / "config.yaml"
    config.write_text(
        f"homeserver: {{url: 'http://hs', user_id: '@bot:hs', password: hush}}\ndata_dir: {folder / 'data'}\n"
    )
    return config


def key_in(folder: Path, byte: int = 0) -> None:
    (folder / "data").mkdir(mode=0o700, exist_ok=True)
    key = folder / "data" / "master.key"
    key.write_text(bytes([byte] * 32).hex())
    key.chmod(0o600)


@pytest.fixture
async def old(tmp_path: Path) -> Path:
    """A bot's data with something of everything that is open."""
    folder = tmp_path / "old"
    config_in(folder)
    key_in(folder)
    (folder / "data" / "cross-signing.json").write_text(json.dumps({"seeds": "three"}))
    (folder / "data" / "matrix.json").write_text("a token")
    book, mailbox, _, database = await open_book(folder / "data")
    card = replace(a_transfer("PB-CARD", state=TransferState.AWAITING_APPROVAL, cents=500), expires=TOMORROW)
    sent = a_transfer("PB-SENT", state=TransferState.APPROVED, cents=700)
    leg = replace(
        a_leg("PB-SENT/1", "PB-SENT", kind=LegKind.COLLECT, cents=700), state=LegState.EXECUTING, due=TOMORROW
    )
    waits = Motion(
        "A-22222", MotionKind.UNFREEZE, "@root:hs", Via.ROOM, "anna", TOMORROW, TOMORROW, needs_second=False
    )
    post = Post("post", "!room:hs", None, None, b"sealed", TOMORROW)
    await book.commit(
        people("anna", "bob")
        + Step(records=(card, sent, leg, waits), journals=(a_topup("t/1", "anna", 1000),), posts=(post,))
    )
    await mailbox.receive([Letter("$event", "!room:hs", "@anna:test", TOMORROW, b"sealed")], "s7", "DEVICE")
    await database.close()
    return folder


def run(*words: str | Path) -> int:
    return main([str(word) for word in words])


async def backed_up(folder: Path, *more: str | Path) -> Path:
    file = folder.parent / "backup"
    ended = await asyncio.to_thread(run, "backup", "--config", folder / "config.yaml", "--to", file, *more)
    assert ended == 0
    return file


async def restored(file: Path, folder: Path, *more: str | Path) -> int:
    return await asyncio.to_thread(run, "restore", file, "--config", folder / "config.yaml", *more)


def asked(folder: Path, question: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "data" / "paybridge.db")) as books:
        return books.execute(question).fetchall()


async def test_a_restored_bot_has_its_books_and_its_identity_but_not_its_device(
    old: Path, tmp_path: Path, capsys: Captured
) -> None:
    new = tmp_path / "new"
    config_in(new)
    key_in(new)

    ended = await restored(await backed_up(old), new)

    assert ended == 0
    assert "paybridge audit" in capsys.readouterr().out
    there = {path.name for path in (new / "data").iterdir()}
    assert there == {"master.key", "paybridge.db", "cross-signing.json"}
    assert (new / "data" / "cross-signing.json").read_text() == '{"seeds": "three"}'
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (new / "data").iterdir())
    report = audit(f"sqlite+aiosqlite:///{new / 'data' / 'paybridge.db'}")
    assert (report.problems, report.totals["person", "EUR"]) == ((), 1000)


async def test_nothing_that_was_open_happens_a_second_time(old: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    config_in(new)
    key_in(new)
    await restored(await backed_up(old), new)
    now = int(datetime.now(UTC).timestamp() * 1_000_000)

    assert asked(new, "SELECT name FROM memory WHERE name LIKE 'sync_token%'") == []
    assert asked(new, "SELECT state, reason FROM post") == [("aside", "restored")]
    assert asked(new, "SELECT done, length(payload) FROM letter") == [(1, 0)]
    assert asked(new, "SELECT state, ended_by FROM motion") == [("stopped", "restore")]
    assert asked(new, "SELECT kind FROM act") == [("restore",)]
    ((expires,),) = asked(new, "SELECT expires FROM transfer WHERE id = 'PB-CARD'")
    ((due, state),) = asked(new, "SELECT due, state FROM leg")
    assert state == "executing"
    assert isinstance(expires, int)
    assert isinstance(due, int)
    assert max(expires, due) <= now


async def test_a_backup_of_a_bot_that_is_writing_is_sound(old: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    config_in(new)
    key_in(new)
    book, _, _, database = await open_book(old / "data")
    backing_up = asyncio.ensure_future(backed_up(old))
    written = 0
    while not backing_up.done() or written < 50:
        await book.commit(Step(journals=(a_topup(f"more/{written}", "anna", 1),)))
        written += 1
    file = await backing_up
    await database.close()

    assert await restored(file, new) == 0
    report = audit(f"sqlite+aiosqlite:///{new / 'data' / 'paybridge.db'}")
    assert report.problems == ()
    assert 1 <= report.journals <= written + 1


async def test_with_a_passphrase_the_master_key_comes_along(old: Path, tmp_path: Path) -> None:
    words, new = tmp_path / "words", tmp_path / "new"
    words.write_text("correct horse battery staple\n")
    config_in(new)
    file = await backed_up(old, "--passphrase-file", words)

    assert await restored(file, new, "--passphrase-file", words) == 0
    made = (old / "data" / "master.key").read_text().strip()
    assert (new / "data" / "master.key").read_text().strip() == made
    assert made.encode() not in file.read_bytes()


async def test_what_is_restored_is_its_owners_from_its_first_byte(
    old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words, new = tmp_path / "words", tmp_path / "new"
    words.write_text("correct horse battery staple\n")
    config_in(new)
    file = await backed_up(old, "--passphrase-file", words)

    def too_late(*_: object) -> None:
        raise AssertionError("others could read it until now")

    monkeypatch.setattr(Path, "chmod", too_late)
    before = os.umask(0)
    try:
        ended = await restored(file, new, "--passphrase-file", words)
    finally:
        os.umask(before)

    assert ended == 0
    modes = {path.name: path.stat().st_mode & 0o777 for path in (new / "data").iterdir()}
    assert modes == dict.fromkeys(("master.key", "paybridge.db", "cross-signing.json"), 0o600)


async def test_where_a_bots_data_is_nothing_is_restored(old: Path, capsys: Captured) -> None:
    file = await backed_up(old)
    before = (old / "data" / "paybridge.db").read_bytes()

    ended = await restored(file, old)

    assert ended == 2
    assert "a backup is restored only where there is no bot's data yet" in capsys.readouterr().err
    assert (old / "data" / "paybridge.db").read_bytes() == before


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
async def test_another_databases_log_is_not_read_into_the_books(
    old: Path, tmp_path: Path, capsys: Captured, end: str
) -> None:
    new = tmp_path / "new"
    config_in(new)
    key_in(new)
    log = new / "data" / f"paybridge.db{end}"
    log.write_bytes(b"of a bot that was killed")
    file = await backed_up(old)

    ended = await restored(file, new)

    assert ended == 2
    assert f"{log} is there: a backup is restored only where" in capsys.readouterr().err
    assert not (new / "data" / "paybridge.db").exists()


async def test_the_books_lie_unsealed_only_where_they_lie_anyway(
    old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies: list[Path] = []

    def kept(url: str, to: Path) -> None:
        copies.append(to)
        copy_books(url, to)

    monkeypatch.setattr(copying, "copy_books", kept)
    file = await backed_up(old)

    assert [copy.parent.parent for copy in copies] == [old / "data"]
    assert file.parent == tmp_path
    assert not [path for folder in (tmp_path, old / "data") for path in folder.glob(".paybridge-backup-*")]


async def test_what_a_killed_restore_unpacked_is_gone_after_the_next(old: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    config_in(new)
    key_in(new)
    left = new / "data" / ".paybridge-restore-killed"
    left.mkdir()
    (left / "master.key").write_text("the key, unsealed")
    others = new / "data" / ".restore-somebody-elses"
    others.mkdir()
    (new / "data" / ".cross-signing.json.new").write_text("half of")

    assert await restored(await backed_up(old), new) == 0
    there = {path.name for path in (new / "data").iterdir()}
    assert there == {"master.key", "paybridge.db", "cross-signing.json", others.name}


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        ("another key", "the key is wrong, or it was altered"),
        ("no key", "cannot read the master key"),
        ("a flipped bit", "it was altered or cut off"),
        ("cut off", "it was altered or cut off"),
        ("another file", "it is no backup of PayBridge"),
    ],
)
async def test_what_cannot_be_trusted_leaves_nothing_behind(
    old: Path, tmp_path: Path, capsys: Captured, spoil: str, told: str
) -> None:
    new = tmp_path / "new"
    config_in(new)
    if spoil != "no key":
        key_in(new, byte=1 if spoil == "another key" else 0)
    file = await backed_up(old)
    whole = file.read_bytes()
    if spoil == "a flipped bit":
        file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    elif spoil == "cut off":
        file.write_bytes(whole[: len(whole) // 2])
    elif spoil == "another file":
        file.write_bytes(b"a picture of a cat, long enough to be something")
    capsys.readouterr()

    ended = await restored(file, new)

    said = capsys.readouterr().err
    assert (ended, said.count("\n"), told in said) == (2, 1, True), said
    assert {path.name for path in (new / "data").iterdir()} <= {"master.key"}


async def test_a_restore_that_broke_off_is_not_there_and_can_be_done_again(
    old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = tmp_path / "new"
    config_in(new)
    key_in(new)
    file = await backed_up(old)
    rename = Path.replace

    def out_of_order(self: Path, target: Path) -> Path:
        if target.name == "paybridge.db":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", out_of_order)
    broken = await restored(file, new)
    left = {path.name for path in (new / "data").iterdir()}
    monkeypatch.undo()

    assert broken == 2
    assert left == {"master.key", "cross-signing.json"}
    assert await restored(file, new) == 0


async def test_an_unsound_ledger_is_not_restored(old: Path, tmp_path: Path, capsys: Captured) -> None:
    new = tmp_path / "new"
    config_in(new)
    key_in(new)
    with closing(sqlite3.connect(old / "data" / "paybridge.db")) as books:
        (guard,) = books.execute("SELECT sql FROM sqlite_master WHERE name = 'entry_update'").fetchone()
        books.executescript("DROP TRIGGER entry_update; UPDATE entry SET amount = amount + 1 WHERE line = 1;")
        books.execute(guard)
        books.commit()

    ended = await restored(await backed_up(old), new)

    assert ended == 2
    assert "the backup's books are not sound: " in capsys.readouterr().err
    assert not (new / "data" / "paybridge.db").exists()
