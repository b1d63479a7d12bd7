"""Names that people read aloud and type: payment ids and approval codes."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Final

from paybridge.domain.errors import UserError

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_DASHES: Final = re.compile("[\u002d\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_PAYMENT: Final = re.compile(f"PB-?([{ALPHABET}]{{5,12}})")
_CODE: Final = re.compile(f"[{ALPHABET}]{{4}}")


class IdMissingError(UserError):
    """There is no id where one is needed."""

    key = "error.id_missing"


class NotAnIdError(UserError):
    """The word is not a payment id."""

    key = "error.not_an_id"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)


def spell(number: int, length: int) -> str:
    """Write `number` in the alphabet, `length` letters, the highest letters cut off."""
    letters = []
    for _ in range(length):
        number, digit = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[digit])
    return "".join(letters)


def payment_id(number: int) -> str:
    """The payment id that `number` (random, handed in) spells: `PB-` and five letters."""
    return "PB-" + spell(number, 5)


def read_payment_id(word: str) -> str:
    """The payment id in `word`, in any case and with any dash, or `NotAnIdError` or `IdMissingError`."""
    if not word.strip():
        raise IdMissingError
    found = _PAYMENT.fullmatch(_DASHES.sub("-", word.strip()).upper())
    if found is None:
        raise NotAnIdError(typed=word[:40])
    return "PB-" + found[1]


def looks_like_payment_id(word: str) -> bool:
    """Whether `word` begins as a payment id does."""
    return _DASHES.sub("-", word.strip()).upper().startswith("PB-")


def read_code(word: str) -> str | None:
    """The approval code in `word`, in any case and with dashes left out, or None."""
    bare = _DASHES.sub("", word.strip()).upper()
    return bare if _CODE.fullmatch(bare) else None


# One card's code is asked for several times: by its message, for programs, and when it is typed.
@lru_cache(maxsize=1024)
def code_for(terms: str, nonce: str) -> str:
    """The approval code of these exact terms.

    Made from amount, currency, payee, source, fee and a nonce, so that any change of them makes another
    code (dynamic linking, RTS 2018/389 article 5).
    """
    digest = hashlib.sha256(f"{nonce}\n{terms}".encode()).digest()
    return spell(int.from_bytes(digest, "big"), 4)
