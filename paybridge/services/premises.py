"""What operators want to know of the running program around the books, as the program itself tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from paybridge.services.figures import Figures, StatementStands


@dataclass(frozen=True, slots=True)
class Sight:
    """How the program stands: its version, which process acts, its queues, rails and comparisons.

    `rails` says of each rail what is wrong with it, None where nothing is.
    """

    version: str
    acting: str
    figures: Figures
    rails: Mapping[str, str | None]
    compared: Sequence[StatementStands]


class Premises(Protocol):
    """The running program."""

    async def look(self) -> Sight:
        """How it stands now."""


class NoPremisesError(Exception):
    """Nobody told the use cases in what program they run."""


class NoPremises:
    """A program that tells nothing of itself: a part of the house that is run alone."""

    async def look(self) -> Sight:
        """Raise `NoPremisesError`."""
        raise NoPremisesError
