"""Each rail's statement is compared once a day; what differs is asked about, said once and kept in view."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from paybridge.domain.leg import LegKind, LegState
from paybridge.domain.money import Money
from paybridge.services import checks_kept
from paybridge.services.admin_room import AdminRoom
from paybridge.services.daily_check import NO_STATEMENT, DailyCheck, Rhythm
from paybridge.services.ports import NoStatementError, NotSentError, Page, RailError, StatementLine
from paybridge.services.reconciliation import Match, code_of
from paybridge.storage.rail_legs import RailLegs
from tests.fakes.house import ALICE, BOB, DINNER, QuietBell, keys, words
from tests.fakes.rail import ScriptedRail, refuses

if TYPE_CHECKING:
    from collections.abc import Mapping

    from paybridge.services.ports import Rail
    from paybridge.services.says import Say
    from tests.fakes.house import House

ADMINS = "!admins:hs"
DAY = timedelta(days=1)


@dataclass
class Peer(ScriptedRail):
    """Tells a statement of its own; `fault` is what asking for it comes to."""

    name: str = "bank"
    told: list[StatementLine] = field(default_factory=list)
    fault: RailError | None = None

    async def statement(self, cursor: str | None) -> Page:
        self.calls.append(("statement", cursor or ""))
        if self.fault is not None:
            raise self.fault
        first = int(cursor or 0)
        page = self.told[first : first + 10]
        return Page(page, str(first + len(page)) if page else None, None)


class Desk:
    """A daily check of one house with one peer; while it pauses, courier and reconciler work."""

    def __init__(
        self,
        house: House,
        peer: Peer,
        rails: Mapping[str, Rail] | None = None,
        closed: tuple[str, ...] = (),
    ) -> None:
        self.house = house
        self.peer = peer
        vault, book, clock = house.desk.vault, house.book, house.clock
        self.check = DailyCheck(
            books=RailLegs(house.database.url),
            mailbox=house.mailbox,
            clock=clock,
            rails={"bank": peer} if rails is None else rails,
            names=["bank"],
            admin=AdminRoom(book, vault, clock, QuietBell(), ADMINS, "en"),
            hint=house.reconciler.hint,
            pause=self.pause,
            rhythm=Rhythm(every=DAY, overlap=7 * DAY),
            closed=closed,
        )
        self.carried: list[Say] = []

    async def pause(self, seconds: float) -> None:
        self.house.clock.pass_by(timedelta(seconds=seconds))
        self.carried += await self.house.carry()

    def line(self, reference: str | None, cents: int) -> None:
        number, now = len(self.peer.told), self.house.clock.now()
        self.peer.told.append(StatementLine(f"ent_{number}", reference, Money(cents, "EUR"), now))

    async def look(self) -> list[Say]:
        """One round; what it says to operators. Everything that others were told is in `carried`."""
        await self.check.look()
        said = [*self.carried, *await self.house.said()]
        self.carried = [say for say in said if say.room != ADMINS]
        return [say for say in said if say.room == ADMINS]

    async def paid(self) -> str:
        """Alice pays Bob 5 EUR from her bank; the id of the order."""
        if not await self.house.book.person_of(ALICE):
            await self.house.link(ALICE)
            await self.house.link(BOB, "DE02120300000000202051")
        (card,) = await self.house.hear(ALICE, f"!pay {BOB} 5 EUR", DINNER)
        await self.house.hear(ALICE, "!yes", DINNER)
        await self.house.carry()
        return f"{card.facts['payment']}/1"


async def test_books_that_agree_with_the_statement_say_nothing_and_are_compared_once_a_day(
    house: House,
) -> None:
    desk = Desk(house, Peer())
    desk.line(await desk.paid(), 500)
    first = await desk.look()
    asked = len(desk.peer.calls)
    house.clock.pass_by(DAY - timedelta(hours=1))
    await desk.look()
    early = len(desk.peer.calls)
    house.clock.pass_by(timedelta(hours=1))
    await desk.look()

    assert first == []
    assert early == asked
    assert len(desk.peer.calls) > asked
    kept = desk.check.standing["bank"]
    assert (kept.matched, kept.differences, kept.at) == (1, (), house.clock.now())
    assert await checks_kept.recall(house.mailbox, "bank") == kept


async def test_what_differs_is_said_once_however_often_it_is_found(house: House) -> None:
    desk = Desk(house, Peer())
    lost = await desk.paid()
    desk.line("strange", -700)
    said = await desk.look()
    for _ in range(20):
        house.clock.pass_by(DAY)
        assert await desk.look() == []
    desk.line("later", 100)
    house.clock.pass_by(DAY)
    more = await desk.look()

    assert keys(said) == keys(more) == ["reconciliation.differs"]
    assert f"{lost}: 5.00 EUR here, nothing there" in words(said)
    assert "strange: -7.00 EUR there, nothing here" in words(said)
    assert "later: 1.00 EUR there, nothing here" in words(more)
    assert "strange" not in words(more)
    (stands,) = desk.check.stands()
    assert stands.differences == {
        "missing_here": 2,
        "missing_there": 1,
        "amount_differs": 0,
        "duplicate": 0,
    }


async def test_another_process_goes_on_where_the_last_one_ended(house: House) -> None:
    desk = Desk(house, Peer())
    desk.line("strange", -700)
    await desk.look()
    house.clock.pass_by(DAY)
    next_one = Desk(house, desk.peer)
    next_one.check.standing["bank"] = desk.check.standing["bank"]

    assert await next_one.look() == []


async def test_what_differed_and_agrees_again_is_forgotten(house: House) -> None:
    desk = Desk(house, Peer())
    order = await desk.paid()
    await desk.look()
    desk.line(order, 500)
    house.clock.pass_by(DAY)
    said = await desk.look()

    assert said == []
    assert desk.check.standing["bank"].differences == ()


async def test_what_operators_have_settled_by_hand_is_not_said_until_it_changes(house: House) -> None:
    code = code_of("strange", Match.MISSING_HERE, None, Money(-700, "EUR"))
    desk = Desk(house, Peer(), closed=(code,))
    desk.line("strange", -700)
    settled = await desk.look()
    kept = desk.check.standing["bank"].differences
    desk.line("strange", -1)
    house.clock.pass_by(DAY)
    changed = await desk.look()

    assert (settled, kept) == ([], ())
    assert "strange: -7.01 EUR there, nothing here" in words(changed)


async def test_a_late_success_that_the_statement_shows_is_asked_about_and_booked(house: House) -> None:
    house.rail.script = refuses("insufficient_funds")
    desk = Desk(house, Peer())
    order = await desk.paid()
    house.rail.move_late(order)
    desk.line(order, 500)
    said = await desk.look()
    leg = await house.book.leg_by_reference(order)

    assert leg is not None
    assert leg.state is LegState.SUSPENDED
    assert "late.collected" in keys(desk.carried)
    assert (said, desk.check.standing["bank"].matched) == ([], 1)


async def test_money_that_went_back_later_is_asked_about_and_taken_back(house: House) -> None:
    desk = Desk(house, Peer())
    order = await desk.paid()
    desk.line(order, 500)
    await desk.look()
    house.clock.pass_by(30 * DAY)
    house.rail.take_back(order)
    desk.line(order, -500)
    said = await desk.look()
    leg = await house.book.leg_by_reference(order)

    assert leg is not None
    assert leg.state is LegState.REVERSED
    assert (said, desk.check.standing["bank"].differences) == ([], ())


async def test_a_rail_without_a_statement_is_said_to_have_none_once(house: House) -> None:
    desk = Desk(house, Peer(fault=NoStatementError()))
    said = await desk.look()
    house.clock.pass_by(DAY)
    again = await desk.look()

    assert keys(said) == ["reconciliation.impossible"]
    assert "bank has no statement" in words(said)
    assert again == []
    assert desk.check.standing["bank"].silent == NO_STATEMENT


async def test_a_rail_that_is_away_is_tried_each_hour_and_said_once(house: House) -> None:
    desk = Desk(house, Peer(fault=NotSentError("away")))
    said = []
    for _ in range(6):
        said.append(keys(await desk.look()))
        house.clock.pass_by(timedelta(hours=1))
    desk.peer.fault = None
    desk.line("strange", 100)
    said.append(keys(await desk.look()))

    assert said == [[], [], ["reconciliation.silent"], [], [], [], ["reconciliation.differs"]]
    assert desk.check.standing["bank"].failures == 0


async def test_a_rail_that_has_not_answered_yet_is_compared_when_it_does(house: House) -> None:
    rails: dict[str, Rail] = {}
    desk = Desk(house, Peer(), rails)
    await desk.look()
    waits = dict(desk.check.standing)
    house.clock.pass_by(timedelta(minutes=5))
    rails["bank"] = desk.peer
    await desk.look()

    assert waits == {}
    assert desk.check.standing["bank"].at == house.clock.now()


async def test_a_rail_that_does_not_answer_for_an_hour_is_not_held_for_one_that_agrees(house: House) -> None:
    desk = Desk(house, Peer(), rails={})
    await desk.look()
    house.clock.pass_by(timedelta(hours=1))
    await desk.look()

    kept = desk.check.standing["bank"]
    assert (kept.at, kept.failures, kept.silent) == (None, 1, "it has not answered yet")
    assert desk.check.stands() == []


async def test_a_rail_inside_our_own_ledger_is_not_compared_with_itself(house: House) -> None:
    peer = Peer(flows=frozenset({LegKind.BOOK}))
    desk = Desk(house, peer)
    await desk.look()

    assert peer.calls == []
    assert desk.check.standing == {}


async def test_many_differences_are_counted_when_they_are_too_many_to_list(house: House) -> None:
    desk = Desk(house, Peer())
    for number in range(25):
        desk.line(f"strange-{number:02}", 100)
    said = await desk.look()

    assert "strange-19" in words(said)
    assert "strange-20" not in words(said)
    assert "and 5 more" in words(said)


async def test_what_is_kept_is_read_back_as_it_was(house: House) -> None:
    desk = Desk(house, Peer())
    await desk.paid()
    desk.line("strange", 100)
    house.clock.pass_by(timedelta(hours=2))
    desk.line("other", 100)
    await desk.look()
    kept = desk.check.standing["bank"]

    assert {one.match for one in kept.differences} == {Match.MISSING_HERE, Match.MISSING_THERE}
    assert await checks_kept.recall(house.mailbox, "bank") == kept
    failed = kept.failed("away", house.clock.now())
    await checks_kept.remember(house.mailbox, "bank", failed)
    assert await checks_kept.recall(house.mailbox, "bank") == failed


async def test_an_operator_has_it_compared_though_its_time_has_not_come(house: House) -> None:
    desk = Desk(house, Peer())
    order = await desk.paid()
    desk.line(order, 500)
    await desk.look()
    desk.line("PB-22222/1", 700)
    kept = await desk.check.now("bank")
    said = [say for say in await house.said() if say.room == ADMINS]

    assert kept is not None
    assert (kept.matched, len(kept.differences), kept.silent) == (1, 1, None)
    assert keys(said) == ["reconciliation.differs"]
    assert await desk.look() == []
