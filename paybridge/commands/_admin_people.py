"""The parts of `!admin` that are about one person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paybridge.commands._admin_motions import waits
from paybridge.commands._frame import (
    Answer,
    Call,
    Known,
    Level,
    TransferKind,
    UserError,
    Who,
    read_amount_only,
    read_person,
    told_of,
    with_full_ids,
)

if TYPE_CHECKING:
    from paybridge.commands._frame import Facts, Usage

MOST_LETTERS: Final = 140


class NoSuchLevelError(UserError):
    """No level is called so."""

    key = "error.no_such_level"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)


async def whom(call: Call, words: str) -> tuple[Known, str]:
    """The person who is named first, and the words behind."""
    typed, _, rest = with_full_ids(words, call.spoken.pills).partition(" ")
    return await call.desk.people.know(read_person(typed, call.named)), rest


async def freeze(call: Call, words: str) -> Answer:
    """Freeze somebody, who is told, with the reason if one stands behind the name."""
    known, typed = await whom(call, words)
    reason = typed[:MOST_LETTERS]
    administration = call.desk.administration
    step, stopped = await administration.freeze(call.speaker.mxid, known, reason)
    return Answer(
        step,
        key="admin.frozen",
        facts={"who": Who(known.mxid), **told_of(stopped, reason)},
        says=administration.tell_frozen(call.spoken.event, known, stopped, reason),
    )


async def unfreeze(call: Call, words: str) -> Answer:
    """Ask that somebody be let go."""
    known, _ = await whom(call, words)
    step, motion = await call.desk.administration.unfreeze(call.speaker.mxid, known)
    return waits(step, motion, known)


async def limits(call: Call, words: str) -> Answer:
    """Tell somebody's level and limits, or give them the level, or the amount for a day, behind the name."""
    known, typed = await whom(call, words)
    if not typed:
        return Answer(key="admin.limits", facts=await _limits(call, known))
    administration, me = call.desk.administration, call.speaker.mxid
    if any(letter.isdigit() for letter in typed):
        day = read_amount_only(typed, await call.currency())
        step, motion = await administration.cap(me, known, day)
        if motion is None:
            return Answer(step, key="admin.capped", facts={"who": known.mxid, "most": day})
        return waits(step, motion, known)
    try:
        level = Level(typed.casefold())
    except ValueError:
        raise NoSuchLevelError(typed=typed[:40]) from None
    step, motion = await administration.limit(me, known, level)
    if motion is None:
        return Answer(step, key="admin.lowered", facts={"who": known.mxid, "level": level.value})
    return waits(step, motion, known)


async def _limits(call: Call, known: Known) -> Facts:
    told = await call.desk.limits.told(TransferKind.PAY, known.person.id)
    return {
        "who": known.mxid,
        "level": told.level.value,
        "levels": ", ".join(Level),
        "currencies": tuple(_row(usage) for usage in told.usages),
        "unlimited": () if told.usages else ({},),
    }


def _row(usage: Usage) -> Facts:
    caps = usage.caps
    return {
        "currency": usage.currency,
        "each": ({"most": caps.each},) if caps.each else (),
        "day": ({"left": usage.left_today, "most": caps.day},) if caps.day else (),
        "month": ({"left": usage.left_this_month, "most": caps.month},) if caps.month else (),
    }
