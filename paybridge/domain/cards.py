"""Card numbers, which do not belong in a chat: recognised only to be refused."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOKED_AT: Final = 4096
_SHORTEST, _LONGEST = 13, 19
_IBAN: Final = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{2}[0-9]{2}(?:[ \-]?[0-9A-Za-z]){11,30}(?![0-9A-Za-z])")
_UUID: Final = re.compile(
    r"(?<![0-9A-Za-z-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9A-Za-z-])", re.IGNORECASE
)
_RUN: Final = re.compile(r"(?<![0-9A-Za-z])[0-9]+(?:[ \-][0-9]+)*(?![A-Za-z])")
_SHORTEST_IBAN, _MODULUS = 15, 97
_TWICE: Final = 9


def holds_card_number(text: str) -> bool:
    """Whether 13 to 19 figures in `text` pass the check of ISO/IEC 7812-1 annex B (Luhn).

    They may stand in groups, with other figures (an amount, a date of expiry) beside them. What is shaped as
    an IBAN or a UUID (a Pix key, say) is none: one in ten of them would pass by chance.
    """
    plain = _UUID.sub(" ", unicodedata.normalize("NFKC", text[:_LOOKED_AT]))
    plain = _IBAN.sub(_behind_iban, plain)
    return any(_passes(figures) for run in _RUN.finditer(plain) for figures in _candidates(run[0]))


def _behind_iban(found: re.Match[str]) -> str:
    """What stands behind the first IBAN whose check digits (ISO 13616) hold; nothing if it is mistyped."""
    compact = ""
    for place, char in enumerate(found[0]):
        compact += char if char.isalnum() else ""
        ends = not found[0][place + 1 : place + 2].isalnum()
        if ends and len(compact) >= _SHORTEST_IBAN and _checks(compact):
            return " " + found[0][place + 1 :]
    return " "


def _checks(iban: str) -> bool:
    moved = iban[4:] + iban[:4]
    return int("".join(str(int(char, 36)) for char in moved)) % _MODULUS == 1


def _candidates(run: str) -> Iterator[str]:
    """The figures of each row of whole groups that is as long as a card number."""
    groups = re.split(r"[ \-]", run)
    for first in range(len(groups)):
        figures = ""
        for group in groups[first : first + _LONGEST]:
            figures += group
            if len(figures) > _LONGEST:
                break
            if len(figures) >= _SHORTEST:
                yield figures


def _passes(figures: str) -> bool:
    total = 0
    for place, figure in enumerate(reversed(figures)):
        value = int(figure) * (1 + place % 2)
        total += value - _TWICE if value > _TWICE else value
    return total % 10 == 0
