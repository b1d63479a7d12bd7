"""What the book tells operators: the log of what they did, who is frozen, and how many payments are open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from paybridge.domain.acts import Act, ActKind
    from paybridge.domain.leg import Leg
    from paybridge.domain.money import Money
    from paybridge.domain.motions import Motion
    from paybridge.domain.own_cap import OwnCap
    from paybridge.domain.rail_pause import RailPause


@dataclass(frozen=True, slots=True)
class Stood:
    """Somebody who may not pay: since when by their own `!freeze`, and since when by an operator."""

    mxid: str
    frozen: datetime | None
    stopped: datetime | None


@dataclass(frozen=True, slots=True)
class Debt:
    """What a person (opaque id) owes, positive, and the newest payments (ids) that it came from."""

    person: str
    owed: Money
    payments: Sequence[str]


class AdminBook(Protocol):
    """The part of the book that is read for operators."""

    async def last_act(self) -> Act | None:
        """The end of the log."""

    async def acts(self, limit: int) -> Sequence[Act]:
        """The newest acts, newest first."""

    async def motion(self, motion: str) -> Motion | None: ...
    async def waiting(self) -> Sequence[Motion]:
        """Everything that operators asked for and that waits, by its time."""

    async def suspended(self, limit: int) -> Sequence[Leg]:
        """Orders of which money lies in suspense that was given to nobody."""

    async def unassigned(self, payment: str) -> Sequence[Leg]:
        """Those of them that belong to this payment."""

    async def in_suspense(self) -> Sequence[tuple[str, Money]]:
        """What lies in suspense at each rail: positive if we hold it, negative if it is gone."""

    async def debts(self) -> Sequence[Debt]:
        """Everybody who owes something, since money that they had spent was taken back."""

    async def paused(self) -> Sequence[RailPause]:
        """The rails that take no new payments, by name."""

    async def own_cap(self, person: str, currency: str) -> OwnCap | None:
        """What an operator has set for this person, in place of their level's cap for a day."""

    async def pause(self, rail: str) -> RailPause | None:
        """What was last said of this rail."""

    async def last_of(self, kind: ActKind) -> Act | None:
        """The newest act of this kind."""

    async def standing_still(self) -> Sequence[Stood]:
        """Everybody who may not pay, by Matrix id."""

    async def open_payments(self) -> Mapping[str, int]:
        """How many transfers there are in each of the states that are not over."""
