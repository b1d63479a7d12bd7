"""What the book tells operators: the log of what they did, who is frozen, and how many payments are open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from paybridge.domain.acts import Act


@dataclass(frozen=True, slots=True)
class Stood:
    """Somebody who may not pay: since when by their own `!freeze`, and since when by an operator."""

    mxid: str
    frozen: datetime | None
    stopped: datetime | None


class AdminBook(Protocol):
    """The part of the book that is read for operators."""

    async def last_act(self) -> Act | None:
        """The end of the log."""

    async def acts(self, limit: int) -> Sequence[Act]:
        """The newest acts, newest first."""

    async def standing_still(self) -> Sequence[Stood]:
        """Everybody who may not pay, by Matrix id."""

    async def open_payments(self) -> Mapping[str, int]:
        """How many transfers there are in each of the states that are not over."""
