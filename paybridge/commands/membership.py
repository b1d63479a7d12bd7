"""`!membership`: what a shop offers to members, who pay for it again and again until they leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.commands._frame import (
    Answer,
    Call,
    Facts,
    MembershipNotReadError,
    Role,
    Step,
    command,
    how_often,
    read_amount_only,
    read_called,
    read_named,
    read_offer,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.commands._frame import Seat

NEW = frozenset({"new", "offer", "新"})
JOIN = frozenset({"join", "加入"})
LEAVE = frozenset({"leave", "退出"})
LIST = frozenset({"list", "members", "列表"})
PRICE = frozenset({"price", "价"})
CLOSE = frozenset({"close", "关"})


@command(
    "membership",
    usage='join "Club" [max 12 EUR] | leave … | new "Club" 10 EUR monthly [in #room] [notice 30 days] | …',
    examples=(
        '!membership join "Club"',
        '!membership join "Club" max 12 EUR',
        '!membership leave "Club"',
        "!membership",
        '!membership new "Club" 10 EUR monthly',
        '!membership new "Club" 90 EUR yearly 1 march notice 30 days',
        '!membership new "Band" 5 EUR monthly in #band:example.org',
        '!membership list "Club"',
        '!membership price "Club" 12 EUR',
        '!membership close "Club"',
    ),
    aliases=("memberships", "会员"),
    moves_money=True,
    while_frozen=True,
)
async def membership(call: Call) -> Answer:
    """Join or leave, list, or do what a shop does about its members."""
    word = call.first.casefold()
    if word in JOIN:
        return await _join(call)
    if word in LEAVE:
        return await _leave(call)
    if word in NEW | LIST | PRICE | CLOSE:
        call.check_role(Role.MERCHANT)
        return await _of_shop(call, word)
    if word:
        raise MembershipNotReadError(typed=call.first)
    return await _list(call)


async def _of_shop(call: Call, word: str) -> Answer:
    if word in NEW:
        return await _new(call)
    if word in LIST:
        return await _members(call)
    if word in PRICE:
        return await _price(call)
    desk = call.desk.memberships
    name, step, says = await desk.close(call.speaker, read_called(call.rest)[0], call.spoken.proof)
    return Answer(step, key="membership.closed_now", facts={"name": name, "count": len(says)}, says=says)


async def _new(call: Call) -> Answer:
    words = read_offer(call.rest, call.today(await call.zone_name()))
    price = read_amount_only(words.price, await call.currency())
    room = await call.desk.tickets.room_for(words.room, call.speaker.mxid) if words.room else None
    club, step = await call.desk.memberships.offer(call.speaker, words, price, room, call.spoken.proof)
    facts: Facts = {
        "name": words.name,
        "amount": club.price,
        "floats": ({},) if club.floats else (),
        "first": () if club.floats else ({"day": club.rhythm.start},),
        "notice": ({"count": club.notice},) if club.notice else (),
        **how_often(club.rhythm),
    }
    return Answer(step, key="membership.offered", facts=facts, lines=(f'!membership join "{words.name}"',))


async def _price(call: Call) -> Answer:
    name, rest = read_named(call.rest)
    desk = call.desk.memberships
    _, club = await desk.of(call.speaker, name)
    price = read_amount_only(rest, club.price.currency)
    step, says, kept, asked = await desk.reprice(call.speaker, name, price, call.spoken.proof)
    facts: Facts = {"name": name, "amount": price, "kept": kept, "asked": asked}
    return Answer(step, key="membership.priced", facts=facts, says=says)


async def _members(call: Call) -> Answer:
    name, club = await call.desk.memberships.of(call.speaker, read_called(call.rest)[0])
    seats = await call.desk.memberships.seats(club, name)
    rows: tuple[Facts, ...] = tuple(
        {"member": call.who(seat.member.mxid), **_standing(seat)} for seat in seats
    )
    facts: Facts = {"name": name, "amount": club.price, "members": rows, "none": () if rows else ({},)}
    return Answer(key="membership.members", facts={**facts, **how_often(club.rhythm)}, private=True)


async def _join(call: Call) -> Answer:
    name, most = read_called(call.rest)
    cap = read_amount_only(most, await call.currency()) if most else None
    club, offered, step = await call.desk.memberships.join(
        call.speaker, name, cap, call.room, call.spoken.proof
    )
    if offered is None:
        return Answer(step, key="membership.stays", facts={"name": name}, private=True)
    assert offered.act is not None  # until when the card holds
    facts: Facts = {
        **await call.desk.repeat_news.facts(offered, call.room.members),
        "code": offered.code,
        "expires": offered.act,
        "name": name,
        "first": offered.day,
        "notice": ({"count": club.notice},) if club.notice else (),
    }
    return Answer(step, key="membership.card", facts=facts, private=True)


async def _leave(call: Call) -> Answer:
    desk = call.desk.memberships
    seat, step, says = await desk.leave(call.speaker.person, read_called(call.rest)[0])
    goes_on = seat.repeat is not None and seat.repeat.act is not None
    key = "membership.leaves" if goes_on else "membership.left"
    facts: Facts = {"name": seat.name, **_standing(seat), "day": seat.member.leaves}
    return Answer(step, key=key, facts=facts, says=says, private=True)


async def _list(call: Call) -> Answer:
    desk = call.desk.memberships
    own, here = await desk.own(call.speaker.person), await desk.here(call.room)
    rows: tuple[Facts, ...] = tuple({"name": seat.name, **_standing(seat)} for seat in own)
    offers: tuple[Facts, ...] = tuple(
        {
            "name": name,
            "amount": club.price,
            "owner": call.who(club.owner_mxid),
            **how_often(club.rhythm),
        }
        for name, club in here
    )
    if not rows and not offers:
        return Answer(key="membership.none")
    facts: Facts = {
        "yours": ({"rows": rows},) if rows else (),
        "here": ({"rows": offers},) if offers else (),
    }
    return Answer(Step(), key="membership.told", facts=facts, private=bool(rows))


def _standing(seat: Seat) -> Facts:
    """Until when it is paid, and whether it goes on: one of four facts being there."""
    repeat, member = seat.repeat, seat.member
    told = "gone"
    if repeat is not None and member.leaves is not None:
        told = "leaves"
    elif repeat is not None:
        told = "paused" if repeat.state == "paused" else "next"
    day: Facts = {"day": member.leaves if told == "leaves" or repeat is None else repeat.day}
    kinds: Sequence[str] = ("gone", "leaves", "paused", "next")
    paid = member.paid_until
    return {
        "paid": () if paid is None else ({"day": paid},),
        **{kind: (day,) if kind == told else () for kind in kinds},
    }
