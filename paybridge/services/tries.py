"""What is said to somebody who was not first, however often it was decided again."""

from __future__ import annotations

from typing import Final

from paybridge.domain.errors import UserError

TRIES: Final = 3


class BusyError(UserError):
    """Somebody else changed the same thing three times in a row."""

    key = "error.busy"


class SpentMeanwhileError(UserError):
    """The balance was enough a moment ago."""

    key = "error.spent_meanwhile"
