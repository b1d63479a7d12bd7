"""A person who types one command after the other, whatever becomes of the bot, and remembers each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from paybridge.demo import words
from paybridge.demo.watch import NothingSeenError
from tests.chaos.facts import About, Effect, Heard, Said, Typed, own_money, read

if TYPE_CHECKING:
    from random import Random

    from paybridge.demo.person import Person
    from tests.flows.dinner import Guest

PATIENCE_SECONDS = 120.0
"""Far more than a restart takes; whoever has waited that long types on, and the judge finds what was lost."""

MOST_OPEN_CARDS = 3
NEW_KEY = 0.15
TWICE = 0.06
WAITS = 0.7
CHAT = ("lunch at noon?", "thanks!", "pay day is friday", "see you 12,50", "!")
NONSENSE = (
    *("!pay", "!pay nobody 5 EUR", "!confirm 2222", "!accept PB-22222", "!pays 3 EUR", "!pay 1.234 EUR"),
    *("!status PB-99999", "!request -5 EUR", "!cancel PB-ZZZZZ", "!help pay", "!pay " + "9" * 300),
)


@dataclass
class Talker:
    """One person. `rooms` are the shared rooms with the names of the others in each, by their ids."""

    guest: Guest
    person: Person
    rooms: Mapping[str, Mapping[str, str]]
    chance: Random
    numbers: count[int]
    typed: list[Typed] = field(default_factory=list)
    heard: Heard = field(default_factory=Heard)
    unreadable: set[str] = field(default_factory=set)
    typing: asyncio.Lock = field(default_factory=asyncio.Lock)
    on_typed: Callable[[], None] = lambda: None
    _begun: dict[str, int] = field(default_factory=dict)
    _answered: set[str] = field(default_factory=set)

    @property
    def id(self) -> str:
        return self.guest.id

    @property
    def places(self) -> Sequence[str]:
        return (*self.rooms, self.guest.chat)

    def forget(self) -> None:
        """What was said so far, while accounts were linked, is not judged."""
        self._begun = {room: len(self.person.raw(room)) for room in self.places}

    def listen(self) -> Heard:
        """Take in what the bot has said meanwhile."""
        for room, begun in list(self._begun.items()):
            new = self.person.raw(room)[begun:]
            self._begun[room] = begun + len(new)
            for event in new:
                if event.get("sender") != self.guest.stage.bot_id:
                    continue
                if event.get("type") == "m.room.message":
                    self.unreadable.discard(str(event["event_id"]))
                    self.heard.take(read(event, room))
                elif event.get("type") == "m.room.encrypted":
                    self.unreadable.add(str(event["event_id"]))
        return self.heard

    async def talk(self, enough: asyncio.Event) -> None:
        """Type until it is enough. Mostly an answer is awaited, sometimes the next is typed at once."""
        while not enough.is_set():
            typed = await self.turn()
            if typed.verb == "yes":
                continue
            if self.chance.random() < TWICE and typed.effect is not None:
                typed = await self._repeat(typed)
            if self.chance.random() < WAITS:
                await self.until_answered([typed])
            else:
                await asyncio.sleep(self.chance.uniform(0, 0.3))

    async def until_answered(self, all_typed: Sequence[Typed], patience: float = PATIENCE_SECONDS) -> bool:
        """Whether there was an answer to each before patience ran out."""

        def answered() -> bool:
            heard = self.listen()
            return all(not typed.expects or heard.has_answered(typed) for typed in all_typed)

        try:
            await self.person.wait_until(answered, patience)
        except NothingSeenError:
            return False
        return True

    async def until_told(self, patience: float) -> Said | None:
        """The next thing that the bot says, or None."""
        before = len(self.listen().said)
        try:
            await self.person.wait_until(lambda: len(self.listen().said) > before, patience)
        except NothingSeenError:
            return None
        return list(self.heard.said.values())[-1]

    async def types(self, verb: str, line: str, room: str, subject: str = "", pill: str = "") -> Typed:
        """Send a line, in which the person `pill` is one, and write it down."""
        name = self.rooms.get(room, {}).get(pill, pill)
        content = words.with_pill(line, pill, name) if pill else words.plain(line)
        async with self.typing:
            if self.chance.random() < NEW_KEY:
                self.person.client.invalidate_outbound_session(room)
            event = await self.person.send_content(room, content)
        typed = Typed(event, self.id, room, content["body"], verb, subject, in_chat=room == self.guest.chat)
        self.typed.append(typed)
        self.on_typed()
        return typed

    async def _repeat(self, typed: Typed) -> Typed:
        """The same once more, as an impatient thumb does."""
        others = self.rooms.get(typed.room, {})
        pill = next((mxid for mxid, name in others.items() if name in typed.line), "")
        line = typed.line.replace(others[pill], pill) if pill else typed.line
        return await self.types(typed.verb, line, typed.room, typed.subject, pill)

    # ------------------------------------------------------------ what they type

    async def turn(self) -> Typed:
        """Type something that fits what is open, and return it."""
        heard = self.listen()
        cards = self._open_cards(heard)
        if cards and (len(cards) >= MOST_OPEN_CARDS or self.chance.random() < 0.45):
            return await self._decide(cards)
        asked = self._asked(heard)
        if asked and self.chance.random() < 0.5:
            return await self._respond(self.chance.choice(asked))
        moves: dict[Callable[[], Awaitable[Typed]], int] = {
            self._pay: 40,
            self._request: 15,
            self._balance: 12,
            self._top_up: 9,
            self._cash_out: 5,
            self._talk_nonsense: 10,
            self._chat: 5,
        }
        (move,) = self.chance.choices(list(moves), list(moves.values()))
        return await move()

    def _open_cards(self, heard: Heard) -> list[About]:
        now = time.time() * 1000
        last = [heard.last(payment) for payment in heard.payments]
        return [
            told
            for told in last
            if told.payer == self.id
            and told.state == "awaiting_approval"
            and told.expires > now
            and told.id not in self._answered
        ]

    def _asked(self, heard: Heard) -> list[About]:
        last = [heard.last(payment) for payment in heard.payments]
        return [
            told
            for told in last
            if told.kind == "request"
            and told.payer == self.id
            and told.state == "open"
            and told.id not in self._answered
        ]

    async def _decide(self, cards: Sequence[About]) -> Typed:
        card = self.chance.choice(cards)
        room = self.chance.choice([self.heard.payments[card.id][0].room, self.guest.chat])
        if self.chance.random() < 0.12:
            self._answered.add(card.id)
            return await self.types("cancel", f"!cancel {card.id}", room, card.id)
        if len(cards) == 1 and self.chance.random() < 0.4:
            typed = await self.types("yes", "!yes", room)
            await self._until_moved(typed, card)
            return typed
        self._answered.add(card.id)
        return await self.types("confirm", f"!confirm {card.code}", room, card.id)

    async def _until_moved(self, typed: Typed, card: About) -> None:
        """A `!yes` is answered by whatever becomes of the card."""

        def moved() -> bool:
            heard = self.listen()
            return typed.event in heard.replies or heard.last(card.id).state != "awaiting_approval"

        try:
            await self.person.wait_until(moved, PATIENCE_SECONDS)
        except NothingSeenError:
            return

    async def _respond(self, request: About) -> Typed:
        self._answered.add(request.id)
        room = self.heard.payments[request.id][0].room
        if self.chance.random() < 0.2:
            return await self.types("decline", f"!decline {request.id} not mine", room, request.id)
        return await self.types("accept", f"!accept {request.id}", room, self._note_of(request))

    def _note_of(self, request: About) -> str:
        asked = (Effect.REQUEST, request.id)
        return next(s for (e, s), ids in self.heard.effects.items() if e is asked[0] and asked[1] in ids)

    async def _pay(self) -> Typed:
        room, payee = self._someone()
        note = f"item{next(self.numbers)}"
        line = f"!pay {payee} {self._amount(20_00)} EUR for {note}"
        return await self.types("pay", line, room, note, payee)

    async def _request(self) -> Typed:
        room, asked = self._someone()
        note = f"loan{next(self.numbers)}"
        line = f"!request {asked} {self._amount(9_00)} EUR for {note}"
        return await self.types("request", line, room, note, asked)

    async def _balance(self) -> Typed:
        return await self.types("balance", "!balance", self.chance.choice(self.places))

    async def _top_up(self) -> Typed:
        return await self._own_money("topup", 3000 + next(self.numbers), self.chance.choice(self.places))

    async def _cash_out(self) -> Typed:
        return await self._own_money("cashout", 100 + next(self.numbers), self.chance.choice(self.places))

    async def _own_money(self, verb: str, minor: int, room: str) -> Typed:
        line = f"!{verb} {minor // 100}.{minor % 100:02} EUR"
        return await self.types(verb, line, room, own_money(verb, self.id, minor))

    async def _talk_nonsense(self) -> Typed:
        return await self.types("nonsense", self.chance.choice(NONSENSE), self.chance.choice(self.places))

    async def _chat(self) -> Typed:
        return await self.types("chat", self.chance.choice(CHAT), self.chance.choice(list(self.rooms)))

    def _someone(self) -> tuple[str, str]:
        room = self.chance.choice(list(self.rooms))
        return room, self.chance.choice(list(self.rooms[room]))

    def _amount(self, most: int) -> str:
        minor = self.chance.randint(1, most)
        return f"{minor // 100}.{minor % 100:02}"
