"""The window of a statement is read from where it begins, in whichever order the rail tells it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

import pytest

from paybridge.domain.money import Money
from paybridge.services.ports import Page, RailError, StatementLine
from paybridge.services.statements import Mark, read
from tests.fakes.database import START
from tests.fakes.rail import ScriptedRail


def line(hour: int) -> StatementLine:
    return StatementLine(f"ent_{hour}", f"leg-{hour}", Money(100, "EUR"), START + timedelta(hours=hour))


@dataclass
class Paged(ScriptedRail):
    """Tells `told`, two lines a page; a cursor is the number of lines before it."""

    told: list[StatementLine] = field(default_factory=list)
    asked: list[str | None] = field(default_factory=list)
    forgets: bool = False

    async def statement(self, cursor: str | None) -> Page:
        self.asked.append(cursor)
        if self.forgets and cursor is not None and len(self.asked) == 1:
            raise RailError("no such cursor")
        first = int(cursor or 0)
        page = self.told[first : first + 2]
        return Page(page, str(first + 2) if page else None, None)


def hours(lines: object) -> list[str]:
    assert isinstance(lines, tuple)
    return [one.id for one in lines]


RISING = [line(hour) for hour in range(8)]
SINCE = START + timedelta(hours=5)


async def test_only_lines_from_the_moment_on_are_told() -> None:
    told = await read(Paged(told=RISING), SINCE)

    assert hours(told.lines) == ["ent_5", "ent_6", "ent_7"]


async def test_the_next_time_begins_where_this_windows_first_line_stands() -> None:
    told = await read(Paged(told=RISING), SINCE)
    rail = Paged(told=[*RISING, line(8)])
    again = await read(rail, SINCE + timedelta(hours=1), told.mark)

    assert told.mark == Mark("4", SINCE)
    assert rail.asked[0] == "4"
    assert hours(again.lines) == ["ent_6", "ent_7", "ent_8"]


async def test_a_window_that_begins_before_the_mark_is_read_from_the_start() -> None:
    told = await read(Paged(told=RISING), SINCE)
    rail = Paged(told=RISING)
    deeper = await read(rail, START + timedelta(hours=2), told.mark)

    assert rail.asked[0] is None
    assert hours(deeper.lines) == [f"ent_{hour}" for hour in range(2, 8)]


async def test_the_newest_first_is_read_until_it_is_older_and_has_no_mark() -> None:
    rail = Paged(told=RISING[::-1])
    told = await read(rail, SINCE)

    assert hours(told.lines) == ["ent_7", "ent_6", "ent_5"]
    assert told.mark is None
    assert rail.asked == [None, "2", "4"], "the page of 3 and 2 is older, and the last"


async def test_a_statement_in_no_order_is_read_to_its_end() -> None:
    shuffled = [line(hour) for hour in (1, 3, 7, 0, 2, 6, 1, 5)]
    told = await read(Paged(told=shuffled), SINCE)

    assert hours(told.lines) == ["ent_7", "ent_6", "ent_5"]
    assert told.mark is None


async def test_a_place_that_the_rail_has_forgotten_costs_a_whole_reading() -> None:
    rail = Paged(told=RISING, forgets=True)
    told = await read(rail, SINCE, Mark("4", SINCE))

    assert rail.asked[:2] == ["4", None]
    assert hours(told.lines) == ["ent_5", "ent_6", "ent_7"]


@pytest.mark.parametrize("count", range(9))
async def test_no_mark_ever_hides_a_line(count: int) -> None:
    """Whatever was there at the first reading: the second finds all that is in its window."""
    told = RISING[:count]
    marks = [
        (since, (await read(Paged(told=told), START + timedelta(hours=since))).mark) for since in range(10)
    ]
    for (since, mark), (later, _) in pairwise(marks):
        found = await read(Paged(told=RISING), START + timedelta(hours=later), mark)

        assert hours(found.lines) == [f"ent_{hour}" for hour in range(later, 8)], since
