"""`!terms`: what one agrees to by linking an account."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Facts, Place, Role, command


@command(
    "terms",
    examples=("!terms",),
    aliases=("条款",),
    place=Place.ANSWERED_DIRECTLY,
    role=Role.RECEIVE,
)
async def terms(call: Call) -> Answer:
    """Show the terms of the region, and to which the person has agreed."""
    region = call.desk.settings.region
    standing = await call.desk.standings.of(call.speaker.person.id)
    agreed: Facts = {"version": standing.terms, "when": standing.agreed}
    facts: Facts = {
        "version": region.terms,
        "region": region.name,
        "claim_days": call.desk.settings.claim_life.days,
        "years": region.retention_years,
        "requests": () if region.requests else ({},),
        "agreed": (agreed,) if standing.terms else (),
        "not_yet": () if standing.terms else ({},),
    }
    return Answer(key="terms.told", facts=facts)
