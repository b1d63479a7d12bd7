"""What a chat command is: a verb, how it is used, where it may be typed, and one function."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING

import paybridge.commands as home
from paybridge.commands import _kitty_words as kitty_words
from paybridge.commands._each import EachWords, read_each, read_one
from paybridge.commands._grammar import (
    Named,
    PayeeMissingError,
    PaymentWords,
    UnknownPayeeError,
    read_account,
    read_amount_only,
    read_flexible,
    read_payment,
    read_person,
    read_refund,
    with_full_ids,
)
from paybridge.commands._shares import SharesWords, read_shares, read_who
from paybridge.commands._trip_words import read_expense, read_start, read_travellers
from paybridge.commands._verbs import find, nearest
from paybridge.domain.acts import Act
from paybridge.domain.due import read_due
from paybridge.domain.errors import UserError
from paybridge.domain.factor import read_digits
from paybridge.domain.facts import Fact, Facts, Who
from paybridge.domain.history import EVERYTHING, Bookmark, Mark, Search, Sort, Sought, read_search
from paybridge.domain.ids import looks_like_payment_id, read_code, read_payment_id
from paybridge.domain.invoice import Paper, rate_text
from paybridge.domain.invoice_words import is_rate, read_invoice, read_line, read_rate
from paybridge.domain.kitty import ProposalKind, is_kitty
from paybridge.domain.membership_words import (
    MembershipNotReadError,
    read_called,
    read_named,
    read_offer,
)
from paybridge.domain.money import Money
from paybridge.domain.month import Month, month_of, read_month
from paybridge.domain.motions import Motion, read_motion_id
from paybridge.domain.one_time_link import Purpose
from paybridge.domain.people import NOBODY, Link, LinkState
from paybridge.domain.permissions import NotAllowedError, Role
from paybridge.domain.policy_words import read_wish
from paybridge.domain.proof import OwnDevice
from paybridge.domain.region import Level
from paybridge.domain.repeat import Repeat
from paybridge.domain.request import Request, RequestState
from paybridge.domain.rhythm_words import read_rhythm
from paybridge.domain.shop import Details
from paybridge.domain.statement import Section
from paybridge.domain.tie import Tie, TieState
from paybridge.domain.transfer import Transfer, TransferKind, TransferState
from paybridge.domain.trip import Way
from paybridge.domain.windows import zone_named
from paybridge.services import kitty_pages, trip_pages
from paybridge.services.administration import Entry, Overall
from paybridge.services.costs import Cost
from paybridge.services.freezing import told_of
from paybridge.services.ghost_errors import OnlyGhostsError
from paybridge.services.holders import NOBODY_ASKED
from paybridge.services.kitties import Purse
from paybridge.services.limits import Usage
from paybridge.services.memberships import Seat
from paybridge.services.payments import Drafted, Wish
from paybridge.services.people import Known
from paybridge.services.policies import Holding
from paybridge.services.ports import RoomFacts, Step
from paybridge.services.premises import RailCompared
from paybridge.services.proposals import Wanted as KittyWanted
from paybridge.services.purses import name_of
from paybridge.services.repeat_news import how_often
from paybridge.services.repeats import Terms
from paybridge.services.request_errors import NoSuchPaymentError
from paybridge.services.says import Say
from paybridge.services.splits import Stand
from paybridge.services.trips import Outline

if TYPE_CHECKING:
    from datetime import date

    from paybridge.domain.spoken import Spoken
    from paybridge.services.desk import Desk

__all__ = [
    "EVERYTHING",
    "NOBODY",
    "NOBODY_ASKED",
    "Act",
    "Answer",
    "Bookmark",
    "Call",
    "Command",
    "Cost",
    "Details",
    "Drafted",
    "EachWords",
    "Entry",
    "Fact",
    "Facts",
    "Holding",
    "KittyWanted",
    "Known",
    "Level",
    "Link",
    "LinkState",
    "Mark",
    "MembershipNotReadError",
    "Money",
    "Month",
    "Motion",
    "Named",
    "NoSuchPaymentError",
    "OnlyGhostsError",
    "Outline",
    "Overall",
    "Paper",
    "PayeeMissingError",
    "PaymentWords",
    "Place",
    "ProposalKind",
    "Purpose",
    "Purse",
    "RailCompared",
    "Repeat",
    "Request",
    "RequestState",
    "Role",
    "Say",
    "Search",
    "Seat",
    "Section",
    "SharesWords",
    "Sort",
    "Sought",
    "Stand",
    "Step",
    "Terms",
    "Tie",
    "TieState",
    "Transfer",
    "TransferKind",
    "TransferState",
    "UnknownPayeeError",
    "Usage",
    "UserError",
    "Way",
    "Who",
    "Wish",
    "command",
    "commands",
    "find",
    "how_often",
    "is_rate",
    "kitty_pages",
    "kitty_words",
    "looks_like_payment_id",
    "month_of",
    "nearest",
    "rate_text",
    "read_account",
    "read_amount_only",
    "read_called",
    "read_code",
    "read_digits",
    "read_due",
    "read_each",
    "read_expense",
    "read_flexible",
    "read_invoice",
    "read_line",
    "read_month",
    "read_motion_id",
    "read_named",
    "read_offer",
    "read_one",
    "read_payment",
    "read_payment_id",
    "read_person",
    "read_rate",
    "read_refund",
    "read_rhythm",
    "read_search",
    "read_shares",
    "read_start",
    "read_travellers",
    "read_who",
    "read_wish",
    "told_of",
    "trip_pages",
    "with_full_ids",
]


class Place(Enum):
    """Where a command may be typed, and where its answer goes."""

    ANYWHERE = "anywhere"
    ANSWERED_DIRECTLY = "answered_directly"
    """Typed anywhere; the answer goes to the direct message."""
    DIRECT_ONLY = "direct_only"
    """Refused in a shared room: what is typed concerns nobody else."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command decided: the step to write, and what to say (`says`) besides the reply.

    `key` and `facts` make the reply to the person who typed; without a key there is none, because a message
    about the payment itself says it. A `private` reply goes to the direct message. `language` is that of the
    reply, if not the one in which the person was spoken to so far. With `file`
    (`pdf`), a file that is made of the facts goes with it.
    """

    step: Step = field(default_factory=Step)
    key: str | None = None
    facts: Facts = field(default_factory=dict)
    says: tuple[Say, ...] = ()
    lines: tuple[str, ...] = ()
    private: bool = False
    file: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One command as it was typed: by whom, where, and the words behind the verb."""

    spoken: Spoken
    speaker: Known
    room: RoomFacts
    words: str
    verb: str
    desk: Desk
    language: str
    home: str | None = None
    """Whose direct message gets what is private; None behind a bridge, if no Matrix account is linked."""

    @property
    def first(self) -> str:
        """The first word behind the verb, or nothing."""
        return self.words.split(maxsplit=1)[0] if self.words else ""

    @property
    def rest(self) -> str:
        """The words behind the first."""
        return "".join(self.words.split(maxsplit=1)[1:])

    @property
    def named(self) -> Named:
        """The ways in which this message names somebody."""
        told = self.spoken
        return Named(told.pills, told.is_reply, told.reply_author, self.room.members)

    @property
    def device(self) -> str | None:
        """The device that this was typed on, where that is proven."""
        proof = self.spoken.proof
        return proof.device if isinstance(proof, OwnDevice) else None

    @property
    def is_ghost(self) -> bool:
        """Whether whoever typed is somebody of another network, and not a person who types there as well."""
        return self.desk.settings.bridges.of(self.speaker.mxid) is not None

    async def people(self) -> Named:
        """The same, and the names that whoever typed has given people."""
        return replace(self.named, contacts=await self.desk.contacts.names(self.speaker.person))

    async def zone(self) -> tzinfo:
        """Where the days of whoever typed begin and end."""
        return zone_named(await self.zone_name())

    async def zone_name(self) -> str:
        """The IANA name of that zone."""
        standing = await self.desk.standings.of(self.speaker.person.id)
        return self.desk.limits.zone(standing, self.desk.clock.now())

    def today(self, zone: str) -> date:
        """The day that it is in `zone`."""
        return self.desk.clock.now().astimezone(zone_named(zone)).date()

    async def currency(self) -> str:
        """What an amount without a currency is in here."""
        return await self.desk.policies.currency(self.room.id)

    def check_role(self, least: Role) -> None:
        """Raise unless whoever typed has at least this role."""
        if self.desk.settings.permissions.role_of(self.speaker.mxid) < least:
            raise NotAllowedError

    def may_pay(self, mxid: str) -> bool:
        """Whether the operator lets this person use the bot at all, as somebody who pays."""
        return self.desk.settings.permissions.role_of(mxid) >= Role.USER

    def who(self, mxid: str) -> Who:
        """A person as they are called in this room."""
        return Who(mxid, self.room.members.get(mxid))

    async def side(self, person: str, mxid: str) -> Fact:
        """Who paid or was paid: somebody with their id, or a kitty by what it is called."""
        purse = await name_of(self.desk.book, self.desk.vault, person) if is_kitty(mxid) else None
        return purse or self.who(mxid)


