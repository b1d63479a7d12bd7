"""Freezing whoever shows another master key than at first, and letting them go on once it has been taken."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from paybridge.domain.pinning import PinnedKey, look_again, thaw
from paybridge.services.ports import Book, Clock, Post, StaleError, Step, StepRefusedError, Vault, Wakeup
from paybridge.services.says import Say, seal

if TYPE_CHECKING:
    from paybridge.services.settings import Settings

TRIES: Final = 3
LOOK_AGAIN_SECONDS: Final = 15.0
"""While somebody is frozen: an operator may take their key at any time, by a program that cannot ring."""

log = structlog.stdlib.get_logger(__name__)


class OwnBell(Wakeup, Protocol):
    """A bell that only freezes ring: nearly always nobody is frozen, and nothing is to be looked at."""

    async def wait(self, patience: float | None, /) -> object:
        """Return when it rings, or after `patience` seconds."""


class Pins:
    """Keeps the master keys of everyone who speaks, and tells them when theirs is another one."""

    def __init__(
        self, book: Book, vault: Vault, clock: Clock, settings: Settings, wakeup: Wakeup, bell: OwnBell
    ) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._settings = settings
        self._wakeup = wakeup
        self._bell = bell

    async def frozen(self, mxid: str) -> bool:
        """Whether nothing may be done for this Matrix id now."""
        pinned = await self._book.pinned_key(mxid)
        return pinned is not None and thaw(pinned, self._clock.now()).freeze is not None

    async def fits(self, mxid: str, master: str | None) -> bool:
        """Whether this id shows the master key that it is known by, or was never met with one.

        Who had an identity still has one, even if the homeserver hides it.
        """
        pinned = await self._book.pinned_key(mxid)
        return pinned is None or thaw(pinned, self._clock.now()).key == master

    async def meet(self, mxid: str, master: str | None, *, vouched: bool) -> bool:
        """Compare the master key that this id shows with the pinned one; True if the id is frozen.

        A first one is pinned if it is `vouched` for: the device that spoke is signed by it.
        """
        for _ in range(TRIES - 1):
            try:
                return await self._meet(mxid, master, vouched=vouched)
            except StaleError:
                continue
        return await self._meet(mxid, master, vouched=vouched)

    async def run(self) -> None:
        """End what is over, for ever; asleep while nobody is frozen."""
        while True:
            anyone = await self.settle_down()
            await self._bell.wait(LOOK_AGAIN_SECONDS if anyone else None)

    async def settle_down(self) -> bool:
        """End every freeze whose time is over now; True if any is left."""
        left = False
        for pinned in await self._book.frozen_keys():
            thawed = thaw(pinned, self._clock.now())
            left = left or thawed is pinned
            try:
                await self._change(pinned, thawed)
            except StepRefusedError as refused:
                log.info("not thawed after all", why=type(refused).__name__)
        return left

    async def _meet(self, mxid: str, master: str | None, *, vouched: bool) -> bool:
        pinned = await self._book.pinned_key(mxid)
        if pinned is None:
            if master is not None and vouched:
                await self._book.commit(Step(records=(PinnedKey(mxid, master),)))
            return False
        now = look_again(pinned, master, self._clock.now(), self._settings.freeze_life)
        await self._change(pinned, now)
        return now.freeze is not None

    async def _change(self, before: PinnedKey, after: PinnedKey) -> None:
        if after is before:
            return
        log.warning("identity", person=after.mxid, frozen=after.freeze is not None)
        posts: tuple[Post, ...] = ()
        if self._settings.bridges.denying(after.mxid) is None:
            # A bridge's bot would take what it is told for a command.
            posts = (seal(self._vault, await self._say(before, after), self._clock.now()),)
        await self._book.commit(Step(records=(after,), posts=posts))
        self._bell.ring()
        self._wakeup.ring()

    async def _say(self, before: PinnedKey, after: PinnedKey) -> Say:
        person = await self._book.person_of(after.mxid)
        say = Say(
            # The version makes it unique for ever: the same key may come and go.
            id=f"identity/{after.mxid}/{after.version}",
            key="identity.taken",
            language=(person.language if person else None) or self._settings.language,
            person=after.mxid,
        )
        freeze = after.freeze
        if freeze is None:
            return say if after.key != before.key else replace(say, key="identity.back")
        if freeze.until is None:
            return replace(say, key="identity.gone")
        return replace(say, key="identity.changed", facts={"until": freeze.until})
