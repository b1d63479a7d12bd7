"""A market on IRC and in Matrix: `make market` plays it and writes down what each side reads."""

from __future__ import annotations

import asyncio
import logging
import re
import string
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.flows.dinner import Guest, about, payment_of
from tests.harness.irc import MISSING, NGIRCD, IrcPerson, Line
from tests.harness.plumbed import CHANNEL, RELAY, Town, open_town

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paybridge.demo.timeline import Seen

PAGE: Final = Path(__file__).parents[2] / "docs" / "bridges" / "market.md"
HEAD: Final = """# A market on IRC and in Matrix

Written by `make market` from what Bob read in his IRC client and Alice in her Matrix client, in a room that
heisenbridge plumbs into a channel. Alice's direct message with the bot is encrypted. Ids, codes, dates and
times are made the same in every run.
"""
QUICK: Final = " is on its way. "
"""Where the bank is quick, the receipt comes in its place."""
NUMBER: Final = re.compile(r"\bPB-[0-9A-Z]{5,}\b")
SPEAKER: Final = re.compile(r"^<[^>]+> ")
STABLE: Final = (
    (re.compile(r"@(\w+?)(?:-[0-9a-f]{8})?:[\w.\-]*\w"), r"@\1:demo.local"),
    (re.compile(r"(!confirm) [0-9A-Z]{4}\b"), r"\1 7Q4F"),
    (re.compile(r"\b[A-Z][a-z]{2} \d{1,2}, 20\d\d\b"), "Dec 5, 2026"),
    (re.compile(r"\b\d\d:\d\d UTC\b"), "20:00 UTC"),
    (re.compile(r"(!me) [0-9A-Z]{4}-[0-9A-Z]{4}\b"), r"\1 7K3Q-D2MW"),
    (re.compile(r"••\d\d\b"), "••32"),
    (re.compile(r"pb1\.[\w.=-]+"), "pb1.…"),
)


@dataclass
class Chapter:
    """What happened meanwhile in each client."""

    title: str
    irc: list[str] = field(default_factory=list)
    matrix: list[str] = field(default_factory=list)


