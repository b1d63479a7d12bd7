"""The part of `!ticket` for what comes free: give a ticket back, wait for one."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call
from paybridge.commands._ticket_words import LEAVE, check_proven, read_pieces, read_ticket_id


async def refund(call: Call) -> Answer:
    """A holder's ticket is given back at once; its seller gets a card to approve, as of `!refund`."""
    check_proven(call)
    which, desk = read_ticket_id(call.rest), call.desk.ticket_refunds
    if not await desk.sells(call.speaker, await call.desk.book.ticket(which)):
        step, says = await desk.by_holder(call.speaker, which)
        return Answer(step, says=says)
    drafted = await desk.by_seller(call.speaker, which, call.room)
    card = await call.desk.news.card(drafted.transfer, call.speaker.person, None, call.room.members)
    return Answer(drafted.step, says=card)


async def wait(call: Call) -> Answer:
    """Wait for a place, or no longer."""
    words = call.rest.split()
    leaves = len(words) > 1 and words[-1].casefold() in LEAVE
    _, name = read_pieces(" ".join(words[:-1] if leaves else words))
    show = await call.desk.tickets.find(call.room, name)
    if leaves:
        step = await call.desk.ticket_waits.leave(call.speaker, show)
        return Answer(step, key="ticket.waits_no_more", facts={"name": show.name})
    step, before = await call.desk.ticket_waits.join(call.speaker, show)
    return Answer(step, key="ticket.waits", facts={"name": show.name, "place": before + 1})
