"""What six friends type on an evening out, from the dinner that they split to a month's statement."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paybridge.demo.person import Person, Seen
    from paybridge.demo.stage import Stage

NAMES: Final = ("Alice", "Bob", "Carol", "Dave", "Erin", "Frank")
KEY: Final = "org.paybridge.payment"
IBANS: Final = {
    "Alice": "DE56 3704 0044 7210 0010 01",
    "Bob": "DE29 3704 0044 7210 0010 02",
    "Carol": "DE02 3704 0044 7210 0010 03",
    "Dave": "DE72 3704 0044 7210 0010 04",
    "Erin": "DE45 3704 0044 7210 0010 05",
    "Frank": "DE18 3704 0044 7210 0010 06",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the evening: by whom, in which room, and whether it took the place of an earlier one."""

    who: str
    where: str
    text: str
    edited: bool = False


@dataclass
class Evening:
    """The evening in one encrypted room; each step waits for its answer, which keeps the lines in order."""

    stage: Stage
    people: Mapping[str, Person]
    room: str = ""
    chats: dict[str, str] = field(default_factory=dict)
    told: list[Line | str] = field(default_factory=list)
    """The lines in order, and between them what the narrator says."""

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

    def lines(self) -> list[Line]:
        """What was written, without the narrator."""
        return [line for line in self.told if isinstance(line, Line)]

    def id_of(self, name: str) -> str:
        """A person's Matrix id."""
        return self.people[name].user_id

    async def balance(self, name: str) -> str:
        """What the bot says of a person's balance."""
        return (await self._asks(name, "!balance", "balance", self.chats[name])).body

    async def _meet(self) -> None:
        host = self.people["Alice"]
        invited = [*(self.id_of(name) for name in NAMES[1:]), self.stage.bot_id]
        self.room = await host.create_room("Friday", invited)
        for person in self.people.values():
            for who in (host.user_id, *invited):
                await person.wait_for_member(self.room, who)
        self.told.append(
            "“Friday” is a room of six friends and the bot; [direct] is the chat that each of them has with"
            " it alone. That is where Alice links her bank account. The others have done the same."
        )
        await self._link("Alice")
        before = len(self.told)
        await asyncio.gather(*(self._link(name) for name in NAMES[1:]))
        del self.told[before:]

    async def _link(self, name: str) -> None:
        chat = await self.people[name].direct_room_with(self.stage.bot_id)
        self.chats[name] = chat
        await self.people[name].wait_for_member(chat, self.stage.bot_id)
        await self._asks(name, f"!link bank {IBANS[name]}", "almost linked", chat)
        code = await self.stage.code_in_statement(IBANS[name])
        await self._asks(name, f"!link verify {code}", "is linked", chat)

    async def _dinner(self) -> None:
        self.told.append(
            "Dinner for four was 80 EUR, and Alice paid at the table. One message keeps the account of it. "
            "Whoever accepts their share is first shown a card with every term, and nothing moves before "
            "its code is typed."
        )
        others = " ".join(self.id_of(name) for name in ("Bob", "Carol", "Dave"))
        board = await self._asks("Alice", f"!split 80 EUR {others} for dinner", "not paid yet")
        asked = {share["payer"]: share["request"] for share in board.content[KEY]["shares"]}
        for name in ("Bob", "Carol", "Dave"):
            await self._pays(name, f"!accept {asked[self.id_of(name)]}")
        self.board = await self._sees("Alice", _about(str(board.content[KEY]["id"]), "settled"))

    async def _taxi_and_money_back(self) -> None:
        self.told.append(
            "Carol pays Erin for the taxi from her bank account. It was too much: Erin gives a part of it "
            "back."
        )
        taxi = await self._pays("Carol", f"!pay {self.id_of('Erin')} 18,40 EUR from bank for taxi")
        await self._pays("Erin", f"!refund {taxi} 8.40 EUR")

    async def _a_slip(self) -> None:
        self.told.append(
            "Dave mistypes. What can be read in two ways is not guessed, a verb that does not exist is not "
            "run, and each answer ends with lines to copy."
        )
        erin = self.id_of("Erin")
        await self._asks("Dave", f"!pay {erin} 1.234 EUR for the tip", "Nothing was sent.")
        await self._asks("Dave", f"!pays {erin} 2 EUR for the tip", "Did you mean this?")

    async def _no(self) -> None:
        self.told.append("Bob asks Frank for money. Frank says no and why, and nothing moves.")
        line = f"!request {self.id_of('Frank')} 12 EUR for karaoke"
        typed = await self._types("Bob", line)
        asked = await self._sees("Frank", lambda seen: _of(seen).get("state") == "open", after=typed)
        payment = str(_of(asked)["id"])
        await self._types("Frank", f"!decline {payment} I was not there")
        await self._sees("Bob", _about(payment, "declined"))

    async def _trip(self) -> None:
        self.told.append(
            "Erin, Bob and Carol keep the list of their trip, also of what was paid in another currency. "
            "In the end Carol reads who owes whom and why, and that one payment settles all of it."
        )
        bob, carol = self.id_of("Bob"), self.id_of("Carol")
        await self._asks("Erin", f"!trip start Bled EUR {bob} {carol}", "is open")
        await self._asks("Erin", "!trip add 30 EUR boat @all", "Expense 1")
        await self._asks("Bob", f"!trip add 12.50 USD at 0.80 museum {carol}", "Expense 2")
        await self._asks("Carol", "!trip settle", "owes")
        board = await self._asks("Carol", "!trip settle net", "from the trip")
        await self._pays("Carol", f"!accept {board.content[KEY]['shares'][0]['request']}")
        await self._sees("Erin", _about(str(board.content[KEY]["id"]), "settled"))

    async def _two_at_once_and_a_contact(self) -> None:
        self.told.append(
            "Alice pays two people with one code, gives Dave a name of her own, and pays him by it."
        )
        both = f"{self.id_of('Erin')} {self.id_of('Frank')}"
        typed = await self._types("Alice", f"!pay {both} 5 EUR each for cake")
        card = await self._card("Alice", typed)
        await self._types("Alice", f"!confirm {_of(card)['code']}")
        for part in card.content[KEY]["parts"]:
            await self._sees("Alice", _about(str(part["id"]), "settled"))
        await self._asks("Alice", f"!contact add chef {self.id_of('Dave')}", "chef", self.chats["Alice"])
        await self._pays("Alice", "!pay chef 3 EUR for spices")

    async def _plain_text(self) -> None:
        self.told.append(
            "Frank's client writes and shows plain text only, as on IRC: he types a name instead of a "
            "mention, and all that the bot says reads the same without colours, bold or pictures."
        )
        await self._pays("Frank", "!pay Bob 4 EUR for coffee")

    async def _account(self) -> None:
        self.told.append(
            "At the end Alice looks at what she has and asks for her month: as a table and as pages to "
            "print, in files that only her client can open."
        )
        chat = self.chats["Alice"]
        await self._asks("Alice", "!balance", "balance", chat)
        await self._asks("Alice", "!history received", "that you received", chat)
        table = await self._asks("Alice", "!statement csv", "Your statement for", chat)
        rows = (await self.people["Alice"].download(table)).decode("utf-8-sig")
        self.told.append(Line(str(table.content["filename"]), "direct", "\n".join(["", *rows.splitlines()])))
        self.statement = await self._asks("Alice", "!statement", "Your statement for", chat)
        self.pages = await self.people["Alice"].download(self.statement)

    async def _pays(self, name: str, line: str) -> str:
        """Type what makes a card, confirm it, and return the id of the payment when it is settled."""
        card = await self._card(name, await self._types(name, line))
        await self._types(name, f"!confirm {_of(card)['code']}")
        payment = str(_of(card)["id"])
        await self._sees(name, _about(payment, "settled"))
        return payment

    async def _card(self, name: str, typed: str) -> Seen:
        return await self._sees(name, lambda seen: _of(seen).get("state") == "awaiting_approval", after=typed)

    async def _asks(self, name: str, line: str, words: str, room: str = "") -> Seen:
        typed = await self._types(name, line, room)
        return await self._sees(name, lambda seen: words in seen.body, room, after=typed)

    async def _types(self, name: str, line: str, room: str = "") -> str:
        person, where = self.people[name], room or self.room
        self.told.append(Line(name, self._label(where), line))
        if name == "Frank":
            return await person.send_content(where, {"msgtype": "m.text", "body": line})
        named = next((who.user_id for who in self.people.values() if who.user_id in line), None)
        return await person.say(where, line, mention=named)

    async def _sees(
        self,
        name: str,
        fits: Callable[[Seen], bool],
        room: str = "",
        *,
        after: str | None = None,
    ) -> Seen:
        """Wait for a message of the bot, and write it down."""
        where = room or self.room
        seen = await self.people[name].wait_for(
            where, lambda seen: seen.sender == self.stage.bot_id and fits(seen), after=after
        )
        self.told.append(Line("PayBridge", self._label(where), seen.body, edited=seen.edited > 0))
        return seen

    def _label(self, room: str) -> str:
        return "Friday" if room == self.room else "direct"


def _about(payment: str, state: str) -> Callable[[Seen], bool]:
    return lambda seen: _of(seen).get("id") == payment and _of(seen).get("state") == state


def _of(seen: Seen) -> Mapping[str, object]:
    told = seen.content.get(KEY)
    return told if isinstance(told, dict) else {}
