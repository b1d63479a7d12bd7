"""The parts of `!admin` that only look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paybridge.commands._frame import Answer, Call, Facts

if TYPE_CHECKING:
    from paybridge.commands._frame import Act, Entry, Overall

SHOWN: Final = 20
"""How many acts fit into a message that somebody reads."""


async def status(call: Call, _words: str) -> Answer:
    """How everything stands."""
    return Answer(key="admin.status", facts=_told(await call.desk.administration.overall()))


async def log(call: Call, _words: str) -> Answer:
    """What operators did last."""
    entries = await call.desk.administration.log(SHOWN)
    rows = tuple(_row(entry) for entry in reversed(entries))
    return Answer(key="admin.log" if rows else "admin.log_empty", facts={"rows": rows} if rows else {})


def _told(overall: Overall) -> Facts:
    sight = overall.sight
    legs: dict[str, int] = {}
    for one in sight.figures.legs:
        legs[one.state] = legs.get(one.state, 0) + one.count
    down = {name: why for name, why in sight.rails.items() if why}
    up = [name for name, why in sight.rails.items() if not why]
    last = overall.last
    return {
        "version": sight.version,
        "acting": sight.acting,
        "cards": overall.payments.get("awaiting_approval", 0),
        "under_way": overall.payments.get("approved", 0),
        "unclaimed": overall.payments.get("claimable", 0),
        "requests": sight.figures.open_requests,
        "unsure": legs.get("unsure", 0),
        "sending": sum(legs.get(state, 0) for state in ("reserved", "prepared", "executing")),
        "letters": sight.figures.letters_waiting,
        "posts": sight.figures.posts_waiting,
        "up": ({"rails": ", ".join(up)},) if up else (),
        "down": tuple({"rail": name, "why": why} for name, why in down.items()),
        "compared": tuple(
            {"rail": one.rail, "at": one.compared, "differ": sum(one.differences.values())}
            for one in sight.compared
        ),
        "paused": tuple({"rail": one.rail, "by": one.by} for one in overall.paused),
        "audited": _did(overall.audited),
        "reconciled": _did(overall.compared),
        "frozen": tuple({"mxid": one.mxid, "at": one.frozen} for one in overall.still if not one.stopped),
        "stopped": tuple({"mxid": one.mxid, "at": one.stopped} for one in overall.still if one.stopped),
        "waiting": ({"count": len(overall.waiting)},) if overall.waiting else (),
        "last": ({"kind": last.kind.value, "by": last.by, "at": last.at},) if last else (),
    }


def _did(act: Act | None) -> tuple[Facts, ...]:
    return ({"at": act.at, "told": act.deal.told},) if act else ()


def _row(entry: Entry) -> Facts:
    act = entry.act
    return {
        "number": act.number,
        "at": act.at,
        "by": act.by,
        "kind": act.kind.value,
        "about": ({"mxid": entry.about},) if entry.about else (),
        "order": ({"id": act.deal.order},) if act.deal.order else (),
        "told": ({"words": act.deal.told},) if act.deal.told else (),
        "reason": ({"words": entry.reason},) if entry.reason else (),
    }
