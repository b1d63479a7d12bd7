"""Who takes part: six people with accounts in three encrypted rooms, and what is left when they stop."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Final

from paybridge.demo.stage import Choices, Stage
from tests.chaos.facts import Entry, Said, Typed
from tests.chaos.judge import Run, judge
from tests.chaos.killer import DATABASE, in_hand
from tests.chaos.talker import Talker
from tests.flows.dinner import Guest

if TYPE_CHECKING:
    from tests.harness import People

DRAIN_SECONDS: Final = 300.0
LOOK_EVERY: Final = 0.5
BALANCE: Final = re.compile(r"Your PayBridge balance: ([\d,]+)\.(\d\d) EUR")
ACCOUNTS: Final[Mapping[str, str | None]] = {
    "Anna": None,
    "Boris": "9003",
    "Chiara": "9007",
    "Dmitri": "9008",
    "Elif": "9004",
    "Farid": "9001",
}
"""Accounts that settle late, answer 502 afterwards, tell twice, never answer or are empty (sandbox.md)."""

ROOMS: Final = (("Anna", "Boris", "Chiara", "Dmitri"), ("Chiara", "Dmitri", "Elif", "Farid"), tuple(ACCOUNTS))
CHOICES: Final = Choices(
    config={
        "approval": {"without_factor": {"each": "1000", "total": "1000000", "count": 100_000}},
        "rules": {
            "limits": {
                "unchecked": {"EUR": dict.fromkeys(("each", "day", "month", "count"), "unlimited")},
            }
        },
    },
    bank=("--slow-seconds", "2", "--hang-seconds", "3"),
)


@dataclass
class Party:
    """The people, and what stood on their accounts before they began."""

    stage: Stage
    talkers: Sequence[Talker]
    opening: Mapping[str, Sequence[str]]
    settled_before: int = 0

    @property
    def typed(self) -> list[Typed]:
        return [typed for talker in self.talkers for typed in talker.typed]

    async def until_drained(self) -> bool:
        """Whether everything was answered, and nothing waited in the bot's own mailbox, before long."""
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while judge(self.run()).lost or self.waiting():  # noqa: ASYNC110 - a database can only be asked
                    await asyncio.sleep(LOOK_EVERY)
        except TimeoutError:
            return False
        return True

    async def ask_once_more(self) -> None:
        """Have everybody ask for something everywhere: what the bot still had to say comes before that."""
        for talker in self.talkers:
            for place in talker.places:
                await talker.types("help", "!help", place)
            await talker.types("balance", "!balance", talker.guest.chat)
        for talker in self.talkers:
            await talker.until_answered(talker.typed[-len(talker.places) - 1 :])

    def waiting(self) -> list[str]:
        """What the bot has yet to do, by its own books."""
        return [one for undone in in_hand(self.stage.data_dir / DATABASE) for one in undone]

    def run(self) -> Run:
        """What was typed and said so far; one event is one, however many people saw it."""
        said: dict[str, Said] = {}
        for talker in self.talkers:
            said |= {event: one for event, one in talker.listen().said.items() if event not in said}
        chats = {talker.id: talker.guest.chat for talker in self.talkers}
        return Run(typed=self.typed, said=list(said.values()), chats=chats)

    async def run_with_books(self) -> Run:
        """The same with what the bank booked since the beginning, and what each person was told last."""
        statements = {}
        for talker in self.talkers:
            entries = (await self.stage.statement(talker.guest.iban))["entries"]
            statements[talker.id] = [
                Entry(int(entry["amount"]), str(entry["text"]))
                for entry in entries
                if entry["id"] not in self.opening[talker.id]
            ]
        balances = {talker.id: told for talker in self.talkers if (told := _balance(talker)) is not None}
        return replace(self.run(), statements=statements, balances=balances)

    async def at_the_bank(self) -> int:
        """What our own account at the bank has gained since the beginning."""
        return await _settlement(self.stage) - self.settled_before

    def unreadable(self) -> Iterator[str]:
        """Messages of the bot that somebody in the room could not read."""
        for talker in self.talkers:
            talker.listen()
            yield from (f"{talker.id} cannot read {event}" for event in sorted(talker.unreadable))


async def gather(stage: Stage, people: People, chance: Random) -> Party:
    """Everybody comes, links an account, and sits down in their rooms."""
    arrived = await asyncio.gather(*(people.arrive(name) for name in ACCOUNTS))
    persons = dict(zip(ACCOUNTS, arrived, strict=True))
    guests = {name: Guest(person, stage) for name, person in persons.items()}
    await asyncio.gather(*(guest.links(ACCOUNTS[name]) for name, guest in guests.items()))
    rooms: dict[str, Sequence[str]] = {}
    for names in ROOMS:
        host, *others = (persons[name] for name in names)
        invited = [*(other.user_id for other in others), stage.bot_id]
        room = await host.create_room(f"{len(names)} people", invited)
        for who in invited:
            await host.wait_for_member(room, who)
        rooms[room] = names
    numbers = count(1)
    talkers = [
        Talker(
            guest,
            persons[name],
            {
                room: {guests[other].id: other for other in names if other != name}
                for room, names in rooms.items()
                if name in names
            },
            Random(chance.random()),  # noqa: S311 - seeded, to be repeated
            numbers,
        )
        for name, guest in guests.items()
    ]
    for talker in talkers:
        talker.forget()
    opening = {
        guest.id: [str(entry["id"]) for entry in (await stage.statement(guest.iban))["entries"]]
        for guest in guests.values()
    }
    return Party(stage, talkers, opening, await _settlement(stage))


def _balance(talker: Talker) -> int | None:
    told = [balance_in(said.body) for said in talker.listen().said.values()]
    return next((minor for minor in reversed(told) if minor is not None), None)


def balance_in(words: str) -> int | None:
    """The balance that an answer tells, in cents."""
    found = BALANCE.search(words)
    return int(found[1].replace(",", "") + found[2]) if found else None


async def _settlement(stage: Stage) -> int:
    return int((await stage.bank_api("/v1/statement"))["balance"])
