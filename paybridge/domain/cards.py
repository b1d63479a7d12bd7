"""Card numbers, which do not belong in a chat: recognised only to be refused."""

from __future__ import annotations

import re
from typing import Final

_RUN: Final = re.compile(r"(?<![0-9A-Za-z])[0-9](?:[ \-]?[0-9]){12,18}(?![0-9])")
_TWICE: Final = 9


def holds_card_number(text: str) -> bool:
    """Whether 13 to 19 figures in `text` pass the check of ISO/IEC 7812-1 annex B (Luhn)."""
    return any(_passes(re.sub(r"[ \-]", "", found[0])) for found in _RUN.finditer(text[:4096]))


def _passes(figures: str) -> bool:
    total = 0
    for place, figure in enumerate(reversed(figures)):
        value = int(figure) * (1 + place % 2)
        total += value - _TWICE if value > _TWICE else value
    return total % 10 == 0
