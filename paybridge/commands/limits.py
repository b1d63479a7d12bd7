"""`!limits`: what one may send, what of it is used, when it frees up, and what raises it."""

from __future__ import annotations

from typing import Final

from paybridge.commands._frame import (
    Answer,
    Call,
    Facts,
    Level,
    Place,
    Role,
    TransferKind,
    Usage,
    UserError,
    command,
)

RAISE_WORDS: Final = frozenset({"raise", "提高"})


class WhatAboutLimitsError(UserError):
    """What follows the verb is not `raise`."""

    key = "error.what_about_limits"

    def lines(self) -> tuple[str, ...]:
        return ("!limits", "!limits raise")


@command(
    "limits",
    usage="[raise [document]]",
    examples=("!limits", "!limits raise", "!limits raise SANDBOX-PASS"),
    aliases=("限额", "额度"),
    place=Place.ANSWERED_DIRECTLY,
    role=Role.RECEIVE,
)
async def limits(call: Call) -> Answer:
    """Tell each currency's limits, as they stand now; with `raise`, have oneself checked."""
    if call.words and call.first.casefold() not in RAISE_WORDS:
        raise WhatAboutLimitsError
    if call.words:
        step, standing = await call.desk.standings.rise(call.speaker, call.spoken.proof, call.rest)
        return Answer(step, key=f"limits.raised.{standing.level}")
    told = await call.desk.limits.told(TransferKind.PAY, call.speaker.person.id)
    facts: Facts = {
        "zone": told.zone,
        **{level.value: ({},) if level is told.level else () for level in Level},
        "currencies": tuple(_row(usage) for usage in told.usages),
        "unlimited": () if told.usages else ({},),
    }
    return Answer(key="limits.told", facts=facts)


def _row(usage: Usage) -> Facts:
    caps, spans = usage.caps, usage.spans
    day, month, night = spans.frees(spans.day), spans.frees(spans.month), spans.night
    tonight: Facts = {
        "left": usage.left_tonight,
        "most": caps.night,
        "frees": spans.frees(night) if night else None,
    }
    return {
        "currency": usage.currency,
        "each": ({"most": caps.each},) if caps.each else (),
        "day": ({"left": usage.left_today, "most": caps.day, "frees": day},) if caps.day else (),
        "month": ({"left": usage.left_this_month, "most": caps.month, "frees": month},) if caps.month else (),
        "night": (tonight,) if caps.night and night else (),
        "nights": ({"most": caps.night},) if caps.night and not night else (),
        "count": () if caps.count is None else ({"left": usage.left_count, "most": caps.count},),
        "nothing": () if caps.each or caps.sum_up else ({},),
    }
