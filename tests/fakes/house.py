"""The whole house without Matrix: real commands, use cases and database, a scripted rail, rooms in memory."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from paybridge.commands._dispatch import Dispatcher
from paybridge.commands._frame import commands
from paybridge.domain.approval import Allowance, Most
from paybridge.domain.bridged import Bridged
from paybridge.domain.bridges import Bridges
from paybridge.domain.money import Money
from paybridge.domain.permissions import Permissions, Role
from paybridge.domain.policy import StatedPolicy
from paybridge.domain.power import Powers
from paybridge.domain.proof import OwnDevice, Proof, Trust
from paybridge.domain.region import Region
from paybridge.domain.spoken import Gesture, GestureKind, Pill, Spoken, Trouble
from paybridge.services.courier import Courier
from paybridge.services.deeds import Deeds
from paybridge.services.desk import Desk, open_desk
from paybridge.services.execution import Execution
from paybridge.services.expirer import Expirer
from paybridge.services.kitty_keeper import KittyKeeper
from paybridge.services.late_news import LateNews
from paybridge.services.outcomes import Outcomes
from paybridge.services.pinning import Pins
from paybridge.services.ports import RoomFacts, RoomsAwayError
from paybridge.services.premises import Audited, RailCompared, Sight
from paybridge.services.reconciler import Reconciler
from paybridge.services.reminders import Reminders
from paybridge.services.repeater import Repeater
from paybridge.services.says import Say, unseal
from paybridge.services.settings import Settings
from paybridge.services.ticket_offers import TicketOffers
from paybridge.storage.audit import audit
from paybridge.storage.figures import SqlFigures
from paybridge.texts import Texts
from paybridge.texts.saying import render_say
from paybridge.vault.passkeys import WebAuthn
from tests.fakes.authenticator import ORIGIN
from tests.fakes.database import StoodClock, open_book
from tests.fakes.rail import ScriptedRail

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from paybridge.domain.month import Month
    from paybridge.services.ports import Mailbox, Rail, Vault
    from paybridge.storage.book import SqlBook
    from paybridge.storage.database import Database
    from paybridge.storage.mailbox import SqlMailbox

BOT = "@paybridge:hs"
ALICE, BOB, CAROL = "@alice:hs", "@bob:hs", "@carol:hs"
ROOT, ADA, EVE = "@root:hs", "@ada:hs", "@eve:hs"
"""Three operators."""
DINNER, PLAIN, OFFICE = "!dinner:hs", "!plain:hs", "!office:hs"
TEXTS = Texts()


class CountingChance:
    """Random enough to be unique, the same in every run."""

    def __init__(self, start: int = 1) -> None:
        self._numbers = itertools.count(start)

    def number(self) -> int:
        return next(self._numbers) * 2_654_435_761 % 2**63

    def token(self) -> str:
        return f"{self.number():032x}"


class QuietBell:
    """Nobody waits for it in these tests: they drive the tasks themselves."""

    async def wait(self, patience: float | None) -> None:
        raise AssertionError(f"a task waits for {patience} in a test that drives it")

    def ring(self) -> None:
        """Heard by nobody."""


@dataclass
class RoomsInMemory:
    """Rooms as a test furnishes them."""

    known: dict[str, RoomFacts] = field(default_factory=dict)
    away: bool = False
    stated: dict[str, StatedPolicy] = field(default_factory=dict)
    levels: dict[str, Powers] = field(default_factory=dict)
    upgraded: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)

    async def facts(self, room: str) -> RoomFacts:
        if self.away:
            raise RoomsAwayError
        return self.known[room]

    async def stated_policy(self, room: str) -> StatedPolicy:
        if self.away:
            raise RoomsAwayError
        return self.stated.get(room, StatedPolicy())

    async def powers(self, room: str) -> Powers:
        if self.away:
            raise RoomsAwayError
        return self.levels.get(room, Powers())

    async def named(self, typed: str) -> str | None:
        if self.away:
            raise RoomsAwayError
        return self.aliases.get(typed, typed if typed.startswith("!") else None)

    async def predecessor(self, room: str) -> str | None:
        if self.away:
            raise RoomsAwayError
        return self.upgraded.get(room)

    def join(self, room: str, mxid: str) -> None:
        facts = self.known[room]
        self.known[room] = replace(facts, members={**facts.members, mxid: None})

    def leave(self, room: str, mxid: str) -> None:
        facts = self.known[room]
        self.known[room] = replace(
            facts, members={who: name for who, name in facts.members.items() if who != mxid}
        )


def direct(mxid: str) -> str:
    """A person's direct room with the bot."""
    return f"!direct-{mxid[1:].split(':', maxsplit=1)[0]}:hs"


