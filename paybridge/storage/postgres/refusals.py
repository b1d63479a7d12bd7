"""What PostgreSQL's errors mean to whoever made a step."""

from __future__ import annotations

from typing import Final

from asyncpg import exceptions as pg

from paybridge.services.ports import AlreadyDoneError, OverdraftError, StaleError, StepRefusedError

WORKS_OWN: Final = (
    pg.IntegrityConstraintViolationError,
    pg.DataError,
    pg.CardinalityViolationError,
)
"""Errors of one work's own; any other is the database's, and everyone in the transaction shares it."""

_WRITTEN_BEFORE: Final = frozenset({"journal_idem_key", "post_id_key", "letter_event_key"})


def refusal(error: Exception) -> Exception:
    """A `StepRefusedError` where a constraint refused, else the error itself."""
    if not isinstance(error, pg.IntegrityConstraintViolationError):
        return error
    told, constraint = str(error), error.constraint_name
    if isinstance(error, pg.UniqueViolationError):
        return AlreadyDoneError(told) if constraint in _WRITTEN_BEFORE else StaleError(told)
    if constraint == "account_above_floor":
        return OverdraftError(told)
    if constraint in {"item_stock", "gig_held"}:
        # Somebody else took the last ones: whoever decides again sees that.
        return StaleError(told)
    return StepRefusedError(told)
