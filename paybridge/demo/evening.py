"""What six friends type on an evening out, from the dinner that they split to a month's statement."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from paybridge.demo.scene import KEY, Line, Scene, about, of

if TYPE_CHECKING:
    from paybridge.demo.person import Seen

NAMES: Final = ("Alice", "Bob", "Carol", "Dave", "Erin", "Frank")
IBANS: Final = {
    "Alice": "DE56 3704 0044 7210 0010 01",
    "Bob": "DE29 3704 0044 7210 0010 02",
    "Carol": "DE02 3704 0044 7210 0010 03",
    "Dave": "DE72 3704 0044 7210 0010 04",
    "Erin": "DE45 3704 0044 7210 0010 05",
    "Frank": "DE18 3704 0044 7210 0010 06",
}


@dataclass
class Evening(Scene):
    """The evening of six, one of whom reads plain text only."""

    name: str = "Friday"
    plain: str = "Frank"
    board: Seen | None = None
    statement: Seen | None = None
    pages: bytes = b""
    """The statement as a PDF, as Alice's client opens it."""

    async def spend(self) -> None:
        """Everything, in order."""
        await self._meet()
        await self._dinner()
        await self._taxi_and_money_back()
        await self._a_slip()
        await self._no()
        await self._trip()
        await self._two_at_once_and_a_contact()
        await self._plain_text()
        await self._account()

    async def _meet(self) -> None:
        await self.gather("Alice")
        self.told.append(
            "“Friday” is a room of six friends and the bot; [direct] is the chat that each of them has with"
            " it alone. That is where Alice links her bank account. The others have done the same."
        )
        await self.links("Alice", IBANS["Alice"])
        before = len(self.told)
        await asyncio.gather(*(self.links(name, IBANS[name]) for name in NAMES[1:]))
        del self.told[before:]

    async def _dinner(self) -> None:
        self.told.append(
            "Dinner for four was 80 EUR, and Alice paid at the table. One message keeps the account of it. "
            "Whoever accepts their share is first shown a card with every term, and nothing moves before "
            "its code is typed."
        )
        others = " ".join(self.id_of(name) for name in ("Bob", "Carol", "Dave"))
        board = await self.asks("Alice", f"!split 80 EUR {others} for dinner", "not paid yet")
        asked = {share["payer"]: share["request"] for share in board.content[KEY]["shares"]}
        for name in ("Bob", "Carol", "Dave"):
            await self.pays(name, f"!accept {asked[self.id_of(name)]}")
        self.board = await self.sees("Alice", about(str(board.content[KEY]["id"]), "settled"))

    async def _taxi_and_money_back(self) -> None:
        self.told.append(
            "Carol pays Erin for the taxi from her bank account. It was too much: Erin gives a part of it "
            "back."
        )
        taxi = await self.pays("Carol", f"!pay {self.id_of('Erin')} 18,40 EUR from bank for taxi")
        await self.pays("Erin", f"!refund {taxi} 8.40 EUR")

    async def _a_slip(self) -> None:
        self.told.append(
            "Dave mistypes. What can be read in two ways is not guessed, a verb that does not exist is not "
            "run, and each answer ends with lines to copy."
        )
        erin = self.id_of("Erin")
        await self.asks("Dave", f"!pay {erin} 1.234 EUR for the tip", "Nothing was sent.")
        await self.asks("Dave", f"!pays {erin} 2 EUR for the tip", "Did you mean this?")

    async def _no(self) -> None:
        self.told.append("Bob asks Frank for money. Frank says no and why, and nothing moves.")
        line = f"!request {self.id_of('Frank')} 12 EUR for karaoke"
        typed = await self.types("Bob", line)
        asked = await self.sees("Frank", lambda seen: of(seen).get("state") == "open", after=typed)
        payment = str(of(asked)["id"])
        await self.types("Frank", f"!decline {payment} I was not there")
        await self.sees("Bob", about(payment, "declined"))

    async def _trip(self) -> None:
        self.told.append(
            "Erin, Bob and Carol keep the list of their trip, also of what was paid in another currency. "
            "In the end Carol reads who owes whom and why, and that one payment settles all of it."
        )
        bob, carol = self.id_of("Bob"), self.id_of("Carol")
        await self.asks("Erin", f"!trip start Bled EUR {bob} {carol}", "is open")
        await self.asks("Erin", "!trip add 30 EUR boat @all", "Expense 1")
        await self.asks("Bob", f"!trip add 12.50 USD at 0.80 museum {carol}", "Expense 2")
        await self.asks("Carol", "!trip settle", "owes")
        board = await self.asks("Carol", "!trip settle net", "from the trip")
        await self.pays("Carol", f"!accept {board.content[KEY]['shares'][0]['request']}")
        await self.sees("Erin", about(str(board.content[KEY]["id"]), "settled"))

    async def _two_at_once_and_a_contact(self) -> None:
        self.told.append(
            "Alice pays two people with one code, gives Dave a name of her own, and pays him by it."
        )
        both = f"{self.id_of('Erin')} {self.id_of('Frank')}"
        typed = await self.types("Alice", f"!pay {both} 5 EUR each for cake")
        card = await self.card("Alice", typed)
        await self.types("Alice", f"!confirm {of(card)['code']}")
        for part in card.content[KEY]["parts"]:
            await self.sees("Alice", about(str(part["id"]), "settled"))
        await self.asks("Alice", f"!contact add chef {self.id_of('Dave')}", "chef", self.chats["Alice"])
        await self.pays("Alice", "!pay chef 3 EUR for spices")

    async def _plain_text(self) -> None:
        self.told.append(
            "Frank's client writes and shows plain text only, as on IRC: he types a name instead of a "
            "mention, and all that the bot says reads the same without colours, bold or pictures."
        )
        await self.pays("Frank", "!pay Bob 4 EUR for coffee")

    async def _account(self) -> None:
        self.told.append(
            "At the end Alice looks at what she has and asks for her month: as a table and as pages to "
            "print, in files that only her client can open."
        )
        chat = self.chats["Alice"]
        await self.asks("Alice", "!balance", "balance", chat)
        await self.asks("Alice", "!history received", "that you received", chat)
        table = await self.asks("Alice", "!statement csv", "Your statement for", chat)
        rows = (await self.people["Alice"].download(table)).decode("utf-8-sig")
        self.told.append(Line(str(table.content["filename"]), "direct", "\n".join(["", *rows.splitlines()])))
        self.statement = await self.asks("Alice", "!statement", "Your statement for", chat)
        self.pages = await self.people["Alice"].download(self.statement)
