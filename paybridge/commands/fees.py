"""`!fees`: what an amount costs, each way that it could be sent."""

from __future__ import annotations

from typing import Final

from paybridge.commands._frame import (
    Answer,
    Call,
    Cost,
    Facts,
    Money,
    Place,
    Role,
    TransferKind,
    command,
    read_amount_only,
)

_WAYS: Final = {
    "paid": TransferKind.PAY,
    "topped_up": TransferKind.TOPUP,
    "cashed_out": TransferKind.CASHOUT,
}


@command(
    "fees",
    usage="EUR 50",
    examples=("!fees EUR 50",),
    aliases=("费用",),
    place=Place.ANSWERED_DIRECTLY,
    role=Role.RECEIVE,
)
async def fees(call: Call) -> Answer:
    """Ask the rails of the person's accounts; nothing is sent."""
    amount = read_amount_only(call.words, await call.currency())
    costs = await call.desk.costs.of(call.speaker.person.id, amount)
    refused = [cost.link.masked for cost in costs if cost.fee is None]
    house = call.desk.settings.region.fee(amount)
    facts: Facts = {
        "amount": amount,
        "house": house,
        **{
            name: tuple(_row(cost, amount) for cost in costs if cost.kind is kind and cost.fee is not None)
            for name, kind in _WAYS.items()
        },
        "not_taken": tuple({"account": account} for account in dict.fromkeys(refused)),
        "no_account": () if costs else ({"currency": amount.currency},),
    }
    return Answer(key="fees.told", facts=facts)


def _row(cost: Cost, amount: Money) -> Facts:
    fee = cost.fee or Money.zero(amount.currency)
    return {"account": cost.link.masked, "fee": fee, "total": amount + fee}
