"""`!privacy`: what the bot can read, what it keeps, and for how long."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Place, Role, command


@command(
    "privacy",
    examples=("!privacy",),
    aliases=("隐私",),
    place=Place.ANSWERED_DIRECTLY,
    role=Role.RECEIVE,
)
async def privacy(call: Call) -> Answer:
    """Say it as it is."""
    return Answer(key="privacy.told", facts={"years": call.desk.settings.region.retention_years})
