"""What a ghost says about whose it is: a code that was given in Matrix, or that it wants to be nobody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.commands._frame import Answer, Call, OnlyGhostsError

if TYPE_CHECKING:
    from paybridge.commands._frame import Facts

STOP_WORDS = frozenset({"remove", "stop", "unlink", "停止"})


async def said_by_ghost(call: Call) -> Answer:
    """Take the code, which nothing is done for until Matrix confirms; or stop."""
    if not call.is_ghost:
        raise OnlyGhostsError
    if call.first.casefold() in STOP_WORDS:
        changed = await call.desk.ghosts.stop(call.speaker)
        return Answer(changed.step, key="ghost.stopped.here", says=changed.says)
    changed = await call.desk.ghosts.claim(call.speaker, call.words, call.room)
    facts: Facts = {"network": call.desk.ties.network(changed.tie)}
    return Answer(changed.step, key="ghost.said", facts=facts, says=changed.says)
