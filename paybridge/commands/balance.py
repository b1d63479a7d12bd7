"""`!balance`: what a person has, told to them alone."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Facts, Money, Place, Role, command


@command(
    "balance", examples=("!balance",), aliases=("余额",), place=Place.ANSWERED_DIRECTLY, role=Role.RECEIVE
)
async def balance(call: Call) -> Answer:
    """Spendable, held and waiting money."""
    me = call.speaker.person.id
    spendable = await call.desk.book.balances(me)
    waiting = await call.desk.book.claimable(me)
    own = call.desk.settings.currency
    facts: Facts = {
        "spendable": tuple({"amount": money} for money in spendable or (Money.zero(own),)),
        "held": tuple({"amount": money} for money in await call.desk.book.held(me)),
        "waiting": tuple(
            {"amount": transfer.amount, "payment": transfer.id, "payer": transfer.payer_mxid}
            for transfer in waiting
        ),
    }
    return Answer(key="balance.told", facts=facts)
