"""`!buy`: buy an item by the address of its page, without a room in which its shop is."""

from __future__ import annotations

from dataclasses import replace

from paybridge.commands import _basket
from paybridge.commands._frame import Answer, Call, command
from paybridge.commands._shop_words import read_page


@command(
    "buy",
    usage="[2] https://pay.example.org/buy/…",
    examples=(
        "!buy https://pay.example.org/buy/5f1c7a90d2e84b6f8a3e0c9d7b21f604",
        "!buy 2 5f1c7a90d2e84b6f8a3e0c9d7b21f604",
    ),
    aliases=("买",),
    moves_money=True,
)
async def buy(call: Call) -> Answer:
    """Show the basket and its card, as `!order` does."""
    wanted = read_page(call.words)
    counter = await call.desk.checkout.counter(wanted.name)
    named = replace(wanted, name=counter.items[0][0])
    drafted, paper = await call.desk.orders.order(call.speaker, counter, [named], call.room, anywhere=True)
    return await _basket.shown(call, drafted, paper)
