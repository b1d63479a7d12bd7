"""Contacts: what people call somebody, sealed under their own key, and found by a keyed hash."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from paybridge.domain.contact import Contact, as_called, contact_name
from paybridge.domain.errors import UserError
from paybridge.services.lookalikes import alike
from paybridge.services.ports import Step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paybridge.domain.people import Person
    from paybridge.services.people import Known
    from paybridge.services.ports import Book, Chance, Clock, Vault

MOST: Final = 100


class TooManyContactsError(UserError):
    """Nobody calls so many people by names of their own."""

    key = "error.too_many_contacts"

    def __init__(self) -> None:
        super().__init__(most=MOST)

    def lines(self) -> tuple[str, ...]:
        return ("!contact list",)


class ContactTakenError(UserError):
    """Somebody else is called so already."""

    key = "error.contact_taken"

    def __init__(self, *, typed: str, who: str) -> None:
        super().__init__(typed=typed, who=who)

    def lines(self) -> tuple[str, ...]:
        return (f"!contact remove {self.facts()['typed']}", "!contact list")


class ContactAlikeError(UserError):
    """The name can be mistaken for another one."""

    key = "error.contact_alike"

    def __init__(self, *, typed: str, other: str) -> None:
        super().__init__(typed=typed, other=other)

    def lines(self) -> tuple[str, ...]:
        return ("!contact list",)


class UnknownContactError(UserError):
    """Nobody is called so."""

    key = "error.unknown_contact"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed[:40])

    def lines(self) -> tuple[str, ...]:
        return ("!contact list",)


@dataclass(frozen=True, slots=True)
class Card:
    """A contact as its owner reads it: the name, and the Matrix id that it stands for."""

    contact: Contact
    name: str
    mxid: str


class Contacts:
    """Keeps the names that people give each other for themselves."""

    def __init__(self, book: Book, vault: Vault, clock: Clock, chance: Chance) -> None:
        self._book = book
        self._vault = vault
        self._clock = clock
        self._chance = chance

    async def of(self, person: Person) -> Sequence[Card]:
        """Everybody whom the person has given a name, by name."""
        kept = await self._book.contacts(person.id)
        cards = [self._open(person, contact) for contact in kept]
        return sorted(cards, key=lambda card: as_called(card.name))

    async def names(self, person: Person) -> Mapping[str, str]:
        """From each name, in the form in which spellings are compared, to its Matrix id."""
        return {as_called(card.name): card.mxid for card in await self.of(person)}

    async def add(self, owner: Known, typed: str, mxid: str) -> tuple[Step, str]:
        """The step that gives `mxid` a name of the owner's, and the name.

        Raises UnfitContactNameError, ContactTakenError, ContactAlikeError or TooManyContactsError.
        """
        name = contact_name(typed)
        cards = await self.of(owner.person)
        if len(cards) >= MOST:
            raise TooManyContactsError
        self._check(name, cards)
        contact = Contact(
            id=self._chance.token(),
            person=owner.person.id,
            name_hash=self._hash(owner.person, name),
            sealed=self._seal(owner.person, name, mxid),
            created=self._clock.now(),
        )
        return owner.introduction + Step(records=(contact,)), name

    async def rename(self, owner: Known, old: str, new: str) -> tuple[Step, Card]:
        """The step that calls somebody by another name; raises as `add`, and UnknownContactError."""
        name = contact_name(new)
        cards = await self.of(owner.person)
        card = self._found(owner.person, cards, old)
        self._check(name, [other for other in cards if other.contact.id != card.contact.id])
        changed = replace(
            card.contact,
            name_hash=self._hash(owner.person, name),
            sealed=self._seal(owner.person, name, card.mxid),
        )
        return Step(records=(changed,)), replace(card, name=name)

    async def remove(self, owner: Known, typed: str) -> tuple[Step, Card]:
        """The step after which nobody is called so, and nothing of it is kept but that it was."""
        card = self._found(owner.person, await self.of(owner.person), typed)
        return Step(records=(replace(card.contact, sealed=None),)), card

    def _found(self, owner: Person, cards: Sequence[Card], typed: str) -> Card:
        wanted = self._hash(owner, typed)
        found = next((card for card in cards if card.contact.name_hash == wanted), None)
        if found is None:
            raise UnknownContactError(typed=typed)
        return found

    @staticmethod
    def _check(name: str, cards: Sequence[Card]) -> None:
        same = next((card for card in cards if as_called(card.name) == as_called(name)), None)
        if same is not None:
            raise ContactTakenError(typed=same.name, who=same.mxid)
        other = alike(name, [card.name for card in cards])
        if other is not None:
            raise ContactAlikeError(typed=name, other=other)

    def _hash(self, owner: Person, name: str) -> bytes:
        return self._vault.fingerprint("contact.name", f"{owner.id}|{as_called(name)}".encode())

    def _seal(self, owner: Person, name: str, mxid: str) -> bytes:
        return self._vault.seal(owner.key, _context(owner), json.dumps([name, mxid]).encode())

    def _open(self, owner: Person, contact: Contact) -> Card:
        assert contact.sealed is not None  # the book leaves out those that were removed
        name, mxid = json.loads(self._vault.open(owner.key, _context(owner), contact.sealed))
        return Card(contact, name, mxid)


def _context(owner: Person) -> str:
    return f"contact|{owner.id}|sealed"
