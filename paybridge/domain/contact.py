"""Whom a person calls what, and from whom they take no requests."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from paybridge.domain.amounts import looks_like_amount
from paybridge.domain.currency_names import meanings
from paybridge.domain.errors import UserError
from paybridge.domain.numerals import mixes_alphabets, without_unseen

if TYPE_CHECKING:
    from datetime import datetime

LONGEST_NAME: Final = 30
MOST_WORDS: Final = 3
_NAME: Final = re.compile(r"[^\W\d_][\w'’.-]*(?: [\w'’.-]+)*")  # noqa: RUF001 - the apostrophe of names
_TAKEN: Final = frozenset(
    "to for from by me all any room rest each and at flexible 给 到 为 用于 从 用 和 各 每人 我 任意".split()  # noqa: SIM905 - words
)
"""Words that mean something beside a payee and an amount."""


class UnfitContactNameError(UserError):
    """The name is too long, hides something, or means something else where people are named."""

    key = "error.unfit_contact_name"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed[:40], most=LONGEST_NAME)

    def lines(self) -> tuple[str, ...]:
        return ("!help contact",)


@dataclass(frozen=True, slots=True)
class Contact:
    """A person's own name for somebody. `sealed` holds name and Matrix id; None once it is removed.

    `name_hash` is the keyed hash by which it is found.
    """

    id: str
    person: str
    name_hash: bytes
    sealed: bytes | None
    created: datetime
    version: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """Whether a person (id) takes no requests from another one (`other`, a person's id too)."""

    id: str
    person: str
    other: str
    on: bool
    since: datetime
    version: int = 0


def contact_name(typed: str) -> str:
    """The name as it is kept: one to three words that are no amount, no currency and nothing to be mistaken.

    Raises UnfitContactNameError. Hidden characters and mixed alphabets (UTS 39) are refused, not taken out.
    """
    name = " ".join(unicodedata.normalize("NFKC", typed).split())
    words = name.split()
    if (
        not _NAME.fullmatch(name)
        or len(name) > LONGEST_NAME
        or len(words) > MOST_WORDS
        or without_unseen(name) != unicodedata.normalize("NFC", name)
        or mixes_alphabets(name)
        or any(word.casefold() in _TAKEN or looks_like_amount(word) for word in words)
        or any(meanings(word) for word in (name, *words))
    ):
        raise UnfitContactNameError(typed=typed)
    return name


def as_called(name: str) -> str:
    """The form in which two spellings of one name are the same."""
    return " ".join(unicodedata.normalize("NFKC", without_unseen(name)).casefold().split())
