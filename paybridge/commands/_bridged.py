"""What is done of a command that was typed on the other side of a bridge."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from paybridge.commands._frame import Answer, Call, Command, Place, Step, UserError
from paybridge.domain.people import check_not_frozen

if TYPE_CHECKING:
    from paybridge.domain.proof import ViaBridgeBot

FOR_EVERYONE: Final = "help"
"""The verb that tells nothing about anybody."""
FREEZES: Final = "freeze"
"""The verb that stops more than what whoever types it has begun."""
ABOUT_LINKS: Final = frozenset({"link", "me"})
"""Verbs by which ghosts say whose they are, or that they are nobody's."""


class DirectOnlyError(UserError):
    """The command is for the direct message."""

    key = "error.direct_only"


async def answer_bridged(command: Command, call: Call, proof: ViaBridgeBot) -> Answer:
    """Run it if a ghost may have it done; nothing is while the ghost could be somebody else's by now."""
    if command.over_bridge is not None and command.verb in ABOUT_LINKS:
        return await command.over_bridge(call)
    if command.verb == FREEZES and not proof.puppet and not call.desk.bridged.is_account(call.speaker.mxid):
        # Whoever takes a nick would stop all that its person does in Matrix.
        raise call.desk.bridged.refuse(proof)
    admitted = Step()
    if command.verb != FOR_EVERYONE and (command.verb == FREEZES or not command.only_stops):
        admitted = await call.desk.ties.admit(call.speaker, call.room)
    if command.over_bridge is None:
        if command.place is Place.DIRECT_ONLY and not call.room.private:
            raise DirectOnlyError
        if command.proven:
            raise call.desk.bridged.refuse(proof)
    if not command.while_frozen:
        check_not_frozen(call.speaker.person)
    answer = await (command.over_bridge or command.run)(call)
    return replace(answer, step=admitted + answer.step)
