"""`!me`: the accounts on other networks that are this person's; in the direct message, and said by ghosts."""

from __future__ import annotations

from typing import Final

from paybridge.commands._frame import (
    Answer,
    Call,
    Facts,
    Place,
    Role,
    Tie,
    TieState,
    Who,
    command,
    read_digits,
)
from paybridge.commands._ghosts import said_by_ghost

MOST_NUMBER_DIGITS: Final = 2


@command(
    "me",
    usage="irc | yes [123456] | no | list | remove 1",
    examples=("!me whatsapp", "!me yes", "!me list", "!me remove 1"),
    aliases=("我",),
    place=Place.DIRECT_ONLY,
    role=Role.RECEIVE,
    proven=True,
    takes_factor=True,
    over_bridge=said_by_ghost,
)
async def me(call: Call) -> Answer:
    """Give a code for another network, confirm who said it, list and remove what is linked."""
    match call.first.casefold():
        case "" | "list":
            return await _list(call)
        case "yes" | "是":
            return await _confirm(call)
        case "no" | "否":
            return Answer((await call.desk.ghosts.refuse(call.speaker)).step, key="ghost.refused")
        case "remove" | "unlink":
            changed = await call.desk.ghosts.remove(call.speaker, _number(call.rest))
            return Answer(
                changed.step, key="ghost.removed", facts=_facts(call, changed.tie), says=changed.says
            )
        case _:
            return await _offer(call)


async def _offer(call: Call) -> Answer:
    offered = await call.desk.ghosts.offer(call.speaker, call.words)
    return Answer(
        offered.step, key="ghost.code", facts={"network": offered.network}, lines=(f"!me {offered.code}",)
    )


async def _confirm(call: Call) -> Answer:
    number = _number(call.rest)
    digits = read_digits(call.rest)
    changed = await call.desk.ghosts.confirm(call.speaker, number, digits, call.device)
    facts: Facts = {
        **_facts(call, changed.tie),
        "until": changed.tie.low_until,
        "moved": tuple({"amount": money} for money in changed.moved),
        "waiting": tuple({"amount": money} for money in changed.waiting),
    }
    return Answer(changed.step, key="ghost.tied", facts=facts, says=changed.says)


async def _list(call: Call) -> Answer:
    ghosts = await call.desk.ghosts.of(call.speaker)
    if not ghosts:
        bridges = [row.id for row in call.desk.settings.bridges.rows if row.takes_people]
        return Answer(key="ghost.none", lines=tuple(f"!me {bridge}" for bridge in bridges[:5]))
    rows = tuple(_row(call, number, tie) for number, tie in enumerate(ghosts, start=1))
    return Answer(key="ghost.list", facts={"rows": rows})


def _row(call: Call, number: int, tie: Tie) -> Facts:
    stopped = tie.state is TieState.STOPPED
    return {"number": number, **_facts(call, tie), "stopped": ({"number": number},) if stopped else ()}


def _facts(call: Call, tie: Tie) -> Facts:
    return {"ghost": Who(tie.ghost or ""), "network": call.desk.ties.network(tie)}


def _number(words: str) -> int | None:
    """The number of a ghost in the list: shorter than a code of the second factor."""
    first = words.split(maxsplit=1)[0] if words else ""
    return int(first) if first.isdecimal() and len(first) <= MOST_NUMBER_DIGITS else None
