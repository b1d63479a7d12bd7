"""One-time links: made for one person and one purpose, found again by the hash of their token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from paybridge.domain import one_time_link as one_time
from paybridge.domain.errors import UserError
from paybridge.domain.one_time_link import OneTimeLink, Purpose
from paybridge.services.ports import Step

if TYPE_CHECKING:
    from paybridge.services.ports import Book, Chance, Clock
    from paybridge.services.settings import Settings


class LinkGoneError(UserError):
    """No link opens this page, or none any more: unknown, another purpose's, used, expired, overtaken.

    `known` says whether there ever was one; then `language` is that of its person, if they chose one.
    """

    key = "web.gone"

    def __init__(self, *, known: bool = False, language: str | None = None) -> None:
        super().__init__()
        self.known = known
        self.language = language


@dataclass(frozen=True, slots=True)
class Offered:
    """A link to show, and the step that writes down its hash."""

    step: Step
    url: str


class OneTimeLinks:
    """Makes links and finds them. Where the web has no address, none is made."""

    def __init__(self, book: Book, clock: Clock, chance: Chance, settings: Settings) -> None:
        self._book = book
        self._clock = clock
        self._chance = chance
        self._settings = settings

    @property
    def offered(self) -> bool:
        """Whether the operator has said how the web server is reached."""
        return self._settings.public_url is not None

    def make(self, person: str, purpose: Purpose, subject: str) -> Offered | None:
        """A link of 256 random bits for this person, purpose and subject, good for ten minutes."""
        if self._settings.public_url is None:
            return None
        token = one_time.spell_token(bytes.fromhex(self._chance.token() + self._chance.token()))
        expires = self._clock.now() + one_time.LIFE
        link = OneTimeLink(one_time.hash_of(token), person, purpose, subject, expires)
        return Offered(Step(records=(link,)), f"{self._settings.public_url}/{purpose}/{token}")

    async def find(self, token: str, purpose: Purpose) -> OneTimeLink:
        """The open link with this token and purpose, or `LinkGoneError`. Looking uses nothing up."""
        if not one_time.looks_like_token(token):
            raise LinkGoneError
        found = await self._book.one_time_link(one_time.hash_of(token))
        if found is None or found.purpose is not purpose:
            raise LinkGoneError
        if not found.is_open(self._clock.now()):
            person = await self._book.person(found.person)
            raise LinkGoneError(known=True, language=person.language if person else None)
        return found
