"""heisenbridge, in a Python of its own: `python -m tests.harness.heisenbridge` installs it.

A place of its own, because it wants an older YAML reader than we do.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import shutil
import subprocess
import sys
import venv
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any, Final, Self

from paybridge.demo.homeserver import Homeserver, free_port

LOCK: Final = Path(__file__).with_suffix(".lock")
HOME: Final = Path(__file__).parents[2] / ".venv" / "heisenbridge"
PYTHON: Final = HOME / "bin" / "python"
STAMP: Final = HOME / ".installed-from"
MISSING: Final = "heisenbridge (heisenbridge==1.15.4) is not installed: python -m tests.harness.heisenbridge"
BOT: Final = "heisenbridge"
START_SECONDS: Final = 60
STOP_SECONDS: Final = 10

# Ends when its input is closed, so that nothing of it is left when the tests are killed.
SERVE: Final = """
import os, sys, threading

def end():
    sys.stdin.read()
    os._exit(0)

threading.Thread(target=end, daemon=True).start()
from heisenbridge.__main__ import main
main()
"""


class HeisenbridgeError(Exception):
    """It did not start; its last lines are in the text."""


def is_installed() -> bool:
    return STAMP.exists() and STAMP.read_text(encoding="ascii") == _wanted()


def install() -> None:
    if is_installed():
        return
    shutil.rmtree(HOME, ignore_errors=True)
    venv.create(HOME, with_pip=True)
    pip = [str(PYTHON), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, "--no-deps", "--require-hashes", "-r", str(LOCK)], check=True)  # noqa: S603  the Python made above
    STAMP.write_text(_wanted(), encoding="ascii")


def _wanted() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()


class Heisenbridge:
    """One bridge, of which a homeserver knows: first its registration, then the homeserver, then `start`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._port = free_port()
        self._process: Process | None = None
        self.registration = directory / "registration.json"
        # What `heisenbridge --generate` writes.
        self._registered: dict[str, Any] = {
            "id": "heisenbridge",
            "url": f"http://127.0.0.1:{self._port}",
            "as_token": secrets.token_hex(32),
            "hs_token": secrets.token_hex(32),
            "rate_limited": False,
            "sender_localpart": BOT,
            "namespaces": {
                "users": [{"regex": "@irc_.*", "exclusive": True}],
                "aliases": [],
                "rooms": [],
            },
        }
        # JSON is YAML too.
        self.registration.write_text(json.dumps(self._registered), encoding="utf-8")

    def settings(self) -> dict[str, Any]:
        """What the homeserver must be told."""
        return {"app_service_config_files": [str(self.registration)]}

    def bot_on(self, homeserver: Homeserver) -> str:
        return f"@{BOT}:{homeserver.server_name}"

    async def start(self, homeserver: Homeserver, owner: str) -> Self:
        output = self._directory / "heisenbridge.out"
        with output.open("wb") as written:
            self._process = await asyncio.create_subprocess_exec(
                *(str(PYTHON), "-c", SERVE, "-v", "-c", str(self.registration)),
                *("--owner", owner, homeserver.url),
                stdin=PIPE,
                stdout=written,
                stderr=written,
                cwd=self._directory,
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(START_SECONDS):
                while b"bridge is now running" not in output.read_bytes():
                    if self._process.returncode is not None:
                        raise HeisenbridgeError(output.read_text(errors="replace"))
                    await asyncio.sleep(0.05)
        except TimeoutError as error:
            raise HeisenbridgeError(output.read_text(errors="replace")) from error
        return self

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()


if __name__ == "__main__":
    install()
    sys.stdout.write("heisenbridge is installed\n")
