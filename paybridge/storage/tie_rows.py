"""Between ties and the rows of their tables, both ways, and what is asked about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BigInteger, bindparam, func, select, text

from paybridge.domain.people import Identity
from paybridge.domain.tie import Guesses, Tie, TieState, Why
from paybridge.storage.moments import microseconds, microseconds_or_none, moment, moment_or_none
from paybridge.storage.tables import identity
from paybridge.storage.tie_tables import HOLDS, WAITS, WAS_ANOTHER, guesses, tie

if TYPE_CHECKING:
    from paybridge.storage.row import Row

OF_GHOST: Final = select(tie).where(text(HOLDS), tie.c.ghost == bindparam("ghost"))
OF_PERSON: Final = select(tie).where(tie.c.person == bindparam("person")).order_by(tie.c.created, tie.c.id)
WAITING: Final = (
    select(tie)
    .where(text(WAITS), tie.c.person == bindparam("person"))
    .order_by(tie.c.created.desc(), tie.c.id.desc())
    .limit(1)
)
OF_CODE: Final = select(tie).where(tie.c.code == bindparam("code"))
OFFERED_SINCE: Final = (
    select(func.count())
    .select_from(tie)
    .where(tie.c.person == bindparam("person"), tie.c.created > bindparam("since", type_=BigInteger))
)
FORMERS: Final = select(tie.c.former).where(text(WAS_ANOTHER), tie.c.person == bindparam("person"))
HEIR: Final = select(tie.c.person).where(text(WAS_ANOTHER), tie.c.former == bindparam("former"))
GUESSES: Final = select(guesses).where(guesses.c.ghost == bindparam("ghost"))
IDENTITY: Final = select(identity).where(identity.c.mxid == bindparam("mxid"))


def tie_row(one: Tie) -> dict[str, Any]:
    return {
        "id": one.id,
        "person": one.person,
        "mxid": one.mxid,
        "bridge": one.bridge,
        "code": one.code,
        "state": one.state.value,
        "created": microseconds(one.created),
        "expires": microseconds(one.expires),
        "ghost": one.ghost,
        "room": one.room,
        "seat": one.seat,
        "former": one.former,
        "since": microseconds_or_none(one.since),
        "low_until": microseconds_or_none(one.low_until),
        "heard": microseconds_or_none(one.heard),
        "why": one.why.value if one.why else None,
        "version": one.version,
    }


def tie_of(row: Row) -> Tie:
    return Tie(
        id=row["id"],
        person=row["person"],
        mxid=row["mxid"],
        bridge=row["bridge"],
        code=row["code"],
        state=TieState(row["state"]),
        created=moment(row["created"]),
        expires=moment(row["expires"]),
        ghost=row["ghost"],
        room=row["room"],
        seat=row["seat"],
        former=row["former"],
        since=moment_or_none(row["since"]),
        low_until=moment_or_none(row["low_until"]),
        heard=moment_or_none(row["heard"]),
        why=Why(row["why"]) if row["why"] else None,
        version=row["version"],
    )


def guesses_row(one: Guesses) -> dict[str, Any]:
    return {
        "ghost": one.ghost,
        "wrong": one.wrong,
        "since": microseconds(one.since),
        "version": one.version,
    }


def guesses_of(row: Row) -> Guesses:
    return Guesses(row["ghost"], row["wrong"], moment(row["since"]), row["version"])


def identity_of(row: Row) -> Identity:
    return Identity(row["mxid"], row["person"], moment(row["since"]), row["version"])
