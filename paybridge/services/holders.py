"""Whose a linked account is: the name that its owner tells, and what the account's bank says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from paybridge.services.ports import PayeeChecking, PayeeMatch, RailError, SealBrokenError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paybridge.domain.facts import Facts
    from paybridge.domain.people import Link, Person
    from paybridge.services.ports import Rail, Vault

LONGEST_NAME: Final = 140


@dataclass(frozen=True, slots=True)
class Holder:
    """What was asked, and the answer; `called` is the holder's name where it is close to the one asked."""

    name: str
    match: PayeeMatch
    called: str | None = None

    def facts(self) -> Facts:
        """A row for the one sentence that says it."""
        rows = {
            "named": PayeeMatch.MATCH,
            "close": PayeeMatch.CLOSE,
            "other": PayeeMatch.NONE,
            "unchecked": PayeeMatch.NOT_POSSIBLE,
        }
        told: Facts = {"name": self.name, "called": self.called or self.name}
        return {row: (told,) if match is self.match else () for row, match in rows.items()}


NOBODY_ASKED: Final[Facts] = {"named": (), "close": (), "other": (), "unchecked": ()}
"""The rows where no name is known."""


class Holders:
    """Seals holders' names, and has them checked before money goes to their accounts."""

    def __init__(self, vault: Vault, rails: Mapping[str, Rail]) -> None:
        self._vault = vault
        self._rails = rails

    def seal(self, owner: Person, name: str) -> bytes | None:
        """The name as a link keeps it, at most 140 characters; None for none."""
        told = " ".join(name.split())[:LONGEST_NAME]
        return self._vault.seal(owner.key, _context(owner.id), told.encode()) if told else None

    async def check(self, owner: Person, link: Link) -> Holder | None:
        """What the account's bank says of the name that its owner told; None if nobody can be asked.

        A bank that cannot be asked just now keeps nobody from their money: then it is not possible.
        """
        if link.holder is None:
            return None
        try:
            name = self._vault.open(owner.key, _context(owner.id), link.holder).decode()
        except SealBrokenError:
            return None
        rail = self._rails.get(link.rail)
        if rail is None or not rail.capabilities().checks_payees or not isinstance(rail, PayeeChecking):
            return None
        try:
            told = await rail.check_payee(link.token, name)
        except RailError:
            return Holder(name, PayeeMatch.NOT_POSSIBLE)
        return Holder(name, told.match, told.holder)


def _context(person: str) -> str:
    return f"link|{person}|holder"
