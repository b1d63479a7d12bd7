"""`!statement`: a month of a person's money as a file, in their direct message."""

from __future__ import annotations

from paybridge.commands._frame import (
    Answer,
    Call,
    Fact,
    Facts,
    Month,
    Place,
    Role,
    Section,
    UserError,
    command,
    month_of,
    read_month,
)

FORMS = {"pdf": "pdf", "csv": "csv", "表格": "csv"}


class NotAStatementError(UserError):
    """The words are no month and no form of a file."""

    key = "error.not_a_statement"

    def __init__(self, *, typed: str) -> None:
        super().__init__(typed=typed)


@command(
    "statement",
    usage="[2026-10] [pdf | csv]",
    examples=("!statement", "!statement 2026-10", "!statement last month csv"),
    aliases=("对账单",),
    place=Place.ANSWERED_DIRECTLY,
    role=Role.RECEIVE,
)
async def statement(call: Call) -> Answer:
    """Send the statement of this month, or of another one."""
    zone = await call.zone_name()
    month, form = _read(call, zone)
    sections = await call.desk.own_statements.of(call.speaker.person, month, zone)
    if not sections:
        return Answer(key="statement.empty", facts={"month": month})
    facts: dict[str, Fact] = {
        "month": month,
        "who": call.speaker.mxid,
        "at": call.desk.clock.now(),
        "zone": zone,
        "sections": tuple(_section(each) for each in sections),
    }
    return Answer(key="statement.sent", facts=facts, file=form)


def _read(call: Call, zone: str) -> tuple[Month, str]:
    today = call.today(zone)
    month, form = month_of(today), "pdf"
    words = call.words.split()
    while words:
        named = read_month(words, call.language, today)
        if named is not None:
            month, used = named
        elif words[0].casefold() in FORMS:
            form, used = FORMS[words[0].casefold()], 1
        else:
            raise NotAStatementError(typed=words[0][:40])
        words = words[used:]
    return month, form


def _section(section: Section) -> Facts:
    """The facts of one currency: what the message says, and what the file lists."""
    return {
        "currency": section.currency,
        "opening": section.opening,
        "closing": section.closing,
        "count": len(section.lines),
        "lines": tuple(
            {
                "at": line.at,
                "payment": line.payment,
                "what": line.what.value,
                "other": line.other,
                "amount": line.amount,
                "change": line.change,
                "balance": line.balance,
                "note": line.note,
            }
            for line in section.lines
        ),
        "totals": tuple(
            {
                "what": total.what.value,
                "straight": int(total.straight),
                "count": total.count,
                "sum": total.sum,
            }
            for total in section.totals
        ),
    }
