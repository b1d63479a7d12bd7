"""Between memberships and the rows of their tables, both ways."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from paybridge.domain.membership import Club, ClubState, Member
from paybridge.domain.money import Money
from paybridge.domain.rhythm import Rhythm, Unit
from paybridge.storage.moments import microseconds, moment

if TYPE_CHECKING:
    from paybridge.storage.row import Row


def club_row(club: Club) -> dict[str, Any]:
    return {
        "id": club.id,
        "state": club.state.value,
        "shop": club.shop,
        "owner": club.owner,
        "owner_mxid": club.owner_mxid,
        "name": club.name,
        "price": club.price.minor,
        "currency": club.price.currency,
        "unit": club.rhythm.unit.value,
        "every": club.rhythm.every,
        "start": club.rhythm.start.isoformat(),
        "day": club.rhythm.day,
        "floats": int(club.floats),
        "notice": club.notice,
        "created": microseconds(club.created),
        "room": club.room,
        "version": club.version,
    }


def club_of(row: Row) -> Club:
    return Club(
        id=row["id"],
        state=ClubState(row["state"]),
        shop=row["shop"],
        owner=row["owner"],
        owner_mxid=row["owner_mxid"],
        name=row["name"],
        price=Money(row["price"], row["currency"]),
        rhythm=Rhythm(Unit(row["unit"]), row["every"], date.fromisoformat(row["start"]), row["day"]),
        floats=bool(row["floats"]),
        notice=row["notice"],
        created=moment(row["created"]),
        room=row["room"],
        version=row["version"],
    )


def member_row(member: Member) -> dict[str, Any]:
    return {
        "id": member.id,
        "club": member.club,
        "person": member.person,
        "mxid": member.mxid,
        "joined": microseconds(member.joined),
        "paid_until": None if member.paid_until is None else member.paid_until.isoformat(),
        "leaves": None if member.leaves is None else member.leaves.isoformat(),
        "version": member.version,
    }


def member_of(row: Row) -> Member:
    return Member(
        id=row["id"],
        club=row["club"],
        person=row["person"],
        mxid=row["mxid"],
        joined=moment(row["joined"]),
        paid_until=None if row["paid_until"] is None else date.fromisoformat(row["paid_until"]),
        leaves=None if row["leaves"] is None else date.fromisoformat(row["leaves"]),
        version=row["version"],
    )
