"""The parts of `!admin` about what waits: for its time, or for a second operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.commands._frame import Answer, Call, Known, Step, read_motion_id

if TYPE_CHECKING:
    from paybridge.commands._frame import Facts, Motion


def waits(step: Step, motion: Motion, known: Known) -> Answer:
    """What was asked for about whom, until when it waits, and how it is stopped or approved."""
    facts: Facts = {
        "id": motion.id,
        "what": motion.told(known.mxid),
        "by": motion.by,
        "until": motion.due,
    }
    if motion.needs_second:
        lines = (f"!admin approve {motion.id}",)
        return Answer(step, key="admin.motion_needs_second", facts=facts, lines=lines)
    return Answer(step, key="admin.motion_waits", facts=facts, lines=(f"!admin stop {motion.id}",))


async def stop(call: Call, words: str) -> Answer:
    """Stop what waits."""
    step, motion = await call.desk.motions.stop(call.speaker.mxid, read_motion_id(words))
    return Answer(step, key="admin.motion_stopped", facts=await _facts(call, motion))


async def approve(call: Call, words: str) -> Answer:
    """Approve as the second operator, and so have it done."""
    step, motion = await call.desk.motions.approve(call.speaker.mxid, read_motion_id(words))
    return Answer(step, key="admin.motion_done", facts=await _facts(call, motion))


async def waiting(call: Call, _words: str) -> Answer:
    """List what waits."""
    found = await call.desk.motions.waiting()
    rows = tuple([await _facts(call, motion) for motion in found])
    return Answer(
        key="admin.waiting" if rows else "admin.nothing_waits", facts={"rows": rows} if rows else {}
    )


async def _facts(call: Call, motion: Motion) -> Facts:
    what = await call.desk.motions.told(motion)
    return {"id": motion.id, "what": what, "by": motion.by, "until": motion.due}
