"""`!topup`: move money from the linked account to the balance."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, command, read_amount_only


@command("topup", usage="50 EUR", examples=("!topup 50 EUR",), aliases=("充值",), moves_money=True)
async def topup(call: Call) -> Answer:
    """Show the card of a topup, in the direct message."""
    amount = read_amount_only(call.words, call.desk.settings.currency)
    drafted = await call.desk.payments.topup(call.speaker, amount, call.spoken.room)
    card = await call.desk.news.card(
        drafted.transfer, call.speaker.person, drafted.source.link, call.room.members
    )
    return Answer(drafted.step, says=card, key=None if call.room.private else "reply.see_direct_message")
