"""Card numbers, which do not belong in a chat: recognised only to be refused."""

from __future__ import annotations

import re
import unicodedata
from itertools import accumulate
from typing import Final

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
    return any(len(run[0]) >= _SHORTEST and _holds(run[0]) for run in _RUN.finditer(plain))


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


def _holds(run: str) -> bool:
    """Whether some whole groups of the run are together as long as a card number, and pass.

    Each row of groups costs the same, however long it is: a message full of figures must not take long.
    """
    groups = re.split(r"[ \-]", run)
    ends = tuple(accumulate((len(group) for group in groups), initial=0))
    sums = _sums("".join(groups))
    return any(
        (sums[end % 2][end] - sums[end % 2][start]) % 10 == 0
        for number, start in enumerate(ends)
        for end in ends[number + 1 : number + 1 + _LONGEST]
        if _SHORTEST <= end - start <= _LONGEST
    )


def _sums(figures: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What the figures before each place add up to in a number that ends at an even place, and at an odd one.

    Counted from the right, every second figure of a number is doubled: those at the even places of the text
    where the number ends at an even place.
    """
    values = tuple(map(int, figures))
    doubled = tuple(2 * value - (_TWICE if 2 * value > _TWICE else 0) for value in values)
    return _mixed(doubled, values), _mixed(values, doubled)


def _mixed(even: tuple[int, ...], odd: tuple[int, ...]) -> tuple[int, ...]:
    chosen = (pair[place % 2] for place, pair in enumerate(zip(even, odd, strict=True)))
    return tuple(accumulate(chosen, initial=0))
