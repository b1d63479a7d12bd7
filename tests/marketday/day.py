"""One day: everybody orders and pays at once, the bot is killed meanwhile, and some is given back."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from paybridge.demo.stage import Stage
from tests.chaos.killer import Killer
from tests.harness import People
from tests.marketday.door import Door
from tests.marketday.judge import judge
from tests.marketday.shopping import Shopping
from tests.marketday.square import GIG, choices, open_square, owners_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from paybridge.demo.homeserver import Homeserver
    from tests.marketday.judge import Verdict


@dataclass(frozen=True, slots=True)
class Size:
    """How large a day is; one paid order in `refunds` is given back."""

    shops: int = 3
    people: int = 20
    orders: int = 200
    refunds: int = 10
    tickets: int = 40


async def play(
    homeserver: Homeserver, directory: Path, size: Size, seed: int, tell: Callable[[str], None]
) -> Verdict:
    """Play a day of this size and judge it; `directory` is there and empty."""
    people, began = People(homeserver, directory / "people"), time.monotonic()

    def said(what: str) -> None:
        tell(f"[{time.monotonic() - began:5.1f} s] {what}")

    owners = await owners_of(homeserver, people, size.shops)
    try:
        await asyncio.to_thread((directory / "stage").mkdir)
        async with Stage(directory / "stage", homeserver, choices=choices(owners)) as stage:
            square = await open_square(stage, owners, people, size.people, seed)
            said(f"{size.people} people stand before {len(square.shops)} shops")
            shopping = Shopping(square)
            await shopping.everybody_orders(size.orders)
            said(f"{len(shopping.baskets)} orders are answered")
            killer = Killer(stage, square.customers, Random(seed))  # noqa: S311 - to be repeated
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(shopping.everybody_pays())
                await shopping.half_is_confirmed()
                await killer.kill_bot()
                await killer.until_ready()
                said(f"killed with work in hand: {'yes' if killer.in_hand else 'no'}; up again")
            await shopping.until_over()
            said("every order is paid or sold out")
            door = Door(square.shops[-1], square.customers)
            await door.sells()
            await shopping.everybody_wants_tickets(door.shop, size.tickets)
            await shopping.everybody_pays()
            await shopping.until_over()
            said(f"{size.tickets} tickets were wanted, of which there are {GIG.stock}")
            await door.opens()
            said("everybody with a ticket was at both doors")
            # Only now: what lies in a balance pays for several cards at once, and covers some of them.
            await shopping.shops_give_back(size.refunds)
            said("refunds are through")
            return await judge(shopping, door)
    finally:
        await people.leave()
