"""What people call their linked accounts: one word, sealed, and found again by a keyed hash."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError
from paybridge.services.ports import SealBrokenError, Vault

if TYPE_CHECKING:
    from collections.abc import Collection

    from paybridge.domain.people import Link, Person

LONGEST: Final = 20
"""Characters of a nickname, which is read in a list and typed behind "from"."""

_NICKNAME: Final = re.compile(r"[^\W\d_][\w-]*")


class UnfitNicknameError(UserError):
    """It is no word, too long, or means something else behind "from"."""

    key = "error.unfit_nickname"

    def __init__(self) -> None:
        super().__init__(most=LONGEST)

    def lines(self) -> tuple[str, ...]:
        return ("!accounts rename 1 savings",)


class NicknameTakenError(UserError):
    """Another account of theirs is called that."""

    key = "error.nickname_taken"

    def __init__(self, *, account: str) -> None:
        super().__init__(account=account)

    def lines(self) -> tuple[str, ...]:
        return ("!accounts",)


class Nicknames:
    """Seals what people call their accounts."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def seal(self, owner: Person, typed: str, taken: Collection[str]) -> tuple[bytes, bytes]:
        """The nickname as a link keeps it, and what it is found by. `taken` are words with another meaning.

        It begins with a letter, and holds letters, digits and hyphens: `UnfitNicknameError`.
        """
        word = unicodedata.normalize("NFKC", typed)
        if not _NICKNAME.fullmatch(word) or len(word) > LONGEST or word.casefold() in taken:
            raise UnfitNicknameError
        sealed = self._vault.seal(owner.key, _context(owner.id), word.encode())
        return sealed, self.found_by(owner.id, word)

    def found_by(self, owner: str, typed: str) -> bytes:
        """The hash by which a person's account of that nickname is found, in whatever case it is typed."""
        word = unicodedata.normalize("NFKC", typed).casefold()
        return self._vault.fingerprint("link.nickname", f"{owner}|{word}".encode())

    def of(self, owner: Person, link: Link) -> str | None:
        """What the owner calls the account, if anything."""
        if link.nickname is None:
            return None
        try:
            return self._vault.open(owner.key, _context(owner.id), link.nickname).decode()
        except SealBrokenError:
            return None


def _context(person: str) -> str:
    return f"link|{person}|nickname"
