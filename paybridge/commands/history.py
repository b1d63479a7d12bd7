"""`!history`: a person's payments, newest first, told to them alone."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Fact, Facts, Place, Role, Transfer, TransferKind, command

PAGE = 10
UNUSUAL = (
    "awaiting_approval", "under_way", "unsure", "claimable", "returned", "refused", "cancelled", "expired",
    "reversed",
)  # fmt: skip
"""States that a line of history names; settled and claimed payments need no word."""


@command(
    "history",
    examples=("!history",),
    aliases=("记录",),
    place=Place.ANSWERED_DIRECTLY,
    role=Role.RECEIVE,
)
async def history(call: Call) -> Answer:
    """The newest payments."""
    me = call.speaker.person.id
    found = await call.desk.book.history(me, None, PAGE)
    if not found:
        return Answer(key="history.empty")
    rows = [await _row(call, transfer) for transfer in found]
    return Answer(key="history.page", facts={"rows": tuple(rows), "count": len(rows)})


async def _row(call: Call, transfer: Transfer) -> Facts:
    """One line: the amount is signed as the person's balance or account feels it."""
    outgoing = transfer.payer == call.speaker.person.id
    own = not transfer.kind.between_people
    state = await call.desk.overview.state_of(transfer)
    other = transfer.payee_mxid if outgoing else transfer.payer_mxid
    unusual: dict[str, Fact] = {shown: ({},) if shown == state else () for shown in UNUSUAL}
    return unusual | {
        "at": transfer.created,
        "payment": transfer.id,
        "amount": transfer.amount if own or not outgoing else -transfer.amount,
        "topup": ({},) if transfer.kind is TransferKind.TOPUP else (),
        "cashout": ({},) if transfer.kind is TransferKind.CASHOUT else (),
        "refund": ({"original": transfer.original},) if transfer.original else (),
        "to": ({"who": other},) if not own and outgoing else (),
        "by": ({"who": other},) if not own and not outgoing else (),
    }
