"""`!status`: where a payment or request stands."""

from __future__ import annotations

from paybridge.commands import _serving
from paybridge.commands._frame import (
    Answer,
    Call,
    Facts,
    Money,
    NoSuchPaymentError,
    Role,
    TransferKind,
    command,
    read_payment_id,
)


@command("status", usage="PB-7K3QD", examples=("!status PB-7K3QD",), aliases=("状态",), role=Role.RECEIVE)
async def status(call: Call) -> Answer:
    """Tell payer and payee where it stands; to everybody else it does not exist."""
    payment = read_payment_id(call.first)
    sale = await call.desk.book.sale(payment)
    if sale is not None and sale.paid is not None:
        return await _serving.show(call, payment)
    facts: Facts
    me = call.speaker.person.id
    transfer = await call.desk.book.transfer(payment)
    if transfer is not None and me in {transfer.payer, transfer.payee}:
        state = await call.desk.overview.state_of(transfer)
        facts = {
            "payment": transfer.id,
            "amount": transfer.amount,
            "fee": transfer.fees,
            "payer": await call.side(transfer.payer, transfer.payer_mxid),
            "payee": await call.side(transfer.payee, transfer.payee_mxid),
            "original": transfer.original or "",
            "refunded": ({"sum": Money(transfer.refunded, transfer.amount.currency)},)
            if transfer.refunded
            else (),
            "at": transfer.updated or transfer.created,
        }
        own = "" if transfer.kind is TransferKind.PAY else f"{transfer.kind}."
        private = await _is_private(call, transfer.room if transfer.kind.between_people else call.room.id)
        return Answer(key=f"status.{own}{state}", facts=facts, private=private)
    bundle = await call.desk.book.bundle(payment)
    if bundle is not None and bundle.payer == me:
        parts: tuple[Facts, ...] = tuple(
            {"payment": part.id, "amount": part.amount, "payee": call.who(part.payee_mxid)}
            for part in bundle.parts
        )
        facts = {"payment": bundle.id, "amount": bundle.amount, "parts": parts}
        return Answer(key="status.bundle", facts=facts, private=await _is_private(call, bundle.room))
    request = await call.desk.book.request(payment)
    if request is None or me not in {request.asker, request.asked}:
        raise NoSuchPaymentError(payment=payment)
    facts = {
        "payment": request.id,
        "amount": request.shown,
        "paid": ({"sum": request.paid_so_far, "whole": request.amount},) if request.paid_in_part else (),
        "flexible": ({"payment": request.id},) if request.flexible else (),
        "asker": call.who(request.asker_mxid),
        "asked": call.who(request.asked_mxid),
        "until": request.expires,
    }
    private = await _is_private(call, request.room)
    return Answer(key=f"status.request.{request.state}", facts=facts, private=private)


async def _is_private(call: Call, room: str) -> bool:
    """Whether amounts are hidden where it was paid, or where it is asked about."""
    hides = call.desk.policies.hides_amounts
    return await hides(room) or await hides(call.room.id)
