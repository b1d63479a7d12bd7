"""The evening's gig: tickets on sale, and two doors at which everybody shows theirs at the same time."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.marketday.square import GIG, PATIENCE_SECONDS

if TYPE_CHECKING:
    from tests.chaos.talker import Talker
    from tests.flows.dinner import Guest
    from tests.marketday.square import Shop

CODE: Final = re.compile(r"PBT1:[A-Z0-9:-]+")
LETS_IN: Final = "valid, let them in"
USED: Final = "used already"


@dataclass
class Door:
    """Who sells the tickets stands at one door, a customer at the other. `let_in` counts by code."""

    shop: Shop
    customers: Sequence[Talker]
    codes: list[str] = field(default_factory=list)
    let_in: Counter[str] = field(default_factory=Counter)

    async def sells(self) -> None:
        """Put them on sale, and somebody at the second door."""
        guest = self.shop.talker.guest
        line = f'!ticket new "{GIG.name}" {GIG.cents / 100:.2f} EUR x{GIG.stock}'
        await guest.asks(line, GIG.name, guest.chat)
        keeper = self.customers[0].guest
        await guest.asks(f"!ticket staff {GIG.name} {keeper.id}", "at the door", guest.room)

    async def opens(self) -> None:
        """Everybody's tickets, as they have them in their direct messages, at both doors at once."""
        for customer in self.customers:
            for said in customer.listen().said.values():
                if said.room == customer.guest.chat and said.replaces is None:
                    self.codes += CODE.findall(said.body)
        await asyncio.gather(self._looks(self.shop.talker.guest), self._looks(self.customers[0].guest))

    async def _looks(self, keeper: Guest) -> None:
        for code in self.codes:
            typed = await keeper.types(f"!ticket door {code}", keeper.chat)
            answer = await keeper.person.wait_for(
                keeper.chat,
                lambda seen: LETS_IN in seen.body or USED in seen.body,
                PATIENCE_SECONDS,
                after=typed,
            )
            self.let_in[code] += LETS_IN in answer.body
