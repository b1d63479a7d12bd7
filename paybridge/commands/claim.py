"""`!claim`: take money that was sent before an account was linked."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Money, Role, command, read_payment_id


@command(
    "claim",
    usage="[PB-7K3QD]",
    examples=("!claim",),
    aliases=("领取",),
    role=Role.RECEIVE,
    proven=True,
    while_frozen=True,
)
async def claim(call: Call) -> Answer:
    """Move what waits into the balance: one payment, or everything."""
    payment = read_payment_id(call.first) if call.first else None
    step, says, claimed = await call.desk.claims.claim(call.speaker, payment)
    total: dict[str, Money] = {}
    for transfer in claimed:
        currency = transfer.amount.currency
        total[currency] = total.get(currency, Money.zero(currency)) + transfer.amount
    sums = tuple({"amount": money} for money in total.values())
    rooms = {transfer.room for transfer in claimed} | {call.room.id}
    private = any([await call.desk.policies.hides_amounts(room) for room in sorted(rooms)])
    return Answer(
        step, key="claim.done", facts={"sums": sums}, lines=("!cashout all",), says=says, private=private
    )
