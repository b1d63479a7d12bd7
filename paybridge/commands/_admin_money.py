"""The part of `!admin` about money that is to be settled by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paybridge.commands._admin_motions import waits
from paybridge.commands._admin_people import whom
from paybridge.commands._frame import (
    NOBODY,
    Answer,
    Call,
    PayeeMissingError,
    UserError,
    looks_like_payment_id,
    read_payment_id,
)

if TYPE_CHECKING:
    from paybridge.commands._frame import Facts

TO: Final = frozenset({"to", "给"})


class WhatToSettleError(UserError):
    """What follows is neither a payment and a person, nor a person and `write-off`."""

    key = "error.what_to_settle"

    def lines(self) -> tuple[str, ...]:
        return ("!admin suspense",)


async def suspense(call: Call, words: str) -> Answer:
    """List what is to be settled; give what lies in suspense to somebody; write off what somebody owes."""
    if not words:
        return await _list(call)
    if looks_like_payment_id(words.split(maxsplit=1)[0]):
        return await _assign(call, words)
    return await _write_off(call, words)


async def _list(call: Call) -> Answer:
    lying = await call.desk.suspense.lying()
    if not (lying.sums or lying.legs or lying.debts):
        return Answer(key="admin.nothing_suspended")
    debts: list[Facts] = []
    for debt in lying.debts:
        who = next(iter(await call.desk.book.mxids_of(debt.person)), NOBODY)
        debts.append({"who": who, "owed": debt.owed, "payments": ", ".join(debt.payments)})
    facts: Facts = {
        "sums": tuple({"rail": rail, "amount": amount} for rail, amount in lying.sums),
        "orders": tuple(
            {"payment": leg.transfer, "kind": leg.kind.value, "amount": leg.amount, "rail": leg.rail}
            for leg in lying.legs
        ),
        "debts": tuple(debts),
    }
    return Answer(key="admin.suspense", facts=facts)


async def _assign(call: Call, words: str) -> Answer:
    typed, *rest = words.split()
    if rest and rest[0].casefold() in TO:
        rest = rest[1:]
    if not rest:
        raise PayeeMissingError
    known, _ = await whom(call, " ".join(rest))
    asked = await call.desk.administration.assign(call.speaker.mxid, read_payment_id(typed), known)
    step, motion, _total = asked
    return waits(step, motion, known)


async def _write_off(call: Call, words: str) -> Answer:
    known, rest = await whom(call, words)
    if rest.casefold() not in {"write-off", "核销"}:
        raise WhatToSettleError
    step, motion, _owed = await call.desk.administration.write_off(call.speaker.mxid, known)
    return waits(step, motion, known)
