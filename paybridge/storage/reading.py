"""How the book and the mailbox read: SQLAlchemy statements, each seeing every committed step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Executable

    from paybridge.storage.rows import Row


class Reading(Protocol):
    """A reader, whichever engine it reads from."""

    async def rows(self, statement: Executable) -> Sequence[Row]:
        """Every row of `statement`, by column name."""

    async def first(self, statement: Executable) -> Row | None:
        """The first row of `statement`, if there is one."""

    async def scalar(self, statement: Executable) -> Any:  # noqa: ANN401 - the statement says what it yields
        """The first column of the first row, or None."""