@dataclass
class House:
    """One installation. `hear` is what a person types; what the bot says in return is returned."""

    clock: StoodClock
    rooms: RoomsInMemory
    rail: ScriptedRail
    book: SqlBook
    mailbox: Mailbox
    database: Database
    desk: Desk
    dispatcher: Dispatcher
    courier: Courier
    reconciler: Reconciler
    late_news: LateNews
    expirer: Expirer
    reminders: Reminders
    repeater: Repeater
    ticket_offers: TicketOffers
    kitties: KittyKeeper
    pins: Pins
    deeds: Deeds
    _events: itertools.count[int] = field(default_factory=itertools.count)
    _posts_read: int = 0

    async def hear(
        self,
        sender: str,
        body: str,
        room: str | None = None,
        *,
        proof: Proof | None = None,
        pills: tuple[Pill, ...] = (),
        reply_author: str | None = None,
        is_reply: bool = False,
        trouble: Trouble | None = None,
        sent: datetime | None = None,
        event: str | None = None,
        to_bot: bool = False,
    ) -> list[Say]:
        """Hand a message to the bot, and return what it posts."""
        place = self.rooms.known[room or direct(sender)]
        await self.dispatcher.handle(
            Spoken(
                event=event or f"$event-{next(self._events)}",
                room=place.id,
                sender=sender,
                proof=proof or OwnDevice(Trust.CROSS_SIGNED_TOFU, "PHONE"),
                body=body,
                sent=sent or self.clock.now(),
                seen=self.clock.now(),
                encrypted=place.encrypted,
                direct=place.direct,
                pills=pills,
                reply_author=reply_author,
                is_reply=is_reply or reply_author is not None,
                to_bot=to_bot,
                trouble=trouble,
            )
        )
        return await self.said()

    async def gesture(self, sender: str, kind: GestureKind, target: str, room: str = DINNER) -> list[Say]:
        """Have somebody take back a message of theirs or cross out one of the bot's."""
        event = f"$event-{next(self._events)}"
        await self.dispatcher.handle(Gesture(event, room, sender, kind, target))
        return await self.said()

    async def send_all(self) -> None:
        """Put what the bot says into its rooms; each message has the id of its post behind a `$`."""
        for _, post in await self.mailbox.posts(0, 1000):
            await self.mailbox.sent(post.id, f"${post.id}", post.room or direct(post.person or ""))

    async def said(self) -> list[Say]:
        """What has been posted since the last time."""
        rows = await self.mailbox.posts(self._posts_read, 1000)
        if rows:
            self._posts_read = rows[-1][0]
        return [unseal(self.desk.vault, post) for _, post in rows]

    async def carry(self) -> list[Say]:
        """Let the courier send everything that is due, and the reconciler ask about what is open."""
        await self.courier.settle_down()
        await self.reconciler.settle_down()
        return await self.said()

    async def expire(self) -> list[Say]:
        """Let what is over end."""
        await self.expirer.settle_down()
        await self.kitties.settle_down()
        return await self.said()

    async def remind(self) -> list[Say]:
        """Let everybody be reminded who is to be now."""
        await self.reminders.look()
        return await self.said()

    async def repeat(self) -> list[Say]:
        """Let what comes round be told of and paid."""
        await self.repeater.settle_down()
        return await self.said()

    async def offer(self) -> list[Say]:
        """Let whoever waits for a ticket be offered what is free."""
        await self.ticket_offers.settle_down()
        return await self.said()

    async def link(self, mxid: str, number: str = "DE89370400440532013000") -> None:
        """Link and prove an account for a person."""
        await self.hear(mxid, f"!link bank {number}")
        await self.hear(mxid, "!link verify 1234")

    async def fund(self, mxid: str, cents: int) -> None:
        """Give a person a balance, as a topup does."""
        await self.hear(mxid, f"!topup {cents // 100}.{cents % 100:02} EUR")
        await self.hear(mxid, "!yes")
        await self.carry()

    async def balance(self, mxid: str) -> int:
        """A person's spendable cents."""
        person = await self.book.person_of(mxid)
        return (await self.book.balance(person.id, "EUR")).minor if person else 0


@dataclass
class Standing:
    """The program as a test has it stand."""

    database: Database
    clock: StoodClock
    troubles: dict[str, str | None] = field(default_factory=lambda: {"bank": None})

    async def audit(self) -> Audited:
        report = await asyncio.to_thread(audit, self.database.url)
        return Audited(report.journals, report.problems, report.head)

    async def compare(self, rail: str) -> RailCompared:
        return RailCompared(rail, 3, 1, 0, None)

    async def export(self, month: Month, most: int) -> str | None:
        text = f"; the books of {month}\n"
        return text if len(text) <= most else None

    async def look(self) -> Sight:
        figures = await SqlFigures(self.database.reader).figures(self.clock.now())
        return Sight("1.2.3", "the test's machine", figures, self.troubles, ())


