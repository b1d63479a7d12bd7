"""`!verify`: whether a payment is real, with a signed receipt that proves it anywhere."""

from __future__ import annotations

from paybridge.commands._frame import (
    Answer,
    Call,
    Fact,
    Money,
    Role,
    command,
    read_payment_id,
)

SAID_OF = {
    "settled": "paid",
    "claimed": "paid",
    "claimable": "waiting",
    "under_way": "under_way",
    "unsure": "under_way",
    "returned": "returned",
    "refused": "refused",
    "reversed": "reversed",
}
"""What is said of a payment in each state; in every other one nothing was paid."""


@command("verify", usage="PB-7K3QD", examples=("!verify PB-7K3QD",), aliases=("核实",), role=Role.RECEIVE)
async def verify(call: Call) -> Answer:
    """Prove a payment to whoever may see it; to everybody else it does not exist."""
    payment = read_payment_id(call.first)
    proven = await call.desk.receipts.prove(call.speaker.person, payment, call.room)
    transfer = proven.transfer
    state = await call.desk.overview.state_of(transfer)
    refunded = Money(transfer.refunded, transfer.amount.currency)
    sums: dict[str, Fact] = {
        "sum": () if proven.hides else ({"amount": transfer.amount},),
        "refunded": ({"back": refunded},) if refunded.is_positive and not proven.hides else (),
    }
    facts = sums | {
        "payment": transfer.id,
        "payer": await call.side(transfer.payer, transfer.payer_mxid),
        "payee": await call.side(transfer.payee, transfer.payee_mxid),
        "at": transfer.created,
        "refund": ({"original": transfer.original},) if transfer.original else (),
    }
    return Answer(
        key=f"verify.{SAID_OF.get(state, 'not_paid')}",
        facts=facts,
        lines=(proven.line,) if proven.line else (),
        private=proven.privately,
    )
