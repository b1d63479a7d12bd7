"""`!freeze`: stop everything of one's own at once, from any device."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Role, Say, command


@command(
    "freeze",
    examples=("!freeze",),
    aliases=("冻结",),
    role=Role.RECEIVE,
    only_stops=True,
)
async def freeze(call: Call) -> Answer:
    """End open cards and what has not reached a bank, and let nothing be paid until `!unfreeze`."""
    stopped = await call.desk.freezing.freeze(call.speaker)
    facts = {
        "since": stopped.since,
        "ended": ({"count": stopped.ended},) if stopped.ended else (),
        "going_on": ({"payments": ", ".join(stopped.going_on)},) if stopped.going_on else (),
    }
    says = stopped.says
    if not call.room.private:
        # Whoever did not do this must hear of it, wherever it was typed.
        says += (
            Say(
                id=f"{call.spoken.event}/frozen",
                key="freeze.done",
                language=call.language,
                person=call.home or call.speaker.mxid,
                facts=facts,
            ),
        )
    return Answer(stopped.step, key="freeze.done", facts=facts, says=says)
