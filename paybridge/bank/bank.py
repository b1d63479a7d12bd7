"""The bank itself: opens its books and its port, and settles and posts in the background."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Awaitable, Callable

import aiohttp
from aiohttp import web

from paybridge.bank import execution, ledger
from paybridge.bank.counter import Counter
from paybridge.bank.desk import Desk
from paybridge.bank.errors import BankStartError
from paybridge.bank.notices import Messenger
from paybridge.bank.options import BankOptions
from paybridge.bank.owner_pages import owner_routes
from paybridge.bank.provider_api import provider_routes
from paybridge.bank.schemes import SCHEMES
from paybridge.bank.server import application
from paybridge.bank.store import Store
from paybridge.bank.surroundings import Surroundings

# The clock is handed in and may be moved at any time, so open work is looked at this often.
LOOK_AGAIN_SECONDS = 0.25
SHUTDOWN_SECONDS = 2.0


class Bank:
    """One bank: `start` it, keep `work` running, `stop` it. What it promised is on disk at any moment."""

    def __init__(self, options: BankOptions, around: Surroundings) -> None:
        self._options = options
        self._around = around
        self._store = Store(options.data)
        self._counter = Counter(self._store, options, around)
        self._runner: web.AppRunner | None = None

    async def start(self) -> str:
        """Open the books and the port and return the address; `BankStartError` says why it cannot be."""
        try:
            await self._store.open()
            await self._counter.run(_open_own_accounts)
            return await self._listen()
        except BaseException:
            await self.stop()
            raise

    async def work(self) -> None:
        """Settle what is due and post what waits, until cancelled."""
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._repeat(self._settle))
            if self._options.webhook_url is not None:
                messenger = Messenger(self._counter, session)
                tasks.create_task(self._repeat(messenger.deliver_due))

    async def stop(self) -> None:
        """Let go of held connections, close the port, then the books."""
        self._counter.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        await self._store.close()

    async def _listen(self) -> str:
        host, port = self._options.host, self._options.port
        routes = [*provider_routes(self._counter), *owner_routes(self._counter)]
        self._runner = web.AppRunner(
            application(self._options.api_key, routes), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS
        )
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            reason = "the port is taken" if error.errno == errno.EADDRINUSE else str(error)
            raise BankStartError(f"the bank simulator cannot listen on {host}:{port}: {reason}") from error
        bound = self._runner.addresses[0][1]
        return f"http://[{host}]:{bound}" if ":" in host else f"http://{host}:{bound}"

    async def _settle(self) -> bool:
        """Settle and take back what is due; whether anything is still to come."""
        if await self._counter.run(execution.catch_up):
            self._counter.ring()
        return await self._counter.run(execution.is_any_open)

    async def _repeat(self, round_of_work: Callable[[], Awaitable[bool]]) -> None:
        bell = self._counter.bell()
        while True:
            bell.clear()
            more_to_come = await round_of_work()
            # Not wait_for: before Python 3.12 it loses a cancellation that comes together with the ring.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN_SECONDS if more_to_come else None):
                    await bell.wait()


def _open_own_accounts(desk: Desk) -> None:
    for scheme in SCHEMES:
        ledger.open_own_accounts(desk.books, scheme, desk.options.settlement_opening_minor, desk.at)
