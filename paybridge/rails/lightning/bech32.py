"""Bech32 without a limit to its length, as Lightning's invoices and LNURLs are written (BIP 173)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

LETTERS: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
CHECKSUM: Final = 6
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def decode(written: str) -> tuple[str, list[int]]:
    """What stands before the last `1`, in lower case, and groups of five bits; or `ValueError`."""
    if not written.isascii() or written not in {written.lower(), written.upper()}:
        raise ValueError("letters of both cases")
    prefix, one, data = written.lower().rpartition("1")
    if not one or not prefix or len(data) < CHECKSUM or not set(data) <= set(LETTERS):
        raise ValueError("not bech32")
    groups = [LETTERS.index(letter) for letter in data]
    spread = [ord(sign) >> 5 for sign in prefix] + [0] + [ord(sign) & 31 for sign in prefix]
    if _checksum([*spread, *groups]) != 1:
        raise ValueError("a wrong checksum")
    return prefix, groups[:-CHECKSUM]


def octets(groups: Sequence[int]) -> bytes:
    """Groups of five bits as bytes; bits that fill no byte are left out."""
    number = 0
    for group in groups:
        number = number << 5 | group
    bits = len(groups) * 5
    return (number >> bits % 8).to_bytes(bits // 8, "big")


def _checksum(groups: Sequence[int]) -> int:
    found = 1
    for group in groups:
        top = found >> 25
        found = (found & 0x1FFFFFF) << 5 ^ group
        for bit, generator in enumerate(_GENERATOR):
            found ^= generator if top >> bit & 1 else 0
    return found
