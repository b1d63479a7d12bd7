"""Legs reach their rails whatever other rails do; what a crash or an outage left open is looked at first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from structlog.contextvars import get_contextvars

from paybridge.app.bells import Bell
from paybridge.domain.leg import Leg, LegKind, LegState
from paybridge.domain.transfer import TransferState
from paybridge.services import outcomes
from paybridge.services.lanes import Lanes
from paybridge.services.ports import Due, Errand, Rail, StaleError, Step
from tests.fakes.database import START
from tests.fakes.rail import ScriptedRail
from tests.fakes.records import a_leg, a_transfer, people

if TYPE_CHECKING:
    from paybridge.storage.book import SqlBook
    from tests.fakes.house import House

AT_ONCE = 4
RAILS = ("bank", "card")
PATIENCE_SECONDS = 10


class Drivers:
    """Drives what it is handed: for ever on a rail that is `stuck`, a leg that is `broken` with an error."""

    def __init__(self, book: SqlBook, expected: int) -> None:
        self.book = book
        self.driven: list[str] = []
        self.known_as: set[str] = set()
        self.at_once = 0
        self.most_at_once = 0
        self.stuck: set[str] = set()
        self.broken: set[str] = set()
        self.done = asyncio.Event()
        self.expected = expected

    async def __call__(self, due: Due, rail: Rail) -> None:
        self.at_once += 1
        self.known_as.add(get_contextvars().get("payment", "nothing"))
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0)
            if rail.name in self.stuck:
                await asyncio.Event().wait()
            if due.leg.id in self.broken:
                raise LookupError
        finally:
            self.at_once -= 1
        await self.book.commit(Step(records=(replace(due.leg, due=None),)))
        self.driven.append(due.leg.id)
        if len(self.driven) == self.expected:
            self.done.set()

    async def all_done(self) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.done.wait()


def waiting(number: int, rail: str, due: timedelta = timedelta(0)) -> Leg:
    place = number + 100 * RAILS.index(rail)
    leg = a_leg(f"{rail}-{number}", "PB-1", number=place, kind=LegKind.COLLECT)
    return replace(leg, state=LegState.RESERVED, rail=rail, link="link", due=START + due)


async def keep(house: House, *legs: Leg) -> None:
    approved = a_transfer("PB-1", state=TransferState.APPROVED)
    await house.book.commit(people("anna") + Step(records=(approved, *legs)))


def lanes_of(house: House, *names: str) -> Lanes:
    rails: dict[str, Rail] = {}
    for name in names:
        rails[name] = ScriptedRail()
        rails[name].name = name
    bell = Bell()
    made = outcomes.Outcomes(
        house.book,
        house.desk.vault,
        house.clock,
        house.desk.settings,
        house.desk.news,
        house.desk.requests,
        bell,
        jitter=lambda: 0,
    )
    return Lanes(house.book, house.clock, rails, made, bell, Errand.SEND, AT_ONCE)


@asynccontextmanager
async def running(lanes: Lanes, drive: Drivers) -> AsyncIterator[None]:
    task = asyncio.ensure_future(lanes.run(drive))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_lane_drives_so_many_at_once_and_all_in_the_end(house: House) -> None:
    await keep(house, *(waiting(number, "bank") for number in range(40)))
    drive = Drivers(house.book, 40)
    async with running(lanes_of(house, "bank"), drive):
        await drive.all_done()

    assert drive.most_at_once == AT_ONCE
    assert len(set(drive.driven)) == 40


async def test_a_rail_that_hangs_keeps_no_other_from_being_served(house: House) -> None:
    await keep(house, *(waiting(number, rail) for rail in RAILS for number in range(20)))
    drive = Drivers(house.book, 20)
    drive.stuck = {"bank"}
    async with running(lanes_of(house, *RAILS), drive):
        await drive.all_done()

    assert {leg.partition("-")[0] for leg in drive.driven} == {"card"}


async def test_at_a_start_everything_is_looked_at_whatever_its_time(house: House) -> None:
    await keep(house, waiting(1, "bank"), waiting(2, "bank", timedelta(hours=1)))
    drive = Drivers(house.book, 2)
    async with running(lanes_of(house, "bank"), drive):
        await drive.all_done()

    assert drive.driven == ["bank-1", "bank-2"]


async def test_what_falls_due_later_waits_for_its_time_or_for_its_rail_to_come_back(house: House) -> None:
    await keep(house, waiting(1, "bank"))
    drive = Drivers(house.book, 1)
    lanes = lanes_of(house, "bank")
    async with running(lanes, drive):
        await drive.all_done()
        await house.book.commit(Step(records=(waiting(2, "bank", timedelta(hours=1)),)))
        again = Drivers(house.book, 1)
        await lanes.settle_down(again)
        before = list(again.driven)
        drive.done.clear()
        drive.expected = 2
        lanes.wake("bank")
        await drive.all_done()

    assert before == []
    assert drive.driven == ["bank-1", "bank-2"]


async def test_whatever_is_logged_about_a_leg_names_its_payment(house: House) -> None:
    await keep(house, waiting(0, "bank"), waiting(1, "bank"))
    drive = Drivers(house.book, 2)
    async with running(lanes_of(house, "bank"), drive):
        await drive.all_done()

    assert drive.known_as == {"PB-1"}
    assert "payment" not in get_contextvars()


async def test_a_leg_that_cannot_be_driven_is_put_off_and_the_others_go_on(house: House) -> None:
    await keep(house, *(waiting(number, "bank") for number in range(8)))
    drive = Drivers(house.book, 7)
    drive.broken = {"bank-3"}
    async with running(lanes_of(house, "bank"), drive):
        await drive.all_done()

    put_off = await house.book.leg_by_reference("bank-3")
    assert put_off is not None
    assert put_off.attempts == 1
    assert put_off.due == START + timedelta(seconds=1)
    assert "bank-3" not in drive.driven


async def test_a_leg_that_somebody_moves_while_it_is_put_off_stops_no_other(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep(house, *(waiting(number, "bank") for number in range(8)))
    drive = Drivers(house.book, 7)
    drive.broken = {"bank-3"}

    async def overtaken(_: outcomes.Outcomes, leg: str) -> None:
        raise StaleError(leg)

    monkeypatch.setattr(outcomes.Outcomes, "postpone", overtaken)
    async with running(lanes_of(house, "bank"), drive):
        await drive.all_done()

    assert len(drive.driven) == 7
