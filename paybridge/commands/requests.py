"""`!requests`: which requests are open, to a person and by them, told to them alone."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Facts, Place, Request, Role, command

MOST_LINES = 3


@command(
    "requests",
    examples=("!requests",),
    aliases=("请求",),
    place=Place.ANSWERED_DIRECTLY,
    role=Role.RECEIVE,
)
async def requests(call: Call) -> Answer:
    """What others ask for, and what was asked of others."""
    me, book = call.speaker.person.id, call.desk.book
    to, by = await book.requests_to(me), await book.requests_of(me)
    if not to and not by:
        return Answer(key="requests.none")
    facts: Facts = {
        "to": tuple(_row(one, one.asker_mxid) for one in to),
        "by": tuple(_row(one, one.asked_mxid) for one in by),
        "some_to": ({},) if to else (),
        "some_by": ({},) if by else (),
    }
    lines = [f"!accept {one.id}" for one in to] + [f"!remind {one.id}" for one in by]
    return Answer(key="requests.list", facts=facts, lines=tuple(lines[:MOST_LINES]))


def _row(request: Request, who: str) -> Facts:
    return {
        "payment": request.id,
        "amount": request.left,
        "part": ({"sum": request.paid_so_far, "whole": request.amount},) if request.paid_in_part else (),
        "flexible": ({},) if request.flexible else (),
        "who": who,
        "until": request.expires,
    }
