"""`!claim`: take money that was sent before an account was linked."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Money, Role, command, read_payment_id


async def claim_over_bridge(call: Call) -> Answer:
    """The same for an account on another network, which links no account; a name is anybody's."""
    if not call.desk.bridged.is_account(call.speaker.mxid):
        raise call.desk.bridged.refuse_ghost(call.speaker.mxid)
    return await _claim(call, without_account=True)


@command(
    "claim",
    usage="[PB-7K3QD]",
    examples=("!claim",),
    aliases=("领取",),
    role=Role.RECEIVE,
    proven=True,
    while_frozen=True,
    over_bridge=claim_over_bridge,
)
async def claim(call: Call) -> Answer:
    """Move what waits into the balance: one payment, or everything."""
    return await _claim(call)


async def _claim(call: Call, *, without_account: bool = False) -> Answer:
    payment = read_payment_id(call.first) if call.first else None
    step, says, claimed = await call.desk.claims.claim(call.speaker, payment, without_account=without_account)
    total: dict[str, Money] = {}
    for transfer in claimed:
        currency = transfer.amount.currency
        total[currency] = total.get(currency, Money.zero(currency)) + transfer.amount
    sums = tuple({"amount": money} for money in total.values())
    rooms = {transfer.room for transfer in claimed} | {call.room.id}
    private = any([await call.desk.policies.hides_amounts(room) for room in sorted(rooms)])
    lines = () if without_account else ("!cashout all",)
    return Answer(step, key="claim.done", facts={"sums": sums}, lines=lines, says=says, private=private)
