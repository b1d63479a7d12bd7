"""How the book and the mailbox read: SQLAlchemy statements, each seeing every committed step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Executable

    from paybridge.storage.row import Row

Facts: TypeAlias = "Mapping[str, str | int]"


class Reading(Protocol):
    """A reader, whichever engine it reads from.

    `facts` are the named parameters of a statement that was made once and is asked again and again: such a
    one is compiled once.
    """

    async def rows(self, statement: Executable, facts: Facts | None = None) -> Sequence[Row]:
        """Every row of `statement`, by column name."""

    async def first(self, statement: Executable, facts: Facts | None = None) -> Row | None:
        """The first row of `statement`, if there is one."""

    async def scalar(self, statement: Executable, facts: Facts | None = None) -> Any:  # noqa: ANN401 - the statement says
        """The first column of the first row, or None."""
