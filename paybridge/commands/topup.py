"""`!topup`: move money from the linked account to the balance."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, command, read_account, read_amount_only


@command(
    "topup",
    usage="50 EUR [from bank]",
    examples=("!topup 50 EUR", "!topup 50 EUR from bank"),
    aliases=("充值",),
    moves_money=True,
)
async def topup(call: Call) -> Answer:
    """Show the card of a topup, in the direct message."""
    words, source = read_account(call.words)
    amount = read_amount_only(words, call.desk.settings.currency)
    drafted = await call.desk.payments.topup(call.speaker, amount, call.spoken.room, source)
    card = await call.desk.news.card(
        drafted.transfer, call.speaker.person, drafted.source.link, call.room.members
    )
    return Answer(drafted.step, says=card, key=None if call.room.private else "reply.see_direct_message")
