"""`!zone`: where a person's days begin and end."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Facts, Place, Role, command


@command(
    "zone",
    usage="[Europe/Berlin]",
    examples=("!zone", "!zone Europe/Berlin"),
    aliases=("时区",),
    place=Place.ANSWERED_DIRECTLY,
    role=Role.RECEIVE,
    proven=True,
)
async def zone(call: Call) -> Answer:
    """Tell the zone; with a name behind it, change it."""
    now = call.desk.clock.now()
    if not call.words:
        standing = await call.desk.standings.of(call.speaker.person.id)
        moving = standing.next_from is not None and now < standing.next_from
        facts: Facts = {"zone": standing.next_zone, "since": standing.next_from}
        return Answer(
            key="zone.told",
            facts={"zone": call.desk.limits.zone(standing, now), "next": (facts,) if moving else ()},
        )
    step, moved = await call.desk.standings.move(call.speaker, call.words)
    return Answer(
        step,
        key="zone.changed",
        facts={
            "zone": moved.next_zone,
            "since": moved.next_from,
            "before": call.desk.limits.zone(moved, now),
        },
    )
