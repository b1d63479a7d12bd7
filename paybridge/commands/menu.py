"""`!menu`: what the shop in this room sells."""

from __future__ import annotations

from paybridge.commands._frame import (
    Answer,
    Call,
    Facts,
    Role,
    command,
    read_who,
)
from paybridge.commands._shop_words import (
    menu_row,
    opens_next,
)


@command(
    "menu",
    usage="[@someone]",
    examples=("!menu", "!menu @bob:example.org"),
    aliases=("菜单",),
    role=Role.RECEIVE,
)
async def menu(call: Call) -> Answer:
    """List what the shop sells; with several shops in the room, that of whom is named."""
    owner = read_who(call.words, await call.people()) if call.words else None
    counter = await call.desk.orders.here(call.room, owner)
    rows: tuple[Facts, ...] = tuple(menu_row(name, one) for name, one in counter.items)
    there = [name for name, one in counter.items if one.stock != 0] or [name for name, _ in counter.items]
    example = ", ".join(f"{2 - at} {name}" for at, name in enumerate(there[:2]))
    hours = counter.shop.hours
    opens = opens_next(counter.shop, call.desk.clock.now(), await call.desk.stock.zone(counter.owner.id))
    facts: Facts = {
        "example": example,
        "shop": counter.name,
        "owner": call.who(counter.shop.owner_mxid),
        "items": rows,
        "hours": ({"words": hours},) if hours else (),
        "closed": ({"at": opens},) if opens else (),
    }
    return Answer(key="menu.told" if rows else "menu.empty", facts=facts)
