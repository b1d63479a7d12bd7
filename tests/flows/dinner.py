"""People at one table with the bot: what they type, what they are told, and what their banks say."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from paybridge.demo.person import Person
from paybridge.demo.watch import PATIENCE_SECONDS
from tests.flows.element import ElementPerson

if TYPE_CHECKING:
    from paybridge.demo.stage import Stage
    from paybridge.demo.timeline import Event, Seen
    from tests.harness import People

Chatter: TypeAlias = Person | ElementPerson

KEY = "org.paybridge.payment"
HELP = "I move money between people"
BANK_CODE = "37040044"
FIGURES_BEFORE_THE_SCRIPT = 6
SECONDS_BETWEEN_LOOKS = 0.03
MXID = re.compile(r"@[\w.\-]+:[\w.\-]+")


@dataclass
class Guest:
    """A person who talks with the bot: in `room`, which others share, and in `chat`, the direct message."""

    person: Chatter
    stage: Stage
    room: str = ""
    chat: str = ""
    iban: str = ""

    @property
    def id(self) -> str:
        return self.person.user_id

    async def opens_chat(self) -> None:
        """Open the direct message with the bot."""
        self.chat = await self.person.direct_room_with(self.stage.bot_id)
        await self.person.wait_for_member(self.chat, self.stage.bot_id)

    async def links(self, ending: str | None = None) -> None:
        """Link and prove an account of one's own; how it behaves is said by its last four figures."""
        if not self.chat:
            await self.opens_chat()
        self.iban = new_iban(ending)
        await self.asks(f"!link bank {self.iban}", "almost linked", self.chat)
        code = await self.stage.code_in_statement(self.iban)
        await self.asks(f"!link verify {code}", "is linked", self.chat)

    async def types(self, line: str, room: str | None = None, *, reply_to: str | None = None) -> str:
        """Type a line, in which a full id becomes a pill, and return its event id."""
        named = MXID.search(line)
        pill = named[0] if named else None
        return await self.person.say(room or self.room, line, mention=pill, reply_to=reply_to)

    async def hears(self, words: str, room: str | None = None, *, after: str | None = None) -> Seen:
        """Wait until the bot has said something with these words."""
        return await self.person.wait_for(
            room or self.room, lambda seen: self._is_bots(seen) and words in seen.body, after=after
        )

    async def asks(self, line: str, words: str, room: str | None = None) -> Seen:
        """Type a line, and wait for an answer with these words."""
        return await self.hears(words, room, after=await self.types(line, room))

    async def drafts(self, line: str, room: str | None = None, *, reply_to: str | None = None) -> Seen:
        """Type what makes a card, and return the card."""
        typed = await self.types(line, room, reply_to=reply_to)
        return await self.person.wait_for(
            room or self.room,
            lambda seen: self._is_bots(seen) and about(seen).get("state") == "awaiting_approval",
            after=typed,
        )

    async def sees(self, payment: str, state: str, room: str | None = None) -> Seen:
        """Wait until the message about a payment says that it is in this state."""
        return await self.person.wait_for(
            room or self.room,
            lambda seen: (
                self._is_bots(seen) and about(seen).get("id") == payment and about(seen)["state"] == state
            ),
        )

    async def sees_edited(self, message: Seen) -> Seen:
        """Wait until a message has been edited at least once."""
        return await self.person.wait_for(
            message.room_id, lambda seen: seen.event_id == message.event_id and seen.edited > message.edited
        )

    async def confirms(self, card: Seen) -> str:
        return await self.types(f"!confirm {about(card)['code']}", card.room_id)

    async def pays(self, line: str, *, ends: str = "settled", reply_to: str | None = None) -> Seen:
        """Draft and confirm, and return the message as it is when the payment has ended."""
        card = await self.drafts(line, reply_to=reply_to)
        await self.confirms(card)
        return await self.sees(payment_of(card), ends)

    async def answers_to(self, typed: str, room: str | None = None) -> list[Seen]:
        """Everything that the bot has said since `typed`.

        A sender's messages are answered in order, so that behind an answer to `!help` there is nothing to
        come.
        """
        last = await self.asks("!help", HELP, room)
        below = _below(self.person.timeline(room or self.room), typed)
        return [seen for seen in below if self._is_bots(seen) and seen.event_id != last.event_id]

    def messages_about(self, payment: str, room: str | None = None) -> list[Seen]:
        """The bot's messages about a payment."""
        seen = self.person.timeline(room or self.room)
        return [one for one in seen if self._is_bots(one) and about(one).get("id") == payment]

    def edits_of(self, message: Seen) -> list[Mapping[str, Any]]:
        """The contents of all edits of a message, in order."""
        contents = [content_of(event) for event in self.person.raw(message.room_id)]
        replaces = {"rel_type": "m.replace", "event_id": message.event_id}
        return [content for content in contents if content.get("m.relates_to") == replaces]

    async def moved(self, payment: str) -> list[int]:
        """The cents that a payment has moved to this person's account, below zero: from it."""
        entries = (await self.stage.statement(self.iban))["entries"]
        return [int(entry["amount"]) for entry in entries if payment in str(entry["text"])]

    def _is_bots(self, seen: Seen) -> bool:
        return seen.sender == self.stage.bot_id


async def sit_down(stage: Stage, *chatters: Chatter, encrypted: bool = True) -> list[Guest]:
    """One room with the bot in it, opened by the first."""
    host, *others = chatters
    invited = [*(other.user_id for other in others), stage.bot_id]
    room = await host.create_room("Dinner", invited, encrypted=encrypted)
    for who in invited:
        await host.wait_for_member(room, who)
    return [Guest(chatter, stage, room) for chatter in chatters]


async def dinner(
    stage: Stage, people: People, *names: str, linked: Sequence[str] = ("Alice",), script: str | None = None
) -> list[Guest]:
    """People of these names in one encrypted room, some with an account; `script` is that of the first."""
    arrived = await asyncio.gather(*(people.arrive(name) for name in names))
    guests = await sit_down(stage, *arrived)
    named = dict(zip(names, guests, strict=True))
    await asyncio.gather(*(named[name].links(script if name == names[0] else None) for name in linked))
    return guests


def about(seen: Seen) -> Mapping[str, Any]:
    """What the message tells programs about a payment."""
    told = seen.content.get(KEY)
    return told if isinstance(told, Mapping) else {}


def payment_of(card: Seen) -> str:
    return str(about(card)["id"])


def content_of(event: Event) -> Mapping[str, Any]:
    content = event.get("content")
    return content if isinstance(content, Mapping) else {}


def new_iban(ending: str | None = None) -> str:
    """A valid IBAN that nobody else in this run has; without an ending, one of an ordinary account."""
    number = "".join(secrets.choice("123456789") for _ in range(FIGURES_BEFORE_THE_SCRIPT))
    bban = f"{BANK_CODE}{number}{ending or '1' + ''.join(secrets.choice('0123456789') for _ in range(3))}"
    # ISO 13616: the letters DE as 13 and 14, two zeros in place of the check figures.
    check = 98 - int(f"{bban}131400") % 97
    return f"DE{check:02}{bban}"


async def before_long(reached: Callable[[], Awaitable[bool]]) -> None:
    """Ask again and again, for what tells nobody when it has come about."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await reached():  # noqa: ASYNC110 - a bank or a health page can only be asked
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)


def _below(messages: list[Seen], event_id: str) -> list[Seen]:
    places = [place for place, seen in enumerate(messages) if seen.event_id == event_id]
    return messages[places[0] + 1 :] if places else []
