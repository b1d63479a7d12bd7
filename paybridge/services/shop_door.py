"""Who sees a shop's pages: its owner, who came by a one-time link and showed a passkey, for a while."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from paybridge.domain import shop_session as sessions
from paybridge.domain.one_time_link import OneTimeLink, Purpose, hash_of, looks_like_token, spell_token
from paybridge.domain.permissions import NotAllowedError, Role
from paybridge.services.link_deeds import IdentityFrozenError
from paybridge.services.one_time_links import LinkGoneError
from paybridge.services.passkeys import PasskeyRefusedError
from paybridge.services.ports import StaleError, Step

if TYPE_CHECKING:
    from paybridge.domain.people import Person
    from paybridge.domain.shop import Shop
    from paybridge.domain.shop_session import ShopSession
    from paybridge.services.link_deeds import LinkDeeds
    from paybridge.services.one_time_links import OneTimeLinks
    from paybridge.services.passkeys import Passkeys
    from paybridge.services.ports import Book, Chance, Clock
    from paybridge.services.says import Say
    from paybridge.services.settings import Settings


class SessionOverError(Exception):
    """No session opens the shop's pages, or none any more; which of these it is, nobody is told."""


@dataclass(frozen=True, slots=True)
class DoorShown:
    """Who may enter by a link: `passkey` says that they must show one."""

    language: str
    passkey: bool


@dataclass(frozen=True, slots=True)
class Visitor:
    """An owner before their shop's pages."""

    session: ShopSession
    shop: Shop
    owner: Person
    language: str


class ShopDoor:
    """Begins sessions, and lets nobody else in."""

    def __init__(
        self,
        book: Book,
        clock: Clock,
        chance: Chance,
        settings: Settings,
        links: OneTimeLinks,
        deeds: LinkDeeds,
        passkeys: Passkeys,
    ) -> None:
        self._book = book
        self._clock = clock
        self._chance = chance
        self._settings = settings
        self._links = links
        self._deeds = deeds
        self._passkeys = passkeys

    async def look(self, token: str) -> DoorShown:
        """Who may enter by the link with this token, or LinkGoneError. Looking uses nothing up."""
        owner, _ = await self._behind(await self._links.find(token, Purpose.SHOP))
        return DoorShown(self._language(owner), await self._passkeys.can_approve(owner.id))

    async def ask_passkey(self, token: str) -> str:
        """A question for a passkey, as JSON, whose answer opens the door by just this link."""
        link = await self._links.find(token, Purpose.SHOP)
        owner, _ = await self._behind(link)
        asked = await self._passkeys.ask_to_enter(owner, link.id)
        await self._book.commit(asked.step)
        return asked.options

    async def enter(self, token: str, answer: str | None) -> str:
        """Begin a session and use the link up; the session's token, of 256 random bits.

        Whoever has a passkey must give its `answer`: without it, or with another's, PasskeyRefusedError, and
        the third ends the link. Raises what `LinkDeeds.done` does.
        """
        opened = spell_token(bytes.fromhex(self._chance.token() + self._chance.token()))

        async def decide(link: OneTimeLink) -> tuple[Step, tuple[Say, ...], str]:
            owner, shop = await self._behind(link)
            step, passkey = Step(), None
            if await self._passkeys.can_approve(owner.id):
                if answer is None:
                    raise PasskeyRefusedError
                step, passkey = await self._passkeys.enter(owner, link.id, answer)
            session = sessions.started(hash_of(opened), owner.id, shop.id, passkey, self._clock.now())
            return step + await self._over(owner.id) + Step(records=(session,)), (), opened

        return await self._deeds.done(token, Purpose.SHOP, decide)

    async def visitor(self, token: str) -> Visitor:
        """Whose session this token opens, or SessionOverError; now and then it is noted that it is used."""
        now = self._clock.now()
        session = await self._book.shop_session(hash_of(token)) if looks_like_token(token) else None
        if session is None or not session.is_open(now):
            raise SessionOverError
        owner, shop = await self._allowed(session)
        if sessions.is_to_note(session, now):
            try:
                await self._book.commit(Step(records=(sessions.noted(session, now),)))
            except StaleError:
                # Another page of it was first, or it was ended meanwhile.
                return await self.visitor(token)
        return Visitor(session, shop, owner, self._language(owner))

    async def leave(self, token: str) -> None:
        """End the session; SessionOverError if it is over already."""
        visitor = await self.visitor(token)
        session = await self._book.shop_session(visitor.session.id)
        assert session is not None  # a session stays while its person is there
        try:
            await self._book.commit(Step(records=(sessions.closed(session),)))
        except StaleError:
            # A page of it was looked at in the same moment, or it was ended.
            await self.leave(token)

    # ------------------------------------------------------------ inside

    async def _over(self, owner: str) -> Step:
        """Sessions that ended by themselves are closed when the next one begins."""
        now = self._clock.now()
        there = await self._book.shop_sessions(owner)
        return Step(records=tuple(sessions.closed(one) for one in there if not one.is_open(now)))

    async def _behind(self, link: OneTimeLink) -> tuple[Person, Shop]:
        """The owner that the link was given to, with the open shop that it is about."""
        owner = await self._book.person(link.person)
        assert owner is not None  # a link's person is a foreign key
        shop = await self._shop(owner, link.subject)
        if shop is None:
            raise LinkGoneError(known=True, language=owner.language)
        return owner, shop

    async def _allowed(self, session: ShopSession) -> tuple[Person, Shop]:
        owner = await self._book.person(session.person)
        assert owner is not None  # a foreign key
        shop = await self._shop(owner, session.shop)
        if shop is None:
            raise SessionOverError
        try:
            await self._deeds.check_person(owner.id)
        except (NotAllowedError, IdentityFrozenError) as error:
            raise SessionOverError from error
        shown = session.passkey
        if shown is not None and not await self._passkeys.is_taken(owner.id, shown):
            raise SessionOverError
        return owner, shop

    async def _shop(self, owner: Person, shop: str) -> Shop | None:
        """The shop, if it is open and its owner is somebody who may have one and is not frozen."""
        found = await self._book.shop_of(owner.id)
        stands_still = owner.is_erased or owner.frozen is not None or owner.stopped is not None
        if found is None or found.id != shop or stands_still:
            return None
        may = self._settings.permissions.role_of(found.owner_mxid) >= Role.MERCHANT
        return found if may else None

    def _language(self, owner: Person) -> str:
        return owner.language or self._settings.language
