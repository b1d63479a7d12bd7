"""The homeserver of another test run, used by a run that was started from it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from paybridge.demo.homeserver import Homeserver

if TYPE_CHECKING:
    from collections.abc import Mapping

BORROWED = "PAYBRIDGE_TEST_HOMESERVER"
"""Names, as JSON, the homeserver to use in place of one of one's own."""


class Borrowed(Homeserver):
    """Somebody else started it, and will stop it."""

    def __init__(self, directory: Path, *, url: str, secret: str) -> None:
        super().__init__(directory)
        self.url = url
        self._secret = secret

    async def start(self) -> None:
        self._session = aiohttp.ClientSession(self.url)

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()


def lend(homeserver: Homeserver) -> Mapping[str, str]:
    """What another run needs to use this homeserver."""
    return {"url": homeserver.url, "secret": homeserver._secret}  # noqa: SLF001 - between tests
