"""`!accept`: pay what somebody asked you for."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, UserError, command, read_payment_id


class NothingToAcceptError(UserError):
    """Nobody asks this person for money."""

    key = "error.nothing_to_accept"


class WhichRequestError(UserError):
    """Several requests are open to this person."""

    key = "error.which_request"

    def __init__(self, *, count: int) -> None:
        super().__init__(count=count)


@command(
    "accept",
    usage="[PB-7K3QD]",
    examples=("!accept PB-7K3QD",),
    aliases=("接受",),
    moves_money=True,
)
async def accept(call: Call) -> Answer:
    """Show the card for paying a request; without an id, the only one there is."""
    request = await call.desk.requests.find(await asked_for(call))
    room = await call.desk.rooms.facts(request.room)
    drafted = await call.desk.requests.accept(request, call.speaker, call.desk.payments, room)
    card = call.desk.news.card(drafted.transfer, call.speaker.person, drafted.source.link, room.members)
    return Answer(drafted.step, says=(card,))


async def asked_for(call: Call) -> str:
    """The id of the request that is meant."""
    if call.first:
        return read_payment_id(call.first)
    waiting = await call.desk.book.requests_to(call.speaker.person.id)
    if not waiting:
        raise NothingToAcceptError
    if len(waiting) > 1:
        raise WhichRequestError(count=len(waiting))
    return waiting[0].id
