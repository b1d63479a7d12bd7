"""Memberships: what a shop offers for a price that comes round, and who is a member until when. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from paybridge.domain.errors import UserError
from paybridge.domain.rhythm import Unit

if TYPE_CHECKING:
    from datetime import datetime

    from paybridge.domain.money import Money
    from paybridge.domain.repeat import Repeat
    from paybridge.domain.rhythm import Rhythm

MOST_CLUBS: Final = 20
"""Of one shop."""
MOST_MEMBERS: Final = 500
"""Of one club: each of them is told of a new price in the same step."""
MOST_NOTICE: Final = 366
"""Days that somebody who leaves may have to wait."""


class ClubThereError(UserError):
    """The shop offers something of that name already."""

    key = "error.club_there"

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)


class NoSuchClubError(UserError):
    """Nothing of that name is offered here, or the person is no member of it."""

    key = "error.no_such_club"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed[:40])

    def lines(self) -> tuple[str, ...]:
        return ("!membership",)


class WhichClubError(UserError):
    """Several of that name."""

    key = "error.which_club"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed[:40])


class TooManyClubsError(UserError):
    """The shop offers as much, or the club has as many members, as there may be."""

    key = "error.too_many_clubs"

    def __init__(self, *, most: int) -> None:
        super().__init__(most=most)


class MemberAlreadyError(UserError):
    """The person is a member and has not left."""

    key = "error.member_already"

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)

    def lines(self) -> tuple[str, ...]:
        return ("!membership",)


class DuesUnderWayError(UserError):
    """A payment for it is on its way, and nobody knows yet until when the membership is paid."""

    key = "error.dues_under_way"

    def __init__(self, *, payment: str) -> None:
        super().__init__(payment=payment)

    def lines(self) -> tuple[str, ...]:
        return (f"!status {self.facts()['payment']}",)


class PriceOfClubError(UserError):
    """A member cannot change what a membership costs."""

    key = "error.price_of_club"


class ClubState(StrEnum):
    """Whether a membership is offered."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Club:
    """What a shop offers to members. `name` is sealed under the key of its owner (a person id).

    A member pays `price` by `rhythm`; if it `floats`, on the day of their own joining instead of the
    rhythm's. Whoever leaves still pays what falls due within `notice` days. Into `room` (an id), if there is
    one, whoever joins is invited.
    """

    id: str
    state: ClubState
    shop: str
    owner: str
    owner_mxid: str
    name: bytes
    price: Money
    rhythm: Rhythm
    floats: bool
    notice: int
    created: datetime
    room: str | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a club, one row for ever, however often they leave and join again.

    `paid_until` is the first local day that is not paid for; `leaves` the one from which they are a member
    no more, once they have said that they leave.
    """

    id: str
    club: str
    person: str
    mxid: str
    joined: datetime
    paid_until: date | None = None
    leaves: date | None = None
    version: int = 0

    def is_paid(self, day: date) -> bool:
        """Whether that day is paid for."""
        return self.paid_until is not None and day < self.paid_until


def member_id(club: str, person: str) -> str:
    """The id of the only row of this person in this club."""
    return f"{club}/{person}"


def first_rhythm(club: Club, today: date, member: Member | None, before: Rhythm | None) -> Rhythm:
    """By what rhythm somebody pays who joins on `today`: at once, but no day that is paid for already.

    `before` is the rhythm by which they paid when they were a member last: the 31st stays the 31st.
    """
    paid = member.paid_until if member is not None and member.is_paid(today) else None
    if not club.floats:
        number = 0
        while club.rhythm.day_at(number) < (paid or today):
            number += 1
        return replace(club.rhythm, start=club.rhythm.day_at(number))
    if paid is not None and before is not None:
        return replace(before, start=paid)
    return replace(club.rhythm, start=paid or today, day=_day_of(club, paid or today))


def _day_of(club: Club, day: date) -> int:
    return 0 if club.rhythm.unit is Unit.WEEK else day.day


def paid_by(repeat: Repeat) -> date:
    """Until when the member has paid, once the period that the repeat is at is paid."""
    return repeat.rhythm.day_at(repeat.number + 1)


def leaving_day(club: Club, repeat: Repeat, today: date) -> date:
    """From when somebody is a member no more who says on `today` that they leave.

    The first end of a period that is not before the notice is over; what is under way counts as paid.
    """
    number = repeat.number + (repeat.transfer is not None)
    while repeat.rhythm.day_at(number) < today + timedelta(days=club.notice):
        number += 1
    return repeat.rhythm.day_at(number)
