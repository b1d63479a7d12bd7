"""`!ticket`: sell tickets for an event, buy them, give them on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.commands._frame import Answer, Call, Role, Say, command, read_who
from paybridge.commands._ticket_back import refund, wait
from paybridge.commands._ticket_door import door, door_list, staff
from paybridge.commands._ticket_words import (
    CLOSE,
    DOOR,
    GIVE,
    LIST,
    MINE,
    NEW,
    REFUND,
    SHOW,
    STAFF,
    TO,
    WAIT,
    check_proven,
    read_gig,
    read_pieces,
    read_ticket_id,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from paybridge.commands._frame import Facts
    from paybridge.commands._ticket_words import Show


@command(
    "ticket",
    usage=(
        "[2] Gig | mine | show PB-7K3QD-1 | give PB-7K3QD-1 to @someone | refund PB-7K3QD-1 | wait Gig"
        ' | door CODE | list Gig | staff Gig @someone | new "Gig" 15 EUR x80 | close Gig'
    ),
    examples=(
        "!ticket 2 Gig",
        "!ticket",
        "!ticket mine",
        "!ticket show PB-7K3QD-1",
        "!ticket give PB-7K3QD-1 to @bob:example.org",
        "!ticket refund PB-7K3QD-1",
        "!ticket wait Gig",
        "!ticket wait Gig leave",
        '!ticket new "Gig" 15 EUR x80 on 2026-12-05 20:00 refund until 2026-12-01',
        "!ticket close Gig",
        "!ticket staff Gig @bob:example.org",
        "!ticket list Gig",
    ),
    aliases=("票",),
    moves_money=True,
)
async def ticket(call: Call) -> Answer:
    """Do what the first word says; any other word names the event to buy tickets for."""
    word = call.first.casefold()
    for words, run in _DEEDS:
        if word in words:
            return await run(call)
    return await _buy(call) if word else await _list(call)


async def _list(call: Call) -> Answer:
    shows = await call.desk.tickets.here(call.room)
    if not shows and call.room.private:
        return await _mine(call)
    rows: list[Facts] = []
    for show in shows:
        free: tuple[Facts, ...] = ({"left": show.gig.free},) if show.gig.free else ()
        facts = await call.desk.ticket_issue.facts(show.gig, show.owner)
        rows.append(
            {**facts, "owner": call.who(show.shop.owner_mxid), "free": free, "out": () if free else ({},)}
        )
    return Answer(key="ticket.list" if rows else "ticket.none_here", facts={"gigs": tuple(rows)})


async def _mine(call: Call) -> Answer:
    rows: list[Facts] = []
    for held, show in await call.desk.tickets.mine(call.speaker):
        facts = await call.desk.ticket_issue.facts(show.gig, show.owner)
        rows.append({"ticket": held.id, "name": show.name, "starts": facts["starts"]})
    return Answer(
        key="ticket.mine" if rows else "ticket.none_mine", facts={"tickets": tuple(rows)}, private=True
    )


async def _show(call: Call) -> Answer:
    says = await call.desk.tickets.again(call.speaker, read_ticket_id(call.rest), call.spoken.event)
    return Answer(says=says)


async def _new(call: Call) -> Answer:
    call.check_role(Role.MERCHANT)
    check_proven(call)
    said = read_gig(call.rest, await call.currency(), await call.zone())
    show, step = await call.desk.tickets.new(call.speaker, said)
    facts = await call.desk.ticket_issue.facts(show.gig, show.owner)
    return Answer(step, key="ticket.new", facts={**facts, "places": show.gig.places, "id": show.gig.id})


async def _close(call: Call) -> Answer:
    check_proven(call)
    show = await call.desk.tickets.own(call.speaker, call.rest)
    return Answer(call.desk.tickets.close(show), key="ticket.closed", facts={"name": show.name})


async def _give(call: Call) -> Answer:
    check_proven(call)
    first, *behind = call.rest.split(maxsplit=1) or [""]
    which = read_ticket_id(first)
    words = behind[0] if behind else ""
    if words.split(maxsplit=1)[0:1] and words.split()[0].casefold() in TO:
        words = "".join(words.split(maxsplit=1)[1:])
    to = await call.desk.people.know(read_who(words, await call.people()))
    step, says, show = await call.desk.tickets.give(call.speaker, which, to)
    facts: Facts = {"ticket": which, "name": show.name, "to": call.who(to.mxid)}
    return Answer(step, key="ticket.given", facts=facts, says=says, private=True)


async def _buy(call: Call) -> Answer:
    pieces, name = read_pieces(call.words)
    show = await call.desk.tickets.find(call.room, name)
    drafted = await call.desk.tickets.order(call.speaker, show, pieces, call.room)
    card = await call.desk.news.card(
        drafted.transfer,
        call.speaker.person,
        drafted.source.link,
        call.room.members,
        drafted.holder,
        page=drafted.page,
    )
    return Answer(drafted.step, says=(await _basket(call, show, pieces, drafted.transfer.id), *card))


async def _basket(call: Call, show: Show, pieces: int, payment: str) -> Say:
    """What is bought; what it costs says the card, where the room may see it."""
    facts = await call.desk.ticket_issue.facts(show.gig, show.owner)
    return Say(
        id=f"{payment}/tickets",
        key="ticket.order",
        language=call.language,
        room=call.room.id,
        facts={
            "payment": payment,
            "pieces": pieces,
            "name": show.name,
            "starts": facts["starts"],
            "refund": facts["refund"],
            "keeps": () if facts["refund"] else ({},),
        },
    )


_DEEDS: tuple[tuple[frozenset[str], Callable[[Call], Awaitable[Answer]]], ...] = (
    (NEW, _new),
    (MINE, _mine),
    (SHOW, _show),
    (GIVE, _give),
    (CLOSE, _close),
    (DOOR, door),
    (LIST, door_list),
    (STAFF, staff),
    (REFUND, refund),
    (WAIT, wait),
)
