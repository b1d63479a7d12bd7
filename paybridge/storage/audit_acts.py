"""The part of the audit that walks the log of operators: every act follows on the one before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.storage.act_rows import act_of
from paybridge.storage.acting import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paybridge.domain.acts import Act
    from paybridge.storage.outside import Outside

_NAMES = ", ".join(f'"{name}"' for name in COLUMNS)


def act_problems(outside: Outside) -> Iterator[str]:
    """Every act that does not say what it said, or is missing."""
    before: Act | None = None
    for row in outside.rows(f"SELECT {_NAMES} FROM act ORDER BY number"):  # noqa: S608 - our own names
        act = act_of(dict(zip(COLUMNS, row, strict=True)))
        if not act.is_sound(before):
            yield f"act {act.number}: does not say what was written, or does not follow the one before it"
        before = act
