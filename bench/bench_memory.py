"""Memory of a process that has all of the bot loaded: at rest, and after 10,000 payments."""

from __future__ import annotations

import asyncio
import importlib
import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Final

from bench._money import measure
from bench._office import Office
from bench._result import Result
from paybridge.app.collector import spare_what_is_loaded
from paybridge.app.system import SystemClock
from paybridge.storage import open_database

PAYMENTS: Final = 10_000
CALLERS: Final = 8
MOST_MIB: Final = 150.0
KIB: Final = 1024
PAGES_MIB: Final = 32.0
"""SQLite keeps at most 16 of its database; as much again is for what Python keeps of what it has seen."""


async def run() -> list[Result]:
    """In a process of its own, as other benchmarks leave memory behind."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.bench_memory", stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    if process.returncode != 0:
        raise SystemExit("the process whose memory was to be measured has failed")
    at_rest, after = json.loads(told)
    return [
        Result("memory: everything loaded, at rest, MiB", at_rest, MOST_MIB, 1.0, "at_most"),
        Result(f"memory: after {PAYMENTS:,} payments, MiB", after, at_rest + PAGES_MIB, 1.0, "at_most"),
    ]


async def _measured() -> list[float]:
    importlib.import_module("paybridge.app.wiring")
    spare_what_is_loaded()
    with tempfile.TemporaryDirectory(prefix="paybridge-bench-") as folder:
        database = await open_database(f"sqlite+aiosqlite:///{Path(folder, 'books.db')}", SystemClock())
        try:
            office, _ = await Office.open(database.book, database.mailbox)
            at_rest = _resident()
            await measure(office.payments(range(PAYMENTS)), CALLERS)
            return [at_rest, _resident()]
        finally:
            await database.close()


def _resident() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / KIB


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(_measured())))
