"""The parts of `!admin` about the house itself: rails, the daily comparison, the ledger and its export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paybridge.commands._frame import Answer, Call, UserError, read_month

if TYPE_CHECKING:
    from paybridge.commands._frame import Facts, RailCompared

MOST_SAID: Final = 5
PAUSE: Final = frozenset({"pause", "暂停"})
RESUME: Final = frozenset({"resume", "恢复"})


class WhatAboutRailsError(UserError):
    """What follows is neither `pause` nor `resume` and a rail."""

    key = "error.what_about_rails"

    def lines(self) -> tuple[str, ...]:
        return ("!admin rails", "!admin rails pause bank", "!admin rails resume bank")


class WhichMonthError(UserError):
    """No month is named."""

    key = "error.which_month"

    def lines(self) -> tuple[str, ...]:
        return ("!admin export last month",)


async def rails(call: Call, words: str) -> Answer:
    """Tell how each rail is; pause one for new payments, or let it take them again."""
    administration, me = call.desk.administration, call.speaker.mxid
    if not words:
        troubles, paused = await administration.rails()
        facts: Facts = {
            "up": tuple({"rail": name} for name, why in troubles.items() if not why),
            "down": tuple({"rail": name, "why": why} for name, why in troubles.items() if why),
            "paused": tuple({"rail": one.rail, "at": one.since, "by": one.by} for one in paused),
        }
        return Answer(key="admin.rails", facts=facts)
    what, _, typed = words.partition(" ")
    if not typed or what.casefold() not in PAUSE | RESUME:
        raise WhatAboutRailsError
    (rail,) = await administration.rails_named(typed)
    if what.casefold() in PAUSE:
        return Answer(await call.desk.rail_pauses.pause(me, rail), key="admin.paused", facts={"rail": rail})
    return Answer(await call.desk.rail_pauses.resume(me, rail), key="admin.resumed", facts={"rail": rail})


async def reconcile(call: Call, words: str) -> Answer:
    """Compare the books with the statement of one rail or of all, now."""
    step, found = await call.desk.administration.compare(call.speaker.mxid, words)
    return Answer(step, key="admin.reconciled", facts={"rows": tuple(_row(one) for one in found)})


def _row(one: RailCompared) -> Facts:
    return {
        "rail": one.rail,
        "told": ()
        if one.silent
        else ({"matched": one.matched, "under_way": one.under_way, "differ": one.differ},),
        "silent": ({"why": one.silent},) if one.silent else (),
    }


async def audit(call: Call, _words: str) -> Answer:
    """Walk the whole ledger."""
    step, found = await call.desk.administration.audit(call.speaker.mxid)
    if not found.problems:
        facts: Facts = {"journals": found.journals, "head": found.head}
        return Answer(step, key="admin.sound", facts=facts)
    problems = tuple({"what": problem} for problem in found.problems[:MOST_SAID])
    facts = {"count": len(found.problems), "rows": problems, "head": found.head}
    return Answer(step, key="admin.unsound", facts=facts)


async def export(call: Call, words: str) -> Answer:
    """Send the books of a month as an encrypted file."""
    read = read_month(words.split(), call.language, call.today("UTC"))
    if read is None:
        raise WhichMonthError
    month, _ = read
    step, text = await call.desk.administration.export(call.speaker.mxid, month)
    return Answer(step, key="admin.exported", facts={"month": month, "text": text}, file="beancount")
