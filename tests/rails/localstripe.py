"""A stand-in for Stripe, in a Python of its own: `python -m tests.rails.localstripe` installs it.

It is a useful adversary: it ignores idempotency keys.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import venv
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Final, Self

HOME: Final = Path(__file__).parents[2] / ".venv" / "localstripe"
PYTHON: Final = HOME / "bin" / "python"
STAMP: Final = HOME / ".installed"
WANTED: Final = "localstripe==1.15.10"

# Its own command listens to everybody and keeps what it knows in a file that all users share.
SERVE: Final = """
import asyncio, sys
from aiohttp import web
from localstripe import resources, server

resources.Store.dump_to_disk = lambda store: None

async def serve():
    runner = web.AppRunner(server.app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

asyncio.run(serve())
"""


def is_installed() -> bool:
    return STAMP.exists() and STAMP.read_text(encoding="ascii") == WANTED


def install() -> None:
    if is_installed():
        return
    venv.create(HOME, with_pip=True, clear=True)
    pip = [str(PYTHON), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, WANTED], check=True)  # noqa: S603  the Python that was just made
    STAMP.write_text(WANTED, encoding="ascii")


class LocalStripe:
    """Runs from entering to leaving; it ends by itself when its input is closed."""

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            str(PYTHON), "-c", SERVE, stdin=PIPE, stdout=PIPE
        )
        assert self._process.stdout is not None
        self.address = f"http://127.0.0.1:{int(await self._process.stdout.readline())}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()


if __name__ == "__main__":
    install()
    sys.stdout.write(f"{WANTED} is installed\n")
