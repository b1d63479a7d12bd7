"""`!confirm`: approve a card by its code."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, Role, UserError, command, read_code, read_digits


class CodeMissingError(UserError):
    """The word is not an approval code."""

    key = "error.code_missing"


@command(
    "confirm",
    usage="7Q4F [123456]",
    examples=("!confirm 7Q4F",),
    aliases=("确认",),
    moves_money=True,
    role=Role.RECEIVE,
    takes_factor=True,
)
async def confirm(call: Call) -> Answer:
    """Approve the open card with this code, which belongs to exactly these terms; and the second factor's."""
    code = read_code(call.first)
    if code is None:
        raise CodeMissingError
    offered = await call.desk.repeats.offered(call.speaker.person.id, code)
    if offered is not None:
        step, says = await call.desk.repeats.approve(
            offered, call.speaker, call.spoken.proof, read_digits(call.rest)
        )
        return Answer(step, says=says)
    proposal = await call.desk.proposals.waiting(call.speaker.person.id, code)
    if proposal is not None:
        step, says = await call.desk.proposals.approve(
            proposal, call.speaker, call.spoken.proof, read_digits(call.rest)
        )
        elsewhere = all(say.room != call.room.id for say in says)
        return Answer(step, key="kitty.thanks" if elsewhere else None, says=says)
    card = await call.desk.approvals.find(call.speaker.person.id, code)
    call.desk.bridged.check_approver(card, call.speaker, code)
    step, says = await call.desk.approvals.approve(card, call.spoken.proof, read_digits(call.rest))
    return Answer(step, says=says)
