"""LNbits with a node that is none, in a Python of its own: `python -m tests.rails.lnbits` installs it.

Its FakeWallet makes and pays invoices among the wallets of one LNbits, as if there were a Lightning network.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import aiohttp

LOCK: Final = Path(__file__).with_suffix(".lock")
HOME: Final = Path(__file__).parents[2] / ".venv" / "lnbits"
PYTHON: Final = HOME / "bin" / "python"
STAMP: Final = HOME / ".installed-from"
TOO_NEW: Final = (3, 13)
MISSING: Final = "LNbits (lnbits==1.6.2) is not installed: python -m tests.rails.lnbits"

# Says its port on what was its output, and then only logs; ends when its input is closed.
SERVE: Final = """
import os, socket, sys, threading

said = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import uvicorn
from lnbits.__main__ import app

class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print(sockets[0].getsockname()[1], file=said, flush=True)

def end():
    sys.stdin.read()
    os._exit(0)

threading.Thread(target=end, daemon=True).start()
listening = socket.create_server(("127.0.0.1", 0))
Server(uvicorn.Config(app, log_level="error")).run([listening])
"""

# Nothing outside is asked for prices; webhooks and addresses of people may be on this machine.
SETTINGS: Final = {
    "LNBITS_BACKEND_WALLET_CLASS": "FakeWallet",
    "LNBITS_ADMIN_UI": "true",
    "LNBITS_PRICE_AGGREGATOR_ENABLED": "false",
    "LNBITS_EXCHANGE_RATE_PROVIDERS": "[]",
    "LNBITS_CALLBACK_URL_RULES": r'["http://127\\.0\\.0\\.1:\\d+"]',
    "LNBITS_CALLBACK_ALLOW_PRIVATE_IPS": "true",
    "LNBITS_RATE_LIMIT_NO": "1000000",
}


class CannotBeInstalledError(Exception):
    """LNbits does not run on this Python; the text says why."""


def is_installed() -> bool:
    return STAMP.exists() and STAMP.read_text(encoding="ascii") == _wanted()


def install() -> None:
    if is_installed():
        return
    if sys.version_info >= TOO_NEW:
        raise CannotBeInstalledError("lnbits 1.6.2 needs Python 3.11 or 3.12: its tests are skipped")
    venv.create(HOME, with_pip=True, clear=True)
    pip = [str(PYTHON), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, "--no-deps", "--require-hashes", "-r", str(LOCK)], check=True)  # noqa: S603  as in localstripe
    STAMP.write_text(_wanted(), encoding="ascii")


def _wanted() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()


@dataclass(frozen=True, slots=True)
class Wallet:
    """A wallet at LNbits; whoever has `key` may spend from it. `name` is its lightning address's."""

    id: str
    key: str
    name: str


class LNbits:
    """Runs until this program ends. Everybody shares it, each with wallets of their own."""

    def __init__(self) -> None:
        folder = tempfile.mkdtemp(prefix="lnbits-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        # Its pages and migrations are found from where its packages are.
        packages = next((HOME / "lib").glob("python*")) / "site-packages"
        places = {"LNBITS_DATA_FOLDER": folder, "LNBITS_EXTENSIONS_PATH": folder}
        self._process = subprocess.Popen(  # noqa: S603  the Python that `install` made
            [str(PYTHON), "-c", SERVE],
            cwd=packages,
            env=os.environ | SETTINGS | places,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        atexit.register(self._end)
        assert self._process.stdout is not None
        self.host = f"127.0.0.1:{int(self._process.stdout.readline())}"
        self.address = f"http://{self.host}"
        self._token = ""

    async def token(self, http: aiohttp.ClientSession) -> str:
        """The access token of its owner."""
        if not self._token:
            word = "only-on-this-machine"
            owner = {"username": "owner", "password": word, "password_repeat": word}
            told = await self._ask(http, "PUT", "/api/v1/auth/first_install", owner, {})
            self._token = told["access_token"]
        return self._token

    async def wallet(self, http: aiohttp.ClientSession, satoshis: int) -> Wallet:
        """A new one, with so much in it."""
        may = {"Authorization": f"Bearer {await self.token(http)}"}
        told = await self._ask(http, "POST", "/api/v1/wallet", {"name": "of the tests"}, may)
        if satoshis:
            put = {"id": told["id"], "amount": satoshis}
            await self._ask(http, "PUT", "/users/api/v1/balance", put, may)
        return Wallet(told["id"], told["adminkey"], told["lightning_address"])

    @asynccontextmanager
    async def charging(
        self, http: aiohttp.ClientSession, percent: float, into: Wallet
    ) -> AsyncIterator[None]:
        """Each payment costs so much for a while, which goes into that wallet."""
        may = {"Authorization": f"Bearer {await self.token(http)}"}
        fees = {"lnbits_service_fee": percent, "lnbits_service_fee_wallet": into.id}
        own = {"lnbits_service_fee_ignore_internal": False}
        await self._ask(http, "PATCH", "/admin/api/v1/settings", fees | own, may)
        try:
            yield
        finally:
            none = {"lnbits_service_fee": 0, "lnbits_service_fee_wallet": None}
            await self._ask(http, "PATCH", "/admin/api/v1/settings", none, may)

    async def ask(
        self, http: aiohttp.ClientSession, wallet: Wallet, method: str, path: str, body: object = None
    ) -> Any:  # noqa: ANN401  JSON
        """As the owner of `wallet`."""
        return await self._ask(http, method, path, body, {"X-Api-Key": wallet.key})

    async def _ask(
        self, http: aiohttp.ClientSession, method: str, path: str, body: object, may: dict[str, str]
    ) -> Any:  # noqa: ANN401  JSON
        async with http.request(method, self.address + path, json=body, headers=may) as answer:
            answer.raise_for_status()
            return await answer.json()

    def _end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


@cache
def lnbits() -> LNbits:
    """The one that all tests of this program share: it takes seconds to start."""
    return LNbits()


if __name__ == "__main__":
    try:
        install()
    except CannotBeInstalledError as error:
        sys.stdout.write(f"{error}\n")
    else:
        sys.stdout.write("lnbits is installed\n")
