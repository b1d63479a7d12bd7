"""Doing what a one-time link is for, once: the deed and the link's end are one step."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from paybridge.domain.errors import UserError
from paybridge.domain.one_time_link import failed, used
from paybridge.domain.permissions import NotAllowedError, Role
from paybridge.domain.pinning import thaw
from paybridge.services.factors import CountedError
from paybridge.services.ports import AlreadyDoneError, OverdraftError, StaleError, Step
from paybridge.services.says import Say, seal
from paybridge.services.tries import TRIES, BusyError, SpentMeanwhileError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from paybridge.domain.one_time_link import OneTimeLink, Purpose
    from paybridge.services.one_time_links import OneTimeLinks
    from paybridge.services.ports import Book, Clock, Vault, Wakeup
    from paybridge.services.settings import Settings

T = TypeVar("T")


class IdentityFrozenError(UserError):
    """The person's identity is not the one that is known; nothing is done for it."""

    key = "trouble.master_key_changed"


class LinkDeeds:
    """Decides, and writes what was decided together with the end of the link."""

    def __init__(
        self,
        book: Book,
        vault: Vault,
        clock: Clock,
        settings: Settings,
        wakeup: Wakeup,
        links: OneTimeLinks,
    ) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._settings = settings
        self._wakeup = wakeup
        self._links = links

    async def done(
        self,
        token: str,
        purpose: Purpose,
        decide: Callable[[OneTimeLink], Awaitable[tuple[Step, tuple[Say, ...], T]]],
    ) -> T:
        """Do it and use the link up, in one step; who lost a race decides again on what is true now.

        Raises LinkGoneError, what `check_person` and `decide` raise, and BusyError. A `CountedError` is
        counted on the link; the third ends it.
        """
        for _ in range(TRIES):
            link = await self._links.find(token, purpose)
            await self.check_person(link.person)
            try:
                step, says, done = await decide(link)
            except CountedError as error:
                if await self._committed(error.step + Step(records=(failed(link),)), ()):
                    raise
                continue
            if await self._committed(step + Step(records=(used(link),)), says):
                return done
        raise BusyError

    async def check_person(self, person: str) -> None:
        """Raise NotAllowedError or IdentityFrozenError if nothing is done for this person now, as in chat."""
        for mxid in await self._book.mxids_of(person):
            pinned = await self._book.pinned_key(mxid)
            if pinned is not None and thaw(pinned, self._clock.now()).freeze is not None:
                raise IdentityFrozenError
            if self._settings.permissions.role_of(mxid) < Role.RECEIVE:
                raise NotAllowedError

    async def _committed(self, step: Step, says: tuple[Say, ...]) -> bool:
        now = self._clock.now()
        posts = tuple(seal(self._vault, say, now) for say in says)
        try:
            await self._book.commit(step + Step(posts=posts))
        except (StaleError, AlreadyDoneError):
            return False
        except OverdraftError:
            raise SpentMeanwhileError from None
        finally:
            # Also what was not acknowledged may have been written.
            self._wakeup.ring()
        return True
