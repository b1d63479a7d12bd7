"""`!order`: buy what a shop in this room sells, and see how far it is."""

from __future__ import annotations

from paybridge.commands import _basket, _serving
from paybridge.commands._frame import (
    Answer,
    Call,
    command,
    read_who,
    with_full_ids,
)
from paybridge.commands._shop_words import (
    looks_like_order,
    read_wanted,
)


@command(
    "order",
    usage="[@someone] 2 latte, 1 cake | 12 | ready … | shipped … | done … | cancel … | refund 12 [1 latte]",
    examples=(
        "!order 2 latte, 1 cake",
        "!order @bob:example.org 2 latte",
        "!orders",
        "!order 12",
        "!order ready 12",
        "!order refund 12 1 latte",
    ),
    aliases=("orders", "点", "订购"),
    moves_money=True,
)
async def order(call: Call) -> Answer:
    """Show the basket and its card, list what is open, or say how far an order is."""
    if not call.words:
        return await _serving.list_open(call)
    if looks_like_order(call.words):
        return await _serving.show(call, call.words)
    if _serving.is_act(call):
        return await _serving.act(call)
    # A mention shows a name, which could be taken for that of an item.
    owner, words = None, with_full_ids(call.words, call.spoken.pills)
    if words.startswith("@"):
        named, _, words = words.partition(" ")
        owner = read_who(named, await call.people())
    counter = await call.desk.orders.here(call.room, owner)
    drafted, paper = await call.desk.orders.order(call.speaker, counter, read_wanted(words), call.room)
    return await _basket.shown(call, drafted, paper)
