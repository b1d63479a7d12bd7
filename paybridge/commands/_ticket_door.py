"""The door's part of `!ticket`: look at codes, list who is to come, say who looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.commands._frame import Answer, Call, read_who, with_full_ids
from paybridge.commands._ticket_words import (
    LEAVE,
    MOST_LISTED,
    NotAGigError,
    TicketState,
    check_proven,
    looks_like_code,
    read_pieces,
)

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from paybridge.commands._frame import Facts


async def door(call: Call) -> Answer:
    """Let in whoever these codes are good for: one, or the many that a door took while it was offline."""
    check_proven(call)
    words = call.rest.replace(",", " ").replace(";", " ").split()
    first = next((at for at, word in enumerate(words) if looks_like_code(word)), len(words))
    named, typed = " ".join(words[:first]), words[first:]
    if not typed:
        # A code that is none is told so, as one that somebody made up is.
        named, typed = "", words
    if not typed:
        raise NotAGigError(typed=call.words[:40])
    show = await call.desk.ticket_door.event(call.speaker, named) if named else None
    step, looked = await call.desk.ticket_door.admit(call.speaker, typed, show)
    zone, rows = await call.zone(), []
    for one in looked:
        told: Facts = {"ticket": one.typed, "name": one.name, **_used(call, one.at, one.by, zone)}
        rows.append({verdict: (told,) if verdict == one.verdict else () for verdict in VERDICTS})
    return Answer(step, key="ticket.door", facts={"looked": tuple(rows)})


VERDICTS = ("valid", "used", "refunded", "given", "unpaid", "other", "forged")


def _used(call: Call, at: datetime | None, by: str | None, zone: tzinfo) -> Facts:
    if at is None or by is None:
        return {}
    return {"at": at.astimezone(zone), "by": call.who(by)}


async def staff(call: Call) -> Answer:
    """Put somebody at the door, or take them away."""
    check_proven(call)
    name, at, behind = with_full_ids(call.rest, call.spoken.pills).rpartition("@")
    words = behind.split()
    there = not (len(words) > 1 and words[1].casefold() in LEAVE)
    if not at or not words:
        raise NotAGigError(typed=call.words[:40])
    who = await call.desk.people.know(read_who(f"@{words[0]}", await call.people()))
    show = await call.desk.tickets.own(call.speaker, read_pieces(name)[1])
    step = await call.desk.ticket_door.staff(show, who, there=there)
    facts: Facts = {"name": show.name, "who": call.who(who.mxid)}
    return Answer(step, key="ticket.staff" if there else "ticket.staff_gone", facts=facts)


async def door_list(call: Call) -> Answer:
    """Who is to come, who is there, and how many wait."""
    show = await call.desk.ticket_door.event(call.speaker, read_pieces(call.rest)[1])
    listed = await call.desk.ticket_door.list(call.speaker, show)
    coming = [(ticket, mxid) for ticket, mxid in listed.tickets if ticket.state is not TicketState.REFUNDED]
    rows: tuple[Facts, ...] = tuple(
        {
            "ticket": ticket.id,
            "holder": call.who(mxid),
            "used": ({},) if ticket.state is TicketState.USED else (),
        }
        for ticket, mxid in coming[:MOST_LISTED]
    )
    keepers: tuple[Facts, ...] = tuple({"who": call.who(mxid)} for mxid in listed.keepers)
    facts: Facts = {
        "name": show.name,
        "sold": len(coming),
        "places": show.gig.places,
        "used": listed.count(TicketState.USED),
        "waiting": listed.waiting,
        "tickets": rows,
        "more": ({"count": len(coming) - MOST_LISTED},) if len(coming) > MOST_LISTED else (),
        "door": ({"keepers": keepers},) if keepers else (),
    }
    return Answer(key="ticket.door_list", facts=facts, private=True)
