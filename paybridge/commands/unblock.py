"""`!unblock`: take somebody's requests for money again."""

from __future__ import annotations

from paybridge.commands._frame import (
    Answer,
    Call,
    PayeeMissingError,
    Place,
    Role,
    command,
    read_person,
    with_full_ids,
)


@command(
    "unblock",
    usage="@someone",
    examples=("!unblock @bob:example.org",),
    aliases=("取消屏蔽",),
    place=Place.ANSWERED_DIRECTLY,
    role=Role.RECEIVE,
    while_frozen=True,
)
async def unblock(call: Call) -> Answer:
    """Let somebody ask for money again, who is told nothing of that either."""
    typed = with_full_ids(call.words, call.spoken.pills)
    if not typed:
        raise PayeeMissingError
    mxid = read_person(typed, await call.people())
    step = await call.desk.blocking.unblock(call.speaker, await call.desk.people.know(mxid))
    return Answer(step, key="block.ended", facts={"who": mxid})
