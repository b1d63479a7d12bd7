"""The bot's one identity, which all of its processes have: three seeds, in a file and in the books."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from paybridge.matrix.crosssigning import Seeds
from paybridge.matrix.login import CannotLogInError
from paybridge.matrix.wire import NotNowError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from paybridge.services.ports import Mailbox, Vault

IDENTITY: Final = "identity"
CONTEXT: Final = "memory|system|identity"


class Identity:
    """`shared` through the books, sealed, where several processes may act for the bot."""

    def __init__(self, file: Path, mailbox: Mailbox, vault: Vault, *, shared: bool) -> None:
        self._file = file
        self._mailbox = mailbox
        self._vault = vault
        self._shared = shared

    async def seeds(self, random_bytes: Callable[[int], bytes], *, may_make: bool) -> Seeds:
        """The seeds, kept in the file from now on.

        Raises `NotNowError` if there are none and others are to make them, and `CannotLogInError` if file and
        books hold two identities: who has verified the one would be told that the bot is somebody else.
        """
        common = await self._common() if self._shared else None
        if self._file.exists():
            own = Seeds.load(self._file)
            if common is not None and common != own and not may_make:
                raise CannotLogInError(
                    f"{self._file} is another identity than that of the process which acts: move it away"
                )
            return own
        if common is None and not may_make:
            raise NotNowError("the process that acts has not made the bot's identity yet")
        made = common or Seeds.new(random_bytes)
        made.save(self._file)
        return made

    async def share(self) -> None:
        """Let the other processes have it; for the one that acts."""
        own = Seeds.load(self._file)
        if self._shared and await self._common() != own:
            plain = json.dumps([own.master.hex(), own.self_signing.hex(), own.user_signing.hex()])
            sealed = self._vault.seal(self._vault.system, CONTEXT, plain.encode())
            await self._mailbox.remember(IDENTITY, sealed.hex())

    async def _common(self) -> Seeds | None:
        sealed = await self._mailbox.recall(IDENTITY)
        if sealed is None:
            return None
        plain = self._vault.open(self._vault.system, CONTEXT, bytes.fromhex(sealed))
        return Seeds(*map(bytes.fromhex, json.loads(plain)))
