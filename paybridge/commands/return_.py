"""`!return`: send unclaimed money back to whoever sent it."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Role, command, read_payment_id


@command(
    "return",
    usage="PB-7K3QD",
    examples=("!return PB-7K3QD",),
    aliases=("退回",),
    role=Role.RECEIVE,
    proven=True,
)
async def send_back(call: Call) -> Answer:
    """Reverse exactly that payment; it is never a new one."""
    payment = read_payment_id(call.first)
    step, says = await call.desk.claims.send_back(call.speaker, payment)
    return Answer(step, key="return.done", facts={"payment": payment}, says=says)
