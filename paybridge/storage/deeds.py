"""What operators decide about people, written beside a bot that may be running, and read back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from paybridge.domain.acts import ActKind, Deal
from paybridge.domain.deeds import DeedKind
from paybridge.domain.factor import FactorState
from paybridge.storage.acting import write_act
from paybridge.storage.errors import DatabaseError
from paybridge.storage.moments import microseconds, moment, moment_or_none
from paybridge.storage.outside import opened

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from paybridge.domain.deeds import Deed

ACT_OF: Final = {
    DeedKind.RESET_FACTOR: ActKind.RESET_FACTOR,
    DeedKind.KEEP_FACTOR: ActKind.KEEP_FACTOR,
    DeedKind.UNFREEZE: ActKind.THAW,
    DeedKind.FREEZE: ActKind.FREEZE,
}

_PERSON: Final = """
    SELECT person.id, person.frozen, person.stopped, factor.state, factor.reset_at
    FROM identity JOIN person ON person.id = identity.person LEFT JOIN factor ON factor.person = person.id
    WHERE identity.mxid = ?
    """
_WRITE: Final = "INSERT INTO deed (id, kind, person, at, done, version) VALUES (?, ?, ?, ?, NULL, 1)"
_FROZEN: Final = """
    SELECT identity.mxid, person.frozen FROM person JOIN identity ON identity.person = person.id
    WHERE person.frozen IS NOT NULL ORDER BY identity.mxid
    """
_DEEDS: Final = """
    SELECT deed.at, deed.kind, deed.done, identity.mxid
    FROM deed LEFT JOIN identity ON identity.person = deed.person ORDER BY deed.at, deed.id, identity.mxid
    """


@dataclass(frozen=True, slots=True)
class Standing:
    """What an operator has to know of a person before deciding anything about them."""

    person: str
    frozen: bool
    stopped: bool
    has_factor: bool
    reset_at: datetime | None


def standing_of(url: str, mxid: str) -> Standing:
    """How the person behind this Matrix id stands, or `DatabaseError`; read-only."""
    with opened(url, "read") as outside:
        found = list(outside.rows(_PERSON, mxid))
    if not found:
        raise DatabaseError(f"{mxid} is nobody whom the books know")
    person, frozen, stopped, state, reset_at = found[0]
    active = state == FactorState.ACTIVE
    until = moment_or_none(reset_at) if active else None
    return Standing(person, frozen is not None, stopped is not None, active, until)


def order_deed(url: str, deed: Deed, by: str) -> None:
    """Write down what the operator (`by`, an account of the machine) decided, in their log too.

    The bot does it as soon as it looks. Raises `DatabaseError`.
    """
    facts = (deed.id, deed.kind.value, deed.person, microseconds(deed.at))
    write_act(url, deed.at, by, ACT_OF[deed.kind], Deal(person=deed.person), (_WRITE, facts))


def frozen_people(url: str) -> Sequence[tuple[str, datetime]]:
    """Everyone who has frozen, by Matrix id, and since when; or `DatabaseError`."""
    with opened(url, "read") as outside:
        return [(mxid, moment(since)) for mxid, since in outside.rows(_FROZEN)]


def deeds_so_far(url: str) -> Sequence[tuple[datetime, str, datetime | None, str | None]]:
    """When what was decided, when it was done, and about whom (None: erased since); or `DatabaseError`."""
    with opened(url, "read") as outside:
        return [
            (moment(at), kind, moment_or_none(done), mxid) for at, kind, done, mxid in outside.rows(_DEEDS)
        ]
