"""`!cancel`: take back a card, a request, or money that nobody has claimed yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.commands._frame import Answer, Call, Role, UserError, command, read_payment_id

if TYPE_CHECKING:
    from collections.abc import Sequence


class NothingToCancelError(UserError):
    """Nothing of this person's is open."""

    key = "error.nothing_to_cancel"

    def lines(self) -> tuple[str, ...]:
        return ("!history",)


class WhichToCancelError(UserError):
    """Several things are open."""

    key = "error.which_to_cancel"

    def __init__(self, *, payments: Sequence[str]) -> None:
        super().__init__(payments=", ".join(payments))
        self._payments = tuple(payments)

    def lines(self) -> tuple[str, ...]:
        return tuple(f"!cancel {payment}" for payment in self._payments[:3])


@command(
    "cancel",
    usage="[PB-7K3QD]",
    examples=("!cancel PB-7K3QD",),
    aliases=("undo", "no", "取消", "撤销"),
    role=Role.RECEIVE,
)
async def cancel(call: Call) -> Answer:
    """Cancel what the id names; without one, what is open if it is only one thing."""
    payment = read_payment_id(call.first) if call.first else await _the_open_one(call)
    step, says = await call.desk.cancellations.cancel(call.speaker, payment)
    return Answer(step, says=says)


async def _the_open_one(call: Call) -> str:
    cancellable = await call.desk.cancellations.open_of(call.speaker)
    if not cancellable:
        raise NothingToCancelError
    if len(cancellable) > 1:
        raise WhichToCancelError(payments=cancellable)
    return cancellable[0]