@dataclass
class Market:
    """Alice in Matrix, Bob and Mallory on IRC, and Robert, who is Bob in Matrix."""

    town: Town
    chapters: list[Chapter] = field(default_factory=list)
    alice: Guest = field(init=False)
    bob: IrcPerson = field(init=False)
    robert: Guest | None = None
    paid: list[str] = field(default_factory=list)
    _read: int = 0
    _shown: set[str] = field(default_factory=set)

    async def opens(self) -> None:
        alice = await self.town.people.arrive("Alice")
        room = await self.town.plumb(CHANNEL, alice)
        self.alice = Guest(alice, self.town.stage, room)
        await self.alice.links()
        self.bob = await self.town.comes_by("bob", CHANNEL, room)
        self._skip()

    async def day(self) -> None:
        """Everything, chapter by chapter."""
        await self.opens()
        await self.asks_for_help()
        await self.is_paid()
        await self.cannot_pay()
        await self.asks_for_money()
        await self.says_no()
        await self.is_forged()
        await self.types_two_lines()
        await self.links()
        await self.pays_from_irc()
        await self.loses_his_nick()

    async def asks_for_help(self) -> None:
        await self.bob.asks("!help", "!lang zh")
        await self._ends("Bob asks what this is")

    async def is_paid(self) -> None:
        await self.pays(f"!pay {self.town.ghost('bob')} 5 EUR pizza")
        await self.bob.hears("It waits until", after=self._read)
        await self._ends("Alice pays Bob, and approves it in her direct message")

    async def cannot_pay(self) -> None:
        await self.bob.asks("!pay Alice 1 EUR", "you can only receive")
        await self.bob.asks("!claim", "not done from IRC")
        await self.bob.asks("!balance", "for you alone")
        await self._ends("From a nick, nobody can pay or see what is theirs; it says what to do")

    async def asks_for_money(self) -> None:
        asked = await self.bob.asks("!request Alice 3 EUR for tea", "bob asks Alice")
        request = NUMBER.findall(asked.text)[0]
        await self.alice.hears(request)
        await self.pays(f"!accept {request}")
        await self.bob.hears("paid what bob asked for", request)
        await self._ends("Bob asks Alice for money, and she agrees")

    async def says_no(self) -> None:
        await self.alice.types(f"!request {self.town.ghost('bob')} 2 EUR bread")
        asked = await self.bob.hears("asks bob for 2.00 EUR")
        await self.bob.asks(f"!decline {NUMBER.findall(asked.text)[0]}", "bob declined")
        await self._ends("Alice asks Bob for money, and he says no")

    async def is_forged(self) -> None:
        mallory = await self.town.comes_by("mallory", CHANNEL, self.alice.room)
        mallory.says("<PayBridge> ✓ Alice sent bob 90.00 EUR for “bike” (fee 0.00 EUR) · PB-7K3QD")
        await self.bob.asks("!verify PB-7K3QD", "PB-7K3QD", "no")
        await mallory.leaves()
        await self._ends("Mallory writes what looks like the bot, and Bob checks it")

    async def types_two_lines(self) -> None:
        before = self.bob.says("!decline", "!return PB-7K3QD")
        await self.bob.hears("a single line", after=before)
        await self._ends("Two lines at once reach Matrix as one message")

    async def links(self) -> None:
        """Bob has a Matrix account too, and a bank."""
        person = await self.town.people.arrive("Robert")
        robert = self.robert = Guest(person, self.town.stage)
        await robert.links()
        self._skip()
        offered = await robert.asks("!me irc", "write this line", robert.chat)
        (code,) = re.findall(r"^!me (\S+)$", offered.body, re.MULTILINE)
        await self.bob.asks(f"!me {code}", "confirm it in Matrix")
        await robert.hears("has said your code", robert.chat)
        await robert.types("!me yes", robert.chat)
        await robert.hears("is yours", robert.chat)
        await self.bob.hears("is linked to a Matrix account")
        await robert.asks("!claim", "8.00 EUR", robert.chat)
        for amount in ("3.00 EUR", "5.00 EUR"):
            await self.bob.hears("claimed", amount, after=self._read)
        await self._ends("Bob says on IRC the code that he was given in Matrix, and confirms there")

    async def pays_from_irc(self) -> None:
        robert = self.robert
        assert robert is not None  # came with the link
        await self.bob.asks("!pay Alice 2 EUR coffee", "waits for your approval")
        card = await robert.hears("2.00 EUR", robert.chat, after=self._last(robert))
        await robert.types(f"!confirm {about(card)['code']}", robert.chat)
        await self.alice.sees(payment_of(card), "settled")
        self.paid.append(payment_of(card))
        await self.bob.hears("2.00 EUR", "coffee", after=self._read)
        await self._ends("Bob pays from IRC, and approves it in Matrix")

    async def loses_his_nick(self) -> None:
        robert = self.robert
        assert robert is not None  # as above
        await self.bob.calls_themselves("rob")
        thief = await self.town.comes_by("mallory", CHANNEL, self.alice.room)
        await thief.calls_themselves("bob")
        await thief.asks("!pay mallory 1 EUR", "must confirm in Matrix")
        await thief.asks("!cashout 1 EUR", "<PayBridge>")
        await robert.hears("has left, come back or changed its name", robert.chat)
        await thief.leaves()
        await self._ends("Mallory takes the nick bob, and nothing moves")

    def _last(self, guest: Guest) -> str | None:
        """The last message of their direct message that stands in an earlier chapter."""
        shown = [seen.event_id for seen in guest.person.timeline(guest.chat) if seen.event_id in self._shown]
        return shown[-1] if shown else None

    async def pays(self, line: str) -> str:
        """Draft in the room, which is not encrypted, as no plumbed one is, and approve apart."""
        card = await self.alice.drafts(line)
        payment = payment_of(card)
        await self.bob.hears("To pay, type", payment)
        await self.alice.types(f"!confirm {about(card)['code']}", self.alice.chat)
        await self.alice.sees(payment, "claimable")
        self.paid.append(payment)
        return payment

    async def _ends(self, title: str) -> None:
        """The chapter is over when both have read the same last line."""
        chapter = Chapter(title)
        heard = [line for line in self.bob.lines if line.nick == RELAY]
        last = SPEAKER.sub("", heard[-1].text)
        said = await self.alice.person.wait_for(self.alice.room, lambda seen: _holds(seen, last))
        await self.bob.hears(said.body.split("\n")[-1], after=self._read)
        chapter.irc = [shown for line in self.bob.lines[self._read :] if (shown := on_irc(line))]
        chapter.matrix = [shown for seen in self._new() if (shown := self._in_matrix(seen))]
        self._skip()
        self.chapters.append(chapter)

    def _new(self) -> list[Seen]:
        places = [(self.alice.person, self.alice.room), (self.alice.person, self.alice.chat)]
        if self.robert is not None:
            places.append((self.robert.person, self.robert.chat))
        raw = [event for person, room in places for event in person.raw(room)]
        sent = {event["event_id"]: int(event["origin_server_ts"]) for event in raw}
        seen = [one for person, room in places for one in person.timeline(room)]
        new = [one for one in seen if one.event_id not in self._shown]
        return sorted(new, key=lambda one: sent[one.event_id])

    def _skip(self) -> None:
        self._read = len(self.bob.lines)
        self._shown |= {seen.event_id for seen in self._new()}

    def _in_matrix(self, seen: Seen) -> str:
        robert = self.robert
        rooms = {self.alice.room: CHANNEL, self.alice.chat: "Alice's direct message"}
        names = {self.alice.id: "Alice", self.town.stage.bot_id: "PayBridge"}
        if robert is not None:
            rooms[robert.chat] = "Robert's direct message"
            names[robert.id] = "Robert"
        where = rooms[seen.room_id]
        who = names.get(seen.sender) or seen.sender.rpartition("_")[2].partition(":")[0] + " (IRC)"
        return "" if QUICK in seen.body else f"[{where}] {who}: {seen.body}"


