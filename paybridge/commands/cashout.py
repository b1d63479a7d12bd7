"""`!cashout`: move money from the balance to the linked account."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Role, command, read_account, read_amount_only

ALL = frozenset({"all", "全部"})


@command(
    "cashout",
    usage="5 EUR | all [to main]",
    examples=("!cashout 5 EUR", "!cashout all", "!cashout 20 EUR to main"),
    aliases=("withdraw", "提现"),
    moves_money=True,
    role=Role.RECEIVE,
)
async def cashout(call: Call) -> Answer:
    """Show the card of a cash-out, in the direct message."""
    words, account = read_account(call.words, towards=True)
    everything = words.casefold() in ALL
    amount = None if everything else read_amount_only(words, call.desk.settings.currency)
    drafted = await call.desk.payments.cashout(call.speaker, amount, call.spoken.room, account)
    card = await call.desk.news.card(
        drafted.transfer,
        call.speaker.person,
        drafted.source.link,
        call.room.members,
        drafted.holder,
        page=drafted.page,
    )
    return Answer(drafted.step, says=card, key=None if call.room.private else "reply.see_direct_message")
