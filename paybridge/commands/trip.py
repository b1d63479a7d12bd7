"""`!trip`: one list of who paid what for whom, settled at its end by as few payments as there can be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias

from paybridge.commands._frame import (
    Answer,
    Call,
    Outline,
    Way,
    command,
    read_expense,
    read_start,
    read_travellers,
    trip_pages,
)

if TYPE_CHECKING:
    from paybridge.commands._frame import Step

START = frozenset({"start", "new", "开始"})
ADD = frozenset({"add", "加", "记"})
REMOVE = frozenset({"remove", "delete", "删"})
WITH = frozenset({"with", "invite", "邀请"})
SETTLE = frozenset({"settle", "结算"})
NET = frozenset({"net", "fewest", "最少"})
PAIRS = frozenset({"pairs", "each", "逐对"})
CLOSE = frozenset({"close", "end", "关闭"})
ANYWAY = frozenset({"anyway", "仍然"})
Do: TypeAlias = Callable[[Call, Outline], Awaitable[Answer]]


@command(
    "trip",
    usage="start Rome EUR | add 30 EUR [at 1.08] dinner [by @someone] [@all] | settle | with @someone | …",
    examples=(
        "!trip start Rome EUR",
        "!trip add 30 EUR dinner @all",
        "!trip settle",
    ),
    aliases=("旅行",),
    moves_money=True,
)
async def trip(call: Call) -> Answer:
    """Start a trip, write something down, or do something else about the one of this room."""
    word = call.first.casefold()
    if word in START:
        return await _start(call)
    outline = await call.desk.trips.find(call.speaker, call.room.id)
    for words, do in _DOING:
        if word in words:
            return await do(call, outline)
    return await _shown(call, Answer(key="trip.status", facts=trip_pages.status(outline, call.room.members)))


async def _start(call: Call) -> Answer:
    said = read_start(call.rest, await call.people())
    nobody = {call.speaker.mxid, call.desk.settings.bot}
    people = said.people or sorted(
        mxid for mxid in call.room.members if mxid not in nobody and call.may_pay(mxid)
    )
    currency = said.currency or await call.currency()
    step, outline = await call.desk.trips.start(call.speaker, said.name, currency, people, call.room)
    return _opened(call, step, outline)


def _opened(call: Call, step: Step, outline: Outline) -> Answer:
    facts = trip_pages.people(outline, call.room.members)
    return Answer(step, key="trip.people", facts=facts, lines=(f"!trip add 30 {outline.trip.currency} @all",))


async def _add(call: Call, outline: Outline) -> Answer:
    told = read_expense(call.rest, await call.people(), outline.trip.currency, call.speaker.mxid)
    step, entry = await call.desk.trips.add(outline, call.speaker, told)
    facts = trip_pages.added(outline, entry, told.note, call.room.members)
    return await _shown(call, Answer(step, key="trip.added", facts=facts))


async def _remove(call: Call, outline: Outline) -> Answer:
    digits = call.rest.lstrip("#")
    step, entry = await call.desk.trips.remove(outline, int(digits[:9]) if digits.isdecimal() else 0)
    facts = trip_pages.removed(outline, entry)
    return await _shown(call, Answer(step, key="trip.removed", facts=facts))


async def _take_along(call: Call, outline: Outline) -> Answer:
    people = read_travellers(call.rest, await call.people())
    step, more = await call.desk.trips.take_along(outline, call.speaker, people, call.room)
    return _opened(call, step, more)


async def _close(call: Call, outline: Outline) -> Answer:
    step = call.desk.trips.close(outline, anyway=call.rest.casefold() in ANYWAY)
    return Answer(step, key="trip.closed", facts=trip_pages.title(outline))


async def _settle(call: Call, outline: Outline) -> Answer:
    word = call.rest.casefold()
    way = Way.NET if word in NET else Way.PAIRS if word in PAIRS else None
    if way is None and outline.plan(Way.PAIRS):
        facts = trip_pages.plan(outline, call.room.members)
        net = ("!trip settle net",) if facts["fewer"] else ()
        return await _shown(call, Answer(key="trip.plan", facts=facts, lines=(*net, "!trip settle pairs")))
    chosen = way or Way.NET
    step, says = await call.desk.trips.settle(outline, call.speaker, chosen, call.room)
    return Answer(
        step,
        key="trip.settled" if outline.plan(chosen) else "trip.even",
        facts=trip_pages.title(outline),
        says=says,
    )


async def _shown(call: Call, answer: Answer) -> Answer:
    """The answer, which the room does not read where it must not see amounts."""
    return replace(answer, private=await call.desk.policies.hides_amounts(call.room.id))


_DOING: Final[tuple[tuple[frozenset[str], Do], ...]] = (
    (ADD, _add),
    (REMOVE, _remove),
    (WITH, _take_along),
    (SETTLE, _settle),
    (CLOSE, _close),
)
