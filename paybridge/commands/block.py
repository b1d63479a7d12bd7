"""`!block`: take no requests for money from somebody."""

from __future__ import annotations

from paybridge.commands._frame import (
    Answer,
    Call,
    Place,
    Role,
    command,
    read_person,
    with_full_ids,
)

LIST = frozenset({"", "list", "列表"})


@command(
    "block",
    usage="@someone | list",
    examples=("!block @bob:example.org", "!block list"),
    aliases=("屏蔽",),
    place=Place.ANSWERED_DIRECTLY,
    role=Role.RECEIVE,
    while_frozen=True,
)
async def block(call: Call) -> Answer:
    """Block somebody, who is told nothing; or list whom one has blocked."""
    if call.words.casefold() in LIST and not call.spoken.reply_author:
        blocked = await call.desk.blocking.of(call.speaker)
        rows = tuple({"who": mxid} for mxid in blocked)
        return Answer(key="block.list" if rows else "block.none", facts={"rows": rows} if rows else {})
    typed = with_full_ids(call.words, call.spoken.pills)
    mxid = read_person(typed, await call.people()) if typed else str(call.spoken.reply_author)
    step = await call.desk.blocking.block(call.speaker, await call.desk.people.know(mxid))
    return Answer(step, key="block.done", facts={"who": mxid}, lines=(f"!unblock {mxid}",))
