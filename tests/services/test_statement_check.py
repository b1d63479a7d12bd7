"""The window of a check: what lies in it is compared in full, what began before it only where it shows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from paybridge.domain.leg import LegKind, LegState
from paybridge.domain.money import Money
from paybridge.services.ports import Page, StatementLine
from paybridge.services.reconciliation import Match
from paybridge.services.statement_check import Booked, Difference, check
from tests.fakes.database import START
from tests.fakes.rail import ScriptedRail
from tests.fakes.records import a_leg

HOUR = timedelta(hours=1)
SINCE = START + 100 * HOUR


def booked(name: str, hour: int, state: LegState = LegState.SETTLED, taken_back: int = 0) -> Booked:
    leg = replace(
        a_leg(name, f"PB-{name}", kind=LegKind.COLLECT, cents=1000), state=state, taken_back=taken_back
    )
    return Booked(leg, START + hour * HOUR)


def line(number: int, reference: str | None, hour: int, minor: int = 1000) -> StatementLine:
    return StatementLine(f"ent_{number}", reference, Money(minor, "EUR"), START + hour * HOUR)


@dataclass
class Told(ScriptedRail):
    """A rail with one page of a statement."""

    told: Sequence[StatementLine] = ()

    async def statement(self, cursor: str | None) -> Page:
        return Page(() if cursor else sorted(self.told, key=lambda one: one.at), None, None)


@dataclass
class Books:
    """The books in a list; `meanwhile` is what they are once the statement was read."""

    legs: list[Booked]
    meanwhile: list[Booked] = field(default_factory=list)
    read: bool = False

    async def since(self, rail: str, since: datetime | None) -> Sequence[Booked]:
        del rail  # one is enough here
        return [one for one in self.legs if since is None or one.began >= since]

    async def named(self, references: Collection[str]) -> Sequence[Booked]:
        now = {one.leg.id: one for one in (*self.legs, *self.meanwhile)}
        return [one for name, one in now.items() if name in references]


def verdicts(differences: Sequence[Difference]) -> dict[str, Match]:
    return {one.reference: one.match for one in differences}


async def test_only_orders_of_the_window_are_asked_of_the_statement() -> None:
    books = Books([booked("old", 1), booked("new", 110), booked("lost", 120)])
    found = await check(Told(told=[line(1, "new", 111), line(2, "strange", 115)]), books, SINCE)

    assert (found.matched, found.under_way) == (1, 0)
    assert verdicts(found.differences) == {"lost": Match.MISSING_THERE, "strange": Match.MISSING_HERE}


async def test_an_order_from_before_the_window_that_settled_in_it_agrees() -> None:
    found = await check(Told(told=[line(1, "slow", 105)]), Books([booked("slow", 50)]), SINCE)

    assert (found.matched, found.differences) == (1, ())


async def test_money_that_came_back_long_after_is_compared_with_all_that_the_order_ever_moved() -> None:
    told = [line(1, "sold", 11), line(2, "other", 12), line(3, "sold", 105, -1000)]
    reversed_here = Books([booked("sold", 10, LegState.REVERSED, taken_back=1000), booked("other", 10)])
    settled_here = Books([booked("sold", 10), booked("other", 10)])

    assert (await check(Told(told=told), reversed_here, SINCE)).differences == ()
    (one,) = (await check(Told(told=told), settled_here, SINCE)).differences
    assert (one.reference, one.match, one.theirs) == ("sold", Match.AMOUNT_DIFFERS, Money(0, "EUR"))


async def test_what_differed_stays_in_view_when_the_window_has_left_it() -> None:
    known = (
        await check(Told(told=[line(1, "strange", 110)]), Books([booked("lost", 110)]), SINCE)
    ).differences
    later = SINCE + 500 * HOUR
    same = await check(Told(told=[line(1, "strange", 110)]), Books([booked("lost", 110)]), later, known)
    mended = await check(
        Told(told=[line(1, "strange", 110), line(2, "lost", 112)]),
        Books([booked("lost", 110), booked("strange", 109)]),
        later,
        known,
    )

    assert same.differences == known
    assert len(known) == 2
    assert (mended.matched, mended.differences) == (2, ())


async def test_what_went_on_while_the_statement_was_read_is_left_for_the_next_time() -> None:
    before = booked("paid", 110, LegState.REFUSED)
    books = Books(
        [before], meanwhile=[Booked(replace(before.leg, version=7), before.began), booked("new", 120)]
    )
    found = await check(Told(told=[line(1, "paid", 111), line(2, "new", 121)]), books, SINCE)

    assert (found.matched, found.under_way, found.differences) == (1, 1, ())


async def test_a_line_without_a_reference_is_the_one_order_that_lacks_one() -> None:
    books = Books([booked("paid", 110)])
    found = await check(Told(told=[line(1, None, 111)]), books, SINCE)
    other_time = await check(Told(told=[line(1, None, 109)]), books, SINCE)
    two = await check(
        Told(told=[line(1, None, 111)]), Books([booked("paid", 110), booked("too", 110)]), SINCE
    )

    assert found.matched == 1
    assert verdicts(other_time.differences) == {"paid": Match.MISSING_THERE}
    assert verdicts(two.differences) == {"paid": Match.MISSING_THERE, "too": Match.MISSING_THERE}


async def test_the_rails_own_id_of_an_order_names_it_too() -> None:
    one = booked("paid", 110)
    books = Books([Booked(replace(one.leg, remote_id="ord_9"), one.began)])
    found = await check(Told(told=[line(1, "ord_9", 111)]), books, SINCE)

    assert (found.matched, found.differences) == (1, ())


async def test_without_a_window_everything_is_compared() -> None:
    found = await check(Told(told=[line(1, "old", 2)]), Books([booked("old", 1), booked("lost", 1)]), None)

    assert found.matched == 1
    assert verdicts(found.differences) == {"lost": Match.MISSING_THERE}
