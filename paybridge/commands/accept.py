"""`!accept`: pay what somebody asked you for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.commands._frame import (
    Answer,
    Call,
    command,
    is_rate,
    looks_like_payment_id,
    read_account,
    read_amount_only,
    read_rate,
    read_refund,
)

if TYPE_CHECKING:
    from paybridge.commands._frame import Money, Request

TIP = frozenset({"tip", "小费"})


@command(
    "accept",
    usage="[PB-7K3QD] [5 EUR] [tip 10%] [from card]",
    examples=(
        "!accept PB-7K3QD",
        "!accept PB-7K3QD 5 EUR",
        "!accept PB-7K3QD tip 10%",
        "!accept PB-7K3QD from card",
    ),
    aliases=("接受",),
    moves_money=True,
)
async def accept(call: Call) -> Answer:
    """Show the card for paying a request or a part of it; without an id, the only one there is."""
    words, source = read_account(call.words)
    words, tipped = _cut_tip(words)
    first, _, rest = words.partition(" ")
    named = not first or looks_like_payment_id(first)
    request = await call.desk.requests.asked_of(call.speaker, first if named else "")
    part, _ = read_refund(rest if named else words, request.amount.currency)
    if not named and part is None:
        # Neither an id nor an amount: refused as what it is not.
        request = await call.desk.requests.asked_of(call.speaker, first)
    tip = await _tip(call, request, tipped) if tipped else None
    room = await call.desk.rooms.facts(request.room)
    drafted = await call.desk.requests.accept(
        request, call.speaker, call.desk.payments, room, source, part, tip
    )
    card = await call.desk.news.card(
        drafted.transfer,
        call.speaker.person,
        drafted.source.link,
        room.members,
        drafted.holder,
        page=drafted.page,
    )
    return Answer(drafted.step, says=card)


def _cut_tip(words: str) -> tuple[str, str]:
    """The words without "tip 2 EUR" or "tip 10%" at their end, and what stood behind "tip"."""
    typed = words.split()
    at = next((place for place, word in enumerate(typed) if word.casefold() in TIP), len(typed))
    return " ".join(typed[:at]), " ".join(typed[at + 1 :])


async def _tip(call: Call, request: Request, tipped: str) -> Money:
    if is_rate(tipped):
        return await call.desk.invoices.tip(request, read_rate(tipped), None)
    amount = read_amount_only(tipped, request.amount.currency)
    return await call.desk.invoices.tip(request, None, amount)