def words(says: list[Say]) -> str:
    """Everything said, as plain text."""
    return "\n".join(render_say(TEXTS, say).text for say in says)


def keys(says: list[Say]) -> list[str]:
    return [say.key for say in says]


def settings(currency: str = "EUR", public_url: str | None = None) -> Settings:
    return Settings(
        bot=BOT,
        public_url=public_url,
        currency=currency,
        languages=TEXTS.chosen_by(),
        allowance=Allowance(
            Money.of("30", currency),
            Money.of("100", currency),
            5,
            {"INR": Most(Money.of("2500", "INR"), Money.of("8000", "INR"))} if currency != "INR" else {},
        ),
        admin_room=OFFICE,
        version="1.2.3",
        permissions=Permissions(
            {
                "hs": Role.USER,
                "@mallory:hs": Role.BLOCKED,
                "@shy:hs": Role.RECEIVE,
                CAROL: Role.MERCHANT,
                ROOT: Role.ADMIN,
                ADA: Role.ADMIN,
                EVE: Role.ADMIN,
            }
        ),
    )


async def open_house(
    folder: Path,
    more_rails: Mapping[str, Rail] | None = None,
    currency: str = "EUR",
    opened: tuple[SqlBook, SqlMailbox, Vault, Database] | None = None,
    region: Region | None = None,
    public_url: str | None = None,
    bridges: Bridges | None = None,
    *,
    first_id: int = 1,
    two_admins: bool = False,
) -> House:
    """A house with Alice, Bob and Carol in one encrypted room; nobody has linked anything.

    Its books are those that were `opened`, else a file in the folder. Without a `region`, nobody counts
    what is sent. With a `public_url` it offers pages. Whose ghosts are whose, `bridges` says. A
    later process begins at another `first_id`.
    """
    clock = StoodClock()
    book, mailbox, vault, database = opened or await open_book(folder, clock)
    names = {ALICE: "Alice", BOB: "Bob", CAROL: "Carol", BOT: "PayBridge"}
    everyone = (*names, "@mallory:hs", "@shy:hs", ROOT, ADA, EVE)
    rooms = RoomsInMemory(
        {
            DINNER: RoomFacts(DINNER, encrypted=True, direct=False, members=names),
            OFFICE: RoomFacts(
                OFFICE,
                encrypted=True,
                direct=False,
                members={ROOT: "Root", ADA: "Ada", EVE: "Eve", BOT: "PayBridge"},
            ),
            PLAIN: RoomFacts(PLAIN, encrypted=False, direct=False, members=names),
        }
        | {
            direct(mxid): RoomFacts(
                direct(mxid), encrypted=True, direct=True, members={mxid: names.get(mxid), BOT: "PayBridge"}
            )
            for mxid in everyone
        }
    )
    rail = ScriptedRail(name="bank")
    rails: Mapping[str, Rail] = {"bank": rail, **(more_rails or {})}
    chosen = replace(
        settings(currency, public_url),
        region=region or Region(),
        bridges=bridges or Bridges(),
        two_admins=two_admins,
        bridged=Bridged(Money.of("10", currency), Money.of("30", currency)),
    )
    desk = open_desk(
        book=book,
        mailbox=mailbox,
        vault=vault,
        clock=clock,
        chance=CountingChance(first_id),
        rooms=rooms,
        rails=rails,
        settings=chosen,
        ceremonies=WebAuthn(public_url or ORIGIN),
        premises=Standing(database, clock),
    )
    bell = QuietBell()
    outcomes = Outcomes(book, vault, clock, chosen, desk.news, desk.requests, bell, jitter=lambda: 0)
    execution = Execution(clock, outcomes, desk.news, lost=lambda _: None)
    courier = Courier(book, clock, rails, outcomes, execution, bell)
    late_news = LateNews(book, clock, outcomes, desk.news)
    return House(
        clock=clock,
        rooms=rooms,
        rail=rail,
        book=book,
        mailbox=mailbox,
        database=database,
        desk=desk,
        dispatcher=Dispatcher(desk, commands(), bell),
        courier=courier,
        reconciler=Reconciler(
            book, clock, rails, outcomes, execution, late_news, bell, lambda: courier.driving
        ),
        late_news=late_news,
        expirer=Expirer(desk, outcomes, bell),
        ticket_offers=TicketOffers(desk, outcomes, bell),
        reminders=Reminders(book, clock, chosen, outcomes, desk.blocking, asyncio.sleep),
        repeater=Repeater(desk, outcomes, bell),
        kitties=KittyKeeper(desk, outcomes, bell),
        pins=Pins(book, vault, clock, chosen, bell, bell),
        deeds=Deeds(book, vault, clock, chosen, desk.freezing, bell, bell),
    )
