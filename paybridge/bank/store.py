"""The bank's SQLite file: one thread, one transaction at a time, on disk before anyone is answered."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from paybridge.bank.errors import BankStartError

T = TypeVar("T")
SCHEMA = Path(__file__).with_name("schema.sql")
VERSION = 3
UPGRADES = {
    1: """
    ALTER TABLE payment ADD COLUMN reverses_at TEXT;
    ALTER TABLE payment ADD COLUMN reversed_at TEXT;
    CREATE INDEX payment_to_reverse ON payment (reverses_at)
        WHERE reverses_at IS NOT NULL AND reversed_at IS NULL;
    """,
    2: "ALTER TABLE payment ADD COLUMN to_link TEXT REFERENCES link",
}
"""What brings the books of each version to the next."""


class Store:
    """Runs pieces of work on the books, each in a transaction of its own."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; nothing is opened yet."""
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, "bank-books")
        self._books: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Open the file, or make it; `BankStartError` when it cannot be ours."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._open)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returns, after its changes are on disk; whatever it raises undoes them."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._in_transaction, work)

    async def close(self) -> None:
        """Finish what was begun and let go of the file."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _open(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            books = sqlite3.connect(self._folder / "bank.sqlite3", isolation_level=None, timeout=30)
            books.row_factory = sqlite3.Row
            books.execute("PRAGMA journal_mode = WAL")
            books.execute("PRAGMA synchronous = FULL")
            books.execute("PRAGMA foreign_keys = ON")
            version = books.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                books.executescript(
                    f"BEGIN IMMEDIATE;{SCHEMA.read_text()};PRAGMA user_version = {VERSION};COMMIT"
                )
            while version in UPGRADES:
                books.executescript(
                    f"BEGIN IMMEDIATE;{UPGRADES[version]};PRAGMA user_version = {version + 1};COMMIT"
                )
                version += 1
            if version not in {0, VERSION}:
                books.close()
                message = f"the books in {self._folder} were made by another version of the bank"
                raise BankStartError(message)
        except (OSError, sqlite3.Error) as error:
            message = f"the bank cannot keep its books in {self._folder}: {error}"
            raise BankStartError(message) from error
        self._books = books

    def _in_transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        books = self._books
        if books is None:
            message = "the bank's books are not open"
            raise RuntimeError(message)
        books.execute("BEGIN IMMEDIATE")
        try:
            result = work(books)
            books.execute("COMMIT")
        except BaseException:
            books.execute("ROLLBACK")
            raise
        return result

    def _close(self) -> None:
        if self._books is not None:
            self._books.close()
            self._books = None
