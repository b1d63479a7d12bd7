"""What an operator sees of frozen identities and decides about them, beside a bot that may be running."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from paybridge.domain.acts import ActKind, Deal
from paybridge.storage.acting import NothingChangedError, write_act
from paybridge.storage.errors import DatabaseError
from paybridge.storage.moments import microseconds
from paybridge.storage.outside import opened
from paybridge.storage.pinning_tables import pinned_key
from paybridge.storage.rows import pinned_key_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paybridge.domain.pinning import PinnedKey

_COLUMNS: Final = tuple(column.name for column in pinned_key.columns)
_FROZEN: Final = f"SELECT {', '.join(_COLUMNS)} FROM pinned_key WHERE since IS NOT NULL"  # noqa: S608 - our columns
_ACCEPT: Final = "UPDATE pinned_key SET until = ?, version = version + 1 WHERE mxid = ? AND other = ?"
_PERSON: Final = "SELECT person FROM identity WHERE mxid = ?"


class NotFrozenError(DatabaseError):
    """There is nothing to accept; its text is one line for the operator."""


def frozen_identities(url: str) -> Sequence[PinnedKey]:
    """Everyone who is frozen, by Matrix id, or `DatabaseError`; read-only."""
    with opened(url, "read") as outside:
        return [pinned_key_of(_named(row)) for row in outside.rows(f"{_FROZEN} ORDER BY mxid")]


def accept_identity(url: str, mxid: str, at: datetime, by: str) -> PinnedKey:
    """Let the freeze of this Matrix id end at `at`: the bot takes the new key as soon as it looks.

    `by` is who decides, an account of the machine, for the log. Returns it as it was. Raises `NotFrozenError`
    or `DatabaseError`.
    """
    with opened(url, "read") as outside:
        found = [_named(row) for row in outside.rows(f"{_FROZEN} AND mxid = ?", mxid)]
        person = next((row[0] for row in outside.rows(_PERSON, mxid)), None)
    if not found:
        raise NotFrozenError(f"{mxid} is not frozen")
    (row,) = found
    if row["other"] is None:
        raise NotFrozenError(f"{mxid} has no encryption identity now that could be accepted")
    # That very key and no later one, should it change while the operator decides.
    change = (_ACCEPT, (microseconds(at), mxid, str(row["other"])))
    try:
        write_act(url, at, by, ActKind.ACCEPT_IDENTITY, Deal(person=person), change)
    except NothingChangedError as error:
        raise NotFrozenError(
            f"the identity of {mxid} changed again in this moment; look at it anew"
        ) from error
    return pinned_key_of(row)


def _named(row: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(_COLUMNS, row, strict=True))
