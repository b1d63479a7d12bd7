"""A house beside the real bank, and people who have accounts there."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from tests.fakes.house import House, keys, words

if TYPE_CHECKING:
    import aiohttp

    from tests.bank.bank_client import MovableClock

NUMBERS = {"EUR": "DE89 3704 0044 0532 0130 00", "INR": "anna@okbank", "BRL": "+55 (11) 91234-5678"}


@dataclass
class Town:
    """A house, the bank that its rail speaks to, and the bank's clock."""

    house: House
    bank: str
    http: aiohttp.ClientSession
    clock: MovableClock

    async def entries(self, number: str) -> list[dict[str, object]]:
        compact = "".join(number.split())
        async with self.http.get(f"{self.bank}/accounts/{compact}/statement") as answer:
            found: list[dict[str, object]] = (await answer.json())["entries"]
            return found

    async def link(self, mxid: str, number: str) -> str:
        """Link an account as people do: read the code in its statement. What is said in the end."""
        assert keys(await self.house.hear(mxid, f"!link {number}")) == ["link.begun"]
        told = next(str(entry["text"]) for entry in await self.entries(re.split(" name | 户名 ", number)[0]))
        code = re.fullmatch(r"PAYBRIDGE ([0-9]{4})", told)
        assert code is not None
        said = await self.house.hear(mxid, f"!link verify {code[1]}")
        assert keys(said) == ["link.verified"]
        return words(said)

    async def do(self, mxid: str, line: str, room: str | None = None) -> list[str]:
        """Type a line, confirm its card, and let everything settle; what the last messages were."""
        assert (await self.house.hear(mxid, line, room))[-1].key.endswith(".card")
        await self.house.hear(mxid, "!yes", room)
        return keys(await self.house.carry())

    async def balance(self, mxid: str, currency: str) -> int:
        person = await self.house.book.person_of(mxid)
        assert person is not None
        return (await self.house.book.balance(person.id, currency)).minor


OpenTown: TypeAlias = Callable[[str], Awaitable[Town]]
"""Opens a town whose house counts in this currency."""
