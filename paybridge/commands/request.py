"""`!request`: ask someone in the room for money."""

from __future__ import annotations

from paybridge.commands._frame import Answer, Call, command, read_due, read_flexible, read_payment


@command(
    "request",
    usage="@someone 8 EUR [flexible] [by friday] [what for]",
    examples=(
        "!request @bob:example.org 8 EUR for taxi",
        "!request 18,40 € @bob:example.org",
        "!request @bob:example.org 20 EUR flexible by friday",
    ),
    aliases=("ask", "收", "收款"),
    moves_money=True,
    while_frozen=True,
)
async def request(call: Call) -> Answer:
    """Post a request that the person asked accepts or declines."""
    words, until = read_due(call.words, call.desk.clock.now(), await call.zone())
    words, flexible = read_flexible(words)
    said = read_payment(words, await call.people(), await call.currency())
    asked = await call.desk.people.know(said.payee)
    made = await call.desk.requests.ask(
        call.speaker, asked, said.amount.money, said.note, call.room, until, flexible=flexible
    )
    return Answer(made.step, says=made.says)
