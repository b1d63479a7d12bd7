"""What an invoice says (BOLT 11): network, amount, payment hash, and the hash of what it is for.

Its signature is for the node that pays it to check.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

from paybridge.rails.lightning import bech32

LONGEST: Final = 4000
TIMESTAMP: Final = 7
SIGNATURE: Final = 104
HASH: Final = 52
"""Lengths in groups of five bits."""

_BEGINS: Final = re.compile(r"ln(bcrt|bc|tbs|tb)(?:([1-9][0-9]{0,15})([munp]?))?", re.ASCII)
_PICO_PER_MSAT: Final = 10
_MSAT: Final = {"": 100_000_000_000, "m": 100_000_000, "u": 100_000, "n": 100}
_PAYMENT_HASH: Final = bech32.LETTERS.index("p")
_DESCRIPTION_HASH: Final = bech32.LETTERS.index("h")


@dataclass(frozen=True, slots=True)
class Invoice:
    """`network` is `bc` (real money, or a node that is none), `tb`, `tbs` or `bcrt`; hashes are in hex.

    `msat` is None if the payer is to choose the amount.
    """

    network: str
    msat: int | None
    payment_hash: str
    description_hash: str | None

    @classmethod
    def read(cls, written: str) -> Self:
        """The invoice in `written`, or `ValueError`."""
        if len(written) > LONGEST:
            raise ValueError("longer than any invoice")
        begins, groups = bech32.decode(written)
        found = _BEGINS.fullmatch(begins)
        if found is None or len(groups) < TIMESTAMP + SIGNATURE:
            raise ValueError("no invoice")
        tags = dict(reversed(list(_tags(groups[TIMESTAMP:-SIGNATURE]))))
        if _PAYMENT_HASH not in tags:
            raise ValueError("no payment hash")
        return cls(found[1], _msat(found[2], found[3]), tags[_PAYMENT_HASH], tags.get(_DESCRIPTION_HASH))


def _msat(figures: str | None, unit: str | None) -> int | None:
    if figures is None:
        return None
    if unit != "p":
        return int(figures) * _MSAT[unit or ""]
    whole, rest = divmod(int(figures), _PICO_PER_MSAT)
    if rest:
        raise ValueError("less than a thousandth of a satoshi")
    return whole


def _tags(groups: Sequence[int]) -> Iterator[tuple[int, str]]:
    """The hashes by their tags. One of a wrong length is passed over, as BOLT 11 says."""
    at = 0
    while at + 3 <= len(groups):
        tag, length = groups[at], groups[at + 1] << 5 | groups[at + 2]
        data = groups[at + 3 : at + 3 + length]
        if len(data) < length:
            raise ValueError("cut short")
        if length == HASH:
            yield tag, bech32.octets(data).hex()
        at += 3 + length
