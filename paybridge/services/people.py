"""Who owns money: Matrix ids are mapped to opaque person ids, which are made when first needed."""

from __future__ import annotations

from dataclasses import dataclass, replace

from paybridge.domain.people import Identity, LinkState, Person
from paybridge.services.ports import Book, Chance, Clock, Step, Vault


@dataclass(frozen=True, slots=True)
class Known:
    """A person behind a Matrix id. `introduction` writes them down if the book has not met them yet."""

    person: Person
    mxid: str
    introduction: Step

    @property
    def is_new(self) -> bool:
        return bool(self.introduction.records)


class People:
    """Looks people up, and makes them."""

    def __init__(self, book: Book, vault: Vault, clock: Clock, chance: Chance) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._chance = chance

    async def know(self, mxid: str) -> Known:
        """The person behind `mxid`; a new one exists only once the introduction is committed."""
        found = await self._book.person_of(mxid)
        if found is not None:
            return Known(found, mxid, Step())
        now = self._clock.now()
        person = Person(id=self._chance.token(), key=self._vault.new_key(), created=now)
        identity = Identity(mxid=mxid, person=person.id, since=now)
        return Known(person, mxid, Step(records=(person, identity)))

    async def enrolled(self, person: str) -> bool:
        """Whether the person can take money straight away: they have a verified account."""
        return any(link.state is LinkState.VERIFIED for link in await self._book.links(person))

    def speak(self, known: Known, language: str) -> Step:
        """The step that makes `language` this person's own."""
        changed = replace(known.person, language=language)
        if known.is_new:
            return Step(records=(changed, *known.introduction.records[1:]))
        return Step(records=(changed,))
