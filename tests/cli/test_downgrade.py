"""`paybridge downgrade`: the books go back by one migration; a mistake is one line."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from paybridge.__main__ import main
from paybridge.storage.postgres.schema import before, newest
from tests.cli.test_commandline import make_books, sound

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.test_commandline import Captured


def version_of(file: Path) -> str:
    with closing(sqlite3.connect(file)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


async def test_the_books_go_back_once_and_what_they_were_is_said_to_be_kept(
    tmp_path: Path, capsys: Captured
) -> None:
    config = sound(tmp_path / "config.yaml")
    (tmp_path / "data").mkdir(mode=0o700)
    books = tmp_path / "data" / "paybridge.db"
    await make_books(books)
    first = await asyncio.to_thread(main, ["downgrade", "--config", str(config)])
    said = capsys.readouterr().out
    again = await asyncio.to_thread(main, ["downgrade", "--config", str(config)])
    refused = capsys.readouterr().err

    assert (first, again) == (0, 2)
    assert version_of(books) == before(newest())
    assert f"from migration {newest()} to {before(newest())}" in said
    assert str(tmp_path / "data" / f"paybridge-{newest()}.db") in said
    assert len(refused.splitlines()) == 1
    assert "is there, the books from another time" in refused


def test_without_books_it_says_so(tmp_path: Path, capsys: Captured) -> None:
    config = sound(tmp_path / "config.yaml")

    assert main(["downgrade", "--config", str(config)]) == 2
    assert "there are no books yet" in capsys.readouterr().err
