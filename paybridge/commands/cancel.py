"""`!cancel`: take back a card, a request, money that nobody has claimed yet, or what comes round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paybridge.commands._frame import Answer, Call, Facts, Role, Step, UserError, command, read_payment_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.commands._frame import Repeat


class NothingToCancelError(UserError):
    """Nothing of this person's is open; what comes round is ended by its id."""

    key = "error.nothing_to_cancel"

    def __init__(self, *, repeats: Sequence[str] = ()) -> None:
        super().__init__()
        self._repeats = tuple(repeats)

    def lines(self) -> tuple[str, ...]:
        return (*(f"!cancel {repeat}" for repeat in self._repeats[:2]), "!history")


class CancelMembershipError(UserError):
    """What the id names pays for a membership."""

    key = "error.cancel_membership"

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)

    def lines(self) -> tuple[str, ...]:
        return (f'!membership leave "{self.facts()["name"]}"',)


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
    repeat = await call.desk.repeats.of(call.speaker, payment)
    if repeat is not None:
        return await _end(call, repeat)
    step, says = await call.desk.cancellations.cancel(call.speaker, payment)
    return Answer(step, says=says)


async def _end(call: Call, repeat: Repeat) -> Answer:
    """End what comes round; a membership is left by its name, which tells what its notice makes of it."""
    if repeat.club is not None and repeat.state != "offered":
        raise CancelMembershipError(name=await call.desk.dues.name(repeat))
    ended = await call.desk.repeats.stop(repeat)
    facts: Facts = {"payment": repeat.id, "payee": call.who(repeat.payee_mxid)}
    return Answer(Step(records=(ended,)), key="repeat.stopped", facts=facts, private=True)


async def _the_open_one(call: Call) -> str:
    waiting = [one.id for one in await call.desk.repeats.waiting(call.speaker.person.id)]
    cancellable = [*waiting, *(await call.desk.cancellations.open_of(call.speaker))]
    if not cancellable:
        own = await call.desk.repeats.own(call.speaker)
        raise NothingToCancelError(repeats=[one.id for one in own])
    if len(cancellable) > 1:
        raise WhichToCancelError(payments=cancellable)
    return cancellable[0]