Run = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Command:
    """A chat command.

    `usage` is what stands behind the verb, `examples` are whole lines to copy. A refused command with
    `moves_money` begins "Nothing was sent.". `role` is the least that whoever types it must have. What is
    `proven` only runs for a device that could approve a payment: it changes where money is or can go. What
    `takes_factor` may have a one-time code among its words, which is used up where others read it. What moves
    money or is proven is refused to whoever has frozen, unless it runs `while_frozen`. What `only_stops`
    things runs also for a message that comes late, or whose sender shows another master key than at first.
    What was typed on the other side of a bridge runs `over_bridge` instead, where there is one.
    """

    verb: str
    usage: str
    examples: tuple[str, ...]
    aliases: tuple[str, ...]
    place: Place
    moves_money: bool
    role: Role
    proven: bool
    takes_factor: bool
    while_frozen: bool
    only_stops: bool
    run: Run
    over_bridge: Run | None = None


def command(  # noqa: PLR0913 - what a command declares of itself
    verb: str,
    *,
    usage: str = "",
    examples: tuple[str, ...],
    aliases: tuple[str, ...] = (),
    place: Place = Place.ANYWHERE,
    moves_money: bool = False,
    role: Role = Role.USER,
    proven: bool = False,
    takes_factor: bool = False,
    while_frozen: bool = False,
    only_stops: bool = False,
    over_bridge: Run | None = None,
) -> Callable[[Run], Command]:
    """Make the decorated function the command `!verb`."""

    def declare(run: Run) -> Command:
        return Command(
            verb=verb,
            usage=usage,
            examples=examples,
            aliases=aliases,
            place=place,
            moves_money=moves_money,
            role=role,
            proven=proven,
            takes_factor=takes_factor,
            while_frozen=while_frozen or not (moves_money or proven),
            only_stops=only_stops,
            run=run,
            over_bridge=over_bridge,
        )

    return declare


@cache
def commands() -> Mapping[str, Command]:
    """Every command by its verb, found by its file."""
    found: dict[str, Command] = {}
    for module in pkgutil.iter_modules(home.__path__):
        if module.name.startswith("_"):
            continue
        loaded = importlib.import_module(f"{home.__name__}.{module.name}")
        for thing in vars(loaded).values():
            if isinstance(thing, Command):
                found[thing.verb] = thing
    return found