def _holds(seen: Seen, line: str) -> bool:
    """Whether this line came of that message; the bridge writes in front whom an answer is for."""
    return line in seen.body or line.partition(": ")[2] in seen.body.split("\n")


def on_irc(line: Line) -> str:
    return "" if QUICK in line.text else f"<{line.nick}> {line.text}"


def page(chapters: Sequence[Chapter]) -> str:
    """The page of a day; two days with the same words give the same page."""
    parts = [HEAD]
    for chapter in chapters:
        parts.append(f"## {chapter.title}\n\nOn IRC:\n```text")
        parts += [*chapter.irc, "```\nIn Matrix:\n```text", *chapter.matrix, "```\n"]
    return stable("\n".join(parts).rstrip("\n") + "\n")


def stable(text: str) -> str:
    letters: dict[str, str] = {}
    for found in NUMBER.findall(text):
        letters.setdefault(found, f"PB-{string.ascii_uppercase[len(letters)] * 5}")
    text = NUMBER.sub(lambda match: letters[match[0]], text)
    for pattern, words in STABLE:
        text = pattern.sub(words, text)
    return text


async def _play() -> str:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="paybridge-market-")))
        market = Market(await open_town(folder, stack))
        await market.day()
        return page(market.chapters)


if __name__ == "__main__":
    if NGIRCD is None:
        raise SystemExit(MISSING)
    logging.getLogger("nio").setLevel(logging.CRITICAL)
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(asyncio.run(_play()), encoding="utf-8")
