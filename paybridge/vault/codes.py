"""Hashes of codes that people keep on paper: argon2id, slow on purpose, in a thread of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

if TYPE_CHECKING:
    from collections.abc import Sequence

# What OWASP's password storage cheat sheet asks for at least; the codes have 80 random bits besides.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


async def hash_codes(codes: Sequence[str]) -> tuple[str, ...]:
    """The hash of each code, with a salt of its own."""
    return await asyncio.to_thread(lambda: tuple(_HASHER.hash(code) for code in codes))


async def find_code(hashes: Sequence[str], code: str) -> int | None:
    """The place of the hash that is this code's. All are tried, so that time tells nothing."""
    return await asyncio.to_thread(_find, tuple(hashes), code)


def _find(hashes: tuple[str, ...], code: str) -> int | None:
    found = [place for place, hashed in enumerate(hashes) if _is(hashed, code)]
    return found[0] if found else None


def _is(hashed: str, code: str) -> bool:
    try:
        return _HASHER.verify(hashed, code)
    except VerificationError:
        return False
