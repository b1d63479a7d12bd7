"""People in one room with the bot who type, read, and wait for each answer: what a page is told from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from paybridge.demo.person import Person, Seen
    from paybridge.demo.stage import Stage

KEY: Final = "org.paybridge.payment"


@dataclass(frozen=True, slots=True)
class Line:
    """One line that was written: by whom, in which room, and whether it took the place of an earlier one."""

    who: str
    where: str
    text: str
    edited: bool = False


@dataclass
class Scene:
    """What happens in one room; each step waits for its answer, which keeps the lines in order."""

    stage: Stage
    people: Mapping[str, Person]
    name: str = ""
    """What the room is called."""

    plain: str = ""
    """Whose client shows and sends nothing but plain text."""

    room: str = ""
    chats: dict[str, str] = field(default_factory=dict)
    told: list[Line | str] = field(default_factory=list)
    """The lines in order, and between them what the narrator says."""

    def lines(self) -> list[Line]:
        """What was written, without the narrator."""
        return [line for line in self.told if isinstance(line, Line)]

    def id_of(self, name: str) -> str:
        """A person's Matrix id."""
        return self.people[name].user_id

    async def balance(self, name: str) -> str:
        """What the bot says of a person's balance."""
        return (await self.asks(name, "!balance", "balance", self.chats[name])).body

    async def gather(self, host: str) -> None:
        """All of them, and the bot, come into the host's room."""
        invited = [*(self.id_of(name) for name in self.people if name != host), self.stage.bot_id]
        self.room = await self.people[host].create_room(self.name, invited)
        for person in self.people.values():
            for who in (self.id_of(host), *invited):
                await person.wait_for_member(self.room, who)

    async def links(self, name: str, iban: str) -> None:
        """Link and prove a bank account."""
        chat = await self.opens_chat(name)
        await self.asks(name, f"!link bank {iban}", "almost linked", chat)
        code = await self.stage.code_in_statement(iban)
        await self.asks(name, f"!link verify {code}", "is linked", chat)

    async def opens_chat(self, name: str) -> str:
        """The person's direct message with the bot."""
        chat = await self.people[name].direct_room_with(self.stage.bot_id)
        self.chats[name] = chat
        await self.people[name].wait_for_member(chat, self.stage.bot_id)
        return chat

    async def pays(self, name: str, line: str) -> str:
        """Type what makes a card, confirm it, and return the id of the payment when it is settled."""
        card = await self.card(name, await self.types(name, line))
        await self.types(name, f"!confirm {of(card)['code']}")
        payment = str(of(card)["id"])
        await self.sees(name, about(payment, "settled"))
        return payment

    async def card(self, name: str, typed: str) -> Seen:
        """Wait for the card that a line makes."""
        return await self.sees(name, lambda seen: of(seen).get("state") == "awaiting_approval", after=typed)

    async def asks(self, name: str, line: str, words: str, room: str = "") -> Seen:
        """Type a line, and wait for an answer with these words."""
        typed = await self.types(name, line, room)
        return await self.sees(name, lambda seen: words in seen.body, room, after=typed)

    async def types(self, name: str, line: str, room: str = "") -> str:
        """Type a line, in which a full id is a mention, and return its event id."""
        person, where = self.people[name], room or self.room
        self.told.append(Line(name, self._label(where), line))
        if name == self.plain:
            return await person.send_content(where, {"msgtype": "m.text", "body": line})
        named = next((who.user_id for who in self.people.values() if who.user_id in line), None)
        return await person.say(where, line, mention=named)

    async def sees(
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
        return self.name if room == self.room else "direct"


def about(payment: str, state: str) -> Callable[[Seen], bool]:
    """Whether a message says that a payment is in this state."""
    return lambda seen: of(seen).get("id") == payment and of(seen).get("state") == state


def of(seen: Seen) -> Mapping[str, object]:
    """What a message tells programs about a payment."""
    told = seen.content.get(KEY)
    return told if isinstance(told, dict) else {}
