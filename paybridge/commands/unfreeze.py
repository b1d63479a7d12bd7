"""`!unfreeze`: go on after `!freeze`, with the second factor."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Place, Role, command


@command(
    "unfreeze",
    usage="123456",
    examples=("!unfreeze 123456",),
    aliases=("解冻",),
    place=Place.DIRECT_ONLY,
    role=Role.RECEIVE,
    proven=True,
    takes_factor=True,
    while_frozen=True,
)
async def unfreeze(call: Call) -> Answer:
    """End one's own freeze, for a code of the authenticator or a recovery code."""
    step = await call.desk.freezing.unfreeze(call.speaker, call.words, call.device)
    return Answer(step, key="freeze.over")
